//! Moving blocks together, so that free space is in one piece.
//!
//! A pass walks the blocks from low to high addresses. Up to a chosen place it leaves blocks where
//! they are and merges the free space between them; from there on it slides blocks down. Neighbours
//! that move by the same distance are moved by one copy. The free-space index is rebuilt on the way.

mod marks;
mod survey;

use crate::arena::Arena;
use crate::block::Live;
use crate::check::Check;
use crate::error::{Broken, Corruption, Error, Fault};
use crate::handle::Handle;
use crate::heap::Heap;
use crate::index::FreeIndex;
use crate::layout::Layout;
use crate::owner::{Answer, Event, Keeper, Nobody, Sync};
use crate::units::{Pos, Units};
pub(crate) use survey::Demand;
use survey::Window;

/// What a compaction did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Compaction {
    /// Whether the largest piece of free space has grown.
    pub gained: bool,
    /// Blocks moved.
    pub moves: usize,
    /// Bytes moved, headers included.
    pub bytes_moved: usize,
    /// Blocks that were left in place because their owner refused, or nobody was there to ask.
    pub refused: usize,
}

/// How hard to try to make room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Effort {
    /// Move as little as should do.
    Least,
    /// A little more: blocks that are aligned have left gaps where they went.
    More,
    /// Move everything together.
    Most,
}

impl Effort {
    /// What to do if this was not enough.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Least => Self::More,
            _ => Self::Most,
        }
    }
}

/// What came of trying to make room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Room {
    /// Something has changed: look again.
    Made,
    /// All has been moved together before.
    AsMuchAsPossible,
    /// There is less free space than is wanted, in one piece or many.
    NotThere,
}

/// Neighbouring blocks that wait to be moved together.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) from: Pos,
    pub(crate) to: Pos,
    pub(crate) units: Units,
    pub(crate) blocks: usize,
}

impl Run {
    pub(crate) const NONE: Self = Self {
        blocks: 0,
        ..Self::of(Pos::NIL, Pos::NIL, Units::ZERO)
    };

    /// One block.
    pub(crate) const fn of(from: Pos, to: Pos, units: Units) -> Self {
        Self {
            from,
            to,
            units,
            blocks: 1,
        }
    }

    /// Takes in a block, if it is the next one and goes equally far.
    #[inline(always)]
    pub(crate) fn takes_in(&mut self, pos: Pos, to: Pos, units: Units) -> bool {
        let next = self.from + self.units == pos && self.to + self.units == to;
        if next {
            self.units += units;
            self.blocks += 1;
        }
        next
    }
}

/// Where a block goes.
struct Goal<L: Layout> {
    place: Pos,
    /// The owner that waits to hear that the move is over.
    told: Told<L>,
}

impl<L: Layout> Goal<L> {
    fn stay(place: Pos) -> Self {
        Self { place, told: None }
    }
}

/// A block's handle and tag, if its owner must be told that a move is over.
pub(crate) type Told<L> = Option<(Handle<L>, u32)>;

