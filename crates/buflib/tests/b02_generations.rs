//! B2, S26: stale, doubly freed and foreign handles are found out, with the certainty that the
//! documentation of `Handle` states.

#[macro_use]
mod common;

use buflib::{
    Check, Crc32, Error, Found, Handle, Layout, Narrow, Request, Standard, Unchecked, Wide,
};
use common::{Checked, Memory, payload};

on_every_heap!(
    freed_handle_is_refused_by_every_operation,
    handle_of_a_number_in_use_again_is_refused,
    double_free_is_refused_and_frees_nothing,
    stale_handle_is_refused_after_the_table_shrank_and_grew,
    stale_handle_is_refused_after_numbers_of_any_age_were_given_back,
    foreign_handle_is_refused_where_number_or_generation_differ,
);

fn bad<L: Layout>(handle: Handle<L>, found: Found) -> Error {
    Error::BadHandle {
        number: handle.number(),
        generation: handle.generation(),
        found,
    }
}

/// Every operation says the same, and changes nothing.
#[track_caller]
fn expect_refused<L: Layout, C: Check>(
    heap: &mut Checked<'_, L, C>,
    handle: Handle<L>,
    found: Found,
) {
    let (error, before) = (bad(handle, found), heap.picture());
    assert!(!heap.contains(handle));
    assert_eq!(heap.get(handle).err(), Some(error));
    assert_eq!(heap.name(handle).err(), Some(error));
    assert_eq!(heap.run(|heap| heap.get_mut(handle).err()), Some(error));
    assert_eq!(
        heap.run(|heap| heap.get_disjoint_mut([handle]).err()),
        Some(error)
    );
    assert_eq!(
        heap.run(|heap| heap.resize_mut(handle, 500).err()),
        Some(error)
    );
    for size in [0, 1, 500, usize::MAX] {
        assert_eq!(heap.resize(handle, size), Err(error));
    }
    assert_eq!(heap.free(handle), Err(error));
    assert_eq!(heap.picture(), before);
}

fn freed_handle_is_refused_by_every_operation<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    // Small enough to be set aside, too large for that, immovable, named.
    let requests = [
        Request::new(10),
        Request::new(payload::<L>(150)),
        Request::new(20).immovable(),
        Request::new(20).name("a name"),
        Request::new(0),
    ];
    let handles = requests.map(|request| heap.filled(request));
    let guard = heap.filled(Request::new(5));
    for handle in handles {
        heap.free(handle).expect("live block");
        expect_refused(&mut heap, handle, Found::Vacant);
    }
    heap.compact().expect("compaction");
    for handle in handles {
        expect_refused(&mut heap, handle, Found::Vacant);
    }
    heap.expect_filled([guard]);
}

fn handle_of_a_number_in_use_again_is_refused<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let mut stale = vec![heap.alloc(30).expect("room")];
    let guard = heap.filled(Request::new(5));
    for generation in 1..=5 {
        heap.free(stale[stale.len() - 1]).expect("live block");
        let handle = heap.alloc(30).expect("room");
        assert_eq!((handle.number(), handle.generation()), (1, generation));
        for &old in &stale {
            expect_refused(&mut heap, old, Found::Generation(generation));
        }
        stale.push(handle);
    }
    heap.expect_filled([guard]);
}

fn double_free_is_refused_and_frees_nothing<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let sizes = [10, 10, 10, 2100, 0];
    let handles = sizes.map(|size| heap.filled(Request::new(size)));
    for handle in handles.into_iter().rev() {
        heap.free(handle).expect("live block");
        let free = heap.available();
        assert!(matches!(heap.free(handle), Err(Error::BadHandle { .. })));
        assert_eq!(heap.available(), free);
    }
    assert_eq!(heap.stats().live, 0);
    // Had one been freed twice, two of these would be the same block.
    let again = sizes.map(|size| heap.filled(Request::new(size)));
    heap.expect_filled(again);
}

