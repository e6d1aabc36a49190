//! Eight bytes a block: the layout for microcontrollers.

use core::num::NonZeroU32;

use super::{Encoding, FreeKind, PIN_RECORD, PLACES, Record, TINY, Traits};
use crate::arena::Shape;
use crate::check::change;
use crate::table::Any;
use crate::units::{Index, Pos, Units};

/// 4 bytes of header and 4 of table entry per block, in arenas of up to 256 KiB.
///
/// ```text
/// header, in use  31 follows free  30 free = 0  29..15 index  14..0 units
/// header, free    31 follows free  30 free = 1  29..15 kind   14..0 units
/// header, resting 31 follows free  30 free = 1  29..15 index, inverted  14..0 units
/// entry, live     31 vacant = 0  30 extended  29 fixed  28..22 generation
///                 21..18 alignment (doublings of the granule)  17..15 pad  14..0 position
/// entry, pins     31 vacant = 0  30..29 zero  28..22 count  21..18 all ones  17..15 zero  14..0 index
/// entry, vacant   31 vacant = 1  30..29 zero  28..22 generation  21..15 zero  14..0 next vacant
/// handle          28..22 generation  21..15 zero  14..0 index
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Narrow {}

const LOW: u32 = (1 << 15) - 1;
/// The kinds of free blocks take the place of the highest numbers, inverted, which no arena has room for.
const KINDS: u32 = 3;
const INDEX_SHIFT: u32 = 15;
const FREE: u32 = 1 << 30;
/// What is other way round while a block rests: many bits away from any block in use.
const RESTING: u32 = FREE | LOW << INDEX_SHIFT;
const FOLLOWS: u32 = 1 << 31;
const PAD_SHIFT: u32 = 15;
const PAD: u32 = 7;
const ALIGN_SHIFT: u32 = 18;
const ALIGN: u32 = 15;
const GENERATION_SHIFT: u32 = 22;
const GENERATION: u32 = 0x7f;
const FIXED: u32 = 1 << 29;
const EXTENDED: u32 = 1 << 30;
const PINS_SHIFT: u32 = 22;
const PINS: u32 = 0x7f;
const VACANT: u32 = 1 << 31;

impl Encoding for Narrow {
    const NAME: &'static str = "narrow";
    const GRANULE: usize = 8;
    const MAX_POS: usize = LOW as usize;
    const MAX_INDEX: usize = (LOW - KINDS - 1) as usize;
    const MAX_GENERATION: u32 = GENERATION;
    const MAX_PIN_COUNT: u32 = PINS;
    const SPLIT: u32 = 2;
    const CACHED_MAX: usize = 15;
    const NEXT_IN_HEADER: bool = false;
    const WAKES_ENTRY: bool = true;

    type Header = u32;
    type Trailer = ();
    type Entry = u32;
    type Link = u16;
    type Footer = u16;
    type Protected = [u64; 1];
    type Token = NonZeroU32;
    type BinHeads = [u16; 56];
    type CacheHeads = [u16; Self::CACHED_MAX + 1];
    type RestingHeads = Self::CacheHeads;
    type Tiny = [u16; TINY];
    type Places = [u16; PLACES];
    type Numbering = Any;
    type BinMap = [u32; 2];
    const NO_BINS: Self::BinHeads = [0; 56];
    const NO_CACHE: Self::CacheHeads = [0; Self::CACHED_MAX + 1];
    const NO_MAP: Self::BinMap = [0; 2];
    const NO_RESTING: Self::RestingHeads = Self::NO_CACHE;
    const NO_TINY: Self::Tiny = [0; TINY];
    const NO_PLACES: Self::Places = [0; PLACES];

