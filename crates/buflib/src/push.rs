//! Growing a block by moving the blocks behind it away.

use crate::alloc::Shape;
use crate::block::Live;
use crate::check::Check;
use crate::compact::Consent;
use crate::error::{Corruption, Error};
use crate::heap::Heap;
use crate::index::binned;
use crate::layout::{FreeKind, Layout};
use crate::owner::Keeper;
use crate::units::{Pos, Units};

/// Neighbouring blocks behind a block that grows, and how far they must go.
struct Neighbours {
    start: Pos,
    end: Pos,
    blocks: usize,
    wanted: Units,
    /// What makes room enough and keeps the alignment of all that move.
    by: Units,
}

impl Neighbours {
    /// None yet.
    fn behind<L: Layout>(live: &Live<L>, shape: Shape) -> Self {
        let (end, wanted) = (live.pos + live.units, shape.units - live.units);
        Self {
            start: end,
            end,
            blocks: 0,
            wanted,
            by: wanted,
        }
    }

    /// Takes in the next block.
    fn take_in<L: Layout>(&mut self, other: &Live<L>) {
        self.end = other.pos + other.units;
        self.blocks += 1;
        // Alignments are powers of two: a multiple of the largest is one of all.
        self.by = self
            .by
            .max(Units(self.wanted.0.next_multiple_of(other.align())));
    }
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Pushes a few blocks behind this one up into the free space behind them, if they weigh less than a
    /// quarter of this one, which would have to be moved otherwise.
    pub(crate) fn grow_by_nudging<K: Keeper<L, C>>(
        &mut self,
        live: &Live<L>,
        shape: Shape,
        keeper: &mut K,
    ) -> Result<bool, Error> {
        let tail = self.arena.tail();
        let Some(row) = self.light_neighbours(live, shape)? else {
            return Ok(false);
        };
        let (gap, room) = if row.end == tail {
            (Units::ZERO, tail + row.by <= self.arena.top())
        } else {
            let gap = binned(&self.arena, row.end).unwrap_or(Units::ZERO);
            (gap, gap >= row.by)
        };
        if !room || !self.ask_to_push(&row, keeper)? {
            return Ok(false);
        }
        let taken = if row.end == tail {
            Ok(self.arena.set_tail(tail + row.by))
        } else {
            self.index
                .take_front(&mut self.arena, row.end, gap, row.by)
                .map(|()| true)
        };
        match taken {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(broken) => return Err(self.diagnose(broken)),
        }
        self.push(&row, keeper)?;
        self.settle_grown(live, shape, &row, keeper)?;
        let (rest, end) = (live.pos + shape.units, row.start + row.by);
        if rest < end {
            if let Err(broken) = self.index.merge(&mut self.arena, rest, end - rest, false) {
                return Err(self.diagnose(broken));
            }
        }
        Ok(true)
    }

    /// The blocks between this one and the next merged free space, if they are few and light.
    fn light_neighbours(
        &self,
        live: &Live<L>,
        shape: Shape,
    ) -> Result<Option<Neighbours>, Corruption> {
        const MOST: usize = 8;
        let mut row = Neighbours::behind(live, shape);
        while row.end < self.arena.tail() {
            let header = self.header_in_row(row.end)?;
            if L::is_free(header) {
                self.verify_free(row.end, header)?;
                let merged = L::free_kind(header) == Some(FreeKind::Binned);
                return Ok(Some(row).filter(|row| merged && row.blocks > 0));
            }
            let other = Live::at(&self.arena, row.end, header)?;
            row.take_in(&other);
            if L::is_fixed(&other.record)
                || row.blocks > MOST
                || (row.end - row.start).0 > live.units.0 / 4
            {
                return Ok(None);
            }
            other.verify(&self.arena)?;
        }
        Ok(Some(row).filter(|row| row.blocks > 0))
    }

