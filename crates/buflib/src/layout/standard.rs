//! Ten bytes a block, twelve if it is long: the encoding for arenas up to 1 GiB.

use core::num::NonZeroU32;

use super::form::Form;
use super::{Encoding, FreeKind, Header, Record, Traits};
use crate::arena::Shape;
use crate::check::change;
use crate::units::{Index, Pos, Units};

const FREE: u32 = 1 << 31;
const FOLLOWS: u32 = 1 << 30;
const FIXED: u32 = 1 << 29;
const EXTENDED: u32 = 1 << 28;
const LONG: u32 = 1 << 27;
const KIND_SHIFT: u32 = 28;
const LONG_UNITS: u32 = POSITION;
/// Of a short block in use, 7 more than its length without the padding, in bytes: so that the upper bits are its
/// length in granules. What is less than a granule a long block has in its first word instead.
const EXTENT: u32 = (1 << 14) - 1;
const PART: u32 = 7;
const UNITS: u32 = EXTENT & !PART;
const UNITS_SHIFT: u32 = 3;
/// From where generation and upper index are in a handle to where they are in a short header.
const OWNER_SHIFT: u32 = 2;
const OWNER: u32 = 0x1fff << 14;
const NEXT: u32 = 0x7ff << 16;
/// What a short block has in its header while it rests. Two bits away from any block in use.
const RESTING: u32 = FREE | FIXED;
/// Where the second word is in what the check word protects.
const HEADER_SHIFT: u32 = 16;

const INDEX: u32 = (1 << 22) - 1;
const GENERATION_SHIFT: u32 = 22;
const GENERATION: u32 = 0x7f;

const POSITION: u32 = (1 << 27) - 1;
const ALIGN_SHIFT: u32 = 27;
const ALIGN: u32 = 15;
const PINS_SHIFT: u32 = 22;
const PINS: u32 = 0x1f;
/// Above all positions, so that nothing but a block's entry leads to one.
const NO_BLOCK: u32 = 1 << 31;
const PIN: u32 = 1 << 30;

/// Two words in registers, too: so each constant fits into an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Words {
    first: u16,
    second: u32,
}

impl Header for Words {
    type First = u16;
    type Second = u32;
    #[inline(always)]
    fn join(first: u16, second: u32) -> Self {
        Self { first, second }
    }
    #[inline(always)]
    fn split(self) -> (u16, u32) {
        (self.first, self.second)
    }
}

/// Number and generation, as a handle has them.
#[inline(always)]
fn owner(header: Words, trailer: u16) -> u32 {
    if header.second & LONG == 0 {
        u32::from(header.first) | (header.second & OWNER) << OWNER_SHIFT
    } else {
        u32::from(trailer) | u32::from(header.first >> 3) << 16
    }
}

/// Header and trailer of a block in use.
#[inline(always)]
fn in_use<F: Form>(shape: Shape<F>, owner: u32, flags: u32) -> (Words, u16) {
    if shape.units().0 >= F::LONG {
        return long_in_use(shape.units(), shape.pad(), owner, flags);
    }
    let second = flags | owner >> OWNER_SHIFT & OWNER | extent(shape);
    let first = owner as u16;
    (Words { first, second }, 0)
}

#[inline(always)]
fn extent<F: Form>(shape: Shape<F>) -> u32 {
    (shape.extent() as u32).wrapping_add(PART)
}

/// Apart, since otherwise the compiler computes both for every block.
#[inline(never)]
fn long_in_use(units: Units, pad: usize, owner: u32, flags: u32) -> (Words, u16) {
    let second = flags | LONG | units.0 as u32;
    let first = (owner >> 16 << 3 | (PART - pad as u32 % 8)) as u16;
    (Words { first, second }, owner as u16)
}

impl<F: Form> Encoding for F {
    const NAME: &'static str = "standard";
    const GRANULE: usize = 8;
    const MAX_POS: usize = POSITION as usize;
    const MAX_INDEX: usize = INDEX as usize;
    const MAX_GENERATION: u32 = GENERATION;
    const MAX_PIN_COUNT: u32 = PINS;
    const SPLIT: u32 = F::SPLIT;
    const CACHED_MAX: usize = F::CACHED_MAX;
    const NEXT_IN_HEADER: bool = false;
    const CACHED_NEXT_IN_HEADER: bool = true;
    const LONG: usize = (UNITS >> UNITS_SHIFT) as usize + 1;

    type Header = Words;
    type Trailer = u16;
    type Entry = u32;
    type Link = u32;
    type Footer = u16;
    type Protected = [u64; 2];
    type Token = NonZeroU32;
    type BinHeads = F::BinHeads;
    type CacheHeads = F::CacheHeads;
    type BinMap = F::BinMap;
    type RestingHeads = F::RestingHeads;
    type Tiny = F::Tiny;
    type Places = F::Places;
    type Numbering = F::Numbering;
    const NO_BINS: F::BinHeads = F::NO_BINS;
    const NO_CACHE: F::CacheHeads = F::NO_CACHE;
    const NO_MAP: F::BinMap = F::NO_MAP;
    const NO_RESTING: F::RestingHeads = F::NO_RESTING;
    const NO_TINY: F::Tiny = F::NO_TINY;
    const NO_PLACES: F::Places = F::NO_PLACES;

