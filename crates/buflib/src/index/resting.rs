//! Freed blocks that keep their number.
//!
//! Most requests are for a size that was freed a moment ago. So a plain block that is freed *rests*: its
//! table entry goes on pointing at it, and the next request of its size gets both back and touches
//! nothing but the header. A number that is needed elsewhere is [taken](Resting::take_any) from a
//! resting block, which is then free like any other.
//!
//! - Small sizes have a list each, the last freed first.
//! - Blocks too small for a link are on a short stack outside the arena.
//! - Of larger sizes one block is kept for each remainder of the length. Programs have a few favourite
//!   buffer sizes: that is enough to catch them, and bounds how much free space is not merged.

use core::hash::{Hash, Hasher};

use super::broken_list;
use crate::arena::Arena;
use crate::check::Check;
use crate::error::Corruption;
use crate::layout::{Encoding, Link, PLACES, Record};
use crate::units::{Index, Pos, Units};

#[derive(Clone, Debug)]
pub(crate) struct Resting<L: Encoding> {
    lists: L::RestingHeads,
    /// Where a block was parted from its number last.
    released: Units,
    tiny: L::Tiny,
    /// How many there are on the stack.
    tinies: usize,
    places: L::Places,
}

/// What the stack had further up does not count.
impl<L: Encoding> Hash for Resting<L> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lists.hash(state);
        self.released.hash(state);
        let tinies = self.tiny.as_ref().get(..self.tinies);
        tinies.hash(state);
        self.places.hash(state);
    }
}

/// A resting block that was found.
pub(crate) struct Rested<L: Encoding> {
    pub(crate) pos: Pos,
    pub(crate) header: L::Header,
}

/// What becomes of a freed block.
pub(crate) enum Freed {
    Rests,
    /// It rests in the place of another, which is free from now on.
    Displaces(Pos),
    /// It is none that can rest.
    Not,
}

impl<L: Encoding> Resting<L> {
    pub(crate) const NONE: Self = Self {
        lists: L::NO_RESTING,
        released: Units::ZERO,
        tiny: L::NO_TINY,
        tinies: 0,
        places: L::NO_PLACES,
    };

