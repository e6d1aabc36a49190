//! What can be wrong with a trace.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a trace file cannot be replayed.
#[derive(Debug, Error)]
pub(crate) enum TraceError {
    #[error("{}: cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: not a sound zstd stream: {reason}", path.display())]
    Decompress { path: PathBuf, reason: String },
    #[error("{}:{line}: {mistake}", path.display())]
    Line {
        path: PathBuf,
        line: u32,
        mistake: Mistake,
    },
}

/// What is wrong with one line.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum Mistake {
    #[error("found `{found}`, expected the header `# buflib-trace 1`")]
    Header { found: String },
    #[error("found `{found}`, expected an event: `a ID SIZE [ALIGN]`, `r ID SIZE` or `f ID`")]
    Op { found: String },
    #[error("found the end of the line, expected {field}")]
    Missing { field: Field },
    #[error("found `{found}`, expected {field}")]
    Number { field: Field, found: String },
    #[error("found `{found}`, expected the end of the line")]
    Trailing { found: String },
    #[error("found alignment {found}, expected a power of two")]
    Align { found: u32 },
    #[error("found id {id}, which was never allocated, expected the id of a live block")]
    UnknownId { id: u64 },
    #[error("found id {id}, which is already freed, expected the id of a live block")]
    FreedId { id: u64 },
    #[error("found id {id} for the second time, expected an id that was not used before")]
    ReusedId { id: u64 },
}

/// The numbers of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Field {
    #[error("ID, a decimal number up to 18446744073709551615")]
    Id,
    #[error("SIZE, a decimal number up to 4294967295")]
    Size,
    #[error("ALIGN, a decimal number up to 2147483648")]
    Align,
}
