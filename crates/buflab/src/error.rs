//! What ends the program with exit code 2.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::trace::TraceError;

#[derive(Debug, Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Trace(#[from] TraceError),
    #[error("cannot write the results: {0}")]
    Output(#[from] io::Error),
    #[error("cannot write the results: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: {source}; `buflab bench --section NAME` makes it anew", path.display())]
    Csv { path: PathBuf, source: csv::Error },
    #[error("{}: {source}", path.display())]
    Facts {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("the plot {name} cannot be drawn: {reason}")]
    Plot { name: &'static str, reason: String },
    #[error(
        "found no traces (`*.trace.zst`) in {}; name some with `buflab replay TRACE...`",
        list(tried)
    )]
    NoTraces { tried: Vec<PathBuf> },
    #[error("`--heap {heap}@...` has a slack, which cannot be used with `--arena`")]
    SlackAndArena { heap: &'static str },
    #[error("a heap of the benchmark: {0}")]
    Build(#[from] buflib::BuildError),
    #[error("a heap of the benchmark: {0}")]
    Heap(#[from] buflib::Error),
    #[error("no memory for an arena of {bytes} bytes")]
    Memory { bytes: u64 },
}

fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<_> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(" or ")
}

impl Error {
    /// Whether the reader of our output has simply had enough, as `head` has.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        let kind = match self {
            Error::Output(error) => Some(error.kind()),
            Error::Json(error) => error.io_error_kind(),
            _ => None,
        };
        kind == Some(io::ErrorKind::BrokenPipe)
    }
}
