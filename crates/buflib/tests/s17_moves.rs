//! S17: before each move the owner is told the block, where it is and where it will be; "on" and "off"
//! are always paired; then the block is there, with its contents.

#[macro_use]
mod common;

use buflib::{Check, Event, Handle, Layout, Request, Sync};
use common::{Checked, Heard, Memory, Recorder, arena_bytes, owned_payload, payload};

on_every_heap!(
    owner_is_told_the_block_and_its_true_addresses,
    on_comes_before_the_question_and_off_after_the_move,
    on_and_off_are_paired_where_the_move_is_refused,
    nothing_is_told_of_blocks_that_stay,
    block_that_starts_off_the_granule_is_told_of_truly,
    block_that_grows_by_moving_is_told_of,
    block_that_may_not_move_to_grow_stays_and_is_off_again,
    blocks_that_are_pushed_are_told_of,
    refusal_among_pushed_blocks_moves_none_of_them,
    plain_blocks_between_owned_ones_move_with_them,
);

fn owned<L: Layout, C: Check>(
    heap: &mut Checked<'_, L, C>,
    granules: usize,
    tag: u32,
) -> Handle<L> {
    heap.filled(Request::new(owned_payload::<L>(granules)).owner(tag))
}

/// What was asked is what was the case, and has come to be.
#[track_caller]
fn expect_true<L: Layout, C: Check>(
    heap: &Checked<'_, L, C>,
    owner: &Recorder<'_, L, C>,
    before: &[(Handle<L>, u32, usize)],
) {
    let moves = owner.moves();
    assert_eq!(moves.len(), before.len(), "{moves:?}");
    for &(handle, tag, address) in before {
        let asked = moves.iter().find(|asked| asked.handle == handle);
        let asked = asked.expect("asked about each");
        let len = heap.get(handle).expect("live block").len();
        assert_eq!((asked.tag, asked.from), (tag, address));
        assert_eq!(asked.to, heap.address(handle));
        assert_eq!(asked.bytes, len);
    }
    owner.expect_pairs();
}

fn owner_is_told_the_block_and_its_true_addresses<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(10);
    let requests = [
        Request::new(30).owner(1_u32),
        Request::new(0).owner(2_u32),
        Request::new(50).shrinkable(3_u32).name("named"),
        Request::new(40).owner(u32::MAX).align(64),
    ];
    let handles = requests.map(|request| heap.filled(request));
    heap.free(front).expect("live block");
    let tags = [1, 2, 3, u32::MAX];
    let before: Vec<_> = (0..4)
        .map(|which| (handles[which], tags[which], heap.address(handles[which])))
        .collect();
    let mut owner = Recorder::default();
    heap.with(&mut owner, |with| with.compact())
        .expect("compaction");
    assert_eq!(heap.address(handles[3]) % 64, 0);
    expect_true(&heap, &owner, &before);
    heap.expect_filled(handles);
}

fn on_comes_before_the_question_and_off_after_the_move<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(4);
    let (first, second) = (owned(&mut heap, 5, 1), owned(&mut heap, 6, 2));
    heap.free(front).expect("live block");
    let mut owner = Recorder::default();
    heap.with(&mut owner, |with| with.compact())
        .expect("compaction");
    let short: Vec<_> = owner
        .heard
        .iter()
        .map(|heard| match *heard {
            Heard::Sync(handle, _, Sync::On) => (handle, "on"),
            Heard::Move(asked) => (asked.handle, "asked"),
            Heard::Event(Event::Moved { handle, .. }) => (handle, "moved"),
            Heard::Sync(handle, _, Sync::Off) => (handle, "off"),
            other => panic!("{other:?}"),
        })
        .collect();
    let each = |handle| ["on", "asked", "moved", "off"].map(|what| (handle, what));
    assert_eq!(short, [each(first), each(second)].concat());
}

fn on_and_off_are_paired_where_the_move_is_refused<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(6);
    let (first, second) = (owned(&mut heap, 5, 1), owned(&mut heap, 6, 2));
    heap.free(front).expect("live block");
    let mut owner = Recorder::refusing([first, second]);
    for _ in 0..3 {
        heap.with(&mut owner, |with| with.compact())
            .expect("compaction");
    }
    owner.expect_pairs();
    assert_eq!(owner.moves().len(), 6);
    let refused = owner.events();
    assert_eq!(refused[0], Event::MoveRefused { handle: first });
    assert_eq!(refused.len(), 6);
}

fn nothing_is_told_of_blocks_that_stay<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let stay = [1, 2, 3].map(|tag| owned(&mut heap, 5, tag));
    let gap = heap.granules(4);
    let fixed = heap.filled(Request::new(30).owner(4_u32).immovable());
    let pinned = owned(&mut heap, 5, 5);
    heap.pin(pinned).expect("room");
    heap.free(gap).expect("live block");
    let mut owner = Recorder::default();
    heap.with(&mut owner, |with| with.compact())
        .expect("compaction");
    // Within its block, and into free space behind the last one.
    heap.with(&mut owner, |with| with.resize(stay[1], 3))
        .expect("a lesser size");
    heap.with(&mut owner, |with| with.resize(pinned, 200))
        .expect("room behind it");
    assert!(
        !owner
            .heard
            .iter()
            .any(|heard| matches!(heard, Heard::Sync(..) | Heard::Move(_))),
        "{owner:?}"
    );
    assert!(
        !owner
            .events()
            .iter()
            .any(|event| matches!(event, Event::Moved { .. }))
    );
    heap.expect_filled(stay.into_iter().chain([fixed]));
}

