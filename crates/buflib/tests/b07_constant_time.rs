//! B7: allocating, freeing, resolving and merging do not depend on the number of blocks.
//!
//! There is nothing to count here but time, so this is coarse: with a walk over blocks or handles in
//! any of these operations it would take minutes.

mod common;

use std::time::{Duration, Instant};

use buflib::{Crc32, Handle, Heap, Standard};

const BLOCKS: usize = if cfg!(miri) { 200 } else { 100_000 };
const LIMIT: Duration = Duration::from_secs(5);

/// A heap full of blocks of a few sizes, in an order that mixes them.
fn full(memory: &mut [u8]) -> (Heap<'_, Standard, Crc32>, Vec<Handle>) {
    let mut heap = Heap::from_bytes(memory).expect("a heap");
    let handles = (0..BLOCKS)
        .map(|i| heap.alloc(i % 7 * 8).expect("room"))
        .collect();
    (heap, handles)
}

fn timed(what: &str, operation: impl FnOnce()) {
    let start = Instant::now();
    operation();
    let took = start.elapsed();
    assert!(took < LIMIT, "{what} of {BLOCKS} blocks took {took:?}");
}

#[test]
fn work_on_one_block_does_not_depend_on_how_many_there_are() {
    let mut memory = vec![0; BLOCKS * 64 + (1 << 20)];
    let (mut heap, mut handles) = full(&mut memory);
    let mut random = fastrand::Rng::with_seed(7);
    random.shuffle(&mut handles);
    timed("resolving", || {
        let sum: usize = handles
            .iter()
            .map(|&handle| heap.get(handle).expect("live block").len())
            .sum();
        assert_eq!(sum, (0..BLOCKS).map(|i| i % 7 * 8).sum());
    });
    timed("freeing and allocating", || {
        for _ in 0..BLOCKS {
            let which = random.usize(..BLOCKS);
            heap.free(handles[which]).expect("live block");
            handles[which] = heap.alloc(random.usize(..7) * 8).expect("room");
        }
    });
    timed("shrinking and merging what is given back", || {
        for _ in 0..BLOCKS {
            // Down only: growth may have to move neighbours.
            let handle = handles[random.usize(..BLOCKS)];
            let len = heap.get(handle).expect("live block").len();
            heap.resize(handle, len / 2).expect("to shrink");
        }
    });
    timed("freeing all", || {
        handles
            .iter()
            .for_each(|&handle| heap.free(handle).expect("live block"))
    });
    assert_eq!((heap.stats().live, heap.stats().compactions), (0, 0));
    heap.check().expect("sound metadata");
}
