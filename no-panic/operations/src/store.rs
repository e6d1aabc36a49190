//! Values in a store.

use core::any::Any;
use core::fmt::{self, Debug};
use core::mem::MaybeUninit;
use core::ops::{Index, IndexMut};

use buflib::store::{Handle, Rejected, Text, TextMut, Vector, VectorMut};
use buflib::{BuildError, Compaction, Corruption, Error, Stats, Store};

use crate::user::{Aligned, Nothing, Odd, Value};

type Shared<'a, L, C> = Store<'a, L, C, dyn Any + Send + Sync>;

roots! {
    ("Store::new") (memory: &'a mut [MaybeUninit<u8>]) -> Result<Store<'a, L, C>, BuildError> { Store::new(memory) }
    ("Store::get") (store: &'h Store<'a, L, C>, handle: Handle<Value, L>) -> Result<&'h Value, Error> { store.get(handle) }
    ("Store::get") (store: &'h Store<'a, L, C>, handle: Handle<Aligned, L>) -> Result<&'h Aligned, Error> { store.get(handle) }
    ("Store::get") (store: &'h Store<'a, L, C>, handle: Handle<Nothing, L>) -> Result<&'h Nothing, Error> { store.get(handle) }
    ("Store::get") (store: &'h Store<'a, L, C>, handle: Handle<[Odd], L>) -> Result<&'h [Odd], Error> { store.get(handle) }
    ("Store::get") (store: &'h Store<'a, L, C>, handle: Handle<[Nothing], L>) -> Result<&'h [Nothing], Error> { store.get(handle) }
    ("Store::get") (store: &'h Store<'a, L, C>, handle: Handle<str, L>) -> Result<&'h str, Error> { store.get(handle) }
    ("Store::get") (store: &'h Store<'a, L, C>, handle: Handle<Text, L>) -> Result<&'h Text, Error> { store.get(handle) }
    ("Store::get") (store: &'h Store<'a, L, C>, handle: Handle<Vector<Value>, L>) -> Result<&'h Vector<Value>, Error> { store.get(handle) }
    ("Store::get_mut") (store: &'h mut Store<'a, L, C>, handle: Handle<Value, L>) -> Result<&'h mut Value, Error> { store.get_mut(handle) }
    ("Store::get_mut") (store: &'h mut Store<'a, L, C>, handle: Handle<Aligned, L>) -> Result<&'h mut Aligned, Error> { store.get_mut(handle) }
    ("Store::get_mut") (store: &'h mut Store<'a, L, C>, handle: Handle<[Odd], L>) -> Result<&'h mut [Odd], Error> { store.get_mut(handle) }
    ("Store::get_mut") (store: &'h mut Store<'a, L, C>, handle: Handle<[Nothing], L>) -> Result<&'h mut [Nothing], Error> { store.get_mut(handle) }
    ("Store::get_mut") (store: &'h mut Store<'a, L, C>, handle: Handle<str, L>) -> Result<&'h mut str, Error> { store.get_mut(handle) }
    ("Store::get_mut") (store: &'h mut Store<'a, L, C>, handle: Handle<Text, L>) -> Result<&'h mut Text, Error> { store.get_mut(handle) }
    ("Store::get_mut") (store: &'h mut Store<'a, L, C>, handle: Handle<Vector<Value>, L>) -> Result<&'h mut Vector<Value>, Error> { store.get_mut(handle) }
    ("Store::get_disjoint_mut") (store: &'h mut Store<'a, L, C>, handles: [Handle<Value, L>; 0]) -> Result<[&'h mut Value; 0], Error> { store.get_disjoint_mut(handles) }
    ("Store::get_disjoint_mut") (store: &'h mut Store<'a, L, C>, handles: [Handle<Value, L>; 2]) -> Result<[&'h mut Value; 2], Error> { store.get_disjoint_mut(handles) }
    ("Store::get_disjoint_mut") (store: &'h mut Store<'a, L, C>, handles: [Handle<str, L>; 9]) -> Result<[&'h mut str; 9], Error> { store.get_disjoint_mut(handles) }
    ("Store::get_pair_mut") (store: &'h mut Store<'a, L, C>, first: Handle<Value, L>, second: Handle<[Odd], L>) -> Result<(&'h mut Value, &'h mut [Odd]), Error> { store.get_pair_mut(first, second) }
    ("Store::get_pair_mut") (store: &'h mut Store<'a, L, C>, first: Handle<Vector<Nothing>, L>, second: Handle<Text, L>) -> Result<(&'h mut Vector<Nothing>, &'h mut Text), Error> { store.get_pair_mut(first, second) }
    ("Store::contains") (store: &Store<'a, L, C>, handle: Handle<Value, L>) -> bool { store.contains(handle) }
    ("Store::contains") (store: &Store<'a, L, C>, handle: Handle<[Nothing], L>) -> bool { store.contains(handle) }
    ("Store::remove") (store: &mut Store<'a, L, C>, handle: Handle<Value, L>) -> Result<Value, Error> { store.remove(handle) }
    ("Store::remove") (store: &mut Store<'a, L, C>, handle: Handle<Aligned, L>) -> Result<Aligned, Error> { store.remove(handle) }
    ("Store::remove") (store: &mut Store<'a, L, C>, handle: Handle<Nothing, L>) -> Result<Nothing, Error> { store.remove(handle) }
    ("Store::free") (store: &mut Store<'a, L, C>, handle: Handle<Value, L>) -> Result<(), Error> { store.free(handle) }
    ("Store::free") (store: &mut Store<'a, L, C>, handle: Handle<[Aligned], L>) -> Result<(), Error> { store.free(handle) }
    ("Store::free") (store: &mut Store<'a, L, C>, handle: Handle<[Nothing], L>) -> Result<(), Error> { store.free(handle) }
    ("Store::free") (store: &mut Store<'a, L, C>, handle: Handle<str, L>) -> Result<(), Error> { store.free(handle) }
    ("Store::free") (store: &mut Store<'a, L, C>, handle: Handle<Text, L>) -> Result<(), Error> { store.free(handle) }
    ("Store::free") (store: &mut Store<'a, L, C>, handle: Handle<Vector<Odd>, L>) -> Result<(), Error> { store.free(handle) }
    ("Store::clear") (store: &mut Store<'a, L, C>) -> () { store.clear() }
    ("drop of Store") (store: Store<'a, L, C>) -> () { drop(store) }
    ("Store::vector_mut") (store: &'h mut Store<'a, L, C>, handle: Handle<Vector<Value>, L>) -> Result<VectorMut<'h, 'a, Value, L, C>, Error> { store.vector_mut(handle) }
    ("Store::text_mut") (store: &'h mut Store<'a, L, C>, handle: Handle<Text, L>) -> Result<TextMut<'h, 'a, L, C>, Error> { store.text_mut(handle) }
    ("Store::len") (store: &Store<'a, L, C>) -> usize { store.len() }
    ("Store::is_empty") (store: &Store<'a, L, C>) -> bool { store.is_empty() }
    ("Store::compact") (store: &mut Store<'a, L, C>) -> Result<Compaction, Error> { store.compact() }
    ("Store::available") (store: &Store<'a, L, C>) -> usize { store.available() }
    ("Store::stats") (store: &Store<'a, L, C>) -> Stats { store.stats() }
    ("Store::check") (store: &Store<'a, L, C>) -> Result<(), Corruption> { store.check() }
    ("Store::Debug::fmt") (store: &Store<'a, L, C>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(store, f) }
    ("Store::Index<Handle>::index") (store: &'h Store<'a, L, C>, handle: Handle<Value, L>) -> &'h Value { store.index(handle) }
    ("Store::IndexMut<Handle>::index_mut") (store: &'h mut Store<'a, L, C>, handle: Handle<Value, L>) -> &'h mut Value { store.index_mut(handle) }

    ("Store::insert") (store: &mut Store<'a, L, C>, value: Value) -> Result<Handle<Value, L>, Rejected<Value>> { store.insert(value) }
    ("Store::insert") (store: &mut Store<'a, L, C>, value: Aligned) -> Result<Handle<Aligned, L>, Rejected<Aligned>> { store.insert(value) }
    ("Store::insert") (store: &mut Store<'a, L, C>, value: Nothing) -> Result<Handle<Nothing, L>, Rejected<Nothing>> { store.insert(value) }
    ("Store::insert") (store: &mut Shared<'a, L, C>, value: u8) -> Result<Handle<u8, L>, Rejected<u8>> { store.insert(value) }
    ("Store::insert_slice") (store: &mut Store<'a, L, C>, values: &[Value]) -> Result<Handle<[Value], L>, Error> { store.insert_slice(values) }
    ("Store::insert_slice") (store: &mut Store<'a, L, C>, values: &[Odd]) -> Result<Handle<[Odd], L>, Error> { store.insert_slice(values) }
    ("Store::insert_slice") (store: &mut Store<'a, L, C>, values: &[Nothing]) -> Result<Handle<[Nothing], L>, Error> { store.insert_slice(values) }
    ("Store::insert_slice") (store: &mut Store<'a, L, C>, values: &[u16]) -> Result<Handle<[u16], L>, Error> { store.insert_slice(values) }
    ("Store::insert_slice_with") (store: &mut Store<'a, L, C>, len: usize) -> Result<Handle<[Value], L>, Error> { store.insert_slice_with(len, Value::made) }
    ("Store::insert_slice_with") (store: &mut Store<'a, L, C>, len: usize) -> Result<Handle<[Nothing], L>, Error> { store.insert_slice_with(len, Nothing::made) }
    ("Store::insert_slice_with") (store: &mut Store<'a, L, C>, len: usize) -> Result<Handle<[Aligned], L>, Error> { store.insert_slice_with(len, Aligned::made) }
    ("Store::insert_str") (store: &mut Store<'a, L, C>, text: &str) -> Result<Handle<str, L>, Error> { store.insert_str(text) }
    ("Store::insert_zeroed") (store: &mut Store<'a, L, C>, len: usize) -> Result<Handle<[u64], L>, Error> { store.insert_zeroed(len) }
    ("Store::insert_zeroed") (store: &mut Store<'a, L, C>, len: usize) -> Result<Handle<[[u8; 3]], L>, Error> { store.insert_zeroed(len) }
    ("Store::insert_zeroed") (store: &mut Store<'a, L, C>, len: usize) -> Result<Handle<[[u8; 0]], L>, Error> { store.insert_zeroed(len) }
    ("Store::insert_uninit") (store: &mut Store<'a, L, C>, len: usize) -> Result<Handle<[MaybeUninit<Value>], L>, Error> { store.insert_uninit(len) }
    ("Store::insert_uninit") (store: &mut Store<'a, L, C>, len: usize) -> Result<Handle<[MaybeUninit<Nothing>], L>, Error> { store.insert_uninit(len) }
    // SAFETY: nobody calls it.
    ("Store::assume_init") (store: &mut Store<'a, L, C>, handle: Handle<[MaybeUninit<Value>], L>) -> Result<Handle<[Value], L>, Error> { unsafe { store.assume_init(handle) } }
    // SAFETY: nobody calls it.
    ("Store::assume_init") (store: &mut Store<'a, L, C>, handle: Handle<[MaybeUninit<Nothing>], L>) -> Result<Handle<[Nothing], L>, Error> { unsafe { store.assume_init(handle) } }
    ("Store::new_vector") (store: &mut Store<'a, L, C>) -> Result<Handle<Vector<Value>, L>, Error> { store.new_vector() }
    ("Store::new_vector") (store: &mut Store<'a, L, C>) -> Result<Handle<Vector<Nothing>, L>, Error> { store.new_vector() }
    ("Store::new_vector") (store: &mut Store<'a, L, C>) -> Result<Handle<Vector<Aligned>, L>, Error> { store.new_vector() }
    ("Store::new_text") (store: &mut Store<'a, L, C>) -> Result<Handle<Text, L>, Error> { store.new_text() }
}
