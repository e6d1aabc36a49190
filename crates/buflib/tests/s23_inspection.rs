//! S23 and the figures of B11: names, lists of blocks and allocations, statistics, the map.

#[macro_use]
mod common;

use buflib::{Check, Layout, Request};
use common::{Checked, Memory, block_bytes, flip, payload};

on_every_heap!(
    blocks_are_listed_in_the_order_of_their_addresses,
    allocations_are_listed_in_the_order_of_their_numbers,
    listed_address_is_that_of_the_payload,
    one_block_is_described_by_its_place,
    pinned_blocks_are_listed_once,
    allocations_of_a_damaged_heap_show_the_damage,
    tag_comes_back,
    statistics_count_what_happens,
    peak_is_the_most_there_was,
    fragmentation_is_what_is_not_in_the_largest_piece,
    map_shows_what_is_where,
    map_of_a_damaged_heap_shows_the_damage,
);

fn named<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>, name: &str) -> buflib::Handle<L> {
    heap.filled(Request::new(20).name(name))
}

fn blocks_are_listed_in_the_order_of_their_addresses<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles: Vec<_> = ["a", "b", "c"].map(|name| named(&mut heap, name)).into();
    heap.free(handles[1]).expect("live block");
    let seen = heap.seen();
    let names: Vec<_> = seen.iter().map(|block| block.name.as_deref()).collect();
    assert_eq!(names, [Some("a"), None, Some("c")]);
    assert!(
        seen.windows(2)
            .all(|pair| pair[0].offset + pair[0].bytes == pair[1].offset)
    );
    assert_eq!(heap.name(handles[2]), Ok(Some("c")));
}

fn allocations_are_listed_in_the_order_of_their_numbers<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let first = named(&mut heap, "first");
    named(&mut heap, "second");
    named(&mut heap, "third");
    heap.free(first).expect("live block");
    let again = heap.filled(Request::new(300).name("again"));
    assert_eq!(again.number(), 1);
    let listed: Vec<_> = heap
        .allocations()
        .map(|block| block.expect("sound metadata"))
        .map(|block| {
            (
                block.handle.map(|handle| handle.number()),
                block.name,
                block.payload_bytes,
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            (Some(1), Some("again"), 300),
            (Some(2), Some("second"), 20),
            (Some(3), Some("third"), 20)
        ]
    );
    assert_eq!(heap.stats().live, 3);
}

fn listed_address_is_that_of_the_payload<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles: Vec<_> = (0..5).map(|i| heap.filled(Request::new(60 + i))).collect();
    heap.run(|heap| heap.shrink(handles[2], 13..40))
        .expect("a part");
    for block in heap.blocks().chain(heap.allocations()) {
        let block = block.expect("sound metadata");
        let Some(handle) = block.handle else {
            continue;
        };
        let bytes = heap.get(handle).expect("live block");
        assert_eq!(block.address, bytes.as_ptr().addr());
        assert_eq!(block.payload_bytes, bytes.len());
    }
}

fn one_block_is_described_by_its_place<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [named(&mut heap, "a"), named(&mut heap, "b")];
    for (i, handle) in handles.into_iter().enumerate() {
        let block = heap.block(i).expect("sound metadata").expect("a block");
        assert_eq!(block.handle, Some(handle));
    }
    assert!(heap.block(2).expect("sound metadata").is_none());
}

fn pinned_blocks_are_listed_once<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [named(&mut heap, "a"), named(&mut heap, "b")];
    heap.run(|heap| heap.pin(handles[0]).expect("a pin").keep());
    let listed: Vec<_> = heap
        .allocations()
        .map(|block| block.expect("sound").handle)
        .collect();
    assert_eq!(listed, handles.map(Some));
    let immovable: Vec<_> = heap.seen().iter().map(|block| block.immovable).collect();
    assert_eq!(immovable, [true, false]);
}

fn allocations_of_a_damaged_heap_show_the_damage<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [heap.granules(2), heap.granules(2)];
    // The length of the first block, which then reaches past all others.
    let at = if cfg!(target_endian = "little") {
        0
    } else {
        L::HEADER_BYTES - 1
    };
    heap.run_damaged(|heap| {
        for byte in 0..L::HEADER_BYTES {
            flip(
                heap,
                handles[1],
                block_bytes::<L>(payload::<L>(2)),
                at.abs_diff(byte),
                0xff,
            );
        }
    });
    assert!(heap.allocations().any(|block| block.is_err()));
}

