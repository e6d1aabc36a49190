//! One round: a fresh heap, fragmented, and a batch of each operation on it.

use std::time::Instant;

use super::costs::{Cost, Costs};
use super::measure::{self, Place};
use super::operation::Operation;
use super::plan::Plan;
use crate::heap::{Kind, TraceHeap, word_aligned};
use crate::run::{self, Why};

/// Does what the plan says on a fresh heap in the arena, and adds what it cost.
pub(crate) fn round<K: Kind>(plan: &Plan, arena: &mut [u8], costs: &mut Costs) -> Result<(), Why> {
    let heap = run::build::<K>(arena).map_err(|stop| stop.why)?;
    let mut stage = Stage::set(heap, plan)?;
    stage.perform(plan, costs)?;
    debug_assert_eq!(stage.heap.check(), Ok(()));
    if K::FIXED_ARENA {
        return Ok(());
    }
    stage.clear(plan)
}

/// A heap and its blocks by their numbers in the plan, those that are free included.
struct Stage<'a, H: TraceHeap<'a>> {
    heap: H,
    blocks: Vec<Place<H::Block>>,
}

impl<'a, H: TraceHeap<'a>> Stage<'a, H> {
    /// Brings the heap into the state that the operations are measured in.
    fn set(mut heap: H, plan: &Plan) -> Result<Self, Why> {
        let mut blocks = Vec::with_capacity(plan.sizes.len());
        for &size in &plan.sizes {
            let layout = word_aligned(size);
            let block = heap.alloc(layout).map_err(Why::refused)?;
            let data = heap.data(block, layout.size()).map_err(Why::refused)?;
            // SAFETY: the block was just given at least a word, as every size in a plan is, and it
            // is aligned to one.
            unsafe { data.cast::<u64>().write(size.into()) };
            let new_size = layout.size();
            blocks.push(Place {
                block,
                layout,
                new_size,
            });
        }
        for &number in &plan.freed {
            let Place { block, layout, .. } = blocks[number as usize];
            // SAFETY: allocated above with this layout, and the plan frees it here only once.
            unsafe { heap.free(block, layout) }.map_err(Why::refused)?;
        }
        Ok(Self { heap, blocks })
    }

    /// All operations, each on a batch of blocks. To be called once.
    fn perform(&mut self, plan: &Plan, costs: &mut Costs) -> Result<(), Why> {
        // SAFETY: nothing was freed since the stage was set, so what the plan has here is live, and
        // the first words are as they were written.
        unsafe {
            self.measure(Operation::Nothing, &plan.gets, costs)?;
            self.measure(Operation::Get, &plan.gets, costs)?;
        }
        if H::RESIZES {
            self.change(&plan.resized, &plan.new_sizes, |place, size| {
                place.new_size = size as usize;
            });
            // SAFETY: as above, and the plan has no block here twice.
            unsafe { self.measure(Operation::ResizeWithin, &plan.resized, costs)? };
            self.change(&plan.resized, &plan.new_sizes, |place, size| {
                place.layout = word_aligned(size);
            });
        }
        // SAFETY: as above. An allocation, here of the sizes just freed, has no condition.
        unsafe {
            self.measure(Operation::FreeSmall, &plan.small, costs)?;
            self.measure(Operation::AllocAgain, &plan.small, costs)?;
        }
        // SAFETY: as above; the plan has none of these among the small ones.
        unsafe { self.measure(Operation::FreeMerge, &plan.between, costs)? };
        self.change(&plan.between, &plan.cuts, |place, size| {
            place.layout = word_aligned(size);
        });
        // SAFETY: an allocation has no condition.
        unsafe { self.measure(Operation::AllocCut, &plan.between, costs) }
    }

    fn change(&mut self, numbers: &[u32], sizes: &[u32], set: fn(&mut Place<H::Block>, u32)) {
        for (&number, &size) in numbers.iter().zip(sizes) {
            set(&mut self.blocks[number as usize], size);
        }
    }

    /// # Safety
    ///
    /// What the operation's [`Loop`](measure::Loop) asks for must hold for the blocks of these numbers.
    unsafe fn measure(
        &mut self,
        operation: Operation,
        numbers: &[u32],
        costs: &mut Costs,
    ) -> Result<(), Why> {
        // A row of its own, so that what is random about the places is the heap's memory alone.
        let places = numbers.iter().map(|&number| self.blocks[number as usize]);
        let mut places: Vec<_> = places.collect();
        let action = measure::of::<H>(operation);
        let before = self.heap.counters();
        let start = Instant::now();
        // SAFETY: by the caller's promise.
        let done = unsafe { action(&mut self.heap, &mut places) };
        let time = start.elapsed();
        done.map_err(Why::refused)?;
        let cost = Cost {
            count: numbers.len() as u64,
            time,
            moved: self.heap.counters().since(before),
        };
        costs.add(operation, cost);
        for (&number, place) in numbers.iter().zip(places) {
            self.blocks[number as usize] = place;
        }
        Ok(())
    }

    /// Gives everything back, for a heap that outlives the round.
    fn clear(mut self, plan: &Plan) -> Result<(), Why> {
        let mut live = vec![true; self.blocks.len()];
        for &number in &plan.freed {
            live[number as usize] = false;
        }
        for (place, _) in self.blocks.iter().zip(live).filter(|&(_, live)| live) {
            // SAFETY: live from the start or allocated again, with this layout.
            unsafe { self.heap.free(place.block, place.layout) }.map_err(Why::refused)?;
        }
        Ok(())
    }
}
