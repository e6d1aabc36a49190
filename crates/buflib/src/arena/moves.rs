//! Moving the arena as a whole, and its bounds. Positions count from the start and entries from the
//! end, so both mean the same afterwards.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::{Arena, Given, as_uninit};
use crate::check::Check;
use crate::layout::Encoding;
use crate::units::{Pos, Units};

/// What an arena is besides its bytes, and where it lies in its buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Bytes of the buffer in front of it.
    pub(crate) before: usize,
    pub(crate) size: usize,
    pub(crate) tail: Pos,
    pub(crate) entries: usize,
}

impl<'a, L: Encoding, C: Check> Arena<'a, L, C> {
    pub(crate) fn form(&self) -> Form {
        Form {
            before: self.before,
            size: self.size(),
            tail: self.tail,
            entries: self.entries,
        }
    }

    /// The address of the buffer, of which memory that was given out is a part.
    pub(crate) fn buffer(&self) -> usize {
        self.base().wrapping_sub(self.before)
    }

    /// Goes on in another buffer.
    ///
    /// # Safety
    ///
    /// `to` points to as many bytes as this buffer has, exclusively borrowed for `'a`, at a distance of whole
    /// granules and entries. They are initialised and the same as here before the arena is used again.
    pub(crate) unsafe fn rebase(&mut self, to: NonNull<u8>) {
        let size = self.size();
        // SAFETY: both in the new buffer as they were in the old one, by the caller's promise, which keeps
        // invariants 1 to 4.
        unsafe {
            self.start = to.add(self.before);
            self.end = self.start.add(size);
        }
    }

    /// The address that offsets and positions count from.
    pub(crate) fn base(&self) -> usize {
        self.start.addr().get()
    }

    /// The blocks and the sentinel's header.
    pub(crate) fn row(&self) -> &[u8] {
        // SAFETY: initialised and in the buffer (invariants 1, 3 and 4), and not written for as
        // long as `self` is borrowed.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.row_bytes()) }
    }

    /// The handle table.
    pub(crate) fn table(&self) -> &[u8] {
        let bytes = self.table_bytes();
        // SAFETY: as in `row`.
        unsafe { core::slice::from_raw_parts(self.end.as_ptr().sub(bytes), bytes) }
    }

    #[inline(always)]
    fn row_bytes(&self) -> usize {
        Self::byte(self.tail).wrapping_add(L::HEADER)
    }

    #[inline(always)]
    pub(super) fn table_bytes(&self) -> usize {
        self.entries.wrapping_mul(Self::STRIDE)
    }

    /// Bytes between the sentinel and the table: not negative by invariant 4.
    #[inline(always)]
    pub(crate) fn room(&self) -> usize {
        self.size()
            .wrapping_sub(self.table_bytes())
            .wrapping_sub(self.row_bytes())
    }