    /// Lets a small block in use with this header rest; none, and nothing done, if it is not of a size
    /// that has a list, or of one that is too small for it and the stack is full.
    #[inline(always)]
    pub(crate) fn rest<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        header: L::Header,
    ) -> Option<()> {
        let least = Arena::<L, C>::LEAST_LINKED;
        if units.0.wrapping_sub(least.0) > L::CACHED_MAX - least.0 {
            return self.rest_tiny(arena, pos, units, header);
        }
        let first = self.lists.as_mut().get_mut(units.0)?;
        let mut span = arena.span_mut(pos, units)?;
        span.put_resting_next(Pos(first.unpack()))?;
        span.put_flags(L::rest(header));
        *first = L::Link::pack(pos.0);
        Some(())
    }

    /// The same for a block that is too small for a link.
    #[inline(always)]
    fn rest_tiny<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        header: L::Header,
    ) -> Option<()> {
        if !Self::is_tiny::<C>(units) {
            return None;
        }
        let top = self.tiny.as_mut().get_mut(self.tinies)?;
        *top = L::Link::pack(pos.0);
        self.tinies += 1;
        arena.put_resting(pos, header);
        Some(())
    }

    /// Takes a block of exactly `units`, too small for a link, off the stack.
    #[inline(always)]
    pub(crate) fn take_tiny<C: Check>(
        &mut self,
        arena: &Arena<'_, L, C>,
        units: Units,
    ) -> Option<Rested<L>> {
        let top = self.tinies.checked_sub(1)?;
        let rested = Self::at(arena, *self.tiny.as_ref().get(top)?, units)?;
        self.tinies = top;
        Some(rested)
    }

    /// Takes the block of exactly `units` that came to rest last out of its list; none if the list is
    /// empty or broken.
    #[inline(always)]
    pub(crate) fn take<C: Check>(
        &mut self,
        arena: &Arena<'_, L, C>,
        units: Units,
    ) -> Option<Rested<L>> {
        let (rested, next) = self.first(arena, units)?;
        self.pop(units, next);
        Some(rested)
    }

    /// The block that [`take`](Self::take) would take, and the one behind it.
    #[inline(always)]
    pub(crate) fn first<C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
        units: Units,
    ) -> Option<(Rested<L>, Pos)> {
        let pos = Pos(self.lists.as_ref().get(units.0)?.unpack());
        let span = arena.span_listed(pos, units)?;
        let header = span.header();
        if !L::is_resting_as(header, units) {
            return None;
        }
        Some((Rested { pos, header }, span.resting_next()?))
    }

    /// Takes the [`first`](Self::first) block out of its list.
    #[inline(always)]
    pub(crate) fn pop(&mut self, units: Units, next: Pos) {
        if let Some(first) = self.lists.as_mut().get_mut(units.0) {
            *first = L::Link::pack(next.0);
        }
    }

    #[inline(always)]
    fn at<C: Check>(arena: &Arena<'_, L, C>, link: L::Link, units: Units) -> Option<Rested<L>> {
        let pos = Pos(link.unpack());
        let header = arena
            .header(pos)
            .filter(|&header| L::is_resting_as(header, units))?;
        Some(Rested { pos, header })
    }

    fn is_tiny<C: Check>(units: Units) -> bool {
        units < Arena::<L, C>::LEAST_LINKED
    }

    fn has_place(units: Units) -> bool {
        units.0 > L::CACHED_MAX && units.0 < L::LONG.min(16 * L::CACHED_MAX)
    }

    /// The same as [`rest`](Self::rest) for larger sizes, which have no list.
    pub(crate) fn rest_unlisted<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        header: L::Header,
    ) -> Freed {
        if !Self::has_place(units) {
            return Freed::Not;
        }
        let Some(place) = self.places.as_mut().get_mut(units.0 % PLACES) else {
            return Freed::Not;
        };
        arena.put_resting(pos, header);
        match Pos(core::mem::replace(place, L::Link::pack(pos.0)).unpack()) {
            Pos::NIL => Freed::Rests,
            old => Freed::Displaces(old),
        }
    }

    /// The same as [`take`](Self::take) for sizes that have no list.
    pub(crate) fn take_unlisted<C: Check>(
        &mut self,
        arena: &Arena<'_, L, C>,
        units: Units,
    ) -> Option<Rested<L>> {
        if Self::is_tiny::<C>(units) {
            return self.take_tiny(arena, units);
        }
        if !Self::has_place(units) {
            return None;
        }
        let place = self.places.as_mut().get_mut(units.0 % PLACES)?;
        let rested = Self::at(arena, *place, units)?;
        *place = L::Link::NONE;
        Some(rested)
    }

    /// Takes a block of exactly `units` for a request with an alignment, if the next one has it.
    pub(crate) fn take_aligned<C: Check>(
        &mut self,
        arena: &Arena<'_, L, C>,
        units: Units,
        align: usize,
    ) -> Option<Rested<L>> {
        let next = if Self::is_tiny::<C>(units) {
            self.tiny.as_ref().get(self.tinies.checked_sub(1)?)?
        } else if units.0 <= L::CACHED_MAX {
            self.lists.as_ref().get(units.0)?
        } else {
            self.places.as_ref().get(units.0 % PLACES)?
        };
        if arena.gap_to_aligned(Pos(next.unpack()), align) > Units::ZERO {
            return None;
        }
        self.take(arena, units)
            .or_else(|| self.take_unlisted(arena, units))
    }

    /// Takes any resting block, in constant time, for its number or for its space.
    pub(crate) fn take_any<C: Check>(&mut self, arena: &Arena<'_, L, C>) -> Option<Rested<L>> {
        if let Some(rested) = self.take(arena, self.released) {
            return Some(rested);
        }
        if let Some(units) = last_in_use(self.lists.as_ref()) {
            self.released = Units(units);
            return self.take(arena, Units(units));
        }
        if self.tinies > 0 {
            return self.take_unlisted(arena, Units::ONE);
        }
        self.take_large(arena)
    }

    /// Takes one of those of larger sizes.
    pub(crate) fn take_large<C: Check>(&mut self, arena: &Arena<'_, L, C>) -> Option<Rested<L>> {
        let mut places = self.places.as_mut().iter_mut();
        let place = places.find(|place| **place != L::Link::NONE)?;
        let pos = Pos(core::mem::replace(place, L::Link::NONE).unpack());
        let header = arena.header(pos).filter(|&header| L::is_resting(header))?;
        Some(Rested { pos, header })
    }

    /// Follows every list and counts all members. Ends even on lists that are circles.
    pub(crate) fn check<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<usize, Corruption> {
        let most = (arena.tail() - Pos::FIRST).0;
        let mut members = 0;
        for (units, first) in self.lists.as_ref().iter().enumerate() {
            let mut link = *first;
            while link.unpack() != 0 {
                let pos = Pos(link.unpack());
                let rested = Self::at(arena, link, Units(units));
                match rested.and_then(|rested| arena.resting_next(rested.pos)) {
                    Some(next) if members < most => link = L::Link::pack(next.0),
                    _ => return Err(broken_list(arena, pos, pos)),
                }
                members += 1;
            }
        }
        let tinies = self.tiny.as_ref().iter().take(self.tinies);
        let tinies = tinies.map(|&link| (link, None));
        let places = self.places.as_ref().iter().zip(0..);
        let places = places.filter(|(link, _)| **link != L::Link::NONE);
        let places = places.map(|(&link, place)| (link, Some(place)));
        for (link, place) in tinies.chain(places) {
            let pos = Pos(link.unpack());
            let fits = arena.header(pos).is_some_and(|header| {
                let units = L::units(header);
                L::is_resting(header)
                    && match place {
                        None => Self::is_tiny::<C>(units),
                        Some(place) => Self::has_place(units) && units.0 % PLACES == place,
                    }
            });
            if !fits {
                return Err(broken_list(arena, pos, pos));
            }
            members += 1;
        }
        Ok(members)
    }
}

/// The last list that is not empty, looked for in strides, since most of them may be.
fn last_in_use<T: Link>(firsts: &[T]) -> Option<usize> {
    const STRIDE: usize = 16;
    let some = |first: &T| first.unpack() != 0;
    let any = |firsts: &[T]| firsts.iter().fold(0, |all, first| all | first.unpack()) != 0;
    let (at, firsts) = firsts
        .chunks(STRIDE)
        .enumerate()
        .rev()
        .find(|(_, firsts)| any(firsts))?;
    Some(at * STRIDE + firsts.iter().rposition(some)?)
}

/// The number of the resting block with this header, and the generation of its last handle; none if
/// its entry does not lead to it.
pub(crate) fn number_of_resting<L: Encoding, C: Check>(
    arena: &Arena<'_, L, C>,
    pos: Pos,
    header: L::Header,
) -> Option<(Index, u32)> {
    let index = L::resting_index(header);
    let entry = arena
        .entry(index)
        .filter(|&entry| L::entry_is_live(entry) && L::entry_pos(entry) == pos)?;
    let record = Record {
        header,
        entry,
        trailer: L::Trailer::default(),
    };
    arena
        .is_sealed(index, &record)
        .then(|| (index, L::generation(&record)))
}
