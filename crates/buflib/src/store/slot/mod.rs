//! Blocks that hold values: the only folder that turns bytes into values and back.
//!
//! It owns the heap and never lends it out, so that every block in it is one of these.

mod block;
mod fresh;
mod row;
mod shape;

use core::mem::{ManuallyDrop, MaybeUninit, forget};

pub(super) use block::Block;
pub(super) use fresh::Fresh;
pub(super) use row::Row;
pub(super) use shape::{Grows, Shape};

use super::handle::Handle;
use super::kind::Kind;
use crate::check::Check;
use crate::compact::Compaction;
use crate::error::{BuildError, Corruption, Error};
use crate::heap::Heap;
use crate::inspect::Stats;
use crate::layout::Layout;
use crate::request::Request;
use crate::units::Index;

/// A heap of values.
///
/// Invariants, which the `SAFETY` comments of this folder cite by letter:
///
/// - A. Every live block begins with a kind (1 of [`Block`]), from before anything else can see it.
/// - B. If that is `S`'s kind, the block is one for an `S` and its elements are initialised (2 to 4);
///   and where `S` is text, they are UTF-8.
/// - C. Nobody else writes the arena: it is borrowed, `heap` is private to this folder, and references
///   to values cover no more than their elements. So the metadata is as the heap has written it: it
///   leads a handle to a live block or nowhere, and no two live blocks overlap.
/// - D. A reference into a block borrows the slots, and all that moves or frees blocks borrows them
///   exclusively.
/// - E. No one is promised that the bytes are initialised: they came as `MaybeUninit`.
///
/// That a handle is stale, foreign or both breaks none of these: it leads to some live block (C), of
/// which the kind tells what it is (A, B).
pub(super) struct Slots<'a, L: Layout, C: Check> {
    heap: Heap<'a, L, C>,
}

impl<'a, L: Layout, C: Check> Slots<'a, L, C> {
    pub(super) fn new(memory: &'a mut [MaybeUninit<u8>]) -> Result<Self, BuildError> {
        Heap::new(memory).map(|heap| Self { heap })
    }

    /// The block that a handle leads to, if it holds an `S`.
    #[inline(always)]
    fn find<S: ?Sized + Shape>(&self, handle: Handle<S, L>) -> Result<Block, Error> {
        let block = Block::new(self.heap.span(handle.untyped())?);
        // SAFETY: A.
        let kind = unsafe { block.kind() };
        if kind.is::<S>() {
            Ok(block)
        } else {
            Err(wrong_type(handle, kind))
        }
    }

    #[inline(always)]
    pub(super) fn get<S: ?Sized + Shape>(&self, handle: Handle<S, L>) -> Result<&S, Error> {
        let block = self.find(handle)?;
        // SAFETY: B, and D for as long as `self` is borrowed.
        Ok(unsafe { block.get() })
    }

    #[inline(always)]
    pub(super) fn get_mut<S: ?Sized + Shape>(
        &mut self,
        handle: Handle<S, L>,
    ) -> Result<&mut S, Error> {
        let block = self.find(handle)?;
        // SAFETY: B, and D for as long as `self` is borrowed exclusively.
        Ok(unsafe { block.get_mut() })
    }

    pub(super) fn get_disjoint_mut<S: ?Sized + Shape, const N: usize>(
        &mut self,
        handles: [Handle<S, L>; N],
    ) -> Result<[&mut S; N], Error> {
        let mut blocks: [Option<Block>; N] = [None; N];
        for (i, &handle) in handles.iter().enumerate() {
            let block = self.find(handle)?;
            if blocks
                .iter()
                .take(i)
                .flatten()
                .any(|other| block.is(*other))
            {
                return Err(Error::SameHandle {
                    number: handle.number(),
                });
            }
            if let Some(to) = blocks.get_mut(i) {
                *to = Some(block);
            }
        }
        // SAFETY: as in `get_mut`; blocks that start at different places do not overlap (C).
        Ok(blocks.map(|block| unsafe { block.unwrap_unchecked().get_mut() }))
    }

    pub(super) fn get_pair_mut<S: ?Sized + Shape, R: ?Sized + Shape>(
        &mut self,
        first: Handle<S, L>,
        second: Handle<R, L>,
    ) -> Result<(&mut S, &mut R), Error> {
        let (one, other) = (self.find(first)?, self.find(second)?);
        if one.is(other) {
            return Err(Error::SameHandle {
                number: first.number(),
            });
        }
        // SAFETY: as in `get_disjoint_mut`.
        Ok(unsafe { (one.get_mut(), other.get_mut()) })
    }

    /// A block for up to `capacity` elements, which holds none of them yet.
    pub(super) fn fresh<S: ?Sized + Shape>(
        &mut self,
        capacity: usize,
    ) -> Result<Fresh<'_, 'a, S, L, C>, Error> {
        let bytes = Self::bytes_for::<S>(capacity)?;
        let handle = if S::ALIGN <= L::GRANULE {
            self.heap.alloc(bytes)?
        } else {
            self.heap.alloc_with(Request::new(bytes).align(S::ALIGN))?
        };
        let block = match self.heap.span(handle) {
            Ok(span) => Block::new(span),
            Err(error) => {
                // Not with metadata in order (C), but a block without a kind must not stay.
                let _ = self.heap.free(handle);
                return Err(error);
            }
        };
        // SAFETY: the block is new and has `S::OFFSET` bytes, which hold a word; it holds nothing.
        unsafe { block.put_kind(Kind::GONE) };
        Ok(Fresh::new(self, handle, block, capacity))
    }

