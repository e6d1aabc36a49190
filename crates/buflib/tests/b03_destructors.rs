//! B3: destructors run exactly once, whatever panics and whatever becomes of the store.

#[macro_use]
mod common;
#[path = "common/values.rs"]
mod values;

use std::cell::Cell;
use std::rc::Rc;

use buflib::{Check, Layout};
use values::{Register, Room, check, panics};

on_every_heap!(
    freed_values_are_dropped,
    removed_values_are_the_callers,
    replaced_values_are_dropped,
    rejected_values_are_dropped_by_their_owner_only,
    moved_values_are_not_dropped,
    everything_is_dropped_with_the_store,
    everything_is_dropped_when_the_store_is_cleared,
    forgotten_stores_drop_nothing,
    value_whose_destructor_panics_is_gone,
    slice_in_which_a_destructor_panics_is_dropped_whole,
    cleared_store_drops_the_rest_after_a_panic,
    store_drops_the_rest_after_a_panic,
    slice_whose_making_panics_drops_what_was_made,
    slice_whose_cloning_panics_drops_what_was_made,
    list_that_is_cut_drops_what_is_cut,
    list_in_which_a_destructor_panics_has_lost_what_was_cut,
    list_whose_cloning_panics_keeps_what_was_made,
);

fn freed_values_are_dropped<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(2048);
    let mut store = room.store::<L, C>();
    let one = store.insert(register.counted(1)).expect("room");
    let some = store
        .insert_slice_with(3, |i| register.counted(10 + i as u32))
        .expect("room");
    let list = store.new_vector().expect("room");
    store
        .vector_mut(list)
        .expect("live")
        .push(register.counted(20))
        .expect("room");
    store.free(one).expect("live");
    assert_eq!(register.take(), [1]);
    assert!(store.free(one).is_err());
    store.free(some).expect("live");
    assert_eq!(register.dropped(), [10, 11, 12]);
    store.free(list).expect("live");
    assert_eq!(register.take(), [10, 11, 12, 20]);
    drop(store);
    assert_eq!(register.take(), []);
}

fn removed_values_are_the_callers<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let one = store.insert(register.counted(1)).expect("room");
    let value = store.remove(one).expect("live");
    drop(store);
    assert_eq!(register.take(), []);
    drop(value);
    assert_eq!(register.take(), [1]);
}

fn replaced_values_are_dropped<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let one = store.insert(register.counted(1)).expect("room");
    store[one] = register.counted(2);
    assert_eq!(register.take(), [1]);
    let old = std::mem::replace(&mut store[one], register.counted(3));
    assert_eq!((register.take(), old.name), (vec![], 2));
    drop((store, old));
    assert_eq!(register.take(), [2, 3]);
}

fn rejected_values_are_dropped_by_their_owner_only<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(256);
    let mut store = room.store::<L, C>();
    let rejected = store
        .insert((register.counted(1), [0_u8; 500]))
        .expect_err("no room");
    assert_eq!(register.take(), []);
    drop(rejected);
    assert_eq!(register.take(), [1]);
    let list = store.new_vector().expect("room");
    let mut guard = store.vector_mut(list).expect("live");
    let rejected = guard
        .push((register.counted(2), [0_u8; 500]))
        .expect_err("no room");
    drop(rejected);
    let rejected = guard
        .insert(1, (register.counted(3), [0_u8; 500]))
        .expect_err("no place");
    let (value, _) = rejected.value;
    drop(store);
    assert_eq!(register.take(), [2]);
    drop(value);
    assert_eq!(register.take(), [3]);
}

fn moved_values_are_not_dropped<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(4096);
    let mut store = room.store::<L, C>();
    let handles: Vec<_> = (0..20)
        .map(|name| {
            store
                .insert((register.counted(name), [0_u8; 40]))
                .expect("room")
        })
        .collect();
    for &handle in handles.iter().step_by(2) {
        store.free(handle).expect("live");
    }
    assert_eq!(register.take().len(), 10);
    store.compact().expect("compaction");
    assert_eq!(register.take(), []);
    for &handle in handles.iter().skip(1).step_by(2) {
        assert_eq!(store[handle].0.name as usize + 1, handle.number());
    }
    drop(store);
    assert_eq!(
        register.take(),
        (0..20).skip(1).step_by(2).collect::<Vec<_>>()
    );
}

/// Values of all kinds, with the names 1 to 6.
fn fill<L: Layout, C: Check>(store: &mut buflib::Store<'_, L, C>, register: &Register) {
    let name = Cell::new(0);
    let next = || {
        name.set(name.get() + 1);
        register.counted(name.get())
    };
    store.insert(next()).expect("room");
    store.insert(vec![next()]).expect("room");
    let gap = store.insert(0).expect("room");
    store.insert_slice_with(2, |_| next()).expect("room");
    store.free(gap).expect("live");
    let list = store.new_vector().expect("room");
    let mut guard = store.vector_mut(list).expect("live");
    guard.push(next()).expect("room");
    guard.push(next()).expect("room");
    store.insert_str("plain").expect("room");
}

fn everything_is_dropped_with_the_store<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(2048);
    let mut store = room.store::<L, C>();
    fill(&mut store, &register);
    assert_eq!(register.take(), []);
    drop(store);
    assert_eq!(register.take(), [1, 2, 3, 4, 5, 6]);
}

fn everything_is_dropped_when_the_store_is_cleared<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(2048);
    let mut store = room.store::<L, C>();
    let stale = store.insert(register.counted(0)).expect("room");
    fill(&mut store, &register);
    store.clear();
    check(&store);
    assert_eq!(register.take(), [0, 1, 2, 3, 4, 5, 6]);
    assert!(store.is_empty() && !store.contains(stale));
    assert_eq!(store.stats().used_bytes, 0);
    fill(&mut store, &register);
    assert!(store.get(stale).is_err(), "{stale} is of before");
    drop(store);
    assert_eq!(register.take(), [1, 2, 3, 4, 5, 6]);
}

