//! B5: a pinned block stays where it is while the heap is used; pins are counted and released on drop.

#[macro_use]
mod common;

use buflib::{Check, Crc32, Error, Found, Handle, Layout, Narrow, Request, Standard, Wide};
use common::{Checked, Memory, arena_bytes, entry_bytes, exact_bytes, flip, payload};

on_every_heap!(
    pinned_block_stays_in_place_while_the_heap_is_used,
    pin_is_released_when_its_guard_is_dropped,
    nested_guards_are_counted,
    pin_that_is_kept_lasts_until_it_is_taken_off,
    guard_gives_the_bytes_of_its_block,
    guard_whose_block_is_gone_is_harmless,
    pins_on_one_block_have_a_limit,
    block_without_pin_cannot_be_unpinned,
    pinned_block_cannot_be_freed,
    immovable_block_stays_so_after_its_pins,
    holes_around_pinned_blocks_are_used,
    pinned_block_costs_one_table_entry,
    pin_takes_a_vacant_entry_if_there_is_one,
    pin_moves_blocks_to_make_room_for_its_entry,
    pin_without_room_for_its_entry_fails_and_changes_nothing,
    stale_handle_of_the_number_of_a_pin_is_refused,
    pins_use_up_no_generations,
    pinned_block_is_listed_found_and_counted_as_such,
    pinned_block_grows_in_place_only,
    pinned_block_shrinks_in_place,
    pinned_blocks_are_written_and_read_like_others,
    pins_on_many_blocks_come_and_go_in_any_order,
);

fn pinned_block_stays_in_place_while_the_heap_is_used<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [7; 6].map(|granules| heap.granules(granules));
    let buffer = handles[3];
    let address = heap.address(buffer);
    heap.run(|heap| {
        let mut pinned = heap.pin(buffer).expect("room");
        let step = |pinned: &buflib::Pinned<'_, '_, L, C>| {
            pinned.check().expect("sound metadata");
            assert_eq!(pinned.bytes().as_ptr().addr(), address);
        };
        step(&pinned);
        pinned.free(handles[0]).expect("live block");
        step(&pinned);
        pinned.compact().expect("compaction");
        step(&pinned);
        let new = pinned.alloc(1500).expect("room");
        step(&pinned);
        pinned.resize(handles[5], 1000).expect("room");
        step(&pinned);
        pinned.free(new).expect("live block");
        pinned.free(handles[2]).expect("live block");
        pinned.compact().expect("compaction");
        step(&pinned);
        let (all, _) = pinned.alloc_maximum().expect("room");
        step(&pinned);
        pinned.free(all).expect("live block");
    });
    assert_eq!(heap.address(buffer), address);
    heap.expect_filled([handles[1], buffer, handles[4]]);
}

fn pin_is_released_when_its_guard_is_dropped<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let (front, buffer) = (heap.granules(5), heap.granules(5));
    let (start, address) = (heap.address(front), heap.address(buffer));
    heap.run(|heap| {
        let mut pinned = heap.pin(buffer).expect("room");
        pinned.free(front).expect("live block");
        assert_eq!(pinned.compact().expect("compaction").moves, 0);
        assert_eq!(pinned.pin_count(buffer), Ok(1));
    });
    assert_eq!(heap.pin_count(buffer), Ok(0));
    assert_eq!(heap.address(buffer), address);
    assert_eq!(heap.compact().expect("compaction").moves, 1);
    assert_eq!(heap.address(buffer), start);
    heap.expect_filled([buffer]);
    heap.free(buffer).expect("no longer pinned");
}

fn nested_guards_are_counted<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let [front, a, gap, b] = [5, 5, 3, 7].map(|granules| heap.granules(granules));
    let places = [a, b].map(|handle| heap.address(handle));
    heap.free(front).expect("live block");
    heap.free(gap).expect("live block");
    heap.run(|heap| {
        let mut first = heap.pin(a).expect("room");
        {
            let mut second = first.pin(a).expect("room");
            let mut third = second.pin(b).expect("room");
            assert_eq!([a, b].map(|handle| third.pin_count(handle)), [Ok(2), Ok(1)]);
            third.check().expect("sound metadata");
            third.compact().expect("compaction");
        }
        assert_eq!([a, b].map(|handle| first.pin_count(handle)), [Ok(1), Ok(0)]);
        first.compact().expect("compaction");
        assert_eq!(first.bytes().as_ptr().addr(), places[0]);
        let now = first.get(b).expect("live block").as_ptr().addr();
        assert!(now < places[1], "the other may move again");
    });
    heap.compact().expect("compaction");
    assert!(heap.address(a) < places[0]);
    heap.expect_filled([a, b]);
}

