//! S11: when nothing fits, blocks are moved together; then owners are asked to shrink theirs; only if
//! that does not help an allocation fails, and then it has changed nothing. S18: compaction is not repeated in vain.

#[macro_use]
mod common;

use buflib::{Answer, Check, Error, Handle, Layout, Request};
use common::{Checked, Memory, Recorder, arena_bytes, owned_payload, payload};

on_every_heap!(
    allocation_moves_blocks_together_when_nothing_fits,
    allocation_of_all_that_is_free_succeeds_however_scattered,
    failure_tells_what_was_asked_what_is_free_and_what_is_contiguous,
    failure_changes_nothing,
    failure_keeps_all_blocks_though_it_may_move_them,
    failures_do_not_repeat_compaction_until_something_is_freed,
    free_space_on_both_sides_of_an_immovable_block_does_not_add_up,
    hole_that_fits_is_found_among_holes_of_almost_its_size,
    hole_of_the_smallest_block_is_found,
    hopeless_request_moves_nothing,
    owners_are_not_asked_to_shrink_where_moving_blocks_is_enough,
    owners_are_asked_to_shrink_one_by_one_until_the_request_fits,
    request_fails_with_nothing_changed_if_no_owner_gives,
    hopeless_request_asks_nobody,
    growth_asks_owners_as_an_allocation_does,
    block_that_is_to_grow_is_not_asked_to_shrink,
    pin_that_an_owner_takes_off_when_asked_makes_room,
);

fn allocation_moves_blocks_together_when_nothing_fits<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 40));
    let mut heap = memory.checked::<L, C>();
    let handles = [10; 4].map(|granules| heap.granules(granules));
    heap.free(handles[0]).expect("live block");
    heap.free(handles[2]).expect("live block");
    let large = heap.granules(20);
    assert!(heap.stats().moves > 0 && heap.stats().compactions > 0);
    heap.expect_filled([handles[1], handles[3], large]);
}

/// A request for exactly what is free, to the granule, on heaps without a granule to spare.
fn allocation_of_all_that_is_free_succeeds_however_scattered<L: Layout, C: Check>() {
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..if cfg!(miri) { 3 } else { 60 } {
        let sizes: Vec<usize> = (0..20).map(|_| random.usize(1..40)).collect();
        let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(20, sizes.iter().sum()));
        let mut heap = memory.checked::<L, C>();
        let handles: Vec<_> = sizes
            .iter()
            .map(|&granules| heap.granules(granules))
            .collect();
        let (mut left, mut free) = (Vec::new(), 0);
        for (&handle, &granules) in handles.iter().zip(&sizes) {
            // The last entry stays, so that the table neither shrinks nor has to grow.
            if handle != handles[19] && random.bool() {
                heap.free(handle).expect("live block");
                free += granules;
            } else {
                left.push(handle);
            }
        }
        if left.len() == 20 {
            continue;
        }
        let size = payload::<L>(free);
        assert!(
            matches!(heap.alloc(size + 1), Err(Error::Exhausted { .. })),
            "a byte more is too much"
        );
        left.push(heap.filled(Request::new(size)));
        assert_eq!(heap.available(), 0);
        heap.expect_filled(left);
    }
}

fn failure_tells_what_was_asked_what_is_free_and_what_is_contiguous<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 60));
    let mut heap = memory.checked::<L, C>();
    let handles = [10, 10, 15, 25].map(|granules| {
        heap.alloc_with(Request::new(payload::<L>(granules)).immovable())
            .expect("room")
    });
    heap.free(handles[0]).expect("live block");
    heap.free(handles[2]).expect("live block");
    let granule = L::GRANULE_BYTES;
    let error = |requested| Error::Exhausted {
        requested,
        free: 25 * granule,
        contiguous: 15 * granule,
    };
    for requested in [payload::<L>(15) + 1, payload::<L>(25), 5000] {
        assert_eq!(heap.alloc(requested), Err(error(requested)));
    }
    for requested in [payload::<L>(25) + 1, payload::<L>(40), 5000] {
        assert_eq!(heap.resize(handles[3], requested), Err(error(requested)));
    }
    assert!(heap.alloc(payload::<L>(15)).is_ok());
}

