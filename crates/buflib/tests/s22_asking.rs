//! S22: `available` is all that is free, `allocatable` the largest request that is certain to
//! succeed.

#[macro_use]
mod common;
#[path = "common/cases.rs"]
mod cases;

use buflib::{
    Check, Crc32, Error, Handle, Heap, Layout, Narrow, Request, Standard, Unchecked, Wide,
};
use common::{Checked, Kind, Memory, Ownership, Recorder, arena_bytes, payload};
use proptest::collection::vec;
use proptest::prelude::*;

on_every_heap!(
    available_is_all_that_is_free_in_one_piece_or_many,
    allocatable_is_exact_to_the_byte_on_a_fresh_heap,
    allocatable_is_exact_to_the_byte_where_all_blocks_move,
    allocatable_is_exact_to_the_byte_beside_immovable_blocks,
    allocatable_is_exact_to_the_byte_among_many_holes,
    allocatable_counts_the_entry_that_a_new_block_needs,
    allocatable_of_a_full_heap_is_none_and_of_one_empty_block_zero,
    asking_keeps_all_blocks,
    statistics_say_what_is_there,
);

fn available_is_all_that_is_free_in_one_piece_or_many<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 100));
    let mut heap = memory.checked::<L, C>();
    let granule = L::GRANULE_BYTES;
    let handles = [10, 20, 30, 40].map(|granules| heap.granules(granules));
    assert_eq!(heap.available(), 0);
    heap.free(handles[0]).expect("live block");
    assert_eq!(heap.available(), 10 * granule);
    heap.free(handles[2]).expect("live block");
    assert_eq!(heap.available(), 40 * granule);
    heap.resize(handles[1], payload::<L>(15))
        .expect("to shrink");
    assert_eq!(heap.available(), 45 * granule);
    heap.compact().expect("compaction");
    assert_eq!(
        (heap.available(), heap.stats().free_bytes),
        (45 * granule, 45 * granule)
    );
}

/// Asks, and tries a byte more and exactly that.
#[track_caller]
fn expect_exact<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>) -> usize {
    let most = heap.allocatable().expect("sound metadata").expect("room");
    let error = heap.alloc(most + 1).expect_err("a byte more");
    assert!(
        matches!(error, Error::Exhausted { requested, .. } if requested == most + 1),
        "{error}"
    );
    match heap.alloc(most) {
        Ok(handle) => {
            heap.fill(handle);
            heap.free(handle).expect("live block");
        }
        Err(error) => panic!("{most} bytes were said to be allocatable: {error}"),
    }
    most
}

fn allocatable_is_exact_to_the_byte_on_a_fresh_heap<L: Layout, C: Check>() {
    for len in (128..128 + 3 * L::GRANULE_BYTES).step_by(if cfg!(miri) { 13 } else { 1 }) {
        let mut memory = Memory::new(len);
        expect_exact(&mut memory.checked::<L, C>());
    }
    let mut memory = Memory::exact::<L>(
        1000 + Heap::<L, C>::METADATA_BYTES - L::TRAILER_BYTES + L::HEADER_BYTES,
    );
    let most = expect_exact(&mut memory.checked::<L, C>());
    assert!(
        most <= 1000 && most + L::GRANULE_BYTES > 1000,
        "{most} of 1000"
    );
}

/// A heap that has seen some use; `still` blocks in a hundred are immovable.
fn used<'a, L: Layout, C: Check>(
    memory: &'a mut Memory,
    random: &mut fastrand::Rng,
    still: usize,
) -> (Checked<'a, L, C>, Vec<Handle<L>>) {
    let mut heap = memory.checked::<L, C>();
    let mut handles = Vec::new();
    for _ in 0..80 {
        let request = Request::new(random.usize(..150));
        let request = if random.usize(..100) < still {
            request.immovable()
        } else {
            request
        };
        if let Ok(handle) = heap.alloc_with(request) {
            heap.fill(handle);
            handles.push(handle);
        }
        if random.u8(..) < 100 && !handles.is_empty() {
            let handle = handles.swap_remove(random.usize(..handles.len()));
            heap.free(handle).expect("live block");
        }
    }
    (heap, handles)
}

