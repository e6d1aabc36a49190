//! B3: lists and text that live in the heap and grow there.

#[macro_use]
mod common;
#[path = "common/values.rs"]
mod values;

use std::fmt::Write;
use std::rc::Rc;

use buflib::{Check, Error, Layout};
use values::{Room, check};

on_every_heap!(
    list_grows_and_shrinks,
    list_is_a_slice,
    lists_grow_beside_each_other,
    list_keeps_its_alignment,
    list_of_values_of_no_size,
    list_without_room_gives_the_value_back,
    list_uses_all_room_there_is,
    list_grows_seldom,
    places_beyond_a_list_are_errors,
    room_is_reserved_and_given_back,
    text_grows_and_shrinks,
    text_is_written_to,
    text_is_only_cut_between_characters,
    text_without_room_stays_as_it_is,
);

fn list_grows_and_shrinks<L: Layout, C: Check>() {
    let mut room = Room::new(8192);
    let mut store = room.store::<L, C>();
    let list = store.new_vector::<String>().expect("room");
    let mut model = Vec::new();
    for i in 0..40 {
        let mut guard = store.vector_mut(list).expect("live");
        guard.push(i.to_string()).expect("room");
        model.push(i.to_string());
        check(&store);
    }
    assert_eq!(store[list][..], model);
    let mut guard = store.vector_mut(list).expect("live");
    for place in [0, 13, 42] {
        guard.insert(place, "new".into()).expect("room");
        model.insert(place, "new".into());
    }
    assert_eq!(
        (guard.remove(7), guard.remove(0)),
        (Some(model.remove(7)), Some(model.remove(0)))
    );
    assert_eq!(guard.remove(40), Some(model.remove(40)));
    assert_eq!(guard.swap_remove(3), Some(model.swap_remove(3)));
    assert_eq!(guard.pop(), model.pop());
    guard.extend_from_slice(&model.clone()).expect("room");
    model.extend_from_within(..);
    guard.truncate(50);
    model.truncate(50);
    assert_eq!(guard.as_slice(), model);
    guard.shrink_to_fit().expect("less");
    assert_eq!(store[list][..], model);
    check(&store);
    store.free(list).expect("live");
    assert!(store.is_empty());
}

fn list_is_a_slice<L: Layout, C: Check>() {
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let list = store.new_vector().expect("room");
    let mut guard = store.vector_mut(list).expect("live");
    guard.extend_from_slice(&[3, 1, 2]).expect("room");
    guard.sort();
    assert_eq!(guard.as_mut_slice(), [1, 2, 3]);
    assert_eq!(format!("{guard:?}"), "[1, 2, 3]");
    store[list][0] = 7;
    store.get_mut(list).expect("live").reverse();
    assert_eq!(format!("{:?}", &store[list]), "[3, 2, 7]");
    assert_eq!(store[list].iter().sum::<i32>(), 12);
}

fn lists_grow_beside_each_other<L: Layout, C: Check>() {
    let mut room = Room::new(16 * 1024);
    let mut store = room.store::<L, C>();
    let lists = [0; 4].map(|_| store.new_vector::<(u8, Rc<u32>)>().expect("room"));
    let other = store.insert(Rc::new(1)).expect("room");
    for i in 0..120_u32 {
        let mut guard = store.vector_mut(lists[i as usize % 4]).expect("live");
        guard.push((i as u8, Rc::new(i))).expect("room");
    }
    check(&store);
    for (n, list) in (0..).zip(lists) {
        let expected = (n..120).step_by(4).map(|i| (i as u8, Rc::new(i)));
        assert!(store[list].iter().cloned().eq(expected));
    }
    assert_eq!(store[other], Rc::new(1));
    let (x, y) = store.get_pair_mut(lists[0], lists[1]).expect("different");
    x.swap_with_slice(y);
    assert_eq!(*store[lists[0]][0].1, 1);
}

