//! S13: freeing merges with free space in front and behind, and freeing the last block lowers the
//! end of blocks.
//!
//! Freed blocks may be set aside for the next of their size and merge later. Those that are too
//! large for that merge at once, so it is large ones that `blocks()` is asked about.

#[macro_use]
mod common;

use buflib::{Check, Handle, Layout, Request};
use common::{Checked, Memory, arena_bytes, payload};

on_every_heap!(
    large_block_merges_with_free_neighbours_in_any_order,
    large_hole_is_merged_with_what_a_block_gives_back_when_it_shrinks,
    freeing_the_last_block_lowers_the_end_of_blocks,
    last_block_takes_the_free_block_in_front_with_it,
    small_blocks_serve_a_request_of_their_sum,
    small_blocks_of_any_sizes_serve_a_request_of_their_sum,
    freeing_everything_gives_everything_back,
    free_bytes_are_counted_exactly,
);

/// Granules of a block that is never set aside: 32,000 bytes and more.
const LARGE: usize = 4000;

fn large<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>) -> Handle<L> {
    heap.alloc(payload::<L>(LARGE)).expect("room")
}

fn large_block_merges_with_free_neighbours_in_any_order<L: Layout, C: Check>() {
    const ORDERS: [[usize; 3]; 6] = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    let bytes = LARGE * L::GRANULE_BYTES;
    for order in ORDERS {
        let mut memory = Memory::new(13 * LARGE * L::GRANULE_BYTES / 4);
        let mut heap = memory.checked::<L, C>();
        let front = heap.filled(Request::new(10));
        let three = [large(&mut heap), large(&mut heap), large(&mut heap)];
        let behind = heap.filled(Request::new(10));
        for (freed, which) in order.into_iter().enumerate() {
            heap.free(three[which]).expect("live block");
            let merged = match (freed, order) {
                (0, _) => vec![bytes],
                (1, [0, 2, _] | [2, 0, _]) => vec![bytes, bytes],
                (1, _) => vec![2 * bytes],
                _ => vec![3 * bytes],
            };
            assert_eq!(heap.holes(), merged, "after {} of {order:?}", freed + 1);
        }
        // All of it in one piece, without a compaction.
        let end = heap.end_of_blocks();
        heap.alloc(payload::<L>(3 * LARGE)).expect("room");
        assert_eq!((heap.end_of_blocks(), heap.stats().compactions), (end, 0));
        heap.expect_filled([front, behind]);
    }
}

fn large_hole_is_merged_with_what_a_block_gives_back_when_it_shrinks<L: Layout, C: Check>() {
    let mut memory = Memory::new(3 * LARGE * L::GRANULE_BYTES);
    let mut heap = memory.checked::<L, C>();
    let handles = [
        large(&mut heap),
        large(&mut heap),
        heap.filled(Request::new(10)),
    ];
    heap.free(handles[1]).expect("live block");
    heap.resize(handles[0], payload::<L>(LARGE - 5))
        .expect("to shrink");
    assert_eq!(heap.holes(), [(LARGE + 5) * L::GRANULE_BYTES]);
    heap.resize(handles[0], payload::<L>(1)).expect("to shrink");
    assert_eq!(heap.holes(), [(2 * LARGE - 1) * L::GRANULE_BYTES]);
    heap.expect_filled([handles[2]]);
}

fn freeing_the_last_block_lowers_the_end_of_blocks<L: Layout, C: Check>() {
    for granules in [1, 2, 40, 127, 128, 300] {
        let mut memory = Memory::new(16 * 1024);
        let mut heap = memory.checked::<L, C>();
        let first = heap.filled(Request::new(10));
        let (end, free) = (heap.end_of_blocks(), heap.available());
        let last = heap.granules(granules);
        heap.free(last).expect("live block");
        assert_eq!(
            (heap.end_of_blocks(), heap.available()),
            (end, free),
            "{granules} granules"
        );
        heap.expect_filled([first]);
    }
}

fn last_block_takes_the_free_block_in_front_with_it<L: Layout, C: Check>() {
    for granules in [1, 40, 300] {
        let mut memory = Memory::new(2 * LARGE * L::GRANULE_BYTES);
        let mut heap = memory.checked::<L, C>();
        let first = heap.filled(Request::new(10));
        let end = heap.end_of_blocks();
        let (middle, last) = (large(&mut heap), heap.granules(granules));
        heap.free(middle).expect("live block");
        heap.free(last).expect("live block");
        assert_eq!((heap.end_of_blocks(), heap.holes().len()), (end, 0));
        heap.expect_filled([first]);
    }
}

/// In an arena that holds not a granule more.
fn small_blocks_serve_a_request_of_their_sum<L: Layout, C: Check>() {
    for order in [[0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 0, 2]] {
        let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(5, 5 * 4));
        let mut heap = memory.checked::<L, C>();
        let handles = [4; 5].map(|granules| heap.granules(granules));
        for which in order {
            heap.free(handles[1 + which]).expect("live block");
        }
        assert_eq!(heap.available(), 12 * L::GRANULE_BYTES);
        let sum = heap.granules(12);
        assert_eq!(heap.available(), 0);
        heap.expect_filled([handles[0], sum, handles[4]]);
    }
}

fn small_blocks_of_any_sizes_serve_a_request_of_their_sum<L: Layout, C: Check>() {
    let sizes = [1, 9, 2, 7, 3, 30, 1, 14, 5, 100];
    let sum: usize = sizes.iter().sum();
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(2 * sizes.len(), 2 * sum));
    let mut heap = memory.checked::<L, C>();
    let pairs = sizes.map(|granules| (heap.granules(granules), heap.granules(granules)));
    assert_eq!(heap.available(), 0);
    for (first, _) in pairs {
        heap.free(first).expect("live block");
    }
    heap.granules(sum);
    heap.expect_filled(pairs.map(|(_, second)| second));
    assert!(heap.alloc(0).is_err());
}

fn freeing_everything_gives_everything_back<L: Layout, C: Check>() {
    let mut memory = Memory::new(32 * 1024);
    let mut heap = memory.checked::<L, C>();
    let free = heap.available();
    let mut random = fastrand::Rng::with_seed(13);
    for _ in 0..3 {
        let request = |size| {
            Request::new(size)
                .align([1, 1, 64][size % 3])
                .name(["", "named"][size % 2])
        };
        let mut handles: Vec<_> = (0..30)
            .map(|_| heap.filled(request(random.usize(..600))))
            .collect();
        random.shuffle(&mut handles);
        for handle in handles {
            heap.free(handle).expect("live block");
        }
        heap.compact().expect("compaction");
        let stats = heap.stats();
        assert_eq!(
            (
                stats.live,
                stats.used_bytes,
                stats.table_entries,
                heap.end_of_blocks()
            ),
            (0, 0, 0, 0)
        );
        assert_eq!((heap.available(), stats.largest_free_bytes), (free, free));
    }
}

fn free_bytes_are_counted_exactly<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(8, 400));
    let mut heap = memory.checked::<L, C>();
    let sizes = [1, 30, 300, 2, 5, 10, 40, 12];
    let handles = sizes.map(|granules| heap.granules(granules));
    assert_eq!(heap.available(), 0);
    let mut freed = 0;
    // The table's last entry stays, so nothing but blocks is freed.
    for which in [2, 0, 4, 3, 1, 6, 5] {
        heap.free(handles[which]).expect("live block");
        freed += sizes[which] * L::GRANULE_BYTES;
        assert_eq!((heap.available(), heap.stats().free_bytes), (freed, freed));
    }
    heap.expect_filled([handles[7]]);
}
