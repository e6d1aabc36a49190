//! B3: a handle that is not the right one finds a value of its type or an error, whatever number and
//! generation it has.

#[macro_use]
mod common;
#[path = "common/values.rs"]
mod values;

use std::rc::Rc;

use buflib::store::{Handle, Stored};
use buflib::{Check, Error, Found, Layout, Narrow, Store, Unchecked};
use values::{Room, check};

on_every_heap!(
    stale_handles_are_errors,
    foreign_handle_of_another_type_is_a_wrong_type,
    foreign_handle_of_the_same_type_finds_a_value_of_that_type,
    every_shape_is_told_from_every_other,
    failed_accesses_change_nothing,
);

fn stale_handles_are_errors<L: Layout, C: Check>() {
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let old = store.insert(Rc::new(1)).expect("room");
    drop(store.remove(old).expect("live"));
    let vacant = Error::BadHandle {
        number: 1,
        generation: 0,
        found: Found::OutsideTable { entries: 0 },
    };
    assert_eq!(store.get(old), Err(vacant));
    let new = store.insert(Rc::new(2)).expect("room");
    assert_eq!((new.number(), new.generation()), (1, 1));
    assert!(matches!(store.get(old), Err(Error::BadHandle { .. })));
    assert!(matches!(store.get_mut(old), Err(Error::BadHandle { .. })));
    assert!(matches!(store.remove(old), Err(Error::BadHandle { .. })));
    assert!(matches!(store.free(old), Err(Error::BadHandle { .. })));
    assert_eq!(store[new], Rc::new(2));
    check(&store);
}

#[track_caller]
fn expect_wrong_type<T: ?Sized + Stored, L: Layout, C: Check>(
    store: &mut Store<'_, L, C>,
    handle: Handle<T, L>,
    found: &str,
) {
    match store.get(handle).map(drop) {
        Err(Error::WrongType {
            number,
            found: name,
            expected,
        }) => {
            assert_eq!(number, handle.number());
            assert_eq!(name.as_str(), found);
            assert_eq!(expected.as_str(), std::any::type_name::<T>());
        }
        other => panic!("{handle}: {other:?}"),
    }
    assert!(!store.contains(handle));
    assert!(matches!(
        store.get_mut(handle).map(drop),
        Err(Error::WrongType { .. })
    ));
    assert!(matches!(
        store.get_disjoint_mut([handle]).map(drop),
        Err(Error::WrongType { .. })
    ));
    assert!(matches!(store.free(handle), Err(Error::WrongType { .. })));
}

fn foreign_handle_of_another_type_is_a_wrong_type<L: Layout, C: Check>() {
    let (mut room, mut other) = (Room::new(512), Room::new(512));
    let (mut store, mut other) = (room.store::<L, C>(), other.store::<L, C>());
    let foreign = other.insert(Box::new(1_usize)).expect("room");
    store.insert(0x1234_usize).expect("room");
    expect_wrong_type(&mut store, foreign, "usize");
    assert!(matches!(
        store.remove(foreign),
        Err(Error::WrongType { .. })
    ));
    assert_eq!(
        store.get(foreign).unwrap_err().to_string(),
        "handle #1 leads to a value of type usize, not alloc::boxed::Box<usize>"
    );
}

fn foreign_handle_of_the_same_type_finds_a_value_of_that_type<L: Layout, C: Check>() {
    let (mut room, mut other) = (Room::new(512), Room::new(512));
    let (mut store, mut other) = (room.store::<L, C>(), other.store::<L, C>());
    let foreign = other
        .insert_slice(&["a".to_string(), "b".into()])
        .expect("room");
    store.insert_slice(&["c".to_string()]).expect("room");
    assert_eq!(store[foreign], ["c"]);
    store.free(foreign).expect("a slice of strings");
    assert_eq!(other[foreign], ["a", "b"]);
}

