//! B9: a heap is saved as bytes, and attached to elsewhere.

#[macro_use]
mod common;

use std::mem::MaybeUninit;

use buflib::{
    AttachError, Check, Crc32, Error, Heap, Layout, Narrow, RegionError, Request, Standard,
    Unchecked, Wide,
};
use common::{Checked, FILLER, Memory, crc32c, mixed};

on_every_heap!(
    image_has_the_same_blocks,
    attached_heap_goes_on,
    image_is_as_long_as_it_says,
    same_heap_gives_the_same_image,
    immovable_blocks_stay_where_they_are_among_the_others,
    image_between_granules_is_refused,
    aligned_blocks_attach_where_they_are_aligned,
    heap_becomes_an_image_in_place,
    image_in_place_takes_space_for_as_long,
    full_heap_is_no_image_in_place,
    image_in_place_beside_memory_given_out,
    image_of_uninitialised_memory,
    maximum_stays_held,
    stale_handles_stay_stale,
    image_is_used_once,
    small_image_of_a_large_heap,
    length_must_be_the_images,
    damaged_record_is_found,
    other_versions_are_refused,
    other_byte_order_is_refused,
    impossible_numbers_are_refused,
    blocks_and_table_must_fit_beside_each_other,
    maximum_must_be_held_by_a_live_block,
    refused_image_is_unchanged,
);

fn any(i: usize) -> Request<'static> {
    Request::new(i * 13).name(["", "named"][i % 2])
}

/// A buffer with an image of a heap with blocks of all sizes.
fn image<L: Layout, C: Check>() -> Memory {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    mixed(&mut heap, any);
    saved(&heap)
}

fn saved<L: Layout, C: Check>(heap: &Heap<'_, L, C>) -> Memory {
    let mut image = Memory::new(heap.image_bytes());
    let len = heap.save_into(image.bytes()).expect("room");
    assert_eq!(len, image.bytes().len());
    image
}

fn attached<L: Layout, C: Check>(image: &mut [u8]) -> Checked<'_, L, C> {
    match Heap::attach(image) {
        Ok(heap) => Checked::of(heap),
        Err(error) => panic!("{error}"),
    }
}

/// Writes a number of the record, and the check word that it has then.
fn forge(image: &mut [u8], field: usize, value: u64) {
    let start = image.len() - 96;
    let record = &mut image[start..];
    record[field * 8..][..8].copy_from_slice(&value.to_ne_bytes());
    let digest = u64::from(crc32c(&record[..88]));
    record[88..].copy_from_slice(&digest.to_ne_bytes());
}

fn image_has_the_same_blocks<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = mixed(&mut heap, any);
    let before = heap.picture();
    let mut image = saved(&heap);
    let again = attached::<L, C>(image.bytes());
    assert_eq!(heap.picture(), before);
    assert_eq!(again.picture().contents, before.contents);
    let live = |blocks: Vec<common::Seen<_>>| -> Vec<_> {
        blocks
            .into_iter()
            .filter(|block| block.handle.is_some())
            .collect()
    };
    assert_eq!(live(again.seen()), live(before.blocks));
    assert_eq!(again.stats().live, before.stats.live);
    assert_eq!(again.stats().used_bytes, before.stats.used_bytes);
    for &handle in &handles {
        assert_ne!(again.address(handle), heap.address(handle));
    }
    again.expect_filled(handles);
}

fn attached_heap_goes_on<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let mut handles = mixed(&mut heap, any);
    let mut image = saved(&heap);
    let mut again = attached::<L, C>(image.bytes());
    again.free(handles.swap_remove(2)).expect("live block");
    again.resize(handles[0], 300).expect("room");
    again.fill(handles[0]);
    handles.push(again.filled(Request::new(100).align(128).name("new")));
    let most = again.allocatable().expect("sound").expect("room");
    handles.push(again.filled(Request::new(most)));
    again.expect_filled(handles.iter().copied());
    again.compact().expect("compaction");
    again.expect_filled(handles);
    drop(again);
    assert!(image.around().all(|byte| byte == FILLER));
}

fn image_is_as_long_as_it_says<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let heap = memory.checked::<L, C>();
    let needed = heap.image_bytes();
    let mut longer = Memory::new(needed + 100);
    assert_eq!(heap.save_into(longer.bytes()), Ok(needed));
    assert!(longer.bytes()[needed..].iter().all(|&byte| byte == FILLER));
    let mut shorter = Memory::new(needed - 1);
    let bytes = needed - 1;
    assert_eq!(
        heap.save_into(shorter.bytes()),
        Err(RegionError::TooSmall { bytes, needed })
    );
    assert!(shorter.bytes().iter().all(|&byte| byte == FILLER));
}

fn same_heap_gives_the_same_image<L: Layout, C: Check>() {
    assert_eq!(image::<L, C>().bytes(), image::<L, C>().bytes());
}

