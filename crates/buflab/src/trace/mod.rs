//! Traces: what a real program asked of its allocator, read and made ready to be replayed.

mod error;
mod event;
mod ids;
#[cfg(any(test, fuzzing))]
pub(crate) mod oracle;
mod parse;
mod program;
mod read;
mod zstd;

pub(crate) use error::TraceError;
pub(crate) use event::{Event, Op};
pub(crate) use program::Program;
pub(crate) use read::read;

#[cfg(test)]
pub(crate) use read::from_text;
