//! The free-space index: which free block answers a request, in constant time.
//!
//! Two kinds of lists, both threaded through the free blocks themselves:
//!
//! - the *cache* keeps freed blocks of each small size just as they were, the last freed first, so
//!   that the next request of that size takes one that is still warm and touches no neighbour;
//! - the *bins* keep merged blocks by size range, doubly linked, with a bitmap over the bins that
//!   are not empty.
//!
//! One free block is in neither: the *strip*, from which requests that found nothing of their size
//! are cut one behind the other. Cached blocks and the strip count as in use for their neighbours.

use crate::arena::Arena;
use crate::check::Check;
use crate::error::{Corruption, Fault};
use crate::layout::{Encoding, FreeKind, Link};
use crate::units::{Pos, Units};

/// How many blocks of a bin are looked at that may or may not be large enough.
const PEEK: usize = 4;

#[derive(Clone, Debug)]
pub(crate) struct FreeIndex<L: Encoding> {
    cache: L::CacheHeads,
    bins: L::BinHeads,
    map: L::BinMap,
    strip: Strip,
}

/// A free piece without a place in the lists. Nothing that is binned lies directly in front of it.
#[derive(Clone, Copy, Debug)]
struct Strip {
    pos: Pos,
    units: Units,
}

/// The first block of a list of the cache.
pub(crate) struct Cached {
    pub(crate) pos: Pos,
    pub(crate) follows_free: bool,
    next: Pos,
}

impl Strip {
    const NONE: Self = Self { pos: Pos::NIL, units: Units::ZERO };
}

impl<L: Encoding> FreeIndex<L> {
    pub(crate) const EMPTY: Self =
        Self { cache: L::NO_CACHE, bins: L::NO_BINS, map: L::NO_MAP, strip: Strip::NONE };

    #[inline(always)]
    pub(crate) fn caches(units: Units) -> bool {
        units.0 <= L::CACHED_MAX
    }

    /// Sets a freed block aside, with the mark about the block in front that its header had.
    #[inline(always)]
    pub(crate) fn cache<C: Check>(&mut self, arena: &mut Arena<'_, L, C>, pos: Pos, units: Units, follows_free: bool) {
        if let Some(first) = self.cache.as_mut().get_mut(units.0) {
            arena.put_free(pos, FreeKind::Cached, units, follows_free, Pos(first.unpack()));
            *first = L::Link::pack(pos.0);
        }
    }

    /// The block of exactly `units` that was set aside last; none if the list is empty or broken.
    #[inline(always)]
    pub(crate) fn cached<C: Check>(&self, arena: &Arena<'_, L, C>, units: Units) -> Option<Cached> {
        let pos = Pos(self.cache.as_ref().get(units.0)?.unpack());
        let header = arena.header(pos).filter(|&header| is_free_as::<L>(header, FreeKind::Cached, units))?;
        Some(Cached { pos, next: arena.next(pos)?, follows_free: L::follows_free(header) })
    }

    /// Takes the block that `cached` has found out of its list.
    #[inline(always)]
    pub(crate) fn uncache(&mut self, units: Units, cached: &Cached) {
        if let Some(first) = self.cache.as_mut().get_mut(units.0) {
            *first = L::Link::pack(cached.next.0);
        }
    }

    /// Cuts `units` off the front of the strip, if it is long enough.
    #[inline(always)]
    pub(crate) fn cut<C: Check>(&mut self, arena: &mut Arena<'_, L, C>, units: Units) -> Option<Pos> {
        let Strip { pos, units: length } = self.strip;
        if length < units {
            return None;
        }
        self.set_strip(arena, pos + units, length - units);
        Some(pos)
    }

    /// Where the strip starts, which is nowhere if there is none.
    pub(crate) fn strip(&self) -> (Pos, Units) {
        (self.strip.pos, self.strip.units)
    }

    /// Makes `units` free granules from `pos` on, which may be none, the strip.
    #[inline(always)]
    pub(crate) fn set_strip<C: Check>(&mut self, arena: &mut Arena<'_, L, C>, pos: Pos, units: Units) {
        if units == Units::ZERO {
            self.strip = Strip::NONE;
            return;
        }
        self.strip = Strip { pos, units };
        arena.put_free(pos, FreeKind::Cached, units, false, Pos::NIL);
    }

