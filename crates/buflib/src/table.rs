//! The handle table: which numbers are in use, and where their blocks are.
//!
//! The vacant entries form a list through the table itself, the last freed first. Compaction gives
//! the vacant end of the table back and sorts the list, lowest number first. Entries of resting blocks
//! are neither in use nor vacant: they become vacant when their number is needed elsewhere.

use crate::arena::Arena;
use crate::check::Check;
use crate::error::{Corruption, Error, Fault};
use crate::layout::Encoding;
use crate::units::Index;

#[derive(Clone, Debug)]
pub(crate) struct Table {
    vacant: Index,
    /// Entries that are vacant.
    vacancies: usize,
    live: usize,
    /// Entries that are pin records.
    records: usize,
    /// The generation that an entry starts from when the table grows.
    fresh: u32,
    /// How far that has come since the table was empty: no entry is further behind.
    advanced: u32,
    /// Whether the table's end is in use and its vacant entries are in order.
    tidy: bool,
}

/// A vacant number, with the generation that its next handle has.
pub(crate) struct Number {
    pub(crate) index: Index,
    pub(crate) generation: u32,
    after: Index,
}

impl Table {
    pub(crate) const EMPTY: Self = Self {
        vacant: Index::NONE,
        vacancies: 0,
        live: 0,
        records: 0,
        fresh: 0,
        advanced: 0,
        tidy: true,
    };

    /// The table of an arena with so many blocks, whose list of vacant entries is yet to be made by
    /// [`tidy`](Self::tidy). The rest is what [`generations`](Self::generations) has told.
    pub(crate) fn untidy(live: usize, records: usize, (fresh, advanced): (u32, u32)) -> Self {
        Self {
            live,
            records,
            fresh,
            advanced,
            tidy: false,
            ..Self::EMPTY
        }
    }

    /// The generation that new entries start from, and how far it has come.
    pub(crate) fn generations(&self) -> (u32, u32) {
        (self.fresh, self.advanced)
    }

    #[inline(always)]
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// Entries that are not vacant.
    pub(crate) fn taken(&self) -> usize {
        self.live.wrapping_add(self.records)
    }

    #[inline(always)]
    pub(crate) fn has_vacancy(&self) -> bool {
        self.vacant != Index::NONE
    }

    /// Entries of resting blocks: all that are neither taken nor vacant.
    pub(crate) fn resting<L: Encoding, C: Check>(&self, arena: &Arena<'_, L, C>) -> usize {
        let others = self.taken().wrapping_add(self.vacancies);
        arena.entries().wrapping_sub(others)
    }

    /// Whether the table is so long that a few entries more or less do not matter. In a shorter one, the
    /// block with the last number does not rest, so that the table is cut at once.
    #[inline(always)]
    pub(crate) fn is_long<L: Encoding, C: Check>(arena: &Arena<'_, L, C>) -> bool {
        arena.entries() >= 256
    }

    /// Whether to rather have one more entry than to part a resting block from its number: a few may be set
    /// aside like that while memory is plenty. When it is not, and in short tables, no entry is
    /// made that could be had otherwise.
    pub(crate) fn may_grow<L: Encoding, C: Check>(&self, arena: &Arena<'_, L, C>) -> bool {
        const SHARE: usize = 4;
        let (taken, aside) = (self.taken(), self.resting(arena));
        aside == 0 || (Self::is_long(arena) && aside <= taken / SHARE && !arena.is_short())
    }

    /// Whether there is a number for one more block without an entry more: vacant or of a resting block.
    pub(crate) fn has_spare<L: Encoding, C: Check>(&self, arena: &Arena<'_, L, C>) -> bool {
        arena.entries() > self.taken()
    }

    /// An error if all numbers of the layout are taken.
    pub(crate) fn expect_number<L: Encoding>(&self) -> Result<(), Error> {
        if self.has_vacancy() || self.taken() < L::MAX_INDEX {
            return Ok(());
        }
        Err(Error::HandlesExhausted {
            limit: L::MAX_INDEX,
        })
    }

    /// Adds a vacant entry at the table's end; false if the blocks reach up to it.
    pub(crate) fn grow<L: Encoding, C: Check>(&mut self, arena: &mut Arena<'_, L, C>) -> bool {
        let entry = L::vacant(self.vacant, self.fresh);
        match arena.push_entry(entry) {
            Some(index) => {
                self.vacant = index;
                self.vacancies = self.vacancies.wrapping_add(1);
                self.tidy = false;
                true
            }
            None => false,
        }
    }

    /// The number to be given out next; none if there is no vacancy, or the list is broken.
    #[inline(always)]
    pub(crate) fn next<L: Encoding, C: Check>(&self, arena: &Arena<'_, L, C>) -> Option<Number> {
        let entry = arena
            .entry(self.vacant)
            .filter(|&entry| L::entry_is_vacant(entry))?;
        let (generation, after) = (L::vacant_generation(entry), L::vacant_next(entry));
        Some(Number {
            index: self.vacant,
            generation,
            after,
        })
    }

    /// Why `next` found none, where there should be a vacancy.
    #[cold]
    pub(crate) fn broken<L: Encoding, C: Check>(&self, arena: &Arena<'_, L, C>) -> Corruption {
        let at = arena.entry_byte(self.vacant);
        Corruption::new(
            Fault::List,
            at,
            self.vacant.0 as u64,
            arena.entries() as u64,
        )
    }

