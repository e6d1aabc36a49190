//! S4, S5: the numbers of handles, and how the table grows and shrinks.

#[macro_use]
mod common;

use std::collections::{BTreeSet, HashSet};

use buflib::{Check, Handle, Layout, Narrow, Request, Standard, Wide};
use common::{Memory, arena_bytes, payload};

on_every_heap!(
    fresh_heap_gives_1_2_3,
    freed_numbers_are_used_before_the_table_grows,
    table_is_never_longer_than_the_most_blocks_at_once,
    table_shrinks_when_its_last_entry_is_freed,
    compaction_gives_back_the_vacant_end_of_the_table,
    failed_allocation_gives_its_number_back,
    table_grows_by_making_room_when_blocks_reach_up_to_it,
    handles_are_printed_compared_and_hashed_by_number_and_generation,
);

fn fresh_heap_gives_1_2_3<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    for number in 1..=40 {
        let handle = heap.alloc(number % 20).expect("room");
        assert_eq!((handle.number(), handle.generation()), (number, 0));
        assert_eq!(heap.stats().table_entries, number);
    }
}

fn freed_numbers_are_used_before_the_table_grows<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles: Vec<_> = (0..10).map(|_| heap.alloc(10).expect("room")).collect();
    for number in [3, 7, 4] {
        heap.free(handles[number - 1]).expect("live block");
    }
    assert_eq!(heap.stats().table_entries, 10);
    // Of another size, so that it is the number and not the block that is used again.
    let again: BTreeSet<_> = (0..3)
        .map(|_| heap.alloc(50).expect("room").number())
        .collect();
    assert_eq!(again, BTreeSet::from([3, 4, 7]));
    assert_eq!(heap.stats().table_entries, 10);
    assert_eq!(heap.alloc(50).expect("room").number(), 11);
}

fn table_is_never_longer_than_the_most_blocks_at_once<L: Layout, C: Check>() {
    let mut memory = Memory::new(16384);
    let mut heap = memory.checked::<L, C>();
    let mut random = fastrand::Rng::with_seed(4);
    let (mut live, mut most) = (Vec::new(), 0);
    for _ in 0..if cfg!(miri) { 40 } else { 400 } {
        if live.is_empty() || (live.len() < 60 && random.bool()) {
            let handle = heap.alloc(random.usize(..100)).expect("room");
            assert!(!live.contains(&handle));
            live.push(handle);
        } else {
            let handle = live.swap_remove(random.usize(..live.len()));
            heap.free(handle).expect("live block");
        }
        most = most.max(live.len());
        assert!(heap.stats().table_entries <= most);
        assert!(
            live.iter()
                .all(|handle| (1..=most).contains(&handle.number()))
        );
    }
}

fn table_shrinks_when_its_last_entry_is_freed<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let handles = [10, 10, 10, 10].map(|size| heap.alloc(size).expect("room"));
    let free = heap.available();
    heap.free(handles[3]).expect("live block");
    assert_eq!(heap.stats().table_entries, 3);
    assert!(
        heap.available() > free,
        "the entry's bytes are free again, or the block's at least"
    );
    heap.free(handles[0]).expect("live block");
    assert_eq!(
        heap.stats().table_entries,
        3,
        "a vacancy inside the table stays"
    );
    heap.free(handles[2]).expect("live block");
    assert_eq!(heap.stats().table_entries, 2);
    assert_eq!(heap.alloc(10).expect("room").number(), 1);
}

fn compaction_gives_back_the_vacant_end_of_the_table<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let handles = [10; 8].map(|size| heap.filled(Request::new(size)));
    let empty = heap.available();
    for number in [2, 5, 6, 7] {
        heap.free(handles[number - 1]).expect("live block");
    }
    assert_eq!(heap.stats().table_entries, 8);
    heap.free(handles[8 - 1]).expect("live block");
    heap.compact().expect("compaction");
    assert_eq!(
        heap.stats().table_entries,
        4,
        "5 to 8 were vacant at the end"
    );
    assert!(heap.available() > empty);
    assert_eq!(heap.alloc(10).expect("room").number(), 2);
    assert_eq!(heap.alloc(10).expect("room").number(), 5);
    heap.expect_filled([1, 3, 4].map(|number| handles[number - 1]));
}

fn failed_allocation_gives_its_number_back<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    for number in 1..=3 {
        assert!(heap.alloc(2000).is_err());
        assert_eq!(heap.stats().table_entries, number - 1);
        assert_eq!(heap.alloc(1).expect("room").number(), number);
    }
}

/// S5, as far as it goes without owners to shrink the last block.
fn table_grows_by_making_room_when_blocks_reach_up_to_it<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(2, 20));
    let mut heap = memory.checked::<L, C>();
    let (first, last) = (heap.granules(10), heap.granules(10));
    assert_eq!(heap.available(), 0);
    // Free space without a vacant number.
    heap.resize(first, payload::<L>(5)).expect("to shrink");
    let third = heap
        .alloc(0)
        .expect("the last block moves down to make room for the entry");
    assert_eq!((third.number(), heap.stats().table_entries), (3, 3));
    assert!(heap.stats().compactions > 0);
    heap.expect_filled([first, last, third]);
}

fn handles_are_printed_compared_and_hashed_by_number_and_generation<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let [a, b, c] = [1, 2, 3].map(|size| heap.alloc(size).expect("room"));
    heap.free(b).expect("live block");
    let d = heap.alloc(2).expect("room");
    assert_eq!(
        [a, b, c, d].map(|handle| handle.to_string()),
        ["#1.0", "#2.0", "#3.0", "#2.1"]
    );
    assert_eq!(format!("{d:?}"), "Handle(#2.1)");
    assert_eq!(
        BTreeSet::from([c, d, a, b, a])
            .into_iter()
            .collect::<Vec<_>>(),
        [a, b, d, c]
    );
    assert_eq!(HashSet::from([a, b, c, d, a, d]).len(), 4);
    let copy = d;
    assert!(copy == d && copy != b && heap.contains(copy) && heap.contains(d));
}

/// Zero is never a handle, so `None` has a place in the same bytes.
#[test]
fn handle_takes_one_word_with_none_among_its_values() {
    fn size<T: Copy>() -> (usize, usize) {
        (size_of::<T>(), size_of::<Option<T>>())
    }
    assert_eq!(size::<Handle<Narrow>>(), (4, 4));
    assert_eq!(size::<Handle<Standard>>(), (4, 4));
    assert_eq!(size::<Handle<Wide>>(), (8, 8));
}