    /// Forgets the strip and tells what it was.
    pub(crate) fn take_strip(&mut self) -> (Pos, Units) {
        let Strip { pos, units } = core::mem::replace(&mut self.strip, Strip::NONE);
        (pos, units)
    }

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
        Self::bin(units + Units((1 << (log - L::SPLIT)) - 1))
    }

    /// The first bin from `bin` on that is not empty.
    #[inline(always)]
    fn occupied_from(&self, bin: usize) -> Option<usize> {
        let words = self.map.as_ref();
        let mut mask = !0 << (bin % 32);
        for (i, &word) in words.iter().enumerate().skip(bin / 32) {
            let rest = word & mask;
            if rest != 0 {
                return Some(i * 32 + rest.trailing_zeros() as usize);
            }
            mask = !0;
        }
        None
    }

    /// The first block of the last bin that is not empty: among the largest there are.
    pub(crate) fn large(&self) -> Pos {
        let top = self.map.as_ref().iter().enumerate().rev().find(|(_, word)| **word != 0);
        top.map_or(Pos::NIL, |(i, word)| self.first(i * 32 + 31 - word.leading_zeros() as usize))
    }

    /// The length of the largest merged free block; linear in the blocks of the last bin.
    pub(crate) fn largest<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<Units, Corruption> {
        let (mut pos, mut largest) = (self.large(), self.strip.units);
        let mut left = (arena.tail() - Pos::FIRST).0;
        while pos != Pos::NIL && left > 0 {
            largest = largest.max(binned(arena, pos)?);
            pos = arena.next(pos).unwrap_or(Pos::NIL);
            left -= 1;
        }
        Ok(largest)
    }

    fn first(&self, bin: usize) -> Pos {
        Pos(self.bins.as_ref().get(bin).map_or(0, |link| link.unpack()))
    }

    fn set_first(&mut self, bin: usize, pos: Pos) {
        if let (Some(link), Some(word)) = (self.bins.as_mut().get_mut(bin), self.map.as_mut().get_mut(bin / 32)) {
            *link = L::Link::pack(pos.0);
            if pos == Pos::NIL {
                *word &= !(1 << (bin % 32));
            } else {
                *word |= 1 << (bin % 32);
            }
        }
    }

    /// A binned block of at least `units`, and its length. It stays where it is.
    pub(crate) fn find<C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
        units: Units,
    ) -> Result<Option<(Pos, Units)>, Corruption> {
        if let Some(bin) = self.occupied_from(Self::bin_above(units)) {
            let pos = self.first(bin);
            return Ok(Some((pos, binned(arena, pos)?)));
        }
        let mut pos = self.first(Self::bin(units));
        for _ in 0..PEEK {
            if pos == Pos::NIL {
                break;
            }
            let length = binned(arena, pos)?;
            if length >= units {
                return Ok(Some((pos, length)));
            }
            pos = arena.next(pos).ok_or_else(|| broken_list(arena, pos, pos))?;
        }
        Ok(None)
    }

    /// Makes `units` granules from `pos` a merged free block: header, footer, the mark in the block
    /// behind it, and its place in a bin. The block in front is in use or cached.
    pub(crate) fn insert<C: Check>(&mut self, arena: &mut Arena<'_, L, C>, pos: Pos, units: Units) {
        let end = pos + units;
        let bin = Self::bin(units);
        let next = if units > Units::ONE { self.first(bin) } else { Pos::NIL };
        arena.put_free(pos, FreeKind::Binned, units, false, next);
        arena.put_footer(end, units);
        if let Some(header) = arena.header(end).filter(|&header| !L::follows_free(header)) {
            arena.put_header(end, L::set_follows_free(header, true));
        }
        if units > Units::ONE {
            arena.put_prev(pos, Pos::NIL);
            if next != Pos::NIL {
                arena.put_prev(next, pos);
            }
            self.set_first(bin, pos);
        }
    }

    /// Takes a merged free block of `units` out of its bin. Header, footer and mark stay.
    pub(crate) fn remove<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
    ) -> Result<(), Corruption> {
        if units <= Units::ONE {
            return Ok(());
        }
        let (next, prev) = self.neighbours(arena, pos)?;
        let bin = Self::bin(units);
        if prev == Pos::NIL && self.first(bin) != pos {
            return Err(broken_list(arena, pos, self.first(bin)));
        }
        self.link_behind(arena, prev, bin, next)?;
        if next != Pos::NIL {
            arena.put_prev(next, prev);
        }
        Ok(())
    }

    /// Takes a merged free block of `units` out of the index, as if it were in use.
    pub(crate) fn take<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
    ) -> Result<(), Corruption> {
        self.remove(arena, pos, units)?;
        if let Some(header) = arena.header(pos + units) {
            arena.put_header(pos + units, L::set_follows_free(header, false));
        }
        Ok(())
    }

    /// Moves the front of a merged free block of `units` up or down, to `to`: what is in front of it
    /// has grown or shrunk. Without effort if the block stays in its bin, as a large one mostly does.
    #[inline]
    pub(crate) fn move_front<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        to: Pos,
    ) -> Result<(), Corruption> {
        let end = pos + units;
        if to == end {
            return self.take(arena, pos, units);
        }
        let left = end - to;
        if units <= Units::ONE || Self::bin(left) != Self::bin(units) {
            self.remove(arena, pos, units)?;
            self.insert(arena, to, left);
            return Ok(());
        }
        let (next, prev) = self.neighbours(arena, pos)?;
        arena.put_free(to, FreeKind::Binned, left, false, next);
        arena.put_prev(to, prev);
        arena.put_footer(end, left);
        if next != Pos::NIL {
            arena.put_prev(next, to);
        }
        self.link_behind(arena, prev, Self::bin(left), to)
    }

    /// The blocks before and behind a binned one in its list, each of which must know it.
    #[inline(always)]
    fn neighbours<C: Check>(&self, arena: &Arena<'_, L, C>, pos: Pos) -> Result<(Pos, Pos), Corruption> {
        let (Some(next), Some(prev)) = (arena.next(pos), arena.prev(pos)) else {
            return Err(broken_list(arena, pos, pos));
        };
        if next != Pos::NIL && arena.prev(next) != Some(pos) {
            return Err(broken_list(arena, pos, next));
        }
        if prev != Pos::NIL && arena.next(prev) != Some(pos) {
            return Err(broken_list(arena, pos, prev));
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
    ) -> Result<(), Corruption> {
        if prev == Pos::NIL {
            self.set_first(bin, pos);
        } else {
            let length = binned(arena, prev)?;
            arena.put_free(prev, FreeKind::Binned, length, false, pos);
        }
        Ok(())
    }
}

