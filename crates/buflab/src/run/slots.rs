//! What the replayed program keeps: one block per slot.

use std::mem::MaybeUninit;

use crate::trace::Event;

/// The blocks by slot, without a mark for what is live: the events know.
pub(super) struct Slots<B> {
    blocks: Vec<MaybeUninit<B>>,
}

impl<B: Copy> Slots<B> {
    pub(super) fn new(len: usize) -> Self {
        Self {
            blocks: vec![MaybeUninit::uninit(); len],
        }
    }

    #[inline]
    pub(super) fn set(&mut self, event: &Event, block: B) {
        self.blocks[event.slot()].write(block);
    }

    /// # Safety
    ///
    /// The slot must have been set since these slots were made. In the order of a `Program` that
    /// holds for every resize and free, as each comes after the allocation of its slot.
    #[inline]
    pub(super) unsafe fn get(&self, event: &Event) -> B {
        // SAFETY: by the caller's promise.
        unsafe { self.blocks[event.slot()].assume_init() }
    }
}
