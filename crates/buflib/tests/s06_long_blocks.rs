//! S6: blocks on both sides of the length from which the standard layout needs a trailer, and
//! free blocks too long for a short footer.

mod common;

use buflib::{Check, Crc32, Handle, Layout, Request, Standard, Unchecked};
use common::{Checked, Memory, payload};

macro_rules! on_the_standard_layout {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            #[test]
            fn unchecked() {
                super::$test::<super::Unchecked>();
            }
            #[test]
            fn crc() {
                super::$test::<super::Crc32>();
            }
        }
    )+};
}

on_the_standard_layout!(
    every_size_around_the_border_is_kept_to_the_byte,
    block_grows_and_shrinks_across_the_border_in_place,
    block_grows_across_the_border_by_moving,
    long_block_is_shrunk_from_both_sides_across_the_border,
    long_blocks_are_pinned_and_moved,
    long_blocks_have_high_numbers,
    free_blocks_around_the_longest_short_footer_are_merged,
);

/// The longest payload of a block without a trailer.
fn border() -> usize {
    payload::<Standard>(Standard::LONG_BYTES / Standard::GRANULE_BYTES - 1)
}

fn sizes() -> impl Iterator<Item = usize> {
    border() - 20..=border() + 20
}

fn expect<C: Check>(heap: &Checked<'_, Standard, C>, handle: Handle, size: usize, name: &str) {
    assert_eq!(heap.get(handle).expect("live block").len(), size);
    assert_eq!(
        heap.name(handle).expect("live block").unwrap_or_default(),
        name
    );
}

fn every_size_around_the_border_is_kept_to_the_byte<C: Check>() {
    for name in ["", "a name"] {
        let mut memory = Memory::new(1 << 20);
        let mut heap = memory.checked::<Standard, C>();
        let blocks: Vec<_> = sizes()
            .map(|size| (heap.filled(Request::new(size).name(name)), size))
            .collect();
        for &(handle, size) in &blocks {
            expect(&heap, handle, size, name);
            heap.expect_filled([handle]);
        }
        for &(handle, _) in blocks.iter().step_by(2) {
            heap.free(handle).expect("live block");
        }
        heap.compact().expect("compaction");
        for &(handle, size) in blocks.iter().skip(1).step_by(2) {
            expect(&heap, handle, size, name);
            heap.expect_filled([handle]);
        }
    }
}

fn block_grows_and_shrinks_across_the_border_in_place<C: Check>() {
    for name in ["", "a name"] {
        let mut memory = Memory::new(1 << 16);
        let mut heap = memory.checked::<Standard, C>();
        let handle = heap.filled(Request::new(border() - 20).name(name));
        let address = heap.address(handle);
        for size in sizes().chain(sizes().collect::<Vec<_>>().into_iter().rev()) {
            heap.resize(handle, size).expect("room");
            expect(&heap, handle, size, name);
            heap.expect_front(handle, border() - 20);
        }
        assert_eq!(heap.address(handle), address);
    }
}

fn block_grows_across_the_border_by_moving<C: Check>() {
    for size in sizes() {
        let mut memory = Memory::new(1 << 17);
        let mut heap = memory.checked::<Standard, C>();
        let handle = heap.filled(Request::new(border() - 30).name("a name"));
        let behind = heap.granules(3000);
        let address = heap.address(handle);
        heap.resize(handle, size + 3000).expect("room");
        assert_ne!(heap.address(handle), address);
        heap.expect_front(handle, border() - 30);
        heap.resize(handle, size).expect("smaller");
        expect(&heap, handle, size, "a name");
        heap.expect_filled([behind]);
    }
}

fn long_block_is_shrunk_from_both_sides_across_the_border<C: Check>() {
    for size in sizes() {
        for front in [0, 1, 7, 8, 100] {
            let mut memory = Memory::new(1 << 17);
            let mut heap = memory.checked::<Standard, C>();
            let handle = heap.filled(Request::new(border() + 300).name("a name"));
            let address = heap.address(handle);
            let before = heap.get(handle).expect("live block")[front..front + size].to_vec();
            heap.run(|heap| heap.shrink(handle, front..front + size))
                .expect("a part");
            expect(&heap, handle, size, "a name");
            assert_eq!(heap.address(handle), address + front);
            assert_eq!(heap.get(handle).expect("live block"), before);
        }
    }
}

fn long_blocks_are_pinned_and_moved<C: Check>() {
    let mut memory = Memory::new(1 << 18);
    let mut heap = memory.checked::<Standard, C>();
    let gap = heap.granules(100);
    let handles = [border() + 1, border() + 5000].map(|size| heap.filled(Request::new(size)));
    heap.free(gap).expect("live block");
    heap.run(|heap| heap.pin(handles[1]).expect("room").keep());
    let address = heap.address(handles[1]);
    assert_eq!(heap.compact().expect("compaction").moves, 1);
    assert_eq!(heap.address(handles[1]), address);
    heap.expect_filled(handles);
    heap.run(|heap| heap.unpin(handles[1])).expect("pinned");
    assert_eq!(heap.compact().expect("compaction").moves, 1);
    assert!(heap.address(handles[1]) < address);
    heap.expect_filled(handles);
}

/// Numbers that need more bits than the header of a long block has for them.
fn long_blocks_have_high_numbers<C: Check>() {
    if cfg!(miri) {
        return;
    }
    let mut memory = Memory::new(4 << 20);
    let mut heap = memory.checked::<Standard, C>();
    let gap = heap.granules(100);
    let (mut small, mut long) = (Vec::new(), Vec::new());
    heap.run(|heap| {
        while small.len() < (1 << 16) + 10 {
            small.push(heap.alloc(0).expect("room"));
            if small.len() % 9000 == 0 {
                long.push(heap.alloc(border() + 1).expect("room"));
            }
        }
        long.push(heap.alloc(border() + 1).expect("room"));
    });
    assert!(long.last().expect("blocks").number() > 1 << 16);
    long.iter().for_each(|&handle| heap.fill(handle));
    heap.free(gap).expect("live block");
    heap.compact().expect("compaction");
    heap.expect_filled(long.iter().copied());
    for handle in long {
        heap.resize(handle, border() + 100).expect("room");
        heap.free(handle).expect("live block");
    }
}

/// A footer of 16 bits counts up to 65,534 granules.
fn free_blocks_around_the_longest_short_footer_are_merged<C: Check>() {
    if cfg!(miri) {
        return;
    }
    for granules in [65_533, 65_534, 65_535, 65_536, 70_000] {
        let mut memory = Memory::new(granules * 8 + (1 << 18));
        let mut heap = memory.checked::<Standard, C>();
        let large = heap
            .alloc(payload::<Standard>(granules - 2100))
            .expect("room");
        let behind = heap.granules(2100);
        let last = heap.granules(5000);
        heap.free(large).expect("live block");
        // Merges with what is in front of it, which the footer tells.
        heap.free(behind).expect("live block");
        heap.alloc(payload::<Standard>(granules)).expect("the hole");
        heap.expect_filled([last]);
        assert_eq!(heap.stats().moves, 0);
    }
}
