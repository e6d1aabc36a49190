//! Traces: what a real program asked of its allocator, read and made ready to be replayed.

mod error;
mod event;
mod ids;
mod parse;
mod program;
pub(crate) mod read;
mod zstd;

pub(crate) use error::TraceError;
pub(crate) use event::{Event, Op};
pub(crate) use program::Program;
pub(crate) use read::read;

#[cfg(test)]
pub(crate) use read::from_text;