fn every_shape_is_told_from_every_other<L: Layout, C: Check>() {
    /// A store of one thing, and a handle to it.
    fn each<T: ?Sized + Stored, L: Layout, C: Check>(
        put: impl Fn(&mut Store<'_, L, C>) -> Handle<T, L>,
    ) -> Handle<T, L> {
        let mut room = Room::new(512);
        let mut store = room.store();
        put(&mut store)
    }
    let value = each::<_, L, C>(|store| store.insert(1_u8).expect("room"));
    let array = each::<_, L, C>(|store| store.insert([1_u8]).expect("room"));
    let signed = each::<_, L, C>(|store| store.insert(1_i8).expect("room"));
    let slice = each::<_, L, C>(|store| store.insert_slice(&[1_u8]).expect("room"));
    let text = each::<_, L, C>(|store| store.insert_str("a").expect("room"));
    let space = each::<_, L, C>(|store| store.insert_uninit::<u8>(1).expect("room"));
    let list = each::<_, L, C>(|store| store.new_vector::<u8>().expect("room"));
    let growing = each::<_, L, C>(|store| store.new_text().expect("room"));

    let mut room = Room::new(512);
    let mut store = room.store::<L, C>();
    for which in 0..8 {
        let name = match which {
            0 => store.insert(1_u8).map(|_| "u8").expect("room"),
            1 => store.insert([1_u8]).map(|_| "[u8; 1]").expect("room"),
            2 => store.insert(1_i8).map(|_| "i8").expect("room"),
            3 => store.insert_slice(&[1_u8]).map(|_| "[u8]").expect("room"),
            4 => store.insert_str("a").map(|_| "str").expect("room"),
            5 => store
                .insert_uninit::<u8>(1)
                .map(|_| "[core::mem::maybe_uninit::MaybeUninit<u8>]")
                .expect("room"),
            6 => store
                .new_vector::<u8>()
                .map(|_| "buflib::store::vector::Vector<u8>")
                .expect("room"),
            _ => store
                .new_text()
                .map(|_| "buflib::store::text::Text")
                .expect("room"),
        };
        macro_rules! others {
            ($($i:literal $handle:expr),*) => {$(
                if which == $i {
                    assert!(store.contains($handle), "{which}");
                } else {
                    expect_wrong_type(&mut store, $handle, name);
                }
            )*};
        }
        others!(0 value, 1 array, 2 signed, 3 slice, 4 text, 5 space, 6 list, 7 growing);
        assert_eq!(store.vector_mut(list).is_ok(), which == 6);
        assert_eq!(store.text_mut(growing).is_ok(), which == 7);
        check(&store);
        // A store whose first number is in its first generation again.
        drop(store);
        store = room.store();
    }
}

fn failed_accesses_change_nothing<L: Layout, C: Check>() {
    let (mut room, mut other) = (Room::new(512), Room::new(512));
    let (mut store, mut other) = (room.store::<L, C>(), other.store::<L, C>());
    let mine = store.insert(Rc::new(1)).expect("room");
    let foreign = other.insert(1_u64).expect("room");
    let before = store.stats();
    expect_wrong_type(&mut store, foreign, "alloc::rc::Rc<i32>");
    assert!(store.remove(foreign).is_err());
    assert_eq!(store.stats(), before);
    assert_eq!(Rc::strong_count(&store[mine]), 1);
}

/// The same number and the same generation, and another type: nothing but the type tells.
#[test]
fn generation_that_has_come_round_does_not_make_a_value_another_type() {
    let mut room = Room::new(512);
    let mut store = room.store::<Narrow, Unchecked>();
    let keep = store.insert(0).expect("room");
    let old = store.insert(Box::new(7_u64)).expect("room");
    let behind = store.insert(0).expect("room");
    drop(store.remove(old).expect("live"));
    for _ in 1..Narrow::GENERATIONS {
        let next = store.insert(0_u64).expect("room");
        assert!(matches!(store.get(old), Err(Error::BadHandle { .. })));
        store.free(next).expect("live");
    }
    let new = store.insert(0xdead_beef_u64).expect("room");
    assert_eq!(
        (new.number(), new.generation()),
        (old.number(), old.generation())
    );
    expect_wrong_type(&mut store, old, "u64");
    assert_eq!(store[new], 0xdead_beef);
    store.free(new).expect("live");
    // The right type: another value, and nothing worse.
    for _ in 1..Narrow::GENERATIONS {
        let next = store.insert(()).expect("room");
        store.free(next).expect("live");
    }
    let again = store.insert(Box::new(8_u64)).expect("room");
    assert_eq!(again, old);
    assert_eq!(*store[old], 8);
    assert_eq!((store[keep], store[behind]), (0, 0));
}
