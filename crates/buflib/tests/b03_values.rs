//! B3: any Rust value can live in the heap under a typed handle, and be compacted while it is not
//! borrowed.

#[macro_use]
mod common;
#[path = "common/values.rs"]
mod values;

use std::any::Any;
use std::collections::{BTreeMap, HashSet};
use std::mem::MaybeUninit;
use std::num::NonZeroU8;
use std::rc::Rc;

use buflib::store::{Handle, SendStore, SyncStore};
use buflib::{BuildError, Check, Error, Heap, Layout, Pod, Standard, Store, Unchecked, Wide};
use common::Memory;
use values::{Room, check};

on_every_heap!(
    values_come_out_as_they_went_in,
    values_with_pointers_padding_and_niches_survive_moves,
    values_of_no_size_are_values,
    values_are_aligned_wherever_they_are_moved,
    alignment_beyond_a_page_is_an_error_with_the_value,
    value_without_room_comes_back,
    several_values_are_borrowed_at_once,
    values_that_change_behind_shared_borrows_keep_the_change,
    index_finds_the_value,
    payloads_are_seen_as_numbers,
    payloads_that_do_not_fit_are_errors,
    table_of_figures,
);

fn values_come_out_as_they_went_in<L: Layout, C: Check>() {
    let mut room = Room::new(2048);
    let mut store = room.store::<L, C>();
    let number = store.insert(7_u64).expect("room");
    let text = store.insert(String::from("seven")).expect("room");
    let pair = store.insert((1_u8, Some(Rc::new(5)))).expect("room");
    check(&store);
    assert_eq!(store.len(), 3);
    assert_eq!(store.get(number), Ok(&7));
    store.get_mut(text).expect("live").push('!');
    assert_eq!(store.get(text).map(String::as_str), Ok("seven!"));
    assert!(store.contains(pair));
    assert_eq!(store.remove(pair), Ok((1, Some(Rc::new(5)))));
    assert!(!store.contains(pair));
    assert!(matches!(store.remove(pair), Err(Error::BadHandle { .. })));
    store.free(text).expect("live");
    assert_eq!(store.remove(number), Ok(7));
    assert!(store.is_empty());
    check(&store);
}

#[derive(Clone, PartialEq, Debug)]
struct Padded {
    a: u8,
    b: u32,
    c: u8,
}

fn values_with_pointers_padding_and_niches_survive_moves<L: Layout, C: Check>() {
    let mut room = Room::new(4096);
    let mut store = room.store::<L, C>();
    let gaps = [0; 4].map(|_| store.insert([0_u8; 100]).expect("room"));
    let shared = Rc::new(3);
    let rc = store.insert(shared.clone()).expect("room");
    store.free(gaps[0]).expect("live");
    let tree = store
        .insert(BTreeMap::from([(1, "one"), (2, "two")]))
        .expect("room");
    store.free(gaps[1]).expect("live");
    let padded = Padded { a: 1, b: 2, c: 3 };
    let (a, niche) = (
        store.insert(padded.clone()).expect("room"),
        store.insert(Some(NonZeroU8::MIN)).expect("room"),
    );
    store.free(gaps[2]).expect("live");
    let closure: Box<dyn Fn(u32) -> u32> = Box::new(move |n| n + *shared);
    let boxed = store.insert(closure).expect("room");
    let empty = store
        .insert(MaybeUninit::<[u8; 33]>::uninit())
        .expect("room");
    store.free(gaps[3]).expect("live");
    assert!(store.compact().expect("compaction").moves > 0 || store.stats().moves > 0);
    check(&store);
    assert_eq!((*store[rc], Rc::strong_count(&store[rc])), (3, 2));
    assert_eq!(store[tree][&2], "two");
    assert_eq!(store[a], padded);
    assert_eq!(store[niche], Some(NonZeroU8::MIN));
    assert_eq!(store[boxed](4), 7);
    store[empty].write([9; 33]);
    drop(store.remove(boxed).expect("live"));
    assert_eq!(Rc::strong_count(&store[rc]), 1);
}

