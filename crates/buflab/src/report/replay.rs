//! The table of `buflab replay`: one per trace.

use std::io::Write;

use super::text::{NONE, bytes, count, maybe, nanos, table};
use crate::error::Error;
use crate::replay::Row;
use comfy_table::CellAlignment::{Left, Right};

pub(crate) fn replay(out: &mut dyn Write, rows: &[Row]) -> Result<(), Error> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let mut table = table([
        ("heap", Left),
        ("slack", Right),
        ("arena", Right),
        ("ns/event", Right),
        ("moved", Right),
        ("compactions", Right),
        ("longest", Right),
        ("result", Left),
    ]);
    for row in rows {
        table.add_row([
            row.heap.clone(),
            maybe(row.slack, |slack| slack.to_string()),
            maybe(row.arena, bytes),
            maybe(row.ns_per_event, |nanos| format!("{nanos:.2}")),
            maybe(row.bytes_moved, bytes),
            maybe(row.compactions, count),
            maybe(row.longest_pause_ns, nanos),
            result(row),
        ]);
    }
    writeln!(
        out,
        "{}: {} events, peak payload {}, need {}",
        first.trace,
        count(first.events as u64),
        bytes(first.peak_payload),
        bytes(first.need),
    )?;
    writeln!(out, "{}\n", table.trim_fmt())?;
    Ok(out.flush()?)
}

fn result(row: &Row) -> String {
    let why = row.why.as_deref().unwrap_or(NONE);
    match (row.completed, row.failed_at, row.failed_line) {
        (true, ..) => "completed".to_owned(),
        (false, Some(event), Some(line)) => {
            let event = count(event as u64);
            format!("event {event} (line {line}): {why}")
        }
        (false, ..) => why.to_owned(),
    }
}
