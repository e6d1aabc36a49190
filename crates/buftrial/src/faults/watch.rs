//! Whether the trials still come forward: an endless loop does not end by itself.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::trial::Which;

/// What a thread says of itself.
#[derive(Default)]
pub(crate) struct Pulse {
    /// Faults begun.
    done: AtomicU64,
    seed: AtomicU64,
    fault: AtomicU64,
    heap: AtomicUsize,
    told: AtomicUsize,
    at_work: AtomicU64,
}

impl Pulse {
    pub(crate) fn beat(&self, which: Which, fault: u64) {
        self.seed.store(which.seed, Relaxed);
        self.fault.store(fault, Relaxed);
        self.at_work.store(1, Relaxed);
        self.done.fetch_add(1, Relaxed);
    }

    pub(crate) fn rest(&self) {
        self.at_work.store(0, Relaxed);
    }

    pub(crate) fn set_heap(&self, heap: usize) {
        self.heap.store(heap, Relaxed);
    }

    pub(crate) fn heap(&self) -> usize {
        self.heap.load(Relaxed)
    }

    pub(crate) fn done(&self) -> u64 {
        self.done.load(Relaxed)
    }

    /// Whether one more fault is to be told of.
    pub(crate) fn may_tell(&self, most: usize) -> bool {
        self.told.fetch_add(1, Relaxed) < most
    }
}

/// No fault takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks at a thread from time to time.
pub(crate) struct Watch {
    seen: u64,
    since: Instant,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self {
            seen: 0,
            since: Instant::now(),
        }
    }

    /// The arena's seed and the fault that a thread has been at for too long.
    pub(crate) fn stuck(&mut self, pulse: &Pulse) -> Option<(u64, u64)> {
        let done = pulse.done();
        if done != self.seen || pulse.at_work.load(Relaxed) == 0 {
            self.seen = done;
            self.since = Instant::now();
        }
        (self.since.elapsed() > PATIENCE)
            .then(|| (pulse.seed.load(Relaxed), pulse.fault.load(Relaxed)))
    }
}
