//! How a block's header, a table entry and a free block are encoded.
//!
//! [`Layout`] is what users name; `Encoding` is the arithmetic behind it, one file per layout. The
//! rest of the library never shifts or masks.

mod form;
mod narrow;
mod standard;
#[cfg(test)]
mod tests;
mod wide;

use core::fmt::Debug;
use core::hash::Hash;
use core::num::{NonZeroU32, NonZeroU64};

use crate::arena::{Plain, Shape};
use crate::table::{Number, Numbering};
use crate::units::{Index, Pos, Units};

pub use form::{Ordered, Small, Standard};
pub use narrow::Narrow;
pub use wide::Wide;

/// The encoding of a heap's metadata, which decides its limits and its cost per block.
///
/// | layout | header + entry | granule | largest arena | most blocks | generations |
/// |---|---|---|---|---|---|
/// | [`Narrow`] | 4 + 4 bytes | 8 bytes | 256 KiB | 32,763 | 128 |
/// | [`Standard`] | 6 + 4 bytes | 8 bytes | 1 GiB | 4,194,303 | 128 |
/// | [`Wide`] | 16 + 8 bytes | 16 bytes | 4 PiB (2 GiB on 32 bits) | 2⁴⁰ - 1 | 4,194,304 |
///
/// [`Ordered`] and [`Small`] have the encoding of [`Standard`], and with it its limits. They give out the
/// lowest free number, and a heap of them is smaller by itself:
///
/// | layout | numbers | the heap's own size, on 64 bits | what for |
/// |---|---|---|---|
/// | [`Standard`] | any that is free | 3,300 bytes | speed |
/// | [`Ordered`] | the lowest | 2,000 bytes | programs that count on low numbers; what C code is given |
/// | [`Small`] | the lowest | 700 bytes | many heaps, or little memory |
///
/// A payload is always aligned to the granule. Long blocks of the standard layout, those of 16 KiB and
/// more, have 2 bytes of metadata at their end as well. The trait is sealed: these layouts are all there is.
#[allow(private_bounds)]
pub trait Layout: Encoding {
    /// Bytes in a granule: blocks are a whole number of these, and payloads are aligned to it.
    const GRANULE_BYTES: usize = Self::GRANULE;
    /// Bytes in front of every payload.
    const HEADER_BYTES: usize = Self::HEADER;
    /// The length from which on blocks are long, in bytes, header and padding included. Where no block
    /// is, this is more than any can have.
    const LONG_BYTES: usize = Self::LONG.saturating_mul(Self::GRANULE);
    /// Bytes of metadata at the end of a long block, behind payload, padding and name.
    const TRAILER_BYTES: usize = size_of::<Self::Trailer>();
    /// Bytes of a handle table entry, without the check word.
    const ENTRY_BYTES: usize = size_of::<Self::Entry>();
    /// The largest buffer that the layout can address, in bytes.
    const MAX_ARENA_BYTES: usize = Self::MAX_POS
        .saturating_add(1)
        .saturating_mul(Self::GRANULE);
    /// The largest number of handles that can be live at once.
    const MAX_HANDLES: usize = Self::MAX_INDEX;
    /// Whether a new block gets the lowest number that is free.
    const LOWEST_NUMBER_FIRST: bool = <Self::Numbering as Numbering>::LOWEST;
    /// How many different generations an entry's handles go through before one repeats.
    const GENERATIONS: u32 = Self::MAX_GENERATION + 1;
}

impl<L: Encoding> Layout for L {}

/// In an entry's place for the alignment: the payload starts off the granule, some bytes behind the
/// header, and so has no alignment.
pub(crate) const OFF_GRANULE: u32 = 14;
/// In the same place, but for the standard encoding: the entry is no block's, but counts the pins of one.
pub(crate) const PIN_RECORD: u32 = 15;

/// How many blocks too small for a link can rest, where any can.
pub(crate) const TINY: usize = 32;
/// How many blocks can rest that are of sizes without a list.
pub(crate) const PLACES: usize = 64;

