//! S21: a block is shrunk to any part of its payload: the bytes that are kept stay where they are, and
//! what is in front of them and behind them becomes free.

#[macro_use]
mod common;

use std::ops::Range;

use buflib::{Check, Crc32, Error, Handle, Layout, Request};
use common::{
    Checked, Memory, Recorder, arena_bytes, block_bytes, flip, owned_payload, owner_bytes, payload,
};

on_every_heap!(
    every_part_of_a_payload_is_kept_in_place,
    every_part_of_a_payload_survives_a_compaction,
    every_part_of_a_payload_survives_a_resize,
    part_of_a_part_is_kept_in_place,
    front_and_tail_merge_with_what_is_free_beside_them,
    tail_of_the_last_block_lowers_the_end_of_blocks,
    name_and_owner_are_kept,
    alignment_is_kept_as_far_as_the_new_start_has_it,
    range_outside_the_payload_is_refused_and_changes_nothing,
    whole_payload_is_kept_without_a_change,
    block_is_eaten_up_from_the_front,
    nothing_can_be_left_of_a_payload,
    immovable_block_keeps_what_is_kept_in_place,
    handles_that_are_not_live_are_refused,
    figures_follow_a_shrink,
);

/// A block of `size` between two others, with free space in front of the first.
fn between<'a, L: Layout, C: Check>(
    memory: &'a mut Memory,
    request: Request<'_>,
) -> (Checked<'a, L, C>, [Handle<L>; 3]) {
    let mut heap = memory.checked::<L, C>();
    let gap = heap.granules(3);
    let front = heap.granules(2);
    let handle = heap.filled(request);
    let behind = heap.granules(2);
    heap.free(gap).expect("live block");
    (heap, [front, handle, behind])
}

/// All parts of a payload of this length.
fn parts(len: usize) -> impl Iterator<Item = Range<usize>> {
    (0..=len).flat_map(move |start| (start..=len).map(move |end| start..end))
}

/// Lengths with all remainders, and more than one granule.
fn lengths<L: Layout>() -> Vec<usize> {
    let granule = L::GRANULE_BYTES;
    if cfg!(miri) {
        return vec![granule + 1];
    }
    vec![0, 1, granule - 1, granule, granule + 3, 2 * granule + 5]
}

fn every_part_of_a_payload_is_kept_in_place<L: Layout, C: Check>() {
    for len in lengths::<L>() {
        for kept in parts(len) {
            let mut memory = Memory::new(1024);
            let (mut heap, [front, handle, behind]) =
                between::<L, C>(&mut memory, Request::new(len));
            let (address, used) = (heap.address(handle), heap.stats().used_bytes);
            let places = [front, behind].map(|handle| heap.address(handle));
            let contents = heap.get(handle).expect("live block").to_vec();
            heap.shrink(handle, kept.clone()).expect("a part");
            assert_eq!(heap.get(handle), Ok(&contents[kept.clone()]), "{kept:?}");
            assert_eq!(heap.address(handle), address + kept.start, "{kept:?}");
            // Whole granules are free: in front of the header, and behind the part.
            let cut = kept.start / L::GRANULE_BYTES * L::GRANULE_BYTES;
            let left = block_bytes::<L>(kept.end - cut);
            assert_eq!(
                used - heap.stats().used_bytes,
                block_bytes::<L>(len) - left,
                "{kept:?} of {len}"
            );
            assert_eq!([front, behind].map(|handle| heap.address(handle)), places);
            heap.expect_filled([front, behind]);
            // To write to all of it harms nobody.
            heap.fill(handle);
            heap.expect_filled([front, handle, behind]);
            heap.free(handle).expect("live block");
            heap.expect_filled([front, behind]);
        }
    }
}

