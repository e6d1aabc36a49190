//! A trace made ready to run: no ids, no look-ups, nothing left to find out while the clock runs.

use super::error::Mistake;
use super::event::{Event, Op};
use super::ids::{Id, Ids};
use super::parse::RawEvent;

/// All the events of a trace, in which every slot is allocated before it is resized or freed, and
/// freed before it is allocated again. Only [`Builder`] makes one, and that is what it checks.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: String,
    events: Vec<Event>,
    lines: Vec<u32>,
    slots: usize,
    peaks: Peaks,
}

impl Program {
    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// The line an event stands in.
    pub(crate) fn line(&self, event: usize) -> u32 {
        self.lines[event]
    }

    /// The number of slots that serves the whole trace: its peak of live blocks.
    pub(crate) fn slots(&self) -> usize {
        self.slots
    }

    /// The most bytes that were live at one time.
    pub(crate) fn peak_payload(&self) -> u64 {
        self.peaks.payload.most
    }

    /// How many blocks were live when the peak payload was first reached.
    pub(crate) fn peak_blocks(&self) -> u64 {
        self.peaks.blocks_at_peak
    }

    /// The largest size that any block has.
    pub(crate) fn largest_block(&self) -> u32 {
        self.peaks.largest_block
    }

    /// The bytes the trace needs when no byte is lost to fragmentation: the peak over time of what
    /// the live blocks take, each with a header and a table entry.
    pub(crate) fn need(&self) -> u64 {
        self.peaks.need.most
    }

    /// The same for blocks as they are in buflib's standard layout: what no heap of that layout can
    /// do with less than.
    pub(crate) fn floor(&self) -> u64 {
        self.peaks.floor.most
    }
}

/// What a block has in the handle table.
const ENTRY: u64 = 4;

/// What a block takes in a heap without fragmentation: its payload behind a header of 8 bytes, in
/// units of 8, and its entry.
fn footprint(size: u32) -> u64 {
    in_units(size, 8) + ENTRY
}

/// What a block takes in the standard layout, as docs/LAYOUT.md has it: 6 bytes of header, and 2 more
/// if it is long.
fn standard_footprint(size: u32) -> u64 {
    const LONG: u64 = 16 << 10;
    let short = in_units(size, 6);
    let bytes = if short < LONG {
        short
    } else {
        in_units(size, 8)
    };
    bytes + ENTRY
}

fn in_units(size: u32, header: u64) -> u64 {
    (u64::from(size) + header).next_multiple_of(8)
}

/// Turns ids into slots and finds the peaks.
#[derive(Default)]
pub(crate) struct Builder {
    ids: Ids,
    events: Vec<Event>,
    lines: Vec<u32>,
    /// Size and alignment of the block in each slot.
    slots: Vec<(u32, u32)>,
    free_slots: Vec<u32>,
    peaks: Peaks,
}

/// The most of each measure, in one pass over the events.
#[derive(Debug, Default)]
struct Peaks {
    payload: Peak,
    need: Peak,
    floor: Peak,
    blocks: u64,
    blocks_at_peak: u64,
    largest_block: u32,
}

impl Peaks {
    /// A block has another size; none is no block.
    fn change(&mut self, old: Option<u32>, new: Option<u32>) {
        let sum = |measure: fn(u32) -> u64| (old.map_or(0, measure), new.map_or(0, measure));
        self.need.change(sum(footprint));
        self.floor.change(sum(standard_footprint));
        self.blocks = self.blocks + u64::from(new.is_some()) - u64::from(old.is_some());
        if self.payload.change(sum(u64::from)) {
            self.blocks_at_peak = self.blocks;
        }
        self.largest_block = self.largest_block.max(new.unwrap_or(0));
    }
}

#[derive(Debug, Default)]
struct Peak {
    now: u64,
    most: u64,
}

impl Peak {
    /// Returns whether this is a new peak.
    fn change(&mut self, (less, more): (u64, u64)) -> bool {
        self.now = self.now - less + more;
        let higher = self.now > self.most;
        self.most = self.most.max(self.now);
        higher
    }
}

impl Builder {
    /// Adds the event of a line. An alignment must be a power of two.
    pub(crate) fn push(&mut self, line: u32, event: RawEvent) -> Result<(), Mistake> {
        let event = match event {
            RawEvent::Alloc { id, size, align } => self.alloc(id, size, align)?,
            RawEvent::Resize { id, size } => self.resize(id, size)?,
            RawEvent::Free { id } => self.free(id)?,
        };
        self.events.push(event);
        self.lines.push(line);
        Ok(())
    }

    fn alloc(&mut self, id: u64, size: u32, align: u32) -> Result<Event, Mistake> {
        if self.ids.get(id) != Id::Unknown {
            return Err(Mistake::ReusedId { id });
        }
        // Below 2^32: the events themselves would not fit into memory before that.
        let slot = self.free_slots.pop().unwrap_or(self.slots.len() as u32);
        match self.slots.get_mut(slot as usize) {
            Some(block) => *block = (size, align),
            None => self.slots.push((size, align)),
        }
        self.ids.set(id, Id::Live { slot });
        self.peaks.change(None, Some(size));
        Ok(Event::new(Op::Alloc, slot, (0, size), align))
    }

