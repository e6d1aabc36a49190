//! Values that are in a store, as they should be.

use std::fmt::Debug;
use std::mem::MaybeUninit;
use std::rc::Rc;

use buflib::store::{Handle, Text, Vector};
use buflib::{Check, Error, Layout, Store};

/// Padding, a niche, a count of lives.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Mixed {
    pub(crate) byte: u8,
    pub(crate) word: u64,
    pub(crate) life: Rc<()>,
    pub(crate) short: Option<u16>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(align(64))]
pub(crate) struct Line(pub(crate) u32);

#[derive(Clone)]
pub(crate) enum Known<L: Layout> {
    Number(Handle<u32, L>, u32),
    Mixed(Handle<Mixed, L>, Mixed),
    Line(Handle<Line, L>, Line),
    Slice(Handle<[Mixed], L>, Vec<Mixed>),
    Numbers(Handle<[u32], L>, Vec<u32>),
    Str(Handle<str, L>, String),
    Space(Handle<[MaybeUninit<u8>], L>, usize),
    List(Handle<Vector<Mixed>, L>, Vec<Mixed>),
    Text(Handle<Text, L>, String),
}

#[track_caller]
fn same<T: PartialEq + Debug + ?Sized>(found: Result<&T, Error>, expected: &T) {
    assert_eq!(found, Ok(expected));
}

impl<L: Layout> Known<L> {
    /// It is in the store, as it should be.
    #[track_caller]
    pub(crate) fn verify<C: Check>(&self, store: &Store<'_, L, C>) {
        match self {
            Self::Number(handle, value) => same(store.get(*handle), value),
            Self::Mixed(handle, value) => same(store.get(*handle), value),
            Self::Line(handle, value) => {
                same(store.get(*handle), value);
                assert_eq!((&raw const store[*handle]).addr() % 64, 0);
            }
            Self::Slice(handle, values) => same(store.get(*handle), &values[..]),
            Self::Numbers(handle, values) => same(store.get(*handle), &values[..]),
            Self::Str(handle, text) => same(store.get(*handle), &text[..]),
            Self::Space(handle, len) => assert_eq!(store[*handle].len(), *len),
            Self::List(handle, values) => assert_eq!(store[*handle][..], values[..]),
            Self::Text(handle, text) => assert_eq!(store[*handle][..], text[..]),
        }
    }

    /// The values in it that are counted.
    pub(crate) fn lives(&self) -> usize {
        match self {
            Self::Mixed(..) => 1,
            Self::Slice(_, values) | Self::List(_, values) => values.len(),
            _ => 0,
        }
    }

    pub(crate) fn free<C: Check>(&self, store: &mut Store<'_, L, C>) -> Result<(), Error> {
        match *self {
            Self::Number(handle, _) => store.free(handle),
            Self::Mixed(handle, _) => store.free(handle),
            Self::Line(handle, _) => store.free(handle),
            Self::Slice(handle, _) => store.free(handle),
            Self::Numbers(handle, _) => store.free(handle),
            Self::Str(handle, _) => store.free(handle),
            Self::Space(handle, _) => store.free(handle),
            Self::List(handle, _) => store.free(handle),
            Self::Text(handle, _) => store.free(handle),
        }
    }

    /// There is nothing behind its handle any more.
    pub(crate) fn must_be_gone<C: Check>(&self, store: &mut Store<'_, L, C>) {
        let contained = match *self {
            Self::Number(handle, _) => store.contains(handle),
            Self::Mixed(handle, _) => store.contains(handle),
            Self::Line(handle, _) => store.contains(handle),
            Self::Slice(handle, _) => store.contains(handle),
            Self::Numbers(handle, _) => store.contains(handle),
            Self::Str(handle, _) => store.contains(handle),
            Self::Space(handle, _) => store.contains(handle),
            Self::List(handle, _) => store.contains(handle) || store.vector_mut(handle).is_ok(),
            Self::Text(handle, _) => store.contains(handle) || store.text_mut(handle).is_ok(),
        };
        assert!(!contained && self.free(store).is_err());
    }
}