fn failure_changes_nothing<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let requests = [
        Request::new(100),
        Request::new(30).name("named"),
        Request::new(40).align(64),
        Request::new(50).immovable(),
        Request::new(300),
    ];
    let handles = requests.map(|request| heap.filled(request));
    heap.free(handles[0]).expect("live block");
    heap.free(handles[4]).expect("live block");
    heap.compact().expect("compaction");
    let before = heap.picture();
    for request in [
        Request::new(3000),
        Request::new(1990).name("n"),
        Request::new(1990).align(4096),
    ] {
        assert!(matches!(
            heap.alloc_with(request),
            Err(Error::Exhausted { .. })
        ));
        assert_eq!(heap.picture(), before);
    }
    assert!(matches!(
        heap.resize(handles[1], 3000),
        Err(Error::Exhausted { .. })
    ));
    assert_eq!(heap.picture(), before);
    heap.expect_filled([handles[1], handles[2], handles[3]]);
}

fn failure_keeps_all_blocks_though_it_may_move_them<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(6, 60));
    let mut heap = memory.checked::<L, C>();
    let handles = [10; 6].map(|granules| heap.granules(granules));
    for which in [0, 2, 4] {
        heap.free(handles[which]).expect("live block");
    }
    let (live, free) = (heap.stats().live, heap.available());
    assert!(heap.alloc(payload::<L>(30) + 1).is_err());
    assert_eq!((heap.stats().live, heap.available()), (live, free));
    assert_eq!(heap.stats().table_entries, 6, "the number was given back");
    heap.expect_filled([1, 3, 5].map(|which| handles[which]));
    heap.granules(30);
    heap.expect_filled([1, 3, 5].map(|which| handles[which]));
}

fn failures_do_not_repeat_compaction_until_something_is_freed<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let mut handles: Vec<_> = (0..20)
        .map(|size| heap.filled(Request::new(size * 5)))
        .collect();
    for which in [15, 9, 4, 0] {
        let freed = handles.remove(which);
        heap.free(freed).expect("live block");
        assert!(heap.alloc(3500).is_err());
        let stats = heap.stats();
        for size in [3500, 4000, 100_000] {
            assert!(heap.alloc(size).is_err() && heap.resize(handles[3], size).is_err());
        }
        assert_eq!(heap.stats(), stats, "nothing was freed since");
        // What is allocated or written does not make a compaction worth while either.
        handles.push(heap.filled(Request::new(3)));
        let (compactions, moves) = (heap.stats().compactions, heap.stats().moves);
        assert!(heap.alloc(3500).is_err());
        assert_eq!(
            (heap.stats().compactions, heap.stats().moves),
            (compactions, moves)
        );
    }
    heap.expect_filled(handles);
}

fn free_space_on_both_sides_of_an_immovable_block_does_not_add_up<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 40));
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(10);
    let fixed = heap.filled(Request::new(payload::<L>(5)).immovable());
    let behind = heap.granules(20);
    let last = heap.granules(5);
    heap.free(front).expect("live block");
    heap.free(behind).expect("live block");
    let place = heap.address(fixed);
    assert!(heap.alloc(payload::<L>(30)).is_err());
    assert_eq!(heap.address(fixed), place);
    // The last block may go to either side; 20 granules in one piece are there in any case.
    let large = heap.granules(20);
    heap.expect_filled([fixed, large, last]);
}