fn exact_after_use<L: Layout, C: Check>(still: usize) {
    let mut random = fastrand::Rng::with_seed(22);
    for _ in 0..if cfg!(miri) { 2 } else { 25 } {
        let mut memory = Memory::new(8 * 1024 + random.usize(..100));
        let (mut heap, handles) = used::<L, C>(&mut memory, &mut random, still);
        expect_exact(&mut heap);
        heap.expect_filled(handles.iter().copied());
        if let Some(&handle) = handles.first() {
            heap.free(handle).expect("live block");
            expect_exact(&mut heap);
        }
    }
}

fn allocatable_is_exact_to_the_byte_where_all_blocks_move<L: Layout, C: Check>() {
    exact_after_use::<L, C>(0);
}

fn allocatable_is_exact_to_the_byte_beside_immovable_blocks<L: Layout, C: Check>() {
    exact_after_use::<L, C>(5);
    exact_after_use::<L, C>(50);
    exact_after_use::<L, C>(100);
}

/// In the end no tail, and holes that differ by a granule.
fn allocatable_is_exact_to_the_byte_among_many_holes<L: Layout, C: Check>() {
    let mut random = fastrand::Rng::with_seed(2);
    for base in [2, 9, 20, 64, 120] {
        let sizes: Vec<usize> = (0..12)
            .map(|_| base + random.usize(..base / 8 + 2))
            .collect();
        let mut memory =
            Memory::exact::<L>(arena_bytes::<L, C>(24, sizes.iter().sum::<usize>() + 12));
        let mut heap = memory.checked::<L, C>();
        let pairs: Vec<_> = sizes
            .iter()
            .map(|&granules| {
                (
                    heap.granules(granules),
                    heap.filled(Request::new(payload::<L>(1)).immovable()),
                )
            })
            .collect();
        for &(hole, _) in &pairs {
            heap.free(hole).expect("live block");
        }
        let largest = sizes.iter().max().map(|&granules| payload::<L>(granules));
        assert_eq!(heap.allocatable(), Ok(largest), "of {sizes:?}");
        assert_eq!(Some(expect_exact(&mut heap)), largest);
        heap.expect_filled(pairs.into_iter().map(|(_, still)| still));
    }
}

fn allocatable_counts_the_entry_that_a_new_block_needs<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let handles = [10, 10].map(|granules| heap.granules(granules));
    // A new entry: what is left for the block is exactly what the arena was made for.
    assert_eq!(heap.allocatable(), Ok(Some(payload::<L>(10))));
    heap.granules(10);
    heap.free(handles[0]).expect("live block");
    // A vacant entry: it costs nothing.
    assert_eq!(heap.allocatable(), Ok(Some(payload::<L>(10))));
    heap.granules(10);
    assert_eq!(heap.allocatable(), Ok(None));
}

fn allocatable_of_a_full_heap_is_none_and_of_one_empty_block_zero<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(2, 11));
    let mut heap = memory.checked::<L, C>();
    heap.granules(10);
    assert_eq!(heap.allocatable(), Ok(Some(payload::<L>(1))));
    let last = heap.granules(1);
    assert_eq!((heap.allocatable(), heap.available()), (Ok(None), 0));
    heap.free(last).expect("live block");
    assert_eq!(heap.allocatable(), Ok(Some(payload::<L>(1))));
}

fn asking_keeps_all_blocks<L: Layout, C: Check>() {
    let mut random = fastrand::Rng::with_seed(23);
    let mut memory = Memory::new(8 * 1024);
    let (mut heap, handles) = used::<L, C>(&mut memory, &mut random, 10);
    let (live, free) = (heap.stats().live, heap.available());
    heap.allocatable().expect("sound metadata");
    assert!(heap.available() >= free);
    assert_eq!(heap.stats().live, live);
    heap.expect_filled(handles);
    let before = heap.picture();
    heap.allocatable().expect("sound metadata");
    assert_eq!(
        heap.picture(),
        before,
        "asked again, there is nothing to do"
    );
}

fn statistics_say_what_is_there<L: Layout, C: Check>() {
    let mut memory = Memory::new(8 * 1024);
    let mut heap = memory.checked::<L, C>();
    let fresh = heap.stats();
    assert_eq!(
        (fresh.live, fresh.used_bytes, fresh.table_entries),
        (0, 0, 0)
    );
    assert_eq!(
        (fresh.compactions, fresh.moves, fresh.bytes_moved),
        (0, 0, 0)
    );
    assert_eq!(
        (fresh.free_bytes, fresh.largest_free_bytes),
        (heap.available(), heap.available())
    );
    let handles = [10, 10, 10].map(|granules| heap.granules(granules));
    heap.free(handles[1]).expect("live block");
    let stats = heap.stats();
    assert_eq!(
        (stats.live, stats.used_bytes, stats.table_entries),
        (2, 20 * L::GRANULE_BYTES, 3)
    );
    assert_eq!(
        stats.largest_free_bytes,
        stats.free_bytes - 10 * L::GRANULE_BYTES
    );
    let printed = format!("{:?}", *heap);
    assert!(
        printed.contains("live: 2") && printed.contains("table_entries: 3"),
        "{printed}"
    );
}

