//! Strings sorted: handles compared by what they lead to, beside vectors of strings.

use std::hint::black_box;
use std::time::Instant;

use buflib::{Handle, Heap, Standard};
use fastrand::Rng;

use super::super::section::Lab;
use super::{Part, Row, race};
use crate::error::Error;

const LENGTHS: (usize, usize) = (4, 40);
/// So many runs are enough where one takes a good part of a second.
const RUNS: usize = 5;

pub(super) const HANDLES: &str = "Vec<Handle>";
pub(super) const BOXES: &str = "Vec<Box<str>>";
pub(super) const STRINGS: &str = "Vec<String>";

pub(super) fn measure(lab: &mut Lab<'_>, count: u64) -> Result<Vec<Row>, Error> {
    let mut random = Rng::with_seed(0x5027);
    let texts = (0..count).map(|_| {
        let letters = 0..random.usize(LENGTHS.0..=LENGTHS.1);
        letters.map(|_| random.lowercase()).collect()
    });
    let mut strings: Vec<String> = texts.collect();
    let mut boxes: Vec<_> = strings
        .iter()
        .map(|text| text.clone().into_boxed_str())
        .collect();
    let each = LENGTHS.1 + Heap::<Standard>::METADATA_BYTES;
    let mut heap: Heap = Heap::from_bytes(lab.arena.bytes(count * each as u64 + 4096)?)?;
    let mut handles = Vec::new();
    for text in &strings {
        let (handle, bytes) = heap.alloc_mut(text.len())?;
        bytes.copy_from_slice(text.as_bytes());
        handles.push(handle);
    }
    race(
        lab.runs.min(RUNS),
        [Part::Sort],
        count,
        &[HANDLES, BOXES, STRINGS],
        |which| {
            // Back in the order in which they lie in memory, as all were made.
            let ns = match which {
                0 => {
                    let mut handles = handles.clone();
                    time(|| sort(black_box(&mut handles), &heap))
                }
                1 => {
                    boxes.sort_unstable_by_key(|text| text.as_ptr());
                    time(|| black_box(&mut boxes).sort_unstable())
                }
                _ => {
                    strings.sort_unstable_by_key(|text| text.as_ptr());
                    time(|| black_box(&mut strings).sort_unstable())
                }
            };
            Ok([ns / count as f64])
        },
    )
}

fn time(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_nanos() as f64
}

fn sort(handles: &mut [Handle], heap: &Heap<'_>) {
    let text = |handle| heap.get(handle).unwrap_or_default();
    handles.sort_unstable_by(|&one, &other| text(one).cmp(text(other)));
}
