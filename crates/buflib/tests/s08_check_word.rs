//! S8, S26: damaged metadata is reported with what was found, where, and what was expected, and
//! nothing is moved.
//!
//! Damage is done through a pointer that leaves its payload: under an interpreter these tests need
//! the model of Tree Borrows.

#[macro_use]
mod common;

use buflib::{
    Check, Corruption, Crc32, Error, Fault, Handle, Layout, Narrow, Request, Standard, Wide,
};
use common::{Checked, Memory, Seen, arena_bytes, entry_bytes, exact_bytes, flip, payload};

/// The arena of these tests, in bytes.
/// Bytes of an arena that is used to the last byte.
fn arena<L: Layout>() -> usize {
    exact_bytes::<L>(1024)
}

/// Makes three tests of each generic function: on every layout, with check word.
macro_rules! with_check_word {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            #[test]
            #[cfg_attr(miri, ignore = "needs Tree Borrows")]
            fn narrow_crc() {
                super::$test::<buflib::Narrow>();
            }
            #[test]
            #[cfg_attr(miri, ignore = "needs Tree Borrows")]
            fn standard_crc() {
                super::$test::<buflib::Standard>();
            }
            #[test]
            #[cfg_attr(miri, ignore = "needs Tree Borrows")]
            fn ordered_crc() {
                super::$test::<buflib::Ordered>();
            }
            #[test]
            #[cfg_attr(miri, ignore = "needs Tree Borrows")]
            fn wide_crc() {
                super::$test::<buflib::Wide>();
            }
        }
    )+};
}

with_check_word!(
    every_bit_of_every_header_is_protected,
    every_bit_of_every_entry_is_protected,
    every_bit_of_every_check_word_is_protected,
    every_bit_of_every_name_is_protected,
    check_word_that_differs_is_reported_with_both_values,
    damaged_free_space_costs_no_block_its_contents,
    free_block_that_seems_to_reach_over_its_neighbour_is_noticed_before_anything_moves,
    growth_beside_damaged_free_space_is_refused,
    growth_that_pushes_into_damaged_free_space_is_refused,
    shrinking_beside_damaged_free_space_writes_over_no_other_block,
    allocation_that_has_to_move_blocks_reports_damage_and_moves_nothing,
    resizing_that_has_to_move_blocks_reports_damage_and_moves_nothing,
    damaged_block_is_neither_freed_nor_resized,
    damaged_block_is_not_handed_out,
    number_of_a_block_that_seems_vacant_is_not_given_out,
);

on_every_heap!(payloads_are_not_metadata);

/// A heap with blocks of all kinds, and free space in front of most of them, so that compaction has
/// something to move. The first handle is that of the first block.
fn all_kinds<L: Layout, C: Check>(memory: &mut Memory) -> (Checked<'_, L, C>, Vec<Handle<L>>) {
    let mut heap = memory.checked::<L, C>();
    let requests = [
        Request::new(20),
        Request::new(16),
        Request::new(33).name("a name"),
        Request::new(40),
        Request::new(0),
        Request::new(30).align(64),
        Request::new(9).immovable(),
        Request::new(50),
        Request::new(100),
    ];
    let mut handles: Vec<_> = requests.map(|request| heap.filled(request)).into();
    for which in [7, 3, 1] {
        let freed = handles.remove(which);
        heap.free(freed).expect("live block");
    }
    (heap, handles)
}

fn block_of<L: Layout, C: Check>(heap: &Checked<'_, L, C>, handle: Handle<L>) -> Seen<Handle<L>> {
    heap.seen()
        .into_iter()
        .find(|block| block.handle == Some(handle))
        .expect("listed block")
}

