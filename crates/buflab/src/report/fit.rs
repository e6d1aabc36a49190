//! The table of `buflab fit`: one per trace.

use std::io::Write;

use super::text::{bytes, count, maybe, table};
use crate::error::Error;
use crate::fit::Row;
use comfy_table::CellAlignment::{Left, Right};

pub(crate) fn fit(out: &mut dyn Write, rows: &[Row]) -> Result<(), Error> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let mut table = table([
        ("heap", Left),
        ("smallest arena", Right),
        ("/ peak payload", Right),
        ("/ need", Right),
    ]);
    table.add_row([
        // Not a bound for a heap that spends less on each block.
        "(need, at 12 bytes a block)".to_owned(),
        count(first.need),
        maybe(first.need_ratio, factor),
        factor(1.0),
    ]);
    for row in rows {
        let arena = row.outcome(maybe(row.smallest_arena, count));
        let over_need = row.smallest_arena.filter(|_| row.need > 0);
        table.add_row([
            row.heap.clone(),
            arena,
            maybe(row.ratio, factor),
            maybe(over_need, |arena| factor(arena as f64 / row.need as f64)),
        ]);
    }
    writeln!(
        out,
        "{}: {} events, peak payload {}",
        first.trace,
        count(first.events as u64),
        bytes(first.peak_payload),
    )?;
    writeln!(out, "{}\n", table.trim_fmt())?;
    Ok(out.flush()?)
}

pub(crate) fn factor(factor: f64) -> String {
    format!("{factor:.3}")
}
