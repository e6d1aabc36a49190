//! What the rows say.

use std::ops::RangeInclusive;

use super::super::section::{Axis, Plot, Promise, Report, Series, Table};
use super::super::stats::{bytes, cells, digits};
use super::{Freed, Row};

/// What is promised: from which to which size, and the least share of a copy's speed.
const PROMISES: [(RangeInclusive<u64>, f64); 2] = [(4 << 10..=1 << 20, 0.8), (16..=256, 0.3)];

pub(super) fn report(rows: &[Row]) -> Report {
    let arena = rows.first().map_or(0, |row| row.arena);
    let tables = Freed::ALL.map(|freed| table(rows, freed));
    Report {
        title: "Speed of a compaction",
        about: format!(
            "An arena of {} is filled with blocks of one size, some are freed, and `compact` is timed. \
             The peer is one `memmove` of as many bytes within the same arena, from as far as blocks move on average, after \
             the same preparation. Beside it is what the same bytes take from where they are to where they go, with one `memmove` \
             for each row of neighbours, and nothing looked at or kept in order: no compaction can do without these. All three \
             alternate, medians count. Bytes moved include headers.",
            bytes(arena)
        ),
        tables: tables.into(),
        plots: vec![plot(rows)],
        promises: PROMISES
            .map(|(sizes, least)| promise(rows, sizes, least))
            .into(),
        slower: slower(rows).into_iter().collect(),
    }
}

impl Row {
    /// The speed as a share of the copy's.
    fn share(&self) -> f64 {
        self.copy_ns / self.compact_ns
    }

    fn per_move(&self) -> f64 {
        self.compact_ns / self.moves.max(1) as f64
    }

    /// Bytes per nanosecond are gigabytes per second.
    fn speed(&self, ns: f64) -> f64 {
        self.bytes_moved as f64 / ns
    }
}

fn table(rows: &[Row], freed: Freed) -> Table {
    let lines = rows.iter().filter(|row| row.freed == freed).map(|row| {
        cells([
            bytes(row.size),
            digits(Some(row.speed(row.compact_ns)), 2),
            digits(Some(row.speed(row.copy_ns)), 2),
            format!("{:.0} %", row.share() * 100.0),
            digits(Some(row.speed(row.copies_ns)), 2),
            format!("{:.0} %", row.copies_ns / row.compact_ns * 100.0),
            digits(Some(row.per_move()), 1),
            digits(Some(1e3 / row.per_move()), 2),
        ])
    });
    Table {
        caption: format!("Freed: {}:", freed.name()),
        head: cells([
            "block",
            "GB/s moved",
            "GB/s of one copy",
            "share",
            "GB/s of these copies alone",
            "share",
            "ns per block moved",
            "million blocks/s",
        ]),
        body: lines.collect(),
    }
}

fn plot(rows: &[Row]) -> Plot {
    let series = Freed::ALL.map(|freed| {
        let points = rows.iter().filter(|row| row.freed == freed);
        Series {
            name: format!("freed: {}", freed.name()),
            points: points
                .map(|row| (row.size as f64, row.share() * 100.0))
                .collect(),
        }
    });
    Plot {
        name: "compact",
        title: "Speed of a compaction as a share of one memmove".to_owned(),
        x: Axis::Logarithmic("bytes of a block"),
        y: Axis::Linear("% of the speed of one memmove"),
        series: series.into(),
    }
}

fn promise(rows: &[Row], sizes: RangeInclusive<u64>, least: f64) -> Promise {
    let worst = worst(rows.iter().filter(|row| sizes.contains(&row.size)));
    let share = |row: &Row| (row.share() * 100.0).round();
    Promise {
        what: format!(
            "Blocks of {} to {} move at {:.0} % of the speed of one `memmove` or more",
            bytes(*sizes.start()),
            bytes(*sizes.end()),
            least * 100.0
        ),
        found: worst.map_or_else(
            || "not measured".to_owned(),
            |row| {
                format!(
                    "at the least {} %, with {}, freed: {}",
                    share(row),
                    bytes(row.size),
                    row.freed.name()
                )
            },
        ),
        holds: worst.is_some_and(|row| row.share() >= least),
    }
}

fn worst<'r>(rows: impl Iterator<Item = &'r Row>) -> Option<&'r Row> {
    rows.min_by(|one, other| one.share().total_cmp(&other.share()))
}

fn slower(rows: &[Row]) -> Option<String> {
    let row = worst(rows.iter()).filter(|row| row.share() < 1.0)?;
    Some(format!(
        "Compacting blocks of {} (freed: {}) moves {:.2} GB/s where one `memmove` of as many bytes does {:.2}: \
         {:.1} ns for each block.",
        bytes(row.size),
        row.freed.name(),
        row.speed(row.compact_ns),
        row.speed(row.copy_ns),
        row.per_move(),
    ))
}
