//! S4: layouts that give out the lowest number that is free, and handles as bits.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use buflib::{
    Check, Crc32, Handle, Heap, Layout, Narrow, Ordered, Small, Standard, Unchecked, Wide,
};
use common::Memory;

/// Allocates and frees at random, and says for each new block which number it must get.
fn lowest_number_comes_first<L: Layout, C: Check>(bytes: usize, most: usize) {
    let mut random = fastrand::Rng::with_seed(4);
    let mut memory = Memory::new(bytes);
    let mut heap = memory.heap::<L, C>();
    let mut live = BTreeMap::new();
    let (mut free, mut peak) = (BTreeSet::new(), 0);
    for step in 0..if cfg!(miri) { 300 } else { 30_000 } {
        let growing = step / 1000 % 3 != 2;
        if random.u8(..) < if growing { 150 } else { 100 } && live.len() < most {
            let Ok(handle) = heap.alloc(random.usize(..40)) else {
                continue;
            };
            // The table shrinks when its end is free, so a number may be free and not in the table.
            let expected = free.pop_first().unwrap_or(live.len() + 1);
            assert_eq!(handle.number(), expected);
            assert_eq!(live.insert(handle.number(), handle), None);
        } else if let Some(&number) = live.keys().nth(random.usize(..live.len().max(1))) {
            let handle = live.remove(&number).expect("a live number");
            heap.free(handle).expect("live block");
            free.insert(number);
        }
        if random.u16(..) < 100 {
            heap.compact().expect("compaction");
        }
        peak = peak.max(live.len());
        let last = live.keys().next_back().copied().unwrap_or(0);
        free.retain(|&number| number < last);
        if step % 500 == 0 {
            heap.check().expect("in order");
        }
    }
    assert!(peak > 50.min(most / 2), "{peak}");
}

#[test]
fn lowest_free_number_comes_first() {
    lowest_number_comes_first::<Ordered, Unchecked>(1 << 20, 10_000);
    lowest_number_comes_first::<Ordered, Crc32>(1 << 16, 500);
    lowest_number_comes_first::<Small, Unchecked>(1 << 20, 10_000);
    lowest_number_comes_first::<Small, Crc32>(1 << 14, 100);
}

#[test]
fn lowest_free_number_comes_first_in_long_tables() {
    if cfg!(miri) {
        return; // many thousand blocks
    }
    let mut memory = Memory::new(4 << 20);
    let mut heap = memory.heap::<Ordered, Unchecked>();
    let handles: Vec<_> = (0..150_000).map(|_| heap.alloc(2).expect("room")).collect();
    // Both ends of groups, and many numbers apart.
    let freed = [
        140_000, 70_000, 69_999, 64, 63, 65, 127, 128, 129, 0, 100_000,
    ];
    for which in freed {
        heap.free(handles[which]).expect("live block");
    }
    let mut expected = freed.map(|which| which + 1);
    expected.sort_unstable();
    assert_eq!(
        expected.map(|_| heap.alloc(2).expect("room").number()),
        expected
    );
    assert_eq!(heap.alloc(2).expect("room").number(), 150_001);
    heap.check().expect("in order");
}

#[test]
fn image_of_one_layout_is_one_of_the_others() {
    let mut memory = Memory::new(1 << 14);
    let mut heap = memory.heap::<Standard, Unchecked>();
    let handles: Vec<_> = (0..50)
        .map(|size| heap.alloc(size * 3).expect("room"))
        .collect();
    for &handle in &handles {
        heap.get_mut(handle)
            .expect("live block")
            .fill(handle.number() as u8);
    }
    for which in [3, 40, 7] {
        heap.free(handles[which]).expect("live block");
    }
    let mut image = vec![0_u64; heap.image_bytes().div_ceil(8)];
    // SAFETY: the same bytes.
    let (_, image, _) = unsafe { image.align_to_mut::<u8>() };
    let length = heap.save_into(image).expect("room");
    let mut heap = Heap::<Small>::attach(&mut image[..length]).expect("an image");
    heap.check().expect("in order");
    for number in [4, 8, 41, 51] {
        assert_eq!(heap.alloc(8).expect("room").number(), number);
    }
    for (which, handle) in handles.iter().enumerate() {
        let handle = Handle::<Small>::from_bits(handle.to_bits()).expect("the same bits");
        match heap.get(handle) {
            Ok(bytes) => assert_eq!(bytes, vec![handle.number() as u8; which * 3]),
            Err(_) => assert!([3, 40, 7].contains(&which)),
        }
    }
}

fn every_handle_has_bits_of_its_own<L: Layout>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.heap::<L, Unchecked>();
    for number in 1..=20 {
        assert_eq!(heap.alloc(3).expect("room").to_bits(), number);
    }
    let mut random = fastrand::Rng::with_seed(9);
    let mut found = 0;
    for _ in 0..if cfg!(miri) { 500 } else { 10_000 } {
        let bits = random.u64(..) >> random.u32(..64);
        if let Some(handle) = Handle::<L>::from_bits(bits) {
            assert_eq!(handle.to_bits(), bits);
            assert!((1..=L::MAX_HANDLES.next_power_of_two()).contains(&handle.number()));
            assert!(handle.generation() < L::GENERATIONS);
            assert_eq!(heap.contains(handle), (1..=20).contains(&bits));
            found += 1;
        }
    }
    assert!(found > if cfg!(miri) { 50 } else { 1000 });
    assert_eq!(Handle::<L>::from_bits(0), None);
}

#[test]
fn handles_are_bits_and_bits_are_handles() {
    every_handle_has_bits_of_its_own::<Narrow>();
    every_handle_has_bits_of_its_own::<Standard>();
    every_handle_has_bits_of_its_own::<Ordered>();
    every_handle_has_bits_of_its_own::<Wide>();
    // A generation without a number, and more bits than a handle has.
    assert_eq!(Handle::<Standard>::from_bits(1 << 22), None);
    assert_eq!(Handle::<Standard>::from_bits(1 << 29 | 1), None);
    assert_eq!(Handle::<Standard>::from_bits(1 << 32 | 1), None);
}

#[test]
fn sizes_of_heaps_are_as_documented() {
    if cfg!(target_pointer_width = "64") {
        let sizes = [
            size_of::<Heap>(),
            size_of::<Heap<Ordered>>(),
            size_of::<Heap<Small>>(),
        ];
        assert_eq!(
            sizes.map(|bytes| bytes.div_ceil(100) * 100),
            [3300, 2000, 700]
        );
    }
}