fn pin_that_is_kept_lasts_until_it_is_taken_off<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let (front, buffer) = (heap.granules(5), heap.granules(5));
    let address = heap.address(buffer);
    for count in 1..4 {
        heap.pin(buffer).expect("room");
        assert_eq!(heap.pin_count(buffer), Ok(count));
    }
    heap.free(front).expect("live block");
    for left in [2, 1, 0] {
        heap.compact().expect("compaction");
        assert_eq!(heap.address(buffer), address);
        heap.unpin(buffer).expect("pinned");
        assert_eq!(heap.pin_count(buffer), Ok(left));
    }
    assert_eq!(heap.compact().expect("compaction").moves, 1);
    heap.expect_filled([buffer]);
}

fn guard_gives_the_bytes_of_its_block<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    for request in [Request::new(9), Request::new(9).name("named").owner(1_u8)] {
        let handle = heap.alloc_with(request).expect("room");
        heap.run(|heap| {
            let mut pinned = heap.pin(handle).expect("room");
            assert_eq!(pinned.handle(), handle);
            pinned.bytes_mut().copy_from_slice(b"from here");
            assert_eq!(pinned.bytes(), b"from here");
            assert_eq!(pinned.get(handle), Ok(&b"from here"[..]));
        });
        assert_eq!(heap.get(handle), Ok(&b"from here"[..]));
    }
}

fn guard_whose_block_is_gone_is_harmless<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.granules(4);
    let mut other = None;
    heap.run(|heap| {
        let mut pinned = heap.pin(handle).expect("room");
        pinned.unpin(handle).expect("pinned");
        pinned.free(handle).expect("no longer pinned");
        assert_eq!(pinned.bytes(), []);
        assert_eq!(pinned.bytes_mut(), []);
        // In its place and under its number.
        other = pinned.alloc(payload::<L>(4)).ok();
        let other = other.expect("room");
        assert_eq!(pinned.bytes(), []);
        pinned.pin(other).expect("room").keep();
    });
    assert_eq!(heap.pin_count(other.expect("room")), Ok(1));
}

fn pins_on_one_block_have_a_limit<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.granules(4);
    let mut pins = 0;
    let error = loop {
        match heap.pin(handle) {
            Ok(()) => pins += 1,
            Err(error) => break error,
        }
        assert_eq!(heap.pin_count(handle), Ok(pins));
    };
    let number = handle.number();
    assert_eq!(
        error,
        Error::TooManyPins {
            number,
            limit: pins
        }
    );
    assert!(pins >= 15, "{pins}");
    let other = heap.granules(4);
    heap.pin(other).expect("it has none");
    for left in (0..pins).rev() {
        heap.unpin(handle).expect("pinned");
        assert_eq!(heap.pin_count(handle), Ok(left));
    }
    assert_eq!(heap.unpin(handle), Err(Error::NotPinned { number }));
    heap.expect_filled([handle, other]);
}

fn block_without_pin_cannot_be_unpinned<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let handles = [
        heap.granules(4),
        heap.filled(Request::new(9).immovable()),
        heap.filled(Request::new(9).name("named")),
    ];
    let before = heap.picture();
    for handle in handles {
        let number = handle.number();
        assert_eq!(heap.unpin(handle), Err(Error::NotPinned { number }));
        assert_eq!(heap.pin_count(handle), Ok(0));
        assert_eq!(heap.picture(), before);
    }
    heap.free(handles[0]).expect("live block");
    for result in [heap.pin(handles[0]), heap.unpin(handles[0])] {
        assert!(matches!(result, Err(Error::BadHandle { .. })), "{result:?}");
    }
    let result = heap.pin_count(handles[0]);
    assert!(matches!(result, Err(Error::BadHandle { .. })), "{result:?}");
}

fn pinned_block_cannot_be_freed<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    for request in [
        Request::new(20),
        Request::new(200).name("named").owner(1_u8),
        Request::new(20).immovable(),
    ] {
        let handle = heap.filled(request);
        let number = handle.number();
        for pins in 1..3 {
            heap.pin(handle).expect("room");
            let before = heap.picture();
            assert_eq!(heap.free(handle), Err(Error::Pinned { number, pins }));
            assert_eq!(heap.picture(), before);
        }
        heap.unpin(handle).expect("pinned");
        assert_eq!(heap.free(handle), Err(Error::Pinned { number, pins: 1 }));
        heap.unpin(handle).expect("pinned");
        assert_eq!(heap.free(handle), Ok(()));
        assert!(!heap.contains(handle));
    }
    assert_eq!(heap.stats().table_entries, 0);
}

