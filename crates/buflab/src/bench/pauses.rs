//! Pauses: how long single events take, and how much moves in one.

use super::matrix::Matrix;
use super::replay::{PLAIN, replay_all, times};
use super::section::{Axis, Lab, Plot, Promise, Report, Section, Table};
use crate::defaults::or_given;
use crate::error::Error;
use crate::replay::Row;
use crate::report::{count, maybe};

pub(super) struct Pauses;

/// The heap that compacts in bounded steps.
const PACED: &str = "buflib-paced@1.25";

const HEAPS: &[&str] = &[PLAIN, "buflib@1.05", PACED, "talc@3", "rlsf@3"];

impl Section for Pauses {
    type Row = Row;

    const NAME: &'static str = "pauses";

    fn measure(lab: &mut Lab<'_>) -> Result<Vec<Row>, Error> {
        // A heap that is not registered is left out, which the report says.
        let heaps = or_given(&[], HEAPS);
        replay_all(lab, &heaps)
    }

    fn report(rows: &[Row]) -> Report {
        let matrix = Matrix::new(rows);
        let mut about = include_str!("pauses.md").to_owned();
        about += &cost(&matrix);
        Report {
            title: "Pauses",
            about,
            tables: vec![table(rows)],
            plots: plots(&matrix),
            promises: vec![bounded(rows)],
            slower: matrix.behind(PLAIN, "pauses longer at worst than", |row| {
                row.longest_pause_ns.map(f64::from)
            }),
        }
    }
}

/// What the steps cost in throughput.
fn cost(matrix: &Matrix<'_, Row>) -> String {
    let ratios = times(matrix, PACED, PLAIN);
    match (ratios.mean(), ratios.most()) {
        (Some(mean), Some((trace, most))) => format!(
            "\n`{PACED}` compacts a bounded step with each call until half of the free space is in one piece. Timed in turns with `{PLAIN}`, it takes {mean:.2} times as \
             long (geometric mean; at most {most:.2}, on {trace}).\n"
        ),
        _ => format!(
            "\n**`{PACED}` was not measured: there is no such heap, or it completed nothing.**\n"
        ),
    }
}

fn table(rows: &[Row]) -> Table {
    let head = [
        "trace",
        "heap",
        "p50, ns",
        "p99, ns",
        "p99.9, ns",
        "longest, ns",
        "most bytes moved at once",
        "most blocks looked at",
    ];
    let line = |row: &Row| {
        vec![
            row.trace.clone(),
            row.label(),
            maybe(row.pause_p50_ns, count),
            maybe(row.pause_p99_ns, count),
            maybe(row.pause_p999_ns, count),
            row.outcome_of(row.longest_pause_ns, |nanos| count(nanos.into())),
            maybe(row.most_moved_in_one_call, count),
            maybe(row.most_seen_in_one_call, count),
        ]
    };
    Table {
        caption: "By trace and heap:".to_owned(),
        head: head.map(str::to_owned).to_vec(),
        body: rows.iter().map(line).collect(),
    }
}

/// Picks one time of a row.
type Pick = fn(&Row) -> Option<f64>;

fn plots(matrix: &Matrix<'_, Row>) -> Vec<Plot> {
    let picks: [(_, _, Pick); 4] = [
        ("pauses-p50", "Half of all events take at most", |row| {
            row.pause_p50_ns.map(|nanos| nanos as f64)
        }),
        ("pauses-p99", "99 % of all events take at most", |row| {
            row.pause_p99_ns.map(|nanos| nanos as f64)
        }),
        ("pauses-p999", "99.9 % of all events take at most", |row| {
            row.pause_p999_ns.map(|nanos| nanos as f64)
        }),
        ("pauses-longest", "The longest event takes", |row| {
            row.longest_pause_ns.map(f64::from)
        }),
    ];
    let plot = |(name, title, pick): (&'static str, &str, Pick)| Plot {
        name,
        title: title.to_owned(),
        x: Axis::Names("trace", matrix.names()),
        y: Axis::Logarithmic("ns"),
        series: matrix.series(HEAPS, pick),
    };
    picks.into_iter().map(plot).collect()
}

/// The most that may move in one call: what the steps may, and the block that the call is about, with
/// its header and trailer.
fn bound(row: &Row) -> Option<u64> {
    Some(row.step_budget? + (u64::from(row.largest_block) + 8).next_multiple_of(8))
}

fn bounded(rows: &[Row]) -> Promise {
    let paced: Vec<_> = rows.iter().filter(|row| row.label() == PACED).collect();
    let above = |row: &&&Row| match (row.most_moved_in_one_call, bound(row)) {
        (most, Some(bound)) => !row.completed || most.unwrap_or(0) > bound,
        (_, None) => true,
    };
    let broken: Vec<_> = paced
        .iter()
        .filter(above)
        .map(|row| match (row.completed, bound(row)) {
            (false, _) => format!("{} not completed", row.trace),
            (true, None) => format!("no budget is known on {}", row.trace),
            (true, Some(bound)) => {
                let most = maybe(row.most_moved_in_one_call, count);
                format!("{most} of {} bytes on {}", count(bound), row.trace)
            }
        })
        .collect();
    let most = paced
        .iter()
        .filter_map(|row| row.most_moved_in_one_call)
        .max();
    let budget = paced.iter().filter_map(|row| row.step_budget).max();
    let found = match (paced.is_empty(), broken.is_empty()) {
        (true, _) => "not measured".to_owned(),
        (_, true) => format!(
            "at most {} bytes, budget {}",
            maybe(most, count),
            maybe(budget, count)
        ),
        (_, false) => format!("not so: {}", broken.join(", ")),
    };
    Promise {
        what: "in bounded steps, no call moves more bytes than the budget and the one block it is about".to_owned(),
        found,
        holds: !paced.is_empty() && broken.is_empty(),
    }
}