/// Flips each bit of a range that belongs to the metadata of each live block, one at a time, on a
/// fresh heap each. Returns how often compaction did not mind.
fn flip_each_bit<L: Layout>(range: impl Fn(&Seen<Handle<L>>) -> core::ops::Range<usize>) -> usize {
    let blocks = all_kinds::<L, Crc32>(&mut Memory::exact::<L>(arena::<L>()))
        .1
        .len();
    let mut not_minded = 0;
    for which in 0..blocks {
        let mut memory = Memory::exact::<L>(arena::<L>());
        let (heap, handles) = all_kinds::<L, Crc32>(&mut memory);
        let range = range(&block_of(&heap, handles[which]));
        for (at, bit) in range.flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut memory = Memory::exact::<L>(arena::<L>());
            let (mut heap, handles) = all_kinds::<L, Crc32>(&mut memory);
            let damaged = handles[which];
            let others: Vec<_> = handles
                .iter()
                .copied()
                .filter(|&handle| handle != damaged)
                .collect();
            let places: Vec<_> = others.iter().map(|&handle| heap.address(handle)).collect();
            let stats = heap.stats();
            let heap = &mut heap;
            let what = format!("bit {bit} of byte {at}, which is of {damaged}");
            heap.run_damaged(|heap| flip(heap, handles[0], 0, at, 1 << bit));

            let corruption = heap.check().expect_err(&what);
            assert!(corruption.at <= arena::<L>(), "{what}: {corruption}");
            // For these, what was expected is a bound.
            let bound = matches!(
                corruption.fault,
                Fault::Position | Fault::Length | Fault::Extension
            );
            assert!(
                bound || corruption.found != corruption.expected,
                "{what}: {corruption}"
            );
            match heap.run_damaged(buflib::Heap::compact) {
                Err(Error::Corrupt(corruption)) => {
                    assert!(corruption.at <= arena::<L>(), "{what}: {corruption}");
                    assert_eq!(
                        (heap.stats().moves, heap.stats().bytes_moved),
                        (stats.moves, stats.bytes_moved)
                    );
                    let now = others.iter().map(|&handle| heap.address(handle));
                    assert!(
                        places.iter().copied().eq(now),
                        "{what}: something has moved"
                    );
                }
                Err(error) => panic!("{what}: {error}"),
                Ok(_) => {
                    not_minded += 1;
                    assert_eq!(
                        heap.check(),
                        Ok(()),
                        "{what}: compaction saw nothing, and it was not repaired"
                    );
                    heap.expect_filled([damaged]);
                }
            }
            heap.expect_filled(others);
        }
    }
    not_minded
}

fn every_bit_of_every_header_is_protected<L: Layout>() {
    let not_minded = flip_each_bit::<L>(|block| block.offset..block.offset + L::HEADER_BYTES);
    // The mark about the block in front belongs to that block, and compaction writes it anew.
    assert!(
        not_minded <= 6,
        "compaction overlooked {not_minded} of the bits of 6 headers"
    );
}

fn entry_start<L: Layout>(block: &Seen<Handle<L>>) -> usize {
    arena::<L>() - block.handle.expect("live block").number() * entry_bytes::<L, Crc32>()
}

fn every_bit_of_every_entry_is_protected<L: Layout>() {
    let not_minded =
        flip_each_bit::<L>(|block| entry_start(block)..entry_start(block) + L::ENTRY_BYTES);
    assert_eq!(not_minded, 0);
}

fn every_bit_of_every_check_word_is_protected<L: Layout>() {
    let word =
        |block: &_| entry_start(block) + L::ENTRY_BYTES..entry_start(block) + L::ENTRY_BYTES + 4;
    assert_eq!(flip_each_bit::<L>(word), 0);
}

/// The name and its length, wherever they are behind the payload.
fn every_bit_of_every_name_is_protected<L: Layout>() {
    let behind = |block: &Seen<_>| match &block.name {
        Some(_) => {
            let end = block.offset + block.bytes;
            end - (2 * L::GRANULE_BYTES)..end
        }
        None => 0..0,
    };
    assert_eq!(flip_each_bit::<L>(behind), 0);
}

