//! Attaching to any bytes and, if that goes well, using them.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, unused_imports, unused_macros)]
#[path = "../../crates/buflib/tests/common/mod.rs"]
mod common;
#[allow(dead_code, reason = "of two targets")]
#[path = "../../crates/buflib/tests/fuzz/mod.rs"]
mod fuzz;

fuzz_target!(|bytes: &[u8]| fuzz::attach(bytes));
