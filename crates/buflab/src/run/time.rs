//! The throughput run.

use std::time::{Duration, Instant};

use super::build;
use super::deadline::Deadline;
use super::play::{Watch, free_all, play};
use super::slots::Slots;
use super::stop::Stop;
use crate::heap::{Counters, Kind, TraceHeap};
use crate::trace::Program;

/// What a whole replay took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timed {
    pub(crate) elapsed: Duration,
    pub(crate) counters: Counters,
}

struct Nothing;

impl Watch for Nothing {
    #[inline]
    fn before(&mut self) {}
    #[inline]
    fn after(&mut self, _event: usize) {}
}

/// Replays the program once under one reading of the clock.
pub(crate) fn time<K: Kind>(
    program: &Program,
    arena: &mut [u8],
    deadline: Deadline,
) -> Result<Timed, Stop> {
    let mut heap = build::<K>(arena)?;
    let mut slots = Slots::new(program.slots());
    let start = Instant::now();
    let result = play(&mut heap, program, &mut slots, deadline, &mut Nothing);
    let elapsed = start.elapsed();
    let counters = heap.counters();
    if !K::FIXED_ARENA {
        // SAFETY: the run has done all the events before the one it stopped at, or all there are.
        unsafe { free_all(&mut heap, program, &slots, done(program, &result)) };
    }
    result.map(|()| Timed { elapsed, counters })
}

/// How many events a run has done.
pub(super) fn done<T>(program: &Program, result: &Result<T, Stop>) -> usize {
    match result {
        Ok(_) => program.events().len(),
        Err(stop) => stop.event.unwrap_or(0),
    }
}
