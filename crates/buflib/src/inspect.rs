//! A heap's figures, and whether all of it is in order.

use core::fmt;

use crate::arena::Arena;
use crate::block::Live;
use crate::check::Check;
use crate::compact::Compaction;
use crate::error::{Corruption, Fault};
use crate::heap::{Heap, MAX_ALIGN};
use crate::layout::{FreeKind, Layout};
use crate::show::show_fields;
use crate::units::{Index, Pos, Units};

/// What has happened since the heap was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counters {
    pub(crate) compactions: usize,
    pub(crate) moves: usize,
    pub(crate) bytes_moved: usize,
    /// Moves that an owner has refused.
    pub(crate) refused: usize,
    /// Requests to shrink that an owner has refused.
    pub(crate) unshrunk: usize,
}

impl Counters {
    pub(crate) const NONE: Self = Self {
        compactions: 0,
        moves: 0,
        bytes_moved: 0,
        refused: 0,
        unshrunk: 0,
    };

    pub(crate) fn moved(&mut self, blocks: usize, bytes: usize) {
        self.moves = self.moves.wrapping_add(blocks);
        self.bytes_moved = self.bytes_moved.wrapping_add(bytes);
    }

    /// What was counted since an earlier reading.
    pub(crate) fn since(&self, earlier: &Self) -> Compaction {
        Compaction {
            gained: false,
            moves: self.moves.wrapping_sub(earlier.moves),
            bytes_moved: self.bytes_moved.wrapping_sub(earlier.bytes_moved),
            refused: self.refused.wrapping_sub(earlier.refused),
        }
    }
}

/// The figures of a heap.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Blocks in use.
    pub live: usize,
    /// Bytes of blocks in use, headers and padding included, table entries not.
    pub used_bytes: usize,
    /// Bytes that are free, in one piece or many.
    pub free_bytes: usize,
    /// Bytes in the largest piece of free space that is known of without a walk.
    pub largest_free_bytes: usize,
    /// The most bytes of blocks that were in use at once, counted as [`used_bytes`](Self::used_bytes).
    pub peak_bytes: usize,
    /// Blocks that may not move: immovable or pinned.
    pub immovable: usize,
    /// Blocks that have an owner.
    pub owned: usize,
    /// How much of the free space is not in the largest piece, in thousandths: 0 is none, and 1000 would
    /// be all of it.
    pub fragmentation: u32,
    /// Entries in the handle table, vacant ones included.
    pub table_entries: usize,
    /// Passes over the blocks to merge free space or move blocks.
    pub compactions: usize,
    /// Blocks moved.
    pub moves: usize,
    /// Bytes moved, headers included.
    pub bytes_moved: usize,
    /// Moves that were not made because an owner refused, or nobody was there to ask.
    pub refused_moves: usize,
    /// Requests to shrink that an owner has refused.
    pub refused_shrinks: usize,
}

