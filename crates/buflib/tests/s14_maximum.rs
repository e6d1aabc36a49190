//! S14: `alloc_maximum` takes all that is allocatable, after owners have given what they can, and while
//! it is held other requests fail at once, or are served by its owner.

#[macro_use]
mod common;

use buflib::{Answer, Check, Error, Handle, Layout, Request};
use common::{Checked, Memory, Recorder, arena_bytes, owned_payload, payload};

on_every_heap!(
    maximum_of_a_fresh_heap_is_all_but_the_metadata,
    maximum_is_what_was_allocatable,
    maximum_gathers_what_is_scattered,
    requests_fail_at_once_while_the_maximum_is_held,
    growth_fails_while_the_maximum_is_held_though_the_space_behind_is_free,
    freeing_the_maximum_lets_requests_in,
    shrinking_the_maximum_lets_requests_in,
    shrinking_the_maximum_by_a_byte_lets_requests_in,
    freeing_and_shrinking_others_goes_on_while_it_is_held,
    maximum_is_made_in_two_steps_from_what_was_needed,
    next_block_of_the_same_number_holds_nothing,
    maximum_of_a_full_heap_is_an_error,
    maximum_beside_immovable_blocks_is_the_largest_piece,
    maximum_is_more_by_what_owners_give,
    owners_are_asked_for_the_maximum_until_nothing_more_is_gained,
    maximum_is_what_is_free_where_owners_refuse,
    maximum_of_a_kind_is_all_that_is_allocatable_of_it,
    wrong_request_for_the_maximum_asks_nobody,
    request_while_the_maximum_is_held_is_served_by_its_owner,
    only_the_owner_of_the_maximum_is_asked_while_it_is_held,
    second_maximum_is_what_the_owner_of_the_first_gives,
    maximum_that_is_to_grow_asks_nobody,
);

fn maximum_of_a_fresh_heap_is_all_but_the_metadata<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(1, 100));
    let mut heap = memory.checked::<L, C>();
    let (all, bytes) = heap.alloc_maximum().expect("room");
    assert_eq!(
        (all.number(), bytes, heap.available()),
        (1, payload::<L>(100), 0)
    );
    assert_eq!(heap.get(all).expect("new block").len(), bytes);
    heap.fill(all);
    heap.expect_filled([all]);
}

/// A heap with three blocks and free space in several pieces.
fn scattered<'a, L: Layout, C: Check>(
    memory: &'a mut Memory,
) -> (Checked<'a, L, C>, [Handle<L>; 3]) {
    let mut heap = memory.checked::<L, C>();
    let handles = [10, 30, 100, 300, 20, 7].map(|size| heap.filled(Request::new(size)));
    for which in [0, 2, 3] {
        heap.free(handles[which]).expect("live block");
    }
    (heap, [handles[1], handles[4], handles[5]])
}

fn maximum_is_what_was_allocatable<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let (mut heap, others) = scattered::<L, C>(&mut memory);
    let most = heap.allocatable().expect("allocatable").expect("room");
    let (all, bytes) = heap.alloc_maximum().expect("room");
    assert_eq!(
        (bytes, heap.get(all).expect("new block").len()),
        (most, most)
    );
    assert!(heap.available() < L::GRANULE_BYTES * 2);
    heap.fill(all);
    heap.expect_filled(others);
}

fn maximum_gathers_what_is_scattered<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(6, 60));
    let mut heap = memory.checked::<L, C>();
    let handles = [10; 6].map(|granules| heap.granules(granules));
    for which in [0, 2, 4] {
        heap.free(handles[which]).expect("live block");
    }
    let (all, bytes) = heap.alloc_maximum().expect("room");
    assert_eq!(bytes, payload::<L>(30));
    heap.fill(all);
    heap.expect_filled([all, handles[1], handles[3], handles[5]]);
}

fn requests_fail_at_once_while_the_maximum_is_held<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let (mut heap, others) = scattered::<L, C>(&mut memory);
    let (all, bytes) = heap.alloc_maximum().expect("room");
    heap.free(others[0]).expect("live block");
    let (stats, held) = (
        heap.stats(),
        Error::MaximumHeld {
            number: all.number(),
        },
    );
    // There is room for some of these; that they would have to wait for is the point.
    for size in [0, 1, 20, 1000] {
        assert_eq!(heap.alloc(size), Err(held));
        assert_eq!(
            heap.alloc_with(Request::new(size).align(64).name("name")),
            Err(held)
        );
        assert_eq!(
            heap.run(|heap| heap.alloc_mut(size).map(|(handle, _)| handle)),
            Err(held)
        );
    }
    assert_eq!(heap.resize(others[1], 500), Err(held));
    assert_eq!(heap.resize(all, bytes + 100), Err(held));
    assert_eq!(heap.stats(), stats, "nothing was tried");
    assert_eq!(heap.alloc_maximum(), Err(held));
    assert_eq!(heap.allocatable(), Ok(None));
    heap.expect_filled([others[1], others[2]]);
    // Inside its last granule nothing is needed.
    heap.resize(others[2], 7).expect("the same size");
}

