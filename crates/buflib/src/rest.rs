//! Blocks that rest: freed with their number, and allocated again with it.
//!
//! ```text
//! in use:   entry i --position--> header: number i, generation g
//! resting:  entry i --position--> header: number i, generation g, free     in a list of its size
//! again:    entry i --position--> header: number i, generation g + 1
//! ```

use crate::alloc::Allocated;
use crate::arena::{Arena, Shape, SpanMut};
use crate::block::Live;
use crate::check::Check;
use crate::error::{Broken, Corruption, Fault};
use crate::handle::Handle;
use crate::heap::Heap;
use crate::index::{Freed, Rested, number_of_resting};
use crate::layout::{Layout, Record};
use crate::table::{Numbering, Table};
use crate::units::{Index, Pos, Units};

/// A resting block on its way back into use. While the whole rest is held nothing rests, so that need not be
/// asked.
pub(crate) struct Waking<L: Layout> {
    index: Index,
    pos: Pos,
    shape: Shape<L>,
    record: Record<L>,
    pub(crate) handle: Handle<L>,
    /// The block behind it in its list.
    next: Pos,
}

impl<L: Layout> Waking<L> {
    #[inline(always)]
    fn allocated(&self) -> Allocated<L> {
        Allocated {
            handle: self.handle,
            pos: self.pos,
        }
    }

