//! Programs of every operation on a heap and what is known of it, on each layout, with and without check words.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, unused_imports, unused_macros)]
#[path = "../../crates/buflib/tests/common/mod.rs"]
mod common;
#[allow(dead_code, unused_imports, reason = "of two targets")]
#[path = "../../crates/buflib/tests/fuzz/mod.rs"]
mod fuzz;

fuzz_target!(|bytes: &[u8]| fuzz::ops(bytes));
