//! Numbers for people, and tables in one style.

use comfy_table::{Cell, CellAlignment, Table, presets};
use indicatif::HumanCount;

/// What stands for a value that there is none of.
pub(super) const NONE: &str = "-";

/// A number with its thousands apart.
pub(crate) fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

pub(crate) fn maybe<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or_else(|| NONE.to_owned(), text)
}

/// A time in the unit that leaves one to three digits before the point.
pub(super) fn nanos(nanos: u32) -> String {
    let nanos = f64::from(nanos);
    if nanos < 1e3 {
        format!("{nanos} ns")
    } else if nanos < 1e6 {
        format!("{:.1} µs", nanos / 1e3)
    } else {
        format!("{:.1} ms", nanos / 1e6)
    }
}

/// A number of bytes in the unit that leaves one to three digits before the point.
pub(super) fn bytes(bytes: u64) -> String {
    let size = bytes as f64;
    if size < 1e3 {
        format!("{bytes} B")
    } else if size < 1e6 {
        format!("{:.1} kB", size / 1e3)
    } else if size < 1e9 {
        format!("{:.2} MB", size / 1e6)
    } else {
        format!("{:.2} GB", size / 1e9)
    }
}

/// An empty table with a title and an alignment for each column.
pub(super) fn table<'t>(columns: impl IntoIterator<Item = (&'t str, CellAlignment)>) -> Table {
    let (titles, alignments): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let header = titles.iter().zip(&alignments);
    table.set_header(header.map(|(title, &side)| Cell::new(title).set_alignment(side)));
    for (column, &side) in table.column_iter_mut().zip(&alignments) {
        column.set_cell_alignment(side);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(nanos(999), "999 ns");
        assert_eq!(nanos(1_500), "1.5 µs");
        assert_eq!(nanos(2_500_000), "2.5 ms");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(36_710_755), "36.71 MB");
        assert_eq!(maybe(None::<u64>, count), "-");
    }
}
