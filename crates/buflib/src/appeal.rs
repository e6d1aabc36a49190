//! Asking owners to shrink their blocks, when moving blocks is not enough.

use crate::block::Live;
use crate::check::Check;
use crate::error::{Corruption, Error};
use crate::extension::Ownership;
use crate::heap::Heap;
use crate::layout::Layout;
use crate::owner::{Answer, Event, Keeper, Side, Wish};
use crate::units::{Index, Units};

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

impl Appeal {
    pub(crate) fn new<L: Layout, C: Check>(heap: &Heap<'_, L, C>, except: Index) -> Self {
        Self {
            next: Index(1),
            lowest: heap.used,
            gained: false,
            except,
        }
    }
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Asks one owner after the other until one has given something; false if none does any more.
    /// `wanted` is how many granules are looked for in one piece, none for as many as can be had.
    #[cold]
    pub(crate) fn appeal<K: Keeper<L, C>>(
        &mut self,
        appeal: &mut Appeal,
        wanted: Option<Units>,
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
                if self.used < appeal.lowest {
                    appeal.lowest = self.used;
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
        wanted: Option<Units>,
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
        let (side, spared) = self.side(&live);
        let wish = Wish {
            handle,
            tag: owner.tag,
            bytes: wanted.map_or(len, |wanted| {
                Units(wanted.0.saturating_sub(spared.0).max(1)).bytes::<L>()
            }),
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

    /// What a new block takes in all: a table entry is no longer than a granule.
    pub(crate) fn with_entry(&self, units: Units) -> Units {
        let missing = !self.table.has_vacancy() && !self.arena.has_room_for_entry();
        units + Units(missing.into())
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
    fn side(&self, live: &Live<L>) -> (Side, Units) {
        let tail = self.arena.tail();
        if !L::is_fixed(&live.record) {
            // Once blocks have moved together, it all adds up behind them.
            return (Side::Either, self.largest_free());
        }
        let front = self
            .arena
            .header(live.pos)
            .filter(|&header| L::follows_free(header))
            .and_then(|_| self.arena.footer(live.pos))
            .unwrap_or(Units::ZERO);
        let end = live.pos + live.units;
        let behind = match self.arena.header(end) {
            _ if end == tail => self.arena.top() - tail,
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
