//! Every public operation of the library as an entry point of its own, about whose arguments the compiler knows nothing.
//!
//! | file | what it is about |
//! |---|---|
//! | `root` | the table of entry points, which is a section of the object |
//! | `user` | code and values of a program that uses the library: declared here, and defined nowhere |
//! | `heap`, `with`, `region` | a heap by itself, with an owner, as a whole |
//! | `store`, `row` | values; what grows in a store |
//! | `traits` | what is derived or the same for many types |
//! | `plain` | what knows no layout |
#![no_std]
#![allow(
    clippy::missing_safety_doc,
    clippy::needless_lifetimes,
    clippy::extra_unused_lifetimes
)]

#[macro_use]
mod root;
mod heap;
mod plain;
mod region;
mod row;
mod store;
mod traits;
mod user;
mod with;

use buflib::{Crc32, Narrow, Ordered, Small, Standard, Unchecked, Wide};

every_layout!(heap with region store row traits);
table!(plain Standard Unchecked);

unsafe extern "C" {
    /// Not defined anywhere: what reaches it can panic.
    fn a_panic_was_reached() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: it is never linked.
    unsafe { a_panic_was_reached() }
}