fn check_word_that_differs_is_reported_with_both_values<L: Layout>() {
    let mut memory = Memory::exact::<L>(arena::<L>());
    let (mut heap, handles) = all_kinds::<L, Crc32>(&mut memory);
    let block = block_of(&heap, handles[3]);
    let at = entry_start(&block) + L::ENTRY_BYTES;
    heap.run_damaged(|heap| flip(heap, handles[0], 0, at, 0x10));
    let Corruption {
        fault,
        at,
        found,
        expected,
    } = heap.check().expect_err("damage");
    assert_eq!((fault, at), (Fault::CheckWord, block.offset));
    let byte = if cfg!(target_endian = "big") { 24 } else { 0 };
    assert_eq!(found ^ expected, 0x10 << byte);
    // Once it is as it was, all is well again.
    heap.run(|heap| {
        flip(
            heap,
            handles[0],
            0,
            entry_start(&block) + L::ENTRY_BYTES,
            0x10,
        )
    });
    heap.compact().expect("compaction");
    heap.expect_filled(handles);
}

/// The same heap with its free blocks merged, and something freed since.
fn merged<L: Layout, C: Check>(memory: &mut Memory) -> (Checked<'_, L, C>, Vec<Handle<L>>) {
    let (mut heap, mut handles) = all_kinds::<L, C>(memory);
    heap.compact().expect("compaction");
    let freed = handles.pop().expect("live block");
    heap.free(freed).expect("live block");
    (heap, handles)
}

/// Free blocks carry no check word. What is wrong about them is reported or repaired.
fn damaged_free_space_costs_no_block_its_contents<L: Layout>() {
    for build in [all_kinds::<L, Crc32>, merged::<L, Crc32>] {
        let holes = build(&mut Memory::exact::<L>(arena::<L>()))
            .0
            .seen()
            .into_iter()
            .filter(|block| block.handle.is_none());
        let bytes = holes.flat_map(|hole| hole.offset..hole.offset + hole.bytes);
        for (at, bit) in bytes.flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut memory = Memory::exact::<L>(arena::<L>());
            let (mut heap, handles) = build(&mut memory);
            heap.run_damaged(|heap| flip(heap, handles[0], 0, at, 1 << bit));
            let before = heap.check();
            match heap.run_damaged(buflib::Heap::compact) {
                Ok(_) => assert_eq!(
                    heap.check(),
                    Ok(()),
                    "bit {bit} of byte {at}: {before:?} was not repaired"
                ),
                Err(Error::Corrupt(_)) => assert!(before.is_err(), "bit {bit} of byte {at}"),
                Err(error) => panic!("bit {bit} of byte {at}: {error}"),
            }
            heap.expect_filled(handles);
        }
    }
}

/// The length is in the low bits of the header, or of the second of its two words.
fn lowest_byte_of_a_length<L: Layout>() -> usize {
    match L::HEADER_BYTES {
        bytes if cfg!(target_endian = "big") => bytes - 1,
        6 => 2,
        _ => 0,
    }
}

/// One bit more, and the next header that is looked at is that of the block after the next.
fn free_block_that_seems_to_reach_over_its_neighbour_is_noticed_before_anything_moves<L: Layout>() {
    let mut memory = Memory::exact::<L>(arena::<L>());
    let mut heap = memory.checked::<L, Crc32>();
    let first = heap.granules(1);
    let gap = heap.granules(4);
    let swallowed = heap.granules(8);
    let last = heap.granules(20);
    let block = block_of(&heap, gap);
    heap.free(gap).expect("live block");
    let at = block.offset + lowest_byte_of_a_length::<L>();
    heap.run_damaged(|heap| flip(heap, first, 0, at, 8));
    assert!(heap.check().is_err());
    assert!(matches!(
        heap.run_damaged(buflib::Heap::compact),
        Err(Error::Corrupt(_))
    ));
    heap.expect_filled([first, swallowed, last]);
}