fn immovable_block_stays_so_after_its_pins<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(5);
    let fixed = heap.filled(Request::new(30).immovable());
    let address = heap.address(fixed);
    heap.free(front).expect("live block");
    heap.pin(fixed).expect("room");
    heap.pin(fixed).expect("room");
    assert_eq!(heap.stats().immovable, 1);
    heap.unpin(fixed).expect("pinned");
    heap.unpin(fixed).expect("pinned");
    assert_eq!(heap.stats().immovable, 1);
    assert!(heap.seen()[1].immovable);
    heap.compact().expect("compaction");
    assert_eq!(heap.address(fixed), address);
    heap.expect_filled([fixed]);
}

fn holes_around_pinned_blocks_are_used<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(6, 42));
    let mut heap = memory.checked::<L, C>();
    let [front, buffer, small, gap, last] =
        [10, 10, 4, 8, 10].map(|granules| heap.granules(granules));
    heap.pin(buffer).expect("room for the entry");
    let places = [front, buffer, small].map(|handle| heap.address(handle));
    heap.free(front).expect("live block");
    heap.free(gap).expect("live block");
    let done = heap.compact().expect("compaction");
    assert_eq!((done.moves, done.refused), (2, 0));
    // The small one into the hole, the last one where that was.
    assert_eq!(
        [small, buffer, last].map(|handle| heap.address(handle)),
        places
    );
    let new = heap.granules(6);
    assert!(heap.address(new) < places[1]);
    heap.expect_filled([buffer, small, last, new]);
}

fn pinned_block_costs_one_table_entry<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let handles = [heap.granules(4), heap.granules(4)];
    let (used, entries) = (heap.stats().used_bytes, heap.stats().table_entries);
    for (handle, more) in handles.into_iter().zip(1..) {
        for _ in 0..3 {
            heap.pin(handle).expect("room");
            assert_eq!(heap.stats().table_entries, entries + more);
        }
    }
    assert_eq!(heap.stats().used_bytes, used);
    for handle in handles.into_iter().rev() {
        for _ in 0..3 {
            heap.unpin(handle).expect("pinned");
        }
    }
    assert_eq!(heap.stats().table_entries, entries);
}

fn pin_takes_a_vacant_entry_if_there_is_one<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let handles = [10; 3].map(|granules| heap.granules(granules));
    heap.free(handles[1]).expect("live block");
    heap.pin(handles[0]).expect("the number of the freed block");
    assert_eq!(heap.stats().table_entries, 3);
    // Its number is gone: there is room for a block, and none for its entry.
    let result = heap.alloc(payload::<L>(10));
    assert!(matches!(result, Err(Error::Exhausted { .. })), "{result:?}");
    heap.unpin(handles[0]).expect("pinned");
    let again = heap.granules(10);
    assert_eq!(again.number(), handles[1].number());
    heap.expect_filled([handles[0], handles[2], again]);
}

fn pin_moves_blocks_to_make_room_for_its_entry<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 31));
    let mut heap = memory.checked::<L, C>();
    let [small, buffer, last] = [11, 10, 10].map(|granules| heap.granules(granules));
    heap.resize(small, payload::<L>(10)).expect("a lesser size");
    let address = heap.address(buffer);
    heap.pin(buffer).expect("room once blocks have moved");
    assert_eq!(heap.address(buffer), address - L::GRANULE_BYTES);
    assert_eq!(heap.stats().table_entries, 4);
    heap.expect_filled([small, buffer, last]);
}

fn pin_without_room_for_its_entry_fails_and_changes_nothing<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let handles = [10; 3].map(|granules| heap.granules(granules));
    let before = heap.picture();
    let error = Error::Exhausted {
        requested: 0,
        free: 0,
        contiguous: 0,
    };
    assert_eq!(heap.pin(handles[1]), Err(error));
    assert_eq!(heap.picture(), before);
    assert_eq!(heap.pin_count(handles[1]), Ok(0));
    heap.free(handles[2]).expect("live block");
    heap.pin(handles[1]).expect("room now");
    heap.expect_filled([handles[0], handles[1]]);
}