fn immovable_blocks_stay_where_they_are_among_the_others<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let hole = heap.granules(20);
    let fixed = heap.filled(Request::new(40).immovable());
    heap.free(hole).expect("live block");
    let mut image = saved(&heap);
    let mut again = attached::<L, C>(image.bytes());
    let address = again.address(fixed);
    again.compact().expect("compaction");
    assert_eq!(again.address(fixed), address);
    assert!(matches!(
        again.run(|heap| heap.give_front(8).map(drop)),
        Err(RegionError::Immovable { .. })
    ));
    again.expect_filled([fixed]);
}

fn image_between_granules_is_refused<L: Layout, C: Check>() {
    let mut image = image::<L, C>();
    let bytes = image.bytes();
    for skew in 1..L::GRANULE_BYTES {
        let mut elsewhere = Memory::skewed(bytes.len(), skew);
        elsewhere.bytes().copy_from_slice(bytes);
        let error = Heap::<L, C>::attach(elsewhere.bytes()).map(drop);
        let (remainder, modulus) = (skew, L::GRANULE_BYTES);
        assert_eq!(
            error,
            Err(AttachError::Address {
                remainder,
                expected: 0,
                modulus
            })
        );
    }
}

fn aligned_blocks_attach_where_they_are_aligned<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [1, 256, 1].map(|align| heap.filled(Request::new(10).align(align)));
    let mut image = saved(&heap);
    let bytes = image.bytes();
    let (mut same, mut other) = (Memory::new(bytes.len()), Memory::skewed(bytes.len(), 64));
    same.bytes().copy_from_slice(bytes);
    other.bytes().copy_from_slice(bytes);
    let again = attached::<L, C>(same.bytes());
    assert_eq!(again.address(handles[1]) % 256, 0);
    again.expect_filled(handles);
    let error = Heap::<L, C>::attach(other.bytes()).map(drop);
    let expected = AttachError::Address {
        remainder: 64,
        expected: 0,
        modulus: 4096,
    };
    assert_eq!(error, Err(expected));
}

fn heap_becomes_an_image_in_place<L: Layout, C: Check>() {
    for skew in 0..L::GRANULE_BYTES {
        let mut memory = Memory::skewed(4096, skew);
        let mut heap = memory.checked::<L, C>();
        let handles = mixed(&mut heap, any);
        let fixed = heap.filled(Request::new(10).align(64).immovable());
        let addresses = handles.iter().map(|&handle| heap.address(handle));
        let addresses: Vec<_> = addresses.collect();
        let image = heap.into_heap().into_image().expect("room");
        let again = attached::<L, C>(image);
        for (&handle, address) in handles.iter().zip(addresses) {
            assert_eq!(again.address(handle), address);
        }
        again.expect_filled(handles.into_iter().chain([fixed]));
    }
}

fn image_in_place_takes_space_for_as_long<L: Layout, C: Check>() {
    let mut memory = Memory::skewed(1024, 3);
    let mut heap = memory.heap::<L, C>();
    let handle = heap.alloc(100).expect("room");
    let free = heap.available();
    for _ in 0..5 {
        let image = heap.into_image().expect("room");
        heap = attached::<L, C>(image).into_heap();
        assert_eq!(heap.available(), free);
    }
    assert!(heap.contains(handle));
}

fn full_heap_is_no_image_in_place<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.filled(Request::new(300));
    let most = heap.allocatable().expect("sound").expect("room");
    let full = heap.filled(Request::new(most));
    let before = heap.picture();
    let refused = heap.into_heap().into_image().expect_err("no room");
    assert!(matches!(
        refused.error,
        RegionError::TooSmall { needed: 96, .. }
    ));
    let mut heap = Checked::of(refused.returned);
    assert_eq!(heap.picture().blocks, before.blocks);
    heap.expect_filled([handle, full]);
    heap.free(handle).expect("live block");
    let again = attached::<L, C>(heap.into_heap().into_image().expect("room"));
    again.expect_filled([full]);
}

fn image_in_place_beside_memory_given_out<L: Layout, C: Check>() {
    let mut memory = Memory::skewed(4096, 3);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.filled(Request::new(100));
    let mut front = heap.run(|heap| heap.give_front(512)).expect("room");
    let mut end = heap.run(|heap| heap.give_end(512)).expect("room");
    let image = heap.into_heap().into_image().expect("room");
    assert_eq!(image.as_ptr(), front.as_ptr_range().end);
    assert_eq!(image.as_ptr_range().end, end.as_ptr());
    front.fill(1);
    end.fill(1);
    let mut again = attached::<L, C>(image);
    again.filled(Request::new(1000));
    again.expect_filled([handle]);
    assert!(front.iter().chain(end.iter()).all(|&byte| byte == 1));
}

