//! Blocks freed and allocated at random while as much as before stays live: what a heap does for
//! most of its life. One loop for heaps of every size and every fill.

use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::heap::{Counters, Kind, TraceHeap, word_aligned};
use crate::run::{self, Why};

/// What the blocks' sizes are drawn from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sizes {
    /// 8 to 512 bytes, and one in 32 up to 4 KiB.
    Small,
    /// Every size from the first to the last as often as any other.
    Uniform(u32, u32),
}

const SMALL: (u32, u32) = (8, 512);
const LARGER: (u32, u32) = (513, 4096);
const LARGER_ONE_IN: u32 = 32;

impl Sizes {
    #[inline]
    fn draw(self, random: &mut Rng) -> u32 {
        let (least, most) = match self {
            Self::Uniform(least, most) => (least, most),
            Self::Small if random.u32(..LARGER_ONE_IN) == 0 => LARGER,
            Self::Small => SMALL,
        };
        random.u32(least..=most)
    }

    /// What a block takes on average, counted as [`taken`] counts.
    pub(crate) fn mean_taken(self) -> f64 {
        let middle = |(least, most): (u32, u32)| f64::from(least + most) / 2.0;
        let size = match self {
            Self::Uniform(least, most) => middle((least, most)),
            Self::Small => {
                let larger = 1.0 / f64::from(LARGER_ONE_IN);
                (1.0 - larger) * middle(SMALL) + larger * middle(LARGER)
            }
        };
        size + METADATA as f64
    }
}

/// What each block is taken to need beside its payload, on whatever heap.
pub(crate) const METADATA: u64 = 12;

fn taken(size: u32) -> u64 {
    u64::from(size) + METADATA
}

/// A part of a run, timed as a whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage {
    /// No more blocks than these are live at once,
    pub(crate) blocks: usize,
    /// and what they take is no more than this.
    pub(crate) bytes: u64,
    /// How many are allocated, each after as many were freed as there must be.
    pub(crate) allocations: u64,
}

pub(crate) struct Plan {
    pub(crate) sizes: Sizes,
    pub(crate) seed: u64,
    pub(crate) stages: Vec<Stage>,
}

/// What a stage has cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Blocks freed and blocks allocated.
    pub(crate) operations: u64,
    /// Payload bytes allocated.
    pub(crate) allocated: u64,
    pub(crate) time: Duration,
    pub(crate) moved: Counters,
}

impl Cost {
    pub(crate) fn ns_per_operation(&self) -> f64 {
        self.time.as_nanos() as f64 / self.operations.max(1) as f64
    }

    pub(crate) fn moved_per_allocated(&self) -> f64 {
        self.moved.bytes_moved as f64 / self.allocated.max(1) as f64
    }
}

/// The stages that a heap completed, and why not all.
pub(crate) struct Outcome {
    pub(crate) costs: Vec<Cost>,
    pub(crate) why: Option<Why>,
}

/// A run on a fresh heap in an arena.
pub(crate) type Turnover = fn(&Plan, &mut [u8]) -> Outcome;

pub(crate) fn turnover<K: Kind>(plan: &Plan, arena: &mut [u8]) -> Outcome {
    let mut costs = Vec::with_capacity(plan.stages.len());
    let result = run::build::<K>(arena)
        .map_err(|stop| stop.why)
        .and_then(|heap| Heap::new(heap, plan).run(&plan.stages, &mut costs, K::FIXED_ARENA));
    Outcome {
        costs,
        why: result.err(),
    }
}

struct Heap<'a, H: TraceHeap<'a>> {
    heap: H,
    live: Vec<(H::Block, u32)>,
    /// What the live blocks take.
    bytes: u64,
    sizes: Sizes,
    random: Rng,
}

