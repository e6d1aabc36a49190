//! What the rows say.

use super::super::section::{Axis, Plot, Promise, Report, Series, Table};
use super::super::stats::{bytes, cells, digits};
use super::{FIRST, HEAPS, LAST, Row, times};

const OURS: [&str; 2] = ["buflib", "buflib-crc"];
/// The fills whose figures stand in the table.
const FILLS: [u64; 6] = [50, 75, 90, 95, 98, 99];

pub(super) fn report(rows: &[Row]) -> Report {
    let rows = Rows(rows);
    let arena = rows.0.first().map_or(0, |row| row.arena);
    Report {
        title: "Nearly full",
        about: format!(
            "An arena of {}, blocks of 16 to 2048 bytes, every size as often as any other. The fill is what \
             payloads and 12 bytes for each take of it: what a heap needs beyond that, and for rounding, \
             is its own concern. Each heap starts at {FIRST} % and goes on one percent at a time, up \
             to {LAST} %; at each, every block is replaced {} times on average, or {} near the end: random blocks are freed until \
             the next one fits under the fill, and it is allocated. A heap that refuses has come to \
             its end. An operation is a free or an allocation. With a fraction *f* of the arena free, \
             a full slide moves at most 1 − *f* and gains *f*: so (1 − *f*) / *f* bytes moved per byte \
             allocated is the bound.",
            bytes(arena),
            times(FIRST),
            times(LAST)
        ),
        tables: vec![ends(rows), ours(rows)],
        plots: vec![plot_times(rows), plot_moves(rows)],
        promises: vec![completes(rows), within_bound(rows)],
        slower: slower(rows),
    }
}

#[derive(Clone, Copy)]
struct Rows<'r>(&'r [Row]);

impl<'r> Rows<'r> {
    fn row(self, heap: &str, fill: u64) -> Option<&'r Row> {
        let mut rows = self.0.iter();
        rows.find(|row| row.heap == heap && row.fill == fill)
    }

    fn ns(self, heap: &str, fill: u64) -> Option<f64> {
        self.row(heap, fill)?.ns_per_operation
    }

    fn of(self, heap: &str) -> impl Iterator<Item = &'r Row> {
        let rows = self.0.iter().filter(move |row| row.heap == heap);
        rows.take_while(|row| row.ns_per_operation.is_some())
    }

    /// The fullest that a heap completed.
    fn last(self, heap: &str) -> Option<&'r Row> {
        self.of(heap).last()
    }
}

/// Bytes moved per byte allocated, at the most.
fn bound(fill: u64) -> f64 {
    fill as f64 / (100 - fill) as f64
}

fn ends(rows: Rows<'_>) -> Table {
    let lines = HEAPS.iter().map(|heap| {
        let Some(last) = rows.last(heap) else {
            let dash = || digits(None, 0);
            let below = format!("below {FIRST} %");
            return cells([format!("`{heap}`"), below, dash(), dash(), dash()]);
        };
        let same = rows.ns(OURS[0], last.fill);
        let ratio = last.ns_per_operation.zip(same).map(|(ns, ours)| ours / ns);
        cells([
            format!("`{heap}`"),
            format!("{} %", last.fill),
            digits(last.ns_per_operation, 1),
            digits(same, 1),
            digits(ratio, 2),
        ])
    });
    Table {
        caption: "The fullest that each heap completed:".to_owned(),
        head: cells([
            "heap",
            "fill",
            "ns per operation there",
            "`buflib` at the same fill",
            "`buflib` over the heap",
        ]),
        body: lines.collect(),
    }
}

fn ours(rows: Rows<'_>) -> Table {
    let lines = OURS.iter().flat_map(|heap| {
        FILLS.iter().filter_map(move |&fill| {
            let row = rows.row(heap, fill)?;
            Some(cells([
                format!("`{heap}`"),
                format!("{fill} %"),
                digits(row.ns_per_operation, 1),
                digits(row.moved_per_allocated, 2),
                digits(Some(bound(fill)), 1),
                digits(row.compactions.map(|count| per_thousand(count, row)), 2),
            ]))
        })
    });
    Table {
        caption: "What compaction costs by fill:".to_owned(),
        head: cells([
            "heap",
            "fill",
            "ns per operation",
            "bytes moved per byte allocated",
            "bound",
            "compactions per 1000 allocations",
        ]),
        body: lines.collect(),
    }
}

