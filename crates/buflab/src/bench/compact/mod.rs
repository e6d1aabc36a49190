//! How fast a compaction moves blocks, as a share of how fast memory can be copied.

mod report;

use std::hint::black_box;
use std::time::Instant;

use buflib::{Compaction, Handle, Heap};
use fastrand::Rng;
use serde::{Deserialize, Serialize};

use super::section::{Lab, Report, Section};
use super::stats::{alternate, bytes};
use crate::error::Error;
use crate::stats::median;

pub(crate) struct Compact;

/// One pattern of free blocks among blocks of one size.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    freed: Freed,
    size: u64,
    arena: u64,
    moves: u64,
    bytes_moved: u64,
    compact_ns: f64,
    /// One copy of as many bytes.
    copy_ns: f64,
    /// The same bytes from where they are to where they go, each row of neighbours with a copy of its own.
    copies_ns: f64,
}

/// Neighbours that move equally far.
struct Piece {
    from: u32,
    to: u32,
    len: u32,
}

/// Which blocks are freed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Freed {
    Second,
    Eighth,
    Half,
}

impl Freed {
    const ALL: [Self; 3] = [Self::Second, Self::Eighth, Self::Half];

    fn name(self) -> &'static str {
        match self {
            Self::Second => "every second block",
            Self::Eighth => "every eighth block",
            Self::Half => "half of the blocks, at random",
        }
    }

    fn takes(self, block: usize, random: &mut Rng) -> bool {
        match self {
            Self::Second => block.is_multiple_of(2),
            Self::Eighth => block.is_multiple_of(8),
            Self::Half => random.bool(),
        }
    }
}

const SIZES: [u64; 10] = [
    16,
    32,
    64,
    128,
    256,
    1 << 10,
    4 << 10,
    16 << 10,
    64 << 10,
    1 << 20,
];
const ARENA: u64 = 64 << 20;
/// Too small for the largest size.
const QUICK_ARENA: u64 = 1 << 20;

impl Section for Compact {
    type Row = Row;

    const NAME: &'static str = "compact";

    fn measure(lab: &mut Lab<'_>) -> Result<Vec<Row>, Error> {
        let len = if lab.quick { QUICK_ARENA } else { ARENA };
        let sizes = SIZES.iter().filter(|&&size| size * 8 <= len);
        let cases: Vec<_> = sizes
            .flat_map(|&size| Freed::ALL.map(|freed| (size, freed)))
            .collect();
        lab.progress.expect(cases.len());
        let mut rows = Vec::new();
        for (size, freed) in cases {
            let title = format!("compact: {}, {}", bytes(size), freed.name());
            lab.progress.show(title);
            rows.push(measure(lab.arena.bytes(len)?, lab.runs, size, freed)?);
            lab.progress.done(1);
        }
        Ok(rows)
    }

    fn report(rows: &[Row]) -> Report {
        report::report(rows)
    }
}

fn measure(arena: &mut [u8], runs: usize, size: u64, freed: Freed) -> Result<Row, Error> {
    let mut handles = Vec::new();
    let (moved, live, _) = compact(arena, &mut handles, size as usize, freed)?;
    let pieces = pieces(&fragment(arena, &mut handles, size as usize, freed)?)?;
    let times = alternate(runs, 3, |which| {
        if which == 0 {
            let (_, _, ns) = compact(arena, &mut handles, size as usize, freed)?;
            return Ok(ns);
        }
        // The same before it, so that the caches hold the same.
        fragment(arena, &mut handles, size as usize, freed)?;
        Ok(match which {
            1 => copy(arena, moved.bytes_moved, live),
            _ => copies(arena, &pieces),
        })
    })?;
    let [compact_ns, copy_ns, copies_ns] =
        [0, 1, 2].map(|which| median(times[which].iter().copied()));
    Ok(Row {
        freed,
        size,
        arena: arena.len() as u64,
        moves: moved.moves as u64,
        bytes_moved: moved.bytes_moved as u64,
        compact_ns: compact_ns.unwrap_or(f64::NAN),
        copy_ns: copy_ns.unwrap_or(f64::NAN),
        copies_ns: copies_ns.unwrap_or(f64::NAN),
    })
}

