//! What a fuzzer's bytes are run as.

mod attach;
mod input;

use super::common::world::run;
use input::{Input, on_heap};

pub(crate) use attach::attach;

/// Runs a program of every operation on a heap of the layout, size and place that the first bytes say.
pub(crate) fn ops(bytes: &[u8]) {
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
}
