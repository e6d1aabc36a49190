//! S6, S7, S9: metadata is in the arena, the arena can be walked, and the cost is a documented
//! constant, to which names and alignment add what they need.

#[macro_use]
mod common;

use buflib::{
    Check, Crc32, Error, Handle, Heap, Layout, Narrow, Request, Standard, Unchecked, Wide,
};
use common::{Memory, arena_bytes, block_bytes, entry_bytes, payload};

on_every_heap!(
    arena_is_walked_from_block_to_block,
    blocks_cost_their_payload_and_the_constant_and_not_a_byte_more,
    payload_is_filled_up_to_the_granule,
    name_costs_its_length_and_a_granule,
    block_without_name_pays_nothing,
    alignment_costs_no_more_than_a_granule,
    names_are_kept_whole_and_apart_from_the_payload,
    name_longer_than_255_bytes_is_an_error,
);

#[test]
fn documented_costs_are_true() {
    assert_eq!(
        (
            Heap::<Narrow>::METADATA_BYTES,
            Heap::<Narrow, Crc32>::METADATA_BYTES
        ),
        (8, 12)
    );
    assert_eq!(
        (
            Heap::<Standard>::METADATA_BYTES,
            Heap::<Standard, Crc32>::METADATA_BYTES
        ),
        (12, 16)
    );
    assert_eq!(
        (
            Heap::<Wide>::METADATA_BYTES,
            Heap::<Wide, Crc32>::METADATA_BYTES
        ),
        (24, 32)
    );
    fn parts<L: Layout>() -> [usize; 3] {
        [L::HEADER_BYTES, L::ENTRY_BYTES, L::GRANULE_BYTES]
    }
    assert_eq!(
        [parts::<Narrow>(), parts::<Standard>(), parts::<Wide>()],
        [[4, 4, 8], [6, 4, 8], [16, 8, 16]]
    );
}

fn arena_is_walked_from_block_to_block<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(0, 600));
    let start = memory.bytes().as_ptr().addr();
    let mut heap = memory.checked::<L, C>();
    let total = heap.available();
    let requests = [
        Request::new(0),
        Request::new(100).name("one"),
        Request::new(2100),
        Request::new(33).align(64),
        Request::new(20).immovable(),
        Request::new(500),
        Request::new(7),
    ];
    let handles = requests.map(|request| heap.filled(request));
    heap.free(handles[1]).expect("live block");
    heap.free(handles[5]).expect("live block");

    let (mut offset, mut seen) = (0, Vec::new());
    for block in heap.blocks() {
        let block = block.expect("sound metadata");
        assert_eq!(
            block.offset, offset,
            "one block starts where the one in front ends"
        );
        offset += block.bytes;
        let Some(handle) = block.handle else {
            assert_eq!(
                (block.payload_bytes, block.immovable, block.name),
                (0, false, None)
            );
            continue;
        };
        let bytes = heap.get(handle).expect("listed block");
        assert_eq!(
            bytes.as_ptr().addr(),
            start + block.offset + L::HEADER_BYTES
        );
        assert_eq!(bytes.len(), block.payload_bytes);
        assert_eq!(
            (block.immovable, block.name),
            (
                handle == handles[4],
                heap.name(handle).expect("listed block")
            )
        );
        seen.push(handle);
    }
    seen.sort();
    assert_eq!(seen, [0, 2, 3, 4, 6].map(|i| handles[i]));
    // The granules between the arena's start and the table are in use or free.
    let below_table = total - heap.stats().table_entries * entry_bytes::<L, C>();
    let free = heap.available() + heap.stats().used_bytes;
    assert!(
        free <= below_table && below_table - free < L::GRANULE_BYTES,
        "{free} of {below_table}"
    );
}

/// As many blocks as the constant says fill an arena to the last byte; one byte less is not enough.
fn blocks_cost_their_payload_and_the_constant_and_not_a_byte_more<L: Layout, C: Check>() {
    let long = L::LONG_BYTES / L::GRANULE_BYTES;
    let around = (L::TRAILER_BYTES > 0).then_some([(3, long - 1), (3, long)]);
    for (blocks, granules) in [(1, 1), (7, 1), (20, 3), (5, 130)]
        .into_iter()
        .chain(around.into_iter().flatten())
    {
        let size = payload::<L>(granules);
        let trailer = if granules < long { 0 } else { L::TRAILER_BYTES };
        let metadata = Heap::<L, C>::METADATA_BYTES - L::TRAILER_BYTES + trailer;
        let bytes = blocks * (size + metadata) + L::HEADER_BYTES;
        assert_eq!(bytes, arena_bytes::<L, C>(blocks, blocks * granules));

        let mut memory = Memory::exact::<L>(bytes);
        let mut heap = memory.checked::<L, C>();
        let handles: Vec<_> = (0..blocks).map(|_| heap.granules(granules)).collect();
        let stats = heap.stats();
        let table = stats.table_entries * entry_bytes::<L, C>();
        assert_eq!(stats.used_bytes + table, blocks * (size + metadata));
        assert_eq!((stats.free_bytes, heap.available()), (0, 0));
        heap.expect_filled(handles.iter().copied());
        assert!(heap.alloc(0).is_err(), "one more does not fit");

        let mut memory = Memory::exact::<L>(bytes - 1);
        let Ok(mut heap) = Heap::<L, C>::from_bytes(memory.bytes()) else {
            assert_eq!(blocks * granules, 1);
            continue;
        };
        let fitting = (0..blocks).take_while(|_| heap.alloc(size).is_ok()).count();
        assert_eq!(fitting, blocks - 1, "in one byte less");
    }
}

