//! Twenty-four bytes a block: the layout for arenas without a practical limit.

use core::num::NonZeroU64;

use super::{Encoding, FreeKind, Record, Traits};
use crate::units::{Index, Pos, Units};

/// 16 bytes of header and 8 of table entry per block, in arenas as large as can be addressed.
///
/// ```text
/// head   63..54 zero   53..50 pad (in use) or kind (free)   49 follows free   48 free   47..0 units
/// back   63 extended   62 fixed   61..40 generation   39..0 index
/// entry  63 vacant = 0   62..48 zero   47..0 position
///        63 vacant = 1   62 zero   61..40 generation   39..0 next vacant
/// handle 61..40 generation   39..0 index
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Wide {}

/// On a narrower machine the upper bits stay zero.
const UNITS: u64 = (1 << if usize::BITS >= 64 { 48 } else { 28 }) - 1;
const FREE: u64 = 1 << 48;
const FOLLOWS: u64 = 1 << 49;
const PAD_SHIFT: u32 = 50;
const INDEX: u64 = (1 << if usize::BITS >= 64 { 40 } else { 28 }) - 1;
const GENERATION_SHIFT: u32 = 40;
const GENERATION: u32 = 0x3f_ffff;
const FIXED: u64 = 1 << 62;
const EXTENDED: u64 = 1 << 63;
const TOKEN: u64 = FIXED - 1;
const VACANT: u64 = 1 << 63;

impl Encoding for Wide {
    const NAME: &'static str = "wide";
    const GRANULE: usize = 16;
    const HEADER: usize = 16;
    const MAX_POS: usize = UNITS as usize;
    const MAX_INDEX: usize = INDEX as usize;
    const MAX_GENERATION: u32 = GENERATION;
    const SPLIT: u32 = 3;
    const CACHED_MAX: usize = 63;

    type Head = u64;
    type Back = u64;
    type Entry = u64;
    type Link = u64;
    type Protected = [u64; 3];
    type Token = NonZeroU64;
    type BinHeads = [u64; 384];
    type CacheHeads = [u64; Self::CACHED_MAX + 1];
    type BinMap = [u32; 12];
    const NO_BINS: Self::BinHeads = [0; 384];
    const NO_CACHE: Self::CacheHeads = [0; Self::CACHED_MAX + 1];
    const NO_MAP: Self::BinMap = [0; 12];

    #[inline(always)]
    fn units(head: u64) -> Units {
        Units((head & UNITS) as usize)
    }
    #[inline(always)]
    fn is_free(head: u64) -> bool {
        head & FREE != 0
    }
    #[inline(always)]
    fn follows_free(head: u64) -> bool {
        head & FOLLOWS != 0
    }
    #[inline(always)]
    fn set_follows_free(head: u64, follows: bool) -> u64 {
        if follows { head | FOLLOWS } else { head & !FOLLOWS }
    }
    #[inline(always)]
    fn free_head(kind: FreeKind, units: Units) -> u64 {
        units.0 as u64 | FREE | (kind as u64) << PAD_SHIFT
    }
    #[inline(always)]
    fn free_kind(head: u64) -> Option<FreeKind> {
        FreeKind::from_bits((head >> PAD_SHIFT) as u32)
    }
    #[inline(always)]
    fn compose(pos: Pos, units: Units, pad: usize, traits: Traits) -> Record<Self> {
        let flags = if traits.fixed { FIXED } else { 0 } | if traits.extended { EXTENDED } else { 0 };
        Record {
            head: units.0 as u64 | (pad as u64) << PAD_SHIFT,
            back: traits.index.0 as u64 | u64::from(traits.generation) << GENERATION_SHIFT | flags,
            entry: pos.0 as u64,
        }
    }
    #[inline(always)]
    fn traits(record: &Record<Self>) -> Traits {
        Traits {
            index: Self::index(record.head, record.back),
            generation: (record.back >> GENERATION_SHIFT) as u32 & GENERATION,
            fixed: Self::is_fixed(record),
            extended: Self::is_extended(record),
        }
    }
    #[inline(always)]
    fn index(_: u64, back: u64) -> Index {
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
    fn protected(record: &Record<Self>) -> [u64; 3] {
        [record.head & !FOLLOWS, record.back, record.entry]
    }
    #[inline(always)]
    fn entry_is_vacant(entry: u64) -> bool {
        entry & VACANT != 0
    }
    #[inline(always)]
    fn entry_pos(entry: u64) -> Pos {
        Pos((entry & UNITS) as usize)
    }
    #[inline(always)]
    fn entry_at(_: u64, pos: Pos) -> u64 {
        pos.0 as u64
    }
    #[inline(always)]
    fn vacant(next: Index, generation: u32) -> u64 {
        VACANT | u64::from(generation & GENERATION) << GENERATION_SHIFT | next.0 as u64
    }
    #[inline(always)]
    fn vacant_next(entry: u64) -> Index {
        Index((entry & INDEX) as usize)
    }
    #[inline(always)]
    fn vacant_generation(entry: u64) -> u32 {
        (entry >> GENERATION_SHIFT) as u32 & GENERATION
    }
    #[inline(always)]
    fn token(index: Index, generation: u32) -> Option<NonZeroU64> {
        NonZeroU64::new(index.0 as u64 | u64::from(generation & GENERATION) << GENERATION_SHIFT)
    }
    #[inline(always)]
    fn token_index(token: NonZeroU64) -> Index {
        Index((token.get() & INDEX) as usize)
    }
    #[inline(always)]
    fn token_generation(token: NonZeroU64) -> u32 {
        (token.get() >> GENERATION_SHIFT) as u32 & GENERATION
    }
    #[inline(always)]
    fn matches(token: NonZeroU64, record: &Record<Self>) -> bool {
        record.back & TOKEN == token.get() && record.head & FREE == 0
    }
    #[inline(always)]
    fn token_bits(token: NonZeroU64) -> u64 {
        token.get()
    }
}
