//! Looking at a heap: its blocks, its figures, and whether all of it is in order.

use crate::arena::Arena;
use crate::block::Live;
use crate::check::Check;
use crate::error::{Corruption, Fault};
use crate::handle::Handle;
use crate::heap::{Heap, MAX_ALIGN};
use crate::layout::{FreeKind, Layout};
use crate::units::{Index, Pos, Units};

/// What has happened since the heap was made.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Counters {
    pub(crate) compactions: usize,
    pub(crate) moves: usize,
    pub(crate) bytes_moved: usize,
}

impl Counters {
    pub(crate) fn moved(&mut self, blocks: usize, bytes: usize) {
        self.moves = self.moves.wrapping_add(blocks);
        self.bytes_moved = self.bytes_moved.wrapping_add(bytes);
    }
}

/// The figures of a heap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
    /// Entries in the handle table, vacant ones included.
    pub table_entries: usize,
    /// Passes over the blocks to merge free space or move blocks.
    pub compactions: usize,
    /// Blocks moved.
    pub moves: usize,
    /// Bytes moved, headers included.
    pub bytes_moved: usize,
}

/// One block of the arena, as [`Heap::blocks`] lists it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Block<'h, L: Layout> {
    /// Where it starts, in bytes from the arena's start.
    pub offset: usize,
    /// Its length in bytes, header included.
    pub bytes: usize,
    /// The handle; none for a free block.
    pub handle: Option<Handle<L>>,
    /// The payload's length as asked for; zero for a free block.
    pub payload_bytes: usize,
    /// Whether it may never move.
    pub immovable: bool,
    /// The name that it was given.
    pub name: Option<&'h str>,
}

/// The blocks of a heap in the order of their addresses; see [`Heap::blocks`].
#[derive(Debug)]
pub struct Blocks<'h, 'a, L: Layout, C: Check> {
    heap: &'h Heap<'a, L, C>,
    pos: Pos,
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// The heap's figures. Constant time.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            live: self.table.live(),
            used_bytes: self.used.bytes::<L>(),
            free_bytes: self.free_units().bytes::<L>(),
            largest_free_bytes: self.largest_free().bytes::<L>(),
            table_entries: self.arena.entries(),
            compactions: self.counters.compactions,
            moves: self.counters.moves,
            bytes_moved: self.counters.bytes_moved,
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
                .saturating_sub(self.used.0),
        )
    }

    /// The longest piece among the free tail and one block of the highest bin.
    pub(crate) fn largest_free(&self) -> Units {
        let room = self.arena.top() - self.arena.tail();
        room.max(self.index.large(&self.arena))
    }

    /// All blocks in use, and the free pieces between them, in the order of their addresses. The free
    /// tail is not among them. Ends early with an error where the metadata is damaged. A walk over
    /// all is linear in the blocks.
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let (a, b) = (heap.alloc(10)?, heap.alloc(20)?);
    /// heap.free(a)?;
    /// let blocks: Vec<_> = heap.blocks().collect::<Result<_, _>>()?;
    /// assert_eq!(blocks[0].handle, None);
    /// assert_eq!((blocks[1].handle, blocks[1].payload_bytes), (Some(b), 20));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn blocks(&self) -> Blocks<'_, '_, L, C> {
        Blocks {
            heap: self,
            pos: Pos::FIRST,
        }
    }

    /// Walks everything and names the first thing that is wrong. Linear in the arena's blocks and
    /// the table's entries.
    ///
    /// # Errors
    ///
    /// [`Corruption`], with what was found, where, and what was expected.
    pub fn check(&self) -> Result<(), Corruption> {
        let row = self.check_row()?;
        let vacant = self.check_entries(row.live)?;
        self.table.check_list(&self.arena, vacant)?;
        let (cached, binned) = self.index.check(&self.arena)?;
        expect(0, binned as u64, row.binned as u64)?;
        expect(0, cached as u64, row.cached as u64)?;
        expect(0, row.used.0 as u64, self.used.0 as u64)?;
        expect(0, row.live as u64, self.table.live() as u64)?;
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
            match (L::is_free(header), L::free_kind(header)) {
                (false, _) => {
                    let live = Live::at(&self.arena, pos, header)?;
                    live.verify(&self.arena)?;
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
                }
                (true, Some(FreeKind::Cached)) => row.cached += 1,
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

    /// Walks the table beside a row of so many blocks in use, and counts the vacant entries.
    pub(crate) fn check_entries(&self, live: usize) -> Result<usize, Corruption> {
        let entries = self.arena.entries();
        let mut vacant = 0;
        for index in (1..=entries).map(Index) {
            let Some(entry) = self.arena.entry(index) else {
                continue;
            };
            if L::entry_is_vacant(entry) {
                vacant += 1;
                continue;
            }
            let (at, pos) = (self.arena.entry_byte(index), L::entry_pos(entry));
            let header = self.arena.header(pos).filter(|_| pos < self.arena.tail());
            let owner = header.map(L::index);
            fault(
                Fault::BackLink,
                at,
                owner.map_or(0, |owner| owner.0 as u64),
                index.0 as u64,
            )?;
        }
        expect(0, (live + vacant) as u64, entries as u64)?;
        Ok(vacant)
    }
}

/// What a walk over the row of blocks has counted.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) live: usize,
    pub(crate) fixed: usize,
    pub(crate) used: Units,
    /// The largest alignment, in granules.
    pub(crate) align: usize,
    cached: usize,
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

impl<'h, L: Layout, C: Check> Iterator for Blocks<'h, '_, L, C> {
    type Item = Result<Block<'h, L>, Corruption>;

    fn next(&mut self) -> Option<Self::Item> {
        let tail = self.heap.arena.tail();
        if self.pos >= tail {
            return None;
        }
        let found = self.heap.block_at(self.pos);
        self.pos = match &found {
            Ok(block) => self.pos + Units(block.bytes / L::GRANULE),
            Err(_) => tail,
        };
        Some(found)
    }
}

impl<L: Layout, C: Check> core::iter::FusedIterator for Blocks<'_, '_, L, C> {}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    fn block_at(&self, pos: Pos) -> Result<Block<'_, L>, Corruption> {
        let header = self.header_in_row(pos)?;
        let (offset, bytes) = (Arena::<L, C>::byte(pos), L::units(header).bytes::<L>());
        if L::is_free(header) {
            let mut end = pos + L::units(header);
            while end < self.arena.tail() {
                let header = self.header_in_row(end)?;
                if !L::is_free(header) {
                    break;
                }
                end = end + L::units(header);
            }
            return Ok(Block {
                offset,
                bytes: (end - pos).bytes::<L>(),
                handle: None,
                payload_bytes: 0,
                immovable: false,
                name: None,
            });
        }
        let live = Live::at(&self.arena, pos, header)?;
        Ok(Block {
            offset,
            bytes,
            handle: live.handle(),
            payload_bytes: live.len(&self.arena)?,
            immovable: L::is_fixed(&live.record),
            name: live.name(&self.arena)?,
        })
    }
}
