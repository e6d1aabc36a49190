//! A heap as bytes: an image, and the way back.

use super::record::{Record, number};
use super::{AttachError, Books, Refused, RegionError};
use crate::arena::{Arena, Form};
use crate::check::Check;
use crate::error::{Corruption, Fault};
use crate::heap::{Heap, MAX_ALIGN};
use crate::inspect::{Counters, Row};
use crate::layout::Layout;
use crate::table::Table;
use crate::units::Index;
use crate::usage::Usage;

impl<'a, L: Layout, C: Check> Heap<'a, L, C> {
    /// Bytes that an image has beside the arena itself: the record behind it.
    pub const RECORD_BYTES: usize = Record::BYTES;

    /// Bytes in front of the arena in an image that [`save_into`](Self::save_into) has made, so that
    /// an image at a multiple of the granule has its payloads at such.
    const LEAD: usize = L::GRANULE - L::HEADER;

    /// How many bytes [`save_into`](Self::save_into) writes: the arena's, free space included, and
    /// about a hundred more. Constant time.
    ///
    /// An image is the smaller, the less free space there is: [`give_end`](Self::give_end) can
    /// take that away before, and [`copy_to`](Self::copy_to) give the heap more again afterwards.
    #[must_use]
    pub fn image_bytes(&self) -> usize {
        Self::LEAD + self.arena.size() + Record::BYTES
    }