    #[inline(always)]
    fn units(header: u32) -> Units {
        Units((header & LOW) as usize)
    }
    #[inline(always)]
    fn is_free(header: u32) -> bool {
        header & FREE != 0
    }
    #[inline(always)]
    fn follows_free(header: u32) -> bool {
        header & FOLLOWS != 0
    }
    #[inline(always)]
    fn set_follows_free(header: u32, follows: bool) -> u32 {
        header & !FOLLOWS | if follows { FOLLOWS } else { 0 }
    }
    #[inline(always)]
    fn free_header(kind: FreeKind, units: Units, _: Pos) -> u32 {
        units.0 as u32 | FREE | (kind as u32) << INDEX_SHIFT
    }
    #[inline(always)]
    fn free_kind(header: u32) -> Option<FreeKind> {
        match header >> INDEX_SHIFT & LOW {
            kind @ 0..=KINDS => FreeKind::from_bits(kind),
            _ => Some(FreeKind::Resting),
        }
    }
    #[inline(always)]
    fn free_next(_: u32) -> Pos {
        Pos::NIL
    }
    #[inline(always)]
    fn rest(header: u32) -> u32 {
        header ^ RESTING
    }
    #[inline(always)]
    fn rested_seal(seal: u32, _: usize) -> u32 {
        const CHANGE: u32 = change(&[RESTING as u64]);
        seal ^ CHANGE
    }
    #[inline(always)]
    fn is_resting_as(header: u32, units: Units) -> bool {
        header & (FREE | LOW) == FREE | units.0 as u32 && Self::is_resting(header)
    }
    #[inline(always)]
    fn resting_index(header: u32) -> Index {
        Index((!header >> INDEX_SHIFT & LOW) as usize)
    }
    #[inline(always)]
    fn wake(record: &Record<Self>, shape: Shape<Self>) -> (Record<Self>, Option<NonZeroU32>) {
        let index = Self::resting_index(record.header);
        let generation = Self::generation(record).wrapping_add(1) & GENERATION;
        let kept = record.entry & !(PAD << PAD_SHIFT | GENERATION << GENERATION_SHIFT);
        let woken = Record {
            header: record.header ^ RESTING,
            entry: kept | (shape.pad() as u32) << PAD_SHIFT | generation << GENERATION_SHIFT,
            trailer: (),
        };
        (woken, Self::token(index, generation))
    }
    #[inline(always)]
    fn compose(pos: Pos, shape: Shape<Self>, traits: Traits) -> Record<Self> {
        let flags =
            if traits.fixed { FIXED } else { 0 } | if traits.extended { EXTENDED } else { 0 };
        Record {
            header: shape.units().0 as u32 | (traits.index.0 as u32) << INDEX_SHIFT,
            entry: pos.0 as u32
                | (shape.pad() as u32) << PAD_SHIFT
                | traits.align << ALIGN_SHIFT
                | traits.generation << GENERATION_SHIFT
                | flags,
            trailer: (),
        }
    }
    #[inline(always)]
    fn index(header: u32, (): ()) -> Index {
        Index((header >> INDEX_SHIFT & LOW) as usize)
    }
    #[inline(always)]
    fn generation(record: &Record<Self>) -> u32 {
        record.entry >> GENERATION_SHIFT & GENERATION
    }
    #[inline(always)]
    fn pad(record: &Record<Self>) -> usize {
        (record.entry >> PAD_SHIFT & PAD) as usize
    }
    #[inline(always)]
    fn align(record: &Record<Self>) -> u32 {
        record.entry >> ALIGN_SHIFT & ALIGN
    }
    #[inline(always)]
    fn reshaped(record: &Record<Self>, shape: Shape<Self>) -> Record<Self> {
        Record {
            header: record.header & !LOW | shape.units().0 as u32,
            entry: record.entry & !(PAD << PAD_SHIFT) | (shape.pad() as u32) << PAD_SHIFT,
            trailer: (),
        }
    }
    #[inline(always)]
    fn is_fixed(record: &Record<Self>) -> bool {
        record.entry & FIXED != 0
    }
    #[inline(always)]
    fn is_extended(record: &Record<Self>) -> bool {
        record.entry & EXTENDED != 0
    }
    #[inline(always)]
    fn protected(record: &Record<Self>) -> [u64; 1] {
        [u64::from(record.header & !FOLLOWS) | u64::from(record.entry) << 32]
    }
    #[inline(always)]
    fn entry_is_vacant(entry: u32) -> bool {
        entry & VACANT != 0
    }
    #[inline(always)]
    fn entry_is_live(entry: u32) -> bool {
        entry & VACANT == 0 && entry >> ALIGN_SHIFT & ALIGN != PIN_RECORD
    }
    #[inline(always)]
    fn entry_pos(entry: u32) -> Pos {
        Pos((entry & LOW) as usize)
    }
    #[inline(always)]
    fn entry_at(entry: u32, pos: Pos) -> u32 {
        entry & !LOW | pos.0 as u32
    }
    #[inline(always)]
    fn entry_aligned(entry: u32, align: u32) -> u32 {
        entry & !(ALIGN << ALIGN_SHIFT) | align << ALIGN_SHIFT
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
        Index((entry & LOW) as usize)
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
        Index((entry & LOW) as usize)
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
        Index((token.get() & LOW) as usize)
    }
    #[inline(always)]
    fn token_generation(token: NonZeroU32) -> u32 {
        token.get() >> GENERATION_SHIFT & GENERATION
    }
    #[inline(always)]
    fn matches(token: NonZeroU32, record: &Record<Self>) -> bool {
        let live = VACANT | GENERATION << GENERATION_SHIFT;
        record.entry & live == token.get() & !LOW
            && record.header & (FREE | LOW << INDEX_SHIFT) == (token.get() & LOW) << INDEX_SHIFT
    }
    #[inline(always)]
    fn matches_plain(token: NonZeroU32, record: &Record<Self>) -> bool {
        record.entry & (VACANT | FIXED | EXTENDED | GENERATION << GENERATION_SHIFT)
            == token.get() & !LOW
            && record.header & (FREE | LOW << INDEX_SHIFT) == (token.get() & LOW) << INDEX_SHIFT
    }
}