/// Many holes that are a granule too small, and one that is not, wherever it is among them.
fn hole_that_fits_is_found_among_holes_of_almost_its_size<L: Layout, C: Check>() {
    const HOLES: usize = 9;
    for granules in [3, 8, 16, 40, 100] {
        for fitting in 0..HOLES {
            let bytes = arena_bytes::<L, C>(2 * HOLES, HOLES * (granules + 1) + 1);
            let mut memory = Memory::exact::<L>(bytes);
            let mut heap = memory.checked::<L, C>();
            let pairs: Vec<_> = (0..HOLES)
                .map(|i| {
                    let hole = heap.granules(granules + usize::from(i == fitting));
                    (hole, heap.filled(Request::new(payload::<L>(1)).immovable()))
                })
                .collect();
            assert_eq!(heap.available(), 0);
            for &(hole, _) in &pairs {
                heap.free(hole).expect("live block");
            }
            heap.compact().expect("compaction");
            assert_eq!(
                heap.holes().iter().max(),
                Some(&((granules + 1) * L::GRANULE_BYTES))
            );
            let new = heap.alloc(payload::<L>(granules + 1));
            assert!(
                new.is_ok(),
                "{granules} + 1 granules, hole {fitting} of {HOLES} has them: {new:?}"
            );
            heap.expect_filled(pairs.into_iter().map(|(_, fixed)| fixed));
        }
    }
}

/// It is as small as a free block can be.
fn hole_of_the_smallest_block_is_found<L: Layout, C: Check>() {
    for compacted in [false, true] {
        let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 12));
        let mut heap = memory.checked::<L, C>();
        let still = |granules| Request::new(payload::<L>(granules)).immovable();
        let [first, gap, last] = [6, 1, 5].map(|granules| heap.filled(still(granules)));
        heap.free(gap).expect("live block");
        if compacted {
            heap.compact().expect("compaction");
        }
        assert_eq!(heap.available(), L::GRANULE_BYTES);
        assert_eq!(heap.allocatable(), Ok(Some(payload::<L>(1))));
        let new = heap.granules(1);
        heap.expect_filled([first, new, last]);
    }
}

/// A request for more than there is free need not be paid for by moving everything.
fn hopeless_request_moves_nothing<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [100; 10].map(|size| heap.filled(Request::new(size)));
    heap.free(handles[0]).expect("live block");
    heap.free(handles[5]).expect("live block");
    let before = heap.picture();
    for size in [5000, 100_000] {
        assert!(heap.alloc(size).is_err());
        assert_eq!(heap.picture(), before);
    }
}

/// A full heap of blocks of ten granules, all of them shrinkable but those with tag zero.
fn full<'a, L: Layout, C: Check, const N: usize>(
    memory: &'a mut Memory,
    tags: [u32; N],
) -> (Checked<'a, L, C>, [Handle<L>; N]) {
    let mut heap = memory.checked::<L, C>();
    let handles = tags.map(|tag| match tag {
        0 => heap.granules(10),
        tag => heap.filled(Request::new(owned_payload::<L>(10)).shrinkable(tag)),
    });
    assert_eq!(heap.available(), 0);
    (heap, handles)
}

fn owners_are_not_asked_to_shrink_where_moving_blocks_is_enough<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 40));
    let (mut heap, handles) = full::<L, C, 4>(&mut memory, [0, 1, 0, 2]);
    for which in [0, 2] {
        heap.free(handles[which]).expect("live block");
    }
    let mut owner = Recorder::generous();
    let large = heap.with(&mut owner, |with| with.alloc(payload::<L>(20)));
    assert_eq!(owner.wishes(), []);
    heap.fill(large.expect("room"));
    heap.expect_filled([handles[1], handles[3], large.expect("room")]);
}

fn owners_are_asked_to_shrink_one_by_one_until_the_request_fits<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(5, 50));
    let (mut heap, handles) = full::<L, C, 5>(&mut memory, [0, 1, 2, 0, 3]);
    let mut owner = Recorder::generous();
    let large = heap.with(&mut owner, |with| with.alloc(payload::<L>(15)));
    heap.fill(large.expect("room"));
    let asked: Vec<_> = owner.wishes().iter().map(|wish| wish.handle).collect();
    assert_eq!(asked, [handles[1], handles[2]]);
    heap.expect_filled([handles[0], handles[3], handles[4], large.expect("room")]);
}

