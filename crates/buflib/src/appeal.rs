//! Asking owners to shrink their blocks, when moving blocks is not enough.

use crate::block::Live;
use crate::check::Check;
use crate::error::{Corruption, Error};
use crate::extension::Ownership;
use crate::heap::Heap;
use crate::layout::Layout;
use crate::owner::{Answer, Event, Keeper, Side, Wish};
use crate::units::{Index, Pos, Units};

/// How far the owners have been asked for one request.
///
/// They are asked in rounds, each block once a round, as long as a round has made more room than
/// there ever was. So a request ends, whatever owners do.
pub(crate) struct Appeal {
    next: Index,
    /// The least that was in use since the request began.
    lowest: Units,
    /// Whether this round has lowered it.
    gained: bool,
    /// The block that is to grow, which is not asked to shrink for that.
    except: Index,
}

/// What a request looks for in one piece.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) units: Units,
    /// Whether it needs a number as well.
    pub(crate) numbered: bool,
}

impl Appeal {
    pub(crate) fn new<L: Layout, C: Check>(heap: &Heap<'_, L, C>, except: Index) -> Self {
        Self {
            next: Index(1),
            lowest: heap.used.units(),
            gained: false,
            except,
        }
    }
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Asks one owner after the other until one has given something; false if none does any more.
    /// `wanted` is none for as much as can be had.
    #[cold]
    pub(crate) fn appeal<K: Keeper<L, C>>(
        &mut self,
        appeal: &mut Appeal,
        wanted: Option<Wanted>,
        keeper: &mut K,
    ) -> Result<bool, Error> {
        if !K::PRESENT || self.owned == 0 {
            return Ok(false);
        }
        loop {
            // An owner may change the table: its length is read anew each time.
            while appeal.next.0 <= self.arena.entries() {
                let index = appeal.next;
                appeal.next = Index(index.0 + 1);
                if index == appeal.except {
                    continue;
                }
                let fixed = self.fixed;
                self.appeal_to(index, wanted, keeper)?;
                if self.used.units() < appeal.lowest {
                    appeal.lowest = self.used.units();
                    appeal.gained = true;
                    return Ok(true);
                }
                if self.fixed < fixed {
                    // What was pinned can move now. That alone is no reason for another round.
                    return Ok(true);
                }
            }
            if !appeal.gained {
                return Ok(false);
            }
            appeal.gained = false;
            appeal.next = Index(1);
        }
    }

    /// Asks the owner of one block, if it can be asked.
    pub(crate) fn appeal_to<K: Keeper<L, C>>(
        &mut self,
        index: Index,
        wanted: Option<Wanted>,
        keeper: &mut K,
    ) -> Result<(), Error> {
        if !K::PRESENT || self.shrinkable(index)?.is_none() {
            return Ok(());
        }
        if !self.settled {
            // What moving blocks can gain need not be asked for.
            self.compact_all(keeper)?;
        }
        let Some((live, owner)) = self.shrinkable(index)? else {
            return Ok(());
        };
        let (Some(handle), len) = (live.handle(), live.len(&self.arena)?) else {
            return Ok(());
        };
        let (top, tail) = (self.top_for(wanted), self.arena.tail());
        let (side, spared) = self.side(&live, top);
        let missing = |wanted: Wanted| {
            let all = wanted.units.0 + tail.0.saturating_sub(top.0);
            Units(all.saturating_sub(spared.0).max(1)).bytes::<L>()
        };
        let wish = Wish {
            handle,
            tag: owner.tag,
            bytes: wanted.map_or(len, missing),
            side,
            start: self.arena.address(live.pos) + live.skipped(&self.arena),
            len,
        };
        let answer = keeper.shrink(self, &wish);
        self.counters.unshrunk = self
            .counters
            .unshrunk
            .wrapping_add(usize::from(answer == Answer::Refuse));
        keeper.observe(&Event::ShrinkAsked {
            handle,
            bytes: wish.bytes,
            answer,
        });
        Ok(())
    }

    /// Where the free tail ends, or would end beside one more table entry.
    fn top_for(&self, wanted: Option<Wanted>) -> Pos {
        if wanted.is_some_and(|wanted| wanted.numbered) && !self.table.has_vacancy() {
            let beside = self.arena.top_beside(self.arena.entries() + 1);
            return beside.unwrap_or(Pos::FIRST);
        }
        self.arena.top()
    }

    /// The block of this number, if its owner may be asked to shrink it.
    fn shrinkable(&self, index: Index) -> Result<Option<(Live<L>, Ownership)>, Corruption> {
        let Some(live) = self.numbered(index) else {
            return Ok(None);
        };
        let owner = live.extension(&self.arena)?.owner;
        Ok(owner
            .filter(|owner| owner.shrinks)
            .map(|owner| (live, owner)))
    }

    /// Where a block should shrink, and what is free already where that space would add up with.
    fn side(&self, live: &Live<L>, top: Pos) -> (Side, Units) {
        let tail = self.arena.tail();
        let room = Units(top.0.saturating_sub(tail.0));
        if !L::is_fixed(&live.record) {
            // Once blocks have moved together, it all adds up behind them.
            return (Side::Either, room.max(self.index.large(&self.arena)));
        }
        let front = self
            .arena
            .header(live.pos)
            .filter(|&header| L::follows_free(header))
            .and_then(|_| self.arena.footer(live.pos))
            .unwrap_or(Units::ZERO);
        let end = live.pos + live.units;
        let behind = match self.arena.header(end) {
            _ if end == tail => room,
            Some(header) if L::is_free(header) => L::units(header),
            _ => Units::ZERO,
        };
        match front.cmp(&behind) {
            core::cmp::Ordering::Greater => (Side::Front, front),
            core::cmp::Ordering::Less => (Side::Back, behind),
            core::cmp::Ordering::Equal => (Side::Either, front),
        }
    }
}
