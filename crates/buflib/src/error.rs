//! What can go wrong, as values that say what was found, where, and what was expected.

use core::fmt;

use crate::store::TypeName;

/// Why an operation on a heap was refused. Nothing has changed when one is returned, except that
/// blocks may have been moved together in the attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no room, even after compaction.
    Exhausted {
        /// Bytes asked for.
        requested: usize,
        /// Bytes free in total, each block's own overhead not yet taken off.
        free: usize,
        /// Bytes in the largest piece of free space that is known of.
        contiguous: usize,
    },
    /// The request is beyond what the layout can express, whatever is free.
    TooLarge {
        /// Bytes asked for.
        requested: usize,
        /// The largest payload that the layout can express, in bytes.
        limit: usize,
    },
    /// As many handles are live as the layout can number.
    HandlesExhausted {
        /// How many that is.
        limit: usize,
    },
    /// The alignment is not a power of two, or larger than a page of 4096 bytes.
    BadAlignment {
        /// Bytes asked for.
        requested: usize,
    },
    /// The name is longer than 255 bytes.
    NameTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The whole rest is taken: the handle is that of the block that
    /// [`alloc_maximum`](crate::Heap::alloc_maximum) gave out, until it is freed or made smaller.
    MaximumHeld {
        /// The number of the handle that holds the rest.
        number: usize,
    },
    /// The handle is not that of a live block of this heap.
    BadHandle {
        /// The handle's number.
        number: usize,
        /// The handle's generation.
        generation: u32,
        /// What stands under that number.
        found: Found,
    },
    /// Two of the handles are the same.
    SameHandle {
        /// Their number.
        number: usize,
    },
    /// The part of a payload that should be kept is not within it.
    OutsidePayload {
        /// Where the part starts, in bytes from the payload's start.
        start: usize,
        /// Where it ends.
        end: usize,
        /// The payload's length in bytes.
        len: usize,
    },
    /// The block is pinned, so it cannot be freed.
    Pinned {
        /// The number of its handle.
        number: usize,
        /// How many pins it has.
        pins: usize,
    },
    /// The block is not pinned, so it cannot be unpinned.
    NotPinned {
        /// The number of its handle.
        number: usize,
    },
    /// The block has as many pins as the layout can count.
    TooManyPins {
        /// The number of its handle.
        number: usize,
        /// How many that is.
        limit: usize,
    },
    /// The payload cannot be seen as values of this type: its length is not a whole number of them,
    /// or it does not start at their alignment.
    Misfit {
        /// The payload's length in bytes.
        len: usize,
        /// The size of a value in bytes.
        size: usize,
        /// The alignment of a value in bytes.
        align: usize,
    },
    /// The handle leads to a value of another type: it is stale, or of another
    /// [`Store`](crate::Store).
    WrongType {
        /// The handle's number.
        number: usize,
        /// The type of the value under that number.
        found: TypeName,
        /// The type that the handle is for.
        expected: TypeName,
    },
    /// The place is not within a list of values, or within a character of a text.
    BadIndex {
        /// The place.
        index: usize,
        /// The length.
        len: usize,
    },
    /// The heap's metadata is damaged.
    Corrupt(Corruption),
}

/// What was found under the number of a handle that is not live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Found {
    /// The number is beyond the table's length.
    OutsideTable {
        /// Entries in the table.
        entries: usize,
    },
    /// The entry is vacant: the block was freed.
    Vacant,
    /// The entry belongs to a later (or another heap's) block.
    Generation(u32),
}

/// The first thing found wrong in the metadata of a heap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corruption {
    /// What is wrong.
    pub fault: Fault,
    /// Where it is, in bytes from the start of the arena.
    pub at: usize,
    /// What stands there.
    pub found: u64,
    /// What was expected there.
    pub expected: u64,
}

/// The kinds of damage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// A table entry or a link points outside the blocks. Found: the position. Expected: the end of blocks.
    Position,
    /// A block's length is zero or reaches past the end of blocks. Found: the length. Expected: the most it can be.
    Length,
    /// A block's header and its table entry disagree. Found: the position in the entry. Expected: the block's.
    BackLink,
    /// A block in use stands where a free one should, or the other way round. Found and expected: the header word, or zero.
    Kind,
    /// A free block's footer disagrees with its header. Found: the footer. Expected: the length.
    Footer,
    /// The mark that says whether the block in front is free is wrong. Found: the mark. Expected: the state.
    FollowsFree,
    /// A list of free blocks or vacant entries is broken. Found: the link. Expected: what it should be.
    List,
    /// The check word does not match. Found: the stored word. Expected: the computed one.
    CheckWord,
    /// A block is not where its alignment allows. Found: how many granules off, or its alignment.
    Alignment,
    /// A block's extension (its name), or the byte in front of a payload that says where it starts, makes no sense. Found: the word.
    /// Expected: the most it can be.
    Extension,
    /// A count kept beside the arena disagrees with the blocks. Found: counted. Expected: kept.
    Count,
}