fn growth_fails_while_the_maximum_is_held_though_the_space_behind_is_free<L: Layout, C: Check>() {
    let large = payload::<L>(4000);
    let mut memory = Memory::new(2 * large);
    let mut heap = memory.checked::<L, C>();
    let growing = heap.granules(10);
    let behind = heap.alloc(large).expect("room");
    heap.granules(10);
    let (all, _) = heap.alloc_maximum().expect("room");
    heap.free(behind).expect("live block");
    let held = Error::MaximumHeld {
        number: all.number(),
    };
    assert_eq!(heap.resize(growing, payload::<L>(11)), Err(held));
    heap.free(all).expect("live block");
    heap.resize(growing, payload::<L>(11)).expect("room");
    heap.expect_front(growing, payload::<L>(10));
}

fn freeing_the_maximum_lets_requests_in<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let (mut heap, others) = scattered::<L, C>(&mut memory);
    let (all, bytes) = heap.alloc_maximum().expect("room");
    heap.free(all).expect("live block");
    let again = heap.filled(Request::new(bytes));
    heap.free(again).expect("live block");
    heap.resize(others[0], 200).expect("room");
    heap.expect_front(others[0], 30);
    assert!(heap.alloc_maximum().is_ok());
}

fn shrinking_the_maximum_lets_requests_in<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let (mut heap, others) = scattered::<L, C>(&mut memory);
    let (all, bytes) = heap.alloc_maximum().expect("room");
    heap.fill(all);
    heap.resize(all, bytes / 2).expect("to shrink");
    let next = heap.filled(Request::new(bytes / 4));
    heap.resize(others[0], 100).expect("room");
    heap.expect_filled([all, next, others[1], others[2]]);
    heap.expect_front(others[0], 30);
}

/// Nothing is free then, and that is what a request is told.
fn shrinking_the_maximum_by_a_byte_lets_requests_in<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let (mut heap, others) = scattered::<L, C>(&mut memory);
    let (all, bytes) = heap.alloc_maximum().expect("room");
    heap.fill(all);
    heap.resize(all, bytes - 1).expect("to shrink");
    assert!(
        !matches!(heap.alloc(500), Err(Error::MaximumHeld { .. })),
        "it was made smaller"
    );
    heap.free(others[0]).expect("live block");
    let next = heap.filled(Request::new(30));
    heap.expect_filled([all, next]);
}

fn freeing_and_shrinking_others_goes_on_while_it_is_held<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let (mut heap, others) = scattered::<L, C>(&mut memory);
    let (all, _) = heap.alloc_maximum().expect("room");
    heap.fill(all);
    heap.free(others[0]).expect("live block");
    heap.resize(others[1], 0).expect("to shrink");
    heap.compact().expect("compaction");
    assert!(matches!(heap.alloc(1), Err(Error::MaximumHeld { .. })));
    heap.expect_filled([all, others[2]]);
    heap.free(all).expect("live block");
    assert!(heap.alloc(1).is_ok());
}

/// Take all, see how much is needed, give back the rest.
fn maximum_is_made_in_two_steps_from_what_was_needed<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let (mut heap, others) = scattered::<L, C>(&mut memory);
    let mut done = Vec::new();
    for needed in [100, 0, 333, 7] {
        let (handle, bytes) = heap.alloc_maximum().expect("room");
        assert!(bytes > needed);
        heap.fill(handle);
        heap.resize(handle, needed).expect("to shrink");
        assert_eq!(heap.get(handle).expect("live block").len(), needed);
        done.push(handle);
    }
    heap.expect_filled(done);
    heap.expect_filled(others);
}

fn next_block_of_the_same_number_holds_nothing<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let guard = heap.alloc(10).expect("room");
    let (all, _) = heap.alloc_maximum().expect("room");
    heap.free(all).expect("live block");
    let next = heap.alloc(10).expect("room");
    assert_eq!(next.number(), all.number());
    heap.resize(guard, 100).expect("room");
    heap.resize(next, 100).expect("room");
    assert!(heap.alloc(10).is_ok());
}

fn maximum_of_a_full_heap_is_an_error<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let handles = [10; 3].map(|granules| heap.granules(granules));
    assert_eq!(
        heap.alloc_maximum(),
        Err(Error::Exhausted {
            requested: 0,
            free: 0,
            contiguous: 0
        })
    );
    heap.expect_filled(handles);
    heap.free(handles[1]).expect("live block");
    assert_eq!(
        heap.alloc_maximum().map(|(_, bytes)| bytes),
        Ok(payload::<L>(10))
    );
}

