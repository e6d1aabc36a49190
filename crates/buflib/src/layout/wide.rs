//! Twenty-four bytes a block: the layout for arenas without a practical limit.

use core::num::NonZeroU64;

use super::{Encoding, FreeKind, PIN_RECORD, PLACES, Record, TINY, Traits};
use crate::arena::Shape;
use crate::check::change;
use crate::table::Any;
use crate::units::{Index, Pos, Units};

/// 16 bytes of header and 8 of table entry per block, in arenas as large as can be addressed.
///
/// ```text
/// header, in use  127 extended  126 fixed  125..104 generation  103..64 index
///                 63..54 zero  53..50 pad  49 follows free  48 free = 0  47..0 units
/// header, resting as in use, but 53..50 kind = 4  48 free = 1
/// header, free    127..112 zero  111..64 next
///                 63..54 zero  53..50 kind  49 follows free  48 free = 1  47..0 units
/// entry, live     63 vacant = 0  62..52 zero  51..48 alignment (doublings of the granule)  47..0 position
/// entry, pins     63 vacant = 0  62..52 zero  51..48 all ones  47..40 count  39..0 index
/// entry, vacant   63 vacant = 1  62 zero  61..40 generation  39..0 next vacant
/// handle          61..40 generation  39..0 index
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Wide {}

/// On a narrower machine the upper bits stay zero. A buffer has at most half of its addresses, so that the largest
/// length and all that a block has beside its payload are still a number.
const UNITS: u128 = (1 << if usize::BITS >= 64 { 48 } else { 27 }) - 1;
const FREE: u128 = 1 << 48;
const FOLLOWS: u128 = 1 << 49;
const PAD_SHIFT: u32 = 50;
const PAD: u128 = 15;
const UPPER_SHIFT: u32 = 64;
const FIXED: u128 = 1 << 126;
const EXTENDED: u128 = 1 << 127;

const POSITION: u64 = UNITS as u64;
const INDEX: u64 = (1 << if usize::BITS >= 64 { 40 } else { 28 }) - 1;
const GENERATION_SHIFT: u32 = 40;
const NUMBER: u64 = (1 << GENERATION_SHIFT) - 1;
const GENERATION: u32 = 0x3f_ffff;
const TOKEN: u64 = (1 << 62) - 1;
const ALIGN_SHIFT: u32 = 48;
const ALIGN: u32 = 15;
const PINS_SHIFT: u32 = 40;
const PINS: u32 = 0xff;
const VACANT: u64 = 1 << 63;

impl Encoding for Wide {
    const NAME: &'static str = "wide";
    const GRANULE: usize = 16;
    const MAX_POS: usize = UNITS as usize;
    const MAX_INDEX: usize = INDEX as usize;
    const MAX_GENERATION: u32 = GENERATION;
    const MAX_PIN_COUNT: u32 = PINS;
    const SPLIT: u32 = 3;
    const CACHED_MAX: usize = 63;
    const NEXT_IN_HEADER: bool = true;

    type Header = u128;
    type Trailer = ();
    type Entry = u64;
    type Link = u64;
    type Footer = u64;
    type Protected = [u64; 3];
    type Token = NonZeroU64;
    type BinHeads = [u64; 384];
    type CacheHeads = [u64; Self::CACHED_MAX + 1];
    type RestingHeads = Self::CacheHeads;
    type Tiny = [u64; TINY];
    type Places = [u64; PLACES];
    type Numbering = Any;
    type BinMap = [u32; 12];
    const NO_BINS: Self::BinHeads = [0; 384];
    const NO_CACHE: Self::CacheHeads = [0; Self::CACHED_MAX + 1];
    const NO_MAP: Self::BinMap = [0; 12];
    const NO_RESTING: Self::RestingHeads = Self::NO_CACHE;
    const NO_TINY: Self::Tiny = [0; TINY];
    const NO_PLACES: Self::Places = [0; PLACES];

