//! Programs of every operation on a heap and what is known of it, on each layout, with and without check words.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, unused_imports, unused_macros)]
#[path = "../../crates/buflib/tests/common/mod.rs"]
mod common;
mod input;

use common::world::run;
use input::Input;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let heap = input.byte();
    let len = 200 + usize::from(input.word()) % 6000;
    let (skew, distance) = (
        usize::from(input.byte()) % 64,
        usize::from(input.byte()) % 64,
    );
    let seed = input.word().into();
    let ops = input.ops();
    on_heap!(heap, run((len, skew, distance), seed, &ops));
});
