//! `talc`, with its default bins, on one claimed region.

use std::alloc::Layout;
use std::marker::PhantomData;
use std::ptr::NonNull;

use talc::DefaultBinning;
use talc::base::Talc;
use talc::source::Manual;

use super::raw::{move_to_new, nonzero};
use crate::heap::{Kind, NoRoom, TraceHeap};

pub(super) struct TalcKind;

impl Kind for TalcKind {
    type Heap<'a> = TalcHeap<'a>;
    const NAME: &'static str = "talc";
    const ABOUT: &'static str = "talc 5.1, default bins; grows and shrinks in place where it can";
}

pub(super) struct TalcHeap<'a> {
    talc: Talc<Manual, DefaultBinning>,
    arena: PhantomData<&'a mut [u8]>,
}

// SAFETY: a block is the address talc gave out, which is valid for the size asked for.
unsafe impl<'a> TraceHeap<'a> for TalcHeap<'a> {
    type Block = NonNull<u8>;
    type Error = NoRoom;

    fn new(arena: &'a mut [u8]) -> Result<Self, String> {
        let mut talc = Talc::new(Manual);
        // SAFETY: the exclusive borrow lasts as long as the heap, and nothing else uses it.
        unsafe { talc.claim(arena.as_mut_ptr(), arena.len()) }.ok_or("no room for talc's bins")?;
        Ok(Self {
            talc,
            arena: PhantomData,
        })
    }

    #[inline]
    fn alloc(&mut self, layout: Layout) -> Result<NonNull<u8>, NoRoom> {
        // SAFETY: the size is not zero.
        unsafe { self.talc.allocate(nonzero(layout)) }.ok_or(NoRoom)
    }

    // The same steps as in the `realloc` of talc's own wrappers.
    #[inline]
    unsafe fn resize(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<u8>, NoRoom> {
        // SAFETY: the caller vouches for block and layout, and the new size is not zero.
        let in_place = unsafe {
            self.talc
                .try_realloc_in_place(block.as_ptr(), nonzero(old), new_size.max(1))
        };
        if in_place {
            return Ok(block);
        }
        // SAFETY: as above; nothing has changed.
        unsafe { move_to_new(self, block, old, new_size) }
    }

    #[inline]
    unsafe fn free(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), NoRoom> {
        // SAFETY: the caller vouches for block and layout.
        unsafe { self.talc.deallocate(block.as_ptr(), nonzero(layout)) };
        Ok(())
    }

    #[inline]
    fn data(&mut self, block: NonNull<u8>, _size: usize) -> Result<NonNull<u8>, NoRoom> {
        Ok(block)
    }
}
