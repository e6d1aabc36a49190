//! Twelve bytes a block: the layout for arenas up to 1 GiB.

use core::num::NonZeroU32;

use super::{Encoding, FreeKind, PIN_RECORD, Record, Traits};
use crate::units::{Index, Pos, Units};

/// 8 bytes of header and 4 of table entry per block, in arenas of up to 1 GiB.
///
/// ```text
/// header, in use  63 extended  62 fixed  61..54 generation  53..32 index  31..29 pad  28 follows free  27 free = 0  26..0 units
/// header, free    63..59 zero  58..32 next                                31..29 kind 28 follows free  27 free = 1  26..0 units
/// entry, live     31 vacant = 0  30..27 alignment (doublings of the granule)  26..0 position
/// entry, pins   31 vacant = 0  30..27 all ones  26..22 count  21..0 index
/// entry, vacant   31 vacant = 1  30 zero  29..22 generation  21..0 next vacant
/// handle          29..22 generation  21..0 index
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standard {}

const UNITS: u64 = (1 << 27) - 1;
const FREE: u64 = 1 << 27;
const FOLLOWS: u64 = 1 << 28;
const PAD_SHIFT: u32 = 29;
const PAD: u64 = 7;
const UPPER_SHIFT: u32 = 32;
const FIXED: u64 = 1 << 62;
const EXTENDED: u64 = 1 << 63;

const POSITION: u32 = UNITS as u32;
const INDEX: u32 = (1 << 22) - 1;
const GENERATION_SHIFT: u32 = 22;
const GENERATION: u32 = 0xff;
const TOKEN: u32 = (1 << 30) - 1;
const ALIGN_SHIFT: u32 = 27;
const ALIGN: u32 = 15;
const PINS_SHIFT: u32 = 22;
const PINS: u32 = 0x1f;
const VACANT: u32 = 1 << 31;

impl Encoding for Standard {
    const NAME: &'static str = "standard";
    const GRANULE: usize = 8;
    const MAX_POS: usize = UNITS as usize;
    const MAX_INDEX: usize = INDEX as usize;
    const MAX_GENERATION: u32 = GENERATION;
    const MAX_PIN_COUNT: u32 = PINS;
    const SPLIT: u32 = 3;
    const CACHED_MAX: usize = 127;
    const NEXT_IN_HEADER: bool = true;

    type Header = u64;
    type Entry = u32;
    type Link = u32;
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
        Units((header & UNITS) as usize)
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
        units.0 as u64 | FREE | (kind as u64) << PAD_SHIFT | (next.0 as u64) << UPPER_SHIFT
    }
    #[inline(always)]
    fn free_kind(header: u64) -> Option<FreeKind> {
        FreeKind::from_bits((header >> PAD_SHIFT & PAD) as u32)
    }
    #[inline(always)]
    fn free_next(header: u64) -> Pos {
        Pos((header >> UPPER_SHIFT & UNITS) as usize)
    }
    #[inline(always)]
    fn compose(pos: Pos, units: Units, pad: usize, traits: Traits) -> Record<Self> {
        let flags =
            if traits.fixed { FIXED } else { 0 } | if traits.extended { EXTENDED } else { 0 };
        let upper = traits.index.0 as u32 | traits.generation << GENERATION_SHIFT;
        Record {
            header: units.0 as u64
                | (pad as u64) << PAD_SHIFT
                | u64::from(upper) << UPPER_SHIFT
                | flags,
            entry: pos.0 as u32 | traits.align << ALIGN_SHIFT,
        }
    }
    #[inline(always)]
    fn index(header: u64) -> Index {
        Index(((header >> UPPER_SHIFT) as u32 & INDEX) as usize)
    }
    #[inline(always)]
    fn generation(record: &Record<Self>) -> u32 {
        (record.header >> UPPER_SHIFT) as u32 >> GENERATION_SHIFT & GENERATION
    }
    #[inline(always)]
    fn pad(record: &Record<Self>) -> usize {
        (record.header >> PAD_SHIFT & PAD) as usize
    }
    #[inline(always)]
    fn align(record: &Record<Self>) -> u32 {
        record.entry >> ALIGN_SHIFT & ALIGN
    }
    #[inline(always)]
    fn reshaped(record: &Record<Self>, units: Units, pad: usize) -> Record<Self> {
        let kept = record.header & !(UNITS | PAD << PAD_SHIFT);
        Record {
            header: kept | units.0 as u64 | (pad as u64) << PAD_SHIFT,
            entry: record.entry,
        }
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
        [record.header & !FOLLOWS, record.entry.into()]
    }
    #[inline(always)]
    fn entry_is_vacant(entry: u32) -> bool {
        entry & VACANT != 0
    }
    #[inline(always)]
    fn entry_is_live(entry: u32) -> bool {
        entry < PIN_RECORD << ALIGN_SHIFT
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
    fn pin_record(number: Index, count: u32) -> u32 {
        number.0 as u32 | count << PINS_SHIFT | PIN_RECORD << ALIGN_SHIFT
    }
    #[inline(always)]
    fn is_pin_record(entry: u32) -> bool {
        entry & (VACANT | ALIGN << ALIGN_SHIFT) == PIN_RECORD << ALIGN_SHIFT
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
        VACANT | (generation & GENERATION) << GENERATION_SHIFT | next.0 as u32
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
        token.get() >> GENERATION_SHIFT & GENERATION
    }
    #[inline(always)]
    fn matches(token: NonZeroU32, record: &Record<Self>) -> bool {
        (record.header >> UPPER_SHIFT) as u32 & TOKEN == token.get() && record.header & FREE == 0
    }
    #[inline(always)]
    fn matches_plain(token: NonZeroU32, record: &Record<Self>) -> bool {
        record.header & (FIXED | EXTENDED | FREE | u64::from(TOKEN) << UPPER_SHIFT)
            == u64::from(token.get()) << UPPER_SHIFT
    }
}
