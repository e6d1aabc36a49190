//! B9: whatever bytes are attached to, the outcome is an error or a heap that is in order.

#[macro_use]
mod common;
#[path = "common/cases.rs"]
mod cases;

use std::time::{Duration, Instant};

use buflib::{
    AttachError, Check, Crc32, Handle, Heap, Layout, Narrow, Request, Standard, Unchecked, Wide,
};
use common::{Checked, FILLER, Memory, RECORD, mixed, seal, use_all};
use fastrand::Rng;
use proptest::prelude::*;

on_every_heap!(
    every_truncation_is_refused,
    every_flipped_bit_is_refused_or_harmless,
    entries_that_say_something_else_are_refused_or_harmless,
    what_is_not_pinned_can_be_freed,
    payloads_that_start_off_the_granule_have_a_place_of_their_own,
    random_bytes_are_refused,
    random_bytes_with_a_right_record_do_no_harm,
    random_words_among_right_ones_do_no_harm,
    random_numbers_in_the_record_do_no_harm,
    two_blocks_of_one_handle_are_refused,
    two_handles_of_one_block_are_refused,
    blocks_that_overlap_are_refused,
);

fn small<L: Layout, C: Check>() -> (Memory, Vec<Handle<L>>) {
    let mut memory = Memory::exact::<L>(1024);
    let mut heap = memory.checked::<L, C>();
    let handles = mixed(&mut heap, |i| {
        let request = Request::new(i * 2).name(["", "n"][i % 2]);
        if i == 5 { request.immovable() } else { request }
    });
    heap.pin(handles[1]).expect("live block");
    (saved(&heap), handles)
}

fn saved<L: Layout, C: Check>(heap: &Heap<'_, L, C>) -> Memory {
    let mut image = Memory::new(heap.image_bytes());
    heap.save_into(image.bytes()).expect("room");
    image
}

/// Attaches and, if there is a heap then, walks and uses all of it.
fn attempt<L: Layout, C: Check>(
    image: &mut Memory,
    handles: &[Handle<L>],
    seed: u64,
) -> Result<(), AttachError> {
    let before = image.bytes().to_vec();
    let outcome = match Heap::<L, C>::attach(image.bytes()) {
        Ok(heap) => {
            let mut heap = Checked::of(heap);
            for block in heap.seen() {
                if let Some(handle) = block.handle {
                    let len = heap.get(handle).map(<[u8]>::len);
                    assert_eq!(len, Ok(block.payload_bytes), "{handle}");
                }
            }
            heap.run(|heap| use_all(heap, handles.to_vec(), &mut Rng::with_seed(seed)));
            Ok(())
        }
        Err(error) => Err(error),
    };
    if outcome.is_err() {
        assert_eq!(image.bytes(), before, "changed by what was refused");
    }
    image.bytes().copy_from_slice(&before);
    assert!(image.around().all(|byte| byte == FILLER), "a write outside");
    outcome
}

fn every_truncation_is_refused<L: Layout, C: Check>() {
    let (mut image, _) = small::<L, C>();
    let len = image.bytes().len();
    for cut in 1..=len {
        let front = Heap::<L, C>::attach(&mut image.bytes()[..len - cut]).map(drop);
        assert!(front.is_err(), "without the last {cut}");
        let back = Heap::<L, C>::attach(&mut image.bytes()[cut..]).map(drop);
        assert!(back.is_err(), "without the first {cut}");
    }
}

