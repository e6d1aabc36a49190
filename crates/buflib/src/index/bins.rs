//! Merged free blocks by size range, in doubly linked lists, with a map of the bins in use.
//!
//! Each doubling of size is split into a few bins. A merged block of one granule has no room for
//! links: it is in no bin, and is found again by its neighbours.

use crate::arena::Arena;
use crate::check::Check;
use crate::error::{Broken, Corruption};
use crate::layout::{Encoding, FreeKind, Link};
use crate::units::{Pos, Units};

/// How many blocks of a bin are looked at that may or may not be large enough.
const PEEK: usize = 4;

#[derive(Clone, Hash, Debug)]
pub(super) struct Bins<L: Encoding> {
    firsts: L::BinHeads,
    /// One bit for each bin that is not empty.
    map: L::BinMap,
    /// One bit for each word of the map that is not zero.
    summary: u32,
}

impl<L: Encoding> Bins<L> {
    pub(super) const EMPTY: Self = Self {
        firsts: L::NO_BINS,
        map: L::NO_MAP,
        summary: 0,
    };

    /// The bin that a block of this length is kept in.
    #[inline(always)]
    fn bin(units: Units) -> usize {
        let exact = 2 << L::SPLIT;
        if units.0 < exact {
            return units.0;
        }
        let log = usize::BITS - 1 - units.0.leading_zeros();
        let part = units.0 >> (log - L::SPLIT) & ((1 << L::SPLIT) - 1);
        exact + (((log - L::SPLIT - 1) << L::SPLIT) as usize) + part
    }

    /// The lowest bin of which every block is at least this long.
    #[inline(always)]
    fn bin_above(units: Units) -> usize {
        if units.0 < 2 << L::SPLIT {
            return units.0;
        }
        let log = usize::BITS - 1 - units.0.leading_zeros();
        Self::bin(Units(units.0.wrapping_add((1 << (log - L::SPLIT)) - 1)))
    }

    /// The first bin from `bin` on that is not empty.
    #[inline(always)]
    fn occupied_from(&self, bin: usize) -> Option<usize> {
        let mut at = bin / 32;
        let mut word = self.map.as_ref().get(at)? & !0 << (bin % 32);
        if word == 0 {
            let rest = self.summary & (!1u32).checked_shl(at as u32)?;
            if rest == 0 {
                return None;
            }
            at = rest.trailing_zeros() as usize;
            word = *self.map.as_ref().get(at)?;
        }
        Some(at * 32 + word.trailing_zeros() as usize)
    }

    #[inline(always)]
    fn first(&self, bin: usize) -> Pos {
        Pos(self
            .firsts
            .as_ref()
            .get(bin)
            .map_or(0, |link| link.unpack()))
    }

    #[inline(always)]
    fn set_first(&mut self, bin: usize, pos: Pos) {
        let at = bin / 32;
        if let (Some(link), Some(word)) = (
            self.firsts.as_mut().get_mut(bin),
            self.map.as_mut().get_mut(at),
        ) {
            *link = L::Link::pack(pos.0);
            if pos == Pos::NIL {
                *word &= !(1 << (bin % 32));
                if *word == 0 {
                    self.summary &= !(1 << (at % 32));
                }
            } else {
                *word |= 1 << (bin % 32);
                self.summary |= 1 << (at % 32);
            }
        }
    }

