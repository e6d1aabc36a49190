//! Ten bytes a block, twelve if it is long: the layout for arenas up to 1 GiB.

use core::num::NonZeroU32;

use super::{Encoding, FreeKind, Header, Record, Traits};
use crate::units::{Index, Pos, Units};

/// 6 bytes of header and 4 of table entry per block, and 2 at the end of blocks of 8 KiB and more, in
/// arenas of up to 1 GiB.
///
/// ```text
/// header, in use  47 free = 0  46 follows free  45 fixed  44 extended
///                 43 long = 0  42..33 units  32..30 pad  29..8 index  7 zero  6..0 generation
///                 43 long = 1  42..16 units  15..10 index 5..0  9..7 pad  6..0 generation
/// trailer, long   15..0 index 21..6
/// header, free    47 free = 1  46 follows free  45..44 kind
///                 43 long = 0  42..33 units  32..27 zero  26..0 next
///                 43 long = 1  42..16 units  15..0 zero
/// entry, live     31 vacant = 0  30..27 alignment (doublings of the granule)  26..0 position
/// entry, vacant   31 vacant = 1  30 zero  29..8 next vacant  7 zero  6..0 generation
/// handle          31..30 zero  29..8 index  7 zero  6..0 generation
/// ```
///
/// A free block is not long if it is cached and has less than 1024 granules.
#[derive(Clone, Copy, Debug)]
pub enum Standard {}

const FREE: u64 = 1 << 47;
const FOLLOWS: u64 = 1 << 46;
const FIXED: u64 = 1 << 45;
const EXTENDED: u64 = 1 << 44;
const LONG: u64 = 1 << LONG_SHIFT;
const KIND_SHIFT: u32 = 44;
const LONG_SHIFT: u32 = 43;
const UNITS_SHIFT: u32 = 33;
const UNITS: u64 = (1 << 10) - 1;
const PAD_SHIFT: u32 = 30;
const NEXT: u64 = POSITION as u64;
const LONG_UNITS_SHIFT: u32 = 16;
const LONG_UNITS: u64 = POSITION as u64;
const LONG_INDEX_SHIFT: u32 = 10;
const LONG_INDEX_BITS: u32 = 6;
const LONG_PAD_SHIFT: u32 = 7;
const PAD: u64 = 7;

const INDEX_SHIFT: u32 = 8;
const INDEX: u32 = (1 << 22) - 1;
const GENERATION: u32 = 0x7f;
const OWNER: u32 = INDEX << INDEX_SHIFT | GENERATION;

const POSITION: u32 = (1 << 27) - 1;
const ALIGN_SHIFT: u32 = 27;
const ALIGN: u32 = 15;
const VACANT: u32 = 1 << 31;

/// The low 48 bits: the generation's word first, then the one that has the flags.
impl Header for u64 {
    type First = u16;
    type Second = u32;
    #[inline(always)]
    fn join(first: u16, second: u32) -> Self {
        u64::from(second) << 16 | u64::from(first)
    }
    #[inline(always)]
    fn split(self) -> (u16, u32) {
        (self as u16, (self >> 16) as u32)
    }
}

/// Number and generation, as a handle has them.
#[inline(always)]
fn owner(header: u64, trailer: u16) -> u32 {
    let low = header as u32;
    if header & LONG == 0 {
        return low & OWNER;
    }
    let index = u32::from(low as u16) >> LONG_INDEX_SHIFT | u32::from(trailer) << LONG_INDEX_BITS;
    index << INDEX_SHIFT | low & GENERATION
}

/// Header and trailer of a block in use.
#[inline(always)]
fn in_use(units: Units, pad: usize, owner: u32, flags: u64) -> (u64, u16) {
    let (units, pad, index) = (units.0 as u64, pad as u64, owner >> INDEX_SHIFT);
    if units < Standard::LONG as u64 {
        let header = flags | units << UNITS_SHIFT | pad << PAD_SHIFT | u64::from(owner);
        return (header, 0);
    }
    let low = (index << LONG_INDEX_SHIFT) as u16;
    let header = flags
        | LONG
        | units << LONG_UNITS_SHIFT
        | u64::from(low)
        | pad << LONG_PAD_SHIFT
        | u64::from(owner & GENERATION);
    (header, (index >> LONG_INDEX_BITS) as u16)
}

impl Encoding for Standard {
    const NAME: &'static str = "standard";
    const GRANULE: usize = 8;
    const MAX_POS: usize = POSITION as usize;
    const MAX_INDEX: usize = INDEX as usize;
    const MAX_GENERATION: u32 = GENERATION;
    const SPLIT: u32 = 3;
    const CACHED_MAX: usize = 127;
    const NEXT_IN_HEADER: bool = false;
    const CACHED_NEXT_IN_HEADER: bool = true;
    const LONG: usize = UNITS as usize + 1;

    type Header = u64;
    type Trailer = u16;
    type Entry = u32;
    type Link = u32;
    type Footer = u16;
    type Protected = [u64; 2];
    type Token = NonZeroU32;
    type BinHeads = [u32; 208];
    type CacheHeads = [u32; Self::CACHED_MAX + 1];
    type BinMap = [u32; 7];
    const NO_BINS: Self::BinHeads = [0; 208];
    const NO_CACHE: Self::CacheHeads = [0; Self::CACHED_MAX + 1];
    const NO_MAP: Self::BinMap = [0; 7];

