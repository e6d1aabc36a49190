//! A walk over all blocks before anything is changed: whether the row is sound, and where to gather free space.

use super::Effort;
use super::marks::{Found, Mark, Marks};
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

/// What room is to be made for.
#[derive(Clone, Copy)]
pub(crate) struct Demand {
    /// Granules that will be in use and are not yet.
    pub(crate) more: Units,
    /// The length of a piece of free space that is certain to serve.
    pub(crate) piece: Units,
    /// Whether it is for a block that grows.
    grows: bool,
}

impl Demand {
    /// Room for a new block, with an alignment in granules.
    pub(crate) fn block(units: Units, align: usize) -> Self {
        Self {
            more: units,
            piece: units + Units(align - 1),
            grows: false,
        }
    }

    /// Room for a block to have `units`, be it elsewhere.
    pub(crate) fn growth<L: Layout>(live: &Live<L>, units: Units) -> Self {
        Self {
            more: units - live.units,
            grows: true,
            ..Self::block(units, live.align())
        }
    }
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
    pub(super) fn worth_gathering(&self, demand: &Demand, effort: Effort, free: Units) -> Units {
        const LIGHT: usize = 512;
        let mean = self.used.units().bytes::<L>() / self.table.live().max(1);
        let mut worth = Units(free.0 / 4 * 3 / (mean / LIGHT).max(1));
        if demand.grows && demand.piece.0 > worth.0 / 8 {
            // A large block takes all of it for itself: this lets it grow for a while.
            worth = worth.min(demand.piece + Units(demand.piece.0 / 4));
        }
        let least = if demand.piece <= free {
            demand.piece
        } else {
            demand.more
        };
        let gaps = if effort == Effort::More {
            least.0 / 8
        } else {
            0
        };
        worth.max(least + Units(gaps))
    }

    /// Checks all blocks for what a move relies on.
    pub(crate) fn verify_row(&self) -> Result<(), Corruption> {
        let mut counts = Counts::default();
        let mut pos = Pos::FIRST;
        while pos < self.arena.tail() {
            let header = self.header_in_row(pos)?;
            counts.add::<L>(header);
            self.verify_in_row(pos, header)?;
            pos = pos + L::units(header);
        }
        counts.expect(self)
    }

    /// Checks a block of the row for what a move relies on, and tells what is known of it then if that matters.
    #[inline(always)]
    fn verify_in_row(&self, pos: Pos, header: L::Header) -> Result<Option<Live<L>>, Corruption> {
        if L::is_free(header) || !(C::ENABLED || self.may_hold()) {
            return Ok(None);
        }
        let block = Live::at(&self.arena, pos, header)?;
        block.verify(&self.arena)?;
        Ok(Some(block))
    }

    /// Walks all blocks without a change, checks what a move relies on, and looks for the place
    /// where `gathered` granules can be brought together for a request that a piece of `wanted` serves.
    pub(super) fn survey<K: Keeper<L, C>>(
        &self,
        wanted: Units,
        gathered: Units,
    ) -> Result<Survey, Corruption> {
        let tail = self.arena.tail();
        let mut suitable = Units::ZERO;
        let mut counts = Counts::default();
        let mut marks = Marks::new(gathered, tail - Pos::FIRST);
        // A new table entry must find room behind the last block.
        let usable = self.table.has_spare(&self.arena);
        let (mut at, mut last_end) = (Mark::FIRST, Pos::FIRST);
        while at.pos < tail {
            let header = self.header_in_row(at.pos)?;
            let (end, in_use) = (at.pos + L::units(header), !L::is_free(header));
            // In a row of free and used blocks that take turns, no branch could be foretold.
            counts.add::<L>(header);
            let gap = if in_use {
                at.pos - last_end
            } else {
                Units::ZERO
            };
            if gap >= wanted {
                suitable += gap;
            }
            last_end = if in_use { end } else { last_end };
            let before = at;
            at = Mark {
                pos: end,
                live: counts.used,
            };
            if let Some(block) = self.verify_in_row(before.pos, header)? {
                if L::is_fixed(&block.record)
                    || (!K::PRESENT && block.extension(&self.arena)?.owner.is_some())
                {
                    if usable {
                        marks.close(before);
                    }
                    marks.restart(at);
                }
            }
            if at.pos >= marks.next {
                if usable {
                    marks.close(at);
                }
                marks.push(at);
            }
        }
        counts.expect(self)?;
        at.pos = at.pos + self.free_tail();
        marks.close(at);
        let cheapest = match marks.found {
            Some(found) => Some(self.trimmed(found, gathered)?),
            None => None,
        };
        Ok(Survey { suitable, cheapest })
    }

    /// The window without what it need not have at its ends.
    fn trimmed(&self, found: Found, gathered: Units) -> Result<Window, Corruption> {
        let tail = self.arena.tail();
        let mut free = found.end.free() - found.from.free();
        let mut from = found.from.pos;
        while from < tail {
            let header = self.header_in_row(from)?;
            let units = L::units(header);
            if L::is_free(header) {
                if free.0 < gathered.0.saturating_add(units.0) {
                    break;
                }
                free -= units;
            }
            from = from + units;
        }
        // What is free from `to` to the end: where the front was cut beyond the last mark, all that is left.
        let (mut to, mut left) = if from < found.last.pos {
            (found.last.pos, found.end.free() - found.last.free())
        } else {
            (from, free)
        };
        while to < found.end.pos && to < tail && free - left < gathered {
            let header = self.header_in_row(to)?;
            let units = L::units(header);
            if L::is_free(header) {
                left -= units;
            }
            to = to + units;
        }
        if free - left < gathered {
            to = found.end.pos;
        }
        Ok(Window { from, to })
    }
}

/// What a walk over all blocks has come by.
#[derive(Default)]
struct Counts {
    used: Units,
    blocks: usize,
    resting: usize,
}

impl Counts {
    /// Without a branch: in a row of free and used blocks none could be foretold.
    #[inline(always)]
    fn add<L: Layout>(&mut self, header: L::Header) {
        let in_use = usize::from(!L::is_free(header));
        self.used += Units(L::units(header).0 & in_use.wrapping_neg());
        self.blocks = self.blocks.wrapping_add(in_use);
        self.resting = self
            .resting
            .wrapping_add(usize::from(L::is_resting(header)));
    }

    /// Whether it is as much as there should be.
    fn expect<L: Layout, C: Check>(&self, heap: &Heap<'_, L, C>) -> Result<(), Corruption> {
        // A free block that seems to be longer than it is hides others, and they would be lost.
        expect_count(self.used.0, heap.used.units().0)?;
        expect_count(self.blocks, heap.table.live())?;
        // One that seems to be plain free space would keep its number.
        expect_count(self.resting, heap.table.resting(&heap.arena))
    }
}

fn expect_count(found: usize, kept: usize) -> Result<(), Corruption> {
    if found == kept {
        return Ok(());
    }
    Err(Corruption::new(Fault::Count, 0, found as u64, kept as u64))
}