    #[inline(always)]
    fn units(header: u128) -> Units {
        Units((header & UNITS) as usize)
    }
    #[inline(always)]
    fn is_free(header: u128) -> bool {
        header & FREE != 0
    }
    #[inline(always)]
    fn follows_free(header: u128) -> bool {
        header & FOLLOWS != 0
    }
    #[inline(always)]
    fn set_follows_free(header: u128, follows: bool) -> u128 {
        header & !FOLLOWS | if follows { FOLLOWS } else { 0 }
    }
    #[inline(always)]
    fn free_header(kind: FreeKind, units: Units, next: Pos) -> u128 {
        units.0 as u128 | FREE | (kind as u128) << PAD_SHIFT | (next.0 as u128) << UPPER_SHIFT
    }
    #[inline(always)]
    fn free_kind(header: u128) -> Option<FreeKind> {
        FreeKind::from_bits((header >> PAD_SHIFT & PAD) as u32)
    }
    #[inline(always)]
    fn free_next(header: u128) -> Pos {
        Pos((header >> UPPER_SHIFT & UNITS) as usize)
    }
    #[inline(always)]
    fn rest(header: u128) -> u128 {
        header & !(PAD << PAD_SHIFT) | FREE | (FreeKind::Resting as u128) << PAD_SHIFT
    }
    #[inline(always)]
    fn rested_seal(seal: u32, pad: usize) -> u32 {
        const CHANGES: [u32; PAD as usize + 1] = {
            let mut changes = [0; PAD as usize + 1];
            let mut pad = 0;
            while pad < changes.len() {
                let kind = FreeKind::Resting as u64 ^ pad as u64;
                changes[pad] = change(&[FREE as u64 | kind << PAD_SHIFT, 0, 0]);
                pad += 1;
            }
            changes
        };
        CHANGES.get(pad).map_or(seal, |change| seal ^ change)
    }
    #[inline(always)]
    fn is_resting_as(header: u128, units: Units) -> bool {
        const RESTING: u64 = FREE as u64 | (FreeKind::Resting as u64) << PAD_SHIFT;
        const PARTS: u64 = FREE as u64 | (PAD as u64) << PAD_SHIFT | UNITS as u64;
        header as u64 & PARTS == RESTING | units.0 as u64
    }
    #[inline(always)]
    fn resting_index(header: u128) -> Index {
        Self::index(header, ())
    }
    #[inline(always)]
    fn wake(record: &Record<Self>, shape: Shape<Self>) -> (Record<Self>, Option<NonZeroU64>) {
        let lower = record.header as u64 & !(FREE as u64 | (PAD as u64) << PAD_SHIFT)
            | (shape.pad() as u64) << PAD_SHIFT;
        let upper = (record.header >> UPPER_SHIFT) as u64;
        let upper = upper.wrapping_add(1 << GENERATION_SHIFT) & TOKEN;
        let header = u128::from(lower) | u128::from(upper) << UPPER_SHIFT;
        (Record { header, ..*record }, NonZeroU64::new(upper))
    }
    #[inline(always)]
    fn compose(pos: Pos, shape: Shape<Self>, traits: Traits) -> Record<Self> {
        let flags =
            if traits.fixed { FIXED } else { 0 } | if traits.extended { EXTENDED } else { 0 };
        let upper = traits.index.0 as u64 | u64::from(traits.generation) << GENERATION_SHIFT;
        Record {
            header: shape.units().0 as u128
                | (shape.pad() as u128) << PAD_SHIFT
                | u128::from(upper) << UPPER_SHIFT
                | flags,
            entry: pos.0 as u64 | u64::from(traits.align) << ALIGN_SHIFT,
            trailer: (),
        }
    }
    #[inline(always)]
    fn index(header: u128, (): ()) -> Index {
        // Where upper bits must be zero, a number that has some is one that no table has.
        let number = (header >> UPPER_SHIFT) as u64 & NUMBER;
        Index(usize::try_from(number).unwrap_or(usize::MAX))
    }
    #[inline(always)]
    fn generation(record: &Record<Self>) -> u32 {
        (record.header >> (UPPER_SHIFT + GENERATION_SHIFT)) as u32 & GENERATION
    }
    #[inline(always)]
    fn pad(record: &Record<Self>) -> usize {
        (record.header >> PAD_SHIFT & PAD) as usize
    }
    #[inline(always)]
    fn align(record: &Record<Self>) -> u32 {
        (record.entry >> ALIGN_SHIFT) as u32 & ALIGN
    }
    #[inline(always)]
    fn reshaped(record: &Record<Self>, shape: Shape<Self>) -> Record<Self> {
        let kept = record.header & !(UNITS | PAD << PAD_SHIFT);
        Record {
            header: kept | shape.units().0 as u128 | (shape.pad() as u128) << PAD_SHIFT,
            entry: record.entry,
            trailer: (),
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
    fn protected(record: &Record<Self>) -> [u64; 3] {
        [
            (record.header & !FOLLOWS) as u64,
            (record.header >> UPPER_SHIFT) as u64,
            record.entry,
        ]
    }
    #[inline(always)]
    fn entry_is_vacant(entry: u64) -> bool {
        entry & VACANT != 0
    }
    #[inline(always)]
    fn entry_is_live(entry: u64) -> bool {
        entry < (PIN_RECORD as u64) << ALIGN_SHIFT
    }
    #[inline(always)]
    fn entry_pos(entry: u64) -> Pos {
        Pos((entry & POSITION) as usize)
    }
    #[inline(always)]
    fn entry_at(entry: u64, pos: Pos) -> u64 {
        entry & !POSITION | pos.0 as u64
    }
    #[inline(always)]
    fn entry_aligned(entry: u64, align: u32) -> u64 {
        entry & !(u64::from(ALIGN) << ALIGN_SHIFT) | u64::from(align) << ALIGN_SHIFT
    }
    #[inline(always)]
    fn pin_record(number: Index, count: u32) -> u64 {
        number.0 as u64 | u64::from(count) << PINS_SHIFT | (PIN_RECORD as u64) << ALIGN_SHIFT
    }
    #[inline(always)]
    fn is_pin_record(entry: u64) -> bool {
        entry & (VACANT | (ALIGN as u64) << ALIGN_SHIFT) == (PIN_RECORD as u64) << ALIGN_SHIFT
    }
    #[inline(always)]
    fn pinned_number(entry: u64) -> Index {
        Index((entry & INDEX) as usize)
    }
    #[inline(always)]
    fn pin_count(entry: u64) -> u32 {
        (entry >> PINS_SHIFT) as u32 & PINS
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
        (record.header >> UPPER_SHIFT) as u64 & TOKEN == token.get() && record.header & FREE == 0
    }
    #[inline(always)]
    fn matches_plain(token: NonZeroU64, record: &Record<Self>) -> bool {
        record.header & (FIXED | EXTENDED | FREE | u128::from(TOKEN) << UPPER_SHIFT)
            == u128::from(token.get()) << UPPER_SHIFT
    }
}
