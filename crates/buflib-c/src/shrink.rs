//! Blocks become smaller and larger, and are moved together.

use core::ffi::{c_int, c_void};
use core::ops::Range;

use buflib::{Budget, Handle, Heap, Layout};

use crate::alloc::handle_of;
use crate::context::{Context, Hold, on_heap};
use crate::error::{Failure, outside, settle};
use crate::note::{Note, note_and_size, payload};

/// Makes a block smaller: `new_size` bytes from `new_start` on stay, where they are. Null is the present start.
///
/// # Safety
///
/// `ctx` was initialised and its pool is still its own.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn buflib_shrink(
    ctx: *mut Context,
    handle: c_int,
    new_start: *mut c_void,
    new_size: usize,
) -> bool {
    // SAFETY: by the caller's promise.
    unsafe {
        let start = new_start.addr();
        let result = on_heap!(ctx, |hold| shrink(hold, handle, start, new_size));
        settle(ctx, handle, result.map(|()| true), false)
    }
}

fn shrink<L: Layout>(
    hold: &mut Hold<L>,
    handle: c_int,
    start: usize,
    size: usize,
) -> Result<(), Failure> {
    let (ctx, handle) = (hold.ctx(), handle_of(handle)?);
    let heap = hold.heap();
    let (note, old_size) = note_and_size(ctx, heap, handle)?;
    let old_start = payload(ctx, heap, handle)?.as_ptr().addr();
    let start = match start {
        0 => 0,
        start => start
            .checked_sub(old_start)
            .filter(|&start| start <= old_size)
            .ok_or_else(|| outside(start, old_start))?,
    };
    if size > old_size.saturating_sub(start) {
        return Err(outside(start.saturating_add(size), old_size));
    }
    cut(
        ctx,
        heap,
        handle,
        note,
        old_size,
        start..start.saturating_add(size),
    )
}

/// Keeps a part of the user's bytes, and the note behind them.
fn cut<L: Layout>(
    ctx: *mut Context,
    heap: &mut Heap<'_, L>,
    handle: Handle<L>,
    note: Note,
    old_size: usize,
    kept: Range<usize>,
) -> Result<(), Failure> {
    let end = kept.end.saturating_add(note.len());
    if !note.is_none() {
        let old = old_size..old_size.saturating_add(note.len());
        move_within(heap.get_mut(handle)?, old, kept.end);
    }
    heap.shrink(handle, kept.start..end)?;
    // SAFETY: the call that runs has a valid context.
    unsafe {
        if u64::from((*ctx).growing) == handle.to_bits() {
            (*ctx).kept = end.saturating_sub(kept.start);
        }
    }
    Ok(())
}

/// Moves bytes of a payload, if both places are in it.
fn move_within(bytes: &mut [u8], from: Range<usize>, to: usize) {
    let len = bytes.len();
    if from.start <= from.end && from.end <= len && to <= len.wrapping_sub(from.len()) {
        // SAFETY: both places were found within the slice, which is borrowed exclusively.
        unsafe {
            let start = bytes.as_mut_ptr();
            start.add(from.start).copy_to(start.add(to), from.len());
        }
    }
}

/// Changes the size of a block; its contents up to the lesser size are kept. It may be moved, and others as well.
///
/// # Safety
///
/// As for [`buflib_shrink`].
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn buflib_resize(ctx: *mut Context, handle: c_int, new_size: usize) -> bool {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| resize(hold, handle, new_size));
        settle(ctx, handle, result.map(|()| true), false)
    }
}

#[inline(always)]
fn resize<L: Layout>(hold: &mut Hold<L>, handle: c_int, size: usize) -> Result<(), Failure> {
    let handle = handle_of::<L>(handle)?;
    // A block without a note is the common case.
    match hold.heap().tag::<Note>(handle)? {
        None => {
            let (heap, mut client) = hold.with_client();
            Ok(heap.with(&mut client).resize(handle, size)?)
        }
        Some(note) => resize_noted(hold, handle, note, size),
    }
}

#[inline(never)]
fn resize_noted<L: Layout>(
    hold: &mut Hold<L>,
    handle: Handle<L>,
    note: Note,
    size: usize,
) -> Result<(), Failure> {
    let ctx = hold.ctx();
    let heap = hold.heap();
    let (_, old_size) = note_and_size(ctx, heap, handle)?;
    if size <= old_size {
        return cut(ctx, heap, handle, note, old_size, 0..size);
    }
    let bytes = size.checked_add(note.len()).ok_or(Failure::NO_ROOM)?;
    let growing = Growing::new(ctx, handle, old_size.saturating_add(note.len()));
    let (heap, mut client) = hold.with_client();
    let result = heap.with(&mut client).resize(handle, bytes);
    // A callback may have made it smaller before it became larger.
    let kept = growing.end();
    result?;
    let old = kept.saturating_sub(note.len())..kept;
    move_within(heap.get_mut(handle)?, old, size);
    Ok(())
}

/// Says of a block that it is being made larger, from within a callback perhaps that another one has caused.
struct Growing {
    ctx: *mut Context,
    before: (u32, usize),
}

impl Growing {
    fn new<L: Layout>(ctx: *mut Context, handle: Handle<L>, kept: usize) -> Self {
        // SAFETY: the call that runs has a valid context.
        let before = unsafe {
            let before = ((*ctx).growing, (*ctx).kept);
            ((*ctx).growing, (*ctx).kept) = (handle.to_bits() as u32, kept);
            before
        };
        Self { ctx, before }
    }

    /// Tells the payload that the block had.
    fn end(self) -> usize {
        // SAFETY: as in `new`.
        unsafe {
            let kept = (*self.ctx).kept;
            ((*self.ctx).growing, (*self.ctx).kept) = self.before;
            kept
        }
    }
}

/// Moves blocks together as far as possible. Returns whether the largest free piece has grown.
///
/// # Safety
///
/// As for [`buflib_shrink`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_compact(ctx: *mut Context) -> bool {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| compact(hold));
        settle(ctx, 0, result, false)
    }
}

fn compact<L: Layout>(hold: &mut Hold<L>) -> Result<bool, Failure> {
    let (heap, mut client) = hold.with_client();
    Ok(heap.with(&mut client).compact()?.gained)
}

/// Moves blocks together a little: at most so many bytes, at most so many blocks looked at. Returns whether that is all
/// that can be done.
///
/// # Safety
///
/// As for [`buflib_shrink`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_compact_step(
    ctx: *mut Context,
    max_bytes: usize,
    max_blocks: usize,
) -> bool {
    let budget = Budget {
        bytes: max_bytes,
        blocks: max_blocks,
    };
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| compact_step(hold, budget));
        settle(ctx, 0, result, true)
    }
}

fn compact_step<L: Layout>(hold: &mut Hold<L>, budget: Budget) -> Result<bool, Failure> {
    let budget = if hold.is_made_anew() {
        // How far the last step came is not known, and the pool is small.
        Budget {
            bytes: usize::MAX,
            blocks: usize::MAX,
        }
    } else {
        budget
    };
    let (heap, mut client) = hold.with_client();
    Ok(heap.with(&mut client).compact_step(budget)?.done)
}
