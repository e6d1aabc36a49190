//! B4: an alignment asked for is kept wherever the block is moved.

#[macro_use]
mod common;

use buflib::{Check, Error, Layout, Request};
use common::{Memory, arena_bytes, payload};

on_every_heap!(
    every_power_of_two_up_to_a_page_is_kept,
    payloads_are_aligned_to_the_granule_without_asking,
    alignment_does_not_depend_on_where_the_buffer_starts,
    other_alignments_are_errors,
    alignment_is_kept_by_resizing,
    aligned_block_fits_where_it_fits_to_the_byte,
    aligned_block_fits_again_where_one_was_freed,
    smallest_blocks_that_were_freed_serve_an_alignment_only_if_they_have_it,
    space_in_front_of_an_aligned_block_is_used,
    immovable_blocks_are_aligned_too,
);

fn every_power_of_two_up_to_a_page_is_kept<L: Layout, C: Check>() {
    let mut memory = Memory::new(128 * 1024);
    let mut heap = memory.checked::<L, C>();
    let mut aligned = Vec::new();
    let mut spacers = Vec::new();
    for (align, size) in (0..=12)
        .map(|log| 1 << log)
        .zip([0, 1, 7, 8, 9, 33, 100].into_iter().cycle())
    {
        spacers.push(heap.filled(Request::new(size * 3)));
        aligned.push((heap.filled(Request::new(size).align(align)), align));
        assert_eq!(
            heap.get(aligned[aligned.len() - 1].0)
                .expect("new block")
                .len(),
            size
        );
    }
    // Piece by piece, so that blocks move by all kinds of distances.
    while let Some(spacer) = spacers.pop() {
        for &(handle, align) in &aligned {
            assert_eq!(heap.address(handle) % align, 0, "{align}");
        }
        heap.expect_filled(aligned.iter().map(|&(handle, _)| handle));
        heap.free(spacer).expect("live block");
        heap.compact().expect("compaction");
    }
    assert!(heap.stats().moves > 0);
}

fn smallest_blocks_that_were_freed_serve_an_alignment_only_if_they_have_it<L: Layout, C: Check>() {
    for skew in (0..128).step_by(if cfg!(miri) { 56 } else { 8 }) {
        let mut memory = Memory::skewed(2048, skew);
        let mut heap = memory.checked::<L, C>();
        let handles: Vec<_> = (0..20).map(|_| heap.filled(Request::new(1))).collect();
        for handle in handles.into_iter().skip(1).step_by(2) {
            heap.free(handle).expect("live block");
        }
        for align in [128, 64, 32, 16] {
            let handle = heap.filled(Request::new(1).align(align));
            assert_eq!(heap.address(handle) % align, 0, "{align}, {skew}");
        }
    }
}

fn payloads_are_aligned_to_the_granule_without_asking<L: Layout, C: Check>() {
    for skew in 0..L::GRANULE_BYTES {
        let mut memory = Memory::skewed(1024, skew);
        let mut heap = memory.checked::<L, C>();
        for size in [0, 1, 2, 3, 5, 13] {
            let handle = heap.alloc(size).expect("room");
            assert_eq!(heap.address(handle) % L::GRANULE_BYTES, 0);
        }
    }
}

fn alignment_does_not_depend_on_where_the_buffer_starts<L: Layout, C: Check>() {
    for skew in [0, 1, 4, 8, 20, 60, 100, 1000, 4095] {
        let mut memory = Memory::skewed(16 * 1024, skew);
        let mut heap = memory.checked::<L, C>();
        let first = heap.alloc(10).expect("room");
        let handles =
            [4096, 64, 512, 32].map(|align| (heap.filled(Request::new(50).align(align)), align));
        heap.free(first).expect("live block");
        heap.compact().expect("compaction");
        for (handle, align) in handles {
            assert_eq!(
                heap.address(handle) % align,
                0,
                "{align} in a buffer at {skew}"
            );
        }
        heap.expect_filled(handles.map(|(handle, _)| handle));
    }
}

