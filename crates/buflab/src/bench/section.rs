//! What a section of the benchmark page is, to those who measure and to the one who writes it.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::arena::Arena;
use crate::error::Error;
use crate::progress::Progress;
use crate::trace::Program;

/// One subject: measured once, kept as a CSV file, and shown from that file alone, so that the page
/// can be written anew without measuring anew.
pub(crate) trait Section {
    /// One line of the file: flat, and the same after it was written and read again.
    type Row: Serialize + DeserializeOwned;

    /// The name of the file, `NAME.csv`, and of the section on the command line.
    const NAME: &'static str;

    fn measure(lab: &mut Lab<'_>) -> Result<Vec<Self::Row>, Error>;

    fn report(rows: &[Self::Row]) -> Report;
}

/// What a section measures with.
pub(crate) struct Lab<'a> {
    pub(crate) programs: &'a [Program],
    pub(crate) arena: &'a mut Arena,
    pub(crate) progress: &'a Progress,
    /// How often each thing is measured; the median counts, and peers alternate.
    pub(crate) runs: usize,
    /// Whether small sizes will do: for tests, and to see that all of it works.
    pub(crate) quick: bool,
}

impl Lab<'_> {
    /// When to give up a run.
    pub(crate) fn timeout(&self) -> Duration {
        if self.quick {
            Duration::from_secs(1)
        } else {
            // Enough to verify all contents of the largest traces while blocks move.
            Duration::from_secs(20)
        }
    }
}

/// A section as the page shows it.
pub(crate) struct Report {
    pub(crate) title: &'static str,
    /// What was measured and how, in a few sentences of Markdown.
    pub(crate) about: String,
    pub(crate) tables: Vec<Table>,
    pub(crate) plots: Vec<Plot>,
    /// What the project promises of this, and whether it holds.
    pub(crate) promises: Vec<Promise>,
    /// Where a peer is ahead, a sentence each: for "Where we are slower".
    pub(crate) slower: Vec<String>,
}

pub(crate) struct Table {
    pub(crate) caption: String,
    pub(crate) head: Vec<String>,
    pub(crate) body: Vec<Vec<String>>,
}

pub(crate) struct Promise {
    pub(crate) what: String,
    pub(crate) found: String,
    pub(crate) holds: bool,
}

/// A chart, which becomes `NAME.svg`.
pub(crate) struct Plot {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
}

pub(crate) enum Axis {
    Linear(&'static str),
    Logarithmic(&'static str),
    /// Bars, one group for each name; the series' x are indices of these.
    Names(&'static str, Vec<String>),
}

pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}
