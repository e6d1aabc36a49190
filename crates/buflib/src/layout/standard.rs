//! Twelve bytes a block: the layout for arenas up to 1 GiB.

use core::num::NonZeroU32;

use super::{Encoding, FreeKind, Record, Traits};
use crate::units::{Index, Pos, Units};

/// 8 bytes of header and 4 of table entry per block, in arenas of up to 1 GiB.
///
/// ```text
/// head   31..29 pad (in use) or kind (free)   28 follows free   27 free   26..0 units
/// back   31 extended   30 fixed   29..22 generation   21..0 index
/// entry  31 vacant = 0   30..27 zero   26..0 position
///        31 vacant = 1   30 zero   29..22 generation   21..0 next vacant
/// handle 29..22 generation   21..0 index
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Standard {}

const UNITS: u32 = (1 << 27) - 1;
const FREE: u32 = 1 << 27;
const FOLLOWS: u32 = 1 << 28;
const PAD_SHIFT: u32 = 29;
const INDEX: u32 = (1 << 22) - 1;
const GENERATION_SHIFT: u32 = 22;
const GENERATION: u32 = 0xff;
const FIXED: u32 = 1 << 30;
const EXTENDED: u32 = 1 << 31;
const TOKEN: u32 = FIXED - 1;
const VACANT: u32 = 1 << 31;

impl Encoding for Standard {
    const NAME: &'static str = "standard";
    const GRANULE: usize = 8;
    const HEADER: usize = 8;
    const MAX_POS: usize = UNITS as usize;
    const MAX_INDEX: usize = INDEX as usize;
    const MAX_GENERATION: u32 = GENERATION;
    const SPLIT: u32 = 3;
    const CACHED_MAX: usize = 127;

    type Head = u32;
    type Back = u32;
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
    fn units(head: u32) -> Units {
        Units((head & UNITS) as usize)
    }
    #[inline(always)]
    fn is_free(head: u32) -> bool {
        head & FREE != 0
    }
    #[inline(always)]
    fn follows_free(head: u32) -> bool {
        head & FOLLOWS != 0
    }
    #[inline(always)]
    fn set_follows_free(head: u32, follows: bool) -> u32 {
        if follows { head | FOLLOWS } else { head & !FOLLOWS }
    }
    #[inline(always)]
    fn free_head(kind: FreeKind, units: Units) -> u32 {
        units.0 as u32 | FREE | (kind as u32) << PAD_SHIFT
    }
    #[inline(always)]
    fn free_kind(head: u32) -> Option<FreeKind> {
        FreeKind::from_bits(head >> PAD_SHIFT)
    }
    #[inline(always)]
    fn compose(pos: Pos, units: Units, pad: usize, traits: Traits) -> Record<Self> {
        let flags = if traits.fixed { FIXED } else { 0 } | if traits.extended { EXTENDED } else { 0 };
        Record {
            head: units.0 as u32 | (pad as u32) << PAD_SHIFT,
            back: traits.index.0 as u32 | traits.generation << GENERATION_SHIFT | flags,
            entry: pos.0 as u32,
        }
    }
    #[inline(always)]
    fn traits(record: &Record<Self>) -> Traits {
        Traits {
            index: Self::index(record.head, record.back),
            generation: record.back >> GENERATION_SHIFT & GENERATION,
            fixed: Self::is_fixed(record),
            extended: Self::is_extended(record),
        }
    }
    #[inline(always)]
    fn index(_: u32, back: u32) -> Index {
        Index((back & INDEX) as usize)
    }
    #[inline(always)]
    fn pad(record: &Record<Self>) -> usize {
        (record.head >> PAD_SHIFT) as usize
    }
    #[inline(always)]
    fn is_fixed(record: &Record<Self>) -> bool {
        record.back & FIXED != 0
    }
    #[inline(always)]
    fn is_extended(record: &Record<Self>) -> bool {
        record.back & EXTENDED != 0
    }
    #[inline(always)]
    fn protected(record: &Record<Self>) -> [u64; 2] {
        let header = u64::from(record.head & !FOLLOWS) | u64::from(record.back) << 32;
        [header, record.entry.into()]
    }
    #[inline(always)]
    fn entry_is_vacant(entry: u32) -> bool {
        entry & VACANT != 0
    }
    #[inline(always)]
    fn entry_pos(entry: u32) -> Pos {
        Pos((entry & UNITS) as usize)
    }
    #[inline(always)]
    fn entry_at(_: u32, pos: Pos) -> u32 {
        pos.0 as u32
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
        record.back & TOKEN == token.get() && record.head & FREE == 0
    }
    #[inline(always)]
    fn token_bits(token: NonZeroU32) -> u64 {
        token.get().into()
    }
}
