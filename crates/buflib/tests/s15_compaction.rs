//! S12, S15 to S18: what compaction moves, where to, and what it reports.

#[macro_use]
mod common;

use buflib::{Check, Handle, Layout, Request};
use common::{Checked, Memory, arena_bytes, block_bytes, payload};

on_every_heap!(
    window_within_the_last_part_of_the_row_is_found_at_once,
    movable_blocks_slide_down_in_their_order_and_leave_one_free_tail,
    contents_survive_moves_by_any_distance,
    handle_finds_its_block_wherever_it_was_moved,
    report_says_what_moved_and_whether_it_gained,
    second_compaction_does_nothing,
    compaction_of_a_heap_without_blocks_does_nothing,
    allocations_alone_do_not_make_compaction_worth_while,
    immovable_blocks_keep_their_addresses,
    any_number_of_immovable_blocks_keep_their_addresses,
    freed_immovable_block_is_free_space_like_any_other,
    later_block_that_fits_is_moved_into_the_hole,
    block_right_behind_an_immovable_one_is_moved_into_the_hole_in_front,
    all_holes_are_filled_not_one_at_a_time,
    one_hole_takes_several_blocks,
    named_block_is_moved_into_a_hole_with_its_name,
    aligned_block_is_moved_into_a_hole,
    block_that_fits_no_hole_slides_within_its_section,
    aligned_blocks_stay_aligned_and_gaps_close,
    growth_gathers_room_for_the_whole_block_at_once,
    aligned_request_gathers_room_for_its_gap_at_once,
    gaps_in_front_of_aligned_blocks_do_not_make_all_blocks_move,
);

fn fixed<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>, granules: usize) -> Handle<L> {
    heap.filled(Request::new(payload::<L>(granules)).immovable())
}

fn free_all<L: Layout, C: Check>(
    heap: &mut Checked<'_, L, C>,
    handles: impl IntoIterator<Item = Handle<L>>,
) {
    for handle in handles {
        heap.free(handle).expect("live block");
    }
}

fn movable_blocks_slide_down_in_their_order_and_leave_one_free_tail<L: Layout, C: Check>() {
    let mut random = fastrand::Rng::with_seed(15);
    for _ in 0..if cfg!(miri) { 2 } else { 30 } {
        let mut memory = Memory::new(32 * 1024);
        let mut heap = memory.checked::<L, C>();
        let mut handles: Vec<_> = (0..40)
            .map(|_| {
                heap.filled(
                    Request::new(random.usize(..400))
                        .name(random.choice(["", "", "name"]).unwrap_or("")),
                )
            })
            .collect();
        handles.retain(|&handle| random.bool() || heap.free(handle).is_err());
        heap.compact().expect("compaction");
        assert_eq!(heap.holes(), []);
        assert!(
            heap.seen()
                .iter()
                .map(|block| block.handle)
                .eq(handles.iter().copied().map(Some)),
            "another order"
        );
        assert_eq!(heap.end_of_blocks(), heap.stats().used_bytes);
        assert_eq!(heap.stats().largest_free_bytes, heap.available());
        heap.expect_filled(handles);
    }
}

fn contents_survive_moves_by_any_distance<L: Layout, C: Check>() {
    // Much less than a block's length, and much more; in one run, and each on its own.
    for distance in [1, 2, 3, 50, 300] {
        for alone in [false, true] {
            let mut memory = Memory::new(64 * 1024);
            let mut heap = memory.checked::<L, C>();
            let (mut gaps, mut handles) = (vec![heap.granules(distance)], Vec::new());
            for granules in [100, 1, 2, 33, 200] {
                handles.push(heap.granules(granules));
                if alone {
                    gaps.push(heap.granules(1));
                }
            }
            free_all(&mut heap, gaps);
            assert_eq!(heap.compact().expect("compaction").moves, 5);
            heap.expect_filled(handles);
        }
    }
}

