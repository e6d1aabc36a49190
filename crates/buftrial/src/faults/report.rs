//! The tables of outcomes.

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, Table as Drawn, presets};

use super::outcome::{Counts, Key, Outcome, Table};

const SHOWN: [&str; 4] = ["heap", "fault", "metadata", "faults"];

fn check_name(checked: bool) -> &'static str {
    if checked { "crc32" } else { "unchecked" }
}

/// One table by heap and kind of fault, one by what was hit, and the sums.
pub(crate) fn print(table: &Table) {
    let by_heap = table.sums(|key| (key.checked, key.layout, key.kind));
    draw(
        by_heap
            .into_iter()
            .map(|((checked, layout, kind), counts)| {
                (
                    [Key::heap(layout, checked), kind.name().into(), "all".into()],
                    counts,
                )
            }),
    );
    let by_region = table.sums(|key| (key.checked, key.kind, key.region));
    draw(
        by_region
            .into_iter()
            .map(|((checked, kind, region), counts)| {
                (
                    [
                        check_name(checked).into(),
                        kind.name().into(),
                        region.name().into(),
                    ],
                    counts,
                )
            }),
    );
    let all: u64 = table.rows.values().map(Counts::all).sum();
    println!(
        "{all} faults in {} arenas, {} operations after them; {}",
        table.arenas,
        table.operations,
        if table.is_as_promised() {
            "nothing that must not be"
        } else {
            "NOT AS PROMISED"
        },
    );
}

fn draw(rows: impl Iterator<Item = ([String; 3], Counts)>) {
    let mut drawn = Drawn::new();
    drawn.load_style(presets::NOTHING);
    let outcomes = Outcome::ALL.map(Outcome::name);
    let more = ["later", "foreseen"];
    drawn.set_header(SHOWN.into_iter().chain(outcomes).chain(more));
    for (names, counts) in rows {
        let figures = [counts.all()]
            .into_iter()
            .chain(counts.outcomes)
            .chain([counts.later, counts.foreseen]);
        let figures = figures.map(|figure| {
            let text = if figure == 0 {
                ".".to_owned()
            } else {
                figure.to_string()
            };
            Cell::new(text).set_alignment(CellAlignment::Right)
        });
        drawn.add_row(names.into_iter().map(Cell::new).chain(figures));
    }
    println!("{}\n", drawn.trim_fmt());
}

/// Every row there is.
pub(crate) fn csv(table: &Table) -> String {
    let mut text = String::from("layout,check,fault,metadata,faults");
    for outcome in Outcome::ALL {
        let _ = write!(text, ",{}", outcome.name());
    }
    text.push_str(",later,foreseen\n");
    for (key, counts) in table.sums(|key| *key) {
        let (check, kind, region) = (check_name(key.checked), key.kind.name(), key.region.name());
        let _ = write!(
            text,
            "{},{check},{kind},{region},{}",
            key.layout,
            counts.all()
        );
        for count in counts.outcomes {
            let _ = write!(text, ",{count}");
        }
        let _ = writeln!(text, ",{},{}", counts.later, counts.foreseen);
    }
    text
}