/// Whether a block may be moved.
pub(crate) enum Consent<L: Layout> {
    Given(Told<L>),
    Refused,
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Moves blocks together as far as possible: without immovable blocks, one free piece at the
    /// end is left. Linear in the number of blocks and table entries and in the bytes moved; does
    /// nothing if nothing was freed since the last time.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if damaged metadata was found: before anything was moved if it breaks the
    /// row of blocks or a check word, otherwise with the block concerned left where it is.
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let (a, b) = (heap.alloc(40)?, heap.alloc(40)?);
    /// heap.free(a)?;
    /// assert_eq!(heap.compact()?.moves, 1);
    /// assert_eq!(heap.compact()?.moves, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn compact(&mut self) -> Result<Compaction, Error> {
        self.compact_with(&mut Nobody)
    }

    pub(crate) fn compact_with<K: Keeper<L, C>>(
        &mut self,
        keeper: &mut K,
    ) -> Result<Compaction, Error> {
        let (before, counters) = (self.largest_free(), self.counters);
        self.compact_all(keeper)?;
        Ok(Compaction {
            gained: self.largest_free() > before,
            ..self.counters.since(&counters)
        })
    }

    pub(crate) fn compact_all<K: Keeper<L, C>>(
        &mut self,
        keeper: &mut K,
    ) -> Result<(), Corruption> {
        if self.is_settled::<K>() {
            return Ok(());
        }
        self.verify_row()?;
        let refused = self.counters.refused;
        self.sweep(Window::ALL, keeper)?;
        self.settled = true;
        self.refused = self.counters.refused != refused;
        Ok(())
    }

    /// Whether a compaction would do nothing: one has done all it could, and there is no owner who
    /// may have changed its mind.
    pub(crate) fn is_settled<K: Keeper<L, C>>(&self) -> bool {
        self.settled && !(self.refused && K::PRESENT)
    }

    /// Moves blocks to make room for one, as little or as much as the effort says.
    #[cold]
    #[inline(never)]
    pub(crate) fn make_room<K: Keeper<L, C>>(
        &mut self,
        demand: &Demand,
        effort: Effort,
        keeper: &mut K,
    ) -> Result<Room, Corruption> {
        if self.is_settled::<K>() {
            return Ok(Room::AsMuchAsPossible);
        }
        self.tidy_table()?;
        let mut resting = self.table.resting(&self.arena);
        let needed = self.used.units() + demand.more;
        while self.arena.top() - Pos::FIRST < needed {
            // The table may end with numbers of resting blocks, but cannot be shorter than what is taken.
            let least = self.arena.top_beside(self.table.taken());
            if resting == 0 || least.is_none_or(|top| top - Pos::FIRST < needed) {
                return Ok(Room::NotThere);
            }
            self.verify_row()?;
            self.merge_all()?;
            resting = 0;
        }
        if effort == Effort::Most {
            self.compact_all(keeper)?;
            return Ok(Room::AsMuchAsPossible);
        }
        let free = self.free_units();
        let gathered = self.worth_gathering(demand, effort, free);
        let survey = self.survey::<K>(demand.piece, gathered)?;
        match survey.cheapest {
            _ if self.table.has_spare(&self.arena) && survey.suitable.0 > free.0 / 2 => {
                self.merge_all()?
            }
            Some(window) => self.sweep(window, keeper)?,
            None => self.compact_all(keeper)?,
        }
        Ok(Room::Made)
    }

    /// Merges all free space, and moves nothing.
    pub(crate) fn merge_all(&mut self) -> Result<(), Corruption> {
        self.sweep(Window::NOTHING, &mut Nobody)
    }

    /// Whether any block may refuse to be moved.
    #[inline(always)]
    fn may_hold(&self) -> bool {
        self.fixed > 0 || self.owned > 0
    }

    /// The header at a position of the row of blocks, with a length that leads to the next.
    #[inline(always)]
    pub(crate) fn header_in_row(&self, pos: Pos) -> Result<L::Header, Corruption> {
        match self.arena.header(pos) {
            Some(header)
                if L::units(header) > Units::ZERO
                    && pos + L::units(header) <= self.arena.tail() =>
            {
                Ok(header)
            }
            header => Err(Corruption::new(
                Fault::Length,
                Arena::<L, C>::byte(pos),
                header.map_or(0, |header| L::units(header).0 as u64),
                (self.arena.tail() - pos).0 as u64,
            )),
        }
    }

    /// With check words: whether what seems to be free is no block in use of which that much was damaged. To such a block
    /// its entry still leads, and its check word is not that of one that rests.
    #[inline(always)]
    pub(crate) fn verify_free(&self, pos: Pos, header: L::Header) -> Result<(), Corruption> {
        if !C::ENABLED
            || Live::at(&self.arena, pos, header).is_err()
            || (L::is_resting(header) && self.number_of_resting(pos, header).is_ok())
        {
            return Ok(());
        }
        Err(Corruption::new(Fault::Kind, Arena::<L, C>::byte(pos), 1, 0))
    }

    /// The first block in use from `pos` on and before `end`, which `pos` is then behind. A walk over
    /// blocks in use that may change them, as long as those to come stay in place.
    #[inline(always)]
    pub(crate) fn next_in_use(
        &self,
        pos: &mut Pos,
        end: Pos,
    ) -> Result<Option<Live<L>>, Corruption> {
        while *pos < end {
            let (at, header) = (*pos, self.header_in_row(*pos)?);
            *pos = at + L::units(header);
            if !L::is_free(header) {
                return Live::at(&self.arena, at, header).map(Some);
            }
        }
        Ok(None)
    }

    /// Merges all free space, slides the blocks in the window down, and rebuilds the index and the
    /// table's list. A block whose metadata is damaged stays where it is and is reported.
    fn sweep<K: Keeper<L, C>>(&mut self, window: Window, keeper: &mut K) -> Result<(), Corruption> {
        self.index = FreeIndex::EMPTY;
        self.counters.compactions = self.counters.compactions.wrapping_add(1);
        let tail = self.arena.tail();
        let mut damage = Ok(());
        let mut run = Run::NONE;
        let mut target = Pos::FIRST;
        let mut pos = Pos::FIRST;
        while pos < tail {
            let header = self.header_in_row(pos)?;
            let units = L::units(header);
            let free = L::is_free(header);
            let sound = if free {
                self.verify_free(pos, header)
            } else {
                Ok(())
            };
            if !free || sound.is_err() {
                let goal = sound
                    .and_then(|()| self.destination(pos, header, target, window, &mut run, keeper));
                let goal = match goal {
                    Ok(goal) => goal,
                    Err(corruption) => {
                        damage = damage.and(Err(corruption));
                        Goal::stay(pos)
                    }
                };
                let place = goal.place;
                if place == pos {
                    self.flush(&mut run);
                    self.close_gap(target, pos);
                    target = pos + units;
                } else if place < target {
                    // Into a hole further down; what it leaves is free.
                    self.flush(&mut run);
                    let follows = self.arena.header(place).is_some_and(L::follows_free);
                    self.move_run(Run::of(pos, place, units));
                    self.arena.mark(place, follows);
                } else {
                    // An owner is told when its block has been moved, so that one moves alone.
                    if goal.told.is_some() || !run.takes_in(pos, place, units) {
                        self.flush(&mut run);
                        run = Run::of(pos, place, units);
                    }
                    self.arena.mark(pos, false);
                    if place > target || goal.told.is_some() {
                        // The gap may be where the block is now: move it before the gap is written.
                        self.flush(&mut run);
                    }
                    if place > target {
                        self.close_gap(target, place);
                    }
                    target = place + units;
                }
                self.end_of_move(goal.told, keeper);
            } else if L::is_resting(header) {
                damage = damage.and(self.part(pos, header));
            }
            pos = pos + units;
        }
        self.flush(&mut run);
        let _ = self.arena.set_tail(target);
        damage.and(self.tidy_table())
    }

    fn tidy_table(&mut self) -> Result<(), Corruption> {
        let tidied = self.table.tidy(&mut self.arena);
        tidied.map_err(|Broken| self.table.broken(&self.arena))
    }

    /// Where the block at `pos` should go, if all before it ends at `target`. Its entry already
    /// says so when this returns, and its owner has agreed.
    #[inline(always)]
    fn destination<K: Keeper<L, C>>(
        &mut self,
        pos: Pos,
        header: L::Header,
        target: Pos,
        window: Window,
        run: &mut Run,
        keeper: &mut K,
    ) -> Result<Goal<L>, Corruption> {
        let stay = Goal::stay(pos);
        if pos < window.from || pos >= window.to || (pos == target && !self.may_hold()) {
            return Ok(stay);
        }
        let live = Live::at(&self.arena, pos, header)?;
        if L::is_fixed(&live.record) {
            return Ok(stay);
        }
        let align = live.align();
        let mut place = target;
        if align > 1 {
            place = target + self.arena.gap_to_aligned(target, align);
        }
        if !K::PRESENT && !self.may_hold() && place < pos {
            // Nobody is to be asked.
            live.put_moved(&mut self.arena, place)?;
            return Ok(Goal::stay(place));
        }
        let mut hole = false;
        if self.may_hold() {
            if let Ok(Some(found)) = self.index.take_hole(&mut self.arena, live.units, align) {
                self.arena.mark(pos, false);
                place = found;
                hole = true;
            }
        }
        if place > pos {
            return Err(self.off_alignment(&live));
        }
        if place == pos {
            return Ok(stay);
        }
        if K::PRESENT && self.owned > 0 && L::is_extended(&live.record) {
            // What the owner looks at now must be where its entry says.
            self.flush(run);
        }
        let told = match self.ask_to_move(&live, place, keeper) {
            Ok(Consent::Given(told)) => told,
            refused => {
                if hole {
                    self.index.return_hole(&mut self.arena, place, live.units);
                }
                return refused.map(|_| stay);
            }
        };
        Self::tell_of_move(&live, place, keeper);
        live.put_moved(&mut self.arena, place)?;
        Ok(Goal { place, told })
    }

    /// A block that could only be aligned further up, because it is not where its entry says now.
    #[cold]
    pub(crate) fn off_alignment(&self, live: &Live<L>) -> Corruption {
        let at = self.arena.entry_byte(live.index);
        Corruption::new(Fault::Alignment, at, live.align() as u64, 1)
    }

    /// Asks the owner of a block, if it has one, whether it may be moved, after telling it to stop using
    /// it. Whoever gets consent with a name must tell it when the move is done.
    pub(crate) fn ask_to_move<K: Keeper<L, C>>(
        &mut self,
        live: &Live<L>,
        to: Pos,
        keeper: &mut K,
    ) -> Result<Consent<L>, Corruption> {
        let Some(handle) = live.handle().filter(|_| self.owned > 0) else {
            return Ok(Consent::Given(None));
        };
        if let Some(owner) = live.extension(&self.arena)?.owner {
            keeper.synchronise(self, handle, owner.tag, Sync::On);
            let skipped = live.skipped(&self.arena);
            let answer = keeper.before_move(
                self,
                handle,
                owner.tag,
                self.arena.address(live.pos) + skipped,
                self.arena.address(to) + skipped,
                live.len(&self.arena).unwrap_or(0),
            );
            if answer == Answer::Refuse {
                keeper.synchronise(self, handle, owner.tag, Sync::Off);
                keeper.observe(&Event::MoveRefused { handle });
                self.counters.refused = self.counters.refused.wrapping_add(1);
                return Ok(Consent::Refused);
            }
            return Ok(Consent::Given(Some((handle, owner.tag))));
        }
        Ok(Consent::Given(None))
    }

    /// Tells the owner of a block that a move is over.
    #[inline(always)]
    pub(crate) fn end_of_move<K: Keeper<L, C>>(&self, told: Told<L>, keeper: &mut K) {
        if let Some((handle, tag)) = told {
            keeper.synchronise(self, handle, tag, Sync::Off);
        }
    }

    /// Tells of a move that is about to be made.
    #[inline(always)]
    pub(crate) fn tell_of_move<K: Keeper<L, C>>(live: &Live<L>, to: Pos, keeper: &mut K) {
        if let Some(handle) = live.handle().filter(|_| K::PRESENT) {
            keeper.observe(&Event::Moved {
                handle,
                from: Arena::<L, C>::byte(live.pos),
                to: Arena::<L, C>::byte(to),
            });
        }
    }

    /// Makes what lies between `start` and the block at `end` a free block.
    #[inline(always)]
    fn close_gap(&mut self, start: Pos, end: Pos) {
        if start < end {
            self.index.insert_gap(&mut self.arena, start, end - start);
        } else {
            self.arena.mark(end, false);
        }
    }

    #[inline(always)]
    fn flush(&mut self, run: &mut Run) {
        if run.units > Units::ZERO {
            self.move_run(*run);
            *run = Run::NONE;
        }
    }

    #[inline(always)]
    pub(crate) fn move_run(&mut self, run: Run) {
        let _ = self.arena.shift(run.from, run.to, run.units);
        self.counters.moved(run.blocks, run.units.bytes::<L>());
    }
}
