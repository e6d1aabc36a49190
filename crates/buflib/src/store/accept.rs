//! Which values a store takes, by what may be done with the store.

use core::any::Any;

mod sealed {
    pub trait Accepts<T: ?Sized> {}
}

/// Whether a [`Store`](super::Store) of this kind takes values of type `T`.
///
/// The kind is the store's last parameter. It says what is true of the store because it is true of
/// all values in it:
///
/// | kind | takes | the store may be |
/// |---|---|---|
/// | `dyn Any` | every type that borrows nothing | used where it was made |
/// | `dyn Any + Send` | those that are [`Send`] | sent to another thread, or put behind a mutex |
/// | `dyn Any + Send + Sync` | those that are [`Send`] and [`Sync`] | shared between threads too |
///
/// The trait is sealed: what makes a store `Send` must not be open to a claim that is not true.
#[diagnostic::on_unimplemented(
    message = "a store of `{Self}` takes no `{T}`",
    note = "the store is `Send` or `Sync` because every value in it is"
)]
pub trait Accepts<T: ?Sized>: sealed::Accepts<T> {}

impl<K: ?Sized + sealed::Accepts<T>, T: ?Sized> Accepts<T> for K {}

impl<T: ?Sized + 'static> sealed::Accepts<T> for dyn Any {}
impl<T: ?Sized + Send + 'static> sealed::Accepts<T> for dyn Any + Send {}
impl<T: ?Sized + Send + Sync + 'static> sealed::Accepts<T> for dyn Any + Send + Sync {}
