//! What is put into headers, entries and handles comes out again.

use proptest::prelude::*;

use super::{Encoding, FreeKind, Header, Narrow, Record, Standard, Traits, Wide};
use crate::arena::Shape;
use crate::check;
use crate::units::{Index, Pos, Units};

/// A block in use, in numbers that are within any layout's limits once they are taken modulo these.
#[derive(Clone, Copy, Debug)]
struct Block {
    pos: usize,
    units: usize,
    pad: usize,
    index: usize,
    generation: u32,
    align: u32,
    fixed: bool,
    extended: bool,
}

fn blocks() -> impl Strategy<Value = Block> {
    let near = prop_oneof![
        any::<usize>(),
        1..10usize,
        2040..2056usize,
        65530..65540usize
    ];
    let index = prop_oneof![any::<usize>(), 1..3usize, 65534..65538usize];
    let flags = (any::<bool>(), any::<bool>());
    (
        any::<usize>(),
        near,
        0..8usize,
        index,
        any::<u32>(),
        0..10u32,
        flags,
    )
        .prop_map(
            |(pos, units, pad, index, generation, align, (fixed, extended))| Block {
                pos,
                units,
                pad,
                index,
                generation,
                align,
                fixed,
                extended,
            },
        )
}

impl Block {
    fn within<L: Encoding>(self) -> Self {
        Self {
            pos: self.pos % L::MAX_POS + 1,
            units: self.units % (L::MAX_POS - 1) + 1,
            index: self.index % L::MAX_INDEX + 1,
            generation: self.generation & L::MAX_GENERATION,
            ..self
        }
    }

    fn record<L: Encoding>(self) -> Record<L> {
        let traits = Traits {
            index: Index(self.index),
            generation: self.generation,
            align: self.align,
            fixed: self.fixed,
            extended: self.extended,
        };
        L::compose(
            Pos(self.pos),
            Shape::padded(Units(self.units), self.pad),
            traits,
        )
    }
}

/// The record as it is read from memory.
fn stored<L: Encoding>(record: Record<L>) -> Record<L> {
    let (first, second) = record.header.split();
    let header = L::Header::join(first, second);
    assert_eq!(header, record.header);
    Record { header, ..record }
}

fn expect_in_use<L: Encoding>(record: &Record<L>, block: Block) {
    let header = record.header;
    assert!(!L::is_free(header));
    assert_eq!(L::units(header), Units(block.units));
    assert_eq!(L::pad(record), block.pad);
    assert_eq!(L::index(header, record.trailer), Index(block.index));
    assert_eq!(L::generation(record), block.generation);
    assert_eq!(L::align(record), block.align);
    assert_eq!(L::is_fixed(record), block.fixed);
    assert_eq!(L::is_extended(record), block.extended);
    assert!(!L::entry_is_vacant(record.entry));
    assert_eq!(L::entry_pos(record.entry), Pos(block.pos));
    assert_eq!(L::live_pos(record.entry), Pos(block.pos));
    expect_place::<L>(
        L::unaligned_pos(record.entry),
        (block.align == 0).then_some(block.pos),
    );

    let token = L::token(Index(block.index), block.generation).expect("an index above zero");
    assert!(L::matches(token, record));
    let plain = !block.fixed && !block.extended && block.units < L::LONG;
    assert_eq!(L::matches_plain(token, record), plain);
    if plain {
        let header = L::plain_header(header);
        assert_eq!(L::units(header), Units(block.units));
        let record = Record { header, ..*record };
        assert_eq!(L::pad(&record), block.pad);
        let extent = Units(block.units).bytes::<L>() - block.pad;
        assert_eq!(L::plain_extent(&record), extent);
    }
    for bit in 0..64 {
        let index = block.index ^ 1usize.checked_shl(bit).unwrap_or(0);
        let generation = block.generation ^ 1u32.checked_shl(bit).unwrap_or(0);
        for (index, generation) in [(index, block.generation), (block.index, generation)] {
            let other = (index != block.index || generation != block.generation)
                && (1..=L::MAX_INDEX).contains(&index)
                && generation <= L::MAX_GENERATION;
            if let Some(token) = L::token(Index(index), generation).filter(|_| other) {
                assert!(!L::matches(token, record) && !L::matches_plain(token, record));
            }
        }
    }
}

/// Either this place, or one that no arena has.
fn expect_place<L: Encoding>(found: Pos, place: Option<usize>) {
    match place {
        Some(place) => assert_eq!(found, Pos(place)),
        None => assert!(found == Pos::NIL || found.0 > L::MAX_POS, "{found:?}"),
    }
}

fn check_in_use<L: Encoding>(block: Block, other: Block) {
    let (block, other) = (block.within::<L>(), other.within::<L>());
    let record = stored::<L>(block.record());
    expect_in_use(&record, block);
    assert!(!L::follows_free(record.header));

    // The mark about the block in front changes nothing else.
    let header = L::set_follows_free(record.header, true);
    let marked = stored(Record { header, ..record });
    assert!(L::follows_free(marked.header));
    expect_in_use(&marked, block);
    assert_eq!(
        L::protected(&marked).as_ref(),
        L::protected(&record).as_ref()
    );
    assert_eq!(L::set_follows_free(header, false), record.header);

    // Another length, another place.
    let reshaped = L::reshaped(&record, Shape::padded(Units(other.units), other.pad));
    let moved = stored(Record {
        entry: L::entry_at(reshaped.entry, Pos(other.pos)),
        ..reshaped
    });
    let (pos, units, pad) = (other.pos, other.units, other.pad);
    let new = Block {
        pos,
        units,
        pad,
        ..block
    };
    expect_in_use(&moved, new);
    let composed = new.record::<L>();
    assert_eq!(
        L::protected(&moved).as_ref(),
        L::protected(&composed).as_ref()
    );

    // All there is, is protected.
    let differs = other.record::<L>();
    if (block.pos, block.units, block.index) != (other.pos, other.units, other.index) {
        assert_ne!(
            L::protected(&record).as_ref(),
            L::protected(&differs).as_ref()
        );
    }
}