/// S17: the entry is updated with the move.
fn handle_finds_its_block_wherever_it_was_moved<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let [first, second, third] = [30, 50, 70].map(|size| heap.filled(Request::new(size)));
    let (place, distance) = (heap.address(third), block_bytes::<L>(30));
    heap.free(first).expect("live block");
    heap.compact().expect("compaction");
    assert_eq!(heap.address(third), place - distance);
    heap.free(second).expect("live block");
    heap.compact().expect("compaction");
    assert_eq!(heap.address(third), place - distance - block_bytes::<L>(50));
    heap.expect_filled([third]);
}

fn report_says_what_moved_and_whether_it_gained<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(6, 60));
    let mut heap = memory.checked::<L, C>();
    let handles = [5, 7, 9, 11, 13, 15].map(|granules| heap.granules(granules));
    heap.free(handles[1]).expect("live block");
    heap.free(handles[3]).expect("live block");
    let before = heap.stats();
    let done = heap.compact().expect("compaction");
    let bytes = (9 + 13 + 15) * L::GRANULE_BYTES;
    assert_eq!(
        (done.gained, done.moves, done.bytes_moved),
        (true, 3, bytes)
    );
    let after = heap.stats();
    assert_eq!(
        (after.moves, after.bytes_moved),
        (before.moves + 3, before.bytes_moved + bytes)
    );
    assert_eq!(
        (after.compactions, after.largest_free_bytes),
        (before.compactions + 1, 18 * L::GRANULE_BYTES)
    );
    heap.expect_filled([0, 2, 4, 5].map(|which| handles[which]));
}

fn second_compaction_does_nothing<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [10, 20, 30, 40, 50].map(|size| heap.filled(Request::new(size)));
    fixed(&mut heap, 3);
    free_all(&mut heap, [handles[0], handles[3]]);
    heap.compact().expect("compaction");
    let before = heap.picture();
    for _ in 0..3 {
        let done = heap.compact().expect("compaction");
        assert_eq!((done.gained, done.moves, done.bytes_moved), (false, 0, 0));
        assert_eq!(heap.picture(), before);
    }
    heap.free(handles[1]).expect("live block");
    assert!(
        heap.compact().expect("compaction").moves > 0,
        "something was freed"
    );
}

fn compaction_of_a_heap_without_blocks_does_nothing<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    for _ in 0..2 {
        let done = heap.compact().expect("compaction");
        assert_eq!((done.gained, done.moves, done.bytes_moved), (false, 0, 0));
        let handle = heap.alloc(100).expect("room");
        heap.free(handle).expect("live block");
    }
}

fn allocations_alone_do_not_make_compaction_worth_while<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [10, 20, 30].map(|size| heap.filled(Request::new(size)));
    assert_eq!(heap.compact().expect("compaction").moves, 0);
    assert_eq!(heap.stats().compactions, 0, "nothing was ever freed");
    heap.free(handles[0]).expect("live block");
    heap.compact().expect("compaction");
    let compactions = heap.stats().compactions;
    heap.filled(Request::new(500));
    heap.compact().expect("compaction");
    assert_eq!(heap.stats().compactions, compactions);
}

fn immovable_blocks_keep_their_addresses<L: Layout, C: Check>() {
    let mut memory = Memory::new(8192);
    let mut heap = memory.checked::<L, C>();
    let gap = heap.granules(10);
    let still = fixed(&mut heap, 4);
    let place = heap.address(still);
    let moving = heap.granules(20);
    heap.free(gap).expect("live block");
    for _ in 0..3 {
        heap.compact().expect("compaction");
        assert_eq!(heap.address(still), place);
    }
    // Not even where the heap would have to be rearranged for want of room.
    let (all, _) = heap.alloc_maximum().expect("room");
    assert_eq!(heap.address(still), place);
    heap.fill(all);
    heap.expect_filled([still, moving, all]);
}