fn request_fails_with_nothing_changed_if_no_owner_gives<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 40));
    let (mut heap, handles) = full::<L, C, 4>(&mut memory, [0, 1, 2, 0]);
    let before = heap.picture();
    let mut owner = Recorder::default();
    for size in [0, payload::<L>(1), payload::<L>(20)] {
        let result = heap.with(&mut owner, |with| with.alloc(size));
        let error = Error::Exhausted {
            requested: size,
            free: 0,
            contiguous: 0,
        };
        assert_eq!(result, Err(error));
        let grown = heap.with(&mut owner, |with| {
            with.resize(handles[3], payload::<L>(10) + 1 + size)
        });
        assert!(matches!(grown, Err(Error::Exhausted { .. })));
    }
    assert_eq!(owner.wishes().len(), 12, "each time both");
    let after = heap.picture();
    assert_eq!(
        (after.blocks, after.contents),
        (before.blocks, before.contents)
    );
    let (after, before) = (after.stats, before.stats);
    assert_eq!(after.refused_shrinks, 12);
    assert_eq!(
        (after.table_entries, after.live, after.moves),
        (before.table_entries, before.live, 0)
    );
}

fn hopeless_request_asks_nobody<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let (mut heap, handles) = full::<L, C, 3>(&mut memory, [1, 2, 0]);
    let mut owner = Recorder::generous();
    for request in [
        Request::new(payload::<L>(31)),
        Request::new(usize::MAX),
        Request::new(1).align(3),
        Request::new(1).name(&"n".repeat(256)),
    ] {
        assert!(heap.with(&mut owner, |with| with.alloc_with(request).is_err()));
    }
    for size in [payload::<L>(31), usize::MAX] {
        assert!(heap.with(&mut owner, |with| with.resize(handles[2], size).is_err()));
    }
    assert_eq!(owner.wishes(), []);
    heap.expect_filled(handles);
}

fn growth_asks_owners_as_an_allocation_does<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let (mut heap, handles) = full::<L, C, 3>(&mut memory, [1, 0, 2]);
    let mut owner = Recorder::generous();
    let result = heap.with(&mut owner, |with| with.resize(handles[1], payload::<L>(25)));
    assert_eq!(result, Ok(()));
    assert_eq!(owner.wishes().len(), 2);
    heap.expect_front(handles[1], payload::<L>(10));
}

/// To give, so as to get the same back, gains nothing.
fn block_that_is_to_grow_is_not_asked_to_shrink<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let (mut heap, handles) = full::<L, C, 3>(&mut memory, [1, 2, 3]);
    let mut owner = Recorder::exact();
    let size = owned_payload::<L>(15);
    let result = heap.with(&mut owner, |with| with.resize(handles[0], size));
    assert_eq!(result, Ok(()));
    assert!(owner.wishes().iter().all(|wish| wish.handle != handles[0]));
    heap.expect_front(handles[0], owned_payload::<L>(10));
    let before = heap.picture().blocks;
    let mut owner = Recorder::default();
    let result = heap.with(&mut owner, |with| with.resize(handles[0], size + 1));
    assert!(result.is_err());
    assert_eq!(owner.wishes().len(), 2);
    assert_eq!(heap.picture().blocks, before);
}

/// An owner that no longer needs what was pinned lets blocks move together.
fn pin_that_an_owner_takes_off_when_asked_makes_room<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(6, 40));
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(10);
    let buffer = heap.filled(Request::new(owned_payload::<L>(10)).shrinkable(1_u32));
    let behind = heap.granules(10);
    heap.pin(buffer).expect("room in the table");
    heap.free(front).expect("live block");
    heap.free(behind).expect("live block");
    let mut owner = Recorder::new(|heap, wish| match heap.unpin(wish.handle) {
        Ok(()) => Answer::Agree,
        Err(_) => Answer::Refuse,
    });
    let large = heap.with(&mut owner, |with| with.alloc(payload::<L>(28)));
    assert!(large.is_ok(), "{large:?}");
    heap.expect_filled([buffer]);
    assert_eq!(owner.wishes().len(), 1);
}