    /// A block of at least `units`, and its length. It stays where it is.
    #[inline(always)]
    pub(super) fn find<C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
        units: Units,
    ) -> Result<Option<(Pos, Units)>, Broken> {
        if let Some(bin) = self.occupied_from(Self::bin_above(units)) {
            let pos = self.first(bin);
            return Ok(Some((pos, binned(arena, pos)?)));
        }
        self.find_in_own_bin(arena, units)
    }

    /// The bin that a block of this very length would be in has longer and shorter ones.
    fn find_in_own_bin<C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
        units: Units,
    ) -> Result<Option<(Pos, Units)>, Broken> {
        let mut pos = self.first(Self::bin(units));
        for _ in 0..PEEK {
            if pos == Pos::NIL {
                break;
            }
            let length = binned(arena, pos)?;
            if length >= units {
                return Ok(Some((pos, length)));
            }
            pos = arena.next(pos, FreeKind::Binned).ok_or(Broken)?;
        }
        Ok(None)
    }

    /// The same for an alignment, looked for in every block that may be large enough, up to `most`
    /// of them: the last resort.
    pub(super) fn search<C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
        units: Units,
        align: usize,
        most: usize,
    ) -> Result<Option<(Pos, Units)>, Broken> {
        let mut left = most.min((arena.tail() - Pos::FIRST).0);
        for bin in Self::bin(units)..self.firsts.as_ref().len() {
            let mut pos = self.first(bin);
            while pos != Pos::NIL {
                let length = binned(arena, pos)?;
                if length >= units + arena.gap_to_aligned(pos, align) {
                    return Ok(Some((pos, length)));
                }
                if left == 0 {
                    return Ok(None);
                }
                left -= 1;
                pos = arena.next(pos, FreeKind::Binned).ok_or(Broken)?;
            }
        }
        Ok(None)
    }

    /// Makes `units` granules from `pos` a merged free block: header, footer, the mark in the block
    /// behind it, and its place in a bin. The block in front is in use or cached.
    #[inline(always)]
    pub(super) fn insert<C: Check>(&mut self, arena: &mut Arena<'_, L, C>, pos: Pos, units: Units) {
        let arena = &mut arena.local();
        let end = pos + units;
        let bin = Self::bin(units);
        let next = if units > Units::ONE {
            self.first(bin)
        } else {
            Pos::NIL
        };
        arena.put_free(pos, FreeKind::Binned, units, false, next);
        arena.put_footer(end, units);
        arena.mark(end, true);
        if units > Units::ONE {
            arena.put_prev(pos, Pos::NIL);
            if next != Pos::NIL {
                arena.put_prev(next, pos);
            }
            self.set_first(bin, pos);
        }
    }

    /// Takes a merged free block of `units` out of its bin. Header, footer and mark stay.
    #[inline(always)]
    pub(super) fn remove<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
    ) -> Result<(), Broken> {
        let arena = &mut arena.local();
        Self::verify_end(arena, pos, units)?;
        if units <= Units::ONE {
            return Ok(());
        }
        let (next, prev) = Self::neighbours(arena, pos)?;
        let bin = Self::bin(units);
        if prev == Pos::NIL && self.first(bin) != pos {
            return Err(Broken);
        }
        self.link_behind(arena, prev, bin, next)?;
        if next != Pos::NIL {
            arena.put_prev(next, prev);
        }
        Ok(())
    }

    /// Takes a merged free block of `units` as if it were in use from now on.
    #[inline(always)]
    pub(super) fn take<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
    ) -> Result<(), Broken> {
        let arena = &mut arena.local();
        self.remove(arena, pos, units)?;
        arena.mark(pos + units, false);
        Ok(())
    }

    /// Moves the front of a merged free block of `units` up or down, to `to`: what is in front of it
    /// has grown or shrunk. Without effort if the block stays in its bin, as a large one mostly does.
    #[inline(always)]
    pub(super) fn move_front<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        to: Pos,
    ) -> Result<(), Broken> {
        let arena = &mut arena.local();
        let end = pos + units;
        if to == end {
            return self.take(arena, pos, units);
        }
        let left = end - to;
        let bin = Self::bin(left);
        if units <= Units::ONE || bin != Self::bin(units) {
            return self.relocate(arena, pos, units, to);
        }
        Self::verify_end(arena, pos, units)?;
        let (next, prev) = Self::neighbours(arena, pos)?;
        arena.put_free(to, FreeKind::Binned, left, false, next);
        arena.put_prev(to, prev);
        arena.put_footer(end, left);
        if next != Pos::NIL {
            arena.put_prev(next, to);
        }
        if prev == Pos::NIL {
            // The bin stays in use: its mark in the map is right.
            if let Some(first) = self.firsts.as_mut().get_mut(bin) {
                *first = L::Link::pack(to.0);
            }
            return Ok(());
        }
        self.link_behind(arena, prev, bin, to)
    }

    #[inline(always)]
    fn relocate<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        to: Pos,
    ) -> Result<(), Broken> {
        self.remove(arena, pos, units)?;
        self.insert(arena, to, pos + units - to);
        Ok(())
    }

    /// Moves the end of a merged free block of `units` up, to `end`: what was behind it is free.
    #[inline(always)]
    pub(super) fn move_end<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        end: Pos,
    ) -> Result<(), Broken> {
        let arena = &mut arena.local();
        let length = end - pos;
        if units <= Units::ONE || Self::bin(length) != Self::bin(units) {
            self.remove(arena, pos, units)?;
            self.insert(arena, pos, length);
            return Ok(());
        }
        Self::verify_end(arena, pos, units)?;
        // Its place in the list stays as it is.
        let next = arena.next(pos, FreeKind::Binned).ok_or(Broken)?;
        arena.put_free(pos, FreeKind::Binned, length, false, next);
        arena.put_footer(end, length);
        arena.mark(end, true);
        Ok(())
    }

    /// With check words: that footer and mark behind a merged free block say the same of its length as its header.
    #[inline(always)]
    fn verify_end<C: Check>(arena: &Arena<'_, L, C>, pos: Pos, units: Units) -> Result<(), Broken> {
        let end = pos + units;
        let ends =
            || arena.footer(end) == Some(units) && arena.header(end).is_some_and(L::follows_free);
        if C::ENABLED && !ends() {
            return Err(Broken);
        }
        Ok(())
    }

    /// The blocks behind and before a binned one in its list, each of which must know it.
    #[inline(always)]
    fn neighbours<C: Check>(arena: &Arena<'_, L, C>, pos: Pos) -> Result<(Pos, Pos), Broken> {
        let (Some(next), Some(prev)) = (arena.next(pos, FreeKind::Binned), arena.prev(pos)) else {
            return Err(Broken);
        };
        if (next != Pos::NIL && arena.prev(next) != Some(pos))
            || (prev != Pos::NIL && arena.next(prev, FreeKind::Binned) != Some(pos))
        {
            return Err(Broken);
        }
        Ok((next, prev))
    }

    /// Makes `pos` the successor of `prev`, or the first of its bin.
    #[inline(always)]
    fn link_behind<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        prev: Pos,
        bin: usize,
        pos: Pos,
    ) -> Result<(), Broken> {
        if prev == Pos::NIL {
            self.set_first(bin, pos);
        } else {
            let length = binned(arena, prev)?;
            arena.put_next(prev, length, pos);
        }
        Ok(())
    }

    /// The first block of the last bin that is not empty: among the largest there are.
    pub(super) fn large(&self) -> Pos {
        let top = self
            .map
            .as_ref()
            .iter()
            .enumerate()
            .rev()
            .find(|(_, word)| **word != 0);
        top.map_or(Pos::NIL, |(i, word)| {
            self.first(i * 32 + 31 - word.leading_zeros() as usize)
        })
    }

    /// The most granules from an aligned one on in any merged free block; linear in the blocks of the
    /// last bin, or in all of them if alignment matters.
    pub(super) fn largest<C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
        align: usize,
    ) -> Result<Units, Broken> {
        let bins = self.firsts.as_ref().len();
        let top = Self::bin(binned(arena, self.large()).unwrap_or(Units::ZERO));
        let mut largest = Units::ZERO;
        let mut left = (arena.tail() - Pos::FIRST).0;
        for bin in if align == 1 { top..top + 1 } else { 0..bins } {
            let mut pos = self.first(bin);
            while pos != Pos::NIL && left > 0 {
                let (length, gap) = (binned(arena, pos)?, arena.gap_to_aligned(pos, align));
                if gap < length {
                    largest = largest.max(length - gap);
                }
                pos = arena.next(pos, FreeKind::Binned).unwrap_or(Pos::NIL);
                left -= 1;
            }
        }
        Ok(largest)
    }

    /// Follows every list and counts the members. Ends even on lists that are circles.
    pub(super) fn check<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<usize, Corruption> {
        let most = (arena.tail() - Pos::FIRST).0;
        let mut members = 0;
        for bin in 0..self.firsts.as_ref().len() {
            let (mut pos, mut before) = (self.first(bin), Pos::NIL);
            let word = self.map.as_ref().get(bin / 32).copied().unwrap_or(0);
            let marked = word >> (bin % 32) & 1 == 1 && self.summary >> (bin / 32) & 1 == 1;
            if marked != (pos != Pos::NIL) {
                return Err(super::broken_list(arena, pos, before));
            }
            while pos != Pos::NIL {
                let fits = binned(arena, pos).is_ok_and(|units| Self::bin(units) == bin);
                match (arena.next(pos, FreeKind::Binned), arena.prev(pos)) {
                    (Some(next), Some(prev)) if fits && prev == before && members < most => {
                        before = pos;
                        pos = next;
                    }
                    _ => return Err(super::broken_list(arena, pos, before)),
                }
                members += 1;
            }
        }
        Ok(members)
    }
}

/// The length of the merged free block at `pos`.
#[inline(always)]
pub(crate) fn binned<L: Encoding, C: Check>(
    arena: &Arena<'_, L, C>,
    pos: Pos,
) -> Result<Units, Broken> {
    super::free_behind(arena, pos)?.ok_or(Broken)
}
