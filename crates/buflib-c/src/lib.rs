//! The heap `buflib` from C, with the classic function names. What they mean is told by the header
//! `buflib.h` and by `docs/C.md`; this crate is what is behind them.
//!
//! ```text
//! caller's pool:  | blocks ...   free tail   ... handle table | state |
//! context:        | table end | origin | state | ... |               16 pointers at the most
//! ```
//!
//! A context holds what the header's inline look-up needs, and where the heap is: its state lies at the end of the pool
//! itself. A pool too small for that keeps a few numbers in the context, and the heap is made again of them for each
//! call.
//!
//! | file | what it is about |
//! |---|---|
//! | `context` | the context, and who may use its heap when |
//! | `init`, `buffer` | a pool becomes a heap; its front given out, taken back; moved elsewhere |
//! | `alloc`, `shrink`, `pin` | blocks |
//! | `note` | what the C side keeps in a block: its name, its callbacks |
//! | `callbacks` | callbacks in C as the owner of blocks |
//! | `ask`, `print`, `text` | figures, names, lists |
//! | `error` | what can go wrong, and telling it |
//! | `core_alloc` | the context that is always there |
#![no_std]

#[cfg(test)]
extern crate std;

mod alloc;
mod ask;
mod buffer;
mod callbacks;
mod context;
pub mod core_alloc;
mod error;
mod init;
mod note;
mod pin;
mod print;
mod shrink;
mod text;

pub use alloc::*;
pub use ask::*;
pub use buffer::*;
pub use callbacks::{
    Callbacks, SHRINK_POS_BACK, SHRINK_POS_FRONT, SHRINK_SIZE_MASK, Shared, buflib_ops_locked,
};
pub use context::Context;
pub use error::{Code, Handler, Report, buflib_set_error_handler};
pub use init::buflib_init;
pub use pin::*;
pub use print::*;
pub use shrink::*;

/// Nothing comes here.
#[cfg(all(feature = "freestanding", not(test)))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