fn other_alignments_are_errors<L: Layout, C: Check>() {
    let mut memory = Memory::new(32 * 1024);
    let mut heap = memory.checked::<L, C>();
    let before = heap.picture();
    for requested in [
        0,
        3,
        5,
        6,
        7,
        12,
        4095,
        4097,
        8192,
        1 << 20,
        usize::MAX,
        usize::MAX / 2 + 1,
    ] {
        for request in [
            Request::new(10).align(requested),
            Request::new(10).align(requested).immovable(),
        ] {
            assert_eq!(
                heap.alloc_with(request),
                Err(Error::BadAlignment { requested })
            );
        }
    }
    assert_eq!(heap.picture(), before);
}

fn alignment_is_kept_by_resizing<L: Layout, C: Check>() {
    let mut memory = Memory::new(32 * 1024);
    let mut heap = memory.checked::<L, C>();
    let handles = [16, 64, 256, 1024].map(|align| {
        heap.alloc(30).expect("room");
        (heap.filled(Request::new(40).align(align)), align)
    });
    for size in [50, 200, 10, 500, 0, 1000, 60] {
        for (handle, align) in handles {
            let kept = heap.get(handle).expect("live block").len().min(size);
            heap.resize(handle, size).expect("room");
            assert_eq!(heap.address(handle) % align, 0, "{align}");
            heap.expect_front(handle, kept);
            heap.fill(handle);
        }
    }
    assert!(heap.stats().moves > 0);
}

/// The first payload of the arena is aligned: no gap is needed, and there is no room for one.
fn aligned_block_fits_where_it_fits_to_the_byte<L: Layout, C: Check>() {
    for align in [32, 64, 1024, 4096] {
        let mut memory = Memory::skewed(arena_bytes::<L, C>(1, 20), align - L::HEADER_BYTES);
        let mut heap = memory.checked::<L, C>();
        let request = Request::new(payload::<L>(20)).align(align);
        let handle = heap.filled(request);
        assert_eq!((heap.address(handle) % align, heap.available()), (0, 0));
        heap.free(handle).expect("live block");
        heap.filled(request);
    }
}

/// Between blocks that stay where they are, in an arena without any other room.
fn aligned_block_fits_again_where_one_was_freed<L: Layout, C: Check>() {
    for compacted in [false, true] {
        let mut memory = Memory::skewed(arena_bytes::<L, C>(3, 36), 64 - L::HEADER_BYTES);
        let mut heap = memory.checked::<L, C>();
        let still = |granules| Request::new(payload::<L>(granules)).immovable();
        let front = heap.filled(still(8));
        let request = Request::new(payload::<L>(20)).align(64);
        let middle = heap.filled(request);
        let behind = heap.filled(still(8));
        assert_eq!(heap.available(), 0);
        heap.free(middle).expect("live block");
        if compacted {
            heap.compact().expect("compaction");
        }
        let again = heap.filled(request);
        heap.expect_filled([front, again, behind]);
    }
}

fn space_in_front_of_an_aligned_block_is_used<L: Layout, C: Check>() {
    let mut memory = Memory::skewed(8192, 64 - L::HEADER_BYTES);
    let mut heap = memory.checked::<L, C>();
    let first = heap.filled(Request::new(payload::<L>(1)));
    let aligned = heap.filled(Request::new(100).align(1024));
    let (place, end) = (heap.address(aligned), heap.end_of_blocks());
    let small = heap.filled(Request::new(30));
    let larger = heap.filled(Request::new(300));
    assert!(heap.address(small) < place && heap.address(larger) < place);
    assert_eq!(heap.end_of_blocks(), end);
    heap.expect_filled([first, small, larger, aligned]);
}

fn immovable_blocks_are_aligned_too<L: Layout, C: Check>() {
    let mut memory = Memory::skewed(32 * 1024, 12);
    let mut heap = memory.checked::<L, C>();
    let spacer = heap.alloc(333).expect("room");
    let handles = [4096, 32, 256].map(|align| {
        (
            heap.filled(Request::new(70).align(align).immovable()),
            align,
        )
    });
    let places = handles.map(|(handle, _)| heap.address(handle));
    heap.free(spacer).expect("live block");
    heap.compact().expect("compaction");
    for ((handle, align), place) in handles.into_iter().zip(places) {
        assert_eq!(
            (heap.address(handle) % align, heap.address(handle)),
            (0, place)
        );
    }
    heap.expect_filled(handles.map(|(handle, _)| handle));
}