fn any_number_of_immovable_blocks_keep_their_addresses<L: Layout, C: Check>() {
    let mut memory = Memory::new(64 * 1024);
    let mut heap = memory.checked::<L, C>();
    let mut random = fastrand::Rng::with_seed(16);
    let (mut still, mut moving) = (Vec::new(), Vec::new());
    for i in 0..if cfg!(miri) { 30 } else { 120 } {
        let request = Request::new(random.usize(..200));
        if i % 2 == 0 {
            let handle = heap.filled(request.immovable());
            still.push((handle, heap.address(handle)));
        } else {
            moving.push(heap.filled(request));
        }
    }
    while moving.len() > 10 {
        for _ in 0..moving.len() / 3 {
            let handle = moving.swap_remove(random.usize(..moving.len()));
            heap.free(handle).expect("live block");
        }
        heap.compact().expect("compaction");
        for &(handle, place) in &still {
            assert_eq!(heap.address(handle), place, "{handle} has moved");
        }
        heap.expect_filled(
            still
                .iter()
                .map(|&(handle, _)| handle)
                .chain(moving.iter().copied()),
        );
    }
}

fn freed_immovable_block_is_free_space_like_any_other<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let [first, second] = [fixed(&mut heap, 10), fixed(&mut heap, 10)];
    let last = heap.granules(10);
    free_all(&mut heap, [first, second]);
    assert_eq!(heap.compact().expect("compaction").moves, 1);
    assert_eq!(heap.holes(), []);
    // No trace is left of them: blocks slide as if there had never been any.
    let large = heap.granules(20);
    heap.expect_filled([last, large]);
}

fn later_block_that_fits_is_moved_into_the_hole<L: Layout, C: Check>() {
    for granules in [10, 7, 1] {
        let mut memory = Memory::new(8192);
        let mut heap = memory.checked::<L, C>();
        let gap = heap.granules(10);
        let place = heap.address(gap);
        let still = fixed(&mut heap, 3);
        // Too large for the hole, and another gap, so that the one that fits has to move anyway.
        let large = heap.granules(20);
        let second = heap.granules(5);
        let fitting = heap.granules(granules);
        free_all(&mut heap, [gap, second]);
        heap.compact().expect("compaction");
        assert_eq!(
            heap.address(fitting),
            place,
            "{granules} granules into a hole of 10"
        );
        let rest = (10 - granules) * L::GRANULE_BYTES;
        assert_eq!(heap.holes(), if rest > 0 { vec![rest] } else { vec![] });
        heap.expect_filled([still, large, fitting]);
    }
}

/// The block has no need to slide, but the hole is there for it.
fn block_right_behind_an_immovable_one_is_moved_into_the_hole_in_front<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 43));
    let mut heap = memory.checked::<L, C>();
    let gap = heap.granules(10);
    let place = heap.address(gap);
    let still = fixed(&mut heap, 3);
    let fitting = heap.granules(10);
    let last = heap.granules(20);
    free_all(&mut heap, [gap, last]);
    heap.compact().expect("compaction");
    assert_eq!((heap.address(fitting), heap.holes().len()), (place, 0));
    // What matters of it: a request that is served only so.
    let large = heap.granules(30);
    heap.expect_filled([still, fitting, large]);
}

fn all_holes_are_filled_not_one_at_a_time<L: Layout, C: Check>() {
    let mut memory = Memory::new(8192);
    let mut heap = memory.checked::<L, C>();
    let sizes = [10, 6, 4];
    let gaps = sizes.map(|granules| (heap.granules(granules), fixed(&mut heap, 2)));
    let spacer = heap.granules(40);
    let fitting = sizes.map(|granules| heap.granules(granules));
    let end = heap.address(spacer) - L::HEADER_BYTES;
    free_all(&mut heap, gaps.map(|(gap, _)| gap));
    heap.free(spacer).expect("live block");
    heap.compact().expect("compaction");
    assert_eq!(heap.holes(), []);
    for handle in fitting {
        assert!(
            heap.address(handle) < end,
            "{handle} is behind the last immovable block"
        );
    }
    heap.expect_filled(fitting);
    heap.expect_filled(gaps.map(|(_, still)| still));
}

fn one_hole_takes_several_blocks<L: Layout, C: Check>() {
    let mut memory = Memory::new(8192);
    let mut heap = memory.checked::<L, C>();
    let gap = heap.granules(20);
    let still = fixed(&mut heap, 2);
    let spacer = heap.granules(1);
    let fitting = [5, 8, 7].map(|granules| heap.granules(granules));
    let place = heap.address(still);
    free_all(&mut heap, [gap, spacer]);
    heap.compact().expect("compaction");
    assert!(fitting.iter().all(|&handle| heap.address(handle) < place));
    assert_eq!((heap.holes().len(), heap.address(still)), (0, place));
    assert_eq!(heap.end_of_blocks(), 22 * L::GRANULE_BYTES);
    heap.expect_filled(fitting);
    heap.expect_filled([still]);
}

