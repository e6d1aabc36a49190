//! A program that uses the library. Its code is somewhere else, and so the compiler assumes nothing of what it does.

use core::fmt;
use core::hash::Hasher;

use buflib::{Answer, Check, Event, Heap, Layout, Move, Owner, Sync, Tag, Wish};

unsafe extern "C" {
    safe fn user_answer(about: *const (), heap: *const ()) -> bool;
    safe fn user_told(about: *const (), heap: *const (), on: bool);
    safe fn user_tag(bits: u32) -> u32;
    safe fn user_knows(bits: u32) -> bool;
    safe fn user_drop(value: *const ());
    safe fn user_number(about: *const ()) -> u64;
    safe fn user_format(value: *const (), f: *const ()) -> bool;
}

fn address<T: ?Sized>(value: &T) -> *const () {
    core::ptr::from_ref(value).cast()
}

/// Code that is handed a value, and may do anything with it.
pub(crate) fn use_of<T: ?Sized>(value: &mut T) -> u64 {
    user_number(address(value))
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Kind(u32);

impl Tag for Kind {
    fn into_bits(self) -> u32 {
        user_tag(self.0)
    }
    fn from_bits(bits: u32) -> Option<Self> {
        user_knows(bits).then(|| Self(user_tag(bits)))
    }
}

/// An owner that answers for itself in all that can be asked.
pub(crate) struct User;

impl<L: Layout, C: Check> Owner<L, C> for User {
    type Tag = Kind;

    fn before_move_in(&mut self, heap: &Heap<'_, L, C>, ask: &Move<Kind, L>) -> Answer {
        answer(user_answer(address(ask), address(heap)))
    }
    fn synchronise_in(
        &mut self,
        heap: &Heap<'_, L, C>,
        handle: buflib::Handle<L>,
        tag: Kind,
        sync: Sync,
    ) {
        user_told(address(&(handle, tag)), address(heap), sync == Sync::On);
    }
    fn shrink(&mut self, heap: &mut Heap<'_, L, C>, wish: &Wish<Kind, L>) -> Answer {
        answer(user_answer(address(wish), address(heap)))
    }
    fn observe(&mut self, event: &Event<L>) {
        user_told(address(event), core::ptr::null(), false);
    }
}

fn answer(agrees: bool) -> Answer {
    if agrees {
        Answer::Agree
    } else {
        Answer::Refuse
    }
}

macro_rules! values {
    ($($(#[$form:meta])* $name:ident($content:ty);)*) => {$(
        $(#[$form])*
        #[allow(dead_code)]
        pub(crate) struct $name($content);

        impl Drop for $name {
            fn drop(&mut self) {
                user_drop(address(self));
            }
        }
        impl Clone for $name {
            fn clone(&self) -> Self {
                Self([user_number(address(self)) as _; _])
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if user_format(address(self), address(f)) { Ok(()) } else { Err(fmt::Error) }
            }
        }
        impl $name {
            #[allow(dead_code)]
            pub(crate) fn made(i: usize) -> Self {
                Self([user_number(address(&i)) as _; _])
            }
        }
    )*};
}
values! {
    Value([u64; 3]);
    /// Not a power of two, and odd.
    Odd([u8; 7]);
    Nothing([u8; 0]);
    #[repr(align(64))]
    Aligned([u8; 64]);
}

pub(crate) struct Hashing;

impl Hasher for Hashing {
    fn finish(&self) -> u64 {
        user_number(address(self))
    }
    fn write(&mut self, bytes: &[u8]) {
        user_told(bytes.as_ptr().cast(), address(self), true);
    }
}
