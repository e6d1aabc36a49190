//! Text that grows, in the store.

use core::fmt;
use core::ops::{Deref, DerefMut};

use super::slot::Row;
use crate::check::{Check, Unchecked};
use crate::error::Error;
use crate::layout::{Layout, Standard};
use crate::show::Quoted;

/// A text in a [`Store`](super::Store) that can grow: what a [`Handle<Text>`](super::Handle) leads to.
///
/// Borrowed like any other value it is a `str`. To make it longer or shorter, borrow it together
/// with its store, by [`Store::text_mut`](super::Store::text_mut).
#[repr(transparent)]
pub struct Text(str);

impl Deref for Text {
    type Target = str;

    #[inline(always)]
    fn deref(&self) -> &str {
        &self.0
    }
}

impl DerefMut for Text {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut str {
        &mut self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Quoted(self).fmt(f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A [`Text`] that can be made longer and shorter, from [`Store::text_mut`](super::Store::text_mut).
///
/// It is a `str`, too, and can be written to with [`write!`]. It grows like a
/// [`VectorMut`](super::VectorMut).
///
/// ```
/// # use core::mem::MaybeUninit;
/// # let mut memory = [MaybeUninit::uninit(); 256];
/// # let mut store: buflib::Store = buflib::Store::new(&mut memory)?;
/// use std::fmt::Write;
/// let title = store.new_text()?;
/// let mut text = store.text_mut(title)?;
/// text.push_str("track ")?;
/// write!(text, "{:02}", 7)?;
/// assert_eq!(text.pop(), Some('7'));
/// assert_eq!(&store[title][..], "track 0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TextMut<'s, 'a, L: Layout = Standard, C: Check = Unchecked> {
    row: Row<'s, 'a, Text, L, C>,
}

impl<'s, 'a, L: Layout, C: Check> TextMut<'s, 'a, L, C> {
    pub(super) fn new(row: Row<'s, 'a, Text, L, C>) -> Self {
        Self { row }
    }

    /// Appends a character.
    ///
    /// # Errors
    ///
    /// As for [`push_str`](Self::push_str).
    pub fn push(&mut self, character: char) -> Result<(), Error> {
        self.push_str(character.encode_utf8(&mut [0; 4]))
    }

    /// Appends a text. Linear in its length, unless this one has to grow.
    ///
    /// # Errors
    ///
    /// As for [`Heap::resize`](crate::Heap::resize). Nothing is appended then.
    pub fn push_str(&mut self, text: &str) -> Result<(), Error> {
        self.row.reserve(text.len())?;
        if self.row.push_str(text) {
            return Ok(());
        }
        Err(Error::TooLarge {
            requested: text.len(),
            limit: self.row.capacity(),
        })
    }

    /// Takes the last character.
    pub fn pop(&mut self) -> Option<char> {
        let last = self.chars().next_back()?;
        self.row.cut(self.len() - last.len_utf8());
        Some(last)
    }

    /// Drops what is behind the first `len` bytes, if there are more.
    ///
    /// # Errors
    ///
    /// [`Error::BadIndex`] if that is within a character. Nothing has changed then.
    pub fn truncate(&mut self, len: usize) -> Result<(), Error> {
        if len >= self.len() || self.row.cut(len) {
            return Ok(());
        }
        Err(Error::BadIndex {
            index: len,
            len: self.len(),
        })
    }

    /// Drops all of it.
    pub fn clear(&mut self) {
        self.row.cut(0);
    }

    /// Makes room for so many more bytes.
    ///
    /// # Errors
    ///
    /// As for [`Heap::resize`](crate::Heap::resize).
    pub fn reserve(&mut self, more: usize) -> Result<(), Error> {
        self.row.reserve(more)
    }

    /// Gives back what room there is for more bytes, up to the granule.
    ///
    /// # Errors
    ///
    /// As for [`Heap::resize`](crate::Heap::resize).
    pub fn shrink_to_fit(&mut self) -> Result<(), Error> {
        self.row.shrink_to_fit()
    }

    /// How many bytes there is room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.row.capacity()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self
    }
}

impl<L: Layout, C: Check> Deref for TextMut<'_, '_, L, C> {
    type Target = str;

    #[inline(always)]
    fn deref(&self) -> &str {
        self.row.get()
    }
}

impl<L: Layout, C: Check> DerefMut for TextMut<'_, '_, L, C> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut str {
        self.row.get_mut()
    }
}

/// Fails if there is no room; what was written before stays.
impl<L: Layout, C: Check> fmt::Write for TextMut<'_, '_, L, C> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text).map_err(|_| fmt::Error)
    }
}

impl<L: Layout, C: Check> fmt::Debug for TextMut<'_, '_, L, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Quoted(self).fmt(f)
    }
}