fn every_flipped_bit_is_refused_or_harmless<L: Layout, C: Check>() {
    let (mut image, handles) = small::<L, C>();
    assert_eq!(attempt::<L, C>(&mut image, &handles, 0), Ok(()));
    let len = image.bytes().len();
    let mut refused = 0;
    for bit in (0..len * 8).step_by(if cfg!(miri) { 97 } else { 1 }) {
        image.bytes()[bit / 8] ^= 1 << (bit % 8);
        let outcome = attempt::<L, C>(&mut image, &handles, bit as u64);
        assert!(
            outcome.is_err() || bit / 8 < len - RECORD,
            "bit {bit} of the record"
        );
        refused += usize::from(outcome.is_err());
        image.bytes()[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(refused > RECORD * 8 + 100 || cfg!(miri));
}

/// Of blocks in use: their headers and entries.
#[test]
fn check_words_find_every_flipped_bit_of_metadata() {
    flip_every_bit_of_metadata::<Narrow>();
    flip_every_bit_of_metadata::<Standard>();
    flip_every_bit_of_metadata::<Wide>();
}

fn flip_every_bit_of_metadata<L: Layout>() {
    let mut memory = Memory::exact::<L>(1024);
    let mut heap = memory.checked::<L, Crc32>();
    let handles = [40, 50].map(|size| heap.filled(Request::new(size)));
    let offsets: Vec<_> = heap.seen().iter().map(|block| block.offset).collect();
    let mut image = saved(&heap);
    let lead = L::GRANULE_BYTES - L::HEADER_BYTES;
    let table = image.bytes().len() - RECORD - 2 * common::entry_bytes::<L, Crc32>();
    let headers = offsets
        .iter()
        .flat_map(|offset| lead + offset..lead + offset + L::HEADER_BYTES);
    let entries = [0, common::entry_bytes::<L, Crc32>()]
        .into_iter()
        .flat_map(|at| table + at..table + at + L::ENTRY_BYTES + 4);
    for at in headers.chain(entries) {
        for bit in 0..8 {
            image.bytes()[at] ^= 1 << bit;
            let outcome = attempt::<L, Crc32>(&mut image, &handles, 0);
            assert!(
                matches!(outcome, Err(AttachError::Corrupt(_))),
                "byte {at}, bit {bit}"
            );
            image.bytes()[at] ^= 1 << bit;
        }
    }
}

/// Where any alignment holds by chance, one that cannot be asked for is damage.
#[test]
fn no_alignment_is_larger_than_a_page() {
    flip_every_bit_of_an_entry::<Narrow>();
    flip_every_bit_of_an_entry::<Standard>();
    flip_every_bit_of_an_entry::<Wide>();
}

fn flip_every_bit_of_an_entry<L: Layout>() {
    const FAR: usize = 1 << 20;
    let mut memory = Memory::skewed(16 * 1024, 4096 - L::HEADER_BYTES);
    let mut heap = memory.checked::<L, Unchecked>();
    heap.filled(Request::new(50).align(512));
    let mut image = saved(&heap);
    // The first payload lies a granule into the image.
    let mut space = vec![0; 3 * FAR];
    let start = (space.as_ptr().addr() + FAR).next_multiple_of(FAR) - space.as_ptr().addr();
    let len = image.bytes().len();
    let entry = (len - RECORD - L::ENTRY_BYTES) * 8;
    let mut accepted = 0;
    for bit in entry..entry + L::ENTRY_BYTES * 8 {
        let place = &mut space[start - L::GRANULE_BYTES..][..len];
        place.copy_from_slice(image.bytes());
        place[bit / 8] ^= 1 << (bit % 8);
        if let Ok(heap) = Heap::<L, Unchecked>::attach(place) {
            accepted += 1;
            // By what everything may move is the largest alignment, if it may move.
            let given = Checked::of(heap).run(|heap| heap.give_front(1).map(|given| given.len()));
            assert!(
                given.is_err() || given.is_ok_and(|len| (1..=4096).contains(&len)),
                "{bit}"
            );
        }
    }
    assert!(accepted > 0);
}

/// Where an entry says how its block is aligned, and that a payload does not start on the granule.
fn entries_that_say_something_else_are_refused_or_harmless<L: Layout, C: Check>() {
    let (mut image, _, entries) = twins::<L, C>();
    let upper = entries[0]
        + if cfg!(target_endian = "big") {
            0
        } else {
            L::ENTRY_BYTES - 2
        };
    let mut refused = 0;
    for bits in (1..=u16::MAX).filter(|bits| bits.count_ones() <= 3) {
        let bytes = &mut image.bytes()[upper..upper + 2];
        let flipped = [bytes[0] ^ bits as u8, bytes[1] ^ (bits >> 8) as u8];
        let before = [bytes[0], bytes[1]];
        bytes.copy_from_slice(&flipped);
        seal(image.bytes());
        refused += usize::from(attempt::<L, C>(&mut image, &[], bits.into()).is_err());
        image.bytes()[upper..upper + 2].copy_from_slice(&before);
    }
    assert!(refused > 100);
}

/// What says how many bytes are skipped must not be a byte of the payload.
fn payloads_that_start_off_the_granule_have_a_place_of_their_own<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(1024);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.filled(Request::new(50).name("a name"));
    heap.run(|heap| heap.shrink(handle, 3..50))
        .expect("live block");
    let mut image = saved(&heap);
    // The first payload would start a granule into the image.
    let front = L::GRANULE_BYTES;
    let mut accepted = 0;
    for word in 0..=u8::MAX {
        image.bytes()[front] = word;
        seal(image.bytes());
        let mut copy = Memory::new(image.bytes().len());
        copy.bytes().copy_from_slice(image.bytes());
        let Ok(mut heap) = Heap::<L, C>::attach(copy.bytes()) else {
            continue;
        };
        accepted += 1;
        let len = heap.get(handle).expect("live block").len();
        heap.get_mut(handle).expect("live block").fill(!word);
        assert_eq!(
            heap.get(handle),
            Ok(&*vec![!word; len]),
            "front word {word}"
        );
    }
    assert!((1..2 * L::GRANULE_BYTES).contains(&accepted));
}

/// A pin record that counts none is damage: nobody could take it away.
fn what_is_not_pinned_can_be_freed<L: Layout, C: Check>() {
    let (mut image, handles) = small::<L, C>();
    let len = image.bytes().len();
    let mut accepted = 0;
    for bit in (0..(len - RECORD) * 8).step_by(if cfg!(miri) { 97 } else { 1 }) {
        let mut copy = Memory::new(len);
        copy.bytes().copy_from_slice(image.bytes());
        copy.bytes()[bit / 8] ^= 1 << (bit % 8);
        seal(copy.bytes());
        let Ok(mut heap) = Heap::<L, C>::attach(copy.bytes()) else {
            continue;
        };
        accepted += 1;
        let pins = heap.pin_count(handles[1]);
        let freed = heap.free(handles[1]);
        assert!(freed.is_ok() || pins != Ok(0), "bit {bit}: {freed:?}");
    }
    assert!(accepted > 0);
}

fn random_bytes_are_refused<L: Layout, C: Check>() {
    proptest!(cases::cases(256), |(mut bytes in prop::collection::vec(any::<u8>(), 0..600))| {
        prop_assert!(Heap::<L, C>::attach(&mut bytes).is_err());
    });
}

fn random_bytes_with_a_right_record_do_no_harm<L: Layout, C: Check>() {
    let (mut image, handles) = small::<L, C>();
    let arena = image.bytes().len() - RECORD;
    let sound = image.bytes().to_vec();
    for seed in 0..if cfg!(miri) { 10 } else { 200 } {
        let mut random = Rng::with_seed(seed);
        let start = random.usize(..arena);
        let end = random.usize(start..arena);
        random.fill(&mut image.bytes()[start..end]);
        let _ = attempt::<L, C>(&mut image, &handles, seed);
        image.bytes().copy_from_slice(&sound);
    }
}

/// Small numbers, which are more often possible ones.
fn random_words_among_right_ones_do_no_harm<L: Layout, C: Check>() {
    let (mut image, handles) = small::<L, C>();
    let words = (image.bytes().len() - RECORD) / 2;
    let sound = image.bytes().to_vec();
    let mut accepted = 0;
    for seed in 0..if cfg!(miri) { 10 } else { 1000 } {
        let mut random = Rng::with_seed(seed);
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..words) * 2;
            let from = random.usize(..words) * 2;
            let word = match random.u8(..3) {
                0 => random.u16(..64).to_ne_bytes(),
                1 => (random.u16(..4) << random.u16(..16)).to_ne_bytes(),
                // One that stands elsewhere.
                _ => [sound[from], sound[from + 1]],
            };
            image.bytes()[at..at + 2].copy_from_slice(&word);
        }
        accepted += usize::from(attempt::<L, C>(&mut image, &handles, seed).is_ok());
        image.bytes().copy_from_slice(&sound);
    }
    assert!(accepted > 20 || cfg!(miri));
}