/// All has been moved together, and the one granule that is left would do.
fn growth_that_pushes_into_damaged_free_space_is_refused<L: Layout>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, Crc32>(6, 1 + 4 + 3 + 1 + 8 + 5));
    let mut heap = memory.checked::<L, Crc32>();
    let [first, growing, neighbour, gap] = [1, 4, 3, 1].map(|granules| heap.granules(granules));
    let wall = heap.filled(Request::new(payload::<L>(8)).immovable());
    let last = heap.granules(5);
    let at = block_of(&heap, gap).offset + lowest_byte_of_a_length::<L>();
    heap.free(gap).expect("live block");
    heap.compact().expect("sound metadata");
    heap.run_damaged(|heap| flip(heap, first, 0, at, 8));
    let grown = heap.run_damaged(|heap| heap.resize(growing, payload::<L>(5)));
    assert!(matches!(grown, Err(Error::Corrupt(_))), "{grown:?}");
    heap.expect_filled([first, growing, neighbour, wall, last]);
}

/// There is room for all of it elsewhere.
fn growth_beside_damaged_free_space_is_refused<L: Layout>() {
    let mut memory = Memory::new(8 * 1024);
    let mut heap = memory.checked::<L, Crc32>();
    let [first, growing, gap, last] = [1, 4, 2, 1].map(|granules| heap.granules(granules));
    heap.free(gap).expect("live block");
    heap.run(|heap| {
        heap.compact_step(buflib::Budget {
            bytes: 0,
            blocks: 100,
        })
    })
    .expect("sound metadata");
    let at =
        block_of(&heap, growing).offset + 4 * L::GRANULE_BYTES + lowest_byte_of_a_length::<L>();
    let place = heap.address(growing);
    // As if there were none.
    heap.run_damaged(|heap| flip(heap, first, 0, at, 2));
    let grown = heap.run_damaged(|heap| heap.resize(growing, payload::<L>(5)));
    assert!(matches!(grown, Err(Error::Corrupt(_))), "{grown:?}");
    assert_eq!(heap.address(growing), place);
    heap.expect_filled([first, growing, last]);
}

/// A block of the new size rests, and would be large enough for a block that grows.
fn shrinking_beside_damaged_free_space_writes_over_no_other_block<L: Layout>() {
    for bit in 0..8 * L::GRANULE_BYTES {
        let mut memory = Memory::exact::<L>(arena::<L>());
        let mut heap = memory.checked::<L, Crc32>();
        let [first, shrinking, rests, other, last] =
            [1, 8, 3, 2, 2].map(|granules| heap.granules(granules));
        heap.run(|heap| heap.resize(shrinking, payload::<L>(7)))
            .expect("live block");
        heap.free(rests).expect("live block");
        let at = block_of(&heap, shrinking).offset + 7 * L::GRANULE_BYTES;
        heap.run_damaged(|heap| flip(heap, first, 0, at + bit / 8, 1 << (bit % 8)));
        match heap.run_damaged(|heap| heap.resize(shrinking, payload::<L>(3))) {
            Ok(()) => heap.expect_front(shrinking, payload::<L>(3)),
            Err(Error::Corrupt(_)) => heap.expect_front(shrinking, payload::<L>(7)),
            Err(error) => panic!("bit {bit}: {error}"),
        }
        heap.expect_filled([first, other, last]);
    }
}

/// A heap without a granule to spare, of which one block behind a free one is damaged.
fn full_and_damaged<L: Layout>(
    memory: &mut Memory,
) -> (Checked<'_, L, Crc32>, [Handle<L>; 3], Handle<L>) {
    let mut heap = memory.checked::<L, Crc32>();
    let handles = [10; 6].map(|granules| heap.granules(granules));
    heap.free(handles[1]).expect("live block");
    heap.free(handles[3]).expect("live block");
    let block = block_of(&heap, handles[4]);
    let at =
        memory_end::<L>() - block.handle.expect("live block").number() * entry_bytes::<L, Crc32>();
    heap.run_damaged(|heap| flip(heap, handles[0], 0, at + L::ENTRY_BYTES, 1));
    (heap, [handles[0], handles[2], handles[5]], handles[4])
}