fn every_part_of_a_payload_survives_a_compaction<L: Layout, C: Check>() {
    for len in lengths::<L>() {
        for kept in parts(len) {
            let mut memory = Memory::new(1024);
            let (mut heap, [front, handle, behind]) =
                between::<L, C>(&mut memory, Request::new(len));
            let contents = heap.get(handle).expect("live block").to_vec();
            heap.shrink(handle, kept.clone()).expect("a part");
            let off = heap.address(handle) % L::GRANULE_BYTES;
            heap.free(front).expect("live block");
            let done = heap.compact().expect("compaction");
            assert_eq!(done.moves, 2);
            assert_eq!(heap.get(handle), Ok(&contents[kept.clone()]), "{kept:?}");
            assert_eq!(heap.address(handle) % L::GRANULE_BYTES, off, "{kept:?}");
            assert_eq!(heap.holes(), []);
            heap.expect_filled([behind]);
        }
    }
}

fn every_part_of_a_payload_survives_a_resize<L: Layout, C: Check>() {
    for len in lengths::<L>() {
        for kept in parts(len) {
            for size in [0, 1, L::GRANULE_BYTES, 100] {
                let mut memory = Memory::new(1024);
                let (mut heap, [front, handle, behind]) =
                    between::<L, C>(&mut memory, Request::new(len));
                let contents = heap.get(handle).expect("live block").to_vec();
                heap.shrink(handle, kept.clone()).expect("a part");
                heap.resize(handle, size).expect("room");
                let same = size.min(kept.len());
                let bytes = heap.get(handle).expect("live block");
                assert_eq!(bytes.len(), size);
                assert_eq!(bytes[..same], contents[kept.clone()][..same]);
                heap.fill(handle);
                heap.expect_filled([front, handle, behind]);
            }
        }
    }
}

fn part_of_a_part_is_kept_in_place<L: Layout, C: Check>() {
    let mut random = fastrand::Rng::with_seed(21);
    for round in 0..if cfg!(miri) { 3 } else { 200 } {
        let mut memory = Memory::new(1024);
        let request = Request::new(150);
        let request = match round % 4 {
            0 => request,
            1 => request.name("a name"),
            2 => request.owner(1_u32),
            _ => request.align(64),
        };
        let (mut heap, [front, handle, behind]) = between::<L, C>(&mut memory, request);
        let mut contents = heap.get(handle).expect("live block").to_vec();
        let mut address = heap.address(handle);
        while !contents.is_empty() {
            let start = random.usize(..=contents.len().min(9));
            let end = contents.len() - random.usize(..=(contents.len() - start).min(9));
            heap.shrink(handle, start..end).expect("a part");
            contents = contents[start..end].to_vec();
            address += start;
            assert_eq!(heap.get(handle), Ok(&contents[..]));
            assert_eq!(heap.address(handle), address);
        }
        heap.expect_filled([front, behind]);
    }
}

/// The free pieces serve one request each, without a move.
fn front_and_tail_merge_with_what_is_free_beside_them<L: Layout, C: Check>() {
    let granule = L::GRANULE_BYTES;
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(5, 220));
    let mut heap = memory.checked::<L, C>();
    let before = heap.granules(60);
    let handle = heap.granules(40);
    let after = heap.granules(60);
    let last = heap.granules(10);
    let filler = heap.granules(50);
    for freed in [before, after] {
        heap.free(freed).expect("live block");
    }
    heap.shrink(handle, 10 * granule + 3..payload::<L>(40) - 15 * granule)
        .expect("a part");
    assert_eq!(heap.holes(), [70 * granule, 75 * granule]);
    let moves = heap.stats().moves;
    let new = [75, 70].map(|granules| heap.granules(granules));
    assert_eq!(heap.stats().moves, moves);
    assert_eq!(heap.available(), 0);
    heap.expect_filled(new.into_iter().chain([last, filler]));
}

fn tail_of_the_last_block_lowers_the_end_of_blocks<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    heap.granules(3);
    let last = heap.granules(50);
    heap.shrink(last, 0..payload::<L>(7)).expect("a part");
    assert_eq!(heap.end_of_blocks(), 10 * L::GRANULE_BYTES);
    heap.expect_filled([last]);
}