    /// Pushes the blocks behind this one up into the next free space that is large enough, as far as
    /// it needs. All blocks have been moved together before.
    pub(crate) fn grow_by_pushing<K: Keeper<L, C>>(
        &mut self,
        live: &Live<L>,
        shape: Shape,
        keeper: &mut K,
    ) -> Result<bool, Corruption> {
        let tail = self.arena.tail();
        let mut row = Neighbours::behind(live, shape);
        let mut gap_end = None;
        while row.end < tail {
            let header = self.header_in_row(row.end)?;
            if L::is_free(header) {
                self.verify_free(row.end, header)?;
                let next = row.end + L::units(header);
                if L::units(header) >= row.by {
                    gap_end = Some(next);
                    break;
                }
                row.end = next;
                continue;
            }
            let other = Live::at(&self.arena, row.end, header)?;
            if L::is_fixed(&other.record) {
                return Ok(false);
            }
            other.verify(&self.arena)?;
            row.take_in(&other);
        }
        let room = gap_end.is_some() || tail + row.by <= self.arena.top();
        if !room || !self.ask_to_push(&row, keeper)? {
            return Ok(false);
        }
        if gap_end.is_none() && !self.arena.set_tail(tail + row.by) {
            return Ok(false);
        }
        self.push(&row, keeper)?;
        self.put_rest(row.end + row.by, gap_end.unwrap_or(row.end + row.by));
        self.put_rest(live.pos + shape.units, row.start + row.by);
        self.settle_grown(live, shape, &row, keeper)?;
        // Free blocks among those that were pushed are not where the index has them.
        self.merge_all()?;
        Ok(true)
    }

    /// Moves a row of blocks up, into space that is free.
    fn push<K: Keeper<L, C>>(
        &mut self,
        row: &Neighbours,
        keeper: &mut K,
    ) -> Result<(), Corruption> {
        let mut pos = row.start;
        while let Some(other) = self.next_in_use(&mut pos, row.end)? {
            Self::tell_of_move(&other, other.pos + row.by, keeper);
            other.put_moved(&mut self.arena, other.pos + row.by)?;
        }
        let _ = self
            .arena
            .shift(row.start, row.start + row.by, row.end - row.start);
        self.counters
            .moved(row.blocks, (row.end - row.start).bytes::<L>());
        Ok(())
    }

    /// Gives a block its new shape, once what was behind it is out of the way.
    fn settle_grown<K: Keeper<L, C>>(
        &mut self,
        live: &Live<L>,
        shape: Shape,
        row: &Neighbours,
        keeper: &mut K,
    ) -> Result<(), Corruption> {
        live.copy_extension(&mut self.arena, live.pos, shape.units)?;
        self.reshape(live, live.pos, shape)?;
        self.settled = false;
        self.end_of_push(row.start + row.by, row.end + row.by, keeper)
    }

    /// Asks the owners of all blocks of a row; if one refuses, the others are told that nothing comes of
    /// it.
    fn ask_to_push<K: Keeper<L, C>>(
        &mut self,
        row: &Neighbours,
        keeper: &mut K,
    ) -> Result<bool, Corruption> {
        let mut pos = row.start;
        while let Some(other) = self.next_in_use(&mut pos, row.end)? {
            if let Consent::Refused = self.ask_to_move(&other, other.pos + row.by, keeper)? {
                self.end_of_push(row.start, other.pos, keeper)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tells the owners of all blocks between `start` and `end` that they are not about to be moved any more.
    fn end_of_push<K: Keeper<L, C>>(
        &self,
        start: Pos,
        end: Pos,
        keeper: &mut K,
    ) -> Result<(), Corruption> {
        let mut pos = if K::PRESENT { start } else { end };
        while let Some(other) = self.next_in_use(&mut pos, end)? {
            let owner = other.extension(&self.arena)?.owner;
            let told = other.handle().zip(owner.map(|owner| owner.tag));
            self.end_of_move(told, keeper);
        }
        Ok(())
    }

    /// Makes what may be left between two blocks free, for the next sweep to merge.
    fn put_rest(&mut self, from: Pos, to: Pos) {
        if from < to {
            self.arena
                .put_free(from, FreeKind::Cached, to - from, false, Pos::NIL);
        }
    }
}
