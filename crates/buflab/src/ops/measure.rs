//! The loops whose cost is measured, by the clock from outside or by a profiler under their names.
//!
//! Each is a function of its own that is not inlined, and has nothing beside the operation but what
//! `measure_nothing` has too, so that the difference is the operation's share.

use std::alloc::Layout;
use std::hint::black_box;

use super::operation::Operation;
use crate::heap::TraceHeap;

/// Where an operation takes place, and what it needs to know.
#[derive(Clone, Copy)]
pub(super) struct Place<B> {
    pub(super) block: B,
    pub(super) layout: Layout,
    /// For a resize.
    pub(super) new_size: usize,
}

/// One operation at each of some places.
///
/// # Safety
///
/// Before an operation that is not an allocation the block must be live, no two places may have the
/// same one, and the layout must be the one that it has. For `measure_get`, a block may be there
/// twice, but it must be aligned to a word, and its first word must be written.
pub(super) type Loop<'a, H> = unsafe fn(
    &mut H,
    &mut [Place<<H as TraceHeap<'a>>::Block>],
) -> Result<(), <H as TraceHeap<'a>>::Error>;

/// The loop of an operation.
pub(super) fn of<'a, H: TraceHeap<'a>>(operation: Operation) -> Loop<'a, H> {
    match operation {
        Operation::Nothing => measure_nothing,
        Operation::Get => measure_get,
        Operation::ResizeWithin => measure_resize_within,
        Operation::FreeSmall => measure_free_small,
        Operation::AllocAgain => measure_alloc_again,
        Operation::FreeMerge => measure_free_merge,
        Operation::AllocCut => measure_alloc_cut,
    }
}

/// Functions with the same code would become one, under the name of one of them.
#[inline(always)]
fn distinguish(name: &str) {
    black_box(name);
}

/// What all loops have in common.
#[inline(never)]
unsafe fn measure_nothing<'a, H: TraceHeap<'a>>(
    _heap: &mut H,
    places: &mut [Place<H::Block>],
) -> Result<(), H::Error> {
    distinguish("nothing");
    for place in places {
        black_box(place);
    }
    Ok(())
}

/// Resolves a block and reads its first word.
#[inline(never)]
unsafe fn measure_get<'a, H: TraceHeap<'a>>(
    heap: &mut H,
    places: &mut [Place<H::Block>],
) -> Result<(), H::Error> {
    distinguish("get");
    for place in places {
        let place = black_box(place);
        // SAFETY: by the caller's promise.
        black_box(unsafe { heap.read_word(place.block, place.layout.size())? });
    }
    Ok(())
}

/// Changes sizes so little that the block's space stays the same.
#[inline(never)]
unsafe fn measure_resize_within<'a, H: TraceHeap<'a>>(
    heap: &mut H,
    places: &mut [Place<H::Block>],
) -> Result<(), H::Error> {
    distinguish("resize_within");
    for place in places {
        let place = black_box(place);
        // SAFETY: by the caller's promise.
        place.block = unsafe { heap.resize(place.block, place.layout, place.new_size)? };
    }
    Ok(())
}

/// Frees small blocks.
#[inline(never)]
unsafe fn measure_free_small<'a, H: TraceHeap<'a>>(
    heap: &mut H,
    places: &mut [Place<H::Block>],
) -> Result<(), H::Error> {
    distinguish("free_small");
    // SAFETY: by the caller's promise.
    unsafe { free_each(heap, places) }
}

/// Allocates sizes that were just freed.
#[inline(never)]
unsafe fn measure_alloc_again<'a, H: TraceHeap<'a>>(
    heap: &mut H,
    places: &mut [Place<H::Block>],
) -> Result<(), H::Error> {
    distinguish("alloc_again");
    alloc_each(heap, places)
}

/// Frees large blocks, each between two free ones.
#[inline(never)]
unsafe fn measure_free_merge<'a, H: TraceHeap<'a>>(
    heap: &mut H,
    places: &mut [Place<H::Block>],
) -> Result<(), H::Error> {
    distinguish("free_merge");
    // SAFETY: by the caller's promise.
    unsafe { free_each(heap, places) }
}

/// Allocates sizes of which there is no free block, so that a larger one must be cut.
#[inline(never)]
unsafe fn measure_alloc_cut<'a, H: TraceHeap<'a>>(
    heap: &mut H,
    places: &mut [Place<H::Block>],
) -> Result<(), H::Error> {
    distinguish("alloc_cut");
    alloc_each(heap, places)
}

#[inline(always)]
fn alloc_each<'a, H: TraceHeap<'a>>(
    heap: &mut H,
    places: &mut [Place<H::Block>],
) -> Result<(), H::Error> {
    for place in places {
        let place = black_box(place);
        place.block = heap.alloc(place.layout)?;
    }
    Ok(())
}

/// # Safety
///
/// The blocks must be live, all different, and have their layouts.
#[inline(always)]
unsafe fn free_each<'a, H: TraceHeap<'a>>(
    heap: &mut H,
    places: &mut [Place<H::Block>],
) -> Result<(), H::Error> {
    for place in places {
        let place = black_box(place);
        // SAFETY: by the caller's promise.
        unsafe { heap.free(place.block, place.layout)? };
    }
    Ok(())
}