fn random_numbers_in_the_record_do_no_harm<L: Layout, C: Check>() {
    let (mut image, handles) = small::<L, C>();
    let sound = image.bytes().to_vec();
    let start = sound.len() - RECORD;
    let mut accepted = 0;
    for seed in 0..if cfg!(miri) { 10 } else { 1000 } {
        let mut random = Rng::with_seed(seed);
        for _ in 0..random.usize(1..3) {
            let at = start + random.usize(4..11) * 8;
            let old = u64::from_ne_bytes(sound[at..at + 8].try_into().expect("eight bytes"));
            let new = match random.u8(..4) {
                0 => old.wrapping_add_signed(random.i64(-9..9)),
                1 => random.u64(..300),
                2 => 1 << random.u32(..64),
                _ => random.u64(..),
            };
            image.bytes()[at..at + 8].copy_from_slice(&new.to_ne_bytes());
        }
        seal(image.bytes());
        accepted += usize::from(attempt::<L, C>(&mut image, &handles, seed).is_ok());
        image.bytes().copy_from_slice(&sound);
    }
    assert!(accepted > 15 || cfg!(miri));
}

/// An image of two blocks of the same size; where the second one starts, and the two entries.
fn twins<L: Layout, C: Check>() -> (Memory, usize, [usize; 2]) {
    let mut memory = Memory::exact::<L>(1024);
    let mut heap = memory.checked::<L, C>();
    heap.granules(4);
    heap.granules(4);
    heap.granules(4);
    let mut image = saved(&heap);
    let entry = common::entry_bytes::<L, C>();
    let end = image.bytes().len() - RECORD;
    let second = L::GRANULE_BYTES - L::HEADER_BYTES + 4 * L::GRANULE_BYTES;
    (image, second, [end - entry, end - 2 * entry])
}