/// Why a buffer cannot become a heap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// Once aligned inward, the buffer cannot hold even one empty block.
    TooSmall {
        /// Bytes in the buffer.
        bytes: usize,
        /// Bytes that are enough for any buffer, however aligned.
        needed: usize,
    },
    /// The buffer is larger than the layout can address.
    TooLarge {
        /// Bytes in the buffer.
        bytes: usize,
        /// The most bytes that the layout can address.
        limit: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Exhausted {
                requested,
                free,
                contiguous,
            } => write!(
                f,
                "no room for {requested} bytes: {free} bytes are free, {contiguous} of them in one piece"
            ),
            Self::TooLarge { requested, limit } => {
                write!(
                    f,
                    "{requested} bytes are more than the layout's largest payload of {limit} bytes"
                )
            }
            Self::HandlesExhausted { limit } => write!(f, "all {limit} handles are in use"),
            Self::BadAlignment { requested } => {
                write!(f, "alignment {requested} is not a power of two up to 4096")
            }
            Self::NameTooLong { length } => {
                write!(f, "a name of {length} bytes, where 255 is the most")
            }
            Self::MaximumHeld { number } => {
                write!(
                    f,
                    "all free space is held by handle #{number} until it is freed or made smaller"
                )
            }
            Self::BadHandle {
                number,
                generation,
                found,
            } => {
                write!(f, "handle #{number}.{generation} is not live: ")?;
                match found {
                    Found::OutsideTable { entries } => write!(f, "the table has {entries} entries"),
                    Found::Vacant => write!(f, "its entry is vacant"),
                    Found::Generation(other) => write!(f, "its entry is in generation {other}"),
                }
            }
            Self::SameHandle { number } => write!(f, "handle #{number} was given twice"),
            Self::OutsidePayload { start, end, len } => {
                write!(
                    f,
                    "bytes {start}..{end} are not within a payload of {len} bytes"
                )
            }
            Self::Pinned { number, pins } => write!(f, "handle #{number} is pinned (pins: {pins})"),
            Self::NotPinned { number } => write!(f, "handle #{number} is not pinned"),
            Self::TooManyPins { number, limit } => {
                write!(
                    f,
                    "handle #{number} has {limit} pins, which is the most there can be"
                )
            }
            Self::Misfit { len, size, align } => {
                write!(
                    f,
                    "a payload of {len} bytes cannot be seen as values of {size} bytes aligned to {align}"
                )
            }
            Self::WrongType {
                number,
                found,
                expected,
            } => write!(
                f,
                "handle #{number} leads to a value of type {found}, not {expected}"
            ),
            Self::BadIndex { index, len } => {
                write!(f, "{index} is not a place in what is {len} long")
            }
            Self::Corrupt(corruption) => corruption.fmt(f),
        }
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.fault {
            Fault::Position => "a position outside the blocks",
            Fault::Length => "an impossible block length",
            Fault::BackLink => "a header that its table entry does not point to",
            Fault::Kind => "a block of another kind",
            Fault::Footer => "a footer unlike its header",
            Fault::FollowsFree => "a wrong mark about the block in front",
            Fault::List => "a broken list",
            Fault::CheckWord => "a wrong check word",
            Fault::Alignment => "a block off its alignment",
            Fault::Extension => "an impossible extension",
            Fault::Count => "a wrong count",
        };
        write!(
            f,
            "damaged metadata at byte {}: {what}, found {:#x}, expected {:#x}",
            self.at, self.found, self.expected
        )
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooSmall { bytes, needed } => {
                write!(
                    f,
                    "a buffer of {bytes} bytes is too small: {needed} are enough however aligned"
                )
            }
            Self::TooLarge { bytes, limit } => {
                write!(
                    f,
                    "a buffer of {bytes} bytes is more than the {limit} that the layout can address"
                )
            }
        }
    }
}

impl core::error::Error for Error {}
impl core::error::Error for Corruption {}
impl core::error::Error for BuildError {}

impl From<Corruption> for Error {
    #[inline]
    fn from(corruption: Corruption) -> Self {
        Self::Corrupt(corruption)
    }
}

impl Corruption {
    /// Out of line, so that the checks themselves stay small.
    #[cold]
    #[inline(never)]
    pub(crate) fn new(fault: Fault, at: usize, found: u64, expected: u64) -> Self {
        Self {
            fault,
            at,
            found,
            expected,
        }
    }
}

/// Damage that was noticed in passing. The full check finds out which it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Broken;

impl From<Corruption> for Broken {
    fn from(_: Corruption) -> Self {
        Self
    }
}
