//! A walk over all blocks before anything is changed: whether the row is sound, and where to gather free space.

use crate::block::Live;
use crate::check::Check;
use crate::error::{Corruption, Fault};
use crate::heap::Heap;
use crate::layout::Layout;
use crate::owner::Keeper;
use crate::units::{Pos, Units};

/// Part of the row of blocks, from a block to before another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) from: Pos,
    pub(super) to: Pos,
}

impl Window {
    pub(super) const ALL: Self = Self {
        from: Pos::FIRST,
        to: Pos(usize::MAX),
    };
    pub(super) const NOTHING: Self = Self {
        from: Pos::NIL,
        to: Pos::NIL,
    };
}

/// What a walk over all blocks has found, before anything is changed.
#[derive(Clone, Copy)]
pub(super) struct Survey {
    /// Granules in merged pieces of free space that could serve the request.
    pub(super) suitable: Units,
    /// Where the space looked for can be gathered with the fewest granules moved.
    pub(super) cheapest: Option<Window>,
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// How much of the free space to bring together at once: more than was asked for, so that the
    /// walk over the headers pays for many requests to come; less, the more a block weighs, since
    /// then moving costs more than walking.
    pub(super) fn worth_gathering(&self, free: Units) -> Units {
        const LIGHT: usize = 512;
        let mean = self.used.units().bytes::<L>() / self.table.live().max(1);
        Units(free.0 / 4 * 3 / (mean / LIGHT).max(1))
    }

    /// Checks all blocks for what a move relies on.
    pub(crate) fn verify_row<K: Keeper<L, C>>(&self) -> Result<(), Corruption> {
        self.survey::<K>(Units::ZERO, Units::ZERO).map(drop)
    }

    /// Walks all blocks without a change, checks what a move relies on, and looks for the place
    /// where `gathered` granules can be brought together for a request of `wanted`.
    pub(super) fn survey<K: Keeper<L, C>>(
        &self,
        wanted: Units,
        gathered: Units,
    ) -> Result<Survey, Corruption> {
        let tail = self.arena.tail();
        let (mut suitable, mut gap) = (Units::ZERO, Units::ZERO);
        let mut found: Option<(Units, Window)> = None;
        // The shortest piece of the row that ends at `pos` and has enough free space.
        let (mut from, mut free, mut live) = (Pos::FIRST, Units::ZERO, Units::ZERO);
        let (mut used, mut blocks, mut resting) = (Units::ZERO, 0, 0);
        let mut pos = Pos::FIRST;
        loop {
            let at_end = pos >= tail;
            let header = if at_end {
                None
            } else {
                Some(self.header_in_row(pos)?)
            };
            let units = header.map_or(self.arena.top() - tail, L::units);
            match header {
                Some(header) if !L::is_free(header) => {
                    if gap >= wanted {
                        suitable += gap;
                    }
                    gap = Units::ZERO;
                    live += units;
                    used += units;
                    blocks += 1;
                    if C::ENABLED || self.may_hold() {
                        let block = Live::at(&self.arena, pos, header)?;
                        block.verify(&self.arena)?;
                        if L::is_fixed(&block.record)
                            || (!K::PRESENT && block.extension(&self.arena)?.owner.is_some())
                        {
                            (from, free, live) = (pos + units, Units::ZERO, Units::ZERO);
                        }
                    }
                }
                header => {
                    resting += usize::from(header.is_some_and(L::is_resting));
                    gap += units;
                    free += units;
                }
            }
            pos = pos + units;
            while free >= gathered && from < tail {
                let header = self.header_in_row(from)?;
                let units = L::units(header);
                if !L::is_free(header) {
                    live -= units;
                } else if free - units >= gathered && units <= free {
                    free -= units;
                } else {
                    break;
                }
                from = from + units;
            }
            // A new table entry must find room behind the last block.
            let usable = at_end || self.table.has_spare(&self.arena);
            if usable && free >= gathered && found.is_none_or(|(least, _)| live < least) {
                found = Some((live, Window { from, to: pos }));
            }
            if at_end {
                // A free block that seems to be longer than it is hides others, and they would be lost.
                expect_count(used.0, self.used.units().0)?;
                expect_count(blocks, self.table.live())?;
                // One that seems to be plain free space would keep its number.
                expect_count(resting, self.table.resting(&self.arena))?;
                return Ok(Survey {
                    suitable,
                    cheapest: found.map(|(_, window)| window),
                });
            }
        }
    }
}

fn expect_count(found: usize, kept: usize) -> Result<(), Corruption> {
    if found == kept {
        return Ok(());
    }
    Err(Corruption::new(Fault::Count, 0, found as u64, kept as u64))
}