/// What the lists hold, for the full check.
#[derive(Default)]
pub(crate) struct Listed {
    pub(crate) binned: usize,
    /// The strip is one of them.
    pub(crate) cached: usize,
}

impl<L: Encoding> FreeIndex<L> {
    /// Follows every list and counts its members. Ends even on lists that are circles.
    pub(crate) fn check<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<Listed, Corruption> {
        let most = (arena.tail() - Pos::FIRST).0;
        let mut listed = Listed::default();
        if self.strip.units > Units::ZERO {
            expect_cached(arena, self.strip.pos, self.strip.units)?;
            listed.cached = 1;
        }
        for (units, first) in self.cache.as_ref().iter().enumerate() {
            let mut pos = Pos(first.unpack());
            while pos != Pos::NIL {
                expect_cached(arena, pos, Units(units))?;
                listed.cached += 1;
                pos = arena.next(pos).filter(|_| listed.cached <= most).ok_or_else(|| broken_list(arena, pos, pos))?;
            }
        }
        for bin in 0..self.bins.as_ref().len() {
            let (mut pos, mut before) = (self.first(bin), Pos::NIL);
            let marked = self.map.as_ref().get(bin / 32).is_some_and(|word| word >> (bin % 32) & 1 == 1);
            if marked != (pos != Pos::NIL) {
                return Err(broken_list(arena, pos, before));
            }
            while pos != Pos::NIL {
                let units = binned(arena, pos)?;
                if Self::bin(units) != bin || arena.prev(pos) != Some(before) {
                    return Err(broken_list(arena, pos, before));
                }
                listed.binned += 1;
                before = pos;
                pos = arena.next(pos).filter(|_| listed.binned <= most).ok_or_else(|| broken_list(arena, pos, pos))?;
            }
        }
        Ok(listed)
    }
}

/// Whether a header is that of a free block of this kind and length.
#[inline(always)]
fn is_free_as<L: Encoding>(header: L::Header, kind: FreeKind, units: Units) -> bool {
    L::set_follows_free(header, false) == L::free_header(kind, units, L::free_next(header))
}

fn expect_cached<L: Encoding, C: Check>(arena: &Arena<'_, L, C>, pos: Pos, units: Units) -> Result<(), Corruption> {
    match arena.header(pos) {
        Some(header) if is_free_as::<L>(header, FreeKind::Cached, units) => Ok(()),
        _ => Err(broken_list(arena, pos, pos)),
    }
}

/// The length of the merged free block at `pos`.
#[inline(always)]
pub(crate) fn binned<L: Encoding, C: Check>(arena: &Arena<'_, L, C>, pos: Pos) -> Result<Units, Corruption> {
    match arena.header(pos) {
        Some(header)
            if L::is_free(header)
                && L::free_kind(header) == Some(FreeKind::Binned)
                && L::units(header) > Units::ZERO
                && pos + L::units(header) <= arena.tail() =>
        {
            Ok(L::units(header))
        }
        _ => Err(broken_list(arena, pos, arena.tail())),
    }
}

/// A list that leads to `pos`, where nothing fits to it.
#[cold]
fn broken_list<L: Encoding, C: Check>(_: &Arena<'_, L, C>, pos: Pos, found: Pos) -> Corruption {
    Corruption::new(Fault::List, Arena::<L, C>::byte(pos), found.0 as u64, pos.0 as u64)
}
