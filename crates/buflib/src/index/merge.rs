//! What becomes of granules that are given back: set aside, or one with their free neighbours.

use super::strip::{STRIP_MAX, Strip};
use super::{Cache, FreeIndex, binned, rooms};
use crate::arena::Arena;
use crate::check::Check;
use crate::error::Broken;
use crate::layout::{Encoding, FreeKind};
use crate::units::{Pos, Units};

impl<L: Encoding> FreeIndex<L> {
    /// Merges one of the blocks that are kept aside; false if there is none. Resting blocks are not
    /// among them.
    pub(crate) fn merge_one_kept<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
    ) -> Result<bool, Broken> {
        if self.strip.units > Units::ZERO {
            self.merge_strip(arena)?;
        } else if let Some(room) = self.rooms.pop() {
            self.merge(arena, room.pos, room.units, false)?;
        } else if let Some(pos) = self.cache.pop_any(arena) {
            self.merge_one(arena, pos)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Makes the last granules of a block free, from `start` to its end.
    #[inline(always)]
    pub(crate) fn give_back_end<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        start: Pos,
        end: Pos,
    ) -> Result<(), Broken> {
        if let Some(room) = self.rooms.take_at(end) {
            let room = Strip {
                pos: start,
                units: room.end() - start,
            };
            if room.units <= rooms::MOST {
                self.rooms.put_back(arena, room);
                return Ok(());
            }
            return self.merge(arena, room.pos, room.units, false);
        }
        match free_behind(arena, end)? {
            Some(length) => self.bins.move_front(arena, end, length, start),
            None => self.merge(arena, start, end - start, false),
        }
    }

    /// Makes the granules of a block free: the end of blocks is lowered, or a small block is cached,
    /// or it is merged with its free neighbours.
    #[inline(always)]
    pub(crate) fn give_back<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        follows_free: bool,
    ) -> Result<(), Broken> {
        if pos + units == arena.tail() {
            return self.merge(arena, pos, units, follows_free);
        }
        self.set_aside(arena, pos, units, follows_free)
    }

    /// The same for a block that is not the last.
    #[inline(always)]
    pub(crate) fn set_aside<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        follows_free: bool,
    ) -> Result<(), Broken> {
        if Cache::<L>::holds(units) {
            self.cache.push(arena, pos, units, follows_free);
            return Ok(());
        }
        self.merge(arena, pos, units, follows_free)
    }

    /// Merges the rooms that are kept; false if there are none.
    pub(crate) fn merge_kept<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
    ) -> Result<bool, Broken> {
        let mut merged = false;
        while let Some(room) = self.rooms.pop() {
            self.merge(arena, room.pos, room.units, false)?;
            merged = true;
        }
        Ok(merged)
    }

    #[inline(always)]
    fn merge_one<C: Check>(&mut self, arena: &mut Arena<'_, L, C>, pos: Pos) -> Result<(), Broken> {
        match arena.header(pos) {
            Some(header)
                if L::is_free_as(header, FreeKind::Cached, L::units(header))
                    && pos + L::units(header) <= arena.tail() =>
            {
                self.merge(arena, pos, L::units(header), L::follows_free(header))
            }
            _ => Err(Broken),
        }
    }

    /// Makes granules free and merges them with the free neighbours that are not cached.
    #[inline(never)]
    pub(crate) fn merge<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        follows_free: bool,
    ) -> Result<(), Broken> {
        let (mut pos, mut end, mut follows_free) = (pos, pos + units, follows_free);
        if let Some(room) = self.rooms.take_at(end) {
            end = room.end();
        }
        if let Some(room) = self.rooms.take_before(pos) {
            (pos, follows_free) = (room.pos, false);
        }
        // Both neighbours are looked at before either is touched.
        let front = if follows_free {
            free_in_front(arena, pos)?
        } else {
            pos
        };
        let behind = free_behind(arena, end)?;
        let past = end + behind.unwrap_or(Units::ZERO);
        let strip = self.strip;
        if strip.end() != front && strip.pos != past && past != arena.tail() {
            return match (front < pos, behind) {
                (false, None) => {
                    self.bins.insert(arena, pos, end - pos);
                    Ok(())
                }
                (false, Some(length)) => self.bins.move_front(arena, end, length, pos),
                (true, None) => self.bins.move_end(arena, front, pos - front, end),
                (true, Some(length)) => {
                    self.bins.remove(arena, end, length)?;
                    self.bins.move_end(arena, front, pos - front, past)
                }
            };
        }
        if front < pos {
            self.bins.remove(arena, front, pos - front)?;
        }
        if let Some(length) = behind {
            self.bins.remove(arena, end, length)?;
        }
        let (mut start, mut end) = (front, past);
        let touches_strip = strip.end() == start || strip.pos == end;
        if touches_strip {
            start = start.min(strip.pos);
            end = end.max(strip.end());
            self.strip = Strip::NONE;
        }
        if end == arena.tail() {
            let _ = arena.set_tail(start);
        } else if touches_strip && (end - start).0 <= STRIP_MAX {
            if behind.is_some() {
                arena.mark(end, false);
            }
            self.set_strip(
                arena,
                Strip {
                    pos: start,
                    units: end - start,
                },
            );
        } else {
            self.bins.insert(arena, start, end - start);
        }
        Ok(())
    }
}

/// The length of the merged free block that starts at `pos`, if one does.
#[inline(always)]
pub(super) fn free_behind<L: Encoding, C: Check>(
    arena: &Arena<'_, L, C>,
    pos: Pos,
) -> Result<Option<Units>, Broken> {
    match arena.header(pos).and_then(L::merged_units) {
        Some(units) if units > Units::ZERO && pos + units <= arena.tail() => Ok(Some(units)),
        Some(_) => Err(Broken),
        None => Ok(None),
    }
}

/// Where the merged free block in front of `pos` starts.
#[inline(always)]
fn free_in_front<L: Encoding, C: Check>(arena: &Arena<'_, L, C>, pos: Pos) -> Result<Pos, Broken> {
    let length = arena.footer(pos).unwrap_or(Units::ZERO);
    let front = pos - length;
    if length > Units::ZERO && binned(arena, front) == Ok(length) {
        Ok(front)
    } else {
        Err(Broken)
    }
}
