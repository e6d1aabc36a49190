//! A block that is being filled.

use core::marker::PhantomData;
use core::mem::{MaybeUninit, forget};
use core::ptr::{NonNull, slice_from_raw_parts_mut};

use super::{Block, FreeAtEnd, Grows, Shape, Slots};
use crate::check::Check;
use crate::error::Error;
use crate::layout::Layout;
use crate::pod::Pod;
use crate::store::handle::Handle;
use crate::store::rejected::Rejected;

/// A new block, of which the first `made` elements are initialised. Until it is finished it says that
/// it holds nothing, so that it is harmless if it is leaked; if it is dropped, so are its elements.
pub(in crate::store) struct Fresh<'s, 'a, S: ?Sized + Shape, L: Layout, C: Check> {
    slots: &'s mut Slots<'a, L, C>,
    handle: crate::Handle<L>,
    /// With 2 of `Block` for `S`, and this the only one to know it.
    block: Block,
    capacity: usize,
    made: usize,
    shape: PhantomData<*const S>,
}

impl<'s, 'a, S: ?Sized + Shape, L: Layout, C: Check> Fresh<'s, 'a, S, L, C> {
    pub(super) fn new(
        slots: &'s mut Slots<'a, L, C>,
        handle: crate::Handle<L>,
        block: Block,
        capacity: usize,
    ) -> Self {
        Self {
            slots,
            handle,
            block,
            capacity,
            made: 0,
            shape: PhantomData,
        }
    }

    /// Writes the next element, if there is room for one.
    #[inline(always)]
    fn push(&mut self, element: S::Element) {
        if self.made < self.capacity {
            // SAFETY: `made` is less than the capacity that the block was allocated with, and what
            // is there is no element yet.
            unsafe { self.block.element::<S>(self.made).write(element) };
            self.made += 1;
        }
    }

    /// Writes elements that are bytes to be copied, as many as there is room for.
    fn copy(&mut self, elements: &[S::Element])
    where
        S::Element: Copy,
    {
        let count = elements.len().min(self.capacity - self.made);
        // SAFETY: as in `push`; what is in the heap's memory borrowed exclusively and what is
        // borrowed from elsewhere do not overlap.
        unsafe {
            let to = self.block.element::<S>(self.made);
            to.copy_from_nonoverlapping(NonNull::from(elements).cast(), count);
        }
        self.made += count;
    }

    /// Gives the block its kind, if all that must be there is.
    #[inline(always)]
    fn finish(self) -> Result<Handle<S, L>, Error> {
        if !S::COUNTED && self.made < self.capacity {
            return Err(Error::BadIndex {
                index: self.made,
                len: self.capacity,
            });
        }
        // SAFETY: all are there, or are counted.
        Ok(unsafe { self.seal() })
    }

    /// # Safety
    ///
    /// As many elements were written as there is room for, or `S` is counted.
    #[inline(always)]
    unsafe fn seal(self) -> Handle<S, L> {
        // SAFETY: allocated for `S` (2); the count is written where there is one (3), and otherwise
        // the block has as many elements as it has room for; they are initialised (4).
        unsafe {
            if S::COUNTED {
                self.block.put_count::<S>(self.made);
            }
            self.block.put_kind(S::KIND);
        }
        let handle = Handle::new(self.handle);
        forget(self);
        handle
    }
}

impl<'a, L: Layout, C: Check> Slots<'a, L, C> {
    #[inline(always)]
    pub(in crate::store) fn insert<T: 'static>(
        &mut self,
        value: T,
    ) -> Result<Handle<T, L>, Rejected<T>> {
        match self.fresh::<T>(1) {
            Ok(mut fresh) => {
                // All that can fail is done: the value cannot be lost.
                fresh.push(value);
                // SAFETY: there is room for one, and it was written.
                Ok(unsafe { fresh.seal() })
            }
            Err(error) => Err(Rejected { error, value }),
        }
    }

    pub(in crate::store) fn insert_str(&mut self, text: &str) -> Result<Handle<str, L>, Error> {
        let mut fresh = self.fresh::<str>(text.len())?;
        fresh.copy(text.as_bytes());
        fresh.finish()
    }
}

impl<T: 'static, L: Layout, C: Check> Fresh<'_, '_, [T], L, C> {
    /// As many elements as the block has room for, each made from its place.
    pub(in crate::store) fn each(
        mut self,
        mut make: impl FnMut(usize) -> Option<T>,
    ) -> Result<Handle<[T], L>, Error> {
        while let Some(element) = (self.made < self.capacity)
            .then(|| make(self.made))
            .flatten()
        {
            self.push(element);
        }
        self.finish()
    }

    pub(in crate::store) fn zeroed(mut self) -> Result<Handle<[T], L>, Error>
    where
        T: Pod,
    {
        // SAFETY: as in `push`, and zeros are values (`Pod`).
        unsafe { self.block.element::<[T]>(0).write_bytes(0, self.capacity) };
        self.made = self.capacity;
        self.finish()
    }
}

impl<T: 'static, L: Layout, C: Check> Fresh<'_, '_, [MaybeUninit<T>], L, C> {
    pub(in crate::store) fn uninit(mut self) -> Result<Handle<[MaybeUninit<T>], L>, Error> {
        // Whatever is there is a value of this type.
        self.made = self.capacity;
        self.finish()
    }
}

impl<S: ?Sized + Grows, L: Layout, C: Check> Fresh<'_, '_, S, L, C> {
    /// No elements yet.
    pub(in crate::store) fn empty(self) -> Result<Handle<S, L>, Error> {
        self.finish()
    }
}

impl<S: ?Sized + Shape, L: Layout, C: Check> Drop for Fresh<'_, '_, S, L, C> {
    fn drop(&mut self) {
        let free = FreeAtEnd {
            slots: &mut *self.slots,
            handle: self.handle,
        };
        // SAFETY: the first `made` elements are initialised, and nobody else knows of them.
        unsafe {
            let first = self.block.element::<S>(0).as_ptr();
            slice_from_raw_parts_mut(first, self.made).drop_in_place();
        }
        drop(free);
    }
}
