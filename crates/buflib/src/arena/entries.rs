//! The handle table at the arena's end: entries, and the check words beside them.

use core::ptr::NonNull;

use super::{Anchors, Arena};
use crate::check::Check;
use crate::check::sealed::Engine as _;
use crate::layout::{Encoding, Record};
use crate::units::Index;

impl<L: Encoding, C: Check> Arena<'_, L, C> {
    /// Where an entry starts, in bytes from the arena's start.
    pub(crate) fn entry_byte(&self, index: Index) -> usize {
        self.size().wrapping_sub(index.0.wrapping_mul(Self::STRIDE))
    }

    #[inline(always)]
    fn entry_at(&self, index: Index) -> Option<NonNull<u8>> {
        if index.0.wrapping_sub(1) >= self.entries {
            return None;
        }
        // SAFETY: `1 <= index <= entries`, so the entry lies in the table (invariant 4).
        Some(unsafe { self.end.offset(-(index.0 as isize) * Self::STRIDE as isize) })
    }

    #[inline(always)]
    pub(crate) fn entry(&self, index: Index) -> Option<L::Entry> {
        let from = self.entry_at(index)?;
        // SAFETY: an entry of the table: initialised (invariant 3), aligned (invariant 2), `Plain`.
        Some(unsafe { from.cast::<L::Entry>().read() })
    }

    #[inline(always)]
    pub(crate) fn put_entry(&mut self, index: Index, entry: L::Entry) {
        if let Some(to) = self.entry_at(index) {
            // SAFETY: an entry of the table, aligned (invariant 2) and ours (invariant 1).
            unsafe { to.cast::<L::Entry>().write(entry) };
        }
    }

    /// All entries, from that with the highest number down.
    pub(crate) fn table_down(&self) -> impl Iterator<Item = L::Entry> + '_ {
        (0..self.entries).map(|at| {
            // SAFETY: `at < entries`, so this is an entry of the table: initialised (invariant 3), aligned
            // (invariant 2), `Plain`.
            unsafe { self.lowest_entry().add(at * Self::STRIDE).cast().read() }
        })
    }

    /// Passes all entries in the same order, and puts what comes back in their places.
    #[inline(always)]
    pub(crate) fn rewrite_down(&mut self, mut new: impl FnMut(Index, L::Entry) -> L::Entry) {
        for at in 0..self.entries {
            let index = Index(self.entries - at);
            // SAFETY: as in `table_down`, and the table is ours (invariant 1).
            unsafe {
                let place = self.lowest_entry().add(at * Self::STRIDE).cast();
                place.write(new(index, place.read()));
            }
        }
    }

    /// Where the entry with the highest number is; the table's end if there is none.
    #[inline(always)]
    fn lowest_entry(&self) -> NonNull<u8> {
        // SAFETY: the table is inside the buffer (invariants 1 and 4).
        unsafe { self.end.sub(self.table_bytes()) }
    }

    pub(crate) fn anchors(&self) -> Anchors {
        Anchors {
            table_end: self.end,
            origin: self
                .start
                .as_ptr()
                .wrapping_add(L::HEADER)
                .wrapping_sub(L::GRANULE),
        }
    }

    /// The lowest vacant entry between two numbers. Looked for in strides once the first few are found in
    /// use.
    #[inline(always)]
    pub(crate) fn first_vacant(&self, first: Index, last: Index) -> Option<Index> {
        const STRIDE: usize = 16;
        let last = last.0.min(self.entries);
        let is_vacant = |&entry: &L::Entry| L::entry_is_vacant(entry);
        if C::ENABLED {
            let mut numbers = (first.0..=last).map(Index);
            return numbers.find(|&index| self.entry(index).as_ref().is_some_and(is_vacant));
        }
        let count = (last + 1).checked_sub(first.0)?;
        let lowest = self.entry_at(Index(last))?.cast::<L::Entry>();
        self.entry_at(first)?;
        // SAFETY: entries `first` to `last`, both in the table and one behind the other without check
        // words: initialised and aligned (invariants 2 and 3), and not written for as long as `self` is
        // borrowed.
        let entries = unsafe { core::slice::from_raw_parts(lowest.as_ptr(), count) };
        let (far, near) = entries.split_at_checked(count.saturating_sub(STRIDE))?;
        if let Some(at) = near.iter().rev().position(is_vacant) {
            return Some(Index(first.0 + at));
        }
        let mut number = first.0 + near.len();
        for some in far.rchunks(STRIDE) {
            let any = some.iter().fold(false, |any, entry| any | is_vacant(entry));
            if any {
                let at = some.iter().rev().position(is_vacant)?;
                return Some(Index(number + at));
            }
            number += some.len();
        }
        None
    }

    /// Where the payload behind a block's header starts, by its number alone.
    ///
    /// # Safety
    ///
    /// `1 <= index <= entries`, and the entry is live and leads to a block of this arena.
    #[inline(always)]
    pub(crate) unsafe fn ptr_unchecked(&self, index: Index) -> NonNull<u8> {
        // SAFETY: the entry lies in the table by the caller's promise, where it is initialised, aligned
        // (invariants 2 to 4) and `Plain`; the block it leads to is in the buffer (invariant 1).
        unsafe {
            let entry = self.end.sub(index.0.wrapping_mul(Self::STRIDE));
            let pos = L::entry_pos(entry.cast::<L::Entry>().read());
            self.start.add(Self::byte(pos).wrapping_add(L::HEADER))
        }
    }

    /// Whether check words cost little enough for paths that are inlined.
    #[inline(always)]
    pub(crate) fn checks_quickly(&self) -> bool {
        self.engine.is_quick()
    }

    /// The check word of a block with this record that has nothing more to protect.
    #[inline(always)]
    pub(crate) fn digest(&self, record: &Record<L>) -> u32 {
        self.engine.digest(L::protected(record).as_ref())
    }

    /// The same with one more word to protect.
    #[inline(always)]
    pub(crate) fn digest_with(&self, digest: u32, word: u64) -> u32 {
        self.engine.digest(&[digest.into(), word])
    }

    /// The check word stored beside an entry.
    #[inline(always)]
    pub(crate) fn seal(&self, index: Index) -> Option<u32> {
        if !C::ENABLED {
            return None;
        }
        let entry = self.entry_at(index)?;
        // SAFETY: with a check word the stride is two entries of at least 4 bytes each, so the
        // word behind the entry is in the table, initialised by `push_entry` (invariant 3).
        Some(unsafe { entry.add(size_of::<L::Entry>()).cast::<u32>().read() })
    }

    #[inline(always)]
    pub(crate) fn put_seal(&mut self, index: Index, seal: u32) {
        if !C::ENABLED {
            return;
        }
        if let Some(entry) = self.entry_at(index) {
            // SAFETY: as in `seal`.
            unsafe { entry.add(size_of::<L::Entry>()).cast::<u32>().write(seal) };
        }
    }

    /// Gives a block with this record, and nothing more to protect, its check word.
    #[inline(always)]
    pub(crate) fn put_digest(&mut self, index: Index, record: &Record<L>) {
        self.put_seal(index, self.digest(record));
    }

    /// Whether it has the right one; always without check words.
    #[inline(always)]
    pub(crate) fn is_sealed(&self, index: Index, record: &Record<L>) -> bool {
        !C::ENABLED || self.seal(index) == Some(self.digest(record))
    }

    /// Whether one more entry fits above the blocks.
    #[inline(always)]
    pub(crate) fn has_room_for_entry(&self) -> bool {
        self.entries < L::MAX_INDEX && self.room() >= Self::STRIDE
    }

    /// Grows the table by one entry. `None` if the last block reaches up to it.
    #[inline(always)]
    pub(crate) fn push_entry(&mut self, entry: L::Entry) -> Option<Index> {
        if !self.has_room_for_entry() {
            return None;
        }
        let index = Index(self.entries + 1);
        // SAFETY: `has_room_for_entry` holds invariant 4 with the entry counted, so its bytes are
        // inside the buffer and above the blocks; they are initialised here, whole (invariant 3).
        unsafe {
            self.end
                .sub(index.0 * Self::STRIDE)
                .write_bytes(0, Self::STRIDE)
        };
        self.entries = index.0;
        self.put_entry(index, entry);
        Some(index)
    }

    /// Gives the table's last entry back.
    pub(crate) fn pop_entry(&mut self) {
        self.entries = self.entries.saturating_sub(1);
    }
}
