//! The table of `buflab ops`: one per number of live blocks, with the operations as columns.

use std::io::Write;

use super::text::{NONE, count, maybe, table};
use crate::error::Error;
use crate::ops::{Operation, Row};
use comfy_table::CellAlignment::{Left, Right};

pub(crate) fn ops(out: &mut dyn Write, rows: &[Row]) -> Result<(), Error> {
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let operations = Operation::ALL.map(|operation| (operation.name(), Right));
    let titles = [("heap", Left)].into_iter().chain(operations);
    let mut table = table(titles.chain([("compactions", Right), ("result", Left)]));
    for heap in rows.chunks(Operation::ALL.len()) {
        let name = heap[0].heap.to_owned();
        let times = heap
            .iter()
            .map(|row| maybe(row.ns_per_op, |ns| format!("{ns:.1}")));
        let compactions = count(heap.iter().map(|row| row.compactions).sum());
        let result = match (heap[0].completed, heap[0].why.as_deref()) {
            (true, _) => "completed",
            (false, why) => why.unwrap_or(NONE),
        };
        let cells = [name].into_iter().chain(times);
        table.add_row(cells.chain([compactions, result.to_owned()]));
    }
    let most = rows.iter().map(|row| row.count).max();
    writeln!(
        out,
        "{} live blocks: ns per operation, average of {}, less the loop (`nothing`)",
        count(first.live.into()),
        maybe(most, count),
    )?;
    writeln!(out, "{}\n", table.trim_fmt())?;
    Ok(out.flush()?)
}
