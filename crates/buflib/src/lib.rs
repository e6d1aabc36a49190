//! A compacting heap over a fixed buffer: handles instead of pointers, so that free space is always
//! usable space.
//!
//! ```
//! use buflib::Heap;
//!
//! let mut memory = [0; 4096];
//! let mut heap: Heap = Heap::from_bytes(&mut memory)?;
//! let handles: Vec<_> = (0..4).map(|_| heap.alloc(1000)).collect::<Result<_, _>>()?;
//! heap.get_mut(handles[3])?.fill(7);
//! heap.free(handles[0])?;
//! heap.free(handles[2])?; // 2000 bytes are free, in two pieces:
//! let large = heap.alloc(2000)?; // blocks move together and it fits
//! assert_eq!(heap.get(handles[3])?, [7; 1000]); // the handle still finds its bytes
//! assert_eq!(heap.get(large)?.len(), 2000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Heap`] is where to start: its page draws the memory and the layers. [`Store`] keeps values of any
//! type in one, under typed handles.
#![no_std]

#[cfg(test)]
extern crate std;

mod alloc;
mod appeal;
mod arena;
mod block;
mod check;
mod compact;
#[cfg(target_has_atomic = "8")]
pub mod default;
mod error;
mod extension;
mod handle;
mod heap;
mod index;
mod inspect;
mod layout;
#[cfg(feature = "trial")]
mod likeness;
mod list;
mod map;
mod maximum;
mod order;
mod owner;
mod pin;
mod place;
mod pod;
mod push;
mod region;
mod request;
mod resize;
mod rest;
mod show;
mod shrink;
mod step;
pub mod store;
mod table;
mod units;
mod usage;
mod with;

pub use arena::{Anchors, Given};
pub use check::{Check, Crc32, Unchecked};
pub use compact::Compaction;
pub use error::{BuildError, Corruption, Error, Fault, Found};
pub use handle::Handle;
pub use heap::Heap;
pub use inspect::Stats;
pub use layout::{Layout, Narrow, Ordered, Small, Standard, Wide};
pub use list::{Allocations, Block, Blocks};
pub use owner::{Answer, Event, Move, Owner, Side, Sync, Tag, Wish};
pub use pin::Pinned;
pub use pod::Pod;
pub use region::{AttachError, Outline, Refused, RegionError, Suspended};
pub use request::Request;
pub use step::{Budget, Step};
pub use store::Store;
pub use with::With;

/// The example in the README compiles and holds.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
