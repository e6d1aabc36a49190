//! `buflab fit`: the smallest arena in which a heap completes a trace.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arena::Arena;
use crate::bisect::{Attempt, Bounds, smallest};
use crate::choice::HeapChoice;
use crate::error::Error;
use crate::progress::Progress;
use crate::run::{Deadline, Stop, Why};
use crate::trace::Program;

/// What came out for one heap. The names of the fields are those of the output as JSON or CSV.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) trace: String,
    pub(crate) heap: String,
    pub(crate) events: usize,
    pub(crate) peak_payload: u64,
    pub(crate) need: u64,
    /// What the trace needs without fragmentation, over its peak payload.
    pub(crate) need_ratio: Option<f64>,
    /// What it needs in buflib's standard layout with all free space in one piece: no arena is smaller.
    pub(crate) floor: u64,
    /// How many blocks the peak payload is made of.
    pub(crate) peak_blocks: u64,
    pub(crate) completed: bool,
    pub(crate) smallest_arena: Option<u64>,
    /// The smallest arena over the peak payload.
    pub(crate) ratio: Option<f64>,
    /// Whether an attempt was given up. If there is an arena all the same, it is an upper bound.
    pub(crate) timed_out: bool,
}

impl Row {
    /// The smallest arena as some text has it, or why there is none.
    pub(crate) fn outcome(&self, arena: String) -> String {
        match (self.smallest_arena, self.timed_out) {
            (Some(_), false) => arena,
            (Some(_), true) => format!("at most {arena}"),
            (None, true) => "timed out".to_owned(),
            (None, false) => "none fits".to_owned(),
        }
    }
}

/// Finds the smallest arena for each heap.
pub(crate) fn fit(
    program: &Program,
    choices: &[HeapChoice],
    timeout: Duration,
    arena: &mut Arena,
    progress: &Progress,
) -> Result<Vec<Row>, Error> {
    progress.expect(choices.len());
    let mut rows = Vec::new();
    for choice in choices {
        let bounds = Bounds {
            too_small: program.peak_payload(),
            expected: program.need(),
            limit: choice.entry.limit as u64,
        };
        let found = smallest(&bounds, |bytes| {
            progress.show(format!(
                "{}: {}, trying {bytes} bytes",
                program.name, choice.entry.name
            ));
            let result =
                (choice.entry.time)(program, arena.bytes(bytes)?, Deadline::after(timeout));
            Ok::<_, Error>(match result {
                Ok(_) => Attempt::Fits,
                Err(Stop {
                    why: Why::TimedOut, ..
                }) => Attempt::TimedOut,
                Err(_) => Attempt::Fails,
            })
        })?;
        progress.done(1);
        let peak = program.peak_payload();
        let over_peak = |bytes: u64| (peak > 0).then(|| bytes as f64 / peak as f64);
        rows.push(Row {
            trace: program.name.clone(),
            heap: choice.entry.name.to_owned(),
            events: program.events().len(),
            peak_payload: peak,
            need: program.need(),
            need_ratio: over_peak(program.need()),
            floor: program.floor(),
            peak_blocks: program.peak_blocks(),
            completed: found.size.is_some(),
            smallest_arena: found.size,
            ratio: found.size.and_then(over_peak),
            timed_out: found.timed_out,
        });
    }
    Ok(rows)
}