fn tag_comes_back<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let (plain, owned) = (
        heap.filled(Request::new(20)),
        heap.filled(Request::new(20).name("x").owner('ß')),
    );
    assert_eq!(heap.tag::<char>(plain), Ok(None));
    assert_eq!(heap.tag(owned), Ok(Some('ß')));
    assert_eq!(heap.tag::<()>(owned), Ok(None));
    assert_eq!((heap.stats().owned, heap.name(owned)), (1, Ok(Some("x"))));
    heap.free(owned).expect("live block");
    assert_eq!(heap.stats().owned, 0);
}

fn statistics_count_what_happens<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles: Vec<_> = (0..4).map(|_| heap.granules(3)).collect();
    heap.filled(Request::new(10).immovable());
    heap.free(handles[0]).expect("live block");
    heap.compact().expect("compaction");
    let stats = heap.stats();
    assert_eq!(
        (stats.live, stats.immovable, stats.compactions, stats.moves),
        (4, 1, 1, 3)
    );
    assert_eq!(stats.bytes_moved, 3 * 3 * L::GRANULE_BYTES);
    assert_eq!(stats.table_entries, 5);
    assert_eq!(
        stats.used_bytes,
        heap.seen()
            .iter()
            .filter(|block| block.handle.is_some())
            .map(|block| block.bytes)
            .sum()
    );
    assert_eq!(stats.free_bytes, heap.available());
}

fn peak_is_the_most_there_was<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    assert_eq!(heap.stats().peak_bytes, 0);
    let (a, b) = (heap.granules(30), heap.granules(10));
    let most = heap.stats().used_bytes;
    assert_eq!(heap.stats().peak_bytes, most);
    heap.free(a).expect("live block");
    heap.free(b).expect("live block");
    let small = heap.granules(1);
    assert_eq!(heap.stats().peak_bytes, most);
    heap.resize(small, payload::<L>(60)).expect("room");
    assert_eq!(heap.stats().peak_bytes, 60 * L::GRANULE_BYTES);
    heap.resize(small, 0).expect("smaller");
    assert_eq!(heap.stats().peak_bytes, 60 * L::GRANULE_BYTES);
}

fn fragmentation_is_what_is_not_in_the_largest_piece<L: Layout, C: Check>() {
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    assert_eq!(heap.stats().fragmentation, 0);
    let handles: Vec<_> = (0..10).map(|_| heap.granules(20)).collect();
    for &handle in handles.iter().step_by(2) {
        heap.free(handle).expect("live block");
    }
    let stats = heap.stats();
    let scattered = stats.free_bytes - stats.largest_free_bytes;
    assert!(scattered >= 5 * 20 * L::GRANULE_BYTES);
    assert_eq!(
        stats.fragmentation as usize,
        scattered * 1000 / stats.free_bytes
    );
    heap.compact().expect("compaction");
    assert_eq!(heap.stats().fragmentation, 0);
}

fn map_shows_what_is_where<L: Layout, C: Check>() {
    let mut memory = Memory::new(64 * 64);
    let mut heap = memory.checked::<L, C>();
    let (a, _) = (
        heap.alloc(1000).expect("room"),
        heap.alloc(1000).expect("room"),
    );
    heap.filled(Request::new(500).immovable());
    heap.free(a).expect("live block");
    let line = heap.to_string();
    let map = &line[..66];
    assert!(line.starts_with('[') && map.ends_with("=]"), "{line}");
    assert_eq!(line.lines().count(), 1);
    let at = |kind: char| {
        map.find(kind)
            .unwrap_or_else(|| panic!("no {kind} in {line}"))
    };
    assert!(at('.') < at('#') && at('#') < at('!') && at('!') < at(' ') && at(' ') < at('='));
    assert!(line.contains("2 blocks"), "{line}");
    let count = |kind| map.chars().filter(|&c| c == kind).count();
    assert!(
        (14..=16).contains(&count('.')) && (6..=10).contains(&count('!')),
        "{line}"
    );
}

fn map_of_a_damaged_heap_shows_the_damage<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [heap.granules(2), heap.granules(2)];
    heap.run_damaged(|heap| {
        for byte in 0..L::HEADER_BYTES {
            flip(
                heap,
                handles[0],
                0,
                block_bytes::<L>(payload::<L>(2)) + byte,
                0xff,
            );
        }
    });
    let line = heap.to_string();
    assert!(line.starts_with("[?") && line.contains("??"), "{line}");
}