/// Fills an arena with blocks and frees some of them.
fn fragment<'a>(
    arena: &'a mut [u8],
    handles: &mut Vec<Handle>,
    size: usize,
    freed: Freed,
) -> Result<Heap<'a>, Error> {
    let mut heap: Heap = Heap::from_bytes(arena)?;
    handles.clear();
    while let Ok((handle, payload)) = heap.alloc_mut(size) {
        payload.fill(handles.len() as u8);
        handles.push(handle);
    }
    let mut random = Rng::with_seed(0xf4ee);
    for (block, &handle) in handles.iter().enumerate() {
        if freed.takes(block, &mut random) {
            heap.free(handle)?;
        }
    }
    Ok(heap)
}

/// A compaction: what it moved, the bytes of what is live, and its time.
fn compact(
    arena: &mut [u8],
    handles: &mut Vec<Handle>,
    size: usize,
    freed: Freed,
) -> Result<(Compaction, usize, f64), Error> {
    let mut heap = fragment(arena, handles, size, freed)?;
    let start = Instant::now();
    let moved = black_box(&mut heap).compact()?;
    let ns = start.elapsed().as_nanos() as f64;
    Ok((moved, heap.stats().used_bytes, ns))
}

/// One copy of so many bytes to the front, from as far as blocks move on average: half of what is
/// free.
fn copy(arena: &mut [u8], len: usize, live: usize) -> f64 {
    let from = ((arena.len() - live) / 2).min(arena.len() - len);
    let arena = black_box(arena);
    let start = Instant::now();
    arena.copy_within(from..from + len, 0);
    let ns = start.elapsed().as_nanos() as f64;
    black_box(arena);
    ns
}

/// What a compaction of this heap moves.
fn pieces(heap: &Heap<'_>) -> Result<Vec<Piece>, Error> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut end = 0;
    for block in heap.blocks() {
        let block = block.map_err(buflib::Error::from)?;
        if block.handle.is_none() {
            continue;
        }
        let [from, len] = [block.offset, block.bytes].map(|bytes| bytes as u32);
        match pieces.last_mut() {
            Some(last) if last.from + last.len == from => last.len += len,
            _ if from == end => {}
            _ => pieces.push(Piece { from, to: end, len }),
        }
        end += len;
    }
    Ok(pieces)
}

fn copies(arena: &mut [u8], pieces: &[Piece]) -> f64 {
    let arena = black_box(arena);
    let start = Instant::now();
    for piece in pieces {
        let [from, to, len] = [piece.from, piece.to, piece.len].map(|bytes| bytes as usize);
        arena.copy_within(from..from + len, to);
    }
    let ns = start.elapsed().as_nanos() as f64;
    black_box(arena);
    ns
}

#[cfg(test)]
mod tests {
    use super::super::trial;
    use super::*;

    #[test]
    fn blocks_of_all_sizes_move() {
        let (rows, report) = trial::quick::<Compact>();
        assert_eq!(rows.len(), 9 * Freed::ALL.len());
        let moved = |row: &Row| row.moves > 0 && row.bytes_moved >= row.moves * row.size;
        assert!(rows.iter().all(moved));
        assert_eq!(report.promises.len(), 2);
        assert!(rows.iter().all(|row| row.copies_ns > 0.0));
    }

    #[test]
    fn pieces_are_what_a_compaction_moves() {
        let mut arena = vec![0; 64 << 10];
        for freed in Freed::ALL {
            let mut heap = fragment(&mut arena, &mut Vec::new(), 40, freed).expect("a heap");
            let pieces = pieces(&heap).expect("sound metadata");
            let moved = heap.compact().expect("sound metadata");
            let bytes: u32 = pieces.iter().map(|piece| piece.len).sum();
            assert_eq!(bytes as usize, moved.bytes_moved);
        }
    }
}
