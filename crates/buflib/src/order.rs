//! The common case of freeing where numbers are given out from the lowest: small enough to be inlined, as
//! [resting](crate::rest) is where they are not.

use crate::block::Live;
use crate::check::Check;
use crate::handle::Handle;
use crate::heap::Heap;
use crate::layout::Layout;
use crate::units::Index;

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// A plain small block, neither the last one nor with the last number.
    #[inline(always)]
    pub(crate) fn free_in_order(&mut self, handle: Handle<L>) -> Option<()> {
        let live = Live::find_plain(&self.arena, handle)?;
        let unusual = !self.arena.checks_quickly()
            || live.units.0 > L::CACHED_MAX
            || live.pos + live.units >= self.arena.tail()
            || live.index.0 == self.arena.entries()
            || self.maximum != Index::NONE
            || !live.is_plain_sound(&self.arena);
        if unusual {
            return None;
        }
        let mut arena = self.arena.local();
        let follows_free = L::follows_free(live.record.header);
        self.index
            .cache(&mut arena, live.pos, live.units, follows_free);
        self.table.rest();
        self.table
            .vacate(&mut arena, live.index, handle.generation());
        self.used.lower(live.units);
        self.settled = false;
        Some(())
    }
}
