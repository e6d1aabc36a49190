//! The checking run: every byte of every block is written, and verified whenever it may have been
//! disturbed.

use std::alloc::Layout;
use std::ops::Range;
use std::slice;

use super::deadline::{Deadline, POLL};
use super::pattern::Pattern;
use super::play::refused;
use super::room;
use super::stop::{Stop, Why};
use crate::heap::{Counters, Kind, TraceHeap};
use crate::trace::{Event, Op, Program};

/// How often in a run the heap's own integrity check is made, besides the one at the end.
const INTEGRITY_CHECKS: usize = 64;

/// A heap that moves blocks in steps does so in nearly every event. After so many of them it is looked at
/// what was moved; what is freed or resized is verified in any case.
const STEPS_TOGETHER: usize = 1024;

/// Replays the program with all contents verified.
///
/// A block is filled when it is allocated and in its new part when it is resized. It is verified in
/// what a resize keeps, when it is freed, at the end, and when its address has changed. That no two
/// blocks overlap follows: one of them would have lost its contents.
pub(crate) fn check<K: Kind>(
    program: &Program,
    arena: &mut [u8],
    deadline: Deadline,
) -> Result<Counters, Stop> {
    let room = room::<K>(arena)?;
    let bounds = room.as_ptr_range();
    let bounds = K::FIXED_ARENA.then(|| bounds.start.addr()..bounds.end.addr());
    let heap = K::Heap::new(room).map_err(Stop::at_start)?;
    let mut checker = Checker::<K::Heap<'_>> {
        heap,
        live: vec![None; program.slots()],
        generation: 0,
        moves: 0,
        bytes_moved: 0,
        most_moved: None,
        unfollowed: false,
        bounds,
    };
    let counters = checker.run(program, deadline)?;
    if !K::FIXED_ARENA {
        checker.free_all();
    }
    Ok(counters)
}

struct Checker<'a, H: TraceHeap<'a>> {
    heap: H,
    live: Vec<Option<Live<H::Block>>>,
    generation: u32,
    moves: u64,
    bytes_moved: u64,
    most_moved: Option<u64>,
    /// Whether blocks were moved that have not been verified since.
    unfollowed: bool,
    bounds: Option<Range<usize>>,
}

/// A block as the checker left it.
#[derive(Clone, Copy)]
struct Live<B> {
    block: B,
    layout: Layout,
    pattern: Pattern,
    address: usize,
}

