//! Global allocators, which take their memory from the system: for speed alone.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::NonNull;

use mimalloc::MiMalloc;

use super::raw::nonzero;
use crate::heap::{Kind, NoRoom, TraceHeap};

pub(super) struct SystemKind;

impl Kind for SystemKind {
    type Heap<'a> = Global<System>;
    const NAME: &'static str = "system";
    const ABOUT: &'static str = "the C library's malloc, by way of std::alloc::System";
    const FIXED_ARENA: bool = false;
}

pub(super) struct MimallocKind;

impl Kind for MimallocKind {
    type Heap<'a> = Global<MiMalloc>;
    const NAME: &'static str = "mimalloc";
    const ABOUT: &'static str = "mimalloc 0.1 (the Rust wrapper's version)";
    const FIXED_ARENA: bool = false;
}

/// An allocator without state of its own that can be named by a constant.
pub(super) trait Constant: GlobalAlloc {
    const IT: Self;
}

impl Constant for System {
    const IT: Self = System;
}

impl Constant for MiMalloc {
    const IT: Self = MiMalloc;
}

pub(super) struct Global<A>(A);

// SAFETY: a block is the address the allocator gave out, valid for the size asked for.
unsafe impl<'a, A: Constant> TraceHeap<'a> for Global<A> {
    type Block = NonNull<u8>;
    type Error = NoRoom;

    fn new(_arena: &'a mut [u8]) -> Result<Self, String> {
        Ok(Self(A::IT))
    }

    #[inline]
    fn alloc(&mut self, layout: Layout) -> Result<NonNull<u8>, NoRoom> {
        // SAFETY: the size is not zero.
        NonNull::new(unsafe { self.0.alloc(nonzero(layout)) }).ok_or(NoRoom)
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
            self.0
                .realloc(block.as_ptr(), nonzero(old), new_size.max(1))
        })
        .ok_or(NoRoom)
    }

    #[inline]
    unsafe fn free(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), NoRoom> {
        // SAFETY: the caller vouches for block and layout.
        unsafe { self.0.dealloc(block.as_ptr(), nonzero(layout)) };
        Ok(())
    }

    #[inline]
    fn data(&mut self, block: NonNull<u8>, _size: usize) -> Result<NonNull<u8>, NoRoom> {
        Ok(block)
    }
}
