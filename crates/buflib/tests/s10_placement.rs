//! S10: blocks gather at the front: what is free there is used before the free tail, and what is
//! left of a free block is one again.

#[macro_use]
mod common;

use buflib::{Check, Layout, Request};
use common::{Memory, block_bytes, payload};

on_every_heap!(
    request_takes_the_hole_of_a_block_of_its_size,
    request_takes_part_of_a_large_hole_and_the_rest_is_free,
    hole_is_used_up_before_the_free_tail,
    large_hole_is_kept_while_a_shorter_tail_can_serve,
    compaction_makes_small_holes_useful_to_other_sizes,
    handles_and_blocks_are_used_again_without_growth,
);

fn request_takes_the_hole_of_a_block_of_its_size<L: Layout, C: Check>() {
    // Small ones, the largest small ones of each layout and the next, large ones.
    for granules in [1, 2, 15, 16, 63, 64, 127, 128, 300] {
        let mut memory = Memory::new(16 * 1024);
        let mut heap = memory.checked::<L, C>();
        let guards = [heap.granules(3), heap.granules(granules), heap.granules(3)];
        let (place, end) = (heap.address(guards[1]), heap.end_of_blocks());
        heap.free(guards[1]).expect("live block");
        let again = heap.granules(granules);
        assert_eq!(
            (heap.address(again), heap.end_of_blocks()),
            (place, end),
            "{granules} granules"
        );
        assert_eq!(heap.holes(), []);
        heap.expect_filled([guards[0], again, guards[2]]);
    }
}

fn request_takes_part_of_a_large_hole_and_the_rest_is_free<L: Layout, C: Check>() {
    for granules in [1, 20, 150, 299] {
        let mut memory = Memory::new(16 * 1024);
        let mut heap = memory.checked::<L, C>();
        let guards = [heap.granules(3), heap.granules(300), heap.granules(3)];
        let (place, end) = (heap.address(guards[1]), heap.end_of_blocks());
        heap.free(guards[1]).expect("live block");
        assert_eq!(heap.holes(), [300 * L::GRANULE_BYTES]);
        let new = heap.granules(granules);
        assert_eq!(
            (heap.address(new), heap.end_of_blocks()),
            (place, end),
            "from the front of the hole"
        );
        assert_eq!(heap.holes(), [(300 - granules) * L::GRANULE_BYTES]);
        heap.expect_filled([guards[0], new, guards[2]]);
    }
}

fn hole_is_used_up_before_the_free_tail<L: Layout, C: Check>() {
    let mut memory = Memory::new(32 * 1024);
    let mut heap = memory.checked::<L, C>();
    let guards = [heap.granules(3), heap.granules(400), heap.granules(3)];
    let end = heap.end_of_blocks();
    heap.free(guards[1]).expect("live block");
    for granules in [100, 7, 90, 1, 2, 150, 40, 10] {
        heap.granules(granules);
        assert_eq!(heap.end_of_blocks(), end, "after {granules} granules");
    }
    assert_eq!(heap.holes(), []);
    heap.alloc(0).expect("room");
    assert_eq!(
        heap.end_of_blocks(),
        end + block_bytes::<L>(0),
        "now the tail is used"
    );
    heap.expect_filled([guards[0], guards[2]]);
}

/// A program that needed a good part of the arena once will need it again.
fn large_hole_is_kept_while_a_shorter_tail_can_serve<L: Layout, C: Check>() {
    let mut memory = Memory::new(22_500 * L::GRANULE_BYTES);
    let mut heap = memory.checked::<L, C>();
    let guards = [heap.granules(3), heap.granules(12_000), heap.granules(3)];
    let place = heap.address(guards[1]);
    heap.free(guards[1]).expect("live block");
    let new = heap.granules(1000);
    let behind = heap.address(guards[2]) + 3 * L::GRANULE_BYTES;
    assert_eq!(heap.address(new), behind);
    assert_eq!(heap.holes(), [12_000 * L::GRANULE_BYTES]);

    let again = heap.granules(12_000);
    assert_eq!(heap.address(again), place);
    assert_eq!(heap.stats().moves, 0);
    heap.free(again).expect("live block");

    // The tail is not used up for it.
    let more = [(); 2].map(|()| heap.granules(1000));
    assert_eq!(heap.address(more[1]), place);
    heap.expect_filled([guards[0], guards[2], new, more[0], more[1]]);
}

/// Small blocks may be set aside for their own size; after compaction nothing is.
fn compaction_makes_small_holes_useful_to_other_sizes<L: Layout, C: Check>() {
    let mut memory = Memory::new(8 * 1024);
    let mut heap = memory.checked::<L, C>();
    let fixed = |granules| Request::new(payload::<L>(granules)).immovable();
    let guards = [fixed(3), fixed(5), fixed(5), fixed(3)].map(|request| heap.filled(request));
    heap.free(guards[1]).expect("live block");
    heap.free(guards[2]).expect("live block");
    heap.compact().expect("compaction");
    assert_eq!(heap.holes(), [10 * L::GRANULE_BYTES]);
    let end = heap.end_of_blocks();
    let new = [4, 6].map(|granules| heap.granules(granules));
    assert_eq!((heap.end_of_blocks(), heap.holes().len()), (end, 0));
    heap.expect_filled([guards[0], new[0], new[1], guards[3]]);
}

fn handles_and_blocks_are_used_again_without_growth<L: Layout, C: Check>() {
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    let mut handles: Vec<_> = (0..40)
        .map(|i| heap.filled(Request::new(i % 5 * 30)))
        .collect();
    let (end, entries) = (heap.end_of_blocks(), heap.stats().table_entries);
    for round in 0..if cfg!(miri) { 20 } else { 200 } {
        let which = round * 7 % 39;
        heap.free(handles[which]).expect("live block");
        handles[which] = heap.filled(Request::new(which % 5 * 30));
        assert_eq!(
            (heap.end_of_blocks(), heap.stats().table_entries),
            (end, entries)
        );
    }
    assert_eq!(heap.stats().compactions, 0);
    heap.expect_filled(handles);
}
