//! `rlsf`, the core `Tlsf` on one pool.
//!
//! `embedded-alloc` is not a heap of its own here: it is this type, or that of
//! `linked_list_allocator`, under a critical section, which a single-threaded replay does not need.

use std::alloc::Layout;
use std::marker::PhantomData;
use std::ptr::NonNull;

use rlsf::Tlsf;

use super::raw::{nonzero, with_size};
use crate::heap::{Kind, NoRoom, TraceHeap};

pub(super) struct RlsfKind;

impl Kind for RlsfKind {
    type Heap<'a> = RlsfHeap<'a>;
    const NAME: &'static str = "rlsf";
    const ABOUT: &'static str = "rlsf 0.2, Tlsf with 24 x 64 lists: blocks up to 512 MiB; also the TLSF heap of embedded-alloc";
}

/// As in rlsf's own `GlobalTlsf`, 64 lists between powers of two; but with 24 instead of 64 powers,
/// enough for blocks of 512 MiB, so that its header takes 12 KiB of the arena instead of 33.
type Pool<'a> = Tlsf<'a, u32, u64, 24, 64>;

pub(super) struct RlsfHeap<'a> {
    tlsf: Pool<'a>,
    arena: PhantomData<&'a mut [u8]>,
}

// SAFETY: a block is the address rlsf gave out, which is valid for the size asked for.
unsafe impl<'a> TraceHeap<'a> for RlsfHeap<'a> {
    type Block = NonNull<u8>;
    type Error = NoRoom;

    fn new(arena: &'a mut [u8]) -> Result<Self, String> {
        let mut tlsf = Pool::new();
        // SAFETY: the exclusive borrow lasts as long as the heap, and nothing else uses it.
        unsafe { tlsf.insert_free_block_ptr(NonNull::from(arena)) }.ok_or("no room for a block")?;
        Ok(Self {
            tlsf,
            arena: PhantomData,
        })
    }

    #[inline]
    fn alloc(&mut self, layout: Layout) -> Result<NonNull<u8>, NoRoom> {
        self.tlsf.allocate(nonzero(layout)).ok_or(NoRoom)
    }

    #[inline]
    unsafe fn resize(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<u8>, NoRoom> {
        // SAFETY: the caller vouches for block and alignment.
        unsafe { self.tlsf.reallocate(block, with_size(old, new_size)) }.ok_or(NoRoom)
    }

    #[inline]
    unsafe fn free(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), NoRoom> {
        // SAFETY: the caller vouches for block and alignment.
        unsafe { self.tlsf.deallocate(block, layout.align()) };
        Ok(())
    }

    #[inline]
    fn data(&mut self, block: NonNull<u8>, _size: usize) -> Result<NonNull<u8>, NoRoom> {
        Ok(block)
    }
}
