//! Asking a heap: addresses, names, sizes, figures.

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ptr;

use buflib::{Heap, Layout, Request};

use crate::alloc::handle_of;
use crate::callbacks::Callbacks;
use crate::context::{Context, Hold, at_heap, on_heap};
use crate::error::{Failure, settle};
use crate::note::{Note, note_and_size, payload, payload_at};

/// `BUFLIB_NAME_RESERVE`: what is kept free of `buflib_allocatable` for a name and callbacks.
pub const NAME_RESERVE: usize = size_of::<*mut Callbacks>() + 32;

/// What the header's inline look-up does.
///
/// # Safety
///
/// The handle is that of a live block of this context, which was initialised.
#[must_use]
#[inline(always)]
pub unsafe fn data(ctx: *const Context, handle: c_int) -> *mut u8 {
    const INDEX: usize = (1 << 22) - 1;
    const POSITION: u32 = (1 << 27) - 1;
    const ALIGNMENT_SHIFT: u32 = 27;
    const OFF_GRANULE: u32 = 14;
    const SKIPPED: u8 = 0x7f;
    // SAFETY: the entry of a live block is in the table, and leads to the block.
    unsafe {
        let entry = (*ctx)
            .table_end
            .cast::<u32>()
            .sub(handle as usize & INDEX)
            .read();
        let data = (*ctx).origin.wrapping_add((entry & POSITION) as usize * 8);
        if entry >> ALIGNMENT_SHIFT == OFF_GRANULE {
            return data.add(usize::from(*data & SKIPPED));
        }
        data
    }
}

/// The address of a block, or null if there is no such block.
///
/// # Safety
///
/// `ctx` was initialised and its pool is still its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_get_data_checked(ctx: *mut Context, handle: c_int) -> *mut c_void {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = at_heap!(ctx, |heap| address(ctx, heap, handle));
        settle(ctx, handle, result, ptr::null_mut())
    }
}

fn address<L: Layout>(
    ctx: *mut Context,
    heap: &Heap<'_, L>,
    handle: c_int,
) -> Result<*mut c_void, Failure> {
    let bytes = heap.get(handle_of(handle)?)?;
    Ok(payload_at(ctx, bytes.as_ptr().addr()))
}

/// The name of a block, or null.
///
/// # Safety
///
/// As for [`buflib_get_data_checked`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_get_name(ctx: *mut Context, handle: c_int) -> *const c_char {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = at_heap!(ctx, |heap| name(ctx, heap, handle));
        settle(ctx, handle, result, ptr::null())
    }
}

fn name<L: Layout>(
    ctx: *mut Context,
    heap: &Heap<'_, L>,
    handle: c_int,
) -> Result<*const c_char, Failure> {
    let handle = handle_of(handle)?;
    let (note, _) = note_and_size(ctx, heap, handle)?;
    let name = note.name(payload(ctx, heap, handle)?);
    Ok(name.map_or(ptr::null(), |name| {
        payload_at(ctx, name.as_ptr().addr()).cast_const().cast()
    }))
}

/// The size of a block as it was asked for; 0 if there is no such block.
///
/// # Safety
///
/// As for [`buflib_get_data_checked`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_get_size(ctx: *mut Context, handle: c_int) -> usize {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = at_heap!(ctx, |heap| size(ctx, heap, handle));
        settle(ctx, handle, result, 0)
    }
}

fn size<L: Layout>(ctx: *mut Context, heap: &Heap<'_, L>, handle: c_int) -> Result<usize, Failure> {
    Ok(note_and_size(ctx, heap, handle_of(handle)?)?.1)
}

/// Free bytes in total, in one piece or many.
///
/// # Safety
///
/// As for [`buflib_get_data_checked`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_available(ctx: *mut Context) -> usize {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = at_heap!(ctx, |heap| Ok(heap.available()));
        settle(ctx, 0, result, 0)
    }
}

/// The largest size that can be allocated now, with callbacks and a name of up to 31 characters. Moves blocks to
/// find out.
///
/// # Safety
///
/// As for [`buflib_get_data_checked`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_allocatable(ctx: *mut Context) -> usize {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| allocatable(hold));
        settle(ctx, 0, result, 0)
    }
}

fn allocatable<L: Layout>(hold: &mut Hold<L>) -> Result<usize, Failure> {
    let (heap, mut client) = hold.with_client();
    let owned = Request::new(0).owner(Note::NONE);
    let most = heap.with(&mut client).allocatable_with(owned)?;
    Ok(most.unwrap_or(0).saturating_sub(NAME_RESERVE))
}

/// Walks everything, and tells the error handler of the first thing that is wrong.
///
/// # Safety
///
/// As for [`buflib_get_data_checked`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_check_valid(ctx: *mut Context) {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| check(hold));
        settle(ctx, 0, result, ());
    }
}

fn check<L: Layout>(hold: &mut Hold<L>) -> Result<(), Failure> {
    let ctx = hold.ctx();
    let heap = &*hold.heap();
    heap.check()?;
    for block in heap.allocations() {
        if let Some(handle) = block?.handle {
            note_and_size(ctx, heap, handle)?;
        }
    }
    Ok(())
}

/// `struct buflib_stats`.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct Stats {
    /// Blocks in use.
    pub live: usize,
    /// Their bytes, headers and padding included.
    pub used_bytes: usize,
    /// Bytes that are free, in one piece or many.
    pub free_bytes: usize,
    /// Bytes in the largest free piece that is known of.
    pub largest_free_bytes: usize,
    /// The most bytes that were in use at once.
    pub peak_bytes: usize,
    /// Blocks that may not move.
    pub immovable: usize,
    /// Blocks that have a name or callbacks.
    pub owned: usize,
    /// Entries in the handle table.
    pub table_entries: usize,
    /// Passes over the blocks.
    pub compactions: usize,
    /// Blocks moved.
    pub moves: usize,
    /// Bytes moved.
    pub bytes_moved: usize,
    /// Moves that a callback refused.
    pub refused_moves: usize,
    /// Requests to shrink that a callback refused.
    pub refused_shrinks: usize,
    /// How much of what is free is not in the largest piece, in thousandths.
    pub fragmentation: c_uint,
}

/// The figures of a heap.
///
/// # Safety
///
/// As for [`buflib_get_data_checked`]; `stats` points to a `struct buflib_stats`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_get_stats(ctx: *mut Context, stats: *mut Stats) {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = at_heap!(ctx, |heap| Ok(figures(heap)));
        stats.write(settle(ctx, 0, result, Stats::default()));
    }
}

fn figures<L: Layout>(heap: &Heap<'_, L>) -> Stats {
    let stats = heap.stats();
    Stats {
        live: stats.live,
        used_bytes: stats.used_bytes,
        free_bytes: stats.free_bytes,
        largest_free_bytes: stats.largest_free_bytes,
        peak_bytes: stats.peak_bytes,
        immovable: stats.immovable,
        owned: stats.owned,
        table_entries: stats.table_entries,
        compactions: stats.compactions,
        moves: stats.moves,
        bytes_moved: stats.bytes_moved,
        refused_moves: stats.refused_moves,
        refused_shrinks: stats.refused_shrinks,
        fragmentation: stats.fragmentation,
    }
}
