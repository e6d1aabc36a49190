//! What comes out of a replay.

use serde::{Deserialize, Serialize};

use crate::report::maybe;
use crate::run::Failure;

/// What came out for one heap. The names of the fields are those of the output as JSON or CSV.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) trace: String,
    pub(crate) heap: String,
    pub(crate) slack: Option<f64>,
    pub(crate) arena: Option<u64>,
    pub(crate) events: usize,
    pub(crate) peak_payload: u64,
    pub(crate) need: u64,
    /// The largest size that any block has in the trace.
    pub(crate) largest_block: u32,
    pub(crate) completed: bool,
    /// Counted from one, as a line is.
    pub(crate) failed_at: Option<usize>,
    pub(crate) failed_line: Option<u32>,
    pub(crate) failure: Option<Failure>,
    pub(crate) why: Option<String>,
    pub(crate) ns_per_event: Option<f64>,
    pub(crate) runs: usize,
    pub(crate) moves: Option<u64>,
    pub(crate) bytes_moved: Option<u64>,
    pub(crate) compactions: Option<u64>,
    /// How many bytes the heap's own steps may move in one call.
    pub(crate) step_budget: Option<u64>,
    pub(crate) most_moved_in_one_call: Option<u64>,
    pub(crate) most_seen_in_one_call: Option<u64>,
    pub(crate) pause_p50_ns: Option<u64>,
    pub(crate) pause_p99_ns: Option<u64>,
    pub(crate) pause_p999_ns: Option<u64>,
    pub(crate) longest_pause_ns: Option<u32>,
}

impl Row {
    /// The heap as it was asked for: `talc@3`.
    pub(crate) fn label(&self) -> String {
        match self.slack {
            Some(slack) => format!("{}@{slack}", self.heap),
            None => self.heap.clone(),
        }
    }

    /// The time per event, or why there is none.
    pub(crate) fn outcome(&self, text: impl Fn(f64) -> String) -> String {
        self.outcome_of(self.ns_per_event, text)
    }

    /// One of the values, or why there is none.
    pub(crate) fn outcome_of<T>(&self, value: Option<T>, text: impl Fn(T) -> String) -> String {
        match self.failure {
            None => maybe(value, text),
            Some(failure) => failure.to_string(),
        }
    }
}
