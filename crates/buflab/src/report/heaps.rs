//! The list of `buflab heaps`.

use std::io::Write;

use comfy_table::CellAlignment::Left;
use serde::Serialize;

use super::json::json;
use super::text::table;
use crate::error::Error;
use crate::heaps::ALL;

pub(crate) fn heaps(out: &mut dyn Write) -> Result<(), Error> {
    let mut table = table(["name", "arena", "what it is"].map(|title| (title, Left)));
    for entry in ALL {
        let arena = if entry.fixed_arena { "fixed" } else { "system" };
        table.add_row([entry.name, arena, entry.about]);
    }
    writeln!(out, "{}", table.trim_fmt())?;
    Ok(out.flush()?)
}

#[derive(Serialize)]
struct Listed {
    heap: &'static str,
    about: &'static str,
    fixed_arena: bool,
}

pub(crate) fn heaps_json(out: &mut dyn Write) -> Result<(), Error> {
    let rows: Vec<_> = ALL
        .iter()
        .map(|entry| Listed {
            heap: entry.name,
            about: entry.about,
            fixed_arena: entry.fixed_arena,
        })
        .collect();
    json(out, &rows)
}