fn image_of_uninitialised_memory<L: Layout, C: Check>() {
    let mut memory = [MaybeUninit::uninit(); 2048];
    let mut heap = Checked::of(Heap::<L, C>::new(&mut memory[1..]).expect("a heap"));
    let handle = heap.filled(Request::new(100));
    let mut copy = saved(&heap);
    let image = heap.into_heap().into_image().expect("room");
    std::hint::black_box(image.iter().map(|&byte| usize::from(byte)).sum::<usize>());
    attached::<L, C>(image).expect_filled([handle]);
    attached::<L, C>(copy.bytes()).expect_filled([handle]);
}

fn maximum_stays_held<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let (all, _) = heap.alloc_maximum().expect("room");
    let mut image = saved(&heap);
    let mut again = attached::<L, C>(image.bytes());
    let number = all.number();
    assert_eq!(again.alloc(0), Err(Error::MaximumHeld { number }));
    again.free(all).expect("live block");
    again.filled(Request::new(100));
}

fn stale_handles_stay_stale<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let stale: Vec<_> = (0..5)
        .map(|_| {
            let handle = heap.filled(Request::new(10));
            heap.free(handle).expect("live block");
            handle
        })
        .collect();
    let middle = heap.filled(Request::new(10));
    let last = heap.filled(Request::new(10));
    heap.free(middle).expect("live block");
    let mut image = saved(&heap);
    let mut again = attached::<L, C>(image.bytes());
    for handle in stale.into_iter().chain([middle]) {
        assert!(matches!(again.free(handle), Err(Error::BadHandle { .. })));
    }
    let new = [
        again.filled(Request::new(10)),
        again.filled(Request::new(10)),
    ];
    assert!(!new.contains(&middle) && !new.contains(&last));
    again.expect_filled([last]);
}

fn image_is_used_once<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let image = memory.heap::<L, C>().into_image().expect("room");
    let heap = Heap::<L, C>::attach(image).map(drop);
    assert_eq!(heap, Ok(()));
    let again = Heap::<L, C>::attach(memory.bytes()).map(drop);
    assert_eq!(again, Err(AttachError::NotAnImage));
}

fn small_image_of_a_large_heap<L: Layout, C: Check>() {
    let mut memory = Memory::new(64 * 1024);
    let mut heap = memory.checked::<L, C>();
    let handles = mixed(&mut heap, any);
    let rest = heap.run(|heap| heap.give_end(usize::MAX)).expect("sound");
    let mut image = saved(&heap);
    assert!(image.bytes().len() < 2000);
    heap.run(|heap| heap.take_end(rest)).expect("its own");
    let small = attached::<L, C>(image.bytes());
    let mut elsewhere = Memory::new(64 * 1024);
    let mut large = Checked::of(small.copy_to_bytes(elsewhere.bytes()).expect("room"));
    large.filled(Request::new(60_000));
    large.expect_filled(handles);
}

#[test]
fn other_layout_is_refused() {
    let mut image = image::<Narrow, Unchecked>();
    let refused = Heap::<Standard, Unchecked>::attach(image.bytes()).map(drop);
    let (found, expected) = (*b"narrow\0\0", "standard");
    assert_eq!(refused, Err(AttachError::Layout { found, expected }));
    let refused = Heap::<Wide, Unchecked>::attach(image.bytes()).map_err(|error| error.to_string());
    assert_eq!(
        refused.map(drop),
        Err("an image of the layout \"narrow\", where wide is read".to_owned())
    );
}

#[test]
fn other_check_word_is_refused() {
    let mut image = image::<Narrow, Unchecked>();
    let refused = Heap::<Narrow, Crc32>::attach(image.bytes()).map(drop);
    assert_eq!(refused, Err(AttachError::CheckWord { found: false }));
    let mut image = self::image::<Narrow, Crc32>();
    let refused = Heap::<Narrow, Unchecked>::attach(image.bytes()).map(drop);
    assert_eq!(refused, Err(AttachError::CheckWord { found: true }));
}

fn length_must_be_the_images<L: Layout, C: Check>() {
    let mut image = image::<L, C>();
    let len = image.bytes().len();
    for at in [8, 16, 104] {
        let mut bytes = image.bytes()[at..].to_vec();
        let refused = Heap::<L, C>::attach(&mut bytes).map(drop);
        let (bytes, expected) = (len - at, len as u64);
        assert_eq!(refused, Err(AttachError::Length { bytes, expected }));
    }
    for bytes in [0, 1, 95] {
        let refused = Heap::<L, C>::attach(&mut image.bytes()[..bytes]).map(drop);
        assert_eq!(refused, Err(AttachError::TooShort { bytes, needed: 96 }));
    }
    assert_eq!(Heap::<L, C>::RECORD_BYTES, 96);
}