fn list_keeps_its_alignment<L: Layout, C: Check>() {
    #[derive(Clone, PartialEq, Debug)]
    #[repr(align(128))]
    struct Line(u32);
    let mut room = Room::skewed(32 * 1024, 40);
    let mut store = room.store::<L, C>();
    let mut gap = store.insert(0).expect("room");
    let list = store.new_vector().expect("room");
    for i in 0..20 {
        store
            .vector_mut(list)
            .expect("live")
            .push(Line(i))
            .expect("room");
        store.free(gap).expect("live");
        gap = store.insert(i).expect("room");
        store.compact().expect("compaction");
        check(&store);
        assert_eq!(store[list].as_ptr().addr() % 128, 0);
    }
    assert!(store[list].iter().map(|line| line.0).eq(0..20));
}

fn list_of_values_of_no_size<L: Layout, C: Check>() {
    let mut room = Room::new(256);
    let mut store = room.store::<L, C>();
    let list = store.new_vector::<()>().expect("room");
    let used = store.stats().used_bytes;
    let mut guard = store.vector_mut(list).expect("live");
    assert_eq!(guard.capacity(), usize::MAX);
    guard.extend_from_slice(&[(); 1000]).expect("room");
    assert_eq!(
        (guard.pop(), guard.remove(3), guard.len()),
        (Some(()), Some(()), 998)
    );
    guard.shrink_to_fit().expect("nothing to do");
    guard.truncate(5);
    assert_eq!((store[list].len(), store.stats().used_bytes), (5, used));
}

fn list_without_room_gives_the_value_back<L: Layout, C: Check>() {
    let mut room = Room::new(512);
    let mut store = room.store::<L, C>();
    let list = store.new_vector().expect("room");
    let mut guard = store.vector_mut(list).expect("live");
    let shared = Rc::new(0);
    let rejected = loop {
        if let Err(rejected) = guard.push(shared.clone()) {
            break rejected;
        }
    };
    assert!(matches!(rejected.error, Error::Exhausted { .. }));
    let len = guard.len();
    assert_eq!(Rc::strong_count(&rejected.value), len + 2);
    let many = vec![shared.clone(); 50];
    assert!(guard.extend_from_slice(&many).is_err());
    assert_eq!(guard.len(), len);
    check(&store);
}

/// In memory where growing by half is impossible, the list grows by what there is.
fn list_uses_all_room_there_is<L: Layout, C: Check>() {
    let mut room = Room::new(4096);
    let mut store = room.store::<L, C>();
    let list = store.new_vector::<u64>().expect("room");
    let mut guard = store.vector_mut(list).expect("live");
    while guard.push(7).is_ok() {}
    assert!(guard.len() * 8 > 4096 - 128, "{} values", guard.len());
    assert_eq!(guard.capacity(), guard.len());
    check(&store);
}

fn list_grows_seldom<L: Layout, C: Check>() {
    let mut room = Room::new(128 * 1024);
    let mut store = room.store::<L, C>();
    let list = store.new_vector::<u32>().expect("room");
    let mut guard = store.vector_mut(list).expect("live");
    let (mut grown, mut capacity) = (0, guard.capacity());
    for i in 0..if cfg!(miri) { 500 } else { 10_000 } {
        guard.push(i).expect("room");
        grown += usize::from(guard.capacity() != capacity);
        capacity = guard.capacity();
    }
    assert!(grown < 20, "it has grown {grown} times");
}

fn places_beyond_a_list_are_errors<L: Layout, C: Check>() {
    let mut room = Room::new(512);
    let mut store = room.store::<L, C>();
    let list = store.new_vector().expect("room");
    let mut guard = store.vector_mut(list).expect("live");
    assert_eq!(
        (guard.pop(), guard.remove(0), guard.swap_remove(0)),
        (None, None, None)
    );
    guard.push(1).expect("room");
    let rejected = guard.insert(2, 9).expect_err("no place");
    assert_eq!(
        (rejected.error, rejected.value),
        (Error::BadIndex { index: 2, len: 1 }, 9)
    );
    assert_eq!(
        (
            guard.remove(1),
            guard.swap_remove(1),
            guard.remove(usize::MAX)
        ),
        (None, None, None)
    );
    assert_eq!(guard.as_slice(), [1]);
}

