//! Long random runs beside the model, in arenas that are full most of the time.

#[macro_use]
mod common;

use buflib::{Check, Layout};
use common::{Memory, Model, Op};
use fastrand::Rng;

on_every_heap!(
    plain_blocks_in_an_arena_that_is_nearly_full,
    all_kinds_of_blocks_in_an_arena_that_is_nearly_full,
    large_and_small_blocks_in_an_arena_that_is_nearly_full,
);

const STEPS: usize = if cfg!(miri) { 60 } else { 2500 };
const LEN: usize = 12 * 1024;

/// Allocates while less than nine tenths are in use, and frees a little when nothing more fits.
fn run<L: Layout, C: Check>(seed: u64, size: fn(&mut Rng) -> usize, kinds: bool) {
    let mut random = Rng::with_seed(seed);
    let mut memory = Memory::skewed(LEN, random.usize(..64));
    let mut model = Model::<L, C>::new(memory.heap());
    let mut full = 0;
    for _ in 0..STEPS {
        let nine_tenths = model.heap.available() * 10 < LEN;
        full += usize::from(nine_tenths);
        let op = match random.u8(..100) {
            0 => Op::Compact,
            1 => Op::Maximum,
            2..=4 => Op::Stale,
            5..=24 => Op::Resize(random.usize(..), size(&mut random)),
            25..=44 if nine_tenths => Op::Free(random.usize(..)),
            45..=54 => Op::Free(random.usize(..)),
            _ => Op::Alloc {
                size: size(&mut random),
                align_log2: if kinds && random.u8(..) < 50 {
                    random.u32(..8)
                } else {
                    0
                },
                immovable: kinds && random.u8(..) < 20,
                named: kinds && random.u8(..) < 50,
            },
        };
        model.step(op);
    }
    assert!(
        full * 10 > STEPS * 7 || cfg!(miri),
        "the arena was nearly full in {full} of {STEPS} steps only"
    );
    assert!(model.heap.stats().compactions > 0 || cfg!(miri));
}

fn plain_blocks_in_an_arena_that_is_nearly_full<L: Layout, C: Check>() {
    run::<L, C>(1, |random| random.usize(..200), false);
}

fn all_kinds_of_blocks_in_an_arena_that_is_nearly_full<L: Layout, C: Check>() {
    run::<L, C>(2, |random| random.usize(..200), true);
}

fn large_and_small_blocks_in_an_arena_that_is_nearly_full<L: Layout, C: Check>() {
    run::<L, C>(
        3,
        |random| {
            if random.u8(..) < 40 {
                random.usize(..3000)
            } else {
                random.usize(..60)
            }
        },
        false,
    );
}
