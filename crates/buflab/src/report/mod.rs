//! What the results look like.

mod fit;
mod heaps;
mod json;
mod ops;
mod overview;
mod replay;
mod text;

pub(crate) use fit::{factor, fit};
pub(crate) use heaps::{heaps, heaps_json};
pub(crate) use json::json;
pub(crate) use ops::ops;
pub(crate) use overview::overview;
pub(crate) use replay::replay;
pub(crate) use text::{count, maybe};