fn room_is_reserved_and_given_back<L: Layout, C: Check>() {
    let mut room = Room::new(2048);
    let mut store = room.store::<L, C>();
    let list = store.new_vector::<u16>().expect("room");
    let used = store.stats().used_bytes;
    let mut guard = store.vector_mut(list).expect("live");
    guard.reserve(100).expect("room");
    let capacity = guard.capacity();
    assert!((100..100 + L::GRANULE_BYTES).contains(&capacity));
    for i in 0..100 {
        guard.push(i).expect("room");
    }
    assert_eq!(guard.capacity(), capacity);
    assert!(guard.reserve(2000).is_err() && guard.reserve(usize::MAX).is_err());
    guard.clear();
    guard.shrink_to_fit().expect("less");
    assert!(guard.capacity() < L::GRANULE_BYTES);
    assert_eq!(store.stats().used_bytes, used);
    check(&store);
}

fn text_grows_and_shrinks<L: Layout, C: Check>() {
    let mut room = Room::new(2048);
    let mut store = room.store::<L, C>();
    let (text, other) = (
        store.new_text().expect("room"),
        store.new_text().expect("room"),
    );
    let mut model = String::new();
    for piece in ["", "a", "grüße, ", "漢字", "1234567890"].repeat(5) {
        store
            .text_mut(text)
            .expect("live")
            .push_str(piece)
            .expect("room");
        store
            .text_mut(other)
            .expect("live")
            .push('ß')
            .expect("room");
        model.push_str(piece);
        assert_eq!(&store[text][..], model);
        check(&store);
    }
    let mut guard = store.text_mut(text).expect("live");
    for _ in 0..12 {
        assert_eq!(guard.pop(), model.pop());
    }
    assert_eq!(guard.as_str(), model);
    guard.make_ascii_uppercase();
    assert_eq!(
        format!("{guard:?}"),
        format!("{:?}", model.to_ascii_uppercase())
    );
    guard.clear();
    assert_eq!((guard.pop(), guard.len()), (None, 0));
    guard.shrink_to_fit().expect("less");
    assert_eq!(&store[other][..], "ß".repeat(25));
    assert_eq!(
        (store[text].to_string(), format!("{:?}", &store[text])),
        (String::new(), "\"\"".into())
    );
}

fn text_is_written_to<L: Layout, C: Check>() {
    let mut room = Room::new(512);
    let mut store = room.store::<L, C>();
    let text = store.new_text().expect("room");
    let mut guard = store.text_mut(text).expect("live");
    write!(guard, "{:>5}|x", 42).expect("room");
    assert_eq!(&store[text][..], "   42|x");
    let mut guard = store.text_mut(text).expect("live");
    assert!(write!(guard, "{:>1000}", 1).is_err());
    check(&store);
}

fn text_is_only_cut_between_characters<L: Layout, C: Check>() {
    let mut room = Room::new(512);
    let mut store = room.store::<L, C>();
    let text = store.new_text().expect("room");
    let mut guard = store.text_mut(text).expect("live");
    guard.push_str("aß漢").expect("room");
    for len in [2, 4, 5] {
        assert_eq!(
            guard.truncate(len),
            Err(Error::BadIndex { index: len, len: 6 })
        );
    }
    assert_eq!(guard.truncate(7), Ok(()));
    assert_eq!(guard.truncate(3), Ok(()));
    assert_eq!(guard.as_str(), "aß");
    assert_eq!(guard.truncate(0), Ok(()));
    assert_eq!(guard.as_str(), "");
}

fn text_without_room_stays_as_it_is<L: Layout, C: Check>() {
    let mut room = Room::new(256);
    let mut store = room.store::<L, C>();
    let text = store.new_text().expect("room");
    let mut guard = store.text_mut(text).expect("live");
    guard.push_str("stays").expect("room");
    let long = "x".repeat(500);
    assert!(matches!(
        guard.push_str(&long),
        Err(Error::Exhausted { .. })
    ));
    assert!(guard.reserve(usize::MAX).is_err());
    assert_eq!(guard.as_str(), "stays");
    check(&store);
}
