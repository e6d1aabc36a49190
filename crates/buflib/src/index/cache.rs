//! Free blocks of small sizes without a number, kept by their exact size, the last freed first.

use crate::arena::Arena;
use crate::check::Check;
use crate::error::Corruption;
use crate::layout::{Encoding, FreeKind, Link};
use crate::units::{Pos, Units};

#[derive(Clone, Hash, Debug)]
pub(crate) struct Cache<L: Encoding> {
    firsts: L::CacheHeads,
}

/// The first block of a list.
pub(crate) struct Cached<L: Encoding> {
    pub(crate) pos: Pos,
    pub(crate) header: L::Header,
    next: Pos,
}

impl<L: Encoding> Cache<L> {
    pub(crate) const EMPTY: Self = Self {
        firsts: L::NO_CACHE,
    };

    #[inline(always)]
    pub(crate) fn holds(units: Units) -> bool {
        units.0 <= L::CACHED_MAX
    }

    /// Sets a freed block aside, with the mark about the block in front that its header had.
    #[inline(always)]
    pub(crate) fn push<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        follows_free: bool,
    ) {
        if let Some(first) = self.firsts.as_mut().get_mut(units.0) {
            arena.put_free(
                pos,
                FreeKind::Cached,
                units,
                follows_free,
                Pos(first.unpack()),
            );
            *first = L::Link::pack(pos.0);
        }
    }

    /// The block of exactly `units` that was set aside last; none if the list is empty or broken.
    #[inline(always)]
    pub(crate) fn first<C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
        units: Units,
    ) -> Option<Cached<L>> {
        let pos = Pos(self.firsts.as_ref().get(units.0)?.unpack());
        let header = arena
            .header(pos)
            .filter(|&header| L::is_free_as(header, FreeKind::Cached, units))?;
        Some(Cached {
            pos,
            header,
            next: arena.next(pos, FreeKind::Cached)?,
        })
    }

    /// Takes the block that `first` has found out of its list.
    #[inline(always)]
    pub(crate) fn pop(&mut self, units: Units, cached: &Cached<L>) {
        if let Some(first) = self.firsts.as_mut().get_mut(units.0) {
            *first = L::Link::pack(cached.next.0);
        }
    }

    /// Takes the first block of any list that is not empty.
    pub(crate) fn pop_any<C: Check>(&mut self, arena: &Arena<'_, L, C>) -> Option<Pos> {
        let lists = self.firsts.as_ref();
        let units = Units(lists.iter().position(|first| first.unpack() != 0)?);
        let cached = self.first(arena, units)?;
        self.pop(units, &cached);
        Some(cached.pos)
    }

    /// Follows every list and counts the members. Ends even on lists that are circles.
    pub(crate) fn check<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<usize, Corruption> {
        let most = (arena.tail() - Pos::FIRST).0;
        let mut members = 0;
        for (units, first) in self.firsts.as_ref().iter().enumerate() {
            let mut pos = Pos(first.unpack());
            while pos != Pos::NIL {
                let header = arena.header(pos);
                let fits = header
                    .is_some_and(|header| L::is_free_as(header, FreeKind::Cached, Units(units)));
                match arena.next(pos, FreeKind::Cached) {
                    Some(next) if fits && members < most => pos = next,
                    _ => return Err(super::broken_list(arena, pos, pos)),
                }
                members += 1;
            }
        }
        Ok(members)
    }
}
