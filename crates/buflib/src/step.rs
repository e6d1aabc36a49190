//! Compaction in bounded steps.
//!
//! ```text
//! | gathered blocks ... last | gap | blocks to come ... | free tail |
//!                       ^ where the next step goes on, if the block is still there
//! ```

use core::fmt;

use crate::block::Live;
use crate::check::Check;
use crate::compact::Consent;
use crate::error::{Broken, Corruption, Error};
use crate::handle::Handle;
use crate::heap::Heap;
use crate::layout::{FreeKind, Layout};
use crate::owner::{Keeper, Nobody};
use crate::show::show_fields;
use crate::units::{Pos, Units};

/// How much one step of compaction may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// Bytes moved, headers included.
    pub bytes: usize,
    /// Blocks looked at, whether free or in use, moved or not.
    pub blocks: usize,
}

/// What a step of compaction has done, and what is left.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Step {
    /// Blocks moved.
    pub moves: usize,
    /// Bytes moved, headers included.
    pub bytes_moved: usize,
    /// Blocks that were left in place because their owner refused, or nobody was there to ask.
    pub refused: usize,
    /// Blocks looked at.
    pub looked_at: usize,
    /// Whether there is nothing more to do, until something is freed or an owner changes its mind.
    pub done: bool,
    /// Free bytes that are not yet in the one piece at the end.
    pub left_bytes: usize,
    /// The length of the block that waits to be moved. If that is more than the budget's bytes, the next
    /// step will exceed them by this one block.
    pub next_bytes: Option<usize>,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_fields!(self, f, "Step": moves bytes_moved refused looked_at done left_bytes next_bytes)
    }
}

/// Where the steps have come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress<L: Layout> {
    /// The last block that was gathered, and where it was then.
    last: Option<(Handle<L>, Pos)>,
    /// Whether a block has been moved since the steps began at the first block.
    moved: bool,
    /// The block larger than the budget that the last step stopped at.
    announced: Option<Handle<L>>,
}

