//! One event, ready to run.

use std::alloc::Layout;

/// What happens to a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Alloc,
    Resize,
    Free,
}

/// One event: 16 bytes, read in order.
///
/// It carries the old size and the alignment of its block, as a program knows them from its types,
/// so that a replay keeps only what the heap gave out: pointer or handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    old_size: u32,
    size: u32,
    slot: u32,
    op: Op,
    align_log2: u8,
}

impl Event {
    /// An event that brings the block in a slot from the old to the new size.
    pub(super) fn new(op: Op, slot: u32, (old_size, size): (u32, u32), align: u32) -> Self {
        debug_assert!(align.is_power_of_two());
        Self {
            old_size,
            size,
            slot,
            op,
            // Below 32 for any number.
            align_log2: align.trailing_zeros() as u8 & 31,
        }
    }

    #[inline]
    pub(crate) fn op(&self) -> Op {
        self.op
    }

    /// Where the program keeps this block. Slots of freed blocks are used again.
    #[inline]
    pub(crate) fn slot(&self) -> usize {
        self.slot as usize
    }

    /// The size the block gets.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.size as usize
    }

    /// The size the block had before.
    #[inline]
    pub(crate) fn old_size(&self) -> usize {
        self.old_size as usize
    }

    /// Size and alignment the block gets.
    #[inline]
    pub(crate) fn layout(&self) -> Layout {
        layout(self.size, self.align_log2)
    }

    /// Size and alignment the block had before.
    #[inline]
    pub(crate) fn old_layout(&self) -> Layout {
        layout(self.old_size, self.align_log2)
    }
}

#[inline]
fn layout(size: u32, align_log2: u8) -> Layout {
    // SAFETY: a shifted one is a power of two (`Event::new` keeps `align_log2` below 32), and sizes
    // and alignments below 2^32 stay far from `isize::MAX` on the 64-bit hosts asked for in `main`.
    unsafe { Layout::from_size_align_unchecked(size as usize, 1 << align_log2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_sixteen_bytes() {
        assert_eq!(size_of::<Event>(), 16);
    }

    #[test]
    fn layouts_are_those_of_the_block() {
        let event = Event::new(Op::Resize, 0, (10, u32::MAX), 1 << 31);
        let layout = |size| Layout::from_size_align(size, 1 << 31).unwrap();
        assert_eq!(event.old_layout(), layout(10));
        assert_eq!(event.layout(), layout(u32::MAX as usize));
    }
}