fn damaged_record_is_found<L: Layout, C: Check>() {
    let mut image = image::<L, C>();
    let bytes = image.bytes();
    let start = bytes.len() - 96;
    for at in start..start + 96 {
        bytes[at] ^= 4;
        let error = Heap::<L, C>::attach(bytes).map(drop).expect_err("damage");
        let found = match (at - start) / 8 {
            0 => error == AttachError::NotAnImage,
            3 => matches!(
                error,
                AttachError::Version { .. } | AttachError::Record { .. }
            ),
            _ => matches!(error, AttachError::Record { .. }),
        };
        assert!(found, "byte {at}: {error}");
        bytes[at] ^= 4;
    }
    attached::<L, C>(bytes);
}

fn other_versions_are_refused<L: Layout, C: Check>() {
    let mut image = image::<L, C>();
    forge(image.bytes(), 3, 2);
    let refused = Heap::<L, C>::attach(image.bytes()).map(drop);
    let (found, expected) = (2, 1);
    assert_eq!(refused, Err(AttachError::Version { found, expected }));
}

fn other_byte_order_is_refused<L: Layout, C: Check>() {
    let mut image = image::<L, C>();
    // As the other machine would have written the record.
    let start = image.bytes().len() - 88;
    for word in image.bytes()[start..].chunks_exact_mut(8) {
        word.reverse();
    }
    let refused = Heap::<L, C>::attach(image.bytes()).map(drop);
    assert_eq!(refused, Err(AttachError::ByteOrder));
}

fn impossible_numbers_are_refused<L: Layout, C: Check>() {
    let values = [
        0,
        1,
        3,
        1000,
        5000,
        1 << 20,
        1 << 31,
        1 << 40,
        u64::MAX / 2,
        u64::MAX,
    ];
    for field in 4..10 {
        for value in values {
            let mut image = image::<L, C>();
            let len = image.bytes().len() as u64;
            forge(image.bytes(), field, value);
            // A size and an offset that fit together.
            if field == 4 {
                forge(image.bytes(), 5, (len - 96).wrapping_sub(value));
            }
            match Heap::<L, C>::attach(image.bytes()) {
                Ok(heap) => Checked::of(heap).stats().live,
                Err(error) => error.to_string().len(),
            };
            assert!(image.around().all(|byte| byte == FILLER));
        }
    }
    let mut image = image::<L, C>();
    forge(image.bytes(), 7, u64::MAX);
    let refused = Heap::<L, C>::attach(image.bytes()).map(drop);
    let (field, found, limit) = ("entries", u64::MAX, L::MAX_HANDLES as u64);
    let expected = AttachError::Number {
        field,
        found,
        limit,
    };
    assert_eq!(refused, Err(expected));
}

/// One granule, or one entry, more than there is room for.
fn blocks_and_table_must_fit_beside_each_other<L: Layout, C: Check>() {
    let granules = 20;
    let mut memory = Memory::exact::<L>(common::arena_bytes::<L, C>(1, granules));
    let mut heap = memory.checked::<L, C>();
    heap.granules(granules);
    assert_eq!(heap.available(), 0);
    let tail = granules as u64 + 1;
    for (field, value) in [(6, tail + 1), (6, tail + 1000), (6, 0), (7, 2), (7, 1000)] {
        let mut image = saved(&heap);
        forge(image.bytes(), field, value);
        let refused = Heap::<L, C>::attach(image.bytes()).map(drop);
        assert!(
            matches!(refused, Err(AttachError::Number { .. })),
            "{field} is {value}: {refused:?}"
        );
    }
    attached::<L, C>(saved(&heap).bytes());
}

fn maximum_must_be_held_by_a_live_block<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let handles = [heap.granules(1), heap.granules(1)];
    heap.free(handles[0]).expect("live block");
    let mut image = saved(&heap);
    forge(image.bytes(), 8, handles[0].number() as u64);
    let refused = Heap::<L, C>::attach(image.bytes()).map(drop);
    assert!(
        matches!(refused, Err(AttachError::Corrupt(_))),
        "{refused:?}"
    );
    forge(image.bytes(), 8, handles[1].number() as u64);
    let mut again = attached::<L, C>(image.bytes());
    let number = handles[1].number();
    assert_eq!(again.alloc(0), Err(Error::MaximumHeld { number }));
}

fn refused_image_is_unchanged<L: Layout, C: Check>() {
    let mut image = image::<L, C>();
    let bytes = image.bytes();
    // The last entry that the table has: the first block's.
    let at = bytes.len() - 96 - common::entry_bytes::<L, C>();
    bytes[at..][..L::ENTRY_BYTES].fill(0x7f);
    let before = bytes.to_vec();
    let refused = Heap::<L, C>::attach(bytes).map(drop);
    assert!(
        matches!(refused, Err(AttachError::Corrupt(_))),
        "{refused:?}"
    );
    assert_eq!(bytes, before);
}