fn values_of_no_size_are_values<L: Layout, C: Check>() {
    #[derive(PartialEq, Debug)]
    #[repr(align(64))]
    struct Nothing;
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let (unit, nothing) = (
        store.insert(()).expect("room"),
        store.insert(Nothing).expect("room"),
    );
    check(&store);
    assert_eq!(store.get(unit), Ok(&()));
    assert_eq!((&raw const store[nothing]).addr() % 64, 0);
    assert_eq!(store.remove(nothing), Ok(Nothing));
}

fn values_are_aligned_wherever_they_are_moved<L: Layout, C: Check>() {
    #[derive(Clone, Copy, PartialEq, Debug)]
    #[repr(align(16))]
    struct Sixteen(u8);
    #[derive(Clone, Copy, PartialEq, Debug)]
    #[repr(align(64))]
    struct Line([u8; 70]);
    #[derive(Clone, Copy, PartialEq, Debug)]
    #[repr(align(4096))]
    struct Page(u16);

    fn place<T>(value: &T) -> usize {
        (&raw const *value).addr() % align_of::<T>()
    }

    let mut room = Room::skewed(64 * 1024, 24);
    let mut store = room.store::<L, C>();
    let mut gaps = vec![store.insert(1_u8).expect("room")];
    let sixteen = store.insert(Sixteen(16)).expect("room");
    gaps.push(store.insert(2_u8).expect("room"));
    let line = store.insert(Line([64; 70])).expect("room");
    gaps.push(store.insert(3_u8).expect("room"));
    let page = store.insert(Page(4096)).expect("room");
    let pages = store.insert_slice(&[Page(1), Page(2)]).expect("room");
    for gap in gaps {
        store.free(gap).expect("live");
        store.compact().expect("compaction");
        check(&store);
        assert_eq!(
            (store[sixteen], store[line], store[page]),
            (Sixteen(16), Line([64; 70]), Page(4096))
        );
        assert_eq!(store[pages], [Page(1), Page(2)]);
        assert_eq!(
            (
                place(&store[sixteen]),
                place(&store[line]),
                place(&store[page]),
                place(&store[pages][1])
            ),
            (0, 0, 0, 0)
        );
    }
}

fn alignment_beyond_a_page_is_an_error_with_the_value<L: Layout, C: Check>() {
    #[repr(align(8192))]
    struct TwoPages(u8);
    let mut room = Room::new(64 * 1024);
    let mut store = room.store::<L, C>();
    let rejected = store.insert(TwoPages(7)).expect_err("a limit");
    assert_eq!(rejected.error, Error::BadAlignment { requested: 8192 });
    assert_eq!(rejected.value.0, 7);
    assert!(store.is_empty());
}

fn value_without_room_comes_back<L: Layout, C: Check>() {
    let mut room = Room::new(256);
    let mut store = room.store::<L, C>();
    let full = store.insert([1_u8; 100]).expect("room");
    let before = store.stats();
    let rejected = store.insert([7_u8; 200]).expect_err("no room");
    assert!(matches!(rejected.error, Error::Exhausted { .. }));
    assert_eq!(rejected.value, [7; 200]);
    assert_eq!(rejected.to_string(), rejected.error.to_string());
    assert_eq!(
        Error::from(rejected),
        store.insert([7_u8; 200]).expect_err("no room").error
    );
    assert_eq!(
        (store.stats().used_bytes, store.stats().live),
        (before.used_bytes, 1)
    );
    assert_eq!(store[full], [1; 100]);
    check(&store);
}

