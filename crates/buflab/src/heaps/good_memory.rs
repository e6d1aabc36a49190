//! `good_memory_allocator` ("galloc"), with its default bins.

use std::alloc::Layout;
use std::marker::PhantomData;
use std::ptr::NonNull;

use good_memory_allocator::{
    Allocator, DEFAULT_ALIGNMENT_SUB_BINS_AMOUNT, DEFAULT_SMALLBINS_AMOUNT,
};

use super::raw::nonzero;
use crate::heap::{Kind, NoRoom, TraceHeap};

pub(super) struct GoodMemoryKind;

impl Kind for GoodMemoryKind {
    type Heap<'a> = GoodMemoryHeap<'a>;
    const NAME: &'static str = "good_memory_allocator";
    const ABOUT: &'static str = "good_memory_allocator 0.1 (galloc), default bins";
}

/// More bins make it faster, but the arena it needs is larger as often as it is smaller.
type Galloc = Allocator<DEFAULT_SMALLBINS_AMOUNT, DEFAULT_ALIGNMENT_SUB_BINS_AMOUNT>;

/// Room for one chunk: below it, `init` would panic or underflow.
const LEAST: usize = 64;

pub(super) struct GoodMemoryHeap<'a> {
    // Boxed because free chunks point back into it.
    heap: Box<Galloc>,
    arena: PhantomData<&'a mut [u8]>,
}

// SAFETY: a block is the address galloc gave out, which is valid for the size asked for.
unsafe impl<'a> TraceHeap<'a> for GoodMemoryHeap<'a> {
    type Block = NonNull<u8>;
    type Error = NoRoom;

    const STATE: usize = size_of::<Galloc>();

    fn new(arena: &'a mut [u8]) -> Result<Self, String> {
        if arena.len() < LEAST {
            return Err("no room for a chunk".to_owned());
        }
        let mut heap = Box::new(Galloc::empty());
        // The heap takes an integer: expose the provenance for it to pick up.
        let start = arena.as_mut_ptr().expose_provenance();
        // SAFETY: the exclusive borrow lasts as long as the heap and nothing else uses it; the
        // allocator is boxed, so it keeps its address.
        unsafe { heap.init(start, arena.len()) };
        Ok(Self {
            heap,
            arena: PhantomData,
        })
    }

    #[inline]
    fn alloc(&mut self, layout: Layout) -> Result<NonNull<u8>, NoRoom> {
        // SAFETY: the allocator is initialised and the size is not zero.
        NonNull::new(unsafe { self.heap.alloc(nonzero(layout)) }).ok_or(NoRoom)
    }

    #[inline]
    unsafe fn resize(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<u8>, NoRoom> {
        // SAFETY: the caller vouches for block and layout, and the new size is not zero.
        NonNull::new(unsafe {
            self.heap
                .realloc(block.as_ptr(), nonzero(old), new_size.max(1))
        })
        .ok_or(NoRoom)
    }

    #[inline]
    unsafe fn free(&mut self, block: NonNull<u8>, _layout: Layout) -> Result<(), NoRoom> {
        // SAFETY: the caller vouches for the block.
        unsafe { self.heap.dealloc(block.as_ptr()) };
        Ok(())
    }

    #[inline]
    fn data(&mut self, block: NonNull<u8>, _size: usize) -> Result<NonNull<u8>, NoRoom> {
        Ok(block)
    }
}