    /// Counts a number as taken. Its entry is written by the caller.
    #[inline(always)]
    pub(crate) fn take(&mut self, number: &Number) {
        self.vacant = number.after;
        self.vacancies = self.vacancies.wrapping_sub(1);
        self.live = self.live.wrapping_add(1);
    }

    /// Counts a number as taken by a pin record, which has no room for a generation: from now on all
    /// that is fresh is at least as far as the number was.
    pub(crate) fn take_record<L: Encoding>(&mut self, number: &Number) {
        self.vacant = number.after;
        self.vacancies = self.vacancies.wrapping_sub(1);
        self.records = self.records.wrapping_add(1);
        self.advance::<L>(number.generation);
    }

    /// Makes the entry of a pin record vacant.
    pub(crate) fn release_record<L: Encoding, C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        index: Index,
    ) {
        self.records = self.records.wrapping_sub(1);
        self.live = self.live.wrapping_add(1);
        // No handle was given out meanwhile: what is fresh is not used up.
        self.release(arena, index, self.fresh.wrapping_sub(1) & L::MAX_GENERATION);
    }

    /// Counts a block that has come to rest, and so keeps its entry.
    #[inline(always)]
    pub(crate) fn rest(&mut self) {
        self.live = self.live.wrapping_sub(1);
    }

    /// Counts a resting block as in use again.
    #[inline(always)]
    pub(crate) fn wake(&mut self) {
        self.live = self.live.wrapping_add(1);
    }

    /// Makes an entry vacant that is no live block's any more, and not the table's last.
    pub(crate) fn vacate<L: Encoding, C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        index: Index,
        generation: u32,
    ) {
        arena.put_entry(
            index,
            L::vacant(self.vacant, next_generation::<L>(generation)),
        );
        self.vacant = index;
        self.vacancies = self.vacancies.wrapping_add(1);
        self.tidy = false;
    }

    /// Makes an entry vacant, or drops it if it is the table's last.
    pub(crate) fn release<L: Encoding, C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        index: Index,
        generation: u32,
    ) {
        self.rest();
        if index.0 == arena.entries() {
            self.tidy = false;
            self.drop_last::<L, C>(arena, next_generation::<L>(generation));
        } else {
            self.vacate(arena, index, generation);
        }
    }

    /// Gives the last entry back, whose next handle would have had this generation. New entries start
    /// from the furthest that any has come.
    fn drop_last<L: Encoding, C: Check>(&mut self, arena: &mut Arena<'_, L, C>, generation: u32) {
        arena.pop_entry();
        self.advance::<L>(generation);
        if arena.entries() == 0 {
            self.advanced = 0;
        }
    }

    /// New entries start from this generation, if none was further before.
    fn advance<L: Encoding>(&mut self, generation: u32) {
        // Generations go round: so far ahead, or as far as to the full circle behind?
        let ahead = generation.wrapping_sub(self.fresh) & L::MAX_GENERATION;
        let behind = L::MAX_GENERATION - ahead + 1;
        if ahead > 0 && (ahead <= L::MAX_GENERATION / 2 || behind > self.advanced) {
            self.fresh = generation;
            self.advanced = self.advanced.saturating_add(ahead);
        }
    }

    /// Gives back the vacant entries at the table's end and sorts the list of the others. Linear in
    /// the table.
    pub(crate) fn tidy<L: Encoding, C: Check>(&mut self, arena: &mut Arena<'_, L, C>) {
        if self.tidy {
            return;
        }
        self.tidy = true;
        while let Some(entry) = arena
            .entry(Index(arena.entries()))
            .filter(|&entry| L::entry_is_vacant(entry))
        {
            self.drop_last::<L, C>(arena, L::vacant_generation(entry));
        }
        self.vacant = Index::NONE;
        self.vacancies = 0;
        for number in (1..=arena.entries()).rev() {
            let index = Index(number);
            if let Some(entry) = arena
                .entry(index)
                .filter(|&entry| L::entry_is_vacant(entry))
            {
                arena.put_entry(index, L::vacant(self.vacant, L::vacant_generation(entry)));
                self.vacant = index;
                self.vacancies = self.vacancies.wrapping_add(1);
            }
        }
    }

    /// Follows the list of vacant entries, which must have `vacant` members.
    pub(crate) fn check_list<L: Encoding, C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
        vacant: usize,
    ) -> Result<(), Corruption> {
        let (mut index, mut members) = (self.vacant, 0);
        while index != Index::NONE {
            match arena.entry(index) {
                Some(entry) if L::entry_is_vacant(entry) && members < vacant => {
                    index = L::vacant_next(entry)
                }
                _ => {
                    return Err(Corruption::new(
                        Fault::List,
                        arena.entry_byte(index),
                        members as u64,
                        vacant as u64,
                    ));
                }
            }
            members += 1;
        }
        if members == vacant {
            return Ok(());
        }
        Err(Corruption::new(
            Fault::List,
            arena.size(),
            members as u64,
            vacant as u64,
        ))
    }
}

#[inline(always)]
fn next_generation<L: Encoding>(generation: u32) -> u32 {
    generation.wrapping_add(1) & L::MAX_GENERATION
}
