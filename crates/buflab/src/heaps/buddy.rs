//! `buddy_system_allocator`: powers of two.

use std::alloc::Layout;
use std::marker::PhantomData;
use std::ptr::NonNull;

use buddy_system_allocator::Heap;

use super::raw::{move_to_new, nonzero};
use crate::heap::{Kind, NoRoom, TraceHeap};

pub(super) struct BuddyKind;

impl Kind for BuddyKind {
    type Heap<'a> = BuddyHeap<'a>;
    const NAME: &'static str = "buddy_system_allocator";
    const ABOUT: &'static str = "buddy_system_allocator 0.13, 33 orders";
}

pub(super) struct BuddyHeap<'a> {
    heap: Heap<33>,
    arena: PhantomData<&'a mut [u8]>,
}

// SAFETY: a block is the address the heap gave out, which is valid for the size asked for.
unsafe impl<'a> TraceHeap<'a> for BuddyHeap<'a> {
    type Block = NonNull<u8>;
    type Error = NoRoom;

    const RESIZES: bool = false;

    fn new(arena: &'a mut [u8]) -> Result<Self, String> {
        let mut heap = Heap::empty();
        // The heap takes an integer: expose the provenance for it to pick up.
        let start = arena.as_mut_ptr().expose_provenance();
        // SAFETY: the exclusive borrow lasts as long as the heap, and nothing else uses it.
        unsafe { heap.init(start, arena.len()) };
        Ok(Self {
            heap,
            arena: PhantomData,
        })
    }

    #[inline]
    fn alloc(&mut self, layout: Layout) -> Result<NonNull<u8>, NoRoom> {
        self.heap.alloc(nonzero(layout)).map_err(|()| NoRoom)
    }

    #[inline]
    unsafe fn resize(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<u8>, NoRoom> {
        // SAFETY: as promised by the caller. The heap offers no resize of its own.
        unsafe { move_to_new(self, block, old, new_size) }
    }

    #[inline]
    unsafe fn free(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), NoRoom> {
        // SAFETY: the caller vouches for block and layout.
        unsafe { self.heap.dealloc(block, nonzero(layout)) };
        Ok(())
    }

    #[inline]
    fn data(&mut self, block: NonNull<u8>, _size: usize) -> Result<NonNull<u8>, NoRoom> {
        Ok(block)
    }
}
