//! S4, S13: a freed block keeps its number for the next request of its size, until that is needed
//! elsewhere.

#[macro_use]
mod common;

use buflib::{Check, Error, Found, Layout, Request};
use common::{Memory, payload};

on_every_heap!(
    request_of_the_same_size_gets_block_and_number_back,
    last_freed_comes_first,
    freed_handle_is_refused_while_its_block_rests,
    number_is_taken_from_a_resting_block_when_none_is_vacant,
    resting_blocks_lose_their_numbers_in_compaction,
    alignment_does_not_outlive_the_block,
    block_that_grows_changes_places_with_a_resting_one,
    long_table_grows_by_a_quarter_at_the_most_while_memory_is_plenty,
    long_table_doubles_at_the_most_while_memory_is_ample,
    numbers_that_rest_at_the_end_are_given_back_before_a_request_fails,
    resting_block_of_each_size_comes_back,
);

fn request_of_the_same_size_gets_block_and_number_back<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [40, 60, 80].map(|size| heap.filled(Request::new(size)));
    let place = heap.get(handles[1]).expect("live block").as_ptr();
    heap.free(handles[1]).expect("live block");
    let again = heap.alloc(60).expect("room");
    assert_eq!((again.number(), again.generation()), (2, 1));
    assert_eq!(heap.get(again).expect("live block").as_ptr(), place);
    assert_eq!(heap.get(again).expect("live block").len(), 60);
    heap.expect_filled([handles[0], handles[2]]);
}

fn last_freed_comes_first<L: Layout, C: Check>() {
    if L::LOWEST_NUMBER_FIRST {
        return; // nothing rests there
    }
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles: Vec<_> = (0..6).map(|_| heap.alloc(50).expect("room")).collect();
    for number in [2, 5, 3] {
        heap.free(handles[number - 1]).expect("live block");
    }
    let numbers: Vec<_> = (0..3)
        .map(|_| heap.alloc(50).expect("room").number())
        .collect();
    assert_eq!(numbers, [3, 5, 2]);
}

fn freed_handle_is_refused_while_its_block_rests<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [50; 3].map(|size| heap.alloc(size).expect("room"));
    heap.free(handles[1]).expect("live block");
    let refused = Error::BadHandle {
        number: 2,
        generation: 0,
        found: Found::Vacant,
    };
    assert_eq!(heap.free(handles[1]), Err(refused));
    assert_eq!(heap.get(handles[1]), Err(refused));
    assert_eq!(heap.run(|heap| heap.resize(handles[1], 70)), Err(refused));
    assert!(!heap.contains(handles[1]));
    assert_eq!(heap.allocations().count(), 2);
}

fn number_is_taken_from_a_resting_block_when_none_is_vacant<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [50; 3].map(|size| heap.alloc(size).expect("room"));
    heap.free(handles[0]).expect("live block");
    assert_eq!(heap.alloc(200).expect("room").number(), 1);
    // The block is still there for its size, with a number of its own.
    let entries = heap.stats().table_entries;
    assert_eq!(heap.alloc(50).expect("room").number(), entries + 1);
    assert!(heap.get(handles[0]).is_err());
}

fn resting_blocks_lose_their_numbers_in_compaction<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [50; 6].map(|size| heap.filled(Request::new(size)));
    for at in [1, 3, 4] {
        heap.free(handles[at]).expect("live block");
    }
    heap.compact().expect("compaction");
    heap.expect_filled([handles[0], handles[2], handles[5]]);
    let numbers = [10, 90, 200].map(|size| heap.alloc(size).expect("room").number());
    assert_eq!(numbers, [2, 4, 5]);
}

fn alignment_does_not_outlive_the_block<L: Layout, C: Check>() {
    let mut memory = Memory::new(8192);
    let mut heap = memory.checked::<L, C>();
    let first = heap.alloc(20).expect("room");
    let aligned = heap.filled(Request::new(60).align(64));
    let last = heap.filled(Request::new(60));
    heap.free(aligned).expect("live block");
    let plain = heap.filled(Request::new(60));
    assert_eq!(plain.number(), aligned.number());
    heap.free(first).expect("live block");
    heap.compact().expect("compaction");
    let blocks = heap.seen();
    assert_eq!(
        blocks[0].handle,
        Some(plain),
        "moved to where it need not be aligned"
    );
    heap.expect_filled([plain, last]);

    let again = heap.alloc_with(Request::new(60).align(64)).expect("room");
    let address = heap.get(again).expect("live block").as_ptr().addr();
    assert_eq!(address % 64, 0);
}

