//! What the rows say.

use super::super::section::{Axis, Plot, Promise, Report, Series, Table};
use super::super::stats::{bytes, cells, count, digits};
use super::{Blocks, HEAPS, LARGE_HEAPS, OURS, PEERS, Row, is_ours};

/// What growth is compared with.
const YARDSTICK: &str = "talc";

pub(super) fn report(rows: &[Row]) -> Report {
    let small = Rows::of(rows, Blocks::Small);
    let large = Rows::of(rows, Blocks::Large);
    let mut tables = vec![times(&small), growth(&small), moves(&small)];
    if !large.rows.is_empty() {
        tables.push(eight_gigabytes(&large));
    }
    Report {
        title: "Growth with the number of blocks",
        about: format!(
            "Blocks are freed at random and others allocated, so that as many bytes as before stay live: \
             8 to 512 bytes, one in 32 up to 4 KiB; the first and the last word of each new block \
             are written. An operation is a free or an allocation, the loop around it included. \
             The arena is {OURS} times what is live (payload and 12 bytes a block) for buflib, and \
             {PEERS} times for the peers. Every block was replaced once on average before the clock \
             starts, and is replaced twice at least while it runs. Medians of runs in an order drawn anew each round. \
             The standard layout of buflib ends at 1 GiB and 4,194,303 blocks."
        ),
        tables,
        plots: vec![plot(&small)],
        promises: vec![promise(rows)],
        slower: small.slower().chain(large.slower()).collect(),
    }
}

/// The rows of one kind of blocks, and their numbers of live blocks in order.
struct Rows<'r> {
    rows: Vec<&'r Row>,
    lives: Vec<u64>,
}

impl<'r> Rows<'r> {
    fn of(rows: &'r [Row], blocks: Blocks) -> Self {
        let rows: Vec<_> = rows.iter().filter(|row| row.blocks == blocks).collect();
        let mut lives: Vec<_> = rows.iter().map(|row| row.live).collect();
        lives.sort_unstable();
        lives.dedup();
        Self { rows, lives }
    }

    fn row(&self, heap: &str, live: u64) -> Option<&'r Row> {
        let mut rows = self.rows.iter().copied();
        rows.find(|row| row.heap == heap && row.live == live)
    }

    fn ns(&self, heap: &str, live: u64) -> Option<f64> {
        self.row(heap, live)?.ns_per_operation
    }

    /// The time over that with the fewest blocks.
    fn growth(&self, heap: &str, live: u64) -> Option<f64> {
        Some(self.ns(heap, live)? / self.ns(heap, *self.lives.first()?)?)
    }

    /// The fastest of some heaps.
    fn fastest(&self, live: u64, of: fn(&str) -> bool) -> Option<(&'r str, f64)> {
        let rows = self.rows.iter().copied();
        let rows = rows.filter(|row| row.live == live && of(&row.heap));
        rows.filter_map(|row| Some((row.heap.as_str(), row.ns_per_operation?)))
            .min_by(|one, other| one.1.total_cmp(&other.1))
    }

    fn slower(&self) -> impl Iterator<Item = String> {
        self.lives.iter().filter_map(|&live| {
            let (ours, our_time) = self.fastest(live, is_ours)?;
            let (peer, time) = self.fastest(live, |heap| !is_ours(heap))?;
            (time < our_time).then(|| {
                format!(
                    "With {} live blocks `{ours}` takes {our_time:.1} ns for an operation, `{peer}` \
                     takes {time:.1} (× {:.2}).",
                    count(live),
                    our_time / time
                )
            })
        })
    }
}

fn head(lives: &[u64]) -> Vec<String> {
    let lives = lives.iter().map(|&live| format!("{} live", count(live)));
    ["heap".to_owned()].into_iter().chain(lives).collect()
}