fn per_thousand(count: u64, row: &Row) -> f64 {
    count as f64 * 1000.0 / row.allocations.max(1) as f64
}

fn plot_times(rows: Rows<'_>) -> Plot {
    let series = HEAPS.iter().map(|heap| Series {
        name: (*heap).to_owned(),
        points: points(rows.of(heap), |row| row.ns_per_operation),
    });
    Plot {
        name: "churn-time",
        title: "Time of an operation by fill; a line ends where the heap fails".to_owned(),
        x: Axis::Linear("% of the arena live"),
        y: Axis::Logarithmic("ns per operation"),
        series: series.collect(),
    }
}

fn plot_moves(rows: Rows<'_>) -> Plot {
    let measured = OURS.into_iter().map(|heap| Series {
        name: heap.to_owned(),
        points: points(rows.of(heap), |row| row.moved_per_allocated),
    });
    let bound = Series {
        name: "bound".to_owned(),
        points: points(rows.of(OURS[0]), |row| Some(bound(row.fill))),
    };
    Plot {
        name: "churn-moves",
        title: "Bytes moved per byte allocated, and the bound".to_owned(),
        x: Axis::Linear("% of the arena live"),
        y: Axis::Logarithmic("bytes moved per byte allocated"),
        series: measured.chain([bound]).collect(),
    }
}

/// On a logarithmic axis there is no place for nothing.
fn points<'r>(
    rows: impl Iterator<Item = &'r Row>,
    value: fn(&Row) -> Option<f64>,
) -> Vec<(f64, f64)> {
    let points = rows.filter_map(|row| Some((row.fill as f64, value(row)?)));
    points.filter(|&(_, value)| value > 0.0).collect()
}

fn completes(rows: Rows<'_>) -> Promise {
    let last = OURS.map(|heap| rows.last(heap).map_or(0, |row| row.fill));
    let peers = HEAPS.iter().filter(|heap| !OURS.contains(heap));
    let best = peers
        .filter_map(|heap| Some((rows.last(heap)?.fill, *heap)))
        .max();
    let best = best.map_or_else(String::new, |(fill, heap)| {
        format!("; of the peers, `{heap}` comes furthest, to {fill} %")
    });
    Promise {
        what: format!("Completes with {LAST} % of the arena live, with check words too"),
        found: format!("{} % and {} %{best}", last[0], last[1]),
        holds: last.iter().all(|&fill| fill == LAST),
    }
}

fn within_bound(rows: Rows<'_>) -> Promise {
    let rows = OURS.into_iter().flat_map(|heap| rows.of(heap));
    let shares = rows.filter_map(|row| Some((row.moved_per_allocated? / bound(row.fill), row)));
    let worst = shares.max_by(|one, other| one.0.total_cmp(&other.0));
    Promise {
        what: "Bytes moved per byte allocated stay within (1 − f) / f at every fill".to_owned(),
        found: worst.map_or_else(String::new, |(share, row)| {
            format!(
                "at most {:.0} % of the bound, at {} % with `{}`",
                share * 100.0,
                row.fill,
                row.heap
            )
        }),
        holds: worst.is_some_and(|(share, _)| share <= 1.0),
    }
}

fn slower(rows: Rows<'_>) -> Vec<String> {
    let peers = HEAPS.iter().filter(|heap| !OURS.contains(heap));
    let sentences = peers.filter_map(|heap| {
        let last = rows.last(heap)?;
        let (time, ours) = (last.ns_per_operation?, rows.ns(OURS[0], last.fill)?);
        (time < ours).then(|| {
            format!(
                "With {} % of the arena live, the most that `{heap}` completes, it takes {time:.0} ns \
                 for an operation, `buflib` {ours:.0}.",
                last.fill
            )
        })
    });
    sentences.collect()
}