    #[inline(always)]
    fn units(header: u64) -> Units {
        let units = if header & LONG == 0 {
            header >> UNITS_SHIFT & UNITS
        } else {
            header >> LONG_UNITS_SHIFT & LONG_UNITS
        };
        Units(units as usize)
    }
    #[inline(always)]
    fn is_free(header: u64) -> bool {
        header & FREE != 0
    }
    #[inline(always)]
    fn follows_free(header: u64) -> bool {
        header & FOLLOWS != 0
    }
    #[inline(always)]
    fn set_follows_free(header: u64, follows: bool) -> u64 {
        header & !FOLLOWS | if follows { FOLLOWS } else { 0 }
    }
    #[inline(always)]
    fn free_header(kind: FreeKind, units: Units, next: Pos) -> u64 {
        let flags = FREE | (kind as u64) << KIND_SHIFT;
        if kind == FreeKind::Cached && units.0 < Self::LONG {
            flags | (units.0 as u64) << UNITS_SHIFT | next.0 as u64
        } else {
            flags | LONG | (units.0 as u64) << LONG_UNITS_SHIFT
        }
    }
    #[inline(always)]
    fn free_kind(header: u64) -> Option<FreeKind> {
        // Together with the flag, so that the length that follows needs no look at it.
        match header >> LONG_SHIFT & 7 {
            2 | 3 => Some(FreeKind::Cached),
            5 => Some(FreeKind::Binned),
            7 => Some(FreeKind::Tail),
            _ => None,
        }
    }
    #[inline(always)]
    fn free_next(header: u64) -> Pos {
        Pos((header & NEXT) as usize)
    }
    #[inline(always)]
    fn is_free_as(header: u64, kind: FreeKind, units: Units) -> bool {
        let expected = Self::free_header(kind, units, Pos::NIL);
        let left_out = FOLLOWS | if expected & LONG == 0 { NEXT } else { 0 };
        header & !left_out == expected
    }
    #[inline(always)]
    fn compose(pos: Pos, units: Units, pad: usize, traits: Traits) -> Record<Self> {
        let flags =
            if traits.fixed { FIXED } else { 0 } | if traits.extended { EXTENDED } else { 0 };
        let owner = (traits.index.0 as u32) << INDEX_SHIFT | traits.generation;
        let (header, trailer) = in_use(units, pad, owner, flags);
        Record {
            header,
            entry: pos.0 as u32 | traits.align << ALIGN_SHIFT,
            trailer,
        }
    }
    #[inline(always)]
    fn reshaped(record: &Record<Self>, units: Units, pad: usize) -> Record<Self> {
        let flags = record.header & (FOLLOWS | FIXED | EXTENDED);
        let owner = owner(record.header, record.trailer);
        let (header, trailer) = in_use(units, pad, owner, flags);
        Record {
            header,
            entry: record.entry,
            trailer,
        }
    }
    #[inline(always)]
    fn index(header: u64, trailer: u16) -> Index {
        Index((owner(header, trailer) >> INDEX_SHIFT) as usize)
    }
    #[inline(always)]
    fn generation(record: &Record<Self>) -> u32 {
        record.header as u32 & GENERATION
    }
    #[inline(always)]
    fn pad(record: &Record<Self>) -> usize {
        let pad = if record.header & LONG == 0 {
            record.header >> PAD_SHIFT
        } else {
            record.header >> LONG_PAD_SHIFT
        };
        (pad & PAD) as usize
    }
    #[inline(always)]
    fn align(record: &Record<Self>) -> u32 {
        record.entry >> ALIGN_SHIFT & ALIGN
    }
    #[inline(always)]
    fn is_fixed(record: &Record<Self>) -> bool {
        record.header & FIXED != 0
    }
    #[inline(always)]
    fn is_extended(record: &Record<Self>) -> bool {
        record.header & EXTENDED != 0
    }
    #[inline(always)]
    fn protected(record: &Record<Self>) -> [u64; 2] {
        [
            record.header & !FOLLOWS | u64::from(record.trailer) << 48,
            record.entry.into(),
        ]
    }
    #[inline(always)]
    fn entry_is_vacant(entry: u32) -> bool {
        entry & VACANT != 0
    }
    #[inline(always)]
    fn entry_pos(entry: u32) -> Pos {
        Pos((entry & POSITION) as usize)
    }
    #[inline(always)]
    fn entry_at(entry: u32, pos: Pos) -> u32 {
        entry & !POSITION | pos.0 as u32
    }
    #[inline(always)]
    fn vacant(next: Index, generation: u32) -> u32 {
        VACANT | (next.0 as u32) << INDEX_SHIFT | generation & GENERATION
    }
    #[inline(always)]
    fn vacant_next(entry: u32) -> Index {
        Index((entry >> INDEX_SHIFT & INDEX) as usize)
    }
    #[inline(always)]
    fn vacant_generation(entry: u32) -> u32 {
        entry & GENERATION
    }
    #[inline(always)]
    fn token(index: Index, generation: u32) -> Option<NonZeroU32> {
        NonZeroU32::new((index.0 as u32) << INDEX_SHIFT | generation & GENERATION)
    }
    #[inline(always)]
    fn token_index(token: NonZeroU32) -> Index {
        Index((token.get() >> INDEX_SHIFT) as usize)
    }
    #[inline(always)]
    fn token_generation(token: NonZeroU32) -> u32 {
        token.get() & GENERATION
    }
    #[inline(always)]
    fn matches(token: NonZeroU32, record: &Record<Self>) -> bool {
        owner(record.header, record.trailer) == token.get() && record.header & FREE == 0
    }
    #[inline(always)]
    fn matches_plain(token: NonZeroU32, record: &Record<Self>) -> bool {
        record.header & (FREE | FIXED | EXTENDED | LONG | u64::from(OWNER))
            == u64::from(token.get())
    }
    #[inline(always)]
    fn plain_header(header: u64) -> u64 {
        header & !LONG
    }
}
