//! Programs of calls to the C interface, callbacks included, beside a model.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/buflib-c/tests/common/mod.rs"]
mod common;

fuzz_target!(|bytes: &[u8]| common::run(bytes));