    fn resize(&mut self, id: u64, size: u32) -> Result<Event, Mistake> {
        let slot = self.live(id)?;
        let (old_size, align) = self.slots[slot as usize];
        self.slots[slot as usize].0 = size;
        self.peaks.change(Some(old_size), Some(size));
        Ok(Event::new(Op::Resize, slot, (old_size, size), align))
    }

    fn free(&mut self, id: u64) -> Result<Event, Mistake> {
        let slot = self.live(id)?;
        let (old_size, align) = self.slots[slot as usize];
        self.ids.set(id, Id::Freed);
        // Last in, first out: the slot table stays as short, and as warm, as it can be.
        self.free_slots.push(slot);
        self.peaks.change(Some(old_size), None);
        Ok(Event::new(Op::Free, slot, (old_size, 0), align))
    }

    fn live(&self, id: u64) -> Result<u32, Mistake> {
        match self.ids.get(id) {
            Id::Live { slot } => Ok(slot),
            Id::Freed => Err(Mistake::FreedId { id }),
            Id::Unknown => Err(Mistake::UnknownId { id }),
        }
    }

    pub(crate) fn finish(self, name: String) -> Program {
        Program {
            name,
            events: self.events,
            lines: self.lines,
            slots: self.slots.len(),
            peaks: self.peaks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::from_text;
    use super::*;
    use std::alloc::Layout;

    #[test]
    fn slots_are_used_again() {
        let program = from_text("a 0 1\na 1 2\nf 0\na 2 3\na 3 4\nf 2\na 4 5\n").unwrap();
        let slots: Vec<_> = program.events().iter().map(Event::slot).collect();
        assert_eq!(slots, [0, 1, 0, 0, 2, 0, 0]);
        assert_eq!(program.slots(), 3);
    }

    #[test]
    fn an_event_knows_what_its_block_was() {
        let program = from_text("a 0 10 32\nr 0 20\nf 0\n").unwrap();
        let [alloc, resize, free] = program.events() else {
            panic!("three events");
        };
        assert_eq!(alloc.layout(), Layout::from_size_align(10, 32).unwrap());
        assert_eq!(resize.old_layout(), alloc.layout());
        assert_eq!(resize.size(), 20);
        assert_eq!(free.old_layout(), Layout::from_size_align(20, 32).unwrap());
    }

    #[test]
    fn lines_are_counted_with_comments() {
        let program = from_text("# one\na 0 1\n# two\nf 0\n").unwrap();
        assert_eq!([program.line(0), program.line(1)], [3, 5]);
    }

    #[test]
    fn need_is_the_peak_of_rounded_sizes_with_header_and_entry() {
        // 100 takes 108 -> 112 + 4 = 116; 3 takes 11 -> 16 + 4 = 20; 0 takes 8 + 4 = 12.
        let program = from_text("a 0 100\na 1 3\na 2 0\nf 0\n").unwrap();
        assert_eq!(program.need(), 116 + 20 + 12);
        assert_eq!(program.peak_payload(), 103);
    }

    #[test]
    fn a_resize_replaces_the_old_size() {
        // 24 takes 32 + 4 = 36; 40 takes 48 + 4 = 52.
        let program = from_text("a 0 24\nr 0 40\nr 0 8\na 1 24\n").unwrap();
        assert_eq!(program.need(), 36 + 16 + 4);
        assert_eq!(program.peak_payload(), 40);
    }

    #[test]
    fn the_floor_is_the_peak_in_the_standard_layout() {
        // 2 takes 8 + 4; 3 takes 9 -> 16 + 4; 100 takes 106 -> 112 + 4; 0 takes 8 + 4.
        let program = from_text("a 0 2\na 1 3\nf 0\na 2 100\na 3 0\nf 2\n").unwrap();
        assert_eq!(program.floor(), 20 + 116 + 12);
    }

    #[test]
    fn a_block_is_long_from_16_kib_on() {
        let floor = |size: u32| from_text(&format!("a 0 {size}\n")).unwrap().floor() - ENTRY;
        assert_eq!(floor(16_370), 16_376);
        // 16,377 -> 16,384, which is long: 16,379 -> 16,384.
        assert_eq!(floor(16_371), 16_384);
        assert_eq!(floor(16_376), 16_384);
        // A short one would end at 16,384 here, too.
        assert_eq!(floor(16_377), 16_392);
        assert_eq!(floor(16_384), 16_392);
    }

    #[test]
    fn the_blocks_are_those_at_the_first_peak_of_the_payload() {
        let program = from_text("a 0 60\na 1 40\nf 0\nf 1\na 2 100\na 3 0\n").unwrap();
        assert_eq!((program.peak_payload(), program.peak_blocks()), (100, 2));
        assert_eq!(program.largest_block(), 100);
    }
}
