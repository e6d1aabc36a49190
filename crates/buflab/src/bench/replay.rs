//! Speed: whole traces on all heaps.

use super::matrix::{Cell, Matrix, Ratios};
use super::section::{Axis, Lab, Plot, Promise, Report, Section, Table};
use crate::choice::{HeapChoice, Slack};
use crate::defaults::or_given;
use crate::error::Error;
use crate::replay::{self, Row, Settings, Size};
use crate::report::{count, maybe};

pub(super) struct Replay;

const HEAPS: &[&str] = &[
    PLAIN,
    "buflib@1.05",
    "buflib-crc@1.25",
    "buflib-wide@1.5",
    PEER,
    "rlsf@3",
    "dlmalloc@3",
    "system",
    "mimalloc",
];

/// The heap that is promised to be fast, and the one that it is compared with.
pub(super) const PLAIN: &str = "buflib@1.25";
pub(super) const PEER: &str = "talc@3";

/// As many as a chart can show.
const SHOWN: &[&str] = &[PLAIN, PEER, "rlsf@3", "dlmalloc@3", "system", "mimalloc"];

impl Section for Replay {
    type Row = Row;

    const NAME: &'static str = "replay";

    fn measure(lab: &mut Lab<'_>) -> Result<Vec<Row>, Error> {
        let heaps = or_given(&[], HEAPS);
        replay_all(lab, &heaps)
    }

    fn report(rows: &[Row]) -> Report {
        let matrix = Matrix::new(rows);
        let mut speed = matrix.table("Time in ns per event:", |row| {
            row.outcome(|nanos| format!("{nanos:.2}"))
        });
        speed.body.push(over_peer(&matrix));
        let runs = rows.iter().map(|row| row.runs).max().unwrap_or(0);
        let plot = Plot {
            name: "replay",
            title: "Time per event".to_owned(),
            x: Axis::Names("trace", matrix.names()),
            y: Axis::Linear("ns per event"),
            series: matrix.series(SHOWN, nanos),
        };
        Report {
            title: "Speed",
            about: format!("{}\nRuns: {runs}.", include_str!("replay.md")),
            tables: vec![speed, compaction(rows)],
            plots: vec![plot],
            promises: promises(&matrix),
            slower: matrix.behind(PLAIN, "takes longer than", nanos),
        }
    }
}

/// Every trace on these heaps.
pub(super) fn replay_all(lab: &mut Lab<'_>, heaps: &[HeapChoice]) -> Result<Vec<Row>, Error> {
    let settings = Settings {
        // Each heap has its own.
        size: Size::Slack(Slack(1.25)),
        runs: lab.runs,
        timeout: lab.timeout(),
    };
    let mut rows = Vec::new();
    for program in lab.programs {
        let found = replay::replay(program, heaps, settings, lab.arena, lab.progress)?;
        rows.extend(found);
    }
    Ok(rows)
}

impl Cell for Row {
    fn trace(&self) -> &str {
        &self.trace
    }

    fn heap(&self) -> String {
        self.label()
    }
}

pub(super) fn nanos(row: &Row) -> Option<f64> {
    row.ns_per_event
}

/// How one heap's time is to another's.
pub(super) fn times<'r>(matrix: &Matrix<'r, Row>, heap: &str, other: &str) -> Ratios<'r> {
    matrix.ratios((heap, other), nanos)
}

/// The last line of the table.
fn over_peer(matrix: &Matrix<'_, Row>) -> Vec<String> {
    let mean = |heap: &String| {
        let ratios = times(matrix, heap, PEER);
        let traces = if ratios.complete {
            String::new()
        } else {
            format!(" ({} traces)", ratios.by_trace.len())
        };
        maybe(ratios.mean(), |mean| format!("**{mean:.2}**{traces}"))
    };
    let title = format!("times {PEER}, geometric mean");
    [title]
        .into_iter()
        .chain(matrix.heaps.iter().map(mean))
        .collect()
}

fn promises(matrix: &Matrix<'_, Row>) -> Vec<Promise> {
    vec![
        times(matrix, PLAIN, PEER).at_most(
            "`buflib@1.25` takes no longer than `talc@3` on any trace: at most 1 time",
            1.0,
        ),
        times(matrix, PEER, PLAIN).mean_is(
            "`talc@3` takes 1.3 times as long as `buflib@1.25` or longer, geometric mean",
            |mean| mean >= 1.3,
        ),
        times(matrix, "buflib@1.05", PEER).mean_is(
            "`buflib@1.05` takes no longer than `talc@3`, geometric mean",
            |mean| mean <= 1.0,
        ),
        times(matrix, "buflib-crc@1.25", PLAIN)
            .mean_is("a check word costs 20 % at most, geometric mean", |mean| {
                mean <= 1.2
            }),
    ]
}

fn compaction(rows: &[Row]) -> Table {
    let ours = rows
        .iter()
        .filter(|row| row.heap == "buflib" && row.completed);
    let head = [
        "trace",
        "slack",
        "arena, bytes",
        "compactions",
        "blocks moved",
        "MB moved",
        "longest pause, µs",
    ];
    let line = |row: &Row| {
        vec![
            row.trace.clone(),
            maybe(row.slack, |slack| slack.to_string()),
            maybe(row.arena, count),
            maybe(row.compactions, count),
            maybe(row.moves, count),
            maybe(row.bytes_moved, |bytes| {
                format!("{:.1}", bytes as f64 / 1e6)
            }),
            maybe(row.longest_pause_ns, |ns| {
                format!("{:.1}", f64::from(ns) / 1e3)
            }),
        ]
    };
    Table {
        caption: "What compaction did in `buflib` meanwhile. The longest pause is the longest single event, \
                  the least of three runs."
            .to_owned(),
        head: head.map(str::to_owned).to_vec(),
        body: ours.map(line).collect(),
    }
}
