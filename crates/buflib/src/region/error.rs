//! Why an arena cannot be moved, or bytes cannot become a heap.

use core::fmt;

use crate::error::Corruption;
use crate::show::Quoted;

/// Why an operation on the arena as a whole was refused. Nothing has changed when one is returned,
/// except that blocks may have been moved together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RegionError {
    /// A block that may never move is in the way.
    Immovable {
        /// The number of its handle.
        number: usize,
        /// Where it starts, in bytes from the arena's start.
        offset: usize,
    },
    /// A block would be off its alignment.
    Misaligned {
        /// The number of its handle.
        number: usize,
        /// Its alignment in bytes: everything may be moved by multiples of that.
        align: usize,
        /// How many bytes everything would move by, to a higher address or, negative, a lower one.
        distance: isize,
    },
    /// The memory is not where the arena can be: its granules would be off theirs.
    Address {
        /// The address modulo the size of a granule.
        remainder: usize,
        /// What that must be.
        expected: usize,
    },
    /// The memory is too small.
    TooSmall {
        /// Bytes there are.
        bytes: usize,
        /// Bytes that are enough there.
        needed: usize,
    },
    /// The memory is larger than the layout can address.
    TooLarge {
        /// Bytes there would be.
        bytes: usize,
        /// The most bytes that the layout can address.
        limit: usize,
    },
    /// The memory does not lie beside the arena, or this heap did not give it out there.
    NotAdjacent {
        /// The address of its edge.
        found: usize,
        /// The address of the arena's edge.
        expected: usize,
    },
    /// The heap's metadata is damaged.
    Corrupt(Corruption),
}

/// Why bytes are not attached to as a heap. They have not been changed.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttachError {
    /// There are fewer bytes than an image's record has.
    TooShort {
        /// Bytes there are.
        bytes: usize,
        /// Bytes of a record.
        needed: usize,
    },
    /// There is no record at the end of the bytes: this is no image, or not all of it, or one that
    /// was attached to before.
    NotAnImage,
    /// The image was written by a machine of another byte order.
    ByteOrder,
    /// The image has another version of the format.
    Version {
        /// The image's.
        found: u32,
        /// This library's.
        expected: u32,
    },
    /// The record's check word does not match.
    Record {
        /// What is stored.
        stored: u64,
        /// What is computed.
        computed: u64,
    },
    /// The image is that of another layout.
    Layout {
        /// The name in the image, filled up with zeros.
        found: [u8; 8],
        /// The name of this layout.
        expected: &'static str,
    },
    /// The image has check words and this heap has none, or the other way round.
    CheckWord {
        /// Whether the image has.
        found: bool,
    },
    /// The image has another length.
    Length {
        /// Bytes there are.
        bytes: usize,
        /// Bytes of the image.
        expected: u64,
    },
    /// A number in the record is impossible.
    Number {
        /// Which it is.
        field: &'static str,
        /// The number.
        found: u64,
        /// The most it can be.
        limit: u64,
    },
    /// The image does not lie where its blocks are aligned as they must be.
    Address {
        /// The address modulo `modulus`.
        remainder: usize,
        /// What that must be.
        expected: usize,
        /// The size of a granule, or a page if blocks are aligned to more than a granule.
        modulus: usize,
    },
    /// The arena's metadata is damaged.
    Corrupt(Corruption),
}

/// An error, with what was handed in.
#[derive(Clone, Copy, Debug)]
pub struct Refused<T> {
    /// What was refused, as it was.
    pub returned: T,
    /// Why.
    pub error: RegionError,
}

impl<T> Refused<T> {
    pub(super) fn new(returned: T, error: RegionError) -> Self {
        Self { returned, error }
    }
}

impl<T> From<Refused<T>> for RegionError {
    fn from(refused: Refused<T>) -> Self {
        refused.error
    }
}

impl From<Corruption> for AttachError {
    fn from(corruption: Corruption) -> Self {
        Self::Corrupt(corruption)
    }
}

