//! How the time of an operation grows with the number of live blocks, and a heap of 8 GiB.

mod report;

use serde::{Deserialize, Serialize};

use super::section::{Lab, Report, Section};
use super::stats::{alternate, count};
use crate::arena::Arena;
use crate::error::Error;
use crate::heaps::{self, Entry};
use crate::stats::median;
use crate::turnover::{Outcome, Plan, Sizes, Stage};

pub(crate) struct Scale;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    heap: String,
    blocks: Blocks,
    live: u64,
    arena: u64,
    ns_per_operation: Option<f64>,
    moved_per_allocated: Option<f64>,
    why: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Blocks {
    Small,
    Large,
}

const LIVE: [u64; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const QUICK: usize = 2;
const HEAPS: [&str; 5] = ["buflib", "buflib-wide", "talc", "rlsf", "dlmalloc"];
/// The arena over what is live.
const OURS: f64 = 1.25;
const PEERS: f64 = 2.0;

/// Both have the same arena, and four fifths of it are live.
const LARGE_HEAPS: [&str; 2] = ["buflib-wide", "talc"];
const LARGE_ARENA: u64 = 8 << 30;
const LARGE_SIZES: Sizes = Sizes::Uniform(4 << 10, 64 << 10);
const LARGE_LIVE: u64 = 195_000;

/// So many runs are enough where one takes many seconds.
const LONG_RUNS: usize = 3;
const LONG_FROM: u64 = 1_000_000;
/// A run of fewer blocks is too short for a clock.
const LEAST_ALLOCATIONS: u64 = 400_000;
const QUICK_ALLOCATIONS: u64 = 20_000;

impl Section for Scale {
    type Row = Row;

    const NAME: &'static str = "scale";

    fn measure(lab: &mut Lab<'_>) -> Result<Vec<Row>, Error> {
        let lives = if lab.quick { &LIVE[..QUICK] } else { &LIVE };
        let mut rows = Vec::new();
        for &live in lives {
            let need = Sizes::Small.mean_taken() * live as f64;
            let contenders = HEAPS.iter().filter_map(|name| {
                let factor = if is_ours(name) { OURS } else { PEERS };
                Contender::new(name, (need * factor) as u64)
            });
            rows.extend(measure(
                lab,
                Blocks::Small,
                live,
                &contenders.collect::<Vec<_>>(),
            )?);
        }
        if !lab.quick {
            let contenders = LARGE_HEAPS.iter();
            let contenders = contenders.filter_map(|name| Contender::new(name, LARGE_ARENA));
            let contenders: Vec<_> = contenders.collect();
            rows.extend(measure(lab, Blocks::Large, LARGE_LIVE, &contenders)?);
            // Gigabytes that no other section needs.
            *lab.arena = Arena::default();
        }
        Ok(rows)
    }

    fn report(rows: &[Row]) -> Report {
        report::report(rows)
    }
}

fn is_ours(heap: &str) -> bool {
    heap.starts_with("buflib")
}

struct Contender {
    entry: &'static Entry,
    arena: u64,
}

impl Contender {
    /// A heap by name, if it can be so large.
    fn new(name: &str, arena: u64) -> Option<Self> {
        let entry = heaps::find(name)?;
        (arena <= entry.limit as u64).then_some(Self { entry, arena })
    }
}

fn measure(
    lab: &mut Lab<'_>,
    blocks: Blocks,
    live: u64,
    contenders: &[Contender],
) -> Result<Vec<Row>, Error> {
    let sizes = match blocks {
        Blocks::Small => Sizes::Small,
        Blocks::Large => LARGE_SIZES,
    };
    let least = if lab.quick {
        QUICK_ALLOCATIONS
    } else {
        LEAST_ALLOCATIONS
    };
    let least = if blocks == Blocks::Small { least } else { 0 };
    let stage = |allocations| Stage {
        blocks: usize::MAX,
        // Not a number of blocks: a few of them fill an arena now more, now less.
        bytes: (sizes.mean_taken() * live as f64) as u64,
        allocations,
    };
    // Filled, every block replaced once on average, and what is timed.
    let stages = [live, live, (2 * live).max(least)].map(stage);
    let plan = Plan {
        sizes,
        seed: 0x5ca1e,
        stages: stages.into(),
    };
    let runs = if live >= LONG_FROM || blocks == Blocks::Large {
        lab.runs.min(LONG_RUNS)
    } else {
        lab.runs
    };
    lab.progress.expect(contenders.len() * (runs + 1));
    // The largest first, so that all share one piece of memory.
    let most = contenders.iter().map(|contender| contender.arena).max();
    lab.arena.bytes(most.unwrap_or(0))?;
    let outcomes = alternate(runs, contenders.len(), |which| {
        let &Contender { entry, arena } = &contenders[which];
        let title = format!("scale: {}, {} live blocks", entry.name, count(live));
        lab.progress.show(title);
        let outcome = (entry.turnover)(&plan, lab.arena.bytes(arena)?);
        lab.progress.done(1);
        Ok(outcome)
    })?;
    let rows = contenders
        .iter()
        .zip(&outcomes)
        .map(|(contender, outcomes)| row(contender, blocks, live, outcomes));
    Ok(rows.collect())
}

fn row(contender: &Contender, blocks: Blocks, live: u64, outcomes: &[Outcome]) -> Row {
    let why = outcomes.iter().find_map(|outcome| outcome.why.as_ref());
    let costs = || {
        let costs = outcomes.iter().filter_map(|outcome| outcome.costs.last());
        costs.filter(|_| why.is_none())
    };
    Row {
        heap: contender.entry.name.to_owned(),
        blocks,
        live,
        arena: contender.arena,
        ns_per_operation: median(costs().map(|cost| cost.ns_per_operation())),
        moved_per_allocated: median(costs().map(|cost| cost.moved_per_allocated())),
        why: why.map(ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial;
    use super::*;

    #[test]
    fn small_heaps_complete_and_are_shown() {
        let (rows, report) = trial::quick::<Scale>();
        assert_eq!(rows.len(), QUICK * HEAPS.len());
        assert!(rows.iter().all(|row| row.ns_per_operation > Some(0.0)));
        assert!(report.promises.iter().all(|promise| promise.holds));
    }
}