/// As often as generations tell blocks apart.
fn stale_handle_is_refused_after_the_table_shrank_and_grew<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let first = heap.alloc(10).expect("room");
    heap.free(first).expect("live block");
    assert_eq!(heap.stats().table_entries, 0);
    expect_refused(&mut heap, first, Found::OutsideTable { entries: 0 });
    for _ in 1..L::GENERATIONS.min(if cfg!(miri) { 20 } else { 300 }) {
        let handle = heap.alloc(10).expect("room");
        assert_eq!(handle.number(), 1);
        assert_eq!(
            heap.get(first).err(),
            Some(bad(first, Found::Generation(handle.generation())))
        );
        heap.free(handle).expect("live block");
        assert_eq!(heap.stats().table_entries, 0);
    }
}

/// Number 1 is worn, number 2 is not; whichever the table gives back last, no old handle is valid.
fn stale_handle_is_refused_after_numbers_of_any_age_were_given_back<L: Layout, C: Check>() {
    let most = L::GENERATIONS.min(if cfg!(miri) { 20 } else { 256 });
    for uses in [1, 2, most / 2, most / 2 + 2, most - 2] {
        let mut memory = Memory::new(1024);
        let mut heap = memory.checked::<L, C>();
        let mut stale = vec![heap.alloc(10).expect("room")];
        let other = heap.alloc(10).expect("room");
        for _ in 1..uses {
            heap.free(stale[stale.len() - 1]).expect("live block");
            stale.push(heap.alloc(10).expect("room"));
        }
        heap.free(other).expect("live block");
        heap.free(stale[stale.len() - 1]).expect("live block");
        heap.compact().expect("compaction");
        assert_eq!(heap.stats().table_entries, 0);
        let (new, newer) = (heap.alloc(10).expect("room"), heap.alloc(10).expect("room"));
        for &old in &stale {
            assert!(
                !heap.contains(old),
                "{old} is valid after {uses} uses of its number, beside {new} and {newer}"
            );
        }
        assert!(!heap.contains(other), "{other} is valid again");
    }
}

fn foreign_handle_is_refused_where_number_or_generation_differ<L: Layout, C: Check>() {
    let (mut ours, mut theirs) = (Memory::new(1024), Memory::new(1024));
    let (mut heap, mut other) = (ours.checked::<L, C>(), theirs.checked::<L, C>());
    let own = [1, 2, 3].map(|size| heap.filled(Request::new(size)));
    let foreign = [10, 20, 30, 40].map(|size| other.alloc(size).expect("room"));
    expect_refused(&mut heap, foreign[3], Found::OutsideTable { entries: 3 });

    // Handles that say the same are not told apart: documented, and nothing but a block is reached.
    assert_eq!(
        heap.get(foreign[0])
            .expect("a block of the same number")
            .len(),
        1
    );

    other.free(foreign[0]).expect("live block");
    let later = other.alloc(10).expect("room");
    expect_refused(&mut heap, later, Found::Generation(0));
    heap.free(own[1]).expect("live block");
    expect_refused(&mut heap, foreign[1], Found::Vacant);
    heap.expect_filled([own[0], own[2]]);
}

/// Uses one number so often that its generations start again, and looks at every handle on the way.
fn wraps_around<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.heap::<L, C>();
    let first = heap.alloc(10).expect("room");
    let _guard = heap.alloc(10).expect("room");
    let mut handle = first;
    for generation in 1..L::GENERATIONS {
        heap.free(handle).expect("live block");
        handle = heap.alloc(10).expect("room");
        assert_eq!((handle.number(), handle.generation()), (1, generation));
        assert!(handle != first && !heap.contains(first));
    }
    heap.free(handle).expect("live block");
    handle = heap.alloc(10).expect("room");
    assert_eq!(handle, first, "after exactly {} uses", L::GENERATIONS);
    heap.check().expect("sound metadata");
}

#[test]
fn generations_of_a_number_wrap_around_as_documented() {
    assert_eq!(
        (
            Narrow::GENERATIONS,
            Standard::GENERATIONS,
            Wide::GENERATIONS
        ),
        (128, 128, 4_194_304)
    );
    wraps_around::<Narrow, Unchecked>();
    wraps_around::<Narrow, Crc32>();
    wraps_around::<Standard, Unchecked>();
    wraps_around::<Standard, Crc32>();
    if !cfg!(miri) {
        wraps_around::<Wide, Unchecked>();
    }
}
