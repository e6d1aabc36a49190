//! Lists that grow, in the store.

use core::fmt;
use core::ops::{Deref, DerefMut};

use super::rejected::Rejected;
use super::slot::Row;
use crate::check::{Check, Unchecked};
use crate::error::Error;
use crate::layout::{Layout, Standard};

/// A list of values in a [`Store`](super::Store) that can grow: what a
/// [`Handle<Vector<T>>`](super::Handle) leads to.
///
/// Borrowed like any other value it is a slice. To make it longer or shorter, borrow it together
/// with its store, by [`Store::vector_mut`](super::Store::vector_mut).
#[repr(transparent)]
pub struct Vector<T>([T]);

impl<T> Deref for Vector<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for Vector<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Vector<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A [`Vector`] that can be made longer and shorter, from
/// [`Store::vector_mut`](super::Store::vector_mut). It borrows the store, since a block that grows
/// may move, and others with it.
///
/// It is a slice, too. It grows by half, or by no more than is needed where there is no space for
/// that, so that appending takes constant time on average while there is.
///
/// ```
/// # use core::mem::MaybeUninit;
/// # let mut memory = [MaybeUninit::uninit(); 1024];
/// # let mut store: buflib::Store = buflib::Store::new(&mut memory)?;
/// let names = store.new_vector::<String>()?;
/// let mut list = store.vector_mut(names)?;
/// list.push("one".to_string())?;
/// list.push("three".to_string())?;
/// list.insert(1, "two".to_string())?;
/// assert_eq!(list.remove(0).as_deref(), Some("one"));
/// assert_eq!(store[names][..], ["two", "three"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct VectorMut<'s, 'a, T: 'static, L: Layout = Standard, C: Check = Unchecked> {
    row: Row<'s, 'a, Vector<T>, L, C>,
}

impl<'s, 'a, T: 'static, L: Layout, C: Check> VectorMut<'s, 'a, T, L, C> {
    pub(super) fn new(row: Row<'s, 'a, Vector<T>, L, C>) -> Self {
        Self { row }
    }

    /// Appends a value. Constant time, unless the list has to grow.
    ///
    /// # Errors
    ///
    /// [`Rejected`], with the value, if there is no room; see [`Heap::resize`](crate::Heap::resize).
    #[inline]
    pub fn push(&mut self, value: T) -> Result<(), Rejected<T>> {
        match self.row.reserve(1) {
            Ok(()) => self.row.push(value).map_err(|value| self.full(value)),
            Err(error) => Err(Rejected { error, value }),
        }
    }

    /// Takes the last value. Constant time.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.row.pop()
    }

    /// Puts a value in front of the one at `index`, or at the end. Linear in the values behind it.
    ///
    /// # Errors
    ///
    /// [`Rejected`], with the value, for [`Error::BadIndex`] if the list is shorter, and as for
    /// [`push`](Self::push).
    pub fn insert(&mut self, index: usize, value: T) -> Result<(), Rejected<T>> {
        let len = self.len();
        if index > len {
            let error = Error::BadIndex { index, len };
            return Err(Rejected { error, value });
        }
        match self.row.reserve(1) {
            Ok(()) => (self.row.insert(index, value)).map_err(|value| self.full(value)),
            Err(error) => Err(Rejected { error, value }),
        }
    }

    /// Takes a value out, `None` if there is none at `index`. Linear in the values behind it.
    pub fn remove(&mut self, index: usize) -> Option<T> {
        self.row.remove(index)
    }

    /// Takes a value out and puts the last one in its place. Constant time.
    pub fn swap_remove(&mut self, index: usize) -> Option<T> {
        let (last, others) = self.split_last_mut()?;
        let is_last = index == others.len();
        match others.get_mut(index) {
            Some(place) => core::mem::swap(place, last),
            None if is_last => {}
            None => return None,
        }
        self.pop()
    }

    /// There is no room, although it was reserved: more values of no size than can be counted.
    #[cold]
    fn full(&self, value: T) -> Rejected<T> {
        let error = Error::TooLarge {
            requested: usize::MAX,
            limit: self.row.capacity(),
        };
        Rejected { error, value }
    }

    /// Drops all values but the first `len`. If a destructor panics, the others still run.
    pub fn truncate(&mut self, len: usize) {
        self.row.cut(len);
    }

    /// Drops all values.
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Appends clones of values.
    ///
    /// # Errors
    ///
    /// As for [`reserve`](Self::reserve). Nothing is appended then.
    pub fn extend_from_slice(&mut self, values: &[T]) -> Result<(), Error>
    where
        T: Clone,
    {
        self.reserve(values.len())?;
        for value in values {
            self.push(value.clone())?;
        }
        Ok(())
    }

    /// Makes room for so many more values.
    ///
    /// # Errors
    ///
    /// As for [`Heap::resize`](crate::Heap::resize).
    pub fn reserve(&mut self, more: usize) -> Result<(), Error> {
        self.row.reserve(more)
    }

    /// Gives back what room there is for more values, up to the granule.
    ///
    /// # Errors
    ///
    /// As for [`Heap::resize`](crate::Heap::resize).
    pub fn shrink_to_fit(&mut self) -> Result<(), Error> {
        self.row.shrink_to_fit()
    }

    /// How many values there is room for; `usize::MAX` for values of no size.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.row.capacity()
    }

    /// The values.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        self
    }

    /// The values, to change.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self
    }
}

impl<T: 'static, L: Layout, C: Check> Deref for VectorMut<'_, '_, T, L, C> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        self.row.get()
    }
}

impl<T: 'static, L: Layout, C: Check> DerefMut for VectorMut<'_, '_, T, L, C> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        self.row.get_mut()
    }
}

impl<T: fmt::Debug + 'static, L: Layout, C: Check> fmt::Debug for VectorMut<'_, '_, T, L, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}