/// How a heap was made: blocks, and what was done with each.
type Made = Vec<(usize, Kind, u8)>;

fn made() -> impl Strategy<Value = Made> {
    let owner = prop_oneof![
        3 => Just(Ownership::Nobody),
        1 => Just(Ownership::Moves),
        1 => Just(Ownership::Shrinks),
    ];
    let size = prop_oneof![4 => 0..60usize, 2 => 0..300usize, 1 => 0..1500usize];
    let block = (size, 0..8u32, any::<bool>(), owner, 0..12u8).prop_map(
        |(size, align_log2, named, owner, fate)| {
            let kind = Kind {
                align_log2,
                named,
                owner,
                immovable: fate == 11,
            };
            (size, kind, fate)
        },
    );
    vec(block, 1..40)
}

/// Blocks are freed, pinned or shrunk as their fate says.
fn make<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>, made: &Made) {
    let blocks: Vec<_> = made
        .iter()
        .filter_map(|&(size, kind, fate)| {
            let handle = heap.alloc_with(kind.request(size, "block")).ok()?;
            heap.fill(handle);
            Some((handle, size, fate))
        })
        .collect();
    for (handle, size, fate) in blocks {
        match fate {
            0..5 => heap.free(handle).expect("live block"),
            5 => drop(heap.pin(handle)),
            6 => heap.shrink(handle, size / 3..size / 2).expect("a part"),
            _ => {}
        }
    }
}

/// Such an allocation succeeds, and a byte more does not.
fn expect_exact_of<L: Layout, C: Check>(
    len: usize,
    made: &Made,
    kind: Kind,
    owner: Option<&mut Recorder<'_, L, C>>,
) {
    let mut memory = Memory::new(len);
    let mut heap = memory.checked::<L, C>();
    make(&mut heap, made);
    let request = |size| kind.request(size, "the one");
    let (most, more, just);
    if let Some(owner) = owner {
        let found = heap.with(owner, |with| with.allocatable_with(request(0)));
        most = found.expect("sound metadata");
        let size = most.unwrap_or(0);
        more = heap.with(owner, |with| with.alloc_with(request(size + 1)));
        just = heap.with(owner, |with| with.alloc_with(request(size)));
    } else {
        let found = heap.run(|heap| heap.allocatable_with(request(0)));
        most = found.expect("sound metadata");
        let size = most.unwrap_or(0);
        more = heap.alloc_with(request(size + 1));
        just = heap.alloc_with(request(size));
    }
    assert_eq!(
        just.is_ok(),
        most.is_some(),
        "{most:?} of {kind:?}: {just:?}"
    );
    assert!(
        matches!(more, Err(Error::Exhausted { .. })),
        "a byte more than {most:?} of {kind:?}: {more:?}"
    );
}

fn exact_everywhere<L: Layout, C: Check>(len: usize, made: &Made, kind: Kind) {
    expect_exact_of::<L, C>(len, made, kind, None);
    expect_exact_of::<L, C>(len, made, kind, Some(&mut Recorder::default()));
}

proptest! {
    #![proptest_config(cases::cases(150))]

    #[test]
    fn allocatable_is_exact_on_any_heap_for_any_kind(
        len in 300..5000usize,
        made in made(),
        align_log2 in 0..9u32,
        named in any::<bool>(),
        owned in any::<bool>(),
        immovable in any::<bool>(),
    ) {
        let owner = if owned { Ownership::Shrinks } else { Ownership::Nobody };
        let kind = Kind { align_log2, named, owner, immovable };
        exact_everywhere::<Standard, Unchecked>(len, &made, kind);
        exact_everywhere::<Standard, Crc32>(len, &made, kind);
        exact_everywhere::<Narrow, Unchecked>(len, &made, kind);
        exact_everywhere::<Narrow, Crc32>(len, &made, kind);
        exact_everywhere::<Wide, Unchecked>(len, &made, kind);
        exact_everywhere::<Wide, Crc32>(len, &made, kind);
    }
}
