//! What comes out for one operation.

use serde::Serialize;

use super::costs::Costs;
use super::operation::Operation;
use crate::heaps::Entry;
use crate::run::{Failure, Why};

/// What came out for one operation on one heap. The names of the fields are those of the JSON
/// output.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) heap: &'static str,
    /// How many blocks are live, less a batch between a free and the next allocation.
    pub(crate) live: u32,
    /// The largest of all rounds; none for a heap that asks the system.
    pub(crate) arena: Option<u64>,
    pub(crate) operation: &'static str,
    pub(crate) completed: bool,
    pub(crate) failure: Option<Failure>,
    pub(crate) why: Option<String>,
    /// How many were done; zero if the heap does not offer the operation.
    pub(crate) count: u64,
    /// Less the time of `nothing`, but for `nothing` itself.
    pub(crate) ns_per_op: Option<f64>,
    /// What the heap moved meanwhile, as it says itself.
    pub(crate) moves: u64,
    pub(crate) bytes_moved: u64,
    pub(crate) compactions: u64,
}

impl Row {
    pub(super) fn new(
        entry: &Entry,
        live: u32,
        arena: u64,
        operation: Operation,
        result: &Result<Costs, Why>,
    ) -> Self {
        let why = result.as_ref().err();
        let costs = result.as_ref().ok();
        let cost = costs.map(|costs| costs.of(operation)).unwrap_or_default();
        Self {
            heap: entry.name,
            live,
            arena: entry.fixed_arena.then_some(arena),
            operation: operation.name(),
            completed: why.is_none(),
            failure: why.map(Why::kind),
            why: why.map(Why::to_string),
            count: cost.count,
            ns_per_op: costs.and_then(|costs| costs.ns_per_op(operation)),
            moves: cost.moved.moves,
            bytes_moved: cost.moved.bytes_moved,
            compactions: cost.moved.compactions,
        }
    }
}
