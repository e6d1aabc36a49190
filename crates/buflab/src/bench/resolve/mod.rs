//! What it costs to come from a handle to its bytes: by itself, and in programs made of it.

mod access;
mod list;
mod nodes;
mod report;
mod sort;
mod tree;

use serde::{Deserialize, Serialize};

use super::section::{Lab, Report, Section};
use super::stats::{alternate, count};
use crate::error::Error;
use crate::stats::median;

pub(crate) struct Resolve;

/// One contender in one setting.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    part: Part,
    contender: String,
    items: u64,
    /// For one access, one node passed, one insertion, one look-up; or one string of a sort.
    ns: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    Random,
    Sequential,
    List,
    Insert,
    Find,
    Sort,
}

const ACCESSED: [u64; 3] = [1_000, 100_000, 1_000_000];
const QUICK_ACCESSED: usize = 1;
const PROGRAM: u64 = 1_000_000;
const QUICK_PROGRAM: u64 = 10_000;

impl Section for Resolve {
    type Row = Row;

    const NAME: &'static str = "resolve";

    fn measure(lab: &mut Lab<'_>) -> Result<Vec<Row>, Error> {
        let accessed = if lab.quick {
            &ACCESSED[..QUICK_ACCESSED]
        } else {
            &ACCESSED
        };
        let items = if lab.quick { QUICK_PROGRAM } else { PROGRAM };
        lab.progress.expect(accessed.len() + 3);
        let mut rows = Vec::new();
        for &items in accessed {
            rows.extend(step(lab, "accesses", items, access::measure)?);
        }
        rows.extend(step(lab, "a list", items, list::measure)?);
        rows.extend(step(lab, "a tree", items, tree::measure)?);
        rows.extend(step(lab, "a sort", items, sort::measure)?);
        Ok(rows)
    }

    fn report(rows: &[Row]) -> Report {
        report::report(rows)
    }
}

fn step(
    lab: &mut Lab<'_>,
    what: &str,
    items: u64,
    measure: fn(&mut Lab<'_>, u64) -> Result<Vec<Row>, Error>,
) -> Result<Vec<Row>, Error> {
    lab.progress
        .show(format!("resolve: {what}, {}", count(items)));
    let rows = measure(lab, items)?;
    lab.progress.done(1);
    Ok(rows)
}

/// Contenders take turns; each run gives ns per item for all of the parts.
fn race<const PARTS: usize>(
    runs: usize,
    parts: [Part; PARTS],
    items: u64,
    names: &[&str],
    run: impl FnMut(usize) -> Result<[f64; PARTS], Error>,
) -> Result<Vec<Row>, Error> {
    let results = alternate(runs, names.len(), run)?;
    let mut rows = Vec::new();
    for (name, results) in names.iter().zip(&results) {
        for (which, part) in parts.into_iter().enumerate() {
            rows.push(Row {
                part,
                contender: (*name).to_owned(),
                items,
                ns: median(results.iter().map(|times| times[which])).unwrap_or(f64::NAN),
            });
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::trial;
    use super::*;

    #[test]
    fn all_parts_are_measured_and_shown() {
        let (rows, report) = trial::quick::<Resolve>();
        assert!(rows.iter().all(|row| row.ns > 0.0));
        assert!(!report.promises.is_empty());
    }
}
