//! B3: slices, text, zeros and space that is not initialised live in the heap like single values.

#[macro_use]
mod common;
#[path = "common/values.rs"]
mod values;

use std::mem::MaybeUninit;

use buflib::{Check, Error, Layout};
use values::{Register, Room, check};

on_every_heap!(
    slices_are_cloned_and_made,
    slices_of_any_length_have_it,
    slices_of_values_of_no_size_have_their_length,
    text_is_text,
    zeros_are_zero_in_memory_that_was_used,
    uninitialised_space_becomes_values,
    uninitialised_space_is_never_dropped,
    slices_too_large_are_errors_and_nothing_is_made,
);

fn slices_are_cloned_and_made<L: Layout, C: Check>() {
    let mut room = Room::new(2048);
    let mut store = room.store::<L, C>();
    let words = ["a", "bc", "def"].map(String::from);
    let cloned = store.insert_slice(&words).expect("room");
    let made = store
        .insert_slice_with(3, |i| words[2 - i].clone())
        .expect("room");
    check(&store);
    assert_eq!(store[cloned], words);
    store[made][0].push('!');
    let gap = store.insert(1).expect("room");
    store.free(cloned).expect("live");
    store.free(gap).expect("live");
    store.compact().expect("compaction");
    assert_eq!(store[made], ["def!", "bc", "a"]);
    check(&store);
}

fn slices_of_any_length_have_it<L: Layout, C: Check>() {
    let mut room = Room::new(64 * 1024);
    let mut store = room.store::<L, C>();
    let handles: Vec<_> = (0..if cfg!(miri) { 10 } else { 60 })
        .map(|len| {
            (
                store.insert_slice_with(len, |i| i as u8).expect("room"),
                store
                    .insert_slice_with(len, |i| [i as u16; 3])
                    .expect("room"),
                store.insert_slice_with(len, |i| i as u128).expect("room"),
            )
        })
        .collect();
    for (len, &(bytes, triples, wide)) in handles.iter().enumerate() {
        assert_eq!(
            (store[bytes].len(), store[triples].len(), store[wide].len()),
            (len, len, len)
        );
        for i in 0..len {
            assert_eq!(
                (store[bytes][i], store[triples][i], store[wide][i]),
                (i as u8, [i as u16; 3], i as u128)
            );
        }
    }
    check(&store);
}

fn slices_of_values_of_no_size_have_their_length<L: Layout, C: Check>() {
    #[derive(Clone, PartialEq, Debug)]
    #[repr(align(32))]
    struct Nothing;
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let units = store.insert_slice(&[(); 1000]).expect("room");
    let nothings = store.insert_slice_with(3, |_| Nothing).expect("room");
    let none = store.insert_slice::<()>(&[]).expect("room");
    store.compact().expect("compaction");
    assert_eq!(
        (store[units].len(), store[nothings].len(), store[none].len()),
        (1000, 3, 0)
    );
    assert_eq!(store[nothings].as_ptr().addr() % 32, 0);
}

fn text_is_text<L: Layout, C: Check>() {
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let texts = ["", "a", "grüße", "1234567", "12345678", "漢字"];
    let handles = texts.map(|text| store.insert_str(text).expect("room"));
    check(&store);
    for (text, handle) in texts.into_iter().zip(handles) {
        assert_eq!(store.get(handle), Ok(text));
    }
    store[handles[2]].make_ascii_uppercase();
    assert_eq!(&store[handles[2]], "GRüßE");
    for handle in handles {
        store.free(handle).expect("live");
    }
    assert!(store.is_empty());
}

fn zeros_are_zero_in_memory_that_was_used<L: Layout, C: Check>() {
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let used = store.insert_slice(&[0xff_u8; 300]).expect("room");
    store.free(used).expect("live");
    let space = store.insert_uninit::<[u8; 3]>(100).expect("room");
    store.free(space).expect("live");
    let zeros = store.insert_zeroed::<u32>(70).expect("room");
    let none = store.insert_zeroed::<f64>(0).expect("room");
    check(&store);
    assert_eq!(store[zeros], [0; 70]);
    assert_eq!(store[none], [0.0; 0]);
}

fn uninitialised_space_becomes_values<L: Layout, C: Check>() {
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let gap = store.insert(1).expect("room");
    let space = store.insert_uninit::<String>(3).expect("room");
    store[space][0].write("one".into());
    store.free(gap).expect("live");
    store.compact().expect("compaction");
    for (place, text) in store[space].iter_mut().zip(["two", "three"]).skip(1) {
        place.write(text.into());
    }
    store[space][2].write("three".into());
    // SAFETY: all three were written.
    let values = unsafe { store.assume_init(space) }.expect("live");
    assert_eq!(store[values], ["one", "three", "three"]);
    assert!(matches!(store.get(space), Err(Error::WrongType { .. })));
    // SAFETY: the handle is not one for such a slice any more.
    assert!(unsafe { store.assume_init(space) }.is_err());
    assert_eq!(values.number(), space.number());
    // SAFETY: values of no size need not be written.
    let units = unsafe {
        let space = store.insert_uninit::<()>(4).expect("room");
        store.assume_init(space)
    };
    assert_eq!(store[units.expect("live")], [(); 4]);
    check(&store);
}

fn uninitialised_space_is_never_dropped<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let [a, b, c] = [1, 2, 3].map(|name| {
        let space = store.insert_uninit(1).expect("room");
        store[space][0].write(register.counted(name));
        space
    });
    store.free(a).expect("live");
    assert_eq!(register.take(), []);
    // SAFETY: it was written.
    unsafe { store.assume_init(b) }.expect("live");
    let single = store
        .insert(MaybeUninit::new(register.counted(4)))
        .expect("room");
    store[single].write(register.counted(5));
    let _ = c;
    drop(store);
    assert_eq!(register.take(), [2]);
}

fn slices_too_large_are_errors_and_nothing_is_made<L: Layout, C: Check>() {
    let mut room = Room::new(512);
    let mut store = room.store::<L, C>();
    for len in [
        usize::MAX,
        usize::MAX / 2,
        usize::MAX / 8,
        usize::MAX / 8 + 1,
        1 << (usize::BITS / 2 + 8),
    ] {
        let error = store.insert_slice_with(len, |_| -> u64 { unreachable!() });
        assert!(
            matches!(error, Err(Error::TooLarge { .. } | Error::Exhausted { .. })),
            "{len}"
        );
        assert!(store.insert_zeroed::<u16>(len).is_err());
        assert!(store.insert_uninit::<u128>(len).is_err());
    }
    let error = store.insert_slice_with(1000, |_| -> u64 { unreachable!() });
    assert!(matches!(
        error,
        Err(Error::TooLarge { .. } | Error::Exhausted { .. })
    ));
    assert!(store.is_empty());
    check(&store);
}
