//! The free-space index: which free granules answer a request, and what becomes of those given
//! back. All of it in constant time.
//!
//! Free blocks are in one of five places, and know it by their [kind](FreeKind):
//!
//! - [resting] blocks keep their number, by their exact size, so that the next request of that size takes
//!   one that is still warm, and touches neither a neighbour nor the table;
//! - the [cache] keeps free blocks of each small size that have no number any more;
//! - the [bins] keep merged blocks by size range;
//! - the *strip* is one free block from which small requests that found nothing of their size are
//!   cut one behind the other; it may be the front of the free tail;
//! - a few [rooms] are kept behind blocks that have grown, for them to grow again.
//!
//! All but the merged blocks count as in use for their neighbours, until they are merged. Two rules
//! follow, which every change here keeps: no two merged blocks touch each other or the free tail,
//! and no merged block touches the strip.

mod bins;
mod cache;
mod merge;
mod resting;
mod rooms;
mod strip;

use crate::arena::{Arena, SpanMut};
use crate::check::Check;
use crate::error::{Broken, Corruption, Fault};
use crate::layout::{Encoding, FreeKind};
use crate::units::{Pos, Units};

use bins::Bins;
pub(crate) use bins::binned;
use cache::Cache;
use merge::free_behind;
pub(crate) use resting::{Freed, Rested, Resting, number_of_resting};
use rooms::Rooms;
use strip::{PLENTY, Strip};

#[derive(Clone, Hash, Debug)]
pub(crate) struct FreeIndex<L: Encoding> {
    cache: Cache<L>,
    resting: Resting<L>,
    bins: Bins<L>,
    strip: Strip,
    rooms: Rooms,
}

impl<L: Encoding> FreeIndex<L> {
    pub(crate) const EMPTY: Self = Self {
        cache: Cache::EMPTY,
        resting: Resting::NONE,
        bins: Bins::EMPTY,
        strip: Strip::NONE,
        rooms: Rooms::EMPTY,
    };