fn block_that_grows_changes_places_with_a_resting_one<L: Layout, C: Check>() {
    let mut memory = Memory::new(8192);
    let mut heap = memory.checked::<L, C>();
    let (small, large) = (payload::<L>(3), payload::<L>(6));
    let handles = [small, large, small].map(|size| heap.filled(Request::new(size)));
    let places = handles.map(|handle| heap.get(handle).expect("live block").as_ptr());
    heap.free(handles[1]).expect("live block");
    let old = heap.get(handles[0]).expect("live block").to_vec();
    heap.run(|heap| heap.resize(handles[0], large))
        .expect("room");
    let grown = heap.get(handles[0]).expect("live block");
    assert_eq!((grown.as_ptr(), &grown[..small]), (places[1], &old[..]));
    // The other number is where the block was.
    let other = heap.alloc(small).expect("room");
    assert_eq!(other.number(), 2);
    assert_eq!(heap.get(other).expect("live block").as_ptr(), places[0]);
    assert!(heap.get(handles[1]).is_err());
    heap.expect_filled([handles[2]]);
}

/// Entries for blocks in use, once each of a few hundred was freed and one of another size allocated, with so many
/// bytes of all free at first; and how many blocks are in use.
fn table_of_changing_sizes<L: Layout, C: Check>(free: usize) -> (usize, usize) {
    let mut memory = Memory::new(256_000);
    let mut heap = memory.heap::<L, C>();
    let handles: Vec<_> = (0..260).map(|_| heap.alloc(20).expect("room")).collect();
    let filler = heap.stats().largest_free_bytes - free;
    heap.alloc(filler).expect("room");
    let mut sizes = (33..57).step_by(4).cycle();
    for &handle in &handles {
        heap.free(handle).expect("live block");
        heap.alloc(sizes.next().expect("endless")).expect("room");
    }
    heap.check().expect("in order");
    let stats = heap.stats();
    (stats.table_entries, stats.live)
}

fn long_table_grows_by_a_quarter_at_the_most_while_memory_is_plenty<L: Layout, C: Check>() {
    if L::LOWEST_NUMBER_FIRST {
        return; // nothing rests there
    }
    let (entries, live) = table_of_changing_sizes::<L, C>(31_000);
    assert!(
        entries > live && entries <= live + live / 4 + 1,
        "{entries} for {live}"
    );
}

fn long_table_doubles_at_the_most_while_memory_is_ample<L: Layout, C: Check>() {
    if L::LOWEST_NUMBER_FIRST {
        return;
    }
    let (entries, live) = table_of_changing_sizes::<L, C>(128_000);
    assert!(
        entries > live + live / 4 + 1 && entries <= 2 * live + 1,
        "{entries} for {live}"
    );
}

fn numbers_that_rest_at_the_end_are_given_back_before_a_request_fails<L: Layout, C: Check>() {
    let mut memory = Memory::new(40_000);
    let mut heap = memory.heap::<L, C>();
    let most = heap.allocatable().expect("sound").expect("room");
    let handles: Vec<_> = (0..300).map(|_| heap.alloc(20).expect("room")).collect();
    assert_eq!(heap.stats().table_entries, 300);
    for handle in handles {
        heap.free(handle).expect("live block");
    }
    let all = heap.alloc(most).expect("as much as at first");
    assert_eq!(heap.stats().table_entries, 1);
    heap.free(all).expect("live block");
}

fn resting_block_of_each_size_comes_back<L: Layout, C: Check>() {
    let mut memory = Memory::new(200_000);
    let mut heap = memory.heap::<L, C>();
    let sizes: Vec<_> = (0..10).chain((10..3000).step_by(97)).collect();
    let handles: Vec<_> = sizes
        .iter()
        .map(|&size| heap.alloc(size).expect("room"))
        .collect();
    let last = heap.alloc(1).expect("room");
    for (&size, &handle) in sizes.iter().zip(&handles) {
        heap.free(handle).expect("live block");
        heap.check().expect("in order");
        let again = heap.alloc(size).expect("room");
        heap.check().expect("in order");
        assert_eq!(heap.get(again).expect("live block").len(), size);
        let is_short = size < L::LONG_BYTES.min(2000);
        assert!(!is_short || again.number() == handle.number(), "{size}");
    }
    assert!(heap.contains(last));
}
