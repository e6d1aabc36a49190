//! Handles that know what they lead to.

use core::any::type_name;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

use crate::layout::{Layout, Standard};

/// The name of a value in a [`Store`](super::Store): what a [handle of the heap](crate::Handle) is,
/// and the type, in the same four bytes (eight for the wide layout).
///
/// It is a number and no more: it may be copied, kept, sent and compared whatever `T` is, and owns
/// nothing. `Option<Handle<T>>` has the same size.
///
/// # A handle that is not the right one
///
/// It is stale, or of another store. As a rule it is refused as
/// [`BadHandle`](crate::Error::BadHandle), with the certainty that a [heap's handle](crate::Handle)
/// has. If generations have come round, or the other store has a live value under the same number
/// and generation, it finds that value: one of another type is refused as
/// [`WrongType`](crate::Error::WrongType), because each block of a store says what it holds; one of
/// the same type is a valid `T` of the store it is used with, if not the one that was meant.
///
/// ```
/// # use core::mem::MaybeUninit;
/// # let mut memory = [MaybeUninit::uninit(); 256];
/// # let mut store: buflib::Store = buflib::Store::new(&mut memory)?;
/// let handle: buflib::store::Handle<String> = store.insert("hello".to_string())?;
/// assert_eq!(size_of_val(&Some(handle)), 4);
/// assert_eq!(handle.to_string(), "#1.0");
/// assert_eq!(format!("{handle:?}"), "Handle<alloc::string::String>(#1.0)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Handle<T: ?Sized, L: Layout = Standard> {
    handle: crate::Handle<L>,
    /// Neither owns a `T` nor is one: a handle crosses threads whatever it leads to.
    leads_to: PhantomData<fn(*const T) -> *const T>,
}

impl<T: ?Sized, L: Layout> Handle<T, L> {
    pub(super) fn new(handle: crate::Handle<L>) -> Self {
        Self {
            handle,
            leads_to: PhantomData,
        }
    }

    #[inline(always)]
    pub(super) fn untyped(self) -> crate::Handle<L> {
        self.handle
    }

    /// The number: 1 for the first value of a fresh store, then 2, 3 and on. Numbers are used again.
    #[must_use]
    pub fn number(self) -> usize {
        self.handle.number()
    }

    /// How often the number had been freed when this handle was given out, modulo
    /// [`Layout::GENERATIONS`].
    #[must_use]
    pub fn generation(self) -> u32 {
        self.handle.generation()
    }
}

impl<T: ?Sized, L: Layout> Clone for Handle<T, L> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized, L: Layout> Copy for Handle<T, L> {}

impl<T: ?Sized, L: Layout> PartialEq for Handle<T, L> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.handle == other.handle
    }
}

impl<T: ?Sized, L: Layout> Eq for Handle<T, L> {}

impl<T: ?Sized, L: Layout> PartialOrd for Handle<T, L> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: ?Sized, L: Layout> Ord for Handle<T, L> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.handle.cmp(&other.handle)
    }
}

impl<T: ?Sized, L: Layout> Hash for Handle<T, L> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.handle.hash(state);
    }
}

impl<T: ?Sized, L: Layout> fmt::Display for Handle<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}

impl<T: ?Sized, L: Layout> fmt::Debug for Handle<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle<{}>({})", type_name::<T>(), self.handle)
    }
}