fn memory_end<L: Layout>() -> usize {
    arena_bytes::<L, Crc32>(6, 60)
}

fn allocation_that_has_to_move_blocks_reports_damage_and_moves_nothing<L: Layout>() {
    let mut memory = Memory::exact::<L>(memory_end::<L>());
    let (mut heap, others, _) = full_and_damaged::<L>(&mut memory);
    let places = others.map(|handle| heap.address(handle));
    for _ in 0..2 {
        let result = heap.run_damaged(|heap| heap.alloc(payload::<L>(20)));
        assert!(
            matches!(
                result,
                Err(Error::Corrupt(Corruption {
                    fault: Fault::CheckWord,
                    ..
                }))
            ),
            "{result:?}"
        );
        let result = heap.run_damaged(|heap| heap.allocatable());
        assert!(matches!(result, Err(Error::Corrupt(_))), "{result:?}");
        let result = heap.run_damaged(|heap| heap.alloc_maximum());
        assert!(matches!(result, Err(Error::Corrupt(_))), "{result:?}");
        assert_eq!(others.map(|handle| heap.address(handle)), places);
        assert_eq!(heap.stats().moves, 0);
        heap.expect_filled(others);
    }
    // Where nothing has to move, work goes on.
    let new = heap
        .run_damaged(|heap| heap.alloc(payload::<L>(10)))
        .expect("room");
    heap.expect_filled(others);
    heap.run_damaged(|heap| heap.free(new)).expect("live block");
}

fn resizing_that_has_to_move_blocks_reports_damage_and_moves_nothing<L: Layout>() {
    let mut memory = Memory::exact::<L>(memory_end::<L>());
    let (mut heap, others, _) = full_and_damaged::<L>(&mut memory);
    let places = others.map(|handle| heap.address(handle));
    for handle in others {
        let result = heap.run_damaged(|heap| heap.resize(handle, payload::<L>(30)));
        assert!(
            matches!(
                result,
                Err(Error::Corrupt(Corruption {
                    fault: Fault::CheckWord,
                    ..
                }))
            ),
            "{result:?}"
        );
        assert_eq!(others.map(|handle| heap.address(handle)), places);
        assert_eq!(heap.stats().moves, 0);
        heap.expect_filled(others);
    }
}

fn damaged_block_is_neither_freed_nor_resized<L: Layout>() {
    let mut memory = Memory::exact::<L>(memory_end::<L>());
    let (mut heap, others, damaged) = full_and_damaged::<L>(&mut memory);
    let stats = heap.stats();
    for size in [0, 5, payload::<L>(9), payload::<L>(11)] {
        let result = heap.run_damaged(|heap| heap.resize(damaged, size));
        assert!(
            matches!(
                result,
                Err(Error::Corrupt(Corruption {
                    fault: Fault::CheckWord,
                    ..
                }))
            ),
            "{result:?}"
        );
    }
    let result = heap.run_damaged(|heap| heap.free(damaged));
    assert!(
        matches!(
            result,
            Err(Error::Corrupt(Corruption {
                fault: Fault::CheckWord,
                ..
            }))
        ),
        "{result:?}"
    );
    assert_eq!(heap.stats(), stats);
    heap.expect_filled(others);
}

