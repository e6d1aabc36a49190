//! Growing a block by moving the blocks behind it away.

use crate::arena::Shape;
use crate::block::Live;
use crate::check::Check;
use crate::compact::{Consent, Run};
use crate::error::{Corruption, Error};
use crate::heap::Heap;
use crate::index::binned;
use crate::layout::{FreeKind, Layout};
use crate::owner::Keeper;
use crate::units::{Pos, Units};

/// A walk over the blocks that a block in front of them, in its new shape, leaves no room where they are.
#[derive(Clone, Copy)]
struct Way {
    /// Where the next block is looked for.
    pos: Pos,
    /// Where it may start at the lowest.
    free: Pos,
    /// Where the walk ends at the latest.
    end: Pos,
}

impl Way {
    fn behind<L: Layout>(live: &Live<L>, free: Pos, end: Pos) -> Self {
        Self {
            pos: live.pos + live.units,
            free,
            end,
        }
    }
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// The next block that must go, and where to. None if all the others can stay: the first of them is then at the
    /// walk's `pos`, which is its `end` if there is none.
    fn next_in_way(&self, way: &mut Way) -> Result<Option<(Live<L>, Pos)>, Corruption> {
        while way.pos < way.end {
            let header = self.header_in_row(way.pos)?;
            if L::is_free(header) {
                self.verify_free(way.pos, header)?;
                way.pos = way.pos + L::units(header);
                continue;
            }
            let other = Live::at(&self.arena, way.pos, header)?;
            let to = way.free + self.arena.gap_to_aligned(way.free, other.align());
            if to <= other.pos {
                break;
            }
            way.pos = other.pos + other.units;
            way.free = to + other.units;
            return Ok(Some((other, to)));
        }
        Ok(None)
    }

    /// Pushes a few blocks behind this one up into the free space behind them, if they weigh less than a
    /// quarter of this one, which would have to be moved otherwise.
    pub(crate) fn grow_by_nudging<K: Keeper<L, C>>(
        &mut self,
        live: &Live<L>,
        shape: Shape<L>,
        keeper: &mut K,
    ) -> Result<bool, Error> {
        let Some(run) = self.light_neighbours(live, shape)? else {
            return Ok(false);
        };
        let (tail, end) = (self.arena.tail(), run.from + run.units);
        let by = run.to - run.from;
        let (gap, room) = if end == tail {
            (Units::ZERO, tail + by <= self.arena.top())
        } else {
            let gap = binned(&self.arena, end).unwrap_or(Units::ZERO);
            (gap, gap >= by)
        };
        let way = Way::behind(live, live.pos + shape.units(), end);
        if !room || !self.ask_to_push(way, keeper)? {
            return Ok(false);
        }
        let taken = if end == tail {
            Ok(self.arena.set_tail(tail + by))
        } else {
            self.index
                .take_front(&mut self.arena, end, gap, by)
                .map(|()| true)
        };
        match taken {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(broken) => return Err(self.diagnose(broken)),
        }
        self.push(run, keeper)?;
        self.settle_grown(live, shape)?;
        let rest = live.pos + shape.units();
        if rest < run.to {
            if let Err(broken) = self
                .index
                .merge(&mut self.arena, rest, run.to - rest, false)
            {
                return Err(self.diagnose(broken));
            }
        }
        self.end_of_push(run.to, end + by, keeper)?;
        Ok(true)
    }

    /// A shorter block is moved itself for less than it takes to look at its neighbours.
    pub(crate) fn may_nudge(live: &Live<L>) -> bool {
        const LEAST: Units = Units(256);
        live.units >= LEAST
    }

    /// The blocks between this one and the next merged free space, if they are few and light and all go equally far.
    fn light_neighbours(&self, live: &Live<L>, shape: Shape<L>) -> Result<Option<Run>, Corruption> {
        const MOST: usize = 8;
        if !Self::may_nudge(live) {
            return Ok(None);
        }
        let mut way = Way::behind(live, live.pos + shape.units(), self.arena.tail());
        let mut run = Run::NONE;
        while way.pos < way.end {
            let header = self.header_in_row(way.pos)?;
            if L::is_free(header) {
                self.verify_free(way.pos, header)?;
                if L::free_kind(header) != Some(FreeKind::Binned) {
                    return Ok(None);
                }
                break;
            }
            let Some((other, to)) = self.next_in_way(&mut way)? else {
                return Ok(None);
            };
            let joins = run.takes_in(other.pos, to, other.units);
            if run.blocks == 0 {
                run = Run::of(other.pos, to, other.units);
            } else if !joins {
                return Ok(None);
            }
            if L::is_fixed(&other.record) || run.blocks > MOST || run.units.0 > live.units.0 / 4 {
                return Ok(None);
            }
            other.verify(&self.arena)?;
        }
        Ok(Some(run).filter(|run| run.blocks > 0))
    }

