//! The pool as a whole: its front given out and taken back, and moving it elsewhere.

use core::ffi::{c_int, c_void};
use core::ptr::NonNull;

use buflib::{Given, Heap, Layout};

use crate::context::{Context, Hold, on_heap};
use crate::error::{Code, Failure, settle};

/// Gives out memory at the front of the pool: all blocks move up by as much as `*size` says, or as possible; by as much
/// as possible if it is 0. Says in `*size` how much that is, and returns where it starts.
///
/// # Safety
///
/// `ctx` was initialised and its pool is still its own; `size` is null or points to a `size_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_buffer_out(ctx: *mut Context, size: *mut usize) -> *mut c_void {
    // SAFETY: by the caller's promise.
    unsafe {
        let wanted = if size.is_null() { 0 } else { size.read() };
        let front = (*ctx).pool.wrapping_add((*ctx).taken);
        let result = on_heap!(ctx, |hold| give(hold, wanted));
        let given = settle(ctx, 0, result, 0);
        if !size.is_null() {
            size.write(given);
        }
        front.cast()
    }
}

fn give<L: Layout>(hold: &mut Hold<L>, wanted: usize) -> Result<usize, Failure> {
    let ctx = hold.ctx();
    let bytes = if wanted == 0 { usize::MAX } else { wanted };
    let (heap, mut client) = hold.with_client();
    heap.with(&mut client).compact()?;
    let given = heap.give_free_front(bytes)?;
    let (_, len) = given.into_raw_parts();
    // SAFETY: the call that runs has a valid context. No more is given out than the pool has.
    unsafe { (*ctx).taken = (*ctx).taken.wrapping_add(len) };
    anchor(ctx, heap);
    Ok(len)
}

/// Takes memory back that was given out, `size` bytes in front of the blocks.
///
/// # Safety
///
/// As for [`buflib_buffer_out`], and nobody else uses these bytes any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_buffer_in(ctx: *mut Context, size: c_int) {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| take(hold, size));
        settle(ctx, 0, result, ());
    }
}

fn take<L: Layout>(hold: &mut Hold<L>, size: c_int) -> Result<(), Failure> {
    let ctx = hold.ctx();
    // SAFETY: the call that runs has a valid context.
    let taken = unsafe { (*ctx).taken };
    let size = usize::try_from(size).ok().filter(|&size| size <= taken);
    let Some(size) = size else {
        return Err(Failure::new(
            Code::NotTaken,
            taken as u64,
            0,
            "more is put back than was taken out\0",
        ));
    };
    // What is less than a granule comes back with the next ones.
    let bytes = size - size % L::GRANULE_BYTES;
    let heap = hold.heap();
    let arena = heap
        .anchors()
        .origin
        .wrapping_add(L::GRANULE_BYTES - L::HEADER_BYTES);
    let Some(start) = NonNull::new(arena.wrapping_sub(bytes)) else {
        return Ok(());
    };
    // SAFETY: `bytes` of those that `give` has given out lie in front of the arena, and are nobody's any more.
    let given = unsafe { Given::from_raw_parts(start, bytes) };
    heap.take_front(given).map_err(|refused| refused.error)?;
    // SAFETY: as above.
    unsafe { (*ctx).taken = taken - bytes };
    anchor(ctx, heap);
    Ok(())
}

/// Tells the header's look-up where the heap starts now.
fn anchor<L: Layout>(ctx: *mut Context, heap: &Heap<'_, L>) {
    let anchors = heap.anchors();
    // SAFETY: the call that runs has a valid context.
    unsafe {
        (*ctx).table_end = anchors.table_end.as_ptr();
        (*ctx).origin = anchors.origin;
    }
}

/// Prepares for the pool to be at another address, to which its bytes are copied after this. False, and nothing has
/// changed, if it cannot be there.
///
/// # Safety
///
/// As for [`buflib_buffer_out`]. `pool` is as large as the one that the context was initialised with and only the
/// context uses it, and the bytes are copied before the context is used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_context_relocate(ctx: *mut Context, pool: *mut c_void) -> bool {
    // SAFETY: by the caller's promise.
    unsafe {
        let Some(pool) = NonNull::new(pool.cast::<u8>()) else {
            return settle(ctx, 0, Err(Failure::NO_POOL), false);
        };
        // The pool that the context was given may start a little in front of its first granule.
        let result = on_heap!(ctx, |hold| relocate(hold, pool));
        settle(ctx, 0, result.map(|()| true), false)
    }
}

/// # Safety
///
/// As for [`buflib_context_relocate`].
unsafe fn relocate<L: Layout>(hold: &mut Hold<L>, pool: NonNull<u8>) -> Result<(), Failure> {
    let ctx = hold.ctx();
    // SAFETY: by the caller's promise: the old pool has `skipped` bytes in front, and so has the new one.
    unsafe {
        let start = pool.add((*ctx).skipped.into());
        hold.heap().relocate(start)?;
        anchor(ctx, hold.heap());
        hold.move_to(start);
    }
    Ok(())
}