    /// Writes an image of the heap to the front of `to`, for [`attach`](Self::attach), and tells how
    /// many bytes it has. Whatever is free between the blocks and the handle table is zero there.
    /// Linear in the arena's bytes.
    ///
    /// # Errors
    ///
    /// [`RegionError::TooSmall`] if `to` has less than [`image_bytes`](Self::image_bytes).
    ///
    /// ```
    /// use buflib::{Heap, Standard};
    /// # let mut memory = [0; 1024];
    /// let mut heap = Heap::<Standard>::from_bytes(&mut memory)?;
    /// let handle = heap.alloc(5)?;
    /// heap.get_mut(handle)?.copy_from_slice(b"hello");
    /// let mut image = vec![0; heap.image_bytes()];
    /// heap.save_into(&mut image)?;
    ///
    /// let again = Heap::<Standard>::attach(&mut image)?;
    /// assert_eq!(again.get(handle)?, b"hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save_into(&self, to: &mut [u8]) -> Result<usize, RegionError> {
        let (row, table) = (self.arena.row(), self.arena.table());
        let needed = self.image_bytes();
        let too_small = RegionError::TooSmall {
            bytes: to.len(),
            needed,
        };
        let record = self.record(Self::LEAD).encode::<L, C>();
        let image = to.get_mut(..needed).ok_or(too_small)?;
        let (lead, rest) = image.split_at_mut_checked(Self::LEAD).ok_or(too_small)?;
        let (blocks, rest) = rest.split_at_mut_checked(row.len()).ok_or(too_small)?;
        let free = self.arena.room();
        let (unused, rest) = rest.split_at_mut_checked(free).ok_or(too_small)?;
        let (entries, rest) = rest.split_at_mut_checked(table.len()).ok_or(too_small)?;
        lead.fill(0);
        copy(blocks, row);
        unused.fill(0);
        copy(entries, table);
        copy(rest, &record);
        Ok(needed)
    }

    /// Makes the heap's own memory an image, for [`attach`](Self::attach), where it lies: to be kept
    /// in memory that survives a reset, or written to a file. The record takes
    /// [`RECORD_BYTES`](Self::RECORD_BYTES) of free space for as long.
    ///
    /// Linear in the table's entries and in bytes that were never in use, and as
    /// [`compact`](Self::compact) if space must be gathered for the record.
    ///
    /// # Errors
    ///
    /// With the heap given back: [`RegionError::TooSmall`] if there is no room for the record,
    /// [`RegionError::Corrupt`] if damaged metadata was met in making it.
    #[allow(
        clippy::result_large_err,
        reason = "there is nowhere else to leave the heap"
    )]
    pub fn into_image(mut self) -> Result<&'a mut [u8], Refused<Self>> {
        let mut end = match self.give_end(Record::BYTES) {
            Ok(end) => end,
            Err(error) => return Err(Refused::new(self, error)),
        };
        if end.len() < Record::BYTES {
            let bytes = end.len();
            let needed = Record::BYTES;
            let _ = self.take_end(end);
            return Err(Refused::new(self, RegionError::TooSmall { bytes, needed }));
        }
        let record = self.record(self.arena.skipped()).encode::<L, C>();
        copy(&mut end, &record);
        let books = self.books();
        self.arena.into_bytes(end).map_err(|arena| {
            // Not reached: what was given out last is behind the arena.
            let (bytes, needed) = (0, Record::BYTES);
            Refused::new(
                Heap::from_books(arena, books),
                RegionError::TooSmall { bytes, needed },
            )
        })
    }

    fn record(&self, offset: usize) -> Record {
        let Form {
            size,
            tail,
            entries,
            ..
        } = self.arena.form();
        let (fresh, advanced) = self.table.generations();
        Record {
            offset: offset as u64,
            size: size as u64,
            tail: tail.0 as u64,
            entries: entries as u64,
            maximum: self.maximum.0 as u64,
            generations: u64::from(fresh) | u64::from(advanced) << 32,
            place: (self.arena.base() % MAX_ALIGN) as u64,
        }
    }

    /// Makes a heap of an image, in place: of bytes that [`save_into`](Self::save_into) or
    /// [`into_image`](Self::into_image) made, by another process, before a reset, at another
    /// address. All blocks are there under the same handles, immovable ones where they were in
    /// relation to the others. The record's bytes become free space: what is attached to is no image
    /// any more.
    ///
    /// Everything is checked first: no bytes do harm. Linear in the image's blocks and table
    /// entries, whatever they say. What is not found is what still makes sense: changed payloads, and,
    /// without check words, changed metadata that fits together.
    ///
    /// The image must lie at a multiple of the granule if `save_into` made it; with the same
    /// remainder as before if `into_image` did; with the same remainder by a page if there are blocks
    /// aligned to more than a granule.
    ///
    /// # Errors
    ///
    /// [`AttachError`], and the bytes are as they were.
    pub fn attach(bytes: &'a mut [u8]) -> Result<Self, AttachError> {
        let record = Record::decode::<L, C>(bytes)?;
        let form = record.form::<L>(bytes.len())?;
        let address = bytes.as_ptr().addr();
        let maximum = number("maximum", record.maximum, form.entries)?;
        let generations = record.generations();
        number(
            "generation",
            generations.0.into(),
            L::MAX_GENERATION as usize,
        )?;
        expect_remainder(address, Self::LEAD.wrapping_sub(form.before), L::GRANULE)?;
        let Some((arena, mut rest)) = Arena::over(bytes, &form) else {
            // What depends on two others.
            return Err(AttachError::Number {
                field: "the tail beside size and entries",
                found: record.tail,
                limit: record.size / L::GRANULE as u64,
            });
        };
        let mut heap = Self::from_books(arena, Books::EMPTY);
        let row = heap.check_row().map_err(|corruption| {
            let place = (record.place as usize).wrapping_sub(form.before);
            match expect_remainder(address, place, MAX_ALIGN) {
                Err(elsewhere) if corruption.fault == Fault::Alignment => elsewhere,
                _ => corruption.into(),
            }
        })?;
        let entries = heap.check_entries(&row)?;
        heap.expect_live(Index(maximum))?;
        heap.adopt(
            &row,
            Table::untidy(row.live, &entries, generations),
            Index(maximum),
        )?;
        rest.fill(0);
        // Adjacent by construction.
        let _ = heap.take_end(rest);
        Ok(heap)
    }

    /// Builds what is kept beside the arena from what a walk has found, and the free-space index by
    /// another.
    pub(super) fn adopt(
        &mut self,
        row: &Row,
        table: Table<L>,
        maximum: Index,
    ) -> Result<(), Corruption> {
        self.table = table;
        self.used = Usage::of(row.used);
        self.fixed = row.fixed;
        self.owned = row.owned;
        self.align = row.align.max(1);
        self.maximum = maximum;
        self.settled = false;
        self.merge_all()?;
        self.counters = Counters::NONE;
        Ok(())
    }

    /// Whether the block that holds the rest of the heap, if there is one, is in use.
    pub(super) fn expect_live(&self, index: Index) -> Result<(), Corruption> {
        if index == Index::NONE || self.numbered(index).is_some() {
            return Ok(());
        }
        let at = self.arena.entry_byte(index);
        Err(Corruption::new(Fault::List, at, index.0 as u64, 0))
    }
}

/// Copies what is of the same length, without a way to panic.
fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// `modulus` is a power of two.
fn expect_remainder(address: usize, expected: usize, modulus: usize) -> Result<(), AttachError> {
    let mask = modulus.wrapping_sub(1);
    let (remainder, expected) = (address & mask, expected & mask);
    if remainder == expected {
        return Ok(());
    }
    Err(AttachError::Address {
        remainder,
        expected,
        modulus,
    })
}