    #[inline(always)]
    pub(crate) fn resting_first<C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
        units: Units,
    ) -> Option<(Rested<L>, Pos)> {
        self.resting.first(arena, units)
    }

    /// The blocks that rest, for the paths that need nothing else.
    #[inline(always)]
    pub(crate) fn resting(&mut self) -> &mut Resting<L> {
        &mut self.resting
    }

    /// Takes granules for a small block that need no search: those of its exact size that were set aside last, or off
    /// the strip. Says as well what the header there has to say about the block in front.
    #[inline(always)]
    pub(crate) fn take_small<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        units: Units,
    ) -> Option<(Pos, bool)> {
        if let Some(cached) = self.cache.first(arena, units) {
            self.cache.pop(units, &cached);
            return Some((cached.pos, L::follows_free(cached.header)));
        }
        Some((self.cut(arena, units)?, false))
    }

    /// Sets a small block aside.
    #[inline(always)]
    pub(crate) fn cache<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        follows_free: bool,
    ) {
        self.cache.push(arena, pos, units, follows_free);
    }

    /// Finds granules for a block and takes them out of the index: of its exact size, then from the
    /// strip or the bins, then from the free tail. `None` if nothing fits without a move.
    ///
    /// What stands there has the right mark about the block in front, and no other meaning.
    #[inline(always)]
    pub(crate) fn take<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        units: Units,
        align: usize,
    ) -> Result<Option<Pos>, Broken> {
        if align > 1 {
            return self.take_aligned(arena, units, align);
        }
        if Cache::<L>::holds(units) {
            if let Some((pos, _)) = self.take_small(arena, units) {
                return Ok(Some(pos));
            }
            if let Some((pos, length)) = self.bins.find(arena, units)? {
                self.bins.take(arena, pos, length)?;
                self.offer_strip(
                    arena,
                    Strip {
                        pos: pos + units,
                        units: length - units,
                    },
                )?;
                return Ok(Some(pos));
            }
        } else if let Some((pos, length)) = self.bins.find(arena, units)? {
            if Self::is_worth_keeping(arena, length, units) {
                return self.take_tail(arena, units, align);
            }
            self.bins.move_front(arena, pos, length, pos + units)?;
            return Ok(Some(pos));
        } else if let Some(pos) = self.cut(arena, units) {
            return Ok(Some(pos));
        }
        Ok(None)
    }

    /// Whether a free piece is a good part of the arena, and the free tail, which is shorter, can serve the request as
    /// well: programs that need such a piece once need another one of its length.
    #[inline(always)]
    fn is_worth_keeping<C: Check>(arena: &Arena<'_, L, C>, length: Units, units: Units) -> bool {
        const PART: usize = 16;
        let tail = arena.room() / L::GRANULE;
        length.0 > arena.size() / L::GRANULE / PART && length.0 > tail && units.0 + PLENTY < tail
    }

    /// Takes granules off the free tail.
    pub(crate) fn take_tail<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        units: Units,
        align: usize,
    ) -> Result<Option<Pos>, Broken> {
        if align == 1 && Cache::<L>::holds(units) && self.unroll(arena) {
            if let Some(pos) = self.cut(arena, units) {
                return Ok(Some(pos));
            }
        }
        self.roll_up(arena)?;
        let pos = arena.tail();
        let gap = arena.gap_to_aligned(pos, align);
        if !arena.set_tail(pos + gap + units) {
            return Ok(None);
        }
        if gap > Units::ZERO {
            self.leave_gap(arena, pos, gap);
        }
        Ok(Some(pos + gap))
    }

    /// The same for a block that may not start anywhere: what is left in front of it is free.
    #[inline(never)]
    fn take_aligned<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        units: Units,
        align: usize,
    ) -> Result<Option<Pos>, Broken> {
        if let Some(cached) = self.cache.first(arena, units) {
            if arena.gap_to_aligned(cached.pos, align) == Units::ZERO {
                self.cache.pop(units, &cached);
                return Ok(Some(cached.pos));
            }
        }
        let mut pos = self.strip.pos;
        let mut gap = arena.gap_to_aligned(pos, align);
        if self.cut(arena, units + gap).is_none() {
            let fits = units + Units(align - 1);
            let Some((found, length)) = self.bins.find(arena, fits)? else {
                return Ok(None);
            };
            pos = found;
            gap = arena.gap_to_aligned(pos, align);
            self.bins.take(arena, pos, length)?;
            self.offer_strip(
                arena,
                Strip {
                    pos: pos + gap + units,
                    units: length - gap - units,
                },
            )?;
        }
        if gap > Units::ZERO {
            self.leave_gap(arena, pos, gap);
        }
        Ok(Some(pos + gap))
    }

    /// Makes what is in front of granules that were taken a merged free block. They get a header for
    /// the mark: what stands there may be from within a value, and not even initialised.
    fn leave_gap<C: Check>(&mut self, arena: &mut Arena<'_, L, C>, pos: Pos, gap: Units) {
        let header = L::free_header(FreeKind::Cached, Units::ZERO, Pos::NIL);
        arena.put_header(pos + gap, header);
        self.bins.insert(arena, pos, gap);
    }

    /// Takes granules from any free block that is long enough, in time linear in their number: for a
    /// request that would fail otherwise. Nothing is cached or kept any more.
    pub(crate) fn take_anywhere<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        units: Units,
        align: usize,
    ) -> Result<Option<Pos>, Broken> {
        self.merge_strip(arena)?;
        if let Some(pos) = self.take_merged(arena, units, align, usize::MAX)? {
            return Ok(Some(pos));
        }
        if units > Units::ONE {
            return Ok(None);
        }
        let found = find_single(arena, align);
        if let Some(pos) = found {
            self.bins.take(arena, pos, units)?;
        }
        Ok(found)
    }

    /// Takes a hole for a block that compaction moves.
    pub(crate) fn take_hole<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        units: Units,
        align: usize,
    ) -> Result<Option<Pos>, Broken> {
        const LOOKED_AT: usize = 16;
        self.take_merged(arena, units, align, LOOKED_AT)
    }

    /// Gives back a hole that was not used after all.
    pub(crate) fn return_hole<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
    ) {
        let follows_free = arena.header(pos).is_some_and(L::follows_free);
        // Damage leaves the granules to the next sweep.
        arena.put_free(pos, FreeKind::Cached, units, follows_free, Pos::NIL);
        let _ = self.merge(arena, pos, units, follows_free);
    }

    /// Takes granules off the front of a merged block that is known to be one, or all of it.
    pub(crate) fn take_front<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        length: Units,
        units: Units,
    ) -> Result<(), Broken> {
        self.bins.move_front(arena, pos, length, pos + units)
    }

    /// Takes granules from one of the merged blocks, of which at the most `most` are looked at that
    /// do not fit.
    fn take_merged<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        units: Units,
        align: usize,
        most: usize,
    ) -> Result<Option<Pos>, Broken> {
        let found = match self.bins.find(arena, units + Units(align - 1))? {
            Some(found) => Some(found),
            None => self.bins.search(arena, units, align, most)?,
        };
        let Some((pos, length)) = found else {
            return Ok(None);
        };
        let gap = arena.gap_to_aligned(pos, align);
        if gap == Units::ZERO {
            self.bins.move_front(arena, pos, length, pos + units)?;
            return Ok(Some(pos));
        }
        self.bins.take(arena, pos, length)?;
        let end = pos + gap + units;
        if pos + length > end {
            self.bins.insert(arena, end, pos + length - end);
        }
        self.leave_gap(arena, pos, gap);
        Ok(Some(pos + gap))
    }

    /// Moves the end of a block within the room behind it; none, and nothing done, if there is no such
    /// room, or it is too short or would be too long.
    #[inline(always)]
    pub(crate) fn move_within_room<'s, C: Check>(
        &mut self,
        arena: Arena<'s, L, C>,
        pos: Pos,
        old: Units,
        new: Units,
    ) -> Option<SpanMut<'s, L, C>> {
        self.rooms.move_front(arena, pos, old, new)
    }

    /// Takes `more` granules from `end` on, where a block ends, if so many are free there. A room of up to `room` may
    /// be kept behind them.
    #[inline(always)]
    pub(crate) fn take_behind<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        end: Pos,
        more: Units,
        room: Units,
    ) -> Result<bool, Broken> {
        if self.rooms.cut(arena, end, more) {
            return Ok(true);
        }
        if end == self.strip.pos {
            return Ok(self.cut(arena, more).is_some());
        }
        if end == arena.tail() {
            return Ok(arena.set_tail(end + more));
        }
        if let Some(room) = self.rooms.take_at(end) {
            self.merge(arena, room.pos, room.units, false)?;
        }
        match free_behind(arena, end)? {
            Some(length) if length >= more => {
                self.take_with_room(arena, end, length, more, room.max(rooms::LENGTH))
            }
            _ => Ok(false),
        }
    }

    /// Keeps a room of `most` granules or less behind a block that ends at `end`.
    pub(crate) fn keep_room<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        end: Pos,
        most: Units,
    ) -> Result<(), Broken> {
        if end == arena.tail() {
            if arena.room() / L::GRANULE >= strip::PLENTY + most.0 && arena.set_tail(end + most) {
                let room = Strip {
                    pos: end,
                    units: most,
                };
                self.put_room(arena, room)?;
            }
            return Ok(());
        }
        match free_behind(arena, end)? {
            Some(length) => self
                .take_with_room(arena, end, length, Units::ZERO, most)
                .map(drop),
            None => Ok(()),
        }
    }

    fn put_room<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        room: Strip,
    ) -> Result<(), Broken> {
        match self.rooms.put(arena, room) {
            Some(old) => self.merge(arena, old.pos, old.units, false),
            None => Ok(()),
        }
    }

    /// Takes `more` granules off the front of a merged free block, and keeps a room behind them.
    fn take_with_room<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        length: Units,
        more: Units,
        most: Units,
    ) -> Result<bool, Broken> {
        let front = pos + more;
        let room = Strip {
            pos: front,
            units: (length - more).min(most),
        };
        self.bins
            .move_front(arena, pos, length, front + room.units)?;
        if room.units > Units::ZERO {
            self.put_room(arena, room)?;
        }
        Ok(true)
    }

    /// Makes a gap between two blocks a merged free block. For compaction.
    #[inline(always)]
    pub(crate) fn insert_gap<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
    ) {
        self.bins.insert(arena, pos, units);
    }

    /// The length of a large free block, known in constant time: the strip, or one of the last bin.
    pub(crate) fn large<C: Check>(&self, arena: &Arena<'_, L, C>) -> Units {
        self.strip
            .units
            .max(binned(arena, self.bins.large()).unwrap_or(Units::ZERO))
    }

    /// Merges what is kept aside, but for cached blocks, and tells the length of the largest free
    /// block that a request of this alignment can have; linear in the blocks of the last bin, or in all.
    pub(crate) fn largest<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        align: usize,
    ) -> Result<Units, Broken> {
        self.merge_kept(arena)?;
        self.merge_strip(arena)?;
        let largest = self.bins.largest(arena, align)?;
        if largest == Units::ZERO && find_single(arena, align).is_some() {
            return Ok(Units::ONE);
        }
        Ok(largest)
    }

    /// Follows every list. Returns how many blocks rest, are cached, the strip among them, and binned.
    pub(crate) fn check<C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
    ) -> Result<(usize, usize, usize), Corruption> {
        let resting = self.resting.check(arena)?;
        let mut cached = self.cache.check(arena)? + self.rooms.check(arena)?;
        let strip = self.strip;
        if strip.units > Units::ZERO {
            let touching = free_behind(arena, strip.end()) != Ok(None);
            match arena.header(strip.pos) {
                Some(header)
                    if L::is_free_as(header, FreeKind::Cached, strip.units) && !touching =>
                {
                    cached += 1
                }
                _ => return Err(broken_list(arena, strip.pos, strip.end())),
            }
        }
        Ok((resting, cached, self.bins.check(arena)?))
    }
}

/// A merged free block of one granule, which no list has: found by a walk over all blocks.
fn find_single<L: Encoding, C: Check>(arena: &Arena<'_, L, C>, align: usize) -> Option<Pos> {
    let mut pos = Pos::FIRST;
    while pos < arena.tail() {
        let header = arena.header(pos)?;
        if L::is_free_as(header, FreeKind::Binned, Units::ONE)
            && arena.gap_to_aligned(pos, align) == Units::ZERO
        {
            return Some(pos);
        }
        if L::units(header) == Units::ZERO {
            return None;
        }
        pos = pos + L::units(header);
    }
    None
}

/// A list that leads to `pos`, where nothing fits to it.
#[cold]
fn broken_list<L: Encoding, C: Check>(_: &Arena<'_, L, C>, pos: Pos, found: Pos) -> Corruption {
    Corruption::new(
        Fault::List,
        Arena::<L, C>::byte(pos),
        found.0 as u64,
        pos.0 as u64,
    )
}