fn named_block_is_moved_into_a_hole_with_its_name<L: Layout, C: Check>() {
    let mut memory = Memory::new(8192);
    let mut heap = memory.checked::<L, C>();
    let gap = heap.granules(20);
    let place = heap.address(gap);
    let still = heap.filled(Request::new(10).immovable().name("still"));
    let spacer = heap.granules(1);
    let fitting = heap.filled(Request::new(9).name("moving"));
    free_all(&mut heap, [gap, spacer]);
    heap.compact().expect("compaction");
    assert_eq!(heap.address(fitting), place);
    assert_eq!(
        (heap.name(still), heap.name(fitting)),
        (Ok(Some("still")), Ok(Some("moving")))
    );
    heap.expect_filled([still, fitting]);
}

fn aligned_block_is_moved_into_a_hole<L: Layout, C: Check>() {
    let mut memory = Memory::skewed(8192, 64 - L::HEADER_BYTES);
    let mut heap = memory.checked::<L, C>();
    // The hole's first place is aligned, so the block fits there without a gap.
    let gap = heap.granules(30);
    let place = heap.address(gap);
    assert_eq!(place % 64, 0);
    let still = fixed(&mut heap, 2);
    let spacer = heap.granules(40);
    let fitting = heap.filled(Request::new(64).align(64));
    free_all(&mut heap, [gap, spacer]);
    heap.compact().expect("compaction");
    assert_eq!(heap.address(fitting), place);
    heap.expect_filled([still, fitting]);
}

fn block_that_fits_no_hole_slides_within_its_section<L: Layout, C: Check>() {
    let mut memory = Memory::new(8192);
    let mut heap = memory.checked::<L, C>();
    let gap = heap.granules(4);
    let still = fixed(&mut heap, 2);
    let spacer = heap.granules(6);
    let large = heap.granules(5);
    let last = fixed(&mut heap, 1);
    free_all(&mut heap, [gap, spacer]);
    heap.compact().expect("compaction");
    assert_eq!(
        heap.address(large),
        heap.address(still) + 2 * L::GRANULE_BYTES,
        "right behind the immovable one"
    );
    assert_eq!(
        heap.holes(),
        [4, 6].map(|granules| granules * L::GRANULE_BYTES)
    );
    heap.expect_filled([still, large, last]);
}

fn aligned_blocks_stay_aligned_and_gaps_close<L: Layout, C: Check>() {
    let mut memory = Memory::new(32 * 1024);
    let mut heap = memory.checked::<L, C>();
    let mut pairs = Vec::new();
    for align in [64, 16, 256, 32, 1024, 128, 64, 512] {
        pairs.push((
            heap.filled(Request::new(100)),
            heap.filled(Request::new(40).align(align)),
            align,
        ));
    }
    let end = heap.end_of_blocks();
    free_all(&mut heap, pairs.iter().map(|&(spacer, ..)| spacer));
    heap.compact().expect("compaction");
    for &(_, handle, align) in &pairs {
        assert_eq!(heap.address(handle) % align, 0, "{align}");
    }
    assert!(heap.end_of_blocks() <= end && heap.stats().moves > 0);
    // In front of each is less than its alignment.
    let blocks = heap.seen();
    for (front, block) in blocks.iter().zip(&blocks[1..]) {
        let align = pairs
            .iter()
            .find(|&&(_, handle, _)| block.handle == Some(handle))
            .map_or(1, |pair| pair.2);
        assert!(
            front.handle.is_some() || front.bytes < align,
            "{} bytes in front of {align}",
            front.bytes
        );
    }
    heap.expect_filled(pairs.into_iter().map(|(_, handle, _)| handle));
}

/// A block that takes all that is left.
fn wall<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>) -> Handle<L> {
    let rest = heap.allocatable().expect("sound metadata").expect("room");
    heap.filled(Request::new(rest))
}