#[track_caller]
fn expect_refused<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>, stale: Handle<L>) {
    let before = heap.picture();
    assert!(!heap.contains(stale));
    assert!(heap.get(stale).is_err() && heap.pin_count(stale).is_err());
    assert!(heap.run(|heap| heap.get_mut(stale).is_err()));
    let results = [
        heap.free(stale),
        heap.resize(stale, 1),
        heap.shrink(stale, 0..0),
        heap.pin(stale),
        heap.unpin(stale),
    ];
    for result in results {
        assert!(matches!(result, Err(Error::BadHandle { .. })), "{result:?}");
    }
    assert_eq!(heap.picture(), before);
}

/// While the number is that of a pin, after that, and when it is a block's again.
fn stale_handle_of_the_number_of_a_pin_is_refused<L: Layout, C: Check>() {
    for at_end in [false, true] {
        let mut memory = Memory::new(4096);
        let mut heap = memory.checked::<L, C>();
        let handles = [4; 3].map(|granules| heap.granules(granules));
        let mut stale = vec![handles[if at_end { 2 } else { 1 }]];
        heap.free(stale[0]).expect("live block");
        for _ in 0..3 {
            let number = stale[0].number();
            heap.pin(handles[0]).expect("room");
            let found = heap.get(stale[0]).expect_err("a pin's number");
            assert_eq!(
                found,
                Error::BadHandle {
                    number,
                    generation: stale[0].generation(),
                    found: Found::Vacant
                }
            );
            for &stale in &stale {
                expect_refused(&mut heap, stale);
            }
            heap.unpin(handles[0]).expect("pinned");
            for &stale in &stale {
                expect_refused(&mut heap, stale);
            }
            let again = heap.granules(4);
            assert_eq!(again.number(), number);
            for &stale in &stale {
                expect_refused(&mut heap, stale);
            }
            heap.free(again).expect("live block");
            stale.push(again);
        }
        heap.expect_filled([handles[0]]);
    }
}

/// Handles are found to be stale as surely as without pins.
fn pins_use_up_no_generations<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let (pinned, freed) = (heap.granules(4), heap.granules(4));
    heap.free(freed).expect("live block");
    for _ in 0..L::GENERATIONS.min(256) - 1 {
        heap.pin(pinned).expect("room");
        heap.unpin(pinned).expect("pinned");
    }
    let again = heap.granules(4);
    assert_eq!(again.number(), freed.number());
    assert_eq!(again.generation(), freed.generation() + 1);
    expect_refused(&mut heap, freed);
}

fn pinned_block_is_listed_found_and_counted_as_such<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let handles = [
        Request::new(9),
        Request::new(9).name("named"),
        Request::new(9).immovable(),
    ]
    .map(|request| heap.filled(request));
    let before = heap.seen();
    for handle in handles {
        heap.pin(handle).expect("room");
    }
    let mut pinned = heap.seen();
    assert!(pinned.iter().all(|block| block.immovable));
    assert_eq!((heap.stats().live, heap.stats().immovable), (3, 3));
    for block in &mut pinned {
        block.immovable = block.handle == Some(handles[2]);
    }
    assert_eq!(pinned, before, "all else is the same");
    assert_eq!(heap.name(handles[1]), Ok(Some("named")));
    assert!(handles.iter().all(|&handle| heap.contains(handle)));
    for handle in handles {
        heap.unpin(handle).expect("pinned");
    }
    assert_eq!(heap.seen(), before);
    assert_eq!(heap.stats().immovable, 1);
}

fn pinned_block_grows_in_place_only<L: Layout, C: Check>() {
    let mut memory = Memory::new(8192);
    let mut heap = memory.checked::<L, C>();
    let buffer = heap.granules(5);
    let (gap, movable) = (heap.granules(5), heap.granules(5));
    heap.pin(buffer).expect("room");
    heap.free(gap).expect("live block");
    let address = heap.address(buffer);
    // Into what is free behind it, and by moving what can be moved away.
    for granules in [8, 10, 15] {
        heap.resize(buffer, payload::<L>(granules)).expect("room");
        assert_eq!(heap.address(buffer), address);
        heap.expect_front(buffer, payload::<L>(5));
    }
    assert_eq!(heap.address(movable), address + 15 * L::GRANULE_BYTES);
    // Behind a block that may not move there is no way, though there is room elsewhere.
    let fixed = heap.filled(Request::new(9).immovable());
    let result = heap.resize(buffer, payload::<L>(16));
    assert!(matches!(result, Err(Error::Exhausted { .. })), "{result:?}");
    assert_eq!(heap.address(buffer), address);
    assert_eq!(heap.pin_count(buffer), Ok(1));
    heap.unpin(buffer).expect("pinned");
    heap.resize(buffer, payload::<L>(16))
        .expect("room elsewhere");
    assert_ne!(heap.address(buffer), address);
    heap.expect_front(buffer, payload::<L>(5));
    heap.expect_filled([movable, fixed]);
}

