//! What some blocks carry at their end: a name, and who owns them.
//!
//! ```text
//! | header | payload | pad | name, filled up to a granule | zeros | tag | abilities | 0 | 0 | length of the name |
//!                                                         | the last granule                                  |
//! ```
//!
//! A block without either pays nothing. The extension stays at the block's end when the block is
//! moved or changes its length.

use crate::layout::Encoding;

/// The trailer: tag, abilities, two zeros, length of the name.
const TRAILER: usize = 8;
const TAG: usize = 4;
const OWNED: u8 = 1;
const SHRINKS: u8 = 2;

/// Room for the longest extension of any layout.
pub(crate) const MOST_BYTES: usize = 256 + 16;

/// Who answers for a block, as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ownership {
    /// The tag's bits.
    pub(crate) tag: u32,
    /// Whether the owner may be asked to shrink the block.
    pub(crate) shrinks: bool,
}

/// An extension's contents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Extension<'n> {
    /// Up to 255 bytes; empty for none.
    pub(crate) name: &'n [u8],
    pub(crate) owner: Option<Ownership>,
}

impl<'n> Extension<'n> {
    pub(crate) const NONE: Self = Self {
        name: &[],
        owner: None,
    };

    pub(crate) fn is_empty(&self) -> bool {
        self.name.is_empty() && self.owner.is_none()
    }

    /// Bytes that the extension takes of its block: whole granules.
    pub(crate) fn bytes<L: Encoding>(&self) -> usize {
        if self.is_empty() {
            return 0;
        }
        Self::bytes_for::<L>(self.name.len())
    }

    fn bytes_for<L: Encoding>(name: usize) -> usize {
        L::GRANULE + name.next_multiple_of(L::GRANULE)
    }

    /// Writes the extension at the end of what is behind a block's header.
    pub(crate) fn write<L: Encoding>(&self, behind: &mut [u8]) {
        let start = behind.len().saturating_sub(self.bytes::<L>());
        let Some(to) = behind.get_mut(start..) else {
            return;
        };
        to.fill(0);
        if let Some(to) = to.get_mut(..self.name.len()) {
            // Not a copy between slices: that could panic, as far as the compiler sees when it optimises for size.
            for (to, &from) in to.iter_mut().zip(self.name) {
                *to = from;
            }
        }
        let Some(trailer) = to.last_chunk_mut::<TRAILER>() else {
            return;
        };
        let [tag @ .., abilities, _, _, length] = trailer;
        *length = self.name.len() as u8;
        if let Some(owner) = self.owner {
            let tag: &mut [u8; TAG] = tag;
            *tag = owner.tag.to_ne_bytes();
            *abilities = OWNED | if owner.shrinks { SHRINKS } else { 0 };
        }
    }

    /// The bytes of the extension at the end of what is behind a block's header, in front of
    /// `pad` free bytes at the most; the length of the name that stands there if they make no sense.
    pub(crate) fn find<L: Encoding>(behind: &[u8], pad: usize) -> Result<&[u8], usize> {
        let name = behind.last().map_or(0, |&length| length.into());
        let start = behind
            .len()
            .checked_sub(Self::bytes_for::<L>(name))
            .filter(|&start| start >= pad);
        start.and_then(|start| behind.get(start..)).ok_or(name)
    }

    /// What the bytes that [`find`](Self::find) has found say.
    pub(crate) fn read(bytes: &'n [u8]) -> Option<Self> {
        let trailer = bytes.last_chunk::<TRAILER>()?;
        let [tag @ .., abilities, 0, 0, length] = trailer else {
            return None;
        };
        let tag: &[u8; TAG] = tag;
        let extension = Self {
            name: bytes.get(..usize::from(*length))?,
            owner: (abilities & OWNED != 0).then_some(Ownership {
                tag: u32::from_ne_bytes(*tag),
                shrinks: abilities & SHRINKS != 0,
            }),
        };
        (abilities & !(OWNED | SHRINKS) == 0 && !extension.is_empty()).then_some(extension)
    }
}
