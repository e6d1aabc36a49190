//! Memory: the smallest arena for each trace.

use std::time::Duration;

use super::matrix::{Cell, Matrix};
use super::section::{Axis, Lab, Plot, Promise, Report, Section, Series};
use crate::defaults::or_given;
use crate::error::Error;
use crate::fit::{self, Row};
use crate::report::{count, factor, maybe};

pub(super) struct Memory;

const OURS: &str = "buflib";

const HEAPS: &[&str] = &[
    OURS,
    "buflib-crc",
    "talc",
    "rlsf",
    "dlmalloc",
    "good_memory_allocator",
    "linked_list_allocator",
    "buddy_system_allocator",
];

/// Those whose operations take a bounded time, as ours do while nothing must move.
const CONSTANT_TIME: &[&str] = &["talc", "rlsf", "good_memory_allocator"];

/// From this mean size of live blocks on, no peer is to need less.
const LARGE: f64 = 100.0;

impl Section for Memory {
    type Row = Row;

    const NAME: &'static str = "memory";

    fn measure(lab: &mut Lab<'_>) -> Result<Vec<Row>, Error> {
        let heaps = or_given(&[], HEAPS);
        // Some peers take this for each of ten attempts on each trace.
        let timeout = lab.timeout().min(Duration::from_secs(10));
        let mut rows = Vec::new();
        for program in lab.programs {
            rows.extend(fit::fit(program, &heaps, timeout, lab.arena, lab.progress)?);
        }
        Ok(rows)
    }

    fn report(rows: &[Row]) -> Report {
        let matrix = Matrix::new(rows);
        let mut table = matrix.table("Smallest arena over the peak of live bytes:", |row| {
            row.outcome(maybe(row.ratio, factor))
        });
        let about_trace = ["peak payload", "mean block", "need", "floor"];
        table.head.splice(1..1, about_trace.map(str::to_owned));
        for (line, trace) in table.body.iter_mut().zip(&matrix.traces) {
            let row = first(&matrix, trace);
            let cells = row.map(|row| {
                [
                    count(row.peak_payload),
                    maybe(mean_block(row), |mean| format!("{mean:.0}")),
                    maybe(row.need_ratio, factor),
                    maybe(floor_ratio(row), factor),
                ]
            });
            line.splice(1..1, cells.into_iter().flatten());
        }
        Report {
            title: "Memory",
            about: include_str!("memory.md").to_owned(),
            tables: vec![table],
            plots: vec![plot(&matrix)],
            promises: vec![
                near_the_floor(&matrix),
                below_peers(&matrix),
                smallest(&matrix),
            ],
            slower: matrix.behind(OURS, "needs more memory than", arena),
        }
    }
}

impl Cell for Row {
    fn trace(&self) -> &str {
        &self.trace
    }

    fn heap(&self) -> String {
        self.heap.clone()
    }
}

/// Any row of a trace says what is the trace's own.
fn first<'r>(matrix: &Matrix<'r, Row>, trace: &str) -> Option<&'r Row> {
    let heaps = matrix.heaps.iter();
    heaps.filter_map(|heap| matrix.at(trace, heap)).next()
}

fn arena(row: &Row) -> Option<f64> {
    row.smallest_arena.map(|arena| arena as f64)
}

fn mean_block(row: &Row) -> Option<f64> {
    (row.peak_blocks > 0).then(|| row.peak_payload as f64 / row.peak_blocks as f64)
}

fn floor_ratio(row: &Row) -> Option<f64> {
    (row.peak_payload > 0).then(|| row.floor as f64 / row.peak_payload as f64)
}

/// What is needed beside the payload, in percent.
fn overhead(ratio: Option<f64>) -> Option<f64> {
    ratio.map(|ratio| (ratio - 1.0) * 100.0)
}

fn plot(matrix: &Matrix<'_, Row>) -> Plot {
    let mut floor = matrix.series(&[OURS], |row| overhead(floor_ratio(row)));
    for series in &mut floor {
        series.name = "floor".to_owned();
    }
    let shown = [OURS, "talc", "rlsf", "dlmalloc"];
    let heaps: Vec<Series> = matrix.series(&shown, |row| overhead(row.ratio));
    Plot {
        name: "memory",
        title: "Memory beside the peak of live bytes".to_owned(),
        x: Axis::Names("trace", matrix.names()),
        y: Axis::Linear("percent"),
        series: heaps.into_iter().chain(floor).collect(),
    }
}

fn near_the_floor(matrix: &Matrix<'_, Row>) -> Promise {
    // Both are in the same row.
    let over_floor = |row: &Row| Some(arena(row)? / row.floor as f64);
    let ratios = matrix.each(OURS, over_floor);
    ratios.at_most(
        "the smallest arena is within 1 % of the floor on every trace",
        1.01,
    )
}

fn below_peers(matrix: &Matrix<'_, Row>) -> Promise {
    let what =
        "less memory than every peer of constant time (talc, rlsf, good_memory) on every trace";
    below(matrix, what, |peer| CONSTANT_TIME.contains(&peer), |_| true)
}

fn smallest(matrix: &Matrix<'_, Row>) -> Promise {
    let what = "less memory than all peers where live blocks have more than 100 bytes on average";
    let large = |row: &Row| mean_block(row).is_some_and(|mean| mean > LARGE);
    below(matrix, what, |_| true, large)
}

/// Whether our arena is smaller than that of some peers on some traces. A peer that does not complete
/// at all needs more than any arena.
fn below(
    matrix: &Matrix<'_, Row>,
    what: &str,
    peer: impl Fn(&str) -> bool,
    concerned: impl Fn(&Row) -> bool,
) -> Promise {
    let (mut compared, mut ahead) = (0, Vec::new());
    for trace in &matrix.traces {
        let Some(ours) = matrix.at(trace, OURS).filter(|&row| concerned(row)) else {
            continue;
        };
        for name in matrix.peers().filter(|name| peer(name)) {
            compared += 1;
            let theirs = matrix.at(trace, name).and_then(arena);
            let less = match (arena(ours), theirs) {
                (Some(ours), Some(theirs)) => ours < theirs,
                (ours, None) => ours.is_some(),
                (None, Some(_)) => false,
            };
            if !less {
                ahead.push(format!("{name} on {trace}"));
            }
        }
    }
    let found = match (compared, ahead.is_empty()) {
        (0, _) => "there is nothing to compare".to_owned(),
        (_, true) => format!("so in {compared} of {compared} comparisons"),
        (_, false) => format!("not so: {}", ahead.join(", ")),
    };
    Promise {
        what: what.to_owned(),
        found,
        holds: ahead.is_empty() && compared > 0,
    }
}
