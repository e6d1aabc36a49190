//! S2: blocks grow up from the start of the arena, the table grows down from its end, and an entry
//! never changes its place.

#[macro_use]
mod common;

use buflib::{Check, Layout, Request};
use common::{FILLER, Memory, arena_bytes, block_bytes, entry_bytes, exact_bytes};

on_every_heap!(
    blocks_grow_up_from_the_start,
    table_grows_down_from_the_end_and_nothing_between_is_touched,
    entries_keep_their_places_when_blocks_move,
);

const SIZES: [usize; 6] = [5, 0, 64, 17, 8, 100];

fn blocks_grow_up_from_the_start<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(exact_bytes::<L>(1024));
    let start = memory.bytes().as_ptr().addr();
    let mut heap = memory.checked::<L, C>();
    let mut offset = 0;
    for size in SIZES {
        let handle = heap.alloc(size).expect("room");
        assert_eq!(heap.address(handle), start + offset + L::HEADER_BYTES);
        offset += block_bytes::<L>(size);
        assert_eq!(heap.end_of_blocks(), offset);
    }
}

fn table_grows_down_from_the_end_and_nothing_between_is_touched<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(exact_bytes::<L>(1024));
    let mut heap = memory.checked::<L, C>();
    for size in SIZES {
        heap.alloc(size).expect("room");
    }
    assert_eq!(heap.stats().table_entries, SIZES.len());
    let blocks = heap.end_of_blocks() + L::HEADER_BYTES;
    let table = entry_bytes::<L, C>() * SIZES.len();

    let (below, entries) = memory.bytes().split_at(exact_bytes::<L>(1024) - table);
    assert!(
        below[blocks..].iter().all(|&byte| byte == FILLER),
        "the free tail was written to"
    );
    for entry in entries.chunks(entry_bytes::<L, C>()) {
        assert!(
            entry.iter().any(|&byte| byte != FILLER),
            "an entry was not written"
        );
    }
}

/// The table after the same operations, with a compaction at the end or without.
fn table_after<L: Layout, C: Check>(compacted: bool) -> Vec<Vec<u8>> {
    let mut memory = Memory::exact::<L>(exact_bytes::<L>(1024));
    let mut heap = memory.checked::<L, C>();
    let handles = SIZES.map(|size| heap.filled(Request::new(size)));
    heap.resize(handles[2], 8).expect("to shrink");
    if compacted {
        assert_eq!(heap.compact().expect("compaction").moves, 3);
    }
    heap.expect_filled(handles);
    let table =
        memory.bytes()[exact_bytes::<L>(1024) - entry_bytes::<L, C>() * SIZES.len()..].to_vec();
    table
        .chunks(entry_bytes::<L, C>())
        .rev()
        .map(<[u8]>::to_vec)
        .collect()
}

fn entries_keep_their_places_when_blocks_move<L: Layout, C: Check>() {
    let (before, after) = (table_after::<L, C>(false), table_after::<L, C>(true));
    // Behind the third block, which became smaller, everything has moved: those entries and no
    // others tell of it.
    assert_eq!(before[..3], after[..3]);
    for number in 3..SIZES.len() {
        assert_ne!(before[number], after[number], "entry {}", number + 1);
    }
}

/// The bounds of the arena, from its two ends.
#[test]
fn arena_is_full_when_blocks_and_table_meet() {
    use buflib::{Crc32, Standard};
    let mut memory = Memory::exact::<Standard>(arena_bytes::<Standard, Crc32>(3, 6));
    let mut heap = memory.checked::<Standard, Crc32>();
    let handles = [2, 2, 2].map(|granules| heap.granules(granules));
    assert_eq!(heap.available(), 0);
    heap.expect_filled(handles);
    assert!(heap.alloc(0).is_err());
}
