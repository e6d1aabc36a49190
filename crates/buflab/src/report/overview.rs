//! The two tables of the main job: traces as rows, heaps as columns.

use std::io::Write;

use super::fit::factor;
use super::text::{maybe, table};
use crate::error::Error;
use crate::overview::Results;
use crate::replay::Row;
use crate::run::Failure;
use comfy_table::CellAlignment::{Left, Right};

pub(crate) fn overview(out: &mut dyn Write, results: &Results) -> Result<(), Error> {
    let runs = results.runs;
    writeln!(
        out,
        "Time in ns/event, median of {runs} runs. `@1.25`: in an arena of 1.25 times what the trace \
         needs without fragmentation:\n"
    )?;
    let replays: Vec<Vec<_>> = results
        .replays
        .iter()
        .map(|rows| {
            let name = rows.first().map(|row| row.trace.clone());
            name.into_iter().chain(rows.iter().map(time)).collect()
        })
        .collect();
    let heaps = results.replays.first().into_iter().flatten();
    let titles: Vec<_> = heaps.map(Row::label).collect();
    matrix(out, "trace", titles.iter().map(String::as_str), replays)?;

    for row in results.replays.iter().flatten() {
        if row.failure == Some(Failure::Fault) {
            let why = row.why.as_deref().unwrap_or_default();
            writeln!(out, "\n{} on {}: {why}", row.heap, row.trace)?;
        }
    }

    writeln!(
        out,
        "\nSmallest arena that completes, over the peak payload; `need` is without \
         fragmentation, at 12 bytes a block:\n"
    )?;
    let fits: Vec<Vec<_>> = results
        .fits
        .iter()
        .map(|rows| {
            let name = rows.first().map(|row| row.trace.clone());
            let floor = rows.first().map(|row| maybe(row.need_ratio, factor));
            let cells = rows.iter().map(|row| maybe(row.ratio, factor));
            name.into_iter().chain(floor).chain(cells).collect()
        })
        .collect();
    let heaps = results.fits.first().into_iter().flatten();
    let columns = ["need"]
        .into_iter()
        .chain(heaps.map(|row| row.heap.as_str()));
    matrix(out, "trace", columns, fits)?;
    Ok(out.flush()?)
}

fn time(row: &Row) -> String {
    row.outcome(|nanos| format!("{nanos:.1}"))
}

fn matrix<'h>(
    out: &mut dyn Write,
    corner: &'h str,
    columns: impl Iterator<Item = &'h str>,
    rows: Vec<Vec<String>>,
) -> Result<(), Error> {
    let columns = columns.map(|title| (title, Right));
    let mut table = table([(corner, Left)].into_iter().chain(columns));
    table.add_rows(rows);
    Ok(writeln!(out, "{}", table.trim_fmt())?)
}
