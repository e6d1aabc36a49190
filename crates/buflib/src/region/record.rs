//! What an image says about its arena: numbers behind it.

use super::AttachError;
use crate::arena::Form;
use crate::check::{self, Check};
use crate::layout::Layout;
use crate::units::Pos;

/// The order of fields is that in which they are stored, each in eight bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    /// Bytes of the image in front of the arena.
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) tail: u64,
    pub(super) entries: u64,
    /// The number of the handle that holds the rest of the heap.
    pub(super) maximum: u64,
    /// The generation that new entries start from in the lower half, how far it has come in the upper.
    pub(super) generations: u64,
    /// The address of the arena modulo a page, for blocks aligned to more than a granule.
    pub(super) place: u64,
}

const WORDS: usize = 12;
const WORD: usize = 8;
const MAGIC: [u8; WORD] = *b"buflib\r\n";
/// Reads as something else on a machine of another byte order.
const ORDER: u64 = 0x0102_0304_0506_0708;
const VERSION: u32 = 1;

impl Record {
    pub(super) const BYTES: usize = WORDS * WORD;

    pub(super) fn generations(&self) -> (u32, u32) {
        (self.generations as u32, (self.generations >> 32) as u32)
    }

    pub(super) fn encode<L: Layout, C: Check>(&self) -> [u8; Self::BYTES] {
        let mut words = [
            u64::from_ne_bytes(MAGIC),
            ORDER,
            u64::from_ne_bytes(name::<L>()),
            version::<C>(),
            self.offset,
            self.size,
            self.tail,
            self.entries,
            self.maximum,
            self.generations,
            self.place,
            0,
        ];
        let digest = digest(&words);
        if let Some(last) = words.last_mut() {
            *last = digest;
        }
        let mut bytes = [0; Self::BYTES];
        for (to, byte) in bytes
            .iter_mut()
            .zip(words.into_iter().flat_map(u64::to_ne_bytes))
        {
            *to = byte;
        }
        bytes
    }

    /// Reads the record at the end of an image, if it is one for this kind of heap and machine. Its
    /// numbers may be anything.
    pub(super) fn decode<L: Layout, C: Check>(image: &[u8]) -> Result<Self, AttachError> {
        let Some(bytes) = image.last_chunk::<{ Self::BYTES }>() else {
            return Err(AttachError::TooShort {
                bytes: image.len(),
                needed: Self::BYTES,
            });
        };
        let mut words = [0; WORDS];
        let mut rest = bytes.as_slice();
        for word in &mut words {
            if let Some((from, behind)) = rest.split_first_chunk::<WORD>() {
                *word = u64::from_ne_bytes(*from);
                rest = behind;
            }
        }
        let [
            magic,
            order,
            layout,
            kind,
            offset,
            size,
            tail,
            entries,
            maximum,
            generations,
            place,
            stored,
        ] = words;
        if magic.to_ne_bytes() != MAGIC {
            return Err(AttachError::NotAnImage);
        }
        if order == ORDER.swap_bytes() {
            return Err(AttachError::ByteOrder);
        }
        // Another version may have another check word.
        let found = kind as u32;
        if found != VERSION {
            return Err(AttachError::Version {
                found,
                expected: VERSION,
            });
        }
        let computed = digest(&words);
        if stored != computed || order != ORDER {
            return Err(AttachError::Record { stored, computed });
        }
        if layout.to_ne_bytes() != name::<L>() {
            return Err(AttachError::Layout {
                found: layout.to_ne_bytes(),
                expected: L::NAME,
            });
        }
        if kind != version::<C>() {
            return Err(AttachError::CheckWord { found: !C::ENABLED });
        }
        Ok(Self {
            offset,
            size,
            tail,
            entries,
            maximum,
            generations,
            place,
        })
    }

    /// Where the arena is in an image of so many bytes, its numbers within the limits of the layout.
    pub(super) fn form<L: Layout>(&self, bytes: usize) -> Result<Form, AttachError> {
        let length = self
            .offset
            .saturating_add(self.size)
            .saturating_add(Self::BYTES as u64);
        if length != bytes as u64 {
            return Err(AttachError::Length {
                bytes,
                expected: length,
            });
        }
        Ok(Form {
            before: number("offset", self.offset, L::GRANULE - 1)?,
            size: number("size", self.size, L::MAX_ARENA_BYTES)?,
            tail: Pos(number("tail", self.tail, L::MAX_POS)?),
            entries: number("entries", self.entries, L::MAX_INDEX)?,
        })
    }
}

/// A number that is not more than `limit`.
pub(super) fn number(field: &'static str, found: u64, limit: usize) -> Result<usize, AttachError> {
    match usize::try_from(found) {
        Ok(number) if number <= limit => Ok(number),
        _ => Err(AttachError::Number {
            field,
            found,
            limit: limit as u64,
        }),
    }
}

fn name<L: Layout>() -> [u8; WORD] {
    const { assert!(L::NAME.len() <= WORD) };
    let mut name = [0; WORD];
    name.iter_mut()
        .zip(L::NAME.bytes())
        .for_each(|(to, from)| *to = from);
    name
}

/// The version of the format in the lower half, whether there are check words in the upper.
fn version<C: Check>() -> u64 {
    u64::from(VERSION) | u64::from(C::ENABLED) << 32
}

/// CRC-32C of all bytes in front of the last word.
fn digest(words: &[u64; WORDS]) -> u64 {
    let [words @ .., _] = words;
    check::digest(&words.map(|word| u64::from_le_bytes(word.to_ne_bytes()))).into()
}