fn refused_as_damage<L: Layout, C: Check>(mut image: Memory) {
    let outcome = attempt::<L, C>(&mut image, &[], 0);
    assert!(
        matches!(outcome, Err(AttachError::Corrupt(_))),
        "{outcome:?}"
    );
}

fn two_blocks_of_one_handle_are_refused<L: Layout, C: Check>() {
    let (mut image, second, _) = twins::<L, C>();
    let first = L::GRANULE_BYTES - L::HEADER_BYTES;
    image
        .bytes()
        .copy_within(first..first + L::HEADER_BYTES, second);
    refused_as_damage::<L, C>(image);
}

fn two_handles_of_one_block_are_refused<L: Layout, C: Check>() {
    let (mut image, _, [first, second]) = twins::<L, C>();
    let entry = common::entry_bytes::<L, C>();
    image.bytes().copy_within(first..first + entry, second);
    refused_as_damage::<L, C>(image);
}

/// The first block says that it ends within the second: in what the payload makes look like a block.
fn blocks_that_overlap_are_refused<L: Layout, C: Check>() {
    let (mut image, second, _) = twins::<L, C>();
    let first = L::GRANULE_BYTES - L::HEADER_BYTES;
    // The lowest byte of the number, whatever the order, holds lengths as small as these.
    let (low, length): (_, fn(u8) -> u8) = match L::HEADER_BYTES {
        bytes if cfg!(target_endian = "big") && bytes != 6 => (bytes - 1, |granules| granules),
        6 => {
            let low = if cfg!(target_endian = "big") { 5 } else { 2 };
            (low, |granules| granules * 8 + 7)
        }
        _ => (0, |granules| granules),
    };
    assert_eq!(image.bytes()[first + low], length(4));
    image.bytes()[first + low] = length(5);
    let header = second..second + L::HEADER_BYTES;
    image.bytes().copy_within(header, second + L::GRANULE_BYTES);
    image.bytes()[second + L::GRANULE_BYTES + low] = length(3);
    refused_as_damage::<L, C>(image);
}

/// A quarter of a million blocks of one granule, and as many table entries. Whatever would look at
/// all of one for each of the other would take minutes.
#[test]
fn many_blocks_take_no_time() {
    if cfg!(miri) {
        return;
    }
    let mut memory = Memory::exact::<Wide>(16 << 20);
    let mut heap = memory.heap::<Wide, Unchecked>();
    let handles: Vec<_> = (0..1 << 18).map(|_| heap.alloc(0).expect("room")).collect();
    for &handle in handles.iter().skip(1).step_by(2) {
        heap.free(handle).expect("live block");
    }
    let mut image = saved(&heap);
    let mut hostile = saved(&heap);
    // The last block in use leads to the entry of the first one.
    let last = (handles.len() - 2) * Wide::HEADER_BYTES;
    hostile.bytes().copy_within(..Wide::HEADER_BYTES, last);
    let start = Instant::now();
    let refused = Heap::<Wide, Unchecked>::attach(hostile.bytes()).map(drop);
    assert!(
        matches!(refused, Err(AttachError::Corrupt(_))),
        "{refused:?}"
    );
    let heap = Heap::<Wide, Unchecked>::attach(image.bytes()).expect("sound");
    let time = start.elapsed();
    assert!(time < Duration::from_secs(5), "{time:?}");
    assert_eq!(heap.stats().live, 1 << 17);
}