    /// Pushes the blocks behind this one up, each only as far as it must go, into all free space among them and, at
    /// last, behind them. All blocks have been moved together before.
    pub(crate) fn grow_by_pushing<K: Keeper<L, C>>(
        &mut self,
        live: &Live<L>,
        shape: Shape<L>,
        keeper: &mut K,
    ) -> Result<bool, Error> {
        // A damaged free block in front would hide blocks once what it seems to end at has been pushed there.
        self.verify_row()?;
        let (tail, top) = (self.arena.tail(), self.arena.top());
        let end = live.pos + shape.units();
        let mut free = end;
        let mut way = self.way_to_push(live, free)?;
        if let Some(Way { free: new_end, .. }) = way.filter(|way| way.free > tail) {
            // All blocks behind it must go anyway: further, for it to grow again in place.
            let room = Self::room_behind(live, shape).min(Units((top - new_end).0 / 2));
            if new_end < top && room > Units::ZERO {
                let further = self.way_to_push(live, end + room)?;
                if further.is_some_and(|way| way.free <= top) {
                    (way, free) = (further, end + room);
                }
            }
        }
        let Some(Way {
            pos: old_end,
            free: new_end,
            ..
        }) = way.filter(|way| way.free <= top)
        else {
            return Ok(false);
        };
        if !self.ask_to_push(Way::behind(live, free, old_end), keeper)? {
            return Ok(false);
        }
        if new_end > tail && !self.arena.set_tail(new_end) {
            return Ok(false);
        }
        self.push_all(live, end, free, old_end, keeper)?;
        self.settle_grown(live, shape)?;
        // Free blocks among those that were pushed are not where the index has them.
        self.merge_all()?;
        self.end_of_push(end, new_end, keeper)?;
        self.keep_room(end, free - end)?;
        Ok(true)
    }

    /// How far a push would go that leaves the space up to `free` free; none if a block that cannot move is in the way.
    fn way_to_push(&self, live: &Live<L>, free: Pos) -> Result<Option<Way>, Corruption> {
        let mut way = Way::behind(live, free, self.arena.tail());
        while let Some((other, _)) = self.next_in_way(&mut way)? {
            if L::is_fixed(&other.record) {
                return Ok(None);
            }
        }
        Ok(Some(way))
    }

    /// Pushes all blocks that are before `end` and in the way of what is to be free, and makes what is left behind the grown block
    /// and between them free. They are found from the first to the last and moved from the last to the first: some at a time.
    fn push_all<K: Keeper<L, C>>(
        &mut self,
        live: &Live<L>,
        grown: Pos,
        free: Pos,
        end: Pos,
        keeper: &mut K,
    ) -> Result<(), Corruption> {
        const AT_A_TIME: usize = 16;
        let mut way = Way::behind(live, free, end);
        let mut next = end;
        loop {
            let mut runs = [Run::NONE; AT_A_TIME];
            let mut found = Way::behind(live, free, way.end);
            while let Some((other, to)) = self.next_in_way(&mut found)? {
                let joins = runs
                    .last_mut()
                    .is_some_and(|run| run.takes_in(other.pos, to, other.units));
                if !joins {
                    runs.rotate_left(1);
                    if let Some(run) = runs.last_mut() {
                        *run = Run::of(other.pos, to, other.units);
                    }
                }
            }
            for run in runs.into_iter().rev().filter(|run| run.blocks > 0) {
                self.push(run, keeper)?;
                self.put_rest(run.to + run.units, next);
                (way.end, next) = (run.from, run.to);
            }
            if runs.first().is_none_or(|run| run.blocks == 0) {
                self.put_rest(grown, next);
                return Ok(());
            }
        }
    }

    /// Moves a row of blocks up, into space that is free.
    fn push<K: Keeper<L, C>>(&mut self, run: Run, keeper: &mut K) -> Result<(), Corruption> {
        let mut pos = run.from;
        while let Some(other) = self.next_in_use(&mut pos, run.from + run.units)? {
            let to = other.pos + (run.to - run.from);
            Self::tell_of_move(&other, to, keeper);
            other.put_moved(&mut self.arena, to)?;
        }
        self.move_run(run);
        Ok(())
    }

    /// Gives a block its new shape, once what was behind it is out of the way.
    fn settle_grown(&mut self, live: &Live<L>, shape: Shape<L>) -> Result<(), Corruption> {
        live.copy_extension(&mut self.arena, live.pos, shape.units())?;
        self.reshape(live, live.pos, shape)?;
        self.settled = false;
        Ok(())
    }

    /// Asks the owners of all blocks that are in the way; if one refuses, the others are told that nothing comes of
    /// it.
    fn ask_to_push<K: Keeper<L, C>>(
        &mut self,
        mut way: Way,
        keeper: &mut K,
    ) -> Result<bool, Corruption> {
        let start = way.pos;
        while let Some((other, to)) = self.next_in_way(&mut way)? {
            if let Consent::Refused = self.ask_to_move(&other, to, keeper)? {
                self.end_of_push(start, other.pos, keeper)?;
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