fn check_free<L: Encoding>(block: Block) {
    let block = block.within::<L>();
    for kind in [FreeKind::Cached, FreeKind::Binned, FreeKind::Tail] {
        let units = Units(block.units);
        let header = L::free_header(kind, units, Pos(block.pos));
        let (first, second) = header.split();
        assert_eq!(L::Header::join(first, second), header);
        for header in [header, L::set_follows_free(header, true)] {
            assert!(L::is_free(header) && L::is_free_as(header, kind, units));
            assert_eq!(
                (L::free_kind(header), L::units(header)),
                (Some(kind), units)
            );
            assert!(!L::is_free_as(header, kind, units + Units::ONE));
            let listed = match kind {
                FreeKind::Cached => L::CACHED_NEXT_IN_HEADER && block.units <= L::CACHED_MAX,
                FreeKind::Binned => L::NEXT_IN_HEADER,
                FreeKind::Tail | FreeKind::Resting => false,
            };
            if listed {
                assert_eq!(L::free_next(header), Pos(block.pos));
            }
        }
    }
    let vacant = L::vacant(Index(block.index), block.generation);
    assert!(L::entry_is_vacant(vacant));
    assert_eq!(L::vacant_next(vacant), Index(block.index));
    assert_eq!(L::vacant_generation(vacant), block.generation);
    let pins = L::pin_record(Index(block.index), block.generation % L::MAX_PIN_COUNT + 1);
    assert!(L::is_pin_record(pins) && !L::is_pin_record(vacant));
    assert!(!L::entry_is_vacant(pins));
    assert_eq!(L::pinned_number(pins), Index(block.index));
    for entry in [vacant, pins] {
        assert!(!L::entry_is_live(entry));
        expect_place::<L>(L::live_pos(entry), None);
        expect_place::<L>(L::unaligned_pos(entry), None);
    }
    let token = L::token(Index(block.index), block.generation).expect("an index above zero");
    assert_eq!(L::token_index(token), Index(block.index));
    assert_eq!(L::token_generation(token), block.generation);
}

fn check_resting<L: Encoding>(block: Block, pad: usize) {
    let block = block.within::<L>();
    let units = 1 + block.units % (L::LONG.min(L::MAX_POS) - 1);
    let (align, fixed, extended) = (0, false, false);
    let block = Block {
        units,
        align,
        fixed,
        extended,
        ..block
    };
    let used = block.record::<L>();
    for follows in [false, true] {
        let header = L::set_follows_free(L::rest(used.header), follows);
        let resting = stored(Record { header, ..used });
        assert!(L::is_free(header) && L::is_resting(header));
        assert_eq!(L::free_kind(header), Some(FreeKind::Resting));
        assert_eq!(L::units(header), Units(units));
        assert_eq!(L::follows_free(header), follows);
        assert!(L::is_resting_as(header, Units(units)));
        assert!(!L::is_resting_as(header, Units(units + 1)));
        assert!(L::merged_units(header).is_none());
        assert!(!L::is_free_as(header, FreeKind::Cached, Units(units)));
        assert_eq!(L::resting_index(header), Index(block.index));
        assert_eq!(L::generation(&resting), block.generation);
        let old = L::token(Index(block.index), block.generation).expect("an index above zero");
        assert!(!L::matches(old, &resting) && !L::matches_plain(old, &resting));

        let (woken, token) = L::wake(&resting, Shape::padded(Units(units), pad));
        let generation = block.generation.wrapping_add(1) & L::MAX_GENERATION;
        assert_eq!(token, L::token(Index(block.index), generation));
        assert_eq!(L::follows_free(woken.header), follows);
        let new = Block {
            pad,
            generation,
            ..block
        };
        expect_in_use(&stored(woken), new);
        assert!(!L::matches(old, &woken));
    }
    for pad in 0..L::GRANULE {
        let used = Block { pad, ..block }.record::<L>();
        let header = L::rest(used.header);
        let resting = Record { header, ..used };
        let seal = check::digest(L::protected(&used).as_ref());
        assert_eq!(
            L::rested_seal(seal, pad),
            check::digest(L::protected(&resting).as_ref())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 10 } else { 1000 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn blocks_in_use_are_read_as_they_were_written(block in blocks(), other in blocks()) {
        check_in_use::<Narrow>(block, other);
        check_in_use::<Standard>(block, other);
        check_in_use::<Wide>(block, other);
    }

    #[test]
    fn resting_blocks_wake_with_their_number_and_the_next_generation(
        block in blocks(),
        pad in 0..8usize,
    ) {
        check_resting::<Narrow>(block, pad);
        check_resting::<Standard>(block, pad);
        check_resting::<Wide>(block, pad);
    }

    #[test]
    fn free_blocks_and_vacant_entries_are_read_as_they_were_written(block in blocks()) {
        check_free::<Narrow>(block);
        check_free::<Standard>(block);
        check_free::<Wide>(block);
    }
}