fn name_and_owner_are_kept<L: Layout, C: Check>() {
    for name in ["", "n", "a name that is longer than any granule is"] {
        let len = 2 * L::GRANULE_BYTES + 5;
        for kept in parts(len) {
            let mut memory = Memory::new(1024);
            let request = Request::new(len).name(name).owner(0xfeed_u32);
            let (mut heap, [front, handle, behind]) = between::<L, C>(&mut memory, request);
            let contents = heap.get(handle).expect("live block").to_vec();
            heap.shrink(handle, kept.clone()).expect("a part");
            let mut owner = Recorder::default();
            heap.with(&mut owner, |with| with.compact())
                .expect("compaction");
            let moves = owner.moves();
            assert_eq!((moves.len(), moves[0].tag), (1, 0xfeed));
            assert_eq!(heap.get(handle), Ok(&contents[kept.clone()]));
            let found = heap.name(handle).expect("live block");
            assert_eq!(found.unwrap_or_default(), name);
            assert_eq!(heap.stats().owned, 1);
            heap.expect_filled([front, behind]);
            if cfg!(miri) {
                break;
            }
        }
    }
}

fn alignment_is_kept_as_far_as_the_new_start_has_it<L: Layout, C: Check>() {
    for (start, align) in [
        (0, 256),
        (256, 256),
        (128, 128),
        (64, 64),
        (192, 64),
        (512, 256),
    ] {
        let mut memory = Memory::new(8192);
        let mut heap = memory.checked::<L, C>();
        let front = heap.granules(5);
        let handle = heap.filled(Request::new(600).align(256));
        let contents = heap.get(handle).expect("live block").to_vec();
        heap.shrink(handle, start..600).expect("a part");
        heap.free(front).expect("live block");
        // Moved once by compaction, and once to grow.
        heap.compact().expect("compaction");
        assert_eq!(heap.address(handle) % align, 0, "{start}");
        heap.filled(Request::new(5).immovable());
        heap.resize(handle, 2000).expect("room");
        assert_eq!(heap.address(handle) % align, 0, "{start}");
        let kept = &heap.get(handle).expect("live block")[..600 - start];
        assert_eq!(kept, &contents[start..]);
    }
}

fn range_outside_the_payload_is_refused_and_changes_nothing<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let (mut heap, [_, handle, _]) = between::<L, C>(&mut memory, Request::new(30).name("n"));
    let before = heap.picture();
    #[allow(clippy::reversed_empty_ranges, reason = "that is what is refused")]
    let ranges = [
        0..31,
        30..31,
        31..31,
        20..10,
        31..30,
        usize::MAX..usize::MAX,
        0..usize::MAX,
        usize::MAX..0,
    ];
    for kept in ranges {
        let error = Error::OutsidePayload {
            start: kept.start,
            end: kept.end,
            len: 30,
        };
        assert_eq!(heap.shrink(handle, kept), Err(error));
        assert_eq!(heap.picture(), before);
    }
}

fn whole_payload_is_kept_without_a_change<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let (mut heap, [_, handle, _]) = between::<L, C>(&mut memory, Request::new(30));
    let before = heap.picture();
    assert_eq!(heap.shrink(handle, 0..30), Ok(()));
    assert_eq!(heap.picture(), before);
}

/// As a player does with what it has played.
fn block_is_eaten_up_from_the_front<L: Layout, C: Check>() {
    for step in [1, 3, L::GRANULE_BYTES, 20] {
        let mut memory = Memory::new(4096);
        let mut heap = memory.checked::<L, C>();
        let handle = heap.filled(Request::new(500).owner(1_u32));
        let behind = heap.granules(4);
        let mut contents = heap.get(handle).expect("live block").to_vec();
        let address = heap.address(handle);
        let mut eaten = 0;
        while contents.len() > step {
            heap.shrink(handle, step..contents.len()).expect("a part");
            contents.drain(..step);
            eaten += step;
            assert_eq!(heap.get(handle), Ok(&contents[..]));
            assert_eq!(heap.address(handle), address + eaten);
            let cut = eaten / L::GRANULE_BYTES * L::GRANULE_BYTES;
            let free = if cut > 0 { vec![cut] } else { vec![] };
            assert_eq!(heap.holes(), free);
        }
        heap.expect_filled([behind]);
    }
}

