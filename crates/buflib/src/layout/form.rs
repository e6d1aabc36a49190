//! The layouts that have the standard encoding: they differ in what a heap keeps beside the arena.

use core::fmt::Debug;
use core::hash::Hash;

use super::{Heads, PLACES, TINY};
use crate::table::{Any, Lowest, Numbering};

/// 6 bytes of header and 4 of table entry per block, and 2 at the end of blocks of 16 KiB and more,
/// in arenas of up to 1 GiB.
///
/// ```text
/// header, in use  second word  31 free = 0  30 follows free  29 fixed  28 extended
///         short                27 long = 0  26..20 generation  19..14 index 21..16  13..3 units  2..0 7 - pad
///                 first word   15..0 index 15..0
///         long    second word  27 long = 1  26..0 units
///                 first word   15..9 generation  8..3 index 21..16  2..0 7 - pad
///                 trailer      15..0 index 15..0
/// header, resting              as in use and short, but 31 free = 1  29 = 1
/// header, free    second word  31 free = 1  30 follows free  29..28 kind
///         short                27 long = 0  26..16 next 26..16  15..14 zero  13..3 units  2..0 zero
///                 first word   15..0 next 15..0
///         long    second word  27 long = 1  26..0 units
///                 first word   zero
/// entry, live     31 no block = 0  30..27 alignment (doublings of the granule)  26..0 position
/// entry, pins     31 no block = 1  30 pins = 1  29..27 zero  26..22 count  21..0 index
/// entry, vacant   31 no block = 1  30 pins = 0  29 zero  28..22 generation  21..0 next vacant
/// handle          31..29 zero  28..22 generation  21..0 index
/// ```
///
/// What has less than 2048 granules is short if it is in use or cached.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Standard {}

/// The layout [`Standard`] with numbers from the lowest free one: what is freed gives its number back, and
/// the next block gets the lowest that is free.
///
/// Freed blocks do not rest with their number, so allocating and freeing take a little longer. The time does
/// not depend on the number of blocks in use, but grows with the table: from 32,768 entries on, finding a number may look at as many
/// entries as there are in a 2048th of the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ordered {}

/// The layout [`Ordered`] for heaps that are small themselves: with fewer lists of free blocks beside the
/// arena, free space is merged and compaction needed sooner. Finding a number may look at a 128th of the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Small {}

/// What is kept beside the arena of a layout with the standard encoding.
pub trait Form: Copy + Eq + Hash + Debug + 'static {
    const SPLIT: u32;
    const CACHED_MAX: usize;
    type BinHeads: Heads<u32>;
    type CacheHeads: Heads<u32>;
    type BinMap: Heads<u32>;
    type RestingHeads: Heads<u32>;
    type Tiny: Heads<u32>;
    type Places: Heads<u32>;
    type Numbering: Numbering;
    const NO_BINS: Self::BinHeads;
    const NO_CACHE: Self::CacheHeads;
    const NO_MAP: Self::BinMap;
    const NO_RESTING: Self::RestingHeads;
    const NO_TINY: Self::Tiny;
    const NO_PLACES: Self::Places;
}

macro_rules! form {
    ($layout:ident: split $split:literal, bins $bins:literal, map $map:literal, cached $cached:literal,
        resting $resting:expr, $tiny:expr, $places:expr, numbering $numbering:ty) => {
        impl Form for $layout {
            const SPLIT: u32 = $split;
            const CACHED_MAX: usize = $cached;
            type BinHeads = [u32; $bins];
            type CacheHeads = [u32; $cached + 1];
            type BinMap = [u32; $map];
            type RestingHeads = [u32; $resting];
            type Tiny = [u32; $tiny];
            type Places = [u32; $places];
            type Numbering = $numbering;
            const NO_BINS: Self::BinHeads = [0; $bins];
            const NO_CACHE: Self::CacheHeads = [0; $cached + 1];
            const NO_MAP: Self::BinMap = [0; $map];
            const NO_RESTING: Self::RestingHeads = [0; $resting];
            const NO_TINY: Self::Tiny = [0; $tiny];
            const NO_PLACES: Self::Places = [0; $places];
        }
    };
}

form!(Standard: split 3, bins 208, map 7, cached 127, resting 128, 6 * TINY, PLACES, numbering Any);
form!(Ordered: split 3, bins 208, map 7, cached 127, resting 0, 0, 0, numbering Lowest<64>);
form!(Small: split 1, bins 54, map 2, cached 15, resting 0, 0, 0, numbering Lowest<4>);