/// What a free block is to the index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FreeKind {
    /// Set aside for the next request of its size, and not yet merged with its neighbours.
    Cached = 1,
    /// Merged, with a footer, announced in the next header; in a bin unless it is one granule.
    Binned = 2,
    /// The sentinel that closes the row of blocks.
    Tail = 3,
    /// Set aside like a cached one, and with its number: the next request of its size gets both.
    Resting = 4,
}

impl FreeKind {
    #[inline(always)]
    fn from_bits(bits: u32) -> Option<Self> {
        match bits {
            1 => Some(Self::Cached),
            2 => Some(Self::Binned),
            3 => Some(Self::Tail),
            4 => Some(Self::Resting),
            _ => None,
        }
    }
}

/// All that is stored about a block in use: its header, its table entry, and its trailer if it is long.
#[derive(Clone, Copy)]
pub struct Record<L: Encoding> {
    pub(crate) header: L::Header,
    pub(crate) entry: L::Entry,
    /// The default value for a block that is not long.
    pub(crate) trailer: L::Trailer,
}

/// What a record says besides where it is and how long: fixed when the block is allocated.
#[derive(Clone, Copy)]
pub struct Traits {
    pub(crate) index: Index,
    pub(crate) generation: u32,
    /// The alignment, in doublings of the granule, or `OFF_GRANULE`.
    pub(crate) align: u32,
    pub(crate) fixed: bool,
    pub(crate) extended: bool,
}

impl Traits {
    /// Those of a block that is neither aligned nor fixed nor extended.
    #[inline(always)]
    pub(crate) fn plain(number: &Number) -> Self {
        Self {
            index: number.index,
            generation: number.generation,
            align: 0,
            fixed: false,
            extended: false,
        }
    }
}

/// A header in a register, and the words that it is in memory.
///
/// It is written and read as exactly these words: a load of both at once would have to wait for the
/// stores, if these are recent.
pub trait Header: Copy + Eq + Debug {
    type First: Plain + Copy;
    /// What follows; `()` where the header is one word.
    type Second: Plain + Copy;
    fn join(first: Self::First, second: Self::Second) -> Self;
    fn split(self) -> (Self::First, Self::Second);
}

macro_rules! one_word {
    ($($word:ty),*) => {$(
        impl Header for $word {
            type First = Self;
            type Second = ();
            #[inline(always)]
            fn join(first: Self, (): ()) -> Self {
                first
            }
            #[inline(always)]
            fn split(self) -> (Self, ()) {
                (self, ())
            }
        }
    )*};
}
one_word!(u32, u128);

/// A stored position or length.
pub trait Link: Plain + Copy + Eq + Hash + Debug + Send + Sync {
    const MOST: usize;
    /// No position.
    const NONE: Self;
    fn pack(value: usize) -> Self;
    fn unpack(self) -> usize;
}

/// A fixed number of words beside the arena.
pub trait Heads<T>: AsRef<[T]> + AsMut<[T]> + Clone + Hash + Debug + Send + Sync {}

impl<T: Send + Sync + Clone + Hash + Debug, const N: usize> Heads<T> for [T; N] {}

/// The representation of a handle: never zero, so that `Option<Handle>` is no larger.
pub trait Token: Copy + Eq + Ord + Hash + Debug + Send + Sync {
    fn bits(self) -> u64;
    fn of_bits(bits: u64) -> Option<Self>;
}

impl Token for NonZeroU32 {
    #[inline(always)]
    fn bits(self) -> u64 {
        self.get().into()
    }
    #[inline(always)]
    fn of_bits(bits: u64) -> Option<Self> {
        Self::new(bits.try_into().ok()?)
    }
}

impl Token for NonZeroU64 {
    #[inline(always)]
    fn bits(self) -> u64 {
        self.get()
    }
    #[inline(always)]
    fn of_bits(bits: u64) -> Option<Self> {
        Self::new(bits)
    }
}

macro_rules! link {
    ($($word:ty),*) => {$(
        impl Link for $word {
            const MOST: usize = <$word>::MAX as usize;
            const NONE: Self = 0;
            #[inline(always)]
            fn pack(value: usize) -> Self {
                value as $word
            }
            #[inline(always)]
            fn unpack(self) -> usize {
                self as usize
            }
        }
    )*};
}
link!(u16, u32, u64);

