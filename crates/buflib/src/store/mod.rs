//! Values of any type in a compacting heap, under typed handles.
//!
//! [`Store`] is where to start. Payloads that are numbers and no more need none of this:
//! [`Heap::get_as`](crate::Heap::get_as) sees them where they are.

mod accept;
mod handle;
mod insert;
mod kind;
mod rejected;
mod slot;
mod text;
mod vector;

use core::any::Any;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::{Index, IndexMut};

use crate::check::{Check, Unchecked};
use crate::compact::Compaction;
use crate::error::{BuildError, Corruption, Error};
use crate::inspect::Stats;
use crate::layout::{Layout, Standard};
use crate::show::Quoted;
use slot::{Shape, Slots};

pub use accept::Accepts;
pub use handle::Handle;
pub use kind::TypeName;
pub use rejected::Rejected;
pub use text::{Text, TextMut};
pub use vector::{Vector, VectorMut};

/// What a [`Handle`] of a store can lead to: a value of any type that borrows nothing, a slice of
/// such values, a `str`, a [`Vector`] or a [`Text`].
#[allow(private_bounds)]
pub trait Stored: Shape {}

impl<S: ?Sized + Shape> Stored for S {}

/// A store of values that may be sent to another thread.
pub type SendStore<'a, L = Standard, C = Unchecked> = Store<'a, L, C, dyn Any + Send>;

/// A store of values that may be shared between threads.
pub type SyncStore<'a, L = Standard, C = Unchecked> = Store<'a, L, C, dyn Any + Send + Sync>;

/// A compacting heap of values: any Rust value or slice, under a typed handle.
///
/// To move a value in Rust is to copy its bytes, so every type may be moved by compaction while it
/// is not borrowed.
///
/// ```
/// use core::mem::MaybeUninit;
/// use buflib::Store;
///
/// let mut memory = [MaybeUninit::uninit(); 4096];
/// let mut store: Store = Store::new(&mut memory)?;
/// let number = store.insert(42_u32)?;
/// let name = store.insert_str("forty-two")?;
/// let list = store.insert(vec!["any", "value"])?;
/// store[number] += 1;
/// store.get_mut(list)?.push("at all");
/// assert_eq!((store[number], &store[name], store[list].len()), (43, "forty-two", 3));
/// assert_eq!(store.remove(list)?.len(), 3); // out again, to be dropped here
/// assert!(store.get(list).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cost
///
/// A value costs what a [block](crate::Heap::METADATA_BYTES) costs, and a word in it that says of
/// which type it is: a pointer, 4 or 8 bytes. A [`Vector`], a [`Text`] and a slice of values of no
/// size have a second word, for their length. A type aligned to more than these words costs its
/// alignment instead of them. Looking a value up is the heap's look-up and one comparison.
///
/// # Which values
///
/// All that are `'static`: a value with a borrow in it could not be told from one whose borrow has
/// ended. Alignments up to a page. Whether the store can be sent to another thread is its last
/// parameter, see [`Accepts`].
///
/// # Destructors
///
/// A value is dropped exactly once: when it is [freed](Self::free), the store is
/// [cleared](Self::clear), or the store is dropped. By then it is gone for the store, so that a
/// panic cannot make it be dropped again. If a destructor panics, those of the other elements, and
/// of the other values of a store that is cleared or dropped, still run; a second panic while they
/// do aborts the program, as ever in Rust.
///
/// Destructors do not run for values that were taken out with [`remove`](Self::remove), which are
/// their new owner's; if the store itself is never dropped, because it was passed to
/// [`core::mem::forget`], was leaked, or is a static; or the program ends without unwinding.
///
/// # Why there is no `from_bytes`
///
/// Values may have bytes that are not initialised, such as padding, and leave them behind in the
/// memory. Memory that came as `&mut [u8]` would be read as bytes again after the store has ended.
/// For the same reason a store does not lend its heap.
pub struct Store<'a, L: Layout = Standard, C: Check = Unchecked, K: ?Sized = dyn Any> {
    slots: Slots<'a, L, C>,
    /// The store is `Send` and `Sync` if `K` is; `Accepts` lets no value in that is not.
    accepts: PhantomData<K>,
}

impl<'a, L: Layout, C: Check, K: ?Sized> Store<'a, L, C, K> {
    /// Makes a store of a buffer of any content, in constant time.
    ///
    /// # Errors
    ///
    /// As for [`Heap::new`](crate::Heap::new).
    pub fn new(memory: &'a mut [MaybeUninit<u8>]) -> Result<Self, BuildError> {
        Ok(Self {
            slots: Slots::new(memory)?,
            accepts: PhantomData,
        })
    }

