//! The arena as a whole: giving memory out and taking it back, moving to other memory, snapshots.
//!
//! Positions count from the arena's start and table entries from its end. So blocks and table can
//! each be moved in one piece, and none of the metadata changes with them.

mod error;
mod outline;
mod place;
mod record;
mod resize;
mod snapshot;

use crate::arena::Arena;
use crate::block::Live;
use crate::check::Check;
use crate::error::Corruption;
use crate::heap::Heap;
use crate::index::FreeIndex;
use crate::inspect::Counters;
use crate::layout::Layout;
use crate::step::Progress;
use crate::table::Table;
use crate::units::{Index, Pos};
use crate::usage::Usage;

pub use error::{AttachError, Refused, RegionError};
pub use outline::Outline;
pub use place::Suspended;

/// All of a heap but its memory.
#[derive(Clone, Debug)]
pub(crate) struct Books<L: Layout> {
    index: FreeIndex<L>,
    table: Table<L>,
    used: Usage,
    fixed: usize,
    owned: usize,
    align: usize,
    maximum: Index,
    settled: bool,
    refused: bool,
    counters: Counters,
}

impl<L: Layout> Books<L> {
    /// Those of a heap without blocks.
    pub(crate) const EMPTY: Self = Self {
        index: FreeIndex::EMPTY,
        table: Table::EMPTY,
        used: Usage::NONE,
        fixed: 0,
        owned: 0,
        align: 1,
        maximum: Index::NONE,
        settled: true,
        refused: false,
        counters: Counters::NONE,
    };
}

impl<'a, L: Layout, C: Check> Heap<'a, L, C> {
    pub(crate) fn from_books(arena: Arena<'a, L, C>, books: Books<L>) -> Self {
        let Books {
            index,
            table,
            used,
            fixed,
            owned,
            align,
            maximum,
            settled,
            refused,
            counters,
        } = books;
        Self {
            arena,
            index,
            table,
            used,
            fixed,
            owned,
            align,
            maximum,
            settled,
            refused,
            progress: Progress::START,
            counters,
        }
    }

    fn books(&self) -> Books<L> {
        Books {
            index: self.index.clone(),
            table: self.table.clone(),
            used: self.used,
            fixed: self.fixed,
            owned: self.owned,
            align: self.align,
            maximum: self.maximum,
            settled: self.settled,
            refused: self.refused,
            counters: self.counters,
        }
    }

    /// Asks every block in use, in the order of their addresses, whether it may be moved.
    fn ask_each(
        &self,
        mut ask: impl FnMut(&Live<L>) -> Result<(), RegionError>,
    ) -> Result<(), RegionError> {
        let mut pos = Pos::FIRST;
        while let Some(live) = self.next_in_use(&mut pos, self.arena.tail())? {
            ask(&live)?;
        }
        Ok(())
    }

    /// How many granules the blocks may be moved by, and any multiple of that: a power of two. Constant time if no
    /// block has ever been aligned or immovable, otherwise linear in the blocks.
    fn grain(&self) -> Result<usize, RegionError> {
        if self.fixed == 0 && self.align == 1 {
            return Ok(1);
        }
        let mut align = 1;
        self.ask_each(|live| {
            align = align.max(live.align());
            refuse_immovable::<L, C>(live)
        })?;
        Ok(align)
    }
}

fn refuse_immovable<L: Layout, C: Check>(live: &Live<L>) -> Result<(), RegionError> {
    if L::is_fixed(&live.record) {
        return Err(RegionError::Immovable {
            number: live.index.0,
            offset: Arena::<L, C>::byte(live.pos),
        });
    }
    Ok(())
}

impl From<Corruption> for RegionError {
    fn from(corruption: Corruption) -> Self {
        Self::Corrupt(corruption)
    }
}