fn pinned_block_shrinks_in_place<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(3);
    let buffer = heap.filled(Request::new(200).name("dma"));
    let behind = heap.granules(20);
    heap.pin(buffer).expect("room");
    let address = heap.address(buffer);
    let contents = heap.get(buffer).expect("live block").to_vec();
    heap.resize(buffer, 180).expect("a lesser size");
    heap.shrink(buffer, 21..150).expect("a part");
    heap.free(front).expect("live block");
    heap.compact().expect("compaction");
    assert_eq!(heap.address(buffer), address + 21);
    assert_eq!(heap.get(buffer), Ok(&contents[21..150]));
    assert_eq!(heap.pin_count(buffer), Ok(1));
    assert_eq!(heap.name(buffer), Ok(Some("dma")));
    heap.unpin(buffer).expect("pinned");
    heap.compact().expect("compaction");
    assert!(heap.address(buffer) < address);
    assert_eq!(heap.get(buffer), Ok(&contents[21..150]));
    heap.expect_filled([behind]);
}

fn pinned_blocks_are_written_and_read_like_others<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let (a, b) = (heap.granules(4), heap.granules(4));
    heap.pin(a).expect("room");
    heap.run(|heap| {
        let [x, y] = heap.get_disjoint_mut([a, b]).expect("two blocks");
        y.copy_from_slice(x);
        x.fill(1);
        assert!(
            heap.get_mut(a)
                .expect("live block")
                .iter()
                .all(|&byte| byte == 1)
        );
        assert!(heap.get_disjoint_mut([a, a]).is_err());
    });
    assert_eq!(heap.get(b).expect("live block").len(), payload::<L>(4));
}

fn pins_on_many_blocks_come_and_go_in_any_order<L: Layout, C: Check>() {
    let mut random = fastrand::Rng::with_seed(5);
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    let handles: Vec<_> = (0..20)
        .map(|size| heap.filled(Request::new(size * 3)))
        .collect();
    let mut pins = [0; 20];
    for _ in 0..if cfg!(miri) { 50 } else { 1000 } {
        let which = random.usize(..20);
        if random.bool() {
            pins[which] += usize::from(heap.pin(handles[which]).is_ok());
        } else {
            let result = heap.unpin(handles[which]);
            assert_eq!(result.is_ok(), pins[which] > 0);
            pins[which] -= usize::from(result.is_ok());
        }
        let pinned = pins.iter().filter(|&&pins| pins > 0).count();
        assert_eq!(heap.stats().immovable, pinned);
        for (&handle, &pins) in handles.iter().zip(&pins) {
            assert_eq!(heap.pin_count(handle), Ok(pins));
        }
    }
    heap.expect_filled(handles);
}

/// Each bit of the entry that counts the pins.
fn pins_are_protected<L: Layout>() {
    let arena = exact_bytes::<L>(1024);
    for at in 0..L::ENTRY_BYTES {
        for bit in 0..8 {
            let mut memory = Memory::exact::<L>(arena);
            let mut heap = memory.checked::<L, Crc32>();
            let (first, buffer) = (heap.granules(4), heap.granules(4));
            heap.pin(buffer).expect("room");
            heap.pin(buffer).expect("room");
            let record = arena - 3 * entry_bytes::<L, Crc32>();
            heap.run_damaged(|heap| flip(heap, first, 0, record + at, 1 << bit));
            let what = format!("bit {bit} of byte {at}");
            heap.check().expect_err(&what);
            let moves = heap.stats().moves;
            heap.run_damaged(|heap| {
                assert!(heap.unpin(buffer).is_err(), "{what}");
                assert!(heap.pin(buffer).is_err(), "{what}");
                assert!(heap.free(buffer).is_err(), "{what}");
                heap.free(first).expect("live block");
                assert!(heap.compact().is_err(), "{what}");
            });
            assert_eq!(heap.stats().moves, moves, "{what}");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "needs Tree Borrows")]
fn every_bit_of_a_pin_is_protected() {
    pins_are_protected::<Narrow>();
    pins_are_protected::<Standard>();
    pins_are_protected::<Wide>();
}
