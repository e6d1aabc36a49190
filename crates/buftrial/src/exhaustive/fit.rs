//! What fits into an arena when its blocks are moved together, computed without the heap.

use buflib::{Check, Heap, Layout};

use super::known::Own;
use crate::memory::payload;

/// A heap's blocks in the order of their addresses, and its arena.
pub(crate) struct Row<'k, L: Layout> {
    blocks: Vec<&'k Own<L>>,
    bytes: usize,
    entry: usize,
}

impl<'k, L: Layout> Row<'k, L> {
    pub(crate) fn new(blocks: Vec<&'k Own<L>>, bytes: usize, entry: usize) -> Self {
        Self {
            blocks,
            bytes,
            entry,
        }
    }

    /// Granules that blocks can have beside a table of so many entries.
    pub(crate) fn granules_beside(&self, entries: usize) -> Option<usize> {
        let table = entries * self.entry + L::HEADER_BYTES;
        Some(self.bytes.checked_sub(table)? / L::GRANULE_BYTES)
    }

    /// The shortest table with a number for one more block, if no block is pinned.
    fn entries_for_one_more(&self) -> usize {
        let numbers = self.blocks.iter().map(|own| own.handle.number());
        numbers.max().unwrap_or(0).max(self.blocks.len() + 1)
    }

    /// The largest piece that is left when all blocks have slid to the front, from an aligned granule on. The first
    /// granule is at a multiple of all alignments.
    fn largest_when_slid(&self, align: usize) -> Option<usize> {
        let top = self.granules_beside(self.entries_for_one_more())?;
        let (mut end, mut largest) = (0, None);
        let mut gap = |start: usize, end: usize| {
            let start = start.next_multiple_of(align.div_ceil(L::GRANULE_BYTES));
            if start < end {
                largest = largest.max(Some(end - start));
            }
        };
        for own in &self.blocks {
            let start = usize::next_multiple_of(end, own.align / L::GRANULE_BYTES);
            gap(end, start);
            end = start + own.granules();
        }
        if end > top {
            return None;
        }
        gap(end, top);
        largest
    }

    pub(crate) fn fits_when_slid(&self, granules: usize, align: usize) -> bool {
        self.largest_when_slid(align) >= Some(granules)
    }

    /// The largest payload that is left when all blocks have slid to the front.
    pub(crate) fn allocatable_when_slid(&self, align: usize) -> Option<usize> {
        self.largest_when_slid(align).map(payload::<L>)
    }

    /// Whether all blocks still fit when one has another size.
    pub(crate) fn fits_when_grown(&self, number: usize, size: usize) -> bool {
        let entries = self.blocks.iter().map(|own| own.handle.number()).max();
        let Some(top) = self.granules_beside(entries.unwrap_or(0)) else {
            return false;
        };
        let end = self.blocks.iter().fold(0usize, |end, own| {
            let granules = if own.handle.number() == number {
                own.granules_for(size)
            } else {
                own.granules()
            };
            end.next_multiple_of(own.align / L::GRANULE_BYTES) + granules
        });
        end <= top
    }

    /// Whether a heap has room for one more entry as it is.
    pub(crate) fn entry_fits<C: Check>(&self, heap: &Heap<'_, L, C>) -> bool {
        self.pieces(heap).is_some()
    }

    /// Whether one of the free pieces of a heap is long enough, and there is room for an entry.
    pub(crate) fn fits_as_it_is<C: Check>(
        &self,
        heap: &Heap<'_, L, C>,
        granules: usize,
        align: usize,
    ) -> bool {
        let align = align.div_ceil(L::GRANULE_BYTES);
        self.pieces(heap).is_some_and(|pieces| {
            let mut pieces = pieces.into_iter();
            pieces.any(|(start, end)| start.next_multiple_of(align) + granules <= end)
        })
    }

    /// Whether a block that may move can have another size in one of the free pieces of a heap.
    pub(crate) fn fits_elsewhere<C: Check>(
        &self,
        heap: &Heap<'_, L, C>,
        number: usize,
        size: usize,
        asked: bool,
    ) -> bool {
        let mut blocks = self.blocks.iter();
        let own = blocks.find(|own| own.handle.number() == number);
        own.is_some_and(|own| {
            !own.stays(asked) && self.fits_as_it_is(heap, own.granules_for(size), own.align)
        })
    }

    /// The free pieces of a heap, from granule to granule, if a block could have a number beside them.
    fn pieces<C: Check>(&self, heap: &Heap<'_, L, C>) -> Option<Vec<(usize, usize)>> {
        let records = self.blocks.iter().filter(|own| own.pins > 0).count();
        let taken = self.blocks.len() + records;
        let top = self.granules_beside(heap.stats().table_entries.max(taken + 1))?;
        let (mut pieces, mut end) = (Vec::new(), 0);
        for block in heap.blocks().flatten() {
            let start = block.offset / L::GRANULE_BYTES;
            if block.handle.is_none() {
                continue;
            }
            pieces.push((end, start));
            end = start + block.bytes / L::GRANULE_BYTES;
        }
        pieces.push((end, top));
        (end <= top).then_some(pieces)
    }
}
