//! The run that looks at the clock around every event.

use std::time::Instant;

use super::build;
use super::deadline::Deadline;
use super::play::{Watch, free_all, play};
use super::slots::Slots;
use super::stop::Stop;
use super::time::done;
use crate::heap::Kind;
use crate::trace::Program;

struct Clock {
    start: Instant,
    nanos: Vec<u32>,
}

impl Watch for Clock {
    #[inline]
    fn before(&mut self) {
        self.start = Instant::now();
    }

    #[inline]
    fn after(&mut self, event: usize) {
        let nanos = self.start.elapsed().as_nanos();
        self.nanos[event] = u32::try_from(nanos).unwrap_or(u32::MAX);
    }
}

/// Replays the program and returns what each event took, in nanoseconds.
pub(crate) fn pauses<K: Kind>(
    program: &Program,
    arena: &mut [u8],
    deadline: Deadline,
) -> Result<Vec<u32>, Stop> {
    let mut heap = build::<K>(arena)?;
    let mut slots = Slots::new(program.slots());
    let mut clock = Clock {
        start: Instant::now(),
        // Not zero, which the system would provide page by page while the clock runs.
        nanos: vec![u32::MAX; program.events().len()],
    };
    let result = play(&mut heap, program, &mut slots, deadline, &mut clock);
    if !K::FIXED_ARENA {
        // SAFETY: the run has done all the events before the one it stopped at, or all there are.
        unsafe { free_all(&mut heap, program, &slots, done(program, &result)) };
    }
    result.map(|()| clock.nanos)
}
