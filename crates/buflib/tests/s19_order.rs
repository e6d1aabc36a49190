//! S19: blocks are moved first; owners are asked to shrink only if that gains too little; and what they
//! give is brought together by moving again.

#[macro_use]
mod common;

use buflib::{Answer, Check, Event, Layout, Request};
use common::{Memory, Recorder, arena_bytes, owned_payload, payload};

on_every_heap!(
    blocks_move_then_one_shrinks_then_they_move_again,
    each_success_is_followed_by_moves_before_the_next_is_asked,
);

/// What an owner has observed, in a word each.
fn short<L: Layout>(event: &Event<L>) -> &'static str {
    match event {
        Event::Moved { .. } => "move",
        Event::ShrinkAsked { .. } => "shrink",
        Event::Allocated { .. } => "allocate",
        _ => "other",
    }
}

fn observed<L: Layout, C: Check>(owner: &Recorder<'_, L, C>) -> Vec<&'static str> {
    owner.events().iter().map(short).collect()
}

fn blocks_move_then_one_shrinks_then_they_move_again<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 35));
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(5);
    let a = heap.granules(5);
    let buffer = heap.filled(Request::new(owned_payload::<L>(20)).shrinkable(1_u32));
    let b = heap.granules(5);
    heap.free(front).expect("live block");
    let mut owner = Recorder::exact();
    let new = heap
        .with(&mut owner, |with| with.alloc(payload::<L>(15)))
        .expect("room");
    assert_eq!(
        observed(&owner),
        ["move", "move", "move", "shrink", "move", "allocate"]
    );
    assert_eq!(
        owner.wishes()[0].bytes,
        10 * L::GRANULE_BYTES,
        "what moving had gained is not asked for"
    );
    heap.fill(new);
    heap.expect_filled([a, buffer, b, new]);
}

fn each_success_is_followed_by_moves_before_the_next_is_asked<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 40));
    let mut heap = memory.checked::<L, C>();
    let handles = [1, 2, 3]
        .map(|tag| heap.filled(Request::new(owned_payload::<L>(12)).shrinkable(tag as u32)));
    let last = heap.granules(4);
    // Five granules of each: the second need give less than is asked of the first.
    let mut owner = Recorder::new(|heap, wish| {
        let kept = 0..wish.len - 5 * L::GRANULE_BYTES;
        heap.shrink(wish.handle, kept).expect("a range within");
        Answer::Agree
    });
    let new = heap
        .with(&mut owner, |with| with.alloc(payload::<L>(12)))
        .expect("room");
    heap.fill(new);
    let events = observed(&owner);
    let shrinks: Vec<_> = (0..events.len())
        .filter(|&at| events[at] == "shrink")
        .collect();
    assert_eq!(shrinks.len(), 3, "{events:?}");
    for &at in &shrinks {
        assert_eq!(events[at + 1], "move", "{events:?}");
    }
    let wanted: Vec<_> = owner.wishes().iter().map(|wish| wish.bytes).collect();
    assert!(wanted[0] > wanted[1] && wanted[1] > wanted[2], "{wanted:?}");
    heap.expect_filled(handles.into_iter().chain([last, new]));
}