fn payload_is_filled_up_to_the_granule<L: Layout, C: Check>() {
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    for size in 0..100 {
        let used = heap.stats().used_bytes;
        heap.alloc(size).expect("room");
        assert_eq!(
            heap.stats().used_bytes - used,
            block_bytes::<L>(size),
            "for {size} bytes"
        );
    }
}

/// The bytes that a block takes, its entry not counted.
fn cost<L: Layout, C: Check>(request: Request<'_>) -> usize {
    let mut memory = Memory::new(32 * 1024);
    let mut heap = memory.checked::<L, C>();
    heap.alloc_with(request).expect("room");
    assert_eq!(heap.stats().table_entries, 1);
    heap.stats().used_bytes
}

fn name_costs_its_length_and_a_granule<L: Layout, C: Check>() {
    let name = "n".repeat(255);
    for length in [1, 2, 7, 8, 9, 16, 17, 100, 254, 255] {
        for size in [0, 5, 40, 1000] {
            let more =
                cost::<L, C>(Request::new(size).name(&name[..length])) - block_bytes::<L>(size);
            assert!(more >= length, "a name of {length} bytes in {more}");
            assert!(
                more <= length.next_multiple_of(L::GRANULE_BYTES) + L::GRANULE_BYTES,
                "{more} for {length}"
            );
        }
    }
}

fn block_without_name_pays_nothing<L: Layout, C: Check>() {
    for size in [0, 5, 40, 1000] {
        for request in [
            Request::new(size),
            Request::new(size).name(""),
            Request::new(size).immovable(),
        ] {
            assert_eq!(cost::<L, C>(request), block_bytes::<L>(size));
        }
    }
}

fn alignment_costs_no_more_than_a_granule<L: Layout, C: Check>() {
    for align in (0..=12).map(|log| 1 << log) {
        for size in [0, 5, 40, 1000] {
            let more = cost::<L, C>(Request::new(size).align(align)) - block_bytes::<L>(size);
            assert!(
                more <= if align > L::GRANULE_BYTES {
                    L::GRANULE_BYTES
                } else {
                    0
                },
                "{more} for {align}"
            );
        }
    }
}

fn names_are_kept_whole_and_apart_from_the_payload<L: Layout, C: Check>() {
    let long = "long ".repeat(51);
    let names = [
        "",
        "a",
        "seven b",
        "eight by",
        "nine byte",
        "größer €",
        long.as_str(),
        "\0",
    ];
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    let first = heap.filled(Request::new(50));
    let handles: Vec<Handle<L>> = names
        .iter()
        .zip(13..)
        .map(|(name, size)| heap.filled(Request::new(size).name(name)))
        .collect();
    let expect_names = |heap: &common::Checked<'_, L, C>| {
        for (&handle, &name) in handles.iter().zip(&names) {
            assert_eq!(
                heap.name(handle),
                Ok(Some(name).filter(|name| !name.is_empty()))
            );
        }
        let listed: Vec<_> = heap
            .seen()
            .into_iter()
            .filter_map(|block| block.name)
            .collect();
        assert_eq!(listed, names[1..]);
    };
    expect_names(&heap);
    heap.expect_filled(handles.iter().copied());
    heap.free(first).expect("live block");
    assert_eq!(heap.compact().expect("compaction").moves, handles.len());
    expect_names(&heap);
    heap.expect_filled(handles.iter().copied());
    for (size, count) in [(3, 3), (0, 0), (40, 0), (200, 40), (90, 90)] {
        for &handle in &handles {
            heap.resize(handle, size).expect("room");
            heap.expect_front(handle, count);
            heap.fill(handle);
        }
        let listed: BTreeNames = heap
            .seen()
            .into_iter()
            .filter_map(|block| block.name)
            .collect();
        assert_eq!(
            listed,
            names[1..].iter().map(|&name| name.to_owned()).collect()
        );
    }
}

type BTreeNames = std::collections::BTreeSet<String>;

fn name_longer_than_255_bytes_is_an_error<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let before = heap.picture();
    for length in [256, 257, 1000, 65536 + 1] {
        let name = "x".repeat(length);
        assert_eq!(
            heap.alloc_with(Request::new(1).name(&name)),
            Err(Error::NameTooLong { length })
        );
    }
    assert_eq!(heap.picture(), before);
    let name = "x".repeat(255);
    let handle = heap.alloc_with(Request::new(1).name(&name)).expect("room");
    assert_eq!(heap.name(handle), Ok(Some(name.as_str())));
}

/// The constants that the project promises: twelve bytes at the most without the check word and 16 with
/// it, ten and 14 for all but long blocks.
#[test]
fn plain_allocation_costs_12_bytes_at_the_most_and_16_with_the_check_word() {
    fn plain<C: Check>(size: usize) -> usize {
        cost::<Standard, C>(Request::new(size)) - size + entry_bytes::<Standard, C>()
    }
    assert_eq!((plain::<Unchecked>(10), plain::<Crc32>(10)), (10, 14));
    let longest = payload::<Standard>(Standard::LONG_BYTES / 8 - 1);
    assert_eq!(
        (plain::<Unchecked>(longest), plain::<Crc32>(longest)),
        (10, 14)
    );
    let long = payload::<Standard>(Standard::LONG_BYTES / 8);
    assert_eq!((plain::<Unchecked>(long), plain::<Crc32>(long)), (12, 16));
}
