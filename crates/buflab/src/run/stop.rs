//! Why a run ended early.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::heap::Refusal;

/// Where and why a run ended before the trace did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    /// The event, counted from zero; none if it was before the first or after the last one.
    pub(crate) event: Option<usize>,
    pub(crate) why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Why {
    #[error("the heap could not be built: {0}")]
    Build(String),
    #[error("{0}")]
    Refused(String),
    #[error("timed out")]
    TimedOut,
    #[error("FAULT: {0}")]
    Fault(String),
}

/// The kinds of reasons, as the output has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Failure {
    #[error("not built")]
    NotBuilt,
    #[error("no room")]
    NoRoom,
    #[error("timed out")]
    TimedOut,
    #[error("FAULT")]
    Fault,
}

impl Why {
    /// What a heap says when it does not do what it was asked.
    #[cold]
    pub(crate) fn refused(error: impl Refusal) -> Self {
        let text = error.to_string();
        if error.is_fault() {
            Self::Fault(text)
        } else {
            Self::Refused(text)
        }
    }

    pub(crate) fn kind(&self) -> Failure {
        match self {
            Why::Build(_) => Failure::NotBuilt,
            Why::Refused(_) => Failure::NoRoom,
            Why::TimedOut => Failure::TimedOut,
            Why::Fault(_) => Failure::Fault,
        }
    }
}

impl Stop {
    pub(super) fn at_start(reason: impl Into<String>) -> Self {
        Self {
            event: None,
            why: Why::Build(reason.into()),
        }
    }

    pub(super) fn at(event: usize, why: Why) -> Self {
        Self {
            event: Some(event),
            why,
        }
    }
}