fn line(heap: &str, lives: &[u64], cell: impl Fn(u64) -> String) -> Vec<String> {
    let values = lives.iter().map(|&live| cell(live));
    [format!("`{heap}`")].into_iter().chain(values).collect()
}

fn times(rows: &Rows<'_>) -> Table {
    let lines = HEAPS.iter().map(|heap| {
        line(heap, &rows.lives, |live| match rows.row(heap, live) {
            Some(row) if row.why.is_some() => "no room".to_owned(),
            _ => digits(rows.ns(heap, live), 1),
        })
    });
    Table {
        caption: "ns per operation:".to_owned(),
        head: head(&rows.lives),
        body: lines.collect(),
    }
}

fn moves(rows: &Rows<'_>) -> Table {
    let lines = HEAPS.iter().filter(|heap| is_ours(heap)).map(|heap| {
        line(heap, &rows.lives, |live| {
            let row = rows.row(heap, live);
            digits(row.and_then(|row| row.moved_per_allocated), 3)
        })
    });
    Table {
        caption: "Bytes moved per byte allocated:".to_owned(),
        head: head(&rows.lives),
        body: lines.collect(),
    }
}

fn growth(rows: &Rows<'_>) -> Table {
    let lines = HEAPS.iter().map(|heap| {
        line(heap, &rows.lives, |live| {
            let Some(growth) = rows.growth(heap, live) else {
                return digits(None, 2);
            };
            let yardstick = rows.growth(YARDSTICK, live);
            format!(
                "{growth:.2} ({})",
                digits(yardstick.map(|of| growth / of), 2)
            )
        })
    });
    Table {
        caption: format!(
            "Times what it is with the fewest blocks (and that over the same of {YARDSTICK}):"
        ),
        head: head(&rows.lives),
        body: lines.collect(),
    }
}

fn eight_gigabytes(rows: &Rows<'_>) -> Table {
    let found = |heap: &&str| rows.rows.iter().find(|row| row.heap == **heap);
    let lines = LARGE_HEAPS.iter().filter_map(found).map(|row| {
        let moved = digits(row.moved_per_allocated.filter(|_| is_ours(&row.heap)), 2);
        let why = row.why.as_deref().unwrap_or("yes");
        cells([
            format!("`{}`", row.heap),
            bytes(row.arena),
            count(row.live),
            why.to_owned(),
            digits(row.ns_per_operation, 0),
            moved,
        ])
    });
    Table {
        caption: "A large heap: blocks of 4 to 64 KiB, four fifths of the arena live:".to_owned(),
        head: cells([
            "heap",
            "arena",
            "live",
            "completed",
            "ns per operation",
            "bytes moved per byte allocated",
        ]),
        body: lines.collect(),
    }
}

fn plot(rows: &Rows<'_>) -> Plot {
    let series = HEAPS.iter().map(|heap| {
        let points = rows
            .lives
            .iter()
            .filter_map(|&live| Some((live as f64, rows.ns(heap, live)?)));
        Series {
            name: (*heap).to_owned(),
            points: points.collect(),
        }
    });
    Plot {
        name: "scale",
        title: "Time of an operation by the number of live blocks".to_owned(),
        x: Axis::Logarithmic("live blocks"),
        y: Axis::Logarithmic("ns per operation"),
        series: series.collect(),
    }
}

fn promise(rows: &[Row]) -> Promise {
    let ours = || rows.iter().filter(|row| is_ours(&row.heap));
    let failed = ours().filter(|row| row.why.is_some()).count();
    let most = ours().map(|row| row.live).max().unwrap_or(0);
    let largest = ours().map(|row| row.arena).max().unwrap_or(0);
    Promise {
        what: format!("At {OURS} times what is live, every size completes"),
        found: format!(
            "{failed} of {} failed; up to {} blocks and {:.1} GiB",
            ours().count(),
            count(most),
            largest as f64 / f64::from(1 << 30),
        ),
        holds: failed == 0 && ours().next().is_some(),
    }
}