fn forgotten_stores_drop_nothing<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(2048);
    let mut store = room.store::<L, C>();
    fill(&mut store, &register);
    std::mem::forget(store);
    let store = room.store::<L, C>();
    assert!(store.is_empty());
    drop(store);
    assert_eq!(register.take(), []);
}

fn value_whose_destructor_panics_is_gone<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let one = store.insert(register.counted(1)).expect("room");
    let two = store.insert(register.counted(2)).expect("room");
    register.panic_at(1);
    panics(|| store.free(one).expect("live"));
    check(&store);
    assert!(!store.contains(one) && store.len() == 1);
    store.free(two).expect("live");
    drop(store);
    assert_eq!(register.take(), [1, 2]);
}

fn slice_in_which_a_destructor_panics_is_dropped_whole<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let some = store
        .insert_slice_with(3, |i| register.counted(i as u32))
        .expect("room");
    register.panic_at(1);
    panics(|| store.free(some).expect("live"));
    check(&store);
    assert!(store.is_empty());
    assert_eq!(register.take(), [0, 1, 2]);
}

fn cleared_store_drops_the_rest_after_a_panic<L: Layout, C: Check>() {
    for name in 1..=6 {
        let register = Register::default();
        let mut room = Room::new(2048);
        let mut store = room.store::<L, C>();
        fill(&mut store, &register);
        register.panic_at(name);
        panics(|| store.clear());
        check(&store);
        assert!(store.is_empty());
        assert_eq!(register.take(), [1, 2, 3, 4, 5, 6]);
    }
}

fn store_drops_the_rest_after_a_panic<L: Layout, C: Check>() {
    for name in 1..=6 {
        let register = Register::default();
        let mut room = Room::new(2048);
        let mut store = room.store::<L, C>();
        fill(&mut store, &register);
        register.panic_at(name);
        panics(|| drop(store));
        assert_eq!(register.take(), [1, 2, 3, 4, 5, 6]);
    }
}

fn slice_whose_making_panics_drops_what_was_made<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let stay = store.insert(register.counted(9)).expect("room");
    panics(|| {
        let _ = store.insert_slice_with(5, |i| {
            assert!(i < 3, "no more");
            register.counted(i as u32)
        });
    });
    check(&store);
    assert_eq!((register.take(), store.len()), (vec![0, 1, 2], 1));
    assert_eq!(store[stay].name, 9);
}

fn slice_whose_cloning_panics_drops_what_was_made<L: Layout, C: Check>() {
    #[derive(Debug)]
    struct Rare(Rc<Cell<u32>>);
    impl Clone for Rare {
        fn clone(&self) -> Self {
            assert!(Rc::strong_count(&self.0) < 6, "no more");
            Self(self.0.clone())
        }
    }
    let mut room = Room::new(1024);
    let mut store = room.store::<L, C>();
    let one = Rare(Rc::default());
    let values = [one.clone(), one.clone(), one.clone()];
    panics(|| {
        let _ = store.insert_slice(&values);
    });
    assert_eq!((Rc::strong_count(&one.0), store.len()), (4, 0));
    check(&store);
}

fn list_that_is_cut_drops_what_is_cut<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(2048);
    let mut store = room.store::<L, C>();
    let list = store.new_vector().expect("room");
    let mut guard = store.vector_mut(list).expect("live");
    for name in 0..8 {
        guard.push(register.counted(name)).expect("room");
    }
    guard.truncate(6);
    assert_eq!(register.take(), [6, 7]);
    guard.truncate(6);
    drop(guard.pop());
    drop(guard.remove(0));
    drop(guard.swap_remove(0));
    assert_eq!(register.take(), [0, 1, 5]);
    assert_eq!(
        guard.iter().map(|value| value.name).collect::<Vec<_>>(),
        [4, 2, 3]
    );
    guard.clear();
    assert_eq!(register.take(), [2, 3, 4]);
    drop(store);
    assert_eq!(register.take(), []);
}

fn list_in_which_a_destructor_panics_has_lost_what_was_cut<L: Layout, C: Check>() {
    let register = Register::default();
    let mut room = Room::new(2048);
    let mut store = room.store::<L, C>();
    let list = store.new_vector().expect("room");
    for name in 0..5 {
        let mut guard = store.vector_mut(list).expect("live");
        guard.push(register.counted(name)).expect("room");
    }
    register.panic_at(3);
    panics(|| store.vector_mut(list).expect("live").truncate(2));
    assert_eq!((register.take(), store[list].len()), (vec![2, 3, 4], 2));
    drop(store);
    assert_eq!(register.take(), [0, 1]);
}

fn list_whose_cloning_panics_keeps_what_was_made<L: Layout, C: Check>() {
    let mut room = Room::new(2048);
    let mut store = room.store::<L, C>();
    let left = Rc::new(Cell::new(2));
    struct Rare(Rc<Cell<u32>>);
    impl Clone for Rare {
        fn clone(&self) -> Self {
            self.0.set(self.0.get().checked_sub(1).expect("no more"));
            Self(self.0.clone())
        }
    }
    let list = store.new_vector().expect("room");
    let values = [Rare(left.clone()), Rare(left.clone()), Rare(left.clone())];
    panics(|| {
        let _ = store
            .vector_mut(list)
            .expect("live")
            .extend_from_slice(&values);
    });
    check(&store);
    assert_eq!((store[list].len(), Rc::strong_count(&left)), (2, 6));
    drop(store);
    assert_eq!(Rc::strong_count(&left), 4);
}
