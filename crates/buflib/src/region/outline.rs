//! A small heap as a few numbers: all that a walk over its memory does not find.

use core::fmt;

use super::Books;
use crate::arena::{Arena, Form};
use crate::check::Check;
use crate::error::{Corruption, Fault};
use crate::heap::Heap;
use crate::layout::Layout;
use crate::show::show_fields;
use crate::table::Table;
use crate::units::{Index, Pos};

/// What is to be known of a small heap besides its memory: 12 bytes, of which [`Heap::of_outline`] makes the heap
/// again. So a heap whose own state would be larger than its memory need not be kept between two uses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Outline {
    before: u16,
    size: u16,
    tail: u16,
    entries: u16,
    maximum: u16,
    fresh: u8,
    advanced: u8,
}

impl fmt::Debug for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_fields!(self, f, "Outline": before size tail entries maximum fresh advanced)
    }
}

impl Outline {
    /// That of no heap, which no memory fits.
    pub const NONE: Self = Self {
        before: 0,
        size: 0,
        tail: 0,
        entries: 0,
        maximum: 0,
        fresh: 0,
        advanced: 0,
    };
}

impl<'a, L: Layout, C: Check> Heap<'a, L, C> {
    /// The largest buffer that a heap with an [`outline`](Self::outline) can have, in bytes.
    pub const MAX_OUTLINED_BYTES: usize = u16::MAX as usize;

    /// The heap as a few numbers; none if it is too large, or generations are too many for them. Figures of what has
    /// happened are not kept, nor is what blocks were freed in which order. Constant time.
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// use buflib::{Heap, Small};
    /// let mut heap = Heap::<Small>::from_bytes(&mut memory)?;
    /// let handle = heap.alloc(5)?;
    /// heap.get_mut(handle)?.copy_from_slice(b"hello");
    /// let outline = heap.outline().expect("a small heap");
    ///
    /// let heap = Heap::<Small>::of_outline(&mut memory, &outline)?;
    /// assert_eq!(heap.get(handle)?, b"hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn outline(&self) -> Option<Outline> {
        let Form {
            before,
            size,
            tail,
            entries,
        } = self.arena.form();
        let (fresh, advanced) = self.table.generations();
        // Once round is all round.
        let advanced = advanced.min(L::MAX_GENERATION + 1);
        Some(Outline {
            before: before.try_into().ok()?,
            size: size.try_into().ok()?,
            tail: tail.0.try_into().ok()?,
            entries: entries.try_into().ok()?,
            maximum: self.maximum.0.try_into().ok()?,
            fresh: fresh.try_into().ok()?,
            advanced: advanced.try_into().ok()?,
        })
    }

    /// The heap that had this [`outline`](Self::outline), in the memory that it was made of, wherever that is now.
    ///
    /// Everything is checked, as by [`attach`](Self::attach): no bytes and no outline do harm. Linear in the
    /// blocks and the table's entries.
    ///
    /// # Errors
    ///
    /// [`Corruption`] if the memory holds no such heap.
    pub fn of_outline(memory: &'a mut [u8], outline: &Outline) -> Result<Self, Corruption> {
        let form = Form {
            before: outline.before.into(),
            size: outline.size.into(),
            tail: Pos(outline.tail.into()),
            entries: outline.entries.into(),
        };
        let bytes = memory.len();
        let Some((arena, rest)) = Arena::over(memory, &form) else {
            let (found, expected) = (bytes as u64, form.size as u64);
            return Err(Corruption::new(Fault::Length, 0, found, expected));
        };
        let mut heap = Self::from_books(arena, Books::EMPTY);
        let row = heap.check_row()?;
        let entries = heap.check_entries(&row)?;
        let maximum = Index(outline.maximum.into());
        heap.expect_live(maximum)?;
        let generations = (outline.fresh.into(), outline.advanced.into());
        let table = Table::untidy(row.live, &entries, generations);
        heap.adopt(&row, table, maximum)?;
        // Adjacent by construction, and less than an entry unless the memory has grown.
        let _ = heap.take_end(rest);
        Ok(heap)
    }
}