impl<L: Layout> Progress<L> {
    pub(crate) const START: Self = Self {
        last: None,
        moved: false,
        announced: None,
    };
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Does a part of a compaction: slides blocks down, beginning where the last step ended, until the
    /// budget is used up. The heap is fully usable between steps. Its cost depends on the budget
    /// alone, not on the number of blocks.
    ///
    /// The budget is exceeded by one block at the most, and only by a block that alone is larger; the step
    /// before says so in [`Step::next_bytes`]. A budget of no blocks does nothing. Steps slide blocks
    /// towards the start within the section between two immovable ones; only [`compact`](Self::compact)
    /// looks for holes further down. A step begins at the first block again if the block where the last
    /// one ended was freed or moved meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if damaged metadata was met; the block concerned is left where it is.
    ///
    /// ```
    /// # let mut memory = [0; 4096];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let blocks: Vec<_> = (0..30).map(|_| heap.alloc(100)).collect::<Result<_, _>>()?;
    /// for &block in blocks.iter().step_by(2) {
    ///     heap.free(block)?;
    /// }
    /// let budget = buflib::Budget { bytes: 500, blocks: 10 };
    /// loop {
    ///     let step = heap.compact_step(budget)?; // between two frames, say
    ///     assert!(step.bytes_moved <= 500 && step.looked_at <= 10);
    ///     if step.done {
    ///         break;
    ///     }
    /// }
    /// assert_eq!(heap.compact()?.moves, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn compact_step(&mut self, budget: Budget) -> Result<Step, Error> {
        self.step(budget, &mut Nobody)
    }

    pub(crate) fn step<K: Keeper<L, C>>(
        &mut self,
        budget: Budget,
        keeper: &mut K,
    ) -> Result<Step, Error> {
        let mut step = Step::default();
        if self.is_settled::<K>() {
            step.done = true;
            step.left_bytes = self.scattered();
            return Ok(step);
        }
        let counters = self.counters;
        let kept = self.merge_some(budget.blocks);
        let advanced = match kept {
            Ok(merged) => {
                step.looked_at = merged;
                self.advance(budget, &mut step, keeper)
            }
            Err(broken) => return Err(self.diagnose(broken)),
        };
        let did = self.counters.since(&counters);
        (step.moves, step.bytes_moved, step.refused) = (did.moves, did.bytes_moved, did.refused);
        step.left_bytes = self.scattered();
        match advanced {
            Ok(finished) => step.done = finished || step.left_bytes == 0,
            Err(Stop::Broken(broken)) => return Err(self.diagnose(broken)),
            Err(Stop::Damage(corruption)) => return Err(corruption.into()),
        }
        Ok(step)
    }

    /// Merges up to `most` of the free blocks that are kept aside, and tells how many.
    fn merge_some(&mut self, most: usize) -> Result<usize, Broken> {
        let mut merged = 0;
        while merged < most && self.index.merge_one_kept(&mut self.arena)? {
            merged += 1;
        }
        // Once they have lost their numbers, resting blocks are kept aside like others.
        while merged < most && self.release_any()? {
            self.index.merge_one_kept(&mut self.arena)?;
            merged += 1;
        }
        Ok(merged)
    }

    /// Whether half of the free space or more is the free tail: then the next requests can be served, and steps may wait.
    #[inline]
    pub(crate) fn is_gathered(&self) -> bool {
        self.free_tail().0 >= self.free_units().0 / 2
    }

    /// Free bytes that are not in the free tail.
    fn scattered(&self) -> usize {
        let tail = self.free_tail();
        Units(self.free_units().0.saturating_sub(tail.0)).bytes::<L>()
    }

    /// Gathers blocks; true if it came to the end and there is nothing more to do.
    fn advance<K: Keeper<L, C>>(
        &mut self,
        budget: Budget,
        step: &mut Step,
        keeper: &mut K,
    ) -> Result<bool, Stop> {
        let start = self.resume();
        let mut gap = Gap { start, end: start };
        let gathered = self.gather(&mut gap, budget, step, keeper);
        let end = gap.end;
        self.close(gap.start, gap.end)?;
        let skipped = gathered?;
        if end < self.arena.tail() {
            return Ok(false);
        }
        let finished = !self.progress.moved && !skipped;
        self.progress = Progress::START;
        Ok(finished)
    }

    /// Moves block after block from behind the gap to its front, as far as the budget goes; true if free
    /// blocks were left aside.
    fn gather<K: Keeper<L, C>>(
        &mut self,
        gap: &mut Gap,
        budget: Budget,
        step: &mut Step,
        keeper: &mut K,
    ) -> Result<bool, Stop> {
        let (mut bytes, mut skipped) = (0, false);
        while gap.end < self.arena.tail() && step.looked_at < budget.blocks {
            let pos = gap.end;
            let header = self.header_in_row(pos)?;
            let units = L::units(header);
            if L::is_free(header) {
                self.verify_free(pos, header)?;
                if L::free_kind(header) == Some(FreeKind::Binned) {
                    self.index.take_front(&mut self.arena, pos, units, units)?;
                } else {
                    // Freed for the next request of its size. Another round merges it.
                    skipped = true;
                    self.close(gap.start, pos)?;
                    gap.start = pos + units;
                }
                gap.end = pos + units;
                step.looked_at += 1;
                continue;
            }
            let live = Live::at(&self.arena, pos, header)?;
            if gap.start < pos && !L::is_fixed(&live.record) {
                let length = units.bytes::<L>();
                let announced = bytes == 0 && self.progress.announced == live.handle();
                if bytes + length > budget.bytes && !announced {
                    step.next_bytes = Some(length);
                    self.progress.announced = live.handle();
                    break;
                }
            }
            step.looked_at += 1;
            let place = self.slide(&live, gap.start, keeper)?;
            if place < pos {
                bytes += units.bytes::<L>();
                self.progress.moved = true;
                self.progress.announced = None;
            }
            self.close(gap.start, place)?;
            self.progress.last = live.handle().map(|handle| (handle, place));
            *gap = Gap {
                start: place + units,
                end: pos + units,
            };
        }
        Ok(skipped)
    }

    /// The end of the block where the last step ended, if that is still in place.
    fn resume(&mut self) -> Pos {
        match self.last_gathered() {
            Some(live) => live.pos + live.units,
            None => {
                self.progress = Progress {
                    announced: self.progress.announced,
                    ..Progress::START
                };
                Pos::FIRST
            }
        }
    }

    fn last_gathered(&self) -> Option<Live<L>> {
        let (handle, pos) = self.progress.last?;
        let live = Live::find(&self.arena, handle).ok()?;
        (live.pos == pos).then_some(live)
    }

    /// What decides where the next step begins, and whether it moves the block that was too large.
    #[cfg(feature = "trial")]
    pub(crate) fn pending(&self) -> impl core::hash::Hash + use<L, C> {
        let last = self.last_gathered().map(|live| live.index);
        let announced = self.progress.announced;
        let announced = announced.filter(|&handle| self.contains(handle));
        let moved = last.is_some() && self.progress.moved;
        (last, moved, announced.map(|handle| handle.index()))
    }

    /// Moves a block down to `target`, if it may be moved, and tells where it is then.
    fn slide<K: Keeper<L, C>>(
        &mut self,
        live: &Live<L>,
        target: Pos,
        keeper: &mut K,
    ) -> Result<Pos, Corruption> {
        if target >= live.pos || L::is_fixed(&live.record) {
            return Ok(live.pos);
        }
        live.verify(&self.arena)?;
        let place = target + self.arena.gap_to_aligned(target, live.align());
        if place > live.pos {
            return Err(self.off_alignment(live));
        }
        if place == live.pos {
            return Ok(place);
        }
        let Consent::Given(told) = self.ask_to_move(live, place, keeper)? else {
            return Ok(live.pos);
        };
        Self::tell_of_move(live, place, keeper);
        live.put_moved(&mut self.arena, place)?;
        self.arena.mark(live.pos, false);
        let _ = self.arena.shift(live.pos, place, live.units);
        self.counters.moved(1, live.units.bytes::<L>());
        self.end_of_move(told, keeper);
        Ok(place)
    }

    /// Gives what lies between two blocks back to the index.
    fn close(&mut self, start: Pos, end: Pos) -> Result<(), Broken> {
        if start >= end {
            return Ok(());
        }
        self.index.merge(&mut self.arena, start, end - start, false)
    }
}

/// What lies between the gathered blocks and those to come: free, and in no list.
struct Gap {
    start: Pos,
    end: Pos,
}

/// Why a step ended early.
enum Stop {
    Broken(Broken),
    Damage(Corruption),
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<Corruption> for Stop {
    fn from(corruption: Corruption) -> Self {
        Self::Damage(corruption)
    }
}
