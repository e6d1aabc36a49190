//! What the tests of all sections do.

use super::section::{Lab, Report, Section};
use crate::arena::Arena;
use crate::progress::Progress;

/// Measures in quick mode and reports.
pub(super) fn quick<S: Section>() -> (Vec<S::Row>, Report) {
    run::<S>(true, 1)
}

fn run<S: Section>(quick: bool, runs: usize) -> (Vec<S::Row>, Report) {
    let mut lab = Lab {
        programs: &[],
        arena: &mut Arena::default(),
        progress: &Progress::new(),
        runs,
        quick,
    };
    let rows = S::measure(&mut lab).unwrap();
    let report = S::report(&rows);
    let cells = |line: &Vec<String>| line.len();
    for table in &report.tables {
        assert!(
            table
                .body
                .iter()
                .all(|line| cells(line) == cells(&table.head))
        );
        assert!(!table.body.is_empty(), "{}", table.caption);
    }
    for plot in &report.plots {
        assert!(plot.series.iter().any(|series| !series.points.is_empty()));
    }
    (rows, report)
}
