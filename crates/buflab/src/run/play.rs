//! The replay loop.

use super::deadline::{Deadline, POLL};
use super::slots::Slots;
use super::stop::{Stop, Why};
use super::touch::touch;
use crate::heap::{Refusal, TraceHeap};
use crate::trace::{Event, Op, Program};

/// Something that looks at every event. The one that does nothing costs nothing.
pub(super) trait Watch {
    fn before(&mut self);
    fn after(&mut self, event: usize);
}

/// Replays a whole program: what is timed is this, and hardly anything but the heap is in it.
#[inline]
pub(super) fn play<'a, H: TraceHeap<'a>>(
    heap: &mut H,
    program: &Program,
    slots: &mut Slots<H::Block>,
    deadline: Deadline,
    watch: &mut impl Watch,
) -> Result<(), Stop> {
    for (index, chunk) in program.events().chunks(POLL).enumerate() {
        let first = index * POLL;
        if deadline.passed() {
            return Err(Stop::at(first, Why::TimedOut));
        }
        for (offset, event) in chunk.iter().enumerate() {
            watch.before();
            // SAFETY: the events of a program are replayed in order, from the first on.
            let done = unsafe { step(heap, event, slots) };
            if let Err(error) = done {
                return Err(Stop::at(first + offset, refused(event, &error)));
            }
            watch.after(first + offset);
        }
    }
    Ok(())
}

/// One event.
///
/// # Safety
///
/// All events of the program before this one must have been done with these slots and this heap.
#[inline(always)]
unsafe fn step<'a, H: TraceHeap<'a>>(
    heap: &mut H,
    event: &Event,
    slots: &mut Slots<H::Block>,
) -> Result<(), H::Error> {
    let (block, data) = match event.op() {
        Op::Alloc => heap.alloc_data(event.layout())?,
        Op::Resize => {
            // SAFETY: the slot was allocated by an event before this one, and not freed since; size
            // and alignment are those of the last event of the slot.
            unsafe { heap.resize_data(slots.get(event), event.old_layout(), event.size())? }
        }
        Op::Free => {
            // SAFETY: as for a resize; and no event uses the slot again before it is allocated.
            return unsafe { heap.free(slots.get(event), event.old_layout()) };
        }
    };
    slots.set(event, block);
    // SAFETY: the block was just given this size, so its data is valid for writes of it.
    unsafe { touch(data, event.size()) };
    Ok(())
}

/// Says what was asked and what the heap said to it.
#[cold]
pub(super) fn refused(event: &Event, error: &impl Refusal) -> Why {
    let (old, new) = (event.old_size(), event.size());
    let text = match event.op() {
        Op::Alloc => format!("allocating {new} bytes: {error}"),
        Op::Resize => format!("resizing from {old} to {new} bytes: {error}"),
        Op::Free => format!("freeing {old} bytes: {error}"),
    };
    if error.is_fault() {
        Why::Fault(text)
    } else {
        Why::Refused(text)
    }
}

/// Gives back what is still live after the first `done` events: for heaps that outlive the run.
///
/// # Safety
///
/// Exactly the first `done` events of the program must have been done with these slots and this heap.
pub(super) unsafe fn free_all<'a, H: TraceHeap<'a>>(
    heap: &mut H,
    program: &Program,
    slots: &Slots<H::Block>,
    done: usize,
) {
    let mut last = vec![None; program.slots()];
    for event in &program.events()[..done] {
        last[event.slot()] = (event.op() != Op::Free).then_some(event);
    }
    for event in last.into_iter().flatten() {
        // SAFETY: the slot's last event allocated or resized it: it is live, with this layout.
        let freed = unsafe { heap.free(slots.get(event), event.layout()) };
        debug_assert!(freed.is_ok());
    }
}
