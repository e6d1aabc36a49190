//! Buffers for heaps, and what payloads are filled with.

use buflib::{Check, Heap, Layout};

/// What a fresh buffer is filled with.
const FILLER: u8 = 0xaa;
/// The first payload is at a multiple of this.
const PAGE: usize = 4096;

/// A buffer of which a heap uses every byte, if its length is one that [`arena_bytes`] has told.
pub(crate) struct Memory {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl Memory {
    pub(crate) fn new<L: Layout>(len: usize) -> Self {
        let bytes = vec![FILLER; len + 2 * PAGE];
        let address = bytes.as_ptr().addr() + L::HEADER_BYTES;
        let start = address.next_multiple_of(PAGE) - address;
        Self { bytes, start, len }
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..][..self.len]
    }

    /// The same, as if it had never been used.
    pub(crate) fn fresh_bytes(&mut self) -> &mut [u8] {
        let bytes = self.bytes();
        bytes.fill(FILLER);
        bytes
    }
}

/// Bytes of a table entry, check word included.
pub(crate) fn entry_bytes<L: Layout, C: Check>() -> usize {
    Heap::<L, C>::METADATA_BYTES - L::HEADER_BYTES - L::TRAILER_BYTES
}

/// The arena in which so many blocks of so many granules altogether fit, and not a granule more.
pub(crate) fn arena_bytes<L: Layout, C: Check>(blocks: usize, granules: usize) -> usize {
    granules * L::GRANULE_BYTES + L::HEADER_BYTES + blocks * entry_bytes::<L, C>()
}

/// Granules of a block with so many bytes of payload, and others that go with it.
pub(crate) fn granules<L: Layout>(bytes: usize) -> usize {
    let short = (L::HEADER_BYTES + bytes).div_ceil(L::GRANULE_BYTES);
    if short * L::GRANULE_BYTES < L::LONG_BYTES {
        return short;
    }
    (L::HEADER_BYTES + L::TRAILER_BYTES + bytes).div_ceil(L::GRANULE_BYTES)
}

/// The payload that fills a block of so many granules to the last byte.
pub(crate) fn payload<L: Layout>(granules: usize) -> usize {
    let bytes = granules * L::GRANULE_BYTES;
    let trailer = if bytes < L::LONG_BYTES {
        0
    } else {
        L::TRAILER_BYTES
    };
    bytes - L::HEADER_BYTES - trailer
}

/// Bytes that payloads are cut from. Of two stamps the bytes differ, all along.
pub(crate) struct Pattern {
    bytes: Vec<u8>,
}

impl Pattern {
    /// A prime, so that payloads that were moved by a power of two are not taken for the right ones.
    const PERIOD: usize = 251;

    /// For payloads of up to so many bytes.
    pub(crate) fn new(most: usize) -> Self {
        let bytes = (0..most + Self::PERIOD).map(|i| (i % Self::PERIOD) as u8);
        Self {
            bytes: bytes.collect(),
        }
    }

    /// What a block with this stamp holds.
    pub(crate) fn of(&self, stamp: usize, len: usize) -> &[u8] {
        let start = stamp.wrapping_mul(37) % Self::PERIOD;
        &self.bytes[start..][..len]
    }
}
