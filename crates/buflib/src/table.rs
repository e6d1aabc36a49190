//! The handle table: which numbers are in use, and where their blocks are.
//!
//! The vacant entries form a list through the table itself, the last freed first. Compaction gives
//! the vacant end of the table back and sorts the list, lowest number first. Entries of resting blocks
//! are neither in use nor vacant: they become vacant when their number is needed elsewhere.
//!
//! Some layouts give out the [lowest] number instead. There is no list then.

mod lowest;

use crate::arena::Arena;
use crate::check::Check;
use crate::error::{Broken, Corruption, Error, Fault};
use crate::inspect::Entries;
use crate::layout::Encoding;
use crate::units::Index;

pub(crate) use lowest::{Any, Lowest, Numbering};

#[derive(Clone, Debug)]
pub(crate) struct Table<L: Encoding> {
    /// The first of the list of vacant entries; in order of numbers, no vacant entry has a lower one.
    vacant: Index,
    numbering: L::Numbering,
    /// Entries that are vacant.
    vacancies: usize,
    /// Entries that are pin records. Between two counts that change together: side by side, they are read as one, which has to
    /// wait where either was written a moment ago.
    records: usize,
    live: usize,
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

impl<L: Encoding> Table<L> {
    pub(crate) const EMPTY: Self = Self {
        vacant: if L::Numbering::LOWEST {
            Index(usize::MAX)
        } else {
            Index::NONE
        },
        numbering: L::Numbering::EMPTY,
        vacancies: 0,
        live: 0,
        records: 0,
        fresh: 0,
        advanced: 0,
        tidy: true,
    };

