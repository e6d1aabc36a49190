//! What decides what a heap does from now on, however it came to be as it is. For trials that merge states that
//! look alike.

use core::hash::{Hash, Hasher};

use crate::arena::Arena;
use crate::block::Live;
use crate::check::Check;
use crate::error::Corruption;
use crate::heap::Heap;
use crate::layout::{FreeKind, Layout};
use crate::units::{Index, Pos, Units};

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Feeds a hasher with all that decides what the heap does from now on. Of two heaps of arenas of the same size that
    /// feed the same, each does what the other one does, but for the bytes of payloads, generations, and figures
    /// of what has happened. Linear in what is kept beside the arena, in blocks, and in table entries.
    ///
    /// # Errors
    ///
    /// [`Corruption`] if damaged metadata was met.
    #[doc(hidden)]
    pub fn hash_likeness(&self, state: &mut impl Hasher) -> Result<(), Corruption> {
        let (tail, entries) = (self.arena.tail(), self.arena.entries());
        (tail, entries, self.maximum, self.align).hash(state);
        (self.settled, self.refused).hash(state);
        self.index.hash(state);
        self.table.likeness().hash(state);
        self.pending().hash(state);
        let mut pos = Pos::FIRST;
        while pos < tail {
            let header = self.header_in_row(pos)?;
            let units = L::units(header);
            (units, L::follows_free(header)).hash(state);
            if L::is_free(header) {
                self.hash_free(pos, header, state);
            } else {
                self.hash_used(&Live::at(&self.arena, pos, header)?, state)?;
            }
            pos = pos + units;
        }
        for index in (1..=entries).map(Index) {
            let entry = self.arena.entry(index).unwrap_or_default();
            if L::entry_is_vacant(entry) {
                L::vacant_next(entry).hash(state);
            } else if L::is_pin_record(entry) {
                (L::pinned_number(entry), L::pin_count(entry)).hash(state);
            }
        }
        Ok(())
    }

    fn hash_free(&self, pos: Pos, header: L::Header, state: &mut impl Hasher) {
        let (kind, units) = (L::free_kind(header), L::units(header));
        kind.hash(state);
        match kind {
            Some(FreeKind::Cached) => self.arena.next(pos, FreeKind::Cached).hash(state),
            Some(FreeKind::Binned) if units > Units::ONE => {
                self.arena.next(pos, FreeKind::Binned).hash(state)
            }
            Some(FreeKind::Resting) => {
                L::resting_index(header).hash(state);
                // Others are in no list, and their link is any bytes.
                if units >= Arena::<L, C>::LEAST_LINKED && units.0 <= L::CACHED_MAX {
                    self.arena.resting_next(pos).hash(state);
                }
            }
            _ => {}
        }
    }

    fn hash_used(&self, live: &Live<L>, state: &mut impl Hasher) -> Result<(), Corruption> {
        let record = &live.record;
        (live.index, live.named(), L::pad(record), L::align(record)).hash(state);
        (L::is_fixed(record), live.skipped(&self.arena)).hash(state);
        let extension = live.extension(&self.arena)?;
        let owner = extension.owner.map(|owner| (owner.tag, owner.shrinks));
        (owner, extension.name).hash(state);
        Ok(())
    }
}
