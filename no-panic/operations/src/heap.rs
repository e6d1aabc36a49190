//! A heap by itself.

use core::fmt::{self, Debug, Display};
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut, Range};
use core::ptr::NonNull;

use buflib::{
    Allocations, Anchors, Block, Blocks, Budget, BuildError, Compaction, Corruption, Error, Handle,
    Heap, Pinned, Request, Stats, Step,
};

use crate::user::Kind;

roots! {
    ("Heap::new") (memory: &'a mut [MaybeUninit<u8>]) -> Result<Heap<'a, L, C>, BuildError> { Heap::new(memory) }
    ("Heap::from_bytes") (memory: &'a mut [u8]) -> Result<Heap<'a, L, C>, BuildError> { Heap::from_bytes(memory) }
    ("Heap::get") (heap: &'h Heap<'a, L, C>, handle: Handle<L>) -> Result<&'h [u8], Error> { heap.get(handle) }
    ("Heap::get_mut") (heap: &'h mut Heap<'a, L, C>, handle: Handle<L>) -> Result<&'h mut [u8], Error> { heap.get_mut(handle) }
    ("Heap::get_as") (heap: &'h Heap<'a, L, C>, handle: Handle<L>) -> Result<&'h [u32], Error> { heap.get_as(handle) }
    ("Heap::get_as") (heap: &'h Heap<'a, L, C>, handle: Handle<L>) -> Result<&'h [[u16; 3]], Error> { heap.get_as(handle) }
    ("Heap::get_as") (heap: &'h Heap<'a, L, C>, handle: Handle<L>) -> Result<&'h [[u8; 0]], Error> { heap.get_as(handle) }
    ("Heap::get_as_mut") (heap: &'h mut Heap<'a, L, C>, handle: Handle<L>) -> Result<&'h mut [u32], Error> { heap.get_as_mut(handle) }
    ("Heap::get_as_mut") (heap: &'h mut Heap<'a, L, C>, handle: Handle<L>) -> Result<&'h mut [[u16; 3]], Error> { heap.get_as_mut(handle) }
    ("Heap::get_as_mut") (heap: &'h mut Heap<'a, L, C>, handle: Handle<L>) -> Result<&'h mut [[u8; 0]], Error> { heap.get_as_mut(handle) }
    ("Heap::get_disjoint_mut") (heap: &'h mut Heap<'a, L, C>, handles: [Handle<L>; 0]) -> Result<[&'h mut [u8]; 0], Error> { heap.get_disjoint_mut(handles) }
    ("Heap::get_disjoint_mut") (heap: &'h mut Heap<'a, L, C>, handles: [Handle<L>; 1]) -> Result<[&'h mut [u8]; 1], Error> { heap.get_disjoint_mut(handles) }
    ("Heap::get_disjoint_mut") (heap: &'h mut Heap<'a, L, C>, handles: [Handle<L>; 2]) -> Result<[&'h mut [u8]; 2], Error> { heap.get_disjoint_mut(handles) }
    ("Heap::get_disjoint_mut") (heap: &'h mut Heap<'a, L, C>, handles: [Handle<L>; 9]) -> Result<[&'h mut [u8]; 9], Error> { heap.get_disjoint_mut(handles) }
    // SAFETY: nobody calls it.
    ("Heap::ptr_unchecked") (heap: &Heap<'a, L, C>, handle: Handle<L>) -> NonNull<u8> { unsafe { heap.ptr_unchecked(handle) } }
    ("Heap::anchors") (heap: &Heap<'a, L, C>) -> Anchors { heap.anchors() }
    ("Heap::contains") (heap: &Heap<'a, L, C>, handle: Handle<L>) -> bool { heap.contains(handle) }
    ("Heap::name") (heap: &'h Heap<'a, L, C>, handle: Handle<L>) -> Result<Option<&'h str>, Error> { heap.name(handle) }
    ("Heap::tag") (heap: &Heap<'a, L, C>, handle: Handle<L>) -> Result<Option<Kind>, Error> { heap.tag(handle) }
    ("Heap::tag") (heap: &Heap<'a, L, C>, handle: Handle<L>) -> Result<Option<char>, Error> { heap.tag(handle) }

    ("Heap::alloc") (heap: &mut Heap<'a, L, C>, size: usize) -> Result<Handle<L>, Error> { heap.alloc(size) }
    ("Heap::alloc_mut") (heap: &'h mut Heap<'a, L, C>, size: usize) -> Result<(Handle<L>, &'h mut [u8]), Error> { heap.alloc_mut(size) }
    ("Heap::alloc_with") (heap: &mut Heap<'a, L, C>, request: Request<'_>) -> Result<Handle<L>, Error> { heap.alloc_with(request) }
    ("Heap::alloc_maximum") (heap: &mut Heap<'a, L, C>) -> Result<(Handle<L>, usize), Error> { heap.alloc_maximum() }
    ("Heap::alloc_maximum_with") (heap: &mut Heap<'a, L, C>, request: Request<'_>) -> Result<(Handle<L>, usize), Error> { heap.alloc_maximum_with(request) }
    ("Heap::allocatable") (heap: &mut Heap<'a, L, C>) -> Result<Option<usize>, Error> { heap.allocatable() }
    ("Heap::allocatable_with") (heap: &mut Heap<'a, L, C>, request: Request<'_>) -> Result<Option<usize>, Error> { heap.allocatable_with(request) }
    ("Heap::free") (heap: &mut Heap<'a, L, C>, handle: Handle<L>) -> Result<(), Error> { heap.free(handle) }
    ("Heap::resize") (heap: &mut Heap<'a, L, C>, handle: Handle<L>, size: usize) -> Result<(), Error> { heap.resize(handle, size) }
    ("Heap::resize_mut") (heap: &'h mut Heap<'a, L, C>, handle: Handle<L>, size: usize) -> Result<&'h mut [u8], Error> { heap.resize_mut(handle, size) }
    ("Heap::shrink") (heap: &mut Heap<'a, L, C>, handle: Handle<L>, kept: Range<usize>) -> Result<(), Error> { heap.shrink(handle, kept) }
    ("Heap::compact") (heap: &mut Heap<'a, L, C>) -> Result<Compaction, Error> { heap.compact() }
    ("Heap::compact_step") (heap: &mut Heap<'a, L, C>, budget: Budget) -> Result<Step, Error> { heap.compact_step(budget) }

    ("Heap::pin") (heap: &'h mut Heap<'a, L, C>, handle: Handle<L>) -> Result<Pinned<'h, 'a, L, C>, Error> { heap.pin(handle) }
    ("Heap::unpin") (heap: &mut Heap<'a, L, C>, handle: Handle<L>) -> Result<(), Error> { heap.unpin(handle) }
    ("Heap::pin_count") (heap: &Heap<'a, L, C>, handle: Handle<L>) -> Result<usize, Error> { heap.pin_count(handle) }
    ("Pinned::handle") (pinned: &Pinned<'h, 'a, L, C>) -> Handle<L> { pinned.handle() }
    ("Pinned::bytes") (pinned: &'h Pinned<'_, 'a, L, C>) -> &'h [u8] { pinned.bytes() }
    ("Pinned::bytes_mut") (pinned: &'h mut Pinned<'_, 'a, L, C>) -> &'h mut [u8] { pinned.bytes_mut() }
    ("Pinned::keep") (pinned: Pinned<'h, 'a, L, C>) -> () { pinned.keep() }
    ("Pinned::Deref::deref") (pinned: &'h Pinned<'_, 'a, L, C>) -> &'h Heap<'a, L, C> { pinned.deref() }
    ("Pinned::DerefMut::deref_mut") (pinned: &'h mut Pinned<'_, 'a, L, C>) -> &'h mut Heap<'a, L, C> { pinned.deref_mut() }
    ("Pinned::Drop::drop") (pinned: Pinned<'h, 'a, L, C>) -> () { drop(pinned) }
    ("Pinned::Debug::fmt") (pinned: &Pinned<'_, 'a, L, C>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(pinned, f) }

    ("Heap::stats") (heap: &Heap<'a, L, C>) -> Stats { heap.stats() }
    ("Heap::available") (heap: &Heap<'a, L, C>) -> usize { heap.available() }
    ("Heap::check") (heap: &Heap<'a, L, C>) -> Result<(), Corruption> { heap.check() }
    ("Heap::blocks") (heap: &'h Heap<'a, L, C>) -> Blocks<'h, 'h, L, C> { heap.blocks() }
    ("Heap::block") (heap: &'h Heap<'a, L, C>, nth: usize) -> Result<Option<Block<'h, L>>, Corruption> { heap.block(nth) }
    ("Heap::handle_at") (heap: &Heap<'a, L, C>, address: usize) -> Option<Handle<L>> { heap.handle_at(address) }
    ("Heap::allocations") (heap: &'h Heap<'a, L, C>) -> Allocations<'h, 'h, L, C> { heap.allocations() }
    ("Blocks::Iterator::next") (blocks: &mut Blocks<'h, 'a, L, C>) -> Option<Result<Block<'h, L>, Corruption>> { blocks.next() }
    ("Blocks::Debug::fmt") (blocks: &Blocks<'h, 'a, L, C>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(blocks, f) }
    ("Allocations::Iterator::next") (list: &mut Allocations<'h, 'a, L, C>) -> Option<Result<Block<'h, L>, Corruption>> { list.next() }
    ("Allocations::Debug::fmt") (list: &Allocations<'h, 'a, L, C>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(list, f) }
    ("Block::Debug::fmt") (block: &Block<'h, L>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(block, f) }
    ("Heap::Display::fmt") (heap: &Heap<'a, L, C>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Display::fmt(heap, f) }
    ("Heap::Debug::fmt") (heap: &Heap<'a, L, C>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(heap, f) }
}
