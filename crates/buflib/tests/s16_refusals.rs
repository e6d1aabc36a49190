//! S16: a block whose owner refuses keeps its place; the holes in front of such blocks are filled with
//! later blocks, and the question comes again.

#[macro_use]
mod common;

use buflib::{Check, Handle, Layout, Request};
use common::{Checked, Memory, Recorder, arena_bytes, owned_payload, payload};

on_every_heap!(
    refusing_block_keeps_its_place_and_later_blocks_fill_the_hole,
    blocks_that_fit_no_hole_slide_within_their_own_section,
    every_hole_is_filled_not_only_the_last,
    refusals_are_counted_and_the_question_comes_again,
    refusal_for_a_hole_leaves_the_hole_to_the_next_block,
    allocation_uses_holes_in_front_of_blocks_that_refuse,
    compaction_that_only_met_refusals_gained_nothing,
    settled_heap_asks_again_only_those_who_refused,
);

/// Blocks of so many granules, owned if the tag is not zero. The arena is full.
fn row<'a, L: Layout, C: Check, const N: usize>(
    memory: &'a mut Memory,
    blocks: [(usize, u32); N],
) -> (Checked<'a, L, C>, [Handle<L>; N]) {
    let mut heap = memory.checked::<L, C>();
    let handles = blocks.map(|(granules, tag)| match tag {
        0 => heap.granules(granules),
        tag => heap.filled(Request::new(owned_payload::<L>(granules)).owner(tag)),
    });
    (heap, handles)
}

fn refusing_block_keeps_its_place_and_later_blocks_fill_the_hole<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(5, 44));
    let blocks = [(10, 0), (5, 1), (4, 0), (20, 0), (5, 0)];
    let (mut heap, [front, still, small, large, last]) = row::<L, C, 5>(&mut memory, blocks);
    let places = [front, still, small].map(|handle| heap.address(handle));
    heap.free(front).expect("live block");
    let mut owner = Recorder::refusing([still]);
    let done = heap
        .with(&mut owner, |with| with.compact())
        .expect("compaction");
    assert_eq!((done.moves, done.refused), (3, 1));
    assert_eq!(heap.address(still), places[1]);
    assert_eq!(heap.address(small), places[0], "into the hole");
    assert_eq!(heap.address(large), places[2], "where that one was");
    assert_eq!(heap.address(last), places[0] + 4 * L::GRANULE_BYTES);
    assert_eq!(heap.holes(), [L::GRANULE_BYTES]);
    heap.expect_filled([still, small, large, last]);
}

fn blocks_that_fit_no_hole_slide_within_their_own_section<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(5, 40));
    let blocks = [(5, 0), (5, 1), (10, 0), (10, 0), (10, 2)];
    let (mut heap, [front, still, gap, large, owned]) = row::<L, C, 5>(&mut memory, blocks);
    let places = [gap, large].map(|handle| heap.address(handle));
    heap.free(front).expect("live block");
    heap.free(gap).expect("live block");
    let mut owner = Recorder::refusing([still]);
    let done = heap
        .with(&mut owner, |with| with.compact())
        .expect("compaction");
    assert_eq!((done.moves, done.refused, done.gained), (2, 1, true));
    assert_eq!([large, owned].map(|handle| heap.address(handle)), places);
    assert_eq!(heap.holes(), [5 * L::GRANULE_BYTES]);
    heap.expect_filled([still, large, owned]);
}

fn every_hole_is_filled_not_only_the_last<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(9, 45));
    let blocks = [
        (8, 0),
        (2, 1),
        (6, 0),
        (2, 2),
        (7, 0),
        (2, 3),
        (8, 0),
        (6, 0),
        (4, 0),
    ];
    let (mut heap, handles) = row::<L, C, 9>(&mut memory, blocks);
    let free = [0, 2, 4].map(|which| (handles[which], heap.address(handles[which])));
    for (handle, _) in free {
        heap.free(handle).expect("live block");
    }
    let mut owner = Recorder::refusing([1, 3, 5].map(|which| handles[which]));
    let done = heap
        .with(&mut owner, |with| with.compact())
        .expect("compaction");
    assert_eq!((done.moves, done.refused), (3, 3));
    let mut places = [6, 7, 8].map(|which| heap.address(handles[which]));
    // Which hole each takes depends on how finely free blocks are told apart.
    places.sort_unstable();
    assert_eq!(places, free.map(|(_, place)| place), "each in a hole");
    assert_eq!(heap.holes().iter().sum::<usize>(), 3 * L::GRANULE_BYTES);
    heap.expect_filled([1, 3, 5, 6, 7, 8].map(|which| handles[which]));
}

