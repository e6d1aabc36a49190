//! The parser of traces, on any bytes, beside one that is written for nothing but to be right.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, unused_imports)]
#[path = "../../crates/buflab/src/trace/mod.rs"]
mod trace;

fuzz_target!(|bytes: &[u8]| trace::oracle::trace(bytes));