    #[inline(always)]
    fn units(header: Words) -> Units {
        let units = if header.second & LONG == 0 {
            (header.second & UNITS) >> UNITS_SHIFT
        } else {
            header.second & LONG_UNITS
        };
        Units(units as usize)
    }
    #[inline(always)]
    fn is_free(header: Words) -> bool {
        header.second & FREE != 0
    }
    #[inline(always)]
    fn follows_free(header: Words) -> bool {
        header.second & FOLLOWS != 0
    }
    #[inline(always)]
    fn set_follows_free(header: Words, follows: bool) -> Words {
        let second = header.second & !FOLLOWS | if follows { FOLLOWS } else { 0 };
        Words { second, ..header }
    }
    #[inline(always)]
    fn free_header(kind: FreeKind, units: Units, next: Pos) -> Words {
        let flags = FREE | (kind as u32) << KIND_SHIFT;
        if kind == FreeKind::Cached && units.0 < Self::LONG {
            Words {
                first: next.0 as u16,
                second: flags | (units.0 as u32) << UNITS_SHIFT | next.0 as u32 & NEXT,
            }
        } else {
            Words {
                first: 0,
                second: flags | LONG | units.0 as u32,
            }
        }
    }
    #[inline(always)]
    fn free_kind(header: Words) -> Option<FreeKind> {
        // Looks at the flag, too: so what was found to be merged is known to be long.
        match header.second >> (KIND_SHIFT - 1) & 7 {
            2 | 3 => Some(FreeKind::Cached),
            4 => Some(FreeKind::Resting),
            5 => Some(FreeKind::Binned),
            7 => Some(FreeKind::Tail),
            _ => None,
        }
    }
    #[inline(always)]
    fn free_next(header: Words) -> Pos {
        Pos((header.second & NEXT | u32::from(header.first)) as usize)
    }
    #[inline(always)]
    fn is_free_as(header: Words, kind: FreeKind, units: Units) -> bool {
        let expected = Self::free_header(kind, units, Pos::NIL).second;
        let left_out = FOLLOWS | if expected & LONG == 0 { NEXT } else { 0 };
        header.second & !left_out == expected
    }
    #[inline(always)]
    fn merged_units(header: Words) -> Option<Units> {
        const MERGED: u32 = FREE | (FreeKind::Binned as u32) << KIND_SHIFT | LONG;
        let units = header.second & !FOLLOWS ^ MERGED;
        (units <= LONG_UNITS).then_some(Units(units as usize))
    }
    #[inline(always)]
    fn rest(header: Words) -> Words {
        let second = header.second | RESTING;
        Words { second, ..header }
    }
    #[inline(always)]
    fn rested_seal(seal: u32, _: usize) -> u32 {
        const CHANGE: u32 = change(&[(RESTING as u64) << HEADER_SHIFT, 0]);
        seal ^ CHANGE
    }
    #[inline(always)]
    fn is_resting(header: Words) -> bool {
        header.second & (FREE | FIXED | EXTENDED | LONG) == RESTING
    }
    #[inline(always)]
    fn is_resting_as(header: Words, units: Units) -> bool {
        units.0 < Self::LONG
            && header.second & (FREE | FIXED | EXTENDED | LONG | UNITS)
                == RESTING + ((units.0 as u32) << UNITS_SHIFT)
    }
    #[inline(always)]
    fn resting_index(header: Words) -> Index {
        let Words { first, second } = header;
        Index(((u32::from(first) | (second & OWNER) << OWNER_SHIFT) & INDEX) as usize)
    }
    #[inline(always)]
    fn wake(record: &Record<Self>, shape: Shape<Self>) -> (Record<Self>, Option<NonZeroU32>) {
        let Words { first, second } = record.header;
        // Where the generation overflows, a resting block has a zero.
        let step = 1 << (GENERATION_SHIFT - OWNER_SHIFT);
        let kept = second.wrapping_add(step) & !(RESTING | LONG | EXTENT);
        let second = kept | extent(shape);
        let token = NonZeroU32::new(u32::from(first) | (second & OWNER) << OWNER_SHIFT);
        let header = Words { first, second };
        (Record { header, ..*record }, token)
    }
    #[inline(always)]
    fn compose(pos: Pos, shape: Shape<Self>, traits: Traits) -> Record<Self> {
        let flags =
            if traits.fixed { FIXED } else { 0 } | if traits.extended { EXTENDED } else { 0 };
        let owner = traits.index.0 as u32 | traits.generation << GENERATION_SHIFT;
        let (header, trailer) = in_use(shape, owner, flags);
        Record {
            header,
            entry: pos.0 as u32 | traits.align << ALIGN_SHIFT,
            trailer,
        }
    }
    #[inline(always)]
    fn reshaped(record: &Record<Self>, shape: Shape<Self>) -> Record<Self> {
        if record.header.second & LONG == 0 && shape.units().0 < Self::LONG {
            let header = Words {
                second: record.header.second & !EXTENT | extent(shape),
                ..record.header
            };
            return Record { header, ..*record };
        }
        let flags = record.header.second & (FOLLOWS | FIXED | EXTENDED);
        let owner = owner(record.header, record.trailer);
        let (header, trailer) = in_use(shape, owner, flags);
        Record {
            header,
            entry: record.entry,
            trailer,
        }
    }
    #[inline(always)]
    fn index(header: Words, trailer: u16) -> Index {
        Index((owner(header, trailer) & INDEX) as usize)
    }
    #[inline(always)]
    fn generation(record: &Record<Self>) -> u32 {
        owner(record.header, record.trailer) >> GENERATION_SHIFT
    }
    #[inline(always)]
    fn pad(record: &Record<Self>) -> usize {
        let part = if record.header.second & LONG == 0 {
            record.header.second
        } else {
            record.header.first.into()
        };
        (!part & PART) as usize
    }
    #[inline(always)]
    fn plain_extent(record: &Record<Self>) -> usize {
        ((record.header.second & EXTENT) as usize).wrapping_sub(PART as usize)
    }
    #[inline(always)]
    fn align(record: &Record<Self>) -> u32 {
        record.entry >> ALIGN_SHIFT & ALIGN
    }
    #[inline(always)]
    fn is_fixed(record: &Record<Self>) -> bool {
        record.header.second & FIXED != 0
    }
    #[inline(always)]
    fn is_extended(record: &Record<Self>) -> bool {
        record.header.second & EXTENDED != 0
    }
    #[inline(always)]
    fn protected(record: &Record<Self>) -> [u64; 2] {
        let Words { first, second } = record.header;
        [
            u64::from(second & !FOLLOWS) << HEADER_SHIFT
                | u64::from(first)
                | u64::from(record.trailer) << 48,
            record.entry.into(),
        ]
    }
    #[inline(always)]
    fn entry_is_vacant(entry: u32) -> bool {
        entry & (NO_BLOCK | PIN) == NO_BLOCK
    }
    #[inline(always)]
    fn entry_is_live(entry: u32) -> bool {
        entry & NO_BLOCK == 0
    }
    #[inline(always)]
    fn entry_pos(entry: u32) -> Pos {
        Pos((entry & POSITION) as usize)
    }
    #[inline(always)]
    fn live_pos(entry: u32) -> Pos {
        Pos((entry & (NO_BLOCK | POSITION)) as usize)
    }
    #[inline(always)]
    fn unaligned_pos(entry: u32) -> Pos {
        // All else in an entry is above the position.
        Pos(entry as usize)
    }
    #[inline(always)]
    fn entry_at(entry: u32, pos: Pos) -> u32 {
        entry & !POSITION | pos.0 as u32
    }
    #[inline(always)]
    fn entry_aligned(entry: u32, align: u32) -> u32 {
        entry & !(ALIGN << ALIGN_SHIFT) | align << ALIGN_SHIFT
    }
    #[inline(always)]
    fn pin_record(number: Index, count: u32) -> u32 {
        NO_BLOCK | PIN | count << PINS_SHIFT | number.0 as u32
    }
    #[inline(always)]
    fn is_pin_record(entry: u32) -> bool {
        entry & (NO_BLOCK | PIN) == NO_BLOCK | PIN
    }
    #[inline(always)]
    fn pinned_number(entry: u32) -> Index {
        Index((entry & INDEX) as usize)
    }
    #[inline(always)]
    fn pin_count(entry: u32) -> u32 {
        entry >> PINS_SHIFT & PINS
    }
    #[inline(always)]
    fn vacant(next: Index, generation: u32) -> u32 {
        NO_BLOCK | (generation & GENERATION) << GENERATION_SHIFT | next.0 as u32
    }
    #[inline(always)]
    fn vacant_next(entry: u32) -> Index {
        Index((entry & INDEX) as usize)
    }
    #[inline(always)]
    fn vacant_generation(entry: u32) -> u32 {
        entry >> GENERATION_SHIFT & GENERATION
    }
    #[inline(always)]
    fn token(index: Index, generation: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(index.0 as u32 | (generation & GENERATION) << GENERATION_SHIFT)
    }
    #[inline(always)]
    fn token_index(token: NonZeroU32) -> Index {
        Index((token.get() & INDEX) as usize)
    }
    #[inline(always)]
    fn token_generation(token: NonZeroU32) -> u32 {
        token.get() >> GENERATION_SHIFT
    }
    #[inline(always)]
    fn matches(token: NonZeroU32, record: &Record<Self>) -> bool {
        owner(record.header, record.trailer) == token.get() && record.header.second & FREE == 0
    }
    #[inline(always)]
    fn matches_plain(token: NonZeroU32, record: &Record<Self>) -> bool {
        let differing = record.header.second ^ token.get() >> OWNER_SHIFT;
        record.header.first == token.get() as u16
            && differing & (FREE | FIXED | EXTENDED | LONG | OWNER) == 0
    }
    #[inline(always)]
    fn plain_header(header: Words) -> Words {
        let second = header.second & !(FREE | FIXED | EXTENDED | LONG);
        Words { second, ..header }
    }
}