    #[inline(always)]
    fn write<'s, C: Check>(&self, mut arena: Arena<'s, L, C>) -> Option<SpanMut<'s, L, C>> {
        if L::WAKES_ENTRY {
            arena.put_entry(self.index, self.record.entry);
        }
        arena.put_digest(self.index, &self.record);
        let mut span = arena.into_span_listed(self.pos, self.shape.units())?;
        span.put_flags(self.record.header);
        Some(span)
    }
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// The common case of an allocation, small enough to be inlined: a block of this size rests.
    /// Whatever is unusual is left to the general case. Nothing is written yet.
    #[inline(always)]
    pub(crate) fn plan_resting(&self, size: usize) -> Option<Waking<L>> {
        if !self.arena.checks_quickly() {
            return None;
        }
        // Those that are neither too small for a list nor too large.
        let below = (Arena::<L, C>::LEAST_LINKED.0 - 1) * L::GRANULE;
        let least = (below + 1).saturating_sub(L::HEADER);
        let most = L::CACHED_MAX * L::GRANULE - L::HEADER;
        if size.wrapping_sub(least) > most - least {
            return None;
        }
        let shape = Shape::short(size);
        let (rested, next) = self.index.resting_first(&self.arena, shape.units())?;
        let waking = self.plan_wake(&rested, shape)?;
        Some(Waking { next, ..waking })
    }

    /// Carries out what [`plan_resting`](Self::plan_resting) has found. The payload has all bytes that
    /// were asked for.
    #[inline(always)]
    pub(crate) fn alloc_resting(&mut self, waking: &Waking<L>) -> &mut [u8] {
        // Before anything is written: so the place need not be checked again.
        let arena = self.arena.local();
        let units = waking.shape.units();
        self.index.resting().pop(units, waking.next);
        self.table.wake();
        self.used.add(units);
        let span = waking.write(arena);
        span.and_then(|span| span.payload(waking.shape))
            .unwrap_or_default()
    }

    /// The same for sizes too small for a list, which is tried before all that is rare.
    #[inline(always)]
    pub(crate) fn wake_tiny(&mut self, size: usize) -> Option<Allocated<L>> {
        let below = (Arena::<L, C>::LEAST_LINKED.0 - 1) * L::GRANULE;
        if size > below.saturating_sub(L::HEADER) {
            return None;
        }
        let shape = Shape::short(size);
        let resting = self.index.resting();
        let rested = resting.take_tiny(&self.arena, shape.units())?;
        let waking = self.plan_wake(&rested, shape)?;
        self.wake(&waking);
        Some(waking.allocated())
    }

    /// The same for sizes that are rare, and for all of them where check words take long.
    #[inline(always)]
    pub(crate) fn wake_any(&mut self, shape: Shape<L>) -> Option<Allocated<L>> {
        let resting = self.index.resting();
        let listed = if self.arena.checks_quickly() {
            None
        } else {
            resting.take(&self.arena, shape.units())
        };
        let rested = listed.or_else(|| resting.take_unlisted(&self.arena, shape.units()))?;
        let waking = self.plan_wake(&rested, shape)?;
        self.wake(&waking);
        Some(waking.allocated())
    }

    /// The same for a request with an alignment, in granules.
    pub(crate) fn wake_aligned(&mut self, shape: Shape<L>, align: usize) -> Option<Handle<L>> {
        let resting = self.index.resting();
        let rested = resting.take_aligned(&self.arena, shape.units(), align)?;
        let waking = self.plan_wake(&rested, shape)?;
        self.wake(&waking);
        let mut live = Live::find_plain(&self.arena, waking.handle)?;
        live.record.entry = L::entry_aligned(live.record.entry, align.trailing_zeros());
        self.arena.put_entry(live.index, live.record.entry);
        live.seal(&mut self.arena).ok()?;
        Some(waking.handle)
    }

    /// What becomes of a resting block that is in use again, with its number and the next generation.
    #[inline(always)]
    fn plan_wake(&self, rested: &Rested<L>, shape: Shape<L>) -> Option<Waking<L>> {
        let index = L::resting_index(rested.header);
        let entry = if L::WAKES_ENTRY || C::ENABLED {
            self.arena.entry(index)?
        } else {
            L::Entry::default()
        };
        let record = Record {
            header: rested.header,
            entry,
            trailer: L::Trailer::default(),
        };
        if !self.arena.is_sealed(index, &record) {
            return None;
        }
        let (record, token) = L::wake(&record, shape);
        Some(Waking {
            index,
            pos: rested.pos,
            shape,
            record,
            handle: Handle::from_token(token?),
            next: Pos::NIL,
        })
    }

    #[inline(always)]
    fn wake(&mut self, waking: &Waking<L>) {
        waking.write(self.arena.local());
        self.table.wake();
        self.used.add(waking.shape.units());
    }

    /// The common case of freeing, small enough to be inlined: a plain small block without an alignment,
    /// not the last one.
    #[inline(always)]
    pub(crate) fn free_to_rest(&mut self, handle: Handle<L>) -> Option<()> {
        if L::Numbering::LOWEST {
            return self.free_in_order(handle);
        }
        if !self.arena.checks_quickly() {
            return None;
        }
        let (live, room) = Live::find_unaligned(&self.arena, handle)?;
        if !self.may_rest(&live, room) {
            return None;
        }
        let (pos, units, header) = (live.pos, live.units, live.record.header);
        let mut arena = self.arena.local();
        self.index.resting().rest(&mut arena, pos, units, header)?;
        live.seal_rested(&mut arena);
        self.count_resting(units);
        Some(())
    }

    /// The same for any plain block; false, and nothing done, if the block cannot rest.
    #[inline(always)]
    pub(crate) fn rest_any(&mut self, live: &Live<L>) -> bool {
        if !self.may_rest(live, self.arena.tail() - live.pos) {
            return false;
        }
        let (pos, units, header) = (live.pos, live.units, live.record.header);
        let (resting, arena) = (self.index.resting(), &mut self.arena);
        if resting.rest(arena, pos, units, header).is_none() {
            match resting.rest_unlisted(arena, pos, units, header) {
                Freed::Not => return false,
                Freed::Rests => {}
                Freed::Displaces(old) => {
                    // Damage leaves the old one to the next sweep.
                    let header = self
                        .arena
                        .header(old)
                        .filter(|&header| L::is_resting(header));
                    let rested = header.map(|header| Rested { pos: old, header });
                    let _ = rested.map(|rested| self.release(&rested));
                }
            }
        }
        if L::align(&live.record) > 0 {
            // The next request has its own.
            let entry = L::entry_aligned(live.record.entry, 0);
            let record = Record {
                entry,
                ..live.record
            };
            self.arena.put_entry(live.index, entry);
            self.arena.put_digest(live.index, &record);
        }
        live.seal_rested(&mut self.arena);
        self.count_resting(units);
        true
    }

    /// Whether a plain block may rest, with so many granules from its first to the sentinel: one whose end or number
    /// is the last is given back at once.
    #[inline(always)]
    fn may_rest(&self, live: &Live<L>, room: Units) -> bool {
        live.units < room
            && (live.index.0 != self.arena.entries() || self.last_may_rest())
            && self.maximum == Index::NONE
            && live.is_plain_sound(&self.arena)
    }

    #[cold]
    fn last_may_rest(&self) -> bool {
        Table::is_long(&self.arena)
    }

    #[inline(always)]
    fn count_resting(&mut self, units: Units) {
        self.table.rest();
        self.used.lower(units);
        self.settled = false;
    }

    /// Parts a block that does not rest any more from its number, and makes it free space.
    fn release(&mut self, rested: &Rested<L>) -> Result<(), Broken> {
        self.part(rested.pos, rested.header)?;
        let follows_free = L::follows_free(rested.header);
        let units = L::units(rested.header);
        self.index
            .set_aside(&mut self.arena, rested.pos, units, follows_free)
    }

    /// Releases all blocks that rest but for the small ones; false if there are none.
    pub(crate) fn release_large(&mut self) -> Result<bool, Broken> {
        let mut released = self.index.merge_kept(&mut self.arena)?;
        while let Some(rested) = self.index.resting().take_large(&self.arena) {
            self.release(&rested)?;
            released = true;
        }
        Ok(released)
    }

    /// Releases any block that rests; false if there is none.
    pub(crate) fn release_any(&mut self) -> Result<bool, Broken> {
        if self.table.resting(&self.arena) == 0 {
            return Ok(false);
        }
        let Some(rested) = self.index.resting().take_any(&self.arena) else {
            return Ok(false);
        };
        self.release(&rested)?;
        Ok(true)
    }

    /// Sees to it that there is a vacant number, if need be that of a resting block; false if the table
    /// would have to grow and cannot.
    #[inline(always)]
    pub(crate) fn provide_number(&mut self) -> bool {
        self.table.has_vacancy() || self.find_number()
    }

    #[inline(never)]
    fn find_number(&mut self) -> bool {
        if !self.table.may_grow(&self.arena) && self.release_any() == Ok(true) {
            return true;
        }
        self.table.grow(&mut self.arena)
    }

    /// Makes the entry of a resting block vacant.
    pub(crate) fn part(&mut self, pos: Pos, header: L::Header) -> Result<(), Corruption> {
        let (index, generation) = self.number_of_resting(pos, header)?;
        self.table.vacate(&mut self.arena, index, generation);
        Ok(())
    }

    /// The number of the resting block with this header, and the generation of its last handle.
    pub(crate) fn number_of_resting(
        &self,
        pos: Pos,
        header: L::Header,
    ) -> Result<(Index, u32), Corruption> {
        number_of_resting(&self.arena, pos, header).ok_or_else(|| {
            let entry = self.arena.entry(L::resting_index(header));
            Corruption::new(
                Fault::BackLink,
                Arena::<L, C>::byte(pos),
                entry.map_or(0, |entry| L::entry_pos(entry).0 as u64),
                pos.0 as u64,
            )
        })
    }
}
