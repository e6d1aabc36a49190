//! The strip: one free block that small requests are cut from.

use super::FreeIndex;
use crate::arena::Arena;
use crate::check::Check;
use crate::error::Broken;
use crate::layout::{Encoding, FreeKind};
use crate::units::{Pos, Units};

/// The strip takes in its neighbours up to this many granules: larger pieces are for large requests.
pub(super) const STRIP_MAX: usize = 512;

/// As long as so many granules of the tail are free, small requests are served from there: its end is the border
/// between blocks and table.
pub(super) const PLENTY: usize = 16 * STRIP_MAX;

/// A free block that is in no list.
#[derive(Clone, Copy, Hash, Debug)]
pub(super) struct Strip {
    pub(super) pos: Pos,
    pub(super) units: Units,
}

impl Strip {
    pub(super) const NONE: Self = Self {
        pos: Pos::NIL,
        units: Units::ZERO,
    };

    pub(super) fn end(self) -> Pos {
        self.pos + self.units
    }
}

impl<L: Encoding> FreeIndex<L> {
    /// Merges the strip with the free tail, if they touch.
    pub(super) fn roll_up<C: Check>(&mut self, arena: &mut Arena<'_, L, C>) -> Result<(), Broken> {
        if self.strip.end() == arena.tail() {
            self.merge_strip(arena)?;
        }
        Ok(())
    }

    /// Makes the front of the free tail the strip, or part of it, so that what follows is cut as one. Not if
    /// the tail is short.
    pub(super) fn unroll<C: Check>(&mut self, arena: &mut Arena<'_, L, C>) -> bool {
        const CHUNK: Units = Units(STRIP_MAX);
        if arena.room() / L::GRANULE < PLENTY || self.merge_strip(arena).is_err() {
            return false;
        }
        let pos = arena.tail();
        let taken = arena.set_tail(pos + CHUNK);
        if taken {
            self.set_strip(arena, Strip { pos, units: CHUNK });
        }
        taken
    }

    pub(super) fn merge_strip<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
    ) -> Result<(), Broken> {
        let strip = core::mem::replace(&mut self.strip, Strip::NONE);
        if strip.units > Units::ZERO {
            self.merge(arena, strip.pos, strip.units, false)?;
        }
        Ok(())
    }

    /// Cuts `units` off the front of the strip, if it is long enough.
    #[inline(always)]
    pub(super) fn cut<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        units: Units,
    ) -> Option<Pos> {
        let Strip { pos, units: length } = self.strip;
        if length < units {
            return None;
        }
        self.set_strip(
            arena,
            Strip {
                pos: pos + units,
                units: length - units,
            },
        );
        Some(pos)
    }

    #[inline(always)]
    pub(super) fn set_strip<C: Check>(&mut self, arena: &mut Arena<'_, L, C>, strip: Strip) {
        if strip.units == Units::ZERO {
            self.strip = Strip::NONE;
            return;
        }
        self.strip = strip;
        arena.put_free(strip.pos, FreeKind::Cached, strip.units, false, Pos::NIL);
    }

    /// Makes the longer of the present strip and this free piece the strip; the other is merged.
    #[inline(always)]
    pub(super) fn offer_strip<C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        piece: Strip,
    ) -> Result<(), Broken> {
        let mut rest = piece;
        if piece.units >= self.strip.units {
            rest = self.strip;
            self.set_strip(arena, piece);
        }
        if rest.units == Units::ZERO {
            return Ok(());
        }
        self.merge(arena, rest.pos, rest.units, false)
    }
}
