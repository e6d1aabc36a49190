//! Putting values into a store.

use core::mem::MaybeUninit;

use super::Store;
use super::accept::Accepts;
use super::handle::Handle;
use super::rejected::Rejected;
use super::text::Text;
use super::vector::Vector;
use crate::check::Check;
use crate::error::Error;
use crate::layout::Layout;
use crate::pod::Pod;

impl<L: Layout, C: Check, K: ?Sized> Store<'_, L, C, K> {
    /// Puts a value into the store. Constant time, unless others have to move.
    ///
    /// # Errors
    ///
    /// [`Rejected`], which has the value, for the reasons that [`Heap::alloc`](crate::Heap::alloc)
    /// gives, or [`Error::BadAlignment`] if the type is aligned to more than a page.
    ///
    /// ```
    /// # use core::mem::MaybeUninit;
    /// # let mut memory = [MaybeUninit::uninit(); 256];
    /// # let mut store: buflib::Store = buflib::Store::new(&mut memory)?;
    /// let handle = store.insert(Box::new(7))?;
    /// assert_eq!(*store[handle], 7);
    /// let rejected = store.insert([7; 1000]).unwrap_err();
    /// assert_eq!(rejected.value, [7; 1000]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn insert<T: 'static>(&mut self, value: T) -> Result<Handle<T, L>, Rejected<T>>
    where
        K: Accepts<T>,
    {
        self.slots.insert(value)
    }

    /// Puts clones of values into the store, in one block. If a clone panics, those made before are
    /// dropped and the block is freed.
    ///
    /// # Errors
    ///
    /// As for [`Heap::alloc`](crate::Heap::alloc), and [`Error::BadAlignment`].
    pub fn insert_slice<T: Clone + 'static>(
        &mut self,
        values: &[T],
    ) -> Result<Handle<[T], L>, Error>
    where
        K: Accepts<T>,
    {
        let fresh = self.slots.fresh::<[T]>(values.len())?;
        let mut values = values.iter();
        fresh.each(|_| values.next().cloned())
    }

    /// Puts `len` values into the store, in one block, each made from its place. If making one
    /// panics, those made before are dropped and the block is freed.
    ///
    /// # Errors
    ///
    /// As for [`insert_slice`](Self::insert_slice). No value is made then.
    ///
    /// ```
    /// # use core::mem::MaybeUninit;
    /// # let mut memory = [MaybeUninit::uninit(); 256];
    /// # let mut store: buflib::Store = buflib::Store::new(&mut memory)?;
    /// let squares = store.insert_slice_with(4, |i| i * i)?;
    /// assert_eq!(store[squares], [0, 1, 4, 9]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_slice_with<T: 'static>(
        &mut self,
        len: usize,
        mut make: impl FnMut(usize) -> T,
    ) -> Result<Handle<[T], L>, Error>
    where
        K: Accepts<T>,
    {
        self.slots.fresh::<[T]>(len)?.each(|i| Some(make(i)))
    }

    /// Puts a text into the store.
    ///
    /// # Errors
    ///
    /// As for [`Heap::alloc`](crate::Heap::alloc).
    pub fn insert_str(&mut self, text: &str) -> Result<Handle<str, L>, Error> {
        self.slots.insert_str(text)
    }

    /// Puts `len` zeros into the store: bytes, or other plain numbers.
    ///
    /// # Errors
    ///
    /// As for [`insert_slice`](Self::insert_slice).
    ///
    /// ```
    /// # use core::mem::MaybeUninit;
    /// # let mut memory = [MaybeUninit::uninit(); 256];
    /// # let mut store: buflib::Store = buflib::Store::new(&mut memory)?;
    /// let bytes = store.insert_zeroed::<u8>(5)?;
    /// assert_eq!(store[bytes], [0; 5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_zeroed<T: Pod>(&mut self, len: usize) -> Result<Handle<[T], L>, Error>
    where
        K: Accepts<T>,
    {
        self.slots.fresh::<[T]>(len)?.zeroed()
    }

    /// Sets space aside for `len` values and writes nothing to it. Whatever is written is not
    /// dropped with the store before [`assume_init`](Self::assume_init).
    ///
    /// # Errors
    ///
    /// As for [`insert_slice`](Self::insert_slice).
    ///
    /// ```
    /// # use core::mem::MaybeUninit;
    /// # let mut memory = [MaybeUninit::uninit(); 256];
    /// # let mut store: buflib::Store = buflib::Store::new(&mut memory)?;
    /// let space = store.insert_uninit::<u16>(3)?;
    /// for (i, place) in store[space].iter_mut().enumerate() {
    ///     place.write(i as u16);
    /// }
    /// // SAFETY: all three were written.
    /// let values = unsafe { store.assume_init(space)? };
    /// assert_eq!(store[values], [0, 1, 2]);
    /// assert!(store.get(space).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert_uninit<T: 'static>(
        &mut self,
        len: usize,
    ) -> Result<Handle<[MaybeUninit<T>], L>, Error>
    where
        K: Accepts<T>,
    {
        self.slots.fresh::<[MaybeUninit<T>]>(len)?.uninit()
    }

    /// Says that all values of a slice have been written. The handle is from now on the one that is
    /// returned.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    ///
    /// # Safety
    ///
    /// The values under this handle, in this store, are initialised. A handle that may be stale or
    /// of another store does not do: the values that it finds may be others.
    pub unsafe fn assume_init<T: 'static>(
        &mut self,
        handle: Handle<[MaybeUninit<T>], L>,
    ) -> Result<Handle<[T], L>, Error>
    where
        K: Accepts<T>,
    {
        // SAFETY: the caller promises it.
        unsafe { self.slots.assume_init(handle) }
    }

    /// Puts an empty [`Vector`] into the store, without room for a value yet.
    ///
    /// # Errors
    ///
    /// As for [`insert_slice`](Self::insert_slice).
    pub fn new_vector<T: 'static>(&mut self) -> Result<Handle<Vector<T>, L>, Error>
    where
        K: Accepts<T>,
    {
        self.slots.fresh(0)?.empty()
    }

    /// Puts an empty [`Text`] into the store, without room for a character yet.
    ///
    /// # Errors
    ///
    /// As for [`Heap::alloc`](crate::Heap::alloc).
    pub fn new_text(&mut self) -> Result<Handle<Text, L>, Error> {
        self.slots.fresh(0)?.empty()
    }
}