fn nothing_can_be_left_of_a_payload<L: Layout, C: Check>() {
    for at in [0, 1, L::GRANULE_BYTES, 49, 50] {
        let mut memory = Memory::new(1024);
        let (mut heap, [front, handle, behind]) = between::<L, C>(&mut memory, Request::new(50));
        heap.shrink(handle, at..at).expect("a part");
        assert_eq!(heap.get(handle), Ok(&[][..]));
        assert!(heap.contains(handle));
        assert_eq!(heap.shrink(handle, 0..0), Ok(()));
        heap.resize(handle, 20).expect("room");
        heap.fill(handle);
        heap.expect_filled([front, handle, behind]);
    }
}

fn immovable_block_keeps_what_is_kept_in_place<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(4);
    let handle = heap.filled(Request::new(100).immovable());
    let address = heap.address(handle);
    let contents = heap.get(handle).expect("live block").to_vec();
    heap.shrink(handle, 33..77).expect("a part");
    heap.free(front).expect("live block");
    heap.compact().expect("compaction");
    assert_eq!(heap.address(handle), address + 33);
    assert_eq!(heap.get(handle), Ok(&contents[33..77]));
    assert_eq!(heap.stats().immovable, 1);
    // What is in front serves a request.
    let before = heap.filled(Request::new(payload::<L>(4)));
    assert!(heap.address(before) < address);
}

fn handles_that_are_not_live_are_refused<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let stale = heap.granules(4);
    heap.free(stale).expect("live block");
    let live = heap.granules(4);
    let before = heap.picture();
    let error = heap.shrink(stale, 0..1).expect_err("a stale handle");
    assert!(matches!(error, Error::BadHandle { .. }), "{error}");
    assert_eq!(heap.picture(), before);
    heap.expect_filled([live]);
}

fn figures_follow_a_shrink<L: Layout, C: Check>() {
    let granule = L::GRANULE_BYTES;
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(2, 60));
    let mut heap = memory.checked::<L, C>();
    let handle = heap.filled(Request::new(owned_payload::<L>(50)).owner(1_u32));
    heap.granules(10);
    heap.shrink(handle, 20 * granule..30 * granule)
        .expect("a part");
    let stats = heap.stats();
    let left = block_bytes::<L>(10 * granule) + owner_bytes::<L>();
    assert_eq!(stats.used_bytes, left + 10 * granule);
    assert_eq!(stats.free_bytes, 50 * granule - left);
    assert_eq!(stats.peak_bytes, 60 * granule);
    assert_eq!((stats.live, stats.owned, stats.moves), (2, 1, 0));
}

/// The byte that says where a payload off the granule starts is metadata.
#[test]
#[cfg_attr(miri, ignore = "needs Tree Borrows")]
fn start_off_the_granule_is_protected() {
    fn on<L: Layout>() {
        for named in [false, true] {
            let request = Request::new(100).name(if named { "name" } else { "" });
            for bit in 0..8 {
                let mut memory = Memory::new(1024);
                let mut heap = memory.checked::<L, Crc32>();
                let first = heap.granules(2);
                let handle = heap.filled(request);
                heap.shrink(handle, 3..90).expect("a part");
                let at = heap.seen()[1].offset + L::HEADER_BYTES;
                heap.run_damaged(|heap| flip(heap, first, 0, at, 1 << bit));
                let error = heap.check().expect_err("damage");
                heap.run_damaged(|heap| {
                    assert!(heap.free(handle).is_err(), "{error}");
                    assert!(heap.resize(handle, 500).is_err(), "{error}");
                    assert!(heap.shrink(handle, 0..1).is_err(), "{error}");
                });
            }
        }
    }
    on::<buflib::Narrow>();
    on::<buflib::Standard>();
    on::<buflib::Wide>();
}
