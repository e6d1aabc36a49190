//! Callbacks in C as the owner of blocks.

use core::cell::UnsafeCell;
use core::ffi::{c_int, c_uint, c_void};

use buflib::{Answer, Handle, Heap, Layout, Move, Owner, Side, Sync, Wish};

use crate::context::{Context, Lent, Shown};
use crate::note::{Note, payload, payload_at};

/// `BUFLIB_CB_OK`.
const OK: c_int = 0;
/// In hints: memory is wanted at the block's front.
pub const SHRINK_POS_FRONT: c_uint = 1 << 31;
/// In hints: memory is wanted at the block's back.
pub const SHRINK_POS_BACK: c_uint = 1 << 30;
/// Of hints: how much is wanted.
pub const SHRINK_SIZE_MASK: c_uint = !(SHRINK_POS_FRONT | SHRINK_POS_BACK);

/// `struct buflib_callbacks`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Callbacks {
    /// Asked before the block is moved; without it, the block never is.
    pub move_callback: Option<
        unsafe extern "C" fn(handle: c_int, current: *mut c_void, new: *mut c_void) -> c_int,
    >,
    /// Asked to make the block smaller.
    pub shrink_callback: Option<
        unsafe extern "C" fn(
            handle: c_int,
            hints: c_uint,
            start: *mut c_void,
            old_size: usize,
        ) -> c_int,
    >,
    /// Told around each question whether to move.
    pub sync_callback: Option<unsafe extern "C" fn(handle: c_int, sync_on: bool)>,
}

/// A value that C code may reach.
#[repr(transparent)]
#[derive(Debug)]
pub struct Shared<T>(pub(crate) UnsafeCell<T>);

// SAFETY: this side only takes its address. Who uses it at the same time as others is the C side's to say, as with
// any object there.
unsafe impl<T> core::marker::Sync for Shared<T> {}

/// For blocks that may neither be moved nor shrunk.
#[allow(non_upper_case_globals, reason = "the name in C")]
#[unsafe(no_mangle)]
pub static buflib_ops_locked: Shared<Callbacks> = Shared(UnsafeCell::new(Callbacks {
    move_callback: None,
    shrink_callback: None,
    sync_callback: None,
}));

/// The owner of all blocks of a context that have a note.
pub(crate) struct Client {
    ctx: *mut Context,
}

impl Client {
    #[inline(always)]
    pub(crate) fn new(ctx: *mut Context) -> Self {
        Self { ctx }
    }

    /// The callbacks of a block, if it has any.
    fn callbacks<L: Layout>(
        &self,
        heap: &Heap<'_, L>,
        handle: Handle<L>,
        note: Note,
    ) -> Option<Callbacks> {
        let ops = note.ops(payload(self.ctx, heap, handle).ok()?)?;
        // SAFETY: whoever allocated the block has promised that its callbacks stay for as long.
        Some(unsafe { *ops })
    }
}

/// What C code knows a block by.
#[inline(always)]
pub(crate) fn number<L: Layout>(handle: Handle<L>) -> c_int {
    handle.to_bits() as c_int
}

/// What a shrink callback is told: as much as fits.
fn hints(bytes: usize, side: Side) -> c_uint {
    let side = match side {
        Side::Front => SHRINK_POS_FRONT,
        Side::Back => SHRINK_POS_BACK,
        Side::Either => SHRINK_POS_FRONT | SHRINK_POS_BACK,
    };
    bytes.min(SHRINK_SIZE_MASK as usize) as c_uint | side
}

impl<L: Layout> Owner<L> for Client {
    type Tag = Note;

    fn before_move_in(&mut self, heap: &Heap<'_, L>, ask: &Move<Note, L>) -> Answer {
        let Some(callbacks) = self.callbacks(heap, ask.handle, ask.tag) else {
            return Answer::Agree;
        };
        let Some(callback) = callbacks.move_callback else {
            return Answer::Refuse;
        };
        let (from, to) = (payload_at(self.ctx, ask.from), payload_at(self.ctx, ask.to));
        // SAFETY: the call that runs has a valid context, and the heap is borrowed until the callback has returned.
        let _shown = unsafe { Shown::new(self.ctx, heap) };
        // SAFETY: a callback of the block's own, called as the header says.
        let answer = unsafe { callback(number(ask.handle), from, to) };
        if answer == OK {
            Answer::Agree
        } else {
            Answer::Refuse
        }
    }

    fn synchronise_in(&mut self, heap: &Heap<'_, L>, handle: Handle<L>, note: Note, sync: Sync) {
        let callbacks = self.callbacks(heap, handle, note);
        let Some(callback) = callbacks.and_then(|callbacks| callbacks.sync_callback) else {
            return;
        };
        // SAFETY: as in `before_move_in`.
        let _shown = unsafe { Shown::new(self.ctx, heap) };
        // SAFETY: as in `before_move_in`.
        unsafe { callback(number(handle), sync == Sync::On) };
    }

    fn shrink(&mut self, heap: &mut Heap<'_, L>, wish: &Wish<Note, L>) -> Answer {
        let callbacks = self.callbacks(heap, wish.handle, wish.tag);
        let Some(callback) = callbacks.and_then(|callbacks| callbacks.shrink_callback) else {
            return Answer::Refuse;
        };
        let hints = hints(wish.bytes, wish.side);
        let start = payload_at(self.ctx, wish.start);
        let size = wish.len.saturating_sub(wish.tag.len());
        // SAFETY: the call that runs has a valid context, and `heap` is lent until the callback has returned.
        let _lent = unsafe { Lent::new(self.ctx, heap) };
        // SAFETY: as in `before_move_in`.
        let answer = unsafe { callback(number(wish.handle), hints, start, size) };
        if answer == OK {
            Answer::Agree
        } else {
            Answer::Refuse
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_of_a_gibibyte_and_more_saturate() {
        let most = (1 << 30) - 1;
        assert_eq!(hints(100, Side::Front), 1 << 31 | 100);
        assert_eq!(hints(most, Side::Back), 1 << 30 | 0x3fff_ffff);
        for bytes in [most + 1, most + 2, usize::MAX / 2, usize::MAX] {
            assert_eq!(hints(bytes, Side::Either), u32::MAX);
            assert_eq!(hints(bytes, Side::Back), 1 << 30 | 0x3fff_ffff);
        }
    }
}