    /// A value. Constant time: one look-up in the table.
    ///
    /// # Errors
    ///
    /// [`Error::BadHandle`] if there is none under this handle any more, [`Error::WrongType`] if
    /// there is one of another type.
    #[inline]
    pub fn get<T: ?Sized + Stored>(&self, handle: Handle<T, L>) -> Result<&T, Error> {
        self.slots.get(handle)
    }

    /// A value, to change. Constant time.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    #[inline]
    pub fn get_mut<T: ?Sized + Stored>(&mut self, handle: Handle<T, L>) -> Result<&mut T, Error> {
        self.slots.get_mut(handle)
    }

    /// Several different values, all to change. Quadratic in their number.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get), and [`Error::SameHandle`] if one is given twice.
    ///
    /// ```
    /// # use core::mem::MaybeUninit;
    /// # let mut memory = [MaybeUninit::uninit(); 256];
    /// # let mut store: buflib::Store = buflib::Store::new(&mut memory)?;
    /// let (a, b) = (store.insert(1)?, store.insert(2)?);
    /// let [x, y] = store.get_disjoint_mut([a, b])?;
    /// std::mem::swap(x, y);
    /// assert_eq!((store[a], store[b]), (2, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_disjoint_mut<T: ?Sized + Stored, const N: usize>(
        &mut self,
        handles: [Handle<T, L>; N],
    ) -> Result<[&mut T; N], Error> {
        self.slots.get_disjoint_mut(handles)
    }

    /// Two different values of any two types, both to change.
    ///
    /// # Errors
    ///
    /// As for [`get_disjoint_mut`](Self::get_disjoint_mut).
    pub fn get_pair_mut<T: ?Sized + Stored, U: ?Sized + Stored>(
        &mut self,
        first: Handle<T, L>,
        second: Handle<U, L>,
    ) -> Result<(&mut T, &mut U), Error> {
        self.slots.get_pair_mut(first, second)
    }

    /// Whether there is a value of the right type under a handle. Constant time.
    #[must_use]
    pub fn contains<T: ?Sized + Stored>(&self, handle: Handle<T, L>) -> bool {
        self.slots.contains(handle)
    }

    /// Takes a value out of the store.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    pub fn remove<T: 'static>(&mut self, handle: Handle<T, L>) -> Result<T, Error> {
        self.slots.remove(handle)
    }

    /// Drops a value, or all elements of a slice or list, and frees the block.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    pub fn free<T: ?Sized + Stored>(&mut self, handle: Handle<T, L>) -> Result<(), Error> {
        self.slots.free(handle)
    }

    /// Drops all values. Their handles are stale then. Linear in the entries of the handle table.
    pub fn clear(&mut self) {
        self.slots.clear();
    }

    /// A list, to make longer or shorter.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    pub fn vector_mut<T: 'static>(
        &mut self,
        handle: Handle<Vector<T>, L>,
    ) -> Result<VectorMut<'_, 'a, T, L, C>, Error> {
        self.slots.row(handle).map(VectorMut::new)
    }

    /// A text, to make longer or shorter.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    pub fn text_mut(&mut self, handle: Handle<Text, L>) -> Result<TextMut<'_, 'a, L, C>, Error> {
        self.slots.row(handle).map(TextMut::new)
    }

    /// How many values there are; a slice or a list counts as one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stats().live
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Moves the values together: [`Heap::compact`](crate::Heap::compact).
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if something outside Rust's rules has damaged the metadata.
    pub fn compact(&mut self) -> Result<Compaction, Error> {
        self.slots.compact()
    }

    /// Free bytes in total: [`Heap::available`](crate::Heap::available).
    #[must_use]
    pub fn available(&self) -> usize {
        self.stats().free_bytes
    }

    /// The heap's figures. Constant time.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.slots.stats()
    }

    /// Walks everything and names the first thing that is wrong: [`Heap::check`](crate::Heap::check).
    ///
    /// # Errors
    ///
    /// [`Corruption`], with what was found, where, and what was expected.
    pub fn check(&self) -> Result<(), Corruption> {
        self.slots.check()
    }
}

/// # Panics
///
/// Where [`get`](Store::get) returns an error.
impl<T: ?Sized + Stored, L: Layout, C: Check, K: ?Sized> Index<Handle<T, L>>
    for Store<'_, L, C, K>
{
    type Output = T;

    #[track_caller]
    fn index(&self, handle: Handle<T, L>) -> &T {
        match self.get(handle) {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }
}

/// # Panics
///
/// Where [`get_mut`](Store::get_mut) returns an error.
impl<T: ?Sized + Stored, L: Layout, C: Check, K: ?Sized> IndexMut<Handle<T, L>>
    for Store<'_, L, C, K>
{
    #[track_caller]
    fn index_mut(&mut self, handle: Handle<T, L>) -> &mut T {
        match self.get_mut(handle) {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }
}

impl<L: Layout, C: Check, K: ?Sized> fmt::Debug for Store<'_, L, C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("layout", &Quoted(L::NAME))
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
