//! S14: `alloc_maximum` takes all that is allocatable, and while it is held other requests fail at
//! once.

#[macro_use]
mod common;

use buflib::{Check, Error, Handle, Layout, Request};
use common::{Checked, Memory, arena_bytes, payload};

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