fn maximum_beside_immovable_blocks_is_the_largest_piece<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(7, 56));
    let mut heap = memory.checked::<L, C>();
    let sizes = [5, 1, 30, 1, 17, 1, 1];
    let handles = sizes.map(|granules| {
        let request = Request::new(payload::<L>(granules));
        heap.filled(if granules == 1 {
            request.immovable()
        } else {
            request
        })
    });
    for which in [0, 2, 4] {
        heap.free(handles[which]).expect("live block");
    }
    let (all, bytes) = heap.alloc_maximum().expect("room");
    assert_eq!(bytes, payload::<L>(30));
    heap.fill(all);
    assert!(
        matches!(heap.alloc(0), Err(Error::MaximumHeld { .. })),
        "though other holes are free"
    );
    heap.expect_filled([1, 3, 5, 6].map(|which| handles[which]));
}

fn shrinkable<L: Layout>(granules: usize, tag: u32) -> Request<'static> {
    Request::new(owned_payload::<L>(granules)).shrinkable(tag)
}

fn maximum_is_more_by_what_owners_give<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 40));
    let mut heap = memory.checked::<L, C>();
    let first = heap.filled(shrinkable::<L>(10, 1));
    let plain = heap.granules(10);
    heap.filled(shrinkable::<L>(10, 2));
    let last = heap.granules(10);
    heap.free(first).expect("live block");
    let mut owner = Recorder::generous();
    let (all, bytes) = heap
        .with(&mut owner, |with| with.alloc_maximum())
        .expect("room");
    assert_eq!(bytes, payload::<L>(20));
    let wishes = owner.wishes();
    assert_eq!((wishes.len(), wishes[0].tag), (1, 2));
    assert_eq!(wishes[0].bytes, wishes[0].len, "all that it has");
    heap.fill(all);
    heap.expect_filled([all, plain, last]);
    assert_eq!(heap.available(), 0);
}

/// Each gives a granule at a time, five times.
fn owners_are_asked_for_the_maximum_until_nothing_more_is_gained<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 20));
    let mut heap = memory.checked::<L, C>();
    let handles = [1, 2].map(|tag| heap.filled(shrinkable::<L>(10, tag)));
    let least = 5 * L::GRANULE_BYTES;
    let mut owner = Recorder::new(|heap, wish| {
        if wish.len <= owned_payload::<L>(10) - least {
            return Answer::Refuse;
        }
        let kept = 0..wish.len - L::GRANULE_BYTES;
        heap.shrink(wish.handle, kept).expect("a range within");
        Answer::Agree
    });
    let result = heap.with(&mut owner, |with| with.alloc_maximum());
    assert_eq!(result.map(|(_, bytes)| bytes), Ok(payload::<L>(10)));
    for handle in handles {
        assert_eq!(
            heap.get(handle).expect("live block").len(),
            owned_payload::<L>(5)
        );
    }
    heap.expect_filled(handles);
    assert_eq!(heap.available(), 0);
}

fn maximum_is_what_is_free_where_owners_refuse<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(10);
    let still = heap.filled(shrinkable::<L>(10, 1));
    let last = heap.granules(5);
    heap.free(front).expect("live block");
    let mut owner = Recorder::refusing([still]);
    let result = heap.with(&mut owner, |with| with.alloc_maximum());
    // In front of it or behind it: the last block fits in the hole.
    assert_eq!(result.map(|(_, bytes)| bytes), Ok(payload::<L>(10)));
    heap.expect_filled([still, last]);
}

fn maximum_of_a_kind_is_all_that_is_allocatable_of_it<L: Layout, C: Check>() {
    let kinds: [fn(usize) -> Request<'static>; 5] = [
        |size| Request::new(size).align(256),
        |size| Request::new(size).name("all the rest"),
        |size| Request::new(size).owner(5_u32),
        |size| Request::new(size).shrinkable(5_u32).name("all").align(64),
        |size| Request::new(size).immovable(),
    ];
    for kind in kinds {
        let mut memory = Memory::new(2048);
        let (mut heap, others) = scattered::<L, C>(&mut memory);
        let most = heap.run(|heap| heap.allocatable_with(kind(0)));
        let (all, bytes) = heap
            .run(|heap| heap.alloc_maximum_with(kind(0)))
            .expect("room");
        assert_eq!(most, Ok(Some(bytes)));
        assert_eq!(heap.get(all).expect("new block").len(), bytes);
        heap.fill(all);
        heap.expect_filled(others);
        heap.free(all).expect("live block");
        let error = heap.alloc_with(kind(bytes + 1)).expect_err("a byte more");
        assert!(matches!(error, Error::Exhausted { .. }), "{error}");
        heap.filled(kind(bytes));
    }
}