impl fmt::Debug for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_fields!(self, f, "Stats":
            live used_bytes free_bytes largest_free_bytes peak_bytes immovable owned fragmentation
            table_entries compactions moves bytes_moved refused_moves refused_shrinks
        )
    }
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// The heap's figures. Constant time.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (free, largest) = (self.free_units(), self.largest_free());
        Stats {
            live: self.table.live(),
            used_bytes: self.used.units().bytes::<L>(),
            free_bytes: free.bytes::<L>(),
            largest_free_bytes: largest.bytes::<L>(),
            fragmentation: thousandths(free.0.saturating_sub(largest.0), free.0),
            peak_bytes: self.used.peak().bytes::<L>(),
            immovable: self.fixed,
            owned: self.owned,
            table_entries: self.arena.entries(),
            compactions: self.counters.compactions,
            moves: self.counters.moves,
            bytes_moved: self.counters.bytes_moved,
            refused_moves: self.counters.refused,
            refused_shrinks: self.counters.unshrunk,
        }
    }

    /// Free bytes in total, in one piece or many: what blocks with their headers and new table
    /// entries can take up. Constant time.
    #[must_use]
    pub fn available(&self) -> usize {
        self.free_units().bytes::<L>()
    }

    pub(crate) fn free_units(&self) -> Units {
        // Damage can make the count of what is in use wrong.
        Units(
            (self.arena.top() - Pos::FIRST)
                .0
                .saturating_sub(self.used.units().0),
        )
    }

    /// Granules behind the last block.
    #[inline]
    pub(crate) fn free_tail(&self) -> Units {
        self.arena.top() - self.arena.tail()
    }

    /// The longest piece among the free tail and one block of the highest bin.
    pub(crate) fn largest_free(&self) -> Units {
        let room = self.free_tail();
        room.max(self.index.large(&self.arena))
    }

    /// Walks everything and names the first thing that is wrong. Linear in the arena's blocks and
    /// the table's entries.
    ///
    /// # Errors
    ///
    /// [`Corruption`], with what was found, where, and what was expected.
    pub fn check(&self) -> Result<(), Corruption> {
        let row = self.check_row()?;
        let entries = self.check_entries(&row)?;
        let taken = row.live + entries.records;
        expect(0, taken as u64, self.table.taken() as u64)?;
        self.table.check_list(&self.arena, entries.vacant)?;
        expect(
            0,
            row.resting as u64,
            self.table.resting(&self.arena) as u64,
        )?;
        let (resting, cached, binned) = self.index.check(&self.arena)?;
        expect(0, resting as u64, row.resting as u64)?;
        expect(0, binned as u64, row.binned as u64)?;
        expect(0, cached as u64, row.cached as u64)?;
        expect(0, row.used.0 as u64, self.used.units().0 as u64)?;
        expect(0, row.live as u64, self.table.live() as u64)?;
        expect(0, row.owned as u64, self.owned as u64)?;
        expect(0, row.fixed as u64, self.fixed as u64)
    }

    /// Walks the blocks: all that they say of themselves, of their neighbours and their entries.
    pub(crate) fn check_row(&self) -> Result<Row, Corruption> {
        let mut row = Row::default();
        let mut follows = Units::ZERO;
        let mut pos = Pos::FIRST;
        while pos < self.arena.tail() {
            let header = self.header_in_row(pos)?;
            let units = L::units(header);
            let at = Arena::<L, C>::byte(pos);
            fault(
                Fault::FollowsFree,
                at,
                L::follows_free(header).into(),
                (follows > Units::ZERO).into(),
            )?;
            if follows > Units::ZERO {
                let footer = self.arena.footer(pos).unwrap_or(Units::ZERO);
                fault(Fault::Footer, at, footer.0 as u64, follows.0 as u64)?;
            }
            follows = Units::ZERO;
            if L::is_free(header) {
                self.verify_free(pos, header)?;
            }
            match (L::is_free(header), L::free_kind(header)) {
                (false, _) => {
                    let live = Live::at(&self.arena, pos, header)?;
                    live.verify(&self.arena)?;
                    live.verify_start(&self.arena)?;
                    live.len(&self.arena)?;
                    live.name(&self.arena)?;
                    let gap = self.arena.gap_to_aligned(pos, live.align());
                    fault(Fault::Alignment, at, gap.0 as u64, 0)?;
                    let align = live.align();
                    if align > MAX_ALIGN / L::GRANULE {
                        fault(Fault::Alignment, at, align as u64, 1)?;
                    }
                    row.align = row.align.max(align);
                    row.live += 1;
                    row.used += units;
                    row.fixed += usize::from(L::is_fixed(&live.record));
                    row.owned += usize::from(live.extension(&self.arena)?.owner.is_some());
                }
                (true, Some(FreeKind::Cached)) => row.cached += 1,
                (true, Some(FreeKind::Resting)) => {
                    self.number_of_resting(pos, header)?;
                    row.resting += 1;
                }
                (true, Some(FreeKind::Binned)) => {
                    row.binned += usize::from(units > Units::ONE);
                    follows = units;
                }
                (true, kind) => fault(
                    Fault::Kind,
                    at,
                    kind.map_or(0, |kind| kind as u64),
                    FreeKind::Binned as u64,
                )?,
            }
            pos = pos + units;
        }
        let at = Arena::<L, C>::byte(pos);
        let sentinel = L::free_header(FreeKind::Tail, Units::ZERO, Pos::NIL);
        match self.arena.header(pos) {
            Some(header) if header == sentinel && follows == Units::ZERO => Ok(row),
            header => Err(Corruption::new(
                Fault::Kind,
                at,
                header.and_then(L::free_kind).map_or(0, |kind| kind as u64),
                FreeKind::Tail as u64,
            )),
        }
    }

    /// Walks the table beside a row of blocks, and counts the entries that are no block's.
    pub(crate) fn check_entries(&self, row: &Row) -> Result<Entries, Corruption> {
        let entries = self.arena.entries();
        let (mut vacant, mut records) = (0, 0);
        for index in (1..=entries).map(Index) {
            let Some(entry) = self.arena.entry(index) else {
                continue;
            };
            if L::entry_is_vacant(entry) {
                vacant += 1;
                continue;
            }
            if self.rests(index, entry) {
                continue;
            }
            let is_record = L::is_pin_record(entry);
            records += usize::from(is_record);
            if is_record && L::pin_count(entry) == 0 {
                fault(Fault::Count, self.arena.entry_byte(index), 0, 1)?;
            }
            // A pinned block's header names its record, and that the block's own number.
            let number = if is_record {
                L::pinned_number(entry)
            } else {
                index
            };
            let found = self.numbered(number).map_or(Index::NONE, |live| {
                if is_record { live.named() } else { live.index }
            });
            fault(
                Fault::BackLink,
                self.arena.entry_byte(index),
                found.0 as u64,
                index.0 as u64,
            )?;
        }
        let taken = row.live + row.resting + records;
        expect(0, (taken + vacant) as u64, entries as u64)?;
        Ok(Entries { vacant, records })
    }
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Whether a table entry leads to a resting block that leads back to it.
    pub(crate) fn rests(&self, index: Index, entry: L::Entry) -> bool {
        let pos = L::entry_pos(entry);
        let header = self.header_in_row(pos).ok();
        header
            .filter(|&header| pos < self.arena.tail() && L::is_resting(header))
            .and_then(|header| self.number_of_resting(pos, header).ok())
            .is_some_and(|found| found.0 == index)
    }

    /// The block in use that a table entry leads to and that leads back to it.
    pub(crate) fn numbered(&self, index: Index) -> Option<Live<L>> {
        let entry = self.arena.entry(index);
        let pos = L::entry_pos(entry.filter(|&entry| L::entry_is_live(entry))?);
        let header = self
            .header_in_row(pos)
            .ok()
            .filter(|&header| pos < self.arena.tail() && !L::is_free(header))?;
        let live = Live::at(&self.arena, pos, header).ok();
        live.filter(|live| live.index == index)
    }
}

fn thousandths(part: usize, whole: usize) -> u32 {
    let exact = (part as u64).saturating_mul(1000) / (whole as u64).max(1);
    u32::try_from(exact).unwrap_or(u32::MAX)
}

/// What a walk over the table has counted beside the blocks' own entries.
pub(crate) struct Entries {
    pub(crate) vacant: usize,
    pub(crate) records: usize,
}

/// What a walk over the row of blocks has counted.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) live: usize,
    pub(crate) fixed: usize,
    pub(crate) owned: usize,
    pub(crate) used: Units,
    /// The largest alignment, in granules.
    pub(crate) align: usize,
    cached: usize,
    resting: usize,
    /// Merged free blocks of two granules and more: those in bins.
    binned: usize,
}

fn fault(fault: Fault, at: usize, found: u64, expected: u64) -> Result<(), Corruption> {
    if found == expected {
        Ok(())
    } else {
        Err(Corruption::new(fault, at, found, expected))
    }
}

fn expect(at: usize, found: u64, expected: u64) -> Result<(), Corruption> {
    fault(Fault::Count, at, found, expected)
}