impl<'a, H: TraceHeap<'a>> Checker<'a, H> {
    fn run(&mut self, program: &Program, deadline: Deadline) -> Result<Counters, Stop> {
        let events = program.events();
        let interval = (events.len() / INTEGRITY_CHECKS).max(1);
        for (index, event) in events.iter().enumerate() {
            if index % POLL == 0 && deadline.passed() {
                return Err(Stop::at(index, Why::TimedOut));
            }
            let moved = self.step(event).map_err(|why| Stop::at(index, why))?;
            self.count_moves(moved);
            if H::STEP_BUDGET.is_none() || index % STEPS_TOGETHER == 0 {
                let followed = self.follow_moves();
                followed.map_err(|why| Stop::at(index, why))?;
            }
            if (index + 1) % interval == 0 {
                self.integrity().map_err(|why| Stop::at(index, why))?;
            }
        }
        self.end().map_err(|why| Stop { event: None, why })?;
        let counters = self.heap.counters();
        Ok(Counters {
            most_moved_in_one_call: counters.most_moved_in_one_call.max(self.most_moved),
            ..counters
        })
    }

    /// One event; returns how many moves are accounted for: that of a resized block, which is
    /// verified at once.
    fn step(&mut self, event: &Event) -> Result<u64, Why> {
        match event.op() {
            Op::Alloc => {
                let block = self.heap.alloc(event.layout());
                let block = block.map_err(|error| refused(event, &error))?;
                self.generation += 1;
                let pattern = Pattern::new(event.slot(), self.generation);
                let live = Live {
                    block,
                    layout: event.layout(),
                    pattern,
                    address: 0,
                };
                self.keep(event.slot(), live, 0)?;
                Ok(0)
            }
            Op::Resize => {
                let old = self.take(event.slot())?;
                // SAFETY: the block is live with this layout: only `keep` makes a `Live`.
                let block = unsafe { self.heap.resize(old.block, old.layout, event.size()) };
                let block = block.map_err(|error| refused(event, &error))?;
                let live = Live {
                    block,
                    layout: event.layout(),
                    ..old
                };
                let kept = old.layout.size().min(event.size());
                let address = self.verify(event.slot(), &live, kept, "the resize")?;
                self.keep(event.slot(), live, kept)?;
                Ok(u64::from(address != old.address))
            }
            Op::Free => {
                let live = self.take(event.slot())?;
                self.verify_all(event.slot(), &live, "its last check, before it was freed")?;
                // SAFETY: the block is live with this layout, and forgotten from here on.
                let freed = unsafe { self.heap.free(live.block, live.layout) };
                freed.map_err(|error| refused(event, &error))?;
                Ok(0)
            }
        }
    }

    /// Fills a block from byte `from` on and remembers it.
    fn keep(&mut self, slot: usize, live: Live<H::Block>, from: usize) -> Result<(), Why> {
        let data = self.locate(slot, &live)?;
        let size = live.layout.size();
        if size > from {
            // SAFETY: the block has this size, so it may be written up to it; with that its bytes
            // are initialised and make a slice, which is gone before the heap is used again.
            let bytes = unsafe {
                data.add(from).write_bytes(0, size - from);
                slice::from_raw_parts_mut(data, size)
            };
            live.pattern.fill(bytes, from);
        }
        self.live[slot] = Some(Live {
            address: data.addr(),
            ..live
        });
        Ok(())
    }

    fn take(&mut self, slot: usize) -> Result<Live<H::Block>, Why> {
        self.live[slot]
            .take()
            .ok_or_else(|| Why::Fault(format!("slot {slot} holds no block")))
    }

    /// The address of a block's data, which must suit its layout and lie in the arena.
    fn locate(&mut self, slot: usize, live: &Live<H::Block>) -> Result<*mut u8, Why> {
        let (size, align) = (live.layout.size(), live.layout.align());
        let fault = |what| Why::Fault(format!("the block of {size} bytes in slot {slot} {what}"));
        let data = self.heap.data(live.block, size);
        let data = data.map_err(|error| fault(format!("cannot be resolved: {error}")))?;
        let start = data.addr().get();
        let end = start.saturating_add(size);
        // An empty block is nowhere in particular.
        if size > 0 && start % align != 0 {
            return Err(fault(format!("is not aligned to {align}")));
        }
        let outside = |bounds: &Range<usize>| start < bounds.start || end > bounds.end;
        if size > 0 && self.bounds.as_ref().is_some_and(outside) {
            return Err(fault("is not within the arena".to_owned()));
        }
        Ok(data.as_ptr())
    }

    fn verify_all(
        &mut self,
        slot: usize,
        live: &Live<H::Block>,
        since: &str,
    ) -> Result<usize, Why> {
        self.verify(slot, live, live.layout.size(), since)
    }

    /// Compares the first `len` bytes of a block with its pattern; returns where it is now.
    fn verify(
        &mut self,
        slot: usize,
        live: &Live<H::Block>,
        len: usize,
        since: &str,
    ) -> Result<usize, Why> {
        let data = self.locate(slot, live)?;
        if len > 0 {
            // SAFETY: the block is live, no shorter than this, and was filled so far; the heap is
            // not used while the slice exists.
            let bytes = unsafe { slice::from_raw_parts(data, len) };
            if let Some(bad) = live.pattern.mismatch(bytes) {
                return Err(Why::Fault(format!(
                    "the block of {} bytes in slot {slot} has lost its contents since {since}: \
                     found {:#04x} at byte {}, expected {:#04x}",
                    live.layout.size(),
                    bad.found,
                    bad.offset,
                    bad.expected
                )));
            }
        }
        Ok(data.addr())
    }

    /// Notes what the heap says that it has moved, and whether that is more than the moves that are
    /// accounted for.
    fn count_moves(&mut self, accounted: u64) {
        let counters = self.heap.counters();
        let told = counters.moves.wrapping_sub(self.moves);
        let bytes = counters.bytes_moved.wrapping_sub(self.bytes_moved);
        (self.moves, self.bytes_moved) = (counters.moves, counters.bytes_moved);
        if told > 0 {
            self.most_moved = self.most_moved.max(Some(bytes));
        }
        self.unfollowed |= told > accounted;
    }

    /// Verifies every block that is not where it was, if any may have been moved.
    fn follow_moves(&mut self) -> Result<(), Why> {
        if !std::mem::take(&mut self.unfollowed) {
            return Ok(());
        }
        for slot in 0..self.live.len() {
            let Some(live) = self.live[slot] else {
                continue;
            };
            if self.locate(slot, &live)?.addr() != live.address {
                let address = self.verify_all(slot, &live, "it was moved")?;
                self.live[slot] = Some(Live { address, ..live });
            }
        }
        Ok(())
    }

    fn integrity(&self) -> Result<(), Why> {
        let fault = |reason| Why::Fault(format!("the heap's own check: {reason}"));
        self.heap.check().map_err(fault)
    }

    fn end(&mut self) -> Result<(), Why> {
        for slot in 0..self.live.len() {
            if let Some(live) = self.live[slot] {
                self.verify_all(slot, &live, "its last check, at the end")?;
            }
        }
        self.integrity()
    }

    fn free_all(&mut self) {
        for live in self.live.iter_mut().filter_map(Option::take) {
            // SAFETY: the block is live with this layout, and forgotten from here on.
            let freed = unsafe { self.heap.free(live.block, live.layout) };
            debug_assert!(freed.is_ok());
        }
    }
}
