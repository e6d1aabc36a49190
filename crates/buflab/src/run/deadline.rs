//! When to give up.

use std::time::{Duration, Instant};

/// How many events are replayed between looks at the clock.
pub(super) const POLL: usize = 4096;

/// The end of the time that a run may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// So much time from now. A time too far to be told is no limit.
    pub(crate) fn after(time: Duration) -> Self {
        Self(Instant::now().checked_add(time))
    }

    pub(super) fn passed(self) -> bool {
        self.0.is_some_and(|end| Instant::now() >= end)
    }
}
