//! What the adapters of pointer allocators share.

use std::alloc::Layout;
use std::ptr::NonNull;

use crate::heap::TraceHeap;

/// The same layout with at least one byte: most allocators are not defined for none.
#[inline]
pub(super) fn nonzero(layout: Layout) -> Layout {
    with_size(layout, layout.size())
}

/// The alignment of `layout` with another size, at least one byte.
#[inline]
pub(super) fn with_size(layout: Layout, size: usize) -> Layout {
    debug_assert!(Layout::from_size_align(size.max(1), layout.align()).is_ok());
    // SAFETY: the alignment comes from a layout, and the sizes in a trace are below 2^32, which is
    // far from overflowing `isize` on the 64-bit hosts asked for in `main`.
    unsafe { Layout::from_size_align_unchecked(size.max(1), layout.align()) }
}

/// Resizes by a new block and a copy: what is left for a heap that cannot resize.
///
/// # Safety
///
/// As for [`TraceHeap::resize`]; and a block of this heap is the address of its bytes.
#[inline]
pub(super) unsafe fn move_to_new<'a, H: TraceHeap<'a, Block = NonNull<u8>>>(
    heap: &mut H,
    block: NonNull<u8>,
    old: Layout,
    new_size: usize,
) -> Result<NonNull<u8>, H::Error> {
    let new = heap.alloc(with_size(old, new_size))?;
    // SAFETY: both blocks are live and at least this long, so they do not overlap.
    unsafe { block.copy_to_nonoverlapping(new, old.size().min(new_size)) };
    // SAFETY: by the caller's promise about `block` and `old`.
    unsafe { heap.free(block, old)? };
    Ok(new)
}
