//! `slotmap` over blocks of the C library's `malloc`: the usual way to have handles that go stale. For
//! speed alone.

use std::alloc::{Layout, System};
use std::ptr::NonNull;

use slotmap::{DefaultKey, SlotMap};
use thiserror::Error;

use super::global::Global;
use crate::heap::{Kind, NoRoom, Refusal, TraceHeap};

pub(super) struct SlotMapKind;

impl Kind for SlotMapKind {
    type Heap<'a> = SlotMapHeap;
    const NAME: &'static str = "slotmap";
    const ABOUT: &'static str = "slotmap 1.1, its keys leading to blocks of the C library's malloc";
    const FIXED_ARENA: bool = false;
}

pub(super) struct SlotMapHeap {
    memory: Global<System>,
    /// Address and length, as a boxed slice has them.
    map: SlotMap<DefaultKey, NonNull<[u8]>>,
}

#[derive(Debug, Error)]
pub(super) enum NotDone {
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    #[error("the key is stale, or the length another one")]
    NoBlock,
}

impl Refusal for NotDone {
    fn is_fault(&self) -> bool {
        matches!(self, Self::NoBlock)
    }
}

fn slice(data: NonNull<u8>, size: usize) -> NonNull<[u8]> {
    NonNull::slice_from_raw_parts(data, size)
}

// SAFETY: a key leads to the address the allocator gave out for a block, with the size it has.
unsafe impl<'a> TraceHeap<'a> for SlotMapHeap {
    type Block = DefaultKey;
    type Error = NotDone;

    fn new(arena: &'a mut [u8]) -> Result<Self, String> {
        Ok(Self {
            memory: Global::new(arena)?,
            map: SlotMap::new(),
        })
    }

    #[inline]
    fn alloc(&mut self, layout: Layout) -> Result<DefaultKey, NotDone> {
        let data = self.memory.alloc(layout)?;
        Ok(self.map.insert(slice(data, layout.size())))
    }

    #[inline]
    unsafe fn resize(
        &mut self,
        block: DefaultKey,
        old: Layout,
        new_size: usize,
    ) -> Result<DefaultKey, NotDone> {
        let place = self.map.get_mut(block).ok_or(NotDone::NoBlock)?;
        // SAFETY: the block is live with this layout, and so is what its key leads to.
        let data = unsafe { self.memory.resize(place.cast(), old, new_size)? };
        *place = slice(data, new_size);
        Ok(block)
    }

    #[inline]
    unsafe fn free(&mut self, block: DefaultKey, layout: Layout) -> Result<(), NotDone> {
        let place = self.map.remove(block).ok_or(NotDone::NoBlock)?;
        // SAFETY: as in `resize`.
        unsafe { self.memory.free(place.cast(), layout)? };
        Ok(())
    }

    #[inline]
    fn data(&mut self, block: DefaultKey, size: usize) -> Result<NonNull<u8>, NotDone> {
        let place = self.map.get(block).filter(|place| place.len() == size);
        Ok(place.ok_or(NotDone::NoBlock)?.cast())
    }

    #[inline]
    unsafe fn read_word(&mut self, block: DefaultKey, _size: usize) -> Result<u64, NotDone> {
        let place = self.map.get(block).ok_or(NotDone::NoBlock)?;
        if place.len() < size_of::<u64>() {
            return Ok(0);
        }
        // SAFETY: a word at least, which was written and is aligned by the caller's promise.
        Ok(unsafe { place.cast::<u64>().read() })
    }
}
