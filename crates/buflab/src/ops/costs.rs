//! What the operations have cost so far.

use std::time::Duration;

use super::operation::Operation;
use crate::heap::Counters;

/// One operation, summed up over all rounds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    pub(super) count: u64,
    pub(super) time: Duration,
    pub(super) moved: Counters,
}

#[derive(Debug, Default)]
pub(crate) struct Costs {
    costs: [Cost; Operation::ALL.len()],
}

impl Costs {
    pub(super) fn of(&self, operation: Operation) -> Cost {
        self.costs[operation as usize]
    }

    pub(super) fn add(&mut self, operation: Operation, cost: Cost) {
        let sum = &mut self.costs[operation as usize];
        sum.count += cost.count;
        sum.time += cost.time;
        sum.moved.moves += cost.moved.moves;
        sum.moved.bytes_moved += cost.moved.bytes_moved;
        sum.moved.compactions += cost.moved.compactions;
    }

    /// The time of one operation in nanoseconds, less that of doing nothing; none if the heap does
    /// not offer it.
    pub(super) fn ns_per_op(&self, operation: Operation) -> Option<f64> {
        let each = |cost: Cost| {
            let count = (cost.count > 0).then_some(cost.count as f64)?;
            Some(cost.time.as_nanos() as f64 / count)
        };
        let all = each(self.of(operation))?;
        if operation == Operation::Nothing {
            return Some(all);
        }
        Some((all - each(self.of(Operation::Nothing))?).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_nothing_is_taken_off() {
        let cost = |nanos| Cost {
            count: 10,
            time: Duration::from_nanos(nanos),
            ..Cost::default()
        };
        let mut costs = Costs::default();
        costs.add(Operation::Nothing, cost(20));
        costs.add(Operation::Get, cost(100));
        costs.add(Operation::Get, cost(140));
        costs.add(Operation::FreeSmall, cost(10));
        assert_eq!(costs.ns_per_op(Operation::Nothing), Some(2.0));
        assert_eq!(costs.ns_per_op(Operation::Get), Some(10.0));
        assert_eq!(costs.ns_per_op(Operation::FreeSmall), Some(0.0));
        assert_eq!(costs.ns_per_op(Operation::AllocCut), None);
    }
}
