//! S3: start and size are aligned inward, and a buffer that cannot hold anything is an error.

#[macro_use]
mod common;

use std::mem::MaybeUninit;

use buflib::{BuildError, Check, Heap, Layout, Narrow};
use common::{FILLER, Memory};

on_every_heap!(
    every_skew_is_aligned_inward,
    buffer_too_small_is_an_error_and_any_other_holds_a_block,
    arena_of_64_bytes_works,
    uninitialised_memory_reads_as_zeros,
    payload_of_an_initialised_buffer_starts_with_what_was_there,
);

/// An interpreter looks at some only.
const STRIDE: usize = if cfg!(miri) { 7 } else { 1 };

/// Every start and every end in relation to the granule; whatever is written stays inside.
fn every_skew_is_aligned_inward<L: Layout, C: Check>() {
    for skew in (0..2 * L::GRANULE_BYTES).step_by(STRIDE) {
        for len in (300..300 + 2 * L::GRANULE_BYTES).step_by(STRIDE) {
            let mut memory = Memory::skewed(len, skew);
            let range = memory.bytes().as_ptr_range();
            let (start, end) = (range.start.addr(), range.end.addr());
            let mut heap = memory.checked::<L, C>();
            let free = heap.available();
            assert!(
                free <= len && free + 4 * L::GRANULE_BYTES > len,
                "{free} bytes are free of {len}"
            );
            while let Ok(handle) = heap.alloc(5) {
                let address = heap.address(handle);
                assert_eq!(address % L::GRANULE_BYTES, 0);
                assert!(address >= start + L::HEADER_BYTES && address + 5 <= end);
                heap.fill(handle);
            }
            assert!(heap.stats().live >= 5);
            assert!(
                memory.around().all(|byte| byte == FILLER),
                "a write outside the buffer"
            );
        }
    }
}

fn buffer_too_small_is_an_error_and_any_other_holds_a_block<L: Layout, C: Check>() {
    let empty: &mut [u8] = &mut [];
    let Err(BuildError::TooSmall { bytes: 0, needed }) = Heap::<L, C>::from_bytes(empty) else {
        panic!("a heap of nothing");
    };
    assert!(needed <= 128, "{needed} bytes for one empty block");
    for skew in (0..2 * L::GRANULE_BYTES).step_by(STRIDE) {
        for len in 0..=needed {
            let mut memory = Memory::skewed(len, skew);
            match Heap::<L, C>::from_bytes(memory.bytes()) {
                Ok(mut heap) => {
                    let handle = heap.alloc(0).expect("room for an empty block");
                    heap.check().expect("sound metadata");
                    assert!(heap.get(handle).expect("new block").is_empty());
                }
                Err(error) => {
                    assert_eq!(error, BuildError::TooSmall { bytes: len, needed });
                    assert!(
                        len < needed,
                        "{needed} bytes were said to be enough, not at {skew}"
                    );
                }
            }
            assert!(
                memory.around().all(|byte| byte == FILLER),
                "a write outside the buffer"
            );
        }
        for len in [0, 1, 7] {
            assert!(Heap::<L, C>::from_bytes(Memory::skewed(len, skew).bytes()).is_err());
        }
    }
}

fn arena_of_64_bytes_works<L: Layout, C: Check>() {
    let mut memory = Memory::new(64);
    let mut heap = memory.checked::<L, C>();
    let (all, bytes) = heap.alloc_maximum().expect("room");
    assert!(bytes >= 4, "{bytes} bytes");
    heap.fill(all);
    heap.resize(all, 1).expect("to shrink");
    heap.expect_front(all, 1);
    heap.free(all).expect("live block");
    assert_eq!(heap.alloc(bytes).map(|handle| handle.number()), Ok(1));
    assert!(
        memory.around().all(|byte| byte == FILLER),
        "a write outside the buffer"
    );
}