    fn bytes_for<S: ?Sized + Shape>(capacity: usize) -> Result<usize, Error> {
        let elements = capacity.checked_mul(S::SIZE);
        elements
            .and_then(|bytes| bytes.checked_add(S::OFFSET))
            .ok_or_else(|| Heap::<L, C>::too_large(usize::MAX))
    }

    /// Takes a value out. If that fails it stays where it was.
    pub(super) fn remove<T: 'static>(&mut self, handle: Handle<T, L>) -> Result<T, Error> {
        let block = self.find(handle)?;
        // SAFETY: the value is initialised (B), and read before the heap writes to what was its
        // place. It has two owners until the block is freed, of which this one drops nothing.
        let value = unsafe { block.element::<T>(0).cast::<ManuallyDrop<T>>().read() };
        self.heap.free(handle.untyped())?;
        Ok(ManuallyDrop::into_inner(value))
    }

    /// Drops a value in its place.
    pub(super) fn free<S: ?Sized + Shape>(&mut self, handle: Handle<S, L>) -> Result<(), Error> {
        let block = self.find(handle)?;
        self.destroy(handle.untyped(), block)
    }

    /// Drops whatever a block holds, and frees it even if that panics.
    fn destroy(&mut self, handle: crate::Handle<L>, block: Block) -> Result<(), Error> {
        // SAFETY: A.
        let kind = unsafe { block.kind() };
        if let Some(drop) = kind.drop {
            // SAFETY: a block that holds nothing any more, whatever comes.
            unsafe { block.put_kind(Kind::GONE) };
            let free = FreeAtEnd {
                slots: self,
                handle,
            };
            // SAFETY: B; since the block says that it is gone, nobody drops its elements again. They
            // are not moved meanwhile: the slots are borrowed (D).
            unsafe { drop(block) };
            forget(free);
        }
        self.heap.free(handle)
    }

    /// Drops everything: if a destructor panics, the others still run, and then the panic goes on.
    pub(super) fn clear(&mut self) {
        let numbers = self.heap.stats().table_entries;
        Rest {
            slots: self,
            numbers,
        }
        .drop_all();
    }

    fn destroy_number(&mut self, number: usize) {
        let live = self.heap.numbered(Index(number));
        let Some(handle) = live.and_then(|live| live.handle()) else {
            return;
        };
        if let Ok(span) = self.heap.span(handle) {
            let _ = self.destroy(handle, Block::new(span));
        }
    }

    /// Makes elements that may not be initialised count as initialised.
    ///
    /// # Safety
    ///
    /// They are.
    pub(super) unsafe fn assume_init<T: 'static>(
        &mut self,
        handle: Handle<[MaybeUninit<T>], L>,
    ) -> Result<Handle<[T], L>, Error> {
        let block = self.find(handle)?;
        // SAFETY: the two slices lie in a block in the same way, and the caller promises 4.
        unsafe { block.put_kind(<[T]>::KIND) };
        Ok(Handle::new(handle.untyped()))
    }

    pub(super) fn row<S: ?Sized + Grows>(
        &mut self,
        handle: Handle<S, L>,
    ) -> Result<Row<'_, 'a, S, L, C>, Error> {
        let block = self.find(handle)?;
        Ok(Row::new(self, handle.untyped(), block))
    }

    pub(super) fn contains<S: ?Sized + Shape>(&self, handle: Handle<S, L>) -> bool {
        self.find(handle).is_ok()
    }

    pub(super) fn compact(&mut self) -> Result<Compaction, Error> {
        self.heap.compact()
    }

    pub(super) fn stats(&self) -> Stats {
        self.heap.stats()
    }

    pub(super) fn check(&self) -> Result<(), Corruption> {
        self.heap.check()
    }
}

impl<L: Layout, C: Check> Drop for Slots<'_, L, C> {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cold]
#[inline(never)]
fn wrong_type<S: ?Sized + Shape, L: Layout>(handle: Handle<S, L>, found: &Kind) -> Error {
    Error::WrongType {
        number: handle.number(),
        found: found.name(),
        expected: S::KIND.name(),
    }
}

/// Frees a block whose destructor has panicked.
struct FreeAtEnd<'s, 'a, L: Layout, C: Check> {
    slots: &'s mut Slots<'a, L, C>,
    handle: crate::Handle<L>,
}

impl<L: Layout, C: Check> Drop for FreeAtEnd<'_, '_, L, C> {
    fn drop(&mut self) {
        let _ = self.slots.heap.free(self.handle);
    }
}

/// What is still to be dropped, whatever happens: the blocks with the numbers up to this one. The
/// highest first, so that the table shrinks with them.
struct Rest<'s, 'a, L: Layout, C: Check> {
    slots: &'s mut Slots<'a, L, C>,
    numbers: usize,
}

impl<L: Layout, C: Check> Rest<'_, '_, L, C> {
    fn drop_all(&mut self) {
        while let Some(less) = self.numbers.checked_sub(1) {
            let number = core::mem::replace(&mut self.numbers, less);
            self.slots.destroy_number(number);
        }
    }
}

impl<L: Layout, C: Check> Drop for Rest<'_, '_, L, C> {
    fn drop(&mut self) {
        self.drop_all();
    }
}