fn block_that_starts_off_the_granule_is_told_of_truly<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(4);
    let handle = heap.filled(Request::new(100).shrinkable(9_u32));
    let address = heap.address(handle);
    let contents = heap.get(handle).expect("live block").to_vec();
    heap.shrink(handle, 37..90).expect("a range within");
    heap.free(front).expect("live block");
    let mut owner = Recorder::default();
    heap.with(&mut owner, |with| with.compact())
        .expect("compaction");
    expect_true(&heap, &owner, &[(handle, 9, address + 37)]);
    assert_eq!(heap.get(handle), Ok(&contents[37..90]));
}

/// A block with an immovable one behind it: it grows by moving.
fn cornered<L: Layout, C: Check>(memory: &mut Memory) -> (Checked<'_, L, C>, Handle<L>) {
    let mut heap = memory.checked::<L, C>();
    let handle = owned(&mut heap, 5, 7);
    heap.filled(Request::new(10).immovable());
    (heap, handle)
}

fn block_that_grows_by_moving_is_told_of<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let (mut heap, handle) = cornered::<L, C>(&mut memory);
    let (address, len) = (heap.address(handle), owned_payload::<L>(5));
    let mut owner = Recorder::default();
    heap.with(&mut owner, |with| with.resize(handle, len + 100))
        .expect("room");
    let moves = owner.moves();
    assert_eq!((moves.len(), moves[0].handle, moves[0].tag), (1, handle, 7));
    assert_eq!(
        (moves[0].from, moves[0].to),
        (address, heap.address(handle))
    );
    assert_eq!(moves[0].bytes, len, "as it was");
    assert_ne!(heap.address(handle), address);
    owner.expect_pairs();
    heap.expect_front(handle, len);
}

fn block_that_may_not_move_to_grow_stays_and_is_off_again<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let (mut heap, handle) = cornered::<L, C>(&mut memory);
    let before = heap.picture();
    let mut owner = Recorder::refusing([handle]);
    let result = heap.with(&mut owner, |with| with.resize(handle, 200));
    assert!(result.is_err());
    owner.expect_pairs();
    assert!(!owner.moves().is_empty());
    assert_eq!(heap.picture().blocks, before.blocks);
    assert_eq!(heap.available(), before.stats.free_bytes);
    heap.expect_filled([handle]);
    owner.still.clear();
    heap.with(&mut owner, |with| with.resize(handle, 200))
        .expect("room");
    owner.expect_pairs();
}

/// Blocks that all of the arena is needed for: the first can grow only if the others are pushed up.
fn packed<L: Layout, C: Check>(memory: &mut Memory) -> (Checked<'_, L, C>, [Handle<L>; 5]) {
    let mut heap = memory.checked::<L, C>();
    let first = heap.filled(Request::new(payload::<L>(30)).immovable());
    let a = owned(&mut heap, 5, 1);
    let plain = heap.granules(5);
    let b = owned(&mut heap, 5, 2);
    let c = owned(&mut heap, 5, 3);
    (heap, [first, a, plain, b, c])
}

fn blocks_that_are_pushed_are_told_of<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(5, 54));
    let (mut heap, [first, a, plain, b, c]) = packed::<L, C>(&mut memory);
    let before = [(a, 1), (b, 2), (c, 3)].map(|(handle, tag)| (handle, tag, heap.address(handle)));
    let mut owner = Recorder::default();
    heap.with(&mut owner, |with| with.resize(first, payload::<L>(34)))
        .expect("room");
    expect_true(&heap, &owner, &before);
    let moved: Vec<_> = owner
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::Moved { handle, from, to } => Some((*handle, to - from)),
            _ => None,
        })
        .collect();
    let up = 4 * L::GRANULE_BYTES;
    assert_eq!(moved, [a, plain, b, c].map(|handle| (handle, up)));
    heap.expect_filled([a, plain, b, c]);
    heap.expect_front(first, payload::<L>(30));
}

fn refusal_among_pushed_blocks_moves_none_of_them<L: Layout, C: Check>() {
    for refusing in 0..3 {
        let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(5, 54));
        let (mut heap, [first, a, plain, b, c]) = packed::<L, C>(&mut memory);
        let before = heap.picture();
        let mut owner = Recorder::refusing([[a, b, c][refusing]]);
        let result = heap.with(&mut owner, |with| with.resize(first, payload::<L>(34)));
        assert!(result.is_err());
        owner.expect_pairs();
        assert_eq!(owner.moves().len(), refusing + 1);
        assert_eq!(heap.picture().blocks, before.blocks);
        heap.expect_filled([first, a, plain, b, c]);
    }
}

fn plain_blocks_between_owned_ones_move_with_them<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(3);
    let mut all = Vec::new();
    for tag in 1..6 {
        all.push(heap.granules(2));
        all.push(owned(&mut heap, 4, tag));
        all.push(heap.granules(1));
    }
    let places: Vec<_> = all.iter().map(|&handle| heap.address(handle)).collect();
    heap.free(front).expect("live block");
    let mut owner = Recorder::default();
    let done = heap
        .with(&mut owner, |with| with.compact())
        .expect("compaction");
    assert_eq!((done.moves, owner.moves().len()), (15, 5));
    owner.expect_pairs();
    for (&handle, place) in all.iter().zip(places) {
        assert_eq!(heap.address(handle), place - 3 * L::GRANULE_BYTES);
    }
    heap.expect_filled(all);
}
