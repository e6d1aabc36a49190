//! What comes out of a replay.

use serde::Serialize;

use crate::run::Failure;

/// What came out for one heap. The names of the fields are those of the JSON output.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) trace: String,
    pub(crate) heap: &'static str,
    pub(crate) slack: Option<f64>,
    pub(crate) arena: Option<u64>,
    pub(crate) events: usize,
    pub(crate) peak_payload: u64,
    pub(crate) need: u64,
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
    pub(crate) longest_pause_ns: Option<u32>,
}