/// The arithmetic of one layout. Values handed in are within the layout's limits: the heap checks
/// sizes and positions against them once, at construction and on each request.
pub trait Encoding: Copy + Eq + Hash + Debug + 'static {
    const NAME: &'static str;
    const GRANULE: usize;
    /// The largest position, and so the largest length.
    const MAX_POS: usize;
    const MAX_INDEX: usize;
    const MAX_GENERATION: u32;
    /// The largest count that a pin record can keep.
    const MAX_PIN_COUNT: u32;
    /// The bins split each doubling of size into 2^SPLIT.
    const SPLIT: u32;
    /// Blocks up to so many granules are cached by their exact size.
    const CACHED_MAX: usize;
    /// Whether a merged block's header has room for its successor; otherwise a link follows it.
    const NEXT_IN_HEADER: bool;
    /// The same for a cached block.
    const CACHED_NEXT_IN_HEADER: bool = Self::NEXT_IN_HEADER;
    /// Whether padding and generation are in the entry, so that it changes when a block wakes.
    const WAKES_ENTRY: bool = false;
    /// From how many granules on a block in use is long: its last bytes are a trailer.
    const LONG: usize = Self::MAX_POS + 1;
    const HEADER: usize = size_of::<<Self::Header as Header>::First>()
        + size_of::<<Self::Header as Header>::Second>();

    type Header: Header;
    /// What a long block's header has no room for; `()` where no block is long.
    type Trailer: Plain + Copy + Default;
    type Entry: Plain + Copy + Default + Eq + Debug;
    type Link: Link;
    /// A merged block's length at its end. Its largest value says that the length is in a link in front.
    type Footer: Link;
    type Protected: AsRef<[u64]>;
    type Token: Token;
    /// One list head per bin.
    type BinHeads: Heads<Self::Link>;
    /// One list head per cached size.
    type CacheHeads: Heads<Self::Link>;
    /// One list head per size that rests; none where no block does.
    type RestingHeads: Heads<Self::Link>;
    /// Resting blocks that are too small for a link.
    type Tiny: Heads<Self::Link>;
    /// Resting blocks of sizes that have no list.
    type Places: Heads<Self::Link>;
    /// In which order numbers are given out.
    type Numbering: Numbering;
    /// One bit per bin.
    type BinMap: Heads<u32>;
    const NO_BINS: Self::BinHeads;
    const NO_CACHE: Self::CacheHeads;
    const NO_MAP: Self::BinMap;
    const NO_RESTING: Self::RestingHeads;
    const NO_TINY: Self::Tiny;
    const NO_PLACES: Self::Places;

    /// Bytes of a block in use of this length that are header and trailer.
    #[inline(always)]
    fn overhead(units: Units) -> usize {
        let long = units.0 >= Self::LONG;
        Self::HEADER + if long { size_of::<Self::Trailer>() } else { 0 }
    }

    // The header of any block.
    fn units(header: Self::Header) -> Units;
    fn is_free(header: Self::Header) -> bool;
    /// Whether the block in front of this one is a merged free block.
    fn follows_free(header: Self::Header) -> bool;
    fn set_follows_free(header: Self::Header, follows: bool) -> Self::Header;

    // The header of a free block.
    fn free_header(kind: FreeKind, units: Units, next: Pos) -> Self::Header;
    /// What kind of free block this is; `None` where the bits mean nothing.
    fn free_kind(header: Self::Header) -> Option<FreeKind>;
    fn free_next(header: Self::Header) -> Pos;
    /// Whether a header is that of a free block of this kind and length.
    #[inline(always)]
    fn is_free_as(header: Self::Header, kind: FreeKind, units: Units) -> bool {
        Self::is_free(header)
            && Self::free_kind(header) == Some(kind)
            && Self::units(header) == units
    }

    /// The length of a merged free block; none for any other.
    #[inline(always)]
    fn merged_units(header: Self::Header) -> Option<Units> {
        (Self::is_free(header) && Self::free_kind(header) == Some(FreeKind::Binned))
            .then(|| Self::units(header))
    }

    // A resting block: a plain short one that was freed and keeps its number.
    fn rest(header: Self::Header) -> Self::Header;
    /// What becomes of the check word of a block with this padding as it comes to rest.
    fn rested_seal(seal: u32, pad: usize) -> u32;
    fn is_resting(header: Self::Header) -> bool {
        Self::is_free(header) && Self::free_kind(header) == Some(FreeKind::Resting)
    }
    /// Whether a header is that of a resting block of this length.
    fn is_resting_as(header: Self::Header, units: Units) -> bool;
    fn resting_index(header: Self::Header) -> Index;
    /// The block in use again, with the next generation, and its handle. The entry matters only if
    /// it changes.
    fn wake(record: &Record<Self>, shape: Shape<Self>) -> (Record<Self>, Option<Self::Token>);

    // A block in use.
    fn compose(pos: Pos, shape: Shape<Self>, traits: Traits) -> Record<Self>;
    /// The same block with another length.
    fn reshaped(record: &Record<Self>, shape: Shape<Self>) -> Record<Self>;
    fn index(header: Self::Header, trailer: Self::Trailer) -> Index;
    fn generation(record: &Record<Self>) -> u32;
    /// Bytes at the payload's end that were not asked for, less than a granule.
    fn pad(record: &Record<Self>) -> usize;
    /// All but the padding, in bytes, of a block of which `matches_plain` is true. Metadata that was not
    /// compared may give any number.
    #[inline(always)]
    fn plain_extent(record: &Record<Self>) -> usize {
        let bytes = Self::units(record.header).bytes::<Self>();
        bytes.wrapping_sub(Self::pad(record))
    }
    /// The alignment, in doublings of the granule, or `OFF_GRANULE`.
    fn align(record: &Record<Self>) -> u32;
    fn is_fixed(record: &Record<Self>) -> bool;
    fn is_extended(record: &Record<Self>) -> bool;
    /// Everything the check word protects; what neighbours change is left out.
    fn protected(record: &Record<Self>) -> Self::Protected;

    // A table entry.
    fn entry_is_vacant(entry: Self::Entry) -> bool;
    /// Whether the entry is a block's: neither vacant nor a pin record.
    fn entry_is_live(entry: Self::Entry) -> bool;
    fn entry_pos(entry: Self::Entry) -> Pos;
    /// The position in the entry of a block; of any other, one that no arena has.
    #[inline(always)]
    fn live_pos(entry: Self::Entry) -> Pos {
        if Self::entry_is_live(entry) {
            Self::entry_pos(entry)
        } else {
            Pos::NIL
        }
    }
    /// The position in the entry of a block without alignment; of any other, one that no arena has.
    #[inline(always)]
    fn unaligned_pos(entry: Self::Entry) -> Pos {
        if Self::entry_is_live(entry) && Self::entry_aligned(entry, 0) == entry {
            Self::entry_pos(entry)
        } else {
            Pos::NIL
        }
    }
    fn entry_at(entry: Self::Entry, pos: Pos) -> Self::Entry;
    /// The entry with this alignment, in doublings of the granule.
    fn entry_aligned(entry: Self::Entry, align: u32) -> Self::Entry;
    /// An entry that keeps a count for the block of another number.
    fn pin_record(number: Index, count: u32) -> Self::Entry;
    fn is_pin_record(entry: Self::Entry) -> bool;
    fn pinned_number(entry: Self::Entry) -> Index;
    fn pin_count(entry: Self::Entry) -> u32;
    fn vacant(next: Index, generation: u32) -> Self::Entry;
    fn vacant_next(entry: Self::Entry) -> Index;
    fn vacant_generation(entry: Self::Entry) -> u32;

    // A handle.
    fn token(index: Index, generation: u32) -> Option<Self::Token>;
    fn token_index(token: Self::Token) -> Index;
    fn token_generation(token: Self::Token) -> u32;
    /// Whether header and entry are those that the handle was given out for.
    fn matches(token: Self::Token, record: &Record<Self>) -> bool;
    /// The same, and the block is neither fixed nor extended nor long: one comparison for the common
    /// case.
    fn matches_plain(token: Self::Token, record: &Record<Self>) -> bool;
    /// A header of which `matches_plain` is true, with what that says about it plain to the compiler.
    #[inline(always)]
    fn plain_header(header: Self::Header) -> Self::Header {
        header
    }
}