fn refusals_are_counted_and_the_question_comes_again<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 32));
    let blocks = [(10, 0), (10, 7), (12, 0)];
    let (mut heap, [front, owned, last]) = row::<L, C, 3>(&mut memory, blocks);
    let target = heap.address(front);
    heap.free(front).expect("live block");
    let mut owner = Recorder::refusing([owned]);
    for times in 1..4 {
        let done = heap
            .with(&mut owner, |with| with.compact())
            .expect("compaction");
        assert_eq!(done.refused, 1);
        assert_eq!(heap.stats().refused_moves, times);
        assert_eq!(owner.moves().len(), times);
    }
    owner.still.clear();
    let done = heap
        .with(&mut owner, |with| with.compact())
        .expect("compaction");
    assert_eq!(done.refused, 0);
    assert_eq!(heap.stats().refused_moves, 3);
    assert_eq!(heap.address(owned), target);
    assert_eq!(heap.holes(), []);
    heap.expect_filled([owned, last]);
}

fn refusal_for_a_hole_leaves_the_hole_to_the_next_block<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 16));
    let blocks = [(4, 0), (4, 1), (4, 2), (4, 0)];
    let (mut heap, [front, first, second, last]) = row::<L, C, 4>(&mut memory, blocks);
    let place = heap.address(front);
    heap.free(front).expect("live block");
    let mut owner = Recorder::refusing([first, second]);
    let done = heap
        .with(&mut owner, |with| with.compact())
        .expect("compaction");
    assert_eq!((done.moves, done.refused), (1, 2));
    let asked: Vec<_> = owner
        .moves()
        .iter()
        .map(|asked| (asked.handle, asked.to))
        .collect();
    assert_eq!(asked, [(first, place), (second, place)]);
    assert_eq!(heap.address(last), place);
    assert_eq!(heap.holes(), []);
    heap.expect_filled([first, second, last]);
}

fn allocation_uses_holes_in_front_of_blocks_that_refuse<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(5, 50));
    let blocks = [(10, 0), (5, 1), (15, 0), (5, 2), (15, 0)];
    let (mut heap, handles) = row::<L, C, 5>(&mut memory, blocks);
    heap.free(handles[0]).expect("live block");
    heap.free(handles[2]).expect("live block");
    let mut owner = Recorder::refusing([handles[1], handles[3], handles[4]]);
    assert!(heap.with(&mut owner, |with| with.alloc(payload::<L>(16)).is_err()));
    // The last block was not owned: it is in the larger hole, and left as large a tail.
    let new = [15, 10].map(|granules| {
        let new = heap.with(&mut owner, |with| with.alloc(payload::<L>(granules)));
        new.expect("room")
    });
    new.into_iter().for_each(|handle| heap.fill(handle));
    assert_eq!(heap.available(), 0);
    heap.expect_filled(new.into_iter().chain([handles[1], handles[3], handles[4]]));
}

fn compaction_that_only_met_refusals_gained_nothing<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(2, 20));
    let (mut heap, [front, still]) = row::<L, C, 2>(&mut memory, [(10, 0), (10, 1)]);
    heap.free(front).expect("live block");
    let mut owner = Recorder::refusing([still]);
    let before = heap.seen();
    heap.compact().expect("compaction");
    let done = heap
        .with(&mut owner, |with| with.compact())
        .expect("compaction");
    assert_eq!(
        (done.moves, done.bytes_moved, done.refused, done.gained),
        (0, 0, 1, false)
    );
    assert_eq!(heap.seen(), before);
}

/// Nobody to ask has nothing new to say; an owner may have.
fn settled_heap_asks_again_only_those_who_refused<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let blocks = [(10, 0), (10, 1), (10, 0)];
    let (mut heap, [front, owned, last]) = row::<L, C, 3>(&mut memory, blocks);
    heap.free(front).expect("live block");
    heap.free(last).expect("live block");
    heap.compact().expect("compaction");
    let stats = heap.stats();
    for _ in 0..3 {
        heap.compact().expect("compaction");
        assert!(heap.alloc(payload::<L>(15)).is_err());
    }
    assert_eq!(heap.stats(), stats, "nothing was freed since");
    let mut owner = Recorder::default();
    let done = heap
        .with(&mut owner, |with| with.compact())
        .expect("compaction");
    assert_eq!(done.moves, 1);
    let stats = heap.stats();
    heap.with(&mut owner, |with| with.compact())
        .expect("compaction");
    assert_eq!(heap.stats(), stats, "nobody refused");
    assert_eq!(owner.moves().len(), 1);
    heap.expect_filled([owned]);
}