    /// The table of an arena with so many blocks, whose list of vacant entries is yet to be made by
    /// [`tidy`](Self::tidy). The rest is what [`generations`](Self::generations) has told.
    pub(crate) fn untidy(live: usize, entries: &Entries, (fresh, advanced): (u32, u32)) -> Self {
        Self {
            live,
            records: entries.records,
            vacancies: entries.vacant,
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

    /// What decides which number comes next.
    #[cfg(feature = "trial")]
    pub(crate) fn likeness(&self) -> impl core::hash::Hash + '_ {
        (self.vacant, &self.numbering, self.vacancies, self.tidy)
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
        if L::Numbering::LOWEST {
            return self.vacancies > 0;
        }
        self.vacant != Index::NONE
    }

    /// Entries of resting blocks: all that are neither taken nor vacant.
    pub(crate) fn resting<C: Check>(&self, arena: &Arena<'_, L, C>) -> usize {
        let others = self.taken().wrapping_add(self.vacancies);
        arena.entries().wrapping_sub(others)
    }

    /// Whether the table is so long that a few entries more or less do not matter. In a shorter one, the
    /// block with the last number does not rest, so that the table is cut at once.
    #[inline(always)]
    pub(crate) fn is_long<C: Check>(arena: &Arena<'_, L, C>) -> bool {
        arena.entries() >= 256
    }

    /// Whether to rather have one more entry than to part a resting block from its number: a few may be set
    /// aside like that while memory is plenty, and as many as are in use while it is ample. When it is not, and in
    /// short tables, no entry is made that could be had otherwise.
    #[inline(always)]
    pub(crate) fn may_grow<C: Check>(&self, arena: &Arena<'_, L, C>) -> bool {
        const SHARE: usize = 4;
        let (taken, aside) = (self.taken(), self.resting(arena));
        if aside == 0 {
            return true;
        }
        let share = if arena.is_ample() {
            taken
        } else {
            taken / SHARE
        };
        aside <= share && Self::is_long(arena) && !arena.is_short()
    }

    /// Whether there is a number for one more block without an entry more: vacant or of a resting block.
    pub(crate) fn has_spare<C: Check>(&self, arena: &Arena<'_, L, C>) -> bool {
        arena.entries() > self.taken()
    }

    /// An error if all numbers of the layout are taken.
    pub(crate) fn expect_number(&self) -> Result<(), Error> {
        if self.has_vacancy() || self.taken() < L::MAX_INDEX {
            return Ok(());
        }
        Err(Error::HandlesExhausted {
            limit: L::MAX_INDEX,
        })
    }

    /// Adds a vacant entry at the table's end; false if the blocks reach up to it.
    #[inline(always)]
    pub(crate) fn grow<C: Check>(&mut self, arena: &mut Arena<'_, L, C>) -> bool {
        let entry = L::vacant(self.link(), self.fresh);
        match arena.push_entry(entry) {
            Some(index) => {
                self.numbering.extend(index.0);
                self.add_vacancy(index);
                self.tidy = false;
                true
            }
            None => false,
        }
    }

    /// The number to be given out next; none if there is no vacancy, or the list is broken.
    #[inline(always)]
    pub(crate) fn next<C: Check>(&mut self, arena: &Arena<'_, L, C>) -> Option<Number> {
        let mut entry = arena
            .entry(self.vacant)
            .filter(|&entry| L::entry_is_vacant(entry));
        if L::Numbering::LOWEST && entry.is_none() {
            self.find_lowest(arena);
            entry = arena.entry(self.vacant);
        }
        let entry = entry.filter(|&entry| Self::is_vacant(entry))?;
        let generation = L::vacant_generation(entry);
        let after = if L::Numbering::LOWEST {
            Index(self.vacant.0.wrapping_add(1))
        } else {
            L::vacant_next(entry)
        };
        Some(Number {
            index: self.vacant,
            generation,
            after,
        })
    }

    /// Why `next` found none, where there should be a vacancy.
    #[cold]
    pub(crate) fn broken<C: Check>(&self, arena: &Arena<'_, L, C>) -> Corruption {
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
    pub(crate) fn take_record(&mut self, number: &Number) {
        self.vacant = number.after;
        self.vacancies = self.vacancies.wrapping_sub(1);
        self.records = self.records.wrapping_add(1);
        self.advance(number.generation);
    }

    /// Makes the entry of a pin record vacant.
    pub(crate) fn release_record<C: Check>(&mut self, arena: &mut Arena<'_, L, C>, index: Index) {
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
    pub(crate) fn vacate<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        index: Index,
        generation: u32,
    ) {
        arena.put_entry(
            index,
            L::vacant(self.link(), next_generation::<L>(generation)),
        );
        self.add_vacancy(index);
        self.tidy = false;
    }

    /// What the next vacant entry leads to.
    #[inline(always)]
    fn link(&self) -> Index {
        if L::Numbering::LOWEST {
            Index::NONE
        } else {
            self.vacant
        }
    }

    /// Counts a vacant entry, which leads to the one that was the first before.
    #[inline(always)]
    fn add_vacancy(&mut self, index: Index) {
        self.numbering.mark(index);
        if !L::Numbering::LOWEST || index < self.vacant {
            self.vacant = index;
        }
        self.vacancies = self.vacancies.wrapping_add(1);
    }

    /// Looks for the lowest vacant number, from that on which it is at least. The groups in front are in
    /// use, whatever is noted of them.
    #[inline(never)]
    fn find_lowest<C: Check>(&mut self, arena: &Arena<'_, L, C>) {
        while let Some((first, last)) = self.numbering.group() {
            let from = self.vacant.max(first);
            if let Some(found) = arena.first_vacant(from, last) {
                self.vacant = found;
                return;
            }
            self.numbering.clear(first);
        }
    }

    /// Makes an entry vacant, or drops it if it is the table's last.
    pub(crate) fn release<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        index: Index,
        generation: u32,
    ) {
        self.rest();
        if index.0 == arena.entries() {
            self.tidy = false;
            self.drop_last(arena, next_generation::<L>(generation));
        } else {
            self.vacate(arena, index, generation);
        }
    }

    /// Gives the last entry back, whose next handle would have had this generation. New entries start
    /// from the furthest that any has come.
    fn drop_last<C: Check>(&mut self, arena: &mut Arena<'_, L, C>, generation: u32) {
        arena.pop_entry();
        self.advance(generation);
        if arena.entries() == 0 {
            self.advanced = 0;
        }
    }

    /// New entries start from this generation, if none was further before.
    fn advance(&mut self, generation: u32) {
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
    ///
    /// An error, and nothing done, if there are not as many vacant entries as there should be: then a block
    /// in use may have one of them.
    pub(crate) fn tidy<C: Check>(&mut self, arena: &mut Arena<'_, L, C>) -> Result<(), Broken> {
        if self.tidy {
            return Ok(());
        }
        let vacant = arena
            .table_down()
            .filter(|&entry| L::entry_is_vacant(entry));
        if vacant.count() != self.vacancies {
            return Err(Broken);
        }
        self.tidy = true;
        while let Some(entry) = arena
            .entry(Index(arena.entries()))
            .filter(|&entry| L::entry_is_vacant(entry))
        {
            self.drop_last(arena, L::vacant_generation(entry));
        }
        self.vacant = Self::EMPTY.vacant;
        self.vacancies = 0;
        self.numbering = L::Numbering::EMPTY;
        self.numbering.extend(arena.entries());
        if L::Numbering::LOWEST {
            arena.rewrite_down(|index, entry| {
                if !L::entry_is_vacant(entry) {
                    return entry;
                }
                self.add_vacancy(index);
                L::vacant(Index::NONE, L::vacant_generation(entry))
            });
            return Ok(());
        }
        // Without a branch, since nothing foretells which entries are vacant.
        let (mut first, mut vacancies) = (Index::NONE, 0);
        arena.rewrite_down(|index, entry| {
            let vacant = L::entry_is_vacant(entry);
            let linked = L::vacant(first, L::vacant_generation(entry));
            first = if vacant { index } else { first };
            vacancies += usize::from(vacant);
            if vacant { linked } else { entry }
        });
        (self.vacant, self.vacancies) = (first, vacancies);
        Ok(())
    }

    /// Whether an entry is as vacant ones are. Where these lead nowhere, one bit is not enough to be
    /// taken for one.
    fn is_vacant(entry: L::Entry) -> bool {
        L::entry_is_vacant(entry)
            && (!L::Numbering::LOWEST
                || entry == L::vacant(Index::NONE, L::vacant_generation(entry)))
    }

    /// Follows the list of vacant entries, which must have `vacant` members.
    pub(crate) fn check_list<C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
        vacant: usize,
    ) -> Result<(), Corruption> {
        if L::Numbering::LOWEST {
            return self.check_lowest(arena, vacant);
        }
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

    /// Whether every vacant entry would be found.
    fn check_lowest<C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
        vacant: usize,
    ) -> Result<(), Corruption> {
        let entries = arena.entries();
        let numbers = (1..=entries).map(Index);
        let mut found = numbers.filter(|&index| arena.entry(index).is_some_and(L::entry_is_vacant));
        let lowest = found.next().unwrap_or(Index::NONE);
        let right = self.vacancies == vacant
            && (lowest == Index::NONE || self.vacant <= lowest)
            && (lowest == Index::NONE || self.numbering.is_marked(lowest))
            && found.all(|index| self.numbering.is_marked(index));
        if right {
            return Ok(());
        }
        Err(Corruption::new(
            Fault::List,
            arena.entry_byte(self.vacant),
            self.vacant.0 as u64,
            lowest.0 as u64,
        ))
    }
}

#[inline(always)]
fn next_generation<L: Encoding>(generation: u32) -> u32 {
    generation.wrapping_add(1) & L::MAX_GENERATION
}
