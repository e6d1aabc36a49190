//! A heap drawn in one line.

use core::fmt::{self, Write};

use crate::check::Check;
use crate::heap::Heap;
use crate::layout::Layout;
use crate::units::Index;

const CELLS: usize = 64;

// What can be seen in a part of the arena.
const USED: u8 = 1;
const FIXED: u8 = 2;
const HOLE: u8 = 4;
const TAIL: u8 = 8;
const TABLE: u8 = 16;
const DAMAGED: u8 = 32;

/// The line, as far as it is drawn.
struct Map {
    size: usize,
    cells: usize,
    /// The byte that comes next.
    at: usize,
    /// The cell that it belongs to.
    cell: usize,
    /// What was seen in that cell.
    seen: u8,
}

impl Map {
    /// Goes on to the byte `end`, through a part of one kind.
    fn fill(&mut self, f: &mut fmt::Formatter<'_>, end: usize, part: u8) -> fmt::Result {
        while self.at < end && self.cell < self.cells {
            self.seen |= part;
            let boundary = (self.size as u128) * (self.cell as u128 + 1) / (self.cells as u128);
            self.at = end.min(boundary as usize);
            if self.at as u128 == boundary {
                f.write_char(symbol(self.seen))?;
                self.seen = 0;
                self.cell += 1;
            }
        }
        Ok(())
    }
}

fn symbol(seen: u8) -> char {
    let has = |part| seen & part != 0;
    match () {
        () if has(DAMAGED) => '?',
        () if has(FIXED) => '!',
        () if has(USED) && has(HOLE | TAIL) => '+',
        () if has(USED) => '#',
        () if has(HOLE) => '.',
        () if has(TABLE) => '=',
        () => ' ',
    }
}

/// Draws the arena from its start to its end in one line, each character a part of it: `#` in use, `+`
/// partly in use, `.` free between blocks, `!` immovable or pinned, blank for the free tail, `=` for
/// the handle table, `?` from where metadata is damaged. The width is that of the format, or 64.
/// Linear in the blocks.
///
/// ```
/// # let mut memory = [0; 4096];
/// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
/// let (a, _b) = (heap.alloc(1000)?, heap.alloc(500)?);
/// heap.alloc_with(buflib::Request::new(1000).immovable())?;
/// heap.free(a)?;
/// assert!(format!("{heap:16}").starts_with("[...+#!!!!!     =] 2 blocks, "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<L: Layout, C: Check> fmt::Display for Heap<'_, L, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, cells) = (self.arena.size(), f.width().unwrap_or(CELLS).max(1));
        f.write_char('[')?;
        let mut map = Map {
            size,
            cells,
            at: 0,
            cell: 0,
            seen: 0,
        };
        let mut end = 0;
        for block in self.blocks() {
            let Ok(block) = block else {
                map.fill(f, size, DAMAGED)?;
                break;
            };
            end = block.offset + block.bytes;
            let part = match block.handle {
                None => HOLE,
                Some(_) if block.immovable => FIXED,
                Some(_) => USED,
            };
            map.fill(f, end, part)?;
        }
        let table = self.arena.entry_byte(Index(self.arena.entries()));
        map.fill(f, table.max(end), TAIL)?;
        map.fill(f, size, TABLE)?;
        let stats = self.stats();
        let blocks = if stats.live == 1 { "block" } else { "blocks" };
        write!(
            f,
            "] {} {blocks}, {} of {size} bytes free",
            stats.live, stats.free_bytes
        )
    }
}