/// Its length may be wrong, so that a write would be one to its neighbours.
fn damaged_block_is_not_handed_out<L: Layout>() {
    let handles = all_kinds::<L, Crc32>(&mut Memory::exact::<L>(arena::<L>())).1;
    let mut handed_out = 0;
    for which in 0..handles.len() {
        for (at, bit) in (0..L::HEADER_BYTES + L::ENTRY_BYTES + 4)
            .flat_map(|at| (0..8).map(move |bit| (at, bit)))
        {
            let mut memory = Memory::exact::<L>(arena::<L>());
            let (mut heap, handles) = all_kinds::<L, Crc32>(&mut memory);
            let damaged = handles[which];
            let block = block_of(&heap, damaged);
            let at = match at.checked_sub(L::HEADER_BYTES) {
                None => block.offset + at,
                Some(at) => entry_start(&block) + at,
            };
            heap.run_damaged(|heap| flip(heap, handles[0], 0, at, 1 << bit));
            let to_write = heap.run_damaged(|heap| heap.get_mut(damaged).is_ok());
            assert_eq!(heap.get(damaged).is_ok(), to_write);
            assert_eq!(heap.name(damaged).is_ok(), to_write);
            if to_write {
                handed_out += 1;
                heap.expect_filled([damaged]);
            }
        }
    }
    // The mark about the block in front belongs to that block.
    assert_eq!(handed_out, handles.len());
}

/// One bit of an entry says that it is vacant.
fn number_of_a_block_that_seems_vacant_is_not_given_out<L: Layout>() {
    for freed_too in [false, true] {
        let mut memory = Memory::exact::<L>(arena::<L>());
        let mut heap = memory.checked::<L, Crc32>();
        let damaged = heap.granules(4);
        let others = [4; 3].map(|granules| heap.granules(granules));
        for other in others.into_iter().skip(usize::from(!freed_too)) {
            heap.free(other).expect("live block");
        }
        let entry = arena::<L>() - entry_bytes::<L, Crc32>();
        let highest = if cfg!(target_endian = "big") {
            0
        } else {
            L::ENTRY_BYTES - 1
        };
        heap.run_damaged(|heap| flip(heap, damaged, 0, entry + highest, 0x80));
        for granules in [1000, 4, 4, 4, 4] {
            let result = heap.run_damaged(|heap| heap.alloc(payload::<L>(granules)));
            assert_ne!(result, Ok(damaged));
        }
        assert!(heap.check().is_err());
    }
}

/// So that a check word over everything would be noticed: writes to payloads need no renewal of it.
fn payloads_are_not_metadata<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena::<L>());
    let (mut heap, handles) = all_kinds::<L, C>(&mut memory);
    for &handle in &handles {
        heap.run(|heap| heap.get_mut(handle).expect("live block").fill(0xff));
        heap.fill(handle);
    }
    heap.compact().expect("compaction");
    heap.expect_filled(handles);
}

/// The same damage without a check word: what the blocks and the table say of each other is enough
/// to find some of it.
#[test]
#[cfg_attr(miri, ignore = "needs Tree Borrows")]
fn broken_links_are_found_without_check_word_too() {
    fn broken<L: Layout>() {
        let mut memory = Memory::exact::<L>(arena::<L>());
        let (mut heap, handles) = all_kinds::<L, buflib::Unchecked>(&mut memory);
        let block = block_of(&heap, handles[1]);
        let length = block.offset
            + if cfg!(target_endian = "big") {
                L::HEADER_BYTES - 1
            } else {
                0
            };
        // The lowest bits of the standard layout's second word say how much of the last granule is padding.
        let bit = match L::HEADER_BYTES {
            6 if cfg!(target_endian = "big") => 8,
            _ => 1,
        };
        heap.run_damaged(|heap| flip(heap, handles[0], 0, length, bit));
        assert!(heap.check().is_err());
        assert!(matches!(
            heap.run_damaged(buflib::Heap::compact),
            Err(Error::Corrupt(_))
        ));
        heap.expect_filled(
            handles
                .into_iter()
                .filter(|&handle| Some(handle) != block.handle),
        );
    }
    broken::<Narrow>();
    broken::<Standard>();
    broken::<Wide>();
}