fn uninitialised_memory_reads_as_zeros<L: Layout, C: Check>() {
    // Bytes with a value, so that whether they were zeroed can be seen.
    let mut memory = [MaybeUninit::new(FILLER); 2048];
    let mut heap = Heap::<L, C>::new(&mut memory).expect("a heap");
    let mut handles = Vec::new();
    for size in [0, 1, 16, 100, 31, 300] {
        let handle = heap.alloc(size).expect("room");
        assert_eq!(heap.get(handle).expect("new block"), vec![0; size]);
        handles.push(handle);
    }
    let last = handles[handles.len() - 1];
    heap.resize(last, 400).expect("to grow into the free tail");
    // Where the row of blocks ended, there was metadata before.
    let metadata = heap
        .get(last)
        .expect("live block")
        .iter()
        .filter(|&&byte| byte != 0)
        .count();
    assert!(metadata <= L::HEADER_BYTES, "{metadata} bytes are not zero");
    heap.check().expect("sound metadata");
}

fn payload_of_an_initialised_buffer_starts_with_what_was_there<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.alloc(500).expect("room");
    assert_eq!(heap.get(handle).expect("new block"), [FILLER; 500]);
}

/// No byte of this buffer has a value before the heap uses it: an interpreter would object to reads.
#[test]
fn uninitialised_memory_is_readable_once_it_is_a_payload() {
    let mut memory = [MaybeUninit::uninit(); 1024];
    let mut heap = Heap::<Narrow>::new(&mut memory).expect("a heap");
    let first = heap.alloc(100).expect("room");
    let second = heap.alloc(100).expect("room");
    heap.free(first).expect("live block");
    heap.compact().expect("compaction");
    assert_eq!(heap.get(second).expect("live block"), [0; 100]);
    let (all, bytes) = heap.alloc_maximum().expect("room");
    let sum: usize = heap
        .get(all)
        .expect("new block")
        .iter()
        .map(|&byte| usize::from(byte))
        .sum();
    assert!(
        sum < bytes,
        "more than a few bytes of metadata were left behind"
    );
    heap.check().expect("sound metadata");
}

#[test]
fn narrow_heap_of_256_kib_works_and_more_than_its_limit_is_an_error() {
    let mut memory = vec![MaybeUninit::uninit(); 256 * 1024 + 4096];
    let mut heap = Heap::<Narrow>::new(&mut memory[..256 * 1024]).expect("a heap of 256 KiB");
    let most = heap.allocatable().expect("allocatable").expect("room");
    assert!(most + 64 > 256 * 1024, "{most} bytes of 256 KiB");
    assert!(heap.alloc(most).is_ok());

    let bytes = memory.len();
    match Heap::<Narrow>::new(&mut memory) {
        Err(BuildError::TooLarge {
            bytes: found,
            limit,
        }) => {
            assert_eq!(found, bytes);
            assert!(Heap::<Narrow>::new(&mut memory[..limit]).is_ok());
            let more = Heap::<Narrow>::new(&mut memory[..limit + 1]);
            assert_eq!(
                more.err(),
                Some(BuildError::TooLarge {
                    bytes: limit + 1,
                    limit
                })
            );
        }
        other => panic!("{other:?}"),
    }
}

/// The memory is reserved, not touched: only the two ends of the arena are used.
#[test]
#[cfg(all(target_pointer_width = "64", not(miri)))]
fn standard_heap_of_1_gib_works_and_more_than_its_limit_is_an_error() {
    use buflib::{Standard, Unchecked};
    const GIB: usize = 1 << 30;
    let mut memory = Box::new_uninit_slice(GIB + 4096);
    assert!(matches!(
        Heap::<Standard, Unchecked>::new(&mut memory),
        Err(BuildError::TooLarge { bytes, limit }) if bytes == GIB + 4096 && limit >= GIB
    ));
    let mut heap = Heap::<Standard, Unchecked>::new(&mut memory[..GIB]).expect("a heap of 1 GiB");
    assert!(heap.allocatable().expect("allocatable").expect("room") + 64 > GIB);
    let handle = heap.alloc(100).expect("room");
    assert_eq!(
        (handle.number(), heap.stats().used_bytes),
        (1, common::block_bytes::<Standard>(100))
    );
}
