//! The last few freed blocks of larger sizes, kept as they were for a request of the same size.
//!
//! Programs ask for the same few sizes again and again. One place for each remainder of the length
//! is enough to catch them, and bounds how much free space is not merged.

use crate::arena::Arena;
use crate::check::Check;
use crate::error::Corruption;
use crate::layout::{Encoding, FreeKind, Link};
use crate::units::{Pos, Units};

const PLACES: usize = 16;

#[derive(Clone, Debug)]
pub(super) struct Recent<L: Encoding> {
    places: [Option<L::Link>; PLACES],
    kept: usize,
}

impl<L: Encoding> Recent<L> {
    pub(super) const EMPTY: Self = Self {
        places: [None; PLACES],
        kept: 0,
    };

    #[inline(always)]
    pub(super) fn holds(units: Units) -> bool {
        units.0 <= 16 * L::CACHED_MAX
    }

    /// Takes the block of exactly `units`, if it is the one that is kept.
    #[inline(always)]
    pub(super) fn take<C: Check>(&mut self, arena: &Arena<'_, L, C>, units: Units) -> Option<Pos> {
        let place = self.places.get_mut(units.0 % PLACES)?;
        let pos = Pos((*place)?.unpack());
        arena
            .header(pos)
            .filter(|&header| L::is_free_as(header, FreeKind::Cached, units))?;
        *place = None;
        self.kept = self.kept.wrapping_sub(1);
        Some(pos)
    }

    /// Keeps a freed block and returns the one that it displaces.
    #[inline(always)]
    pub(super) fn put<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        follows_free: bool,
    ) -> Option<Pos> {
        arena.put_free(pos, FreeKind::Cached, units, follows_free, Pos::NIL);
        let place = self.places.get_mut(units.0 % PLACES)?;
        let old = place
            .replace(L::Link::pack(pos.0))
            .map(|old| Pos(old.unpack()));
        self.kept = self.kept.wrapping_add(usize::from(old.is_none()));
        old
    }

    /// Empties the places one by one.
    pub(super) fn pop(&mut self) -> Option<Pos> {
        self.kept = self.kept.checked_sub(1)?;
        self.places
            .iter_mut()
            .find_map(Option::take)
            .map(|link| Pos(link.unpack()))
    }

    pub(super) fn check<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<usize, Corruption> {
        let mut members = 0;
        for (i, link) in self.places.iter().enumerate() {
            let Some(pos) = link.map(|link| Pos(link.unpack())) else {
                continue;
            };
            match arena.header(pos) {
                Some(header)
                    if L::units(header).0 % PLACES == i
                        && L::is_free_as(header, FreeKind::Cached, L::units(header)) =>
                {
                    members += 1;
                }
                _ => return Err(super::broken_list(arena, pos, pos)),
            }
        }
        if members == self.kept {
            Ok(members)
        } else {
            Err(super::broken_list(arena, Pos::NIL, Pos(self.kept)))
        }
    }
}