    /// Lets go of the first granules of the arena, and moves all blocks up by as much. `None`, and
    /// nothing done, if there is no room for that.
    pub(crate) fn give_front(&mut self, units: Units) -> Option<Given<'a>> {
        let bytes = units.0.checked_mul(L::GRANULE)?;
        if bytes > self.room() {
            return None;
        }
        // What is given out is initialised, so that it is when it comes back.
        self.initialise(bytes);
        let (front, row) = (self.start, self.row_bytes());
        // SAFETY: `bytes + row <= size` by `room`, so all of this is in the buffer (invariant 1) and
        // below the table (invariant 4). A whole number of granules keeps invariant 2.
        unsafe {
            self.start = front.add(bytes);
            self.start.copy_from(front, row);
        }
        self.before += bytes;
        self.written = self.written.saturating_sub(bytes).max(row);
        // SAFETY: in the buffer, initialised above, and outside of the arena from now on.
        Some(unsafe { Given::new(front, bytes) })
    }

    /// Lets go of the first granules, and moves only as many blocks up by as much as `moved` granules take.
    /// What is behind them stays, so it is `units` less far from the start.
    pub(crate) fn give_front_of(&mut self, units: Units, moved: Units) -> Option<Given<'a>> {
        let bytes = units.bytes::<L>();
        self.shift(Pos::FIRST, Pos::FIRST + units, moved)?;
        let front = self.start;
        // SAFETY: `shift` has found `units + moved` granules within the blocks, so this is in the buffer
        // (invariant 1). A whole number of granules keeps invariant 2.
        self.start = unsafe { front.add(bytes) };
        self.before += bytes;
        self.written -= bytes;
        self.tail = self.tail - units;
        // SAFETY: in the buffer, in front of what is written, so initialised, and outside of the arena from now on.
        Some(unsafe { Given::new(front, bytes) })
    }

    /// Whether this is what the arena gave out last at its front.
    pub(crate) fn is_in_front(&self, given: &Given<'a>) -> bool {
        given.past() == self.base() && given.len() <= self.before && given.len() % L::GRANULE == 0
    }

    /// Takes memory in front of the arena in. Nothing moves, so what was at position 1 is further up,
    /// and what is in front of it is yet to be made a block.
    pub(crate) fn take_front(&mut self, given: Given<'a>) -> Result<(), Given<'a>> {
        if !self.is_in_front(&given) {
            return Err(given);
        }
        let bytes = given.len();
        // SAFETY: `bytes <= before`, so this is in the buffer that `start` was derived from
        // (invariant 1). The bytes up to `start` were `given`'s alone, for `'a`, and initialised. A
        // whole number of granules keeps invariant 2.
        self.start = unsafe { self.start.sub(bytes) };
        self.before -= bytes;
        self.written += bytes;
        self.tail = self.tail + Units(bytes / L::GRANULE);
        Ok(())
    }

    /// Lets go of the last bytes, a whole number of entries, and moves the table down by as much.
    /// `None`, and nothing done, if there is no room for that.
    pub(crate) fn give_end(&mut self, bytes: usize) -> Option<Given<'a>> {
        if bytes > self.room() || bytes % size_of::<L::Entry>() != 0 {
            return None;
        }
        let (size, table) = (self.size(), self.table_bytes());
        let left = size - bytes;
        let unwritten = self.written.max(left)..size - table;
        // SAFETY: by `room`, the table's new place is above the blocks; it, its old place and what
        // is between are in the buffer (invariants 1 and 4). What is zeroed is above the new place
        // and below the old one.
        unsafe {
            let end = self.end.sub(bytes);
            end.sub(table).copy_from(self.end.sub(table), table);
            if !unwritten.is_empty() {
                self.start
                    .add(unwritten.start)
                    .write_bytes(0, unwritten.len());
            }
            self.end = end;
        }
        self.behind += bytes;
        self.written = self.written.min(left);
        // SAFETY: in the buffer and outside of the arena from now on; what is not of the old table,
        // and was not initialised, was zeroed.
        Some(unsafe { Given::new(self.end, bytes) })
    }

    /// Whether this is what the arena gave out last at its end.
    pub(crate) fn is_behind(&self, given: &Given<'a>) -> bool {
        given.first() == self.end.addr().get()
            && given.len() <= self.behind
            && given.len() % size_of::<L::Entry>() == 0
    }

    /// Takes memory behind the arena in, and moves the table up to its end.
    pub(crate) fn take_end(&mut self, given: Given<'a>) -> Result<(), Given<'a>> {
        if !self.is_behind(&given) {
            return Err(given);
        }
        let (bytes, table) = (given.len(), self.table_bytes());
        let all_written = self.written == self.size();
        // SAFETY: `bytes <= behind`, so this is in the buffer that `end` was derived from
        // (invariant 1). The bytes from `end` on were `given`'s alone, for `'a`. A whole number of
        // entries keeps invariant 2.
        unsafe {
            let end = self.end.add(bytes);
            end.sub(table).copy_from(self.end.sub(table), table);
            self.end = end;
        }
        self.behind -= bytes;
        if all_written {
            // What was given out is initialised.
            self.written = self.size();
        }
        Ok(())
    }

    /// Copies blocks and table to other memory, to where an alignment of `align` granules holds
    /// for an address if it does here. Otherwise says how many bytes it takes there.
    pub(crate) fn copy_to<'b>(
        &self,
        buffer: &'b mut [MaybeUninit<u8>],
        initialised: bool,
        align: usize,
    ) -> Result<Arena<'b, L, C>, usize> {
        let step = align.saturating_mul(L::GRANULE);
        let first = buffer.as_ptr().addr();
        let skip = self.base().wrapping_sub(first) & (step - 1);
        let (row, table) = (self.row_bytes(), self.table_bytes());
        // Not more than fits into memory, since both are there.
        let needed = skip.saturating_add(row + table);
        let found = Arena::<L, C>::within(buffer, skip);
        let Some(mut copy) = found.filter(|copy| copy.size() >= row + table) else {
            return Err(needed);
        };
        // SAFETY: `row` bytes and `table` bytes are initialised here (invariants 3 and 4), both fit
        // there beside each other, and the borrow of `buffer` is exclusive.
        unsafe {
            copy.start.copy_from_nonoverlapping(self.start, row);
            copy.end
                .sub(table)
                .copy_from_nonoverlapping(self.end.sub(table), table);
        }
        copy.written = if initialised { copy.size() } else { row };
        copy.tail = self.tail;
        copy.entries = self.entries;
        Ok(copy)
    }

    /// An arena over bytes that hold one already, and what lies behind it in whole entries. Neither
    /// the bytes nor the form are trusted: `None` if the form is impossible, or impossible there.
    pub(crate) fn over(bytes: &'a mut [u8], form: &Form) -> Option<(Self, Given<'a>)> {
        let Form {
            before,
            size,
            tail,
            entries,
        } = *form;
        let mut arena = Self::within(as_uninit(bytes), before)?;
        let row = tail
            .0
            .checked_sub(1)?
            .checked_mul(L::GRANULE)?
            .checked_add(L::HEADER)?;
        let table = entries.checked_mul(Self::STRIDE)?;
        let rest = arena.size().checked_sub(size)?;
        if tail.0 > L::MAX_POS
            || entries > L::MAX_INDEX
            || row.checked_add(table)? > size
            || rest % size_of::<L::Entry>() != 0
        {
            return None;
        }
        // SAFETY: `rest <= size` of the bounds found, so this is in the buffer. `rest` being a whole
        // number of entries, invariant 2 holds.
        arena.end = unsafe { arena.end.sub(rest) };
        arena.behind += rest;
        // Invariant 3: the caller's bytes are initialised. Invariant 4 was checked.
        arena.written = size;
        arena.tail = tail;
        arena.entries = entries;
        // SAFETY: `rest` initialised bytes of the buffer, outside of the arena.
        let rest = unsafe { Given::new(arena.end, rest) };
        Some((arena, rest))
    }

    /// Bytes in front of the arena that were skipped to align it; none if something was given out
    /// there.
    pub(crate) fn skipped(&self) -> usize {
        // What is given out is a granule at least.
        if self.before < L::GRANULE {
            self.before
        } else {
            0
        }
    }

    /// The arena's bytes with what was [`skipped`](Self::skipped) in front, zeroed, and with those of
    /// `given` behind.
    pub(crate) fn into_bytes(mut self, given: Given<'a>) -> Result<&'a mut [u8], Self> {
        if !self.is_behind(&given) {
            return Err(self);
        }
        let (size, skipped) = (self.size(), self.skipped());
        self.initialise(size - self.table_bytes());
        // SAFETY: `skipped <= before`, and these bytes belong to nobody (invariant 1).
        let start = unsafe {
            let start = self.start.sub(skipped);
            start.write_bytes(0, skipped);
            start
        };
        let len = skipped + size + given.len();
        // SAFETY: one piece of the buffer (invariant 1), all of it initialised: what was skipped just
        // now, the arena by `initialise` and invariant 3, `given` by its own. Both are gone.
        Ok(unsafe { core::slice::from_raw_parts_mut(start.as_ptr(), len) })
    }
}
