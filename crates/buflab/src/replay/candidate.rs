//! One heap on its way through the runs.

use std::time::{Duration, Instant};

use super::row::Row;
use super::{Settings, Size};
use crate::arena::Arena;
use crate::choice::HeapChoice;
use crate::error::Error;
use crate::heap::Counters;
use crate::run::{Deadline, Stop};
use crate::stats::{Percentiles, median};
use crate::trace::Program;

/// The least of so many runs is taken for each event's time.
pub(super) const PAUSE_RUNS: usize = 3;

/// What is known of it so far.
pub(super) struct Candidate {
    pub(super) choice: HeapChoice,
    slack: Option<f64>,
    pub(super) arena: Option<u64>,
    result: Result<Counters, Stop>,
    pauses: Option<Percentiles>,
    samples: Vec<Duration>,
    spent: Duration,
}

impl Candidate {
    pub(super) fn new(choice: HeapChoice, size: Size, program: &Program) -> Self {
        let slack = match (choice.slack, size) {
            (Some(slack), _) | (None, Size::Slack(slack)) => Some(slack),
            (None, Size::Bytes(_)) => None,
        };
        let bytes = match (slack, size) {
            (None, Size::Bytes(bytes)) => Some(bytes),
            _ => slack.map(|slack| slack.arena(program.need())),
        };
        let fixed = choice.entry.fixed_arena;
        Self {
            choice,
            slack: slack.map(|slack| slack.0).filter(|_| fixed),
            arena: bytes.filter(|_| fixed),
            result: Ok(Counters::default()),
            pauses: None,
            samples: Vec::new(),
            spent: Duration::ZERO,
        }
    }

    fn bytes<'m>(&self, arena: &'m mut Arena) -> Result<&'m mut [u8], Error> {
        arena.bytes(self.arena.unwrap_or(0))
    }

    pub(super) fn check(
        &mut self,
        program: &Program,
        arena: &mut Arena,
        set: Settings,
    ) -> Result<(), Error> {
        let deadline = Deadline::after(set.timeout);
        self.result = (self.choice.entry.check)(program, self.bytes(arena)?, deadline);
        Ok(())
    }

    /// A heap does the same in every run, but an interruption by the operating system does not hit
    /// the same event twice: the least of a few runs is the heap's own share.
    pub(super) fn pauses(
        &mut self,
        program: &Program,
        arena: &mut Arena,
        set: Settings,
    ) -> Result<(), Error> {
        let start = Instant::now();
        let mut least = vec![u32::MAX; program.events().len()];
        for run in 0..PAUSE_RUNS {
            // One run is all that a slow heap has time for.
            if self.result.is_err() || run > 0 && start.elapsed() > set.timeout {
                break;
            }
            let deadline = Deadline::after(set.timeout);
            match (self.choice.entry.pauses)(program, self.bytes(arena)?, deadline) {
                Ok(times) => {
                    for (least, time) in least.iter_mut().zip(times) {
                        *least = time.min(*least);
                    }
                }
                Err(stop) => self.result = Err(stop),
            }
        }
        self.pauses = Percentiles::of(&least);
        Ok(())
    }

    pub(super) fn time(
        &mut self,
        program: &Program,
        arena: &mut Arena,
        set: Settings,
        counts: bool,
    ) -> Result<(), Error> {
        // A slow heap has one sample at least, and no more than it has time for.
        let enough = self.spent > set.timeout && !self.samples.is_empty();
        if self.result.is_err() || enough {
            return Ok(());
        }
        let deadline = Deadline::after(set.timeout);
        match (self.choice.entry.time)(program, self.bytes(arena)?, deadline) {
            Ok(timed) => {
                self.spent += timed.elapsed;
                // What one call did at most was seen by the checking run.
                let checked = self.result.as_ref().copied().unwrap_or_default();
                self.result = Ok(Counters {
                    most_moved_in_one_call: checked.most_moved_in_one_call,
                    ..timed.counters
                });
                if counts {
                    self.samples.push(timed.elapsed);
                }
            }
            Err(stop) => self.result = Err(stop),
        }
        Ok(())
    }

    pub(super) fn row(self, program: &Program) -> Row {
        let counters = self.result.as_ref().ok().copied();
        let stop = self.result.err();
        let failed_at = stop.as_ref().and_then(|stop| stop.event);
        let completed = stop.is_none();
        let nanos = self.samples.iter().map(|time| time.as_nanos() as f64);
        let pauses = self.pauses.filter(|_| completed);
        Row {
            trace: program.name.clone(),
            heap: self.choice.entry.name.to_owned(),
            slack: self.slack,
            arena: self.arena,
            events: program.events().len(),
            peak_payload: program.peak_payload(),
            need: program.need(),
            completed,
            failed_at: failed_at.map(|event| event + 1),
            failed_line: failed_at.map(|event| program.line(event)),
            failure: stop.as_ref().map(|stop| stop.why.kind()),
            why: stop.map(|stop| stop.why.to_string()),
            ns_per_event: median(nanos)
                .filter(|_| completed && !program.events().is_empty())
                .map(|nanos| nanos / program.events().len() as f64),
            runs: self.samples.len(),
            moves: counters.map(|counters| counters.moves),
            bytes_moved: counters.map(|counters| counters.bytes_moved),
            compactions: counters.map(|counters| counters.compactions),
            largest_block: program.largest_block(),
            step_budget: self.choice.entry.step_budget,
            most_moved_in_one_call: counters.and_then(|counters| counters.most_moved_in_one_call),
            most_seen_in_one_call: counters.and_then(|counters| counters.most_seen_in_one_call),
            pause_p50_ns: pauses.map(|pauses| pauses.p50),
            pause_p99_ns: pauses.map(|pauses| pauses.p99),
            pause_p999_ns: pauses.map(|pauses| pauses.p999),
            longest_pause_ns: pauses.map(|pauses| pauses.most),
        }
    }
}