fn wrong_request_for_the_maximum_asks_nobody<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    heap.filled(shrinkable::<L>(10, 1));
    let before = heap.picture();
    let mut owner = Recorder::generous();
    for request in [
        Request::new(0).align(3),
        Request::new(0).name(&"n".repeat(256)),
    ] {
        let result = heap.with(&mut owner, |with| with.alloc_maximum_with(request));
        assert!(matches!(
            result,
            Err(Error::BadAlignment { .. } | Error::NameTooLong { .. })
        ));
    }
    assert_eq!(owner.wishes(), []);
    assert_eq!(heap.picture(), before);
}

/// A heap of which all but ten granules is held by an owner that gives from the back.
fn held<L: Layout, C: Check>(memory: &mut Memory) -> (Checked<'_, L, C>, [Handle<L>; 2], usize) {
    let mut heap = memory.checked::<L, C>();
    let other = heap.filled(shrinkable::<L>(10, 1));
    let mut owner = Recorder::default();
    let request = Request::new(0).shrinkable(2_u32);
    let (all, bytes) = heap
        .with(&mut owner, |with| with.alloc_maximum_with(request))
        .expect("room");
    heap.fill(all);
    (heap, [other, all], bytes)
}

fn request_while_the_maximum_is_held_is_served_by_its_owner<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(2, 50));
    let (mut heap, [other, all], bytes) = held::<L, C>(&mut memory);
    let mut owner = Recorder::exact();
    let size = payload::<L>(7);
    let new = heap
        .with(&mut owner, |with| with.alloc(size))
        .expect("room");
    heap.fill(new);
    let wishes = owner.wishes();
    assert_eq!((wishes.len(), wishes[0].handle, wishes[0].tag), (1, all, 2));
    let left = heap.get(all).expect("live block").len();
    assert!(left + 9 * L::GRANULE_BYTES >= bytes, "{left} of {bytes}");
    heap.expect_filled([other, all, new]);
    // Nothing is held any more: what fails now is for want of room.
    let result = heap.alloc(size);
    assert!(matches!(result, Err(Error::Exhausted { .. })), "{result:?}");
    let mut owner = Recorder::exact();
    let grown = heap.with(&mut owner, |with| with.resize(new, 2 * size));
    assert_eq!(grown, Ok(()));
}

fn only_the_owner_of_the_maximum_is_asked_while_it_is_held<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 50));
    let (mut heap, [other, all], _) = held::<L, C>(&mut memory);
    let before = heap.picture();
    let mut owner = Recorder::default();
    let number = all.number();
    let result = heap.with(&mut owner, |with| with.alloc(5));
    assert_eq!(result, Err(Error::MaximumHeld { number }));
    let result = heap.with(&mut owner, |with| with.resize(other, payload::<L>(20)));
    assert_eq!(result, Err(Error::MaximumHeld { number }));
    let result = heap.with(&mut owner, |with| with.alloc_maximum());
    assert_eq!(result, Err(Error::MaximumHeld { number }));
    let asked: Vec<_> = owner.wishes().iter().map(|wish| wish.handle).collect();
    assert_eq!(asked, [all; 3], "once each");
    assert_eq!(heap.picture().blocks, before.blocks);
    assert_eq!(
        heap.stats().refused_shrinks,
        before.stats.refused_shrinks + 3
    );
}

fn second_maximum_is_what_the_owner_of_the_first_gives<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 51));
    let (mut heap, [other, all], bytes) = held::<L, C>(&mut memory);
    let mut owner = Recorder::new(|heap, wish| {
        if wish.tag != 2 || wish.len < 30 * L::GRANULE_BYTES {
            return Answer::Refuse;
        }
        let kept = 0..wish.len - 20 * L::GRANULE_BYTES;
        heap.shrink(wish.handle, kept).expect("a range within");
        Answer::Agree
    });
    let (second, got) = heap
        .with(&mut owner, |with| with.alloc_maximum())
        .expect("room");
    // A granule at the most is the new table entry.
    assert!(got >= payload::<L>(19), "{got} of {bytes}");
    assert_eq!(heap.available(), 0);
    let number = second.number();
    assert_eq!(heap.alloc(0), Err(Error::MaximumHeld { number }));
    heap.expect_filled([other, all]);
}

fn maximum_that_is_to_grow_asks_nobody<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(2, 50));
    let (mut heap, [other, all], bytes) = held::<L, C>(&mut memory);
    let mut owner = Recorder::generous();
    let number = all.number();
    let size = bytes + L::GRANULE_BYTES;
    let result = heap.with(&mut owner, |with| with.resize(all, size));
    assert_eq!(result, Err(Error::MaximumHeld { number }));
    assert_eq!(owner.wishes(), []);
    heap.expect_filled([other, all]);
}
