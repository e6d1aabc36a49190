//! Blocks that come and go while the arena fills up to the last percent.

mod report;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::section::{Lab, Report, Section};
use super::stats::alternate;
use crate::error::Error;
use crate::heaps;
use crate::stats::median;
use crate::turnover::{Outcome, Plan, Sizes, Stage};

pub(crate) struct Churn;

/// One heap at one fill.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    heap: String,
    arena: u64,
    /// In percent of the arena: payloads and 12 bytes for each.
    fill: u64,
    /// None if the heap did not come so far.
    ns_per_operation: Option<f64>,
    moved_per_allocated: Option<f64>,
    compactions: Option<u64>,
    allocations: u64,
    why: Option<String>,
}

const HEAPS: [&str; 8] = [
    "buflib",
    "buflib-crc",
    "talc",
    "rlsf",
    "dlmalloc",
    "good_memory_allocator",
    "linked_list_allocator",
    "buddy_system_allocator",
];
const ARENA: u64 = 16 << 20;
/// Large enough that what a heap keeps outside of its arena is less than the last percent.
const QUICK_ARENA: u64 = 2 << 20;
const SIZES: Sizes = Sizes::Uniform(16, 2048);
/// A heap starts where all of them have room enough, and goes on one percent at a time.
const FIRST: u64 = 50;
const LAST: u64 = 99;
/// How often every block is replaced at each fill, on average: more often where compactions are few
/// and long.
fn times(fill: u64) -> u64 {
    if fill < 90 { 2 } else { 8 }
}

/// A heap that takes longer than this has one run that counts.
const SLOW: Duration = Duration::from_secs(20);

impl Section for Churn {
    type Row = Row;

    const NAME: &'static str = "churn";

    fn measure(lab: &mut Lab<'_>) -> Result<Vec<Row>, Error> {
        let arena = if lab.quick { QUICK_ARENA } else { ARENA };
        let heaps: Vec<_> = HEAPS.iter().filter_map(|name| heaps::find(name)).collect();
        let plan = plan(arena);
        lab.progress.expect(heaps.len() * (lab.runs + 1));
        let mut spent = vec![(Duration::ZERO, 0); heaps.len()];
        let outcomes = alternate(lab.runs, heaps.len(), |which| {
            lab.progress.show(format!("churn: {}", heaps[which].name));
            lab.progress.done(1);
            let (time, runs) = &mut spent[which];
            // The first one is the warm-up.
            if *time > SLOW && *runs > 1 {
                return Ok(None);
            }
            let start = Instant::now();
            let outcome = (heaps[which].turnover)(&plan, lab.arena.bytes(arena)?);
            *time += start.elapsed();
            *runs += 1;
            Ok(Some(outcome))
        })?;
        let rows = heaps.iter().zip(&outcomes).flat_map(|(heap, outcomes)| {
            let fills = FIRST..=LAST;
            // Stage 0 fills the arena.
            let stages = (1..).zip(fills);
            stages.map(|(stage, fill)| Row {
                heap: heap.name.to_owned(),
                arena,
                fill,
                allocations: plan.stages[stage].allocations,
                ..row(outcomes, stage)
            })
        });
        Ok(rows.collect())
    }

    fn report(rows: &[Row]) -> Report {
        report::report(rows)
    }
}

fn plan(arena: u64) -> Plan {
    let stage = |fill: u64| {
        let bytes = arena * fill / 100;
        Stage {
            blocks: usize::MAX,
            bytes,
            allocations: (bytes as f64 / SIZES.mean_taken()) as u64 * times(fill),
        }
    };
    Plan {
        sizes: SIZES,
        seed: 0xf111,
        stages: [FIRST].into_iter().chain(FIRST..=LAST).map(stage).collect(),
    }
}

/// What all runs say of one stage.
fn row(outcomes: &[Option<Outcome>], stage: usize) -> Row {
    let outcomes: Vec<_> = outcomes.iter().flatten().collect();
    let costs: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.costs.get(stage))
        .collect();
    let all = costs.len() == outcomes.len();
    let middle = |value: fn(&crate::turnover::Cost) -> f64| {
        median(costs.iter().map(|cost| value(cost))).filter(|_| all)
    };
    let why = outcomes.iter().find_map(|outcome| outcome.why.as_ref());
    Row {
        heap: String::new(),
        arena: 0,
        fill: 0,
        ns_per_operation: middle(|cost| cost.ns_per_operation()),
        moved_per_allocated: middle(|cost| cost.moved_per_allocated()),
        compactions: middle(|cost| cost.moved.compactions as f64).map(|count| count as u64),
        allocations: 0,
        why: why.filter(|_| !all).map(ToString::to_string),
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial;
    use super::*;

    #[test]
    fn ours_comes_to_the_last_percent() {
        let (rows, report) = trial::quick::<Churn>();
        let last = rows.iter().filter(|row| row.fill == LAST);
        let completed = last.filter(|row| row.ns_per_operation.is_some());
        let completed: Vec<_> = completed.map(|row| row.heap.as_str()).collect();
        assert_eq!(completed, ["buflib", "buflib-crc"]);
        assert!(report.promises.iter().all(|promise| promise.holds));
    }
}