fn several_values_are_borrowed_at_once<L: Layout, C: Check>() {
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let [a, b, c] = [1, 2, 3].map(|n| store.insert(vec![n]).expect("room"));
    let [x, y, z] = store.get_disjoint_mut([c, a, b]).expect("different");
    x.append(y);
    z.clear();
    assert_eq!(
        (&store[a], &store[b], &store[c]),
        (&vec![], &vec![], &vec![3, 1])
    );
    let same = Err(Error::SameHandle { number: a.number() });
    assert_eq!(store.get_disjoint_mut([a, b, a]).map(drop), same);
    let text = store.insert_str("abc").expect("room");
    let (list, text) = store.get_pair_mut(a, text).expect("different");
    text.make_ascii_uppercase();
    list.push(text.len());
    assert_eq!(store[a], [3]);
    assert_eq!(
        store.get_pair_mut(b, b).map(drop),
        Err(Error::SameHandle { number: b.number() })
    );
    store.free(b).expect("live");
    assert!(matches!(
        store.get_disjoint_mut([a, b]),
        Err(Error::BadHandle { .. })
    ));
    let none: [Handle<u8, L>; 0] = [];
    assert!(store.get_disjoint_mut(none).is_ok());
}

fn values_that_change_behind_shared_borrows_keep_the_change<L: Layout, C: Check>() {
    use std::cell::{Cell, RefCell};
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let gap = store.insert(0_u8).expect("room");
    let cell = store.insert(Cell::new(1)).expect("room");
    let list = store.insert(RefCell::new(vec![1])).expect("room");
    let (x, y) = (&store[cell], &store[list]);
    x.set(2);
    y.borrow_mut().push(x.get());
    store.free(gap).expect("live");
    store.compact().expect("compaction");
    assert_eq!(
        (store[cell].get(), &*store[list].borrow()),
        (2, &vec![1, 2])
    );
}

fn index_finds_the_value<L: Layout, C: Check>() {
    let mut room = Room::new(256);
    let mut store = room.store::<L, C>();
    let handle = store.insert(1_i16).expect("room");
    store[handle] -= 2;
    assert_eq!(store[handle], -1);
    store.free(handle).expect("live");
    values::panics(|| store[handle] = 3);
}

fn payloads_are_seen_as_numbers<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap: Heap<'_, L, C> = memory.heap();
    let handle = heap.alloc(24).expect("room");
    heap.get_as_mut::<u32>(handle)
        .expect("fits")
        .copy_from_slice(&[1, 2, 3, 4, 5, 6]);
    assert_eq!(
        heap.get_as::<[u32; 3]>(handle),
        Ok(&[[1, 2, 3], [4, 5, 6]][..])
    );
    assert_eq!(heap.get_as::<u8>(handle).map(<[_]>::len), Ok(24));
    assert_eq!(heap.get(handle).expect("live")[..4], 1_u32.to_ne_bytes());
    let floats = heap.alloc(16).expect("room");
    heap.get_as_mut::<f64>(floats).expect("fits").fill(0.5);
    heap.free(handle).expect("live");
    heap.compact().expect("compaction");
    assert_eq!(heap.get_as::<f64>(floats), Ok(&[0.5, 0.5][..]));
    let empty = heap.alloc(0).expect("room");
    assert_eq!(heap.get_as::<u64>(empty), Ok(&[][..]));
    assert!(matches!(
        heap.get_as::<u8>(handle),
        Err(Error::BadHandle { .. })
    ));
}

fn payloads_that_do_not_fit_are_errors<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap: Heap<'_, L, C> = memory.heap();
    let odd = heap.alloc(13).expect("room");
    let error = Error::Misfit {
        len: 13,
        size: 4,
        align: 4,
    };
    assert_eq!(heap.get_as::<u32>(odd), Err(error));
    assert_eq!(heap.get_as_mut::<u32>(odd), Err(error));
    // To a place off the granule.
    heap.shrink(odd, 1..5).expect("to shrink");
    assert_eq!(
        heap.get_as::<u32>(odd),
        Err(Error::Misfit {
            len: 4,
            size: 4,
            align: 4
        })
    );
    assert_eq!(heap.get_as::<[u8; 4]>(odd).map(<[_]>::len), Ok(1));
    let none = Error::Misfit {
        len: 4,
        size: 0,
        align: 1,
    };
    assert_eq!(heap.get_as::<[u8; 0]>(odd), Err(none));

    #[derive(Clone, Copy)]
    #[repr(align(256))]
    struct Wide256([u8; 256]);
    // SAFETY: bytes without padding.
    unsafe impl Pod for Wide256 {}
    let _ = heap.alloc(1).expect("room");
    let request = buflib::Request::new(256).align(256);
    let aligned = heap.alloc_with(request).expect("room");
    heap.get_as_mut::<Wide256>(aligned).expect("aligned")[0]
        .0
        .fill(1);
    assert_eq!(heap.get(aligned), Ok(&[1; 256][..]));
}