/// Small blocks until the next one starts `granules` behind a multiple of `align` granules.
fn advance_to<L: Layout, C: Check>(
    heap: &mut Checked<'_, L, C>,
    align: usize,
    granules: usize,
) -> Vec<Handle<L>> {
    let mut passed = Vec::new();
    loop {
        passed.push(heap.granules(1));
        let last = *passed.last().expect("just pushed");
        if (heap.address(last) / L::GRANULE_BYTES + 1) % align == granules {
            return passed;
        }
    }
}

fn growth_gathers_room_for_the_whole_block_at_once<L: Layout, C: Check>() {
    let mut memory = Memory::new(8 * 1024);
    let mut heap = memory.checked::<L, C>();
    let pairs: Vec<_> = (0..12)
        .map(|_| [heap.granules(10), heap.granules(1)])
        .collect();
    let growing = heap.granules(60);
    let wall = wall(&mut heap);
    free_all(&mut heap, pairs.iter().map(|pair| pair[0]));
    let (before, place) = (heap.stats().compactions, heap.address(wall));
    heap.resize(growing, payload::<L>(61)).expect("room");
    // More free space would serve a growth by one granule, but not where it is.
    assert_eq!(heap.stats().compactions, before + 1);
    assert_eq!(heap.address(wall), place);
    heap.expect_front(growing, payload::<L>(60));
    heap.expect_filled(pairs.iter().map(|pair| pair[1]).chain([wall]));
}

fn aligned_request_gathers_room_for_its_gap_at_once<L: Layout, C: Check>() {
    let mut memory = Memory::new(8 * 1024);
    let mut heap = memory.checked::<L, C>();
    let mut rest = advance_to(&mut heap, 4, 1);
    let holes = [16, 4, 4].map(|granules| {
        let hole = heap.granules(granules);
        rest.push(heap.granules(1));
        hole
    });
    let wall = wall(&mut heap);
    free_all(&mut heap, holes);
    let (before, place) = (heap.stats().compactions, heap.address(wall));
    // Exactly as long as the first hole, if it could start there.
    let align = 4 * L::GRANULE_BYTES;
    let aligned = heap.filled(Request::new(payload::<L>(16)).align(align));
    assert_eq!(heap.address(aligned) % align, 0);
    assert_eq!(heap.stats().compactions, before + 1);
    assert_eq!(heap.address(wall), place);
    heap.expect_filled(rest.into_iter().chain([aligned, wall]));
}

fn gaps_in_front_of_aligned_blocks_do_not_make_all_blocks_move<L: Layout, C: Check>() {
    let mut memory = Memory::new(8 * 1024);
    let mut heap = memory.checked::<L, C>();
    let mut rest = advance_to(&mut heap, 8, 7);
    let first = heap.granules(9);
    let align = 8 * L::GRANULE_BYTES;
    rest.push(heap.filled(Request::new(payload::<L>(8)).align(align)));
    let second = heap.granules(9);
    rest.push(heap.granules(1));
    let third = heap.granules(5);
    let wall = wall(&mut heap);
    free_all(&mut heap, [first, second, third]);
    let place = heap.address(wall);
    // The aligned block can move by eight granules of the nine in front of it.
    let block = heap.granules(18);
    assert_eq!(heap.address(wall), place);
    heap.expect_filled(rest.into_iter().chain([block, wall]));
}

/// Of three holes that together have more than enough, the last two have it: one block is moved, once.
fn window_within_the_last_part_of_the_row_is_found_at_once<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(7, 3200 + 8 + 30 + 20 + 3));
    let mut heap = memory.checked::<L, C>();
    let [large, front, a, middle, b, back, c] =
        [3200, 8, 1, 30, 1, 20, 1].map(|granules| heap.granules(granules));
    for hole in [front, middle, back] {
        heap.free(hole).expect("live block");
    }
    let before = heap.stats();
    let new = heap.granules(50);
    let after = heap.stats();
    assert_eq!(
        (
            after.moves - before.moves,
            after.compactions - before.compactions
        ),
        (1, 1)
    );
    heap.expect_filled([large, a, b, c, new]);
}