impl<'a, H: TraceHeap<'a>> Heap<'a, H> {
    fn new(heap: H, plan: &Plan) -> Self {
        let most = plan.stages.iter().map(|stage| {
            let by_bytes = stage.bytes as f64 / plan.sizes.mean_taken();
            stage.blocks.min(by_bytes as usize)
        });
        Self {
            heap,
            live: Vec::with_capacity(most.max().unwrap_or(0)),
            bytes: 0,
            sizes: plan.sizes,
            random: Rng::with_seed(plan.seed),
        }
    }

    fn run(
        mut self,
        stages: &[Stage],
        costs: &mut Vec<Cost>,
        fixed_arena: bool,
    ) -> Result<(), Why> {
        let mut all = || {
            for stage in stages {
                costs.push(self.turn(stage).map_err(Why::refused)?);
            }
            Ok(())
        };
        let result = all();
        while !fixed_arena && !self.live.is_empty() {
            self.free_one().map_err(Why::refused)?;
        }
        result
    }

    fn turn(&mut self, stage: &Stage) -> Result<Cost, H::Error> {
        let (mut frees, mut allocated) = (0, 0);
        let before = self.heap.counters();
        let start = Instant::now();
        for _ in 0..stage.allocations {
            let size = self.sizes.draw(&mut self.random);
            let most = stage.bytes.saturating_sub(taken(size));
            while (self.live.len() >= stage.blocks || self.bytes > most) && !self.live.is_empty() {
                self.free_one()?;
                frees += 1;
            }
            let (block, data) = self.heap.alloc_data(word_aligned(size))?;
            // SAFETY: the block was just given this size, and the heap was not used since.
            unsafe { run::touch(data, size as usize) };
            self.live.push((block, size));
            self.bytes += taken(size);
            allocated += u64::from(size);
        }
        Ok(Cost {
            time: start.elapsed(),
            operations: frees + stage.allocations,
            allocated,
            moved: self.heap.counters().since(before),
        })
    }

    /// Frees any of the live blocks, of which there must be one.
    #[inline]
    fn free_one(&mut self) -> Result<(), H::Error> {
        let which = self.random.usize(..self.live.len());
        let (block, size) = self.live.swap_remove(which);
        self.bytes -= taken(size);
        // SAFETY: allocated with this layout, and forgotten here.
        unsafe { self.heap.free(block, word_aligned(size)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heaps::ALL;

    fn plan(blocks: usize, bytes: u64) -> Plan {
        let stage = |allocations| Stage {
            blocks,
            bytes,
            allocations,
        };
        Plan {
            sizes: Sizes::Small,
            seed: 1,
            stages: vec![stage(100), stage(50)],
        }
    }

    #[test]
    fn every_heap_completes_where_there_is_room() {
        let mut arena = vec![0; 200_000];
        for entry in ALL {
            let outcome = (entry.turnover)(&plan(100, u64::MAX), &mut arena);
            assert_eq!(outcome.why, None, "{}", entry.name);
            let operations: Vec<_> = outcome.costs.iter().map(|cost| cost.operations).collect();
            assert_eq!(operations, [100, 100], "{}", entry.name);
        }
    }

    #[test]
    fn a_heap_without_room_says_so_and_keeps_what_it_did() {
        let mut arena = vec![0; 4000];
        let entry = crate::heaps::find("talc").unwrap();
        let outcome = (entry.turnover)(&plan(100, u64::MAX), &mut arena);
        assert!(matches!(outcome.why, Some(Why::Refused(_))));
        assert!(outcome.costs.is_empty());
    }

    #[test]
    fn bytes_limit_what_is_live() {
        let mut arena = vec![0; 20_000];
        let entry = crate::heaps::find("buflib").unwrap();
        let outcome = (entry.turnover)(&plan(usize::MAX, 15_000), &mut arena);
        assert_eq!(outcome.why, None);
        let freed = outcome.costs[1].operations - 50;
        assert!((25..100).contains(&freed), "{freed}");
    }

    #[test]
    fn sizes_are_what_their_mean_says() {
        for sizes in [Sizes::Small, Sizes::Uniform(16, 2048)] {
            let mut random = Rng::with_seed(2);
            let sum: u64 = (0..100_000).map(|_| taken(sizes.draw(&mut random))).sum();
            let off = sum as f64 / 100_000.0 / sizes.mean_taken();
            assert!((0.98..1.02).contains(&off), "{off}");
        }
    }
}