impl fmt::Display for RegionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Immovable { number, offset } => {
                write!(f, "block #{number} at byte {offset} may never move")
            }
            Self::Misaligned {
                number,
                align,
                distance,
            } => write!(
                f,
                "block #{number} is aligned to {align} bytes and cannot move by {distance}"
            ),
            Self::Address {
                remainder,
                expected,
            } => write!(
                f,
                "an address {remainder} bytes behind a granule's, where {expected} are needed"
            ),
            Self::TooSmall { bytes, needed } => {
                write!(f, "{bytes} bytes are too small: {needed} are needed there")
            }
            Self::TooLarge { bytes, limit } => {
                write!(
                    f,
                    "{bytes} bytes are more than the {limit} that the layout can address"
                )
            }
            Self::NotAdjacent { found, expected } => write!(
                f,
                "memory up to or from {found:#x}, where this heap gave none out: its own ends at {expected:#x}"
            ),
            Self::Corrupt(corruption) => corruption.fmt(f),
        }
    }
}

impl fmt::Debug for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pair = |f: &mut fmt::Formatter<'_>, variant, fields: [(&str, &dyn fmt::Debug); 2]| {
            let [(one, value), (other, its)] = fields;
            f.debug_struct(variant)
                .field(one, value)
                .field(other, its)
                .finish()
        };
        match self {
            Self::TooShort { bytes, needed } => {
                pair(f, "TooShort", [("bytes", bytes), ("needed", needed)])
            }
            Self::NotAnImage => f.write_str("NotAnImage"),
            Self::ByteOrder => f.write_str("ByteOrder"),
            Self::Version { found, expected } => {
                pair(f, "Version", [("found", found), ("expected", expected)])
            }
            Self::Record { stored, computed } => {
                pair(f, "Record", [("stored", stored), ("computed", computed)])
            }
            Self::Layout { found, expected } => pair(
                f,
                "Layout",
                [("found", found), ("expected", &Quoted(expected))],
            ),
            Self::CheckWord { found } => f.debug_struct("CheckWord").field("found", found).finish(),
            Self::Length { bytes, expected } => {
                pair(f, "Length", [("bytes", bytes), ("expected", expected)])
            }
            Self::Number {
                field,
                found,
                limit,
            } => f
                .debug_struct("Number")
                .field("field", &Quoted(field))
                .field("found", found)
                .field("limit", limit)
                .finish(),
            Self::Address {
                remainder,
                expected,
                modulus,
            } => f
                .debug_struct("Address")
                .field("remainder", remainder)
                .field("expected", expected)
                .field("modulus", modulus)
                .finish(),
            Self::Corrupt(corruption) => f.debug_tuple("Corrupt").field(corruption).finish(),
        }
    }
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooShort { bytes, needed } => {
                write!(
                    f,
                    "{bytes} bytes are no image: its record alone has {needed}"
                )
            }
            Self::NotAnImage => write!(f, "no record at the end: not an image, or not all of it"),
            Self::ByteOrder => write!(f, "an image of a machine of another byte order"),
            Self::Version { found, expected } => {
                write!(f, "an image of version {found}, where {expected} is read")
            }
            Self::Record { stored, computed } => write!(
                f,
                "a damaged record: its check word is {stored:#x}, expected {computed:#x}"
            ),
            Self::Layout { found, expected } => {
                let name = found.split(|&byte| byte == 0).next().unwrap_or_default();
                write!(
                    f,
                    "an image of the layout \"{}\", where {expected} is read",
                    name.escape_ascii()
                )
            }
            Self::CheckWord { found: true } => write!(f, "an image with check words"),
            Self::CheckWord { found: false } => write!(f, "an image without check words"),
            Self::Length { bytes, expected } => {
                write!(f, "{bytes} bytes of an image of {expected}")
            }
            Self::Number {
                field,
                found,
                limit,
            } => write!(
                f,
                "an impossible record: {field} is {found}, where {limit} is the most"
            ),
            Self::Address {
                remainder,
                expected,
                modulus,
            } => write!(
                f,
                "an image whose address is {remainder} modulo {modulus}, where it must be {expected}"
            ),
            Self::Corrupt(corruption) => corruption.fmt(f),
        }
    }
}

impl<T> fmt::Display for Refused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl core::error::Error for RegionError {}
impl core::error::Error for AttachError {}
impl<T: fmt::Debug> core::error::Error for Refused<T> {}