/// What the pages say about sizes.
fn table_of_figures<L: Layout, C: Check>() {
    let mut room = Room::new(2048);
    let mut store = room.store::<L, C>();
    let mut before = 0;
    let mut took = |store: &Store<'_, L, C>| {
        let used = store.stats().used_bytes;
        used - std::mem::replace(&mut before, used)
    };
    let word = size_of::<usize>();
    let block = |bytes: usize| common::block_bytes::<L>(bytes);
    store.insert(1_u32).expect("room");
    assert_eq!(took(&store), block(word + 4));
    store.insert_str("abc").expect("room");
    assert_eq!(took(&store), block(word + 3));
    store.insert_slice(&[1_u16; 5]).expect("room");
    assert_eq!(took(&store), block(word + 10));
    store.insert_slice(&[(); 5]).expect("room");
    assert_eq!(took(&store), block(2 * word));
    store.new_vector::<u64>().expect("room");
    assert_eq!(took(&store), block(2 * word));
}

#[test]
fn handles_are_small_and_behave_like_numbers_whatever_they_lead_to() {
    fn properties<H: Copy + Send + Sync + Eq + Ord + std::hash::Hash + 'static>(_: H) {}
    let mut room = Room::new(256);
    let mut store = room.store::<Standard, Unchecked>();
    let (a, b) = (
        store.insert(Rc::new(1)).expect("room"),
        store.insert(Rc::new(2)).expect("room"),
    );
    properties(a);
    assert_eq!(size_of_val(&a), 4);
    assert_eq!(size_of::<Option<Handle<Rc<u8>>>>(), 4);
    assert_eq!(size_of::<Option<Handle<str, Wide>>>(), 8);
    assert!(a < b && a == a && HashSet::from([a, b, a]).len() == 2);
    assert_eq!(
        (a.number(), a.generation(), a.to_string()),
        (1, 0, "#1.0".to_string())
    );
}

#[test]
fn stores_of_values_that_may_be_sent_are_sent() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    fn is_sync<T: Sync>(_: &T) {}
    let mut room = Room::new(512);
    let mut store: SendStore = room.store_of();
    let cell = store.insert(std::cell::Cell::new(1)).expect("room");
    std::thread::scope(|scope| {
        let store = is_send(&mut store);
        scope.spawn(move || store[cell].set(2));
    });
    assert_eq!(store[cell].get(), 2);
    drop(store);
    let mut store: SyncStore = room.store_of();
    let text = store.insert(String::from("shared")).expect("room");
    is_sync(&store);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(store[text], "shared"));
        }
    });
    drop(is_send(store));
}

#[test]
fn buffer_that_is_too_small_is_an_error() {
    let mut memory = [MaybeUninit::uninit(); 4];
    let store: Result<Store, _> = Store::new(&mut memory);
    assert!(matches!(store, Err(BuildError::TooSmall { bytes: 4, .. })));
}

#[test]
fn debug_and_errors_are_printed() {
    let mut room = Room::new(256);
    let mut store = room.store::<Standard, Unchecked>();
    let value: Box<dyn Any> = Box::new(1);
    let handle = store.insert(value).expect("room");
    assert!(format!("{store:?}").starts_with("Store { layout: \"standard\""));
    assert_eq!(
        format!("{handle:?}"),
        "Handle<alloc::boxed::Box<dyn core::any::Any>>(#1.0)"
    );
    let error = store.insert([0_u8; 500]).expect_err("no room");
    assert!(format!("{error:?}").starts_with("Rejected { error: Exhausted"));
    assert!(std::error::Error::source(&error).is_some());
}
