//! Where a new block goes: free granules as they are, or with blocks moved and owners asked.

use crate::appeal::{Appeal, Wanted};
use crate::check::Check;
use crate::compact::{Demand, Effort, Room};
use crate::error::{Broken, Error};
use crate::heap::Heap;
use crate::layout::Layout;
use crate::owner::Keeper;
use crate::units::{Index, Pos, Units};

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Granules for a block, and a vacant number beside them. `None` if something must move first.
    #[inline(always)]
    pub(crate) fn find_place(&mut self, units: Units, align: usize) -> Result<Option<Pos>, Broken> {
        if self.maximum != Index::NONE || !self.provide_number() {
            return Ok(None);
        }
        self.take_place(units, align)
    }

    /// Granules for a block. Untouched space comes last.
    #[inline(always)]
    pub(crate) fn take_place(&mut self, units: Units, align: usize) -> Result<Option<Pos>, Broken> {
        match self.index.take(&mut self.arena, units, align)? {
            None => self.take_untouched(units, align),
            found => Ok(found),
        }
    }

    #[inline(never)]
    fn take_untouched(&mut self, units: Units, align: usize) -> Result<Option<Pos>, Broken> {
        if self.arena.is_short() && self.release_large()? {
            if let Some(pos) = self.index.take(&mut self.arena, units, align)? {
                return Ok(Some(pos));
            }
        }
        self.index.take_tail(&mut self.arena, units, align)
    }

    /// The same with blocks moved and owners asked, or the reason why it cannot be.
    #[cold]
    #[inline(never)]
    pub(crate) fn make_place<K: Keeper<L, C>>(
        &mut self,
        units: Units,
        align: usize,
        size: usize,
        keeper: &mut K,
    ) -> Result<Pos, Error> {
        let mut appeal = Appeal::new(self, Index::NONE);
        let wanted = Some(Wanted {
            units,
            numbered: true,
        });
        loop {
            self.expect_no_maximum(wanted, keeper)?;
            self.table.expect_number()?;
            if let Some(place) = self.gather_place(units, align, keeper)? {
                return Ok(place);
            }
            let possible = self.arena.top() - Pos::FIRST >= units;
            if !possible || !self.appeal(&mut appeal, wanted, keeper)? {
                if let Err(broken) = self.table.tidy(&mut self.arena) {
                    return Err(self.diagnose(broken));
                }
                return Err(self.exhausted(size));
            }
        }
    }

    /// Granules for a block, with as many blocks moved as it takes.
    fn gather_place<K: Keeper<L, C>>(
        &mut self,
        units: Units,
        align: usize,
        keeper: &mut K,
    ) -> Result<Option<Pos>, Error> {
        if let Err(broken) = self.release_large() {
            return Err(self.diagnose(broken));
        }
        if self.settled && self.refused && self.table.has_vacancy() {
            // Another compaction may use up what the last one has left.
            match self.index.take_anywhere(&mut self.arena, units, align) {
                Ok(None) => {}
                Ok(place) => return Ok(place),
                Err(broken) => return Err(self.diagnose(broken)),
            }
        }
        let mut effort = Effort::Least;
        loop {
            match self.find_place(units, align) {
                Ok(None) => {}
                Ok(place) => return Ok(place),
                Err(broken) => return Err(self.diagnose(broken)),
            }
            match self.make_room(&Demand::block(units, align), effort, keeper)? {
                Room::Made => {}
                Room::NotThere => return Ok(None),
                Room::AsMuchAsPossible => break,
            }
            effort = effort.next();
        }
        match self.find_place(units, align) {
            Ok(None) => {}
            Ok(place) => return Ok(place),
            Err(broken) => return Err(self.diagnose(broken)),
        }
        if !self.table.has_vacancy() {
            return Ok(None);
        }
        match self.index.take_anywhere(&mut self.arena, units, align) {
            Ok(place) => Ok(place),
            Err(broken) => Err(self.diagnose(broken)),
        }
    }
}
