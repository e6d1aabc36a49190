//! `linked_list_allocator`: one list of holes, by address.

use std::alloc::Layout;
use std::marker::PhantomData;
use std::ptr::NonNull;

use linked_list_allocator::Heap;

use super::raw::{move_to_new, nonzero};
use crate::heap::{Kind, NoRoom, TraceHeap};

pub(super) struct LinkedListKind;

impl Kind for LinkedListKind {
    type Heap<'a> = LinkedListHeap<'a>;
    const NAME: &'static str = "linked_list_allocator";
    const ABOUT: &'static str = "linked_list_allocator 0.10, first fit in a list; also the first-fit heap of embedded-alloc";
}

pub(super) struct LinkedListHeap<'a> {
    heap: Heap,
    arena: PhantomData<&'a mut [u8]>,
}

/// Below this, `Heap::new` is documented to panic.
const LEAST: usize = 3 * size_of::<usize>();

// SAFETY: a block is the address the heap gave out, which is valid for the size asked for.
unsafe impl<'a> TraceHeap<'a> for LinkedListHeap<'a> {
    type Block = NonNull<u8>;
    type Error = NoRoom;

    const RESIZES: bool = false;

    fn new(arena: &'a mut [u8]) -> Result<Self, String> {
        if arena.len() < LEAST {
            return Err("no room for a hole".to_owned());
        }
        // SAFETY: the memory is valid and used by nothing else as long as the heap exists, which
        // the phantom borrow sees to; no block outlives it.
        let heap = unsafe { Heap::new(arena.as_mut_ptr(), arena.len()) };
        Ok(Self {
            heap,
            arena: PhantomData,
        })
    }

    #[inline]
    fn alloc(&mut self, layout: Layout) -> Result<NonNull<u8>, NoRoom> {
        self.heap
            .allocate_first_fit(nonzero(layout))
            .map_err(|()| NoRoom)
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
        unsafe { self.heap.deallocate(block, nonzero(layout)) };
        Ok(())
    }

    #[inline]
    fn data(&mut self, block: NonNull<u8>, _size: usize) -> Result<NonNull<u8>, NoRoom> {
        Ok(block)
    }
}
