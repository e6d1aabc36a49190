//! A block whose elements become more and fewer.

use core::marker::PhantomData;
use core::ptr::{NonNull, slice_from_raw_parts_mut};

use super::{Block, Grows, Slots};
use crate::check::Check;
use crate::error::Error;
use crate::layout::Layout;
use crate::store::{Text, Vector};

/// How many bytes of elements a row has room for when it first grows, if there is room.
const FIRST_BYTES: usize = 32;

/// A block of a growing kind, borrowed together with all others. The count in the block is right
/// whenever other code runs, so that nothing depends on this being dropped.
pub(in crate::store) struct Row<'s, 'a, S: ?Sized + Grows, L: Layout, C: Check> {
    slots: &'s mut Slots<'a, L, C>,
    handle: crate::Handle<L>,
    /// With 1 to 4 of `Block` for `S`; looked up again whenever it may have been moved.
    block: Block,
    shape: PhantomData<*const S>,
}

impl<'s, 'a, S: ?Sized + Grows, L: Layout, C: Check> Row<'s, 'a, S, L, C> {
    pub(super) fn new(
        slots: &'s mut Slots<'a, L, C>,
        handle: crate::Handle<L>,
        block: Block,
    ) -> Self {
        Self {
            slots,
            handle,
            block,
            shape: PhantomData,
        }
    }

    #[inline(always)]
    pub(in crate::store) fn get(&self) -> &S {
        // SAFETY: 2 to 4; the slots are borrowed.
        unsafe { self.block.get() }
    }

    #[inline(always)]
    pub(in crate::store) fn get_mut(&mut self) -> &mut S {
        // SAFETY: 2 to 4; the slots are borrowed exclusively.
        unsafe { self.block.get_mut() }
    }

    #[inline(always)]
    pub(in crate::store) fn len(&self) -> usize {
        // SAFETY: 2 and 3.
        unsafe { self.block.len::<S>() }
    }

    /// `usize::MAX` for elements of no size.
    #[inline(always)]
    pub(in crate::store) fn capacity(&self) -> usize {
        self.block.capacity::<S>()
    }

    /// Makes room for `more` elements, and for some to come if there is space for these too.
    #[inline]
    pub(in crate::store) fn reserve(&mut self, more: usize) -> Result<(), Error> {
        let (len, capacity) = (self.len(), self.capacity());
        if more <= capacity - len {
            return Ok(());
        }
        self.grow(len.saturating_add(more))
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, needed: usize) -> Result<(), Error> {
        let capacity = self.capacity();
        let wanted = needed
            .max(capacity.saturating_add(capacity / 2))
            .max(FIRST_BYTES / S::SIZE.max(1));
        match self.resize(wanted) {
            Err(Error::Exhausted { .. } | Error::TooLarge { .. }) if wanted > needed => {
                self.resize(needed)
            }
            result => result,
        }
    }

    pub(in crate::store) fn shrink_to_fit(&mut self) -> Result<(), Error> {
        self.resize(self.len())
    }

    /// Changes the capacity to that or a little more, but never to less than there are elements.
    fn resize(&mut self, capacity: usize) -> Result<(), Error> {
        if S::SIZE == 0 {
            return Ok(());
        }
        let bytes = Slots::<L, C>::bytes_for::<S>(capacity.max(self.len()))?;
        // To the end of the granule: it would be filled up with nothing otherwise.
        let rest = (L::HEADER + bytes % L::GRANULE).wrapping_neg() % L::GRANULE;
        let heap = &mut self.slots.heap;
        let resized = heap.resize(self.handle, bytes.saturating_add(rest));
        // Blocks may have been moved together in an attempt that failed, too.
        self.block = Block::new(heap.span(self.handle)?);
        resized
    }

    /// Appends an element if there is room for it.
    #[inline(always)]
    fn push_element(&mut self, element: S::Element) -> Result<(), S::Element> {
        let len = self.len();
        if len >= self.capacity() {
            return Err(element);
        }
        // SAFETY: within the capacity, where there is no element yet; then there is one more.
        unsafe {
            self.block.element::<S>(len).write(element);
            self.block.put_count::<S>(len + 1);
        }
        Ok(())
    }

    /// Drops all elements from `len` on. They are gone before the first destructor runs.
    fn cut_elements(&mut self, len: usize) {
        let gone = self.len().saturating_sub(len);
        if gone > 0 {
            // SAFETY: the last `gone` elements, initialised (4), which do not count any more.
            unsafe {
                self.block.put_count::<S>(len);
                let first = self.block.element::<S>(len).as_ptr();
                slice_from_raw_parts_mut(first, gone).drop_in_place();
            }
        }
    }
}

impl<T: 'static, L: Layout, C: Check> Row<'_, '_, Vector<T>, L, C> {
    #[inline(always)]
    pub(in crate::store) fn push(&mut self, value: T) -> Result<(), T> {
        self.push_element(value)
    }

    #[inline(always)]
    pub(in crate::store) fn pop(&mut self) -> Option<T> {
        let last = self.len().checked_sub(1)?;
        // SAFETY: the last element (4), which does not count any more and so has one owner.
        unsafe {
            self.block.put_count::<Vector<T>>(last);
            Some(self.block.element::<Vector<T>>(last).read())
        }
    }

    /// Puts an element in front of another, or at the end, if there is room for it.
    pub(in crate::store) fn insert(&mut self, index: usize, value: T) -> Result<(), T> {
        let len = self.len();
        if len >= self.capacity() || index > len {
            return Err(value);
        }
        // SAFETY: within the capacity; the elements behind (4) move up to where there is none yet, and leave a place;
        // then there is one more. No other code runs in between.
        unsafe {
            let place = self.block.element::<Vector<T>>(index);
            place.copy_to(place.add(1), len - index);
            place.write(value);
            self.block.put_count::<Vector<T>>(len + 1);
        }
        Ok(())
    }

    pub(in crate::store) fn remove(&mut self, index: usize) -> Option<T> {
        let behind = self.len().checked_sub(1)?.checked_sub(index)?;
        // SAFETY: an element (4), which does not count any more and so has one owner, and those behind it, which move
        // down to its place. No other code runs in between.
        unsafe {
            let place = self.block.element::<Vector<T>>(index);
            let value = place.read();
            place.copy_from(place.add(1), behind);
            self.block.put_count::<Vector<T>>(index + behind);
            Some(value)
        }
    }

    pub(in crate::store) fn cut(&mut self, len: usize) {
        self.cut_elements(len);
    }
}

impl<L: Layout, C: Check> Row<'_, '_, Text, L, C> {
    /// Appends all of a text if there is room for it, or nothing.
    #[inline(always)]
    pub(in crate::store) fn push_str(&mut self, text: &str) -> bool {
        let (len, more) = (self.len(), text.len());
        if more > self.capacity() - len {
            return false;
        }
        // SAFETY: within the capacity, where there are no elements yet; text behind text is text. It
        // is not borrowed from this block, which is borrowed exclusively.
        unsafe {
            let to = self.block.element::<Text>(len);
            to.copy_from_nonoverlapping(NonNull::from(text).cast(), more);
            self.block.put_count::<Text>(len + more);
        }
        true
    }

    /// Drops what is behind the first `len` bytes, if a character starts or the text ends there.
    pub(in crate::store) fn cut(&mut self, len: usize) -> bool {
        let whole = self.get().is_char_boundary(len);
        if whole {
            self.cut_elements(len);
        }
        whole
    }
}
