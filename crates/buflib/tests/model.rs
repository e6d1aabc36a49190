//! Programs of random operations on a heap and its model, on every layout, with and without check
//! words. Each step ends with a full integrity walk and a comparison of all contents.

#[path = "common/cases.rs"]
mod cases;
mod common;

use buflib::{Check, Crc32, Layout, Narrow, Standard, Unchecked, Wide};
use common::{Memory, Model, Op};
use proptest::collection::vec;
use proptest::prelude::*;

/// Plain blocks only: failures are compared with what is allocatable to the byte.
fn plain() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => size().prop_map(|size| Op::Alloc { size, align_log2: 0, immovable: false, named: false }),
        6 => any::<usize>().prop_map(Op::Free),
        4 => (any::<usize>(), size()).prop_map(|(which, size)| Op::Resize(which, size)),
        1 => Just(Op::Compact),
        2 => (0..600usize, 0..12usize).prop_map(|(bytes, blocks)| Op::Step(bytes, blocks)),
        1 => Just(Op::Maximum),
        1 => Just(Op::Stale),
    ]
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => plain(),
        1 => (size(), 0..9u32, any::<bool>(), any::<bool>())
            .prop_map(|(size, align_log2, immovable, named)| Op::Alloc { size, align_log2, immovable, named }),
    ]
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0..64usize, 3 => 0..400usize, 1 => 0..4000usize]
}

/// Sizes at which free blocks are kept in other ways than those of small ones, and which grow and
/// shrink by little.
fn large_op() -> impl Strategy<Value = Op> {
    let size = || prop_oneof![3 => 0..100usize, 3 => 900..3000usize, 2 => 1000..20_000usize, 1 => Just(7168)];
    prop_oneof![
        6 => size().prop_map(|size| Op::Alloc { size, align_log2: 0, immovable: false, named: false }),
        1 => (size(), 4..9u32).prop_map(|(size, align_log2)| Op::Alloc { size, align_log2, immovable: false, named: false }),
        5 => any::<usize>().prop_map(Op::Free),
        8 => (0..3usize, -100..400isize).prop_map(|(which, by)| Op::Grow(which, by)),
        2 => (any::<usize>(), size()).prop_map(|(which, size)| Op::Resize(which, size)),
        2 => (0..60_000usize, 0..30usize).prop_map(|(bytes, blocks)| Op::Step(bytes, blocks)),
        1 => Just(Op::Maximum),
    ]
}

fn run<L: Layout, C: Check>(len: usize, skew: usize, ops: Vec<Op>) {
    let mut memory = Memory::skewed(len, skew);
    Model::<L, C>::new(memory.heap()).run(ops);
}

fn run_all(len: usize, skew: usize, ops: &[Op]) {
    run::<Standard, Unchecked>(len, skew, ops.to_vec());
    run::<Standard, Crc32>(len, skew, ops.to_vec());
    run::<Narrow, Unchecked>(len, skew, ops.to_vec());
    run::<Narrow, Crc32>(len, skew, ops.to_vec());
    run::<Wide, Unchecked>(len, skew, ops.to_vec());
    run::<Wide, Crc32>(len, skew, ops.to_vec());
}

proptest! {
    #![proptest_config(cases::cases_as_told())]

    #[test]
    fn plain_blocks_behave_like_the_model(len in 200..6000usize, ops in vec(plain(), 1..120)) {
        run_all(len, 0, &ops);
    }

    #[test]
    fn large_blocks_behave_like_the_model(len in 30_000..200_000usize, ops in vec(large_op(), 50..300)) {
        run::<Standard, Unchecked>(len, 0, ops.clone());
        run::<Narrow, Crc32>(len, 0, ops.clone());
        run::<Wide, Unchecked>(len, 0, ops);
    }

    #[test]
    fn all_kinds_of_blocks_behave_like_the_model(len in 200..12000usize, skew in 0..64usize, ops in vec(any_op(), 1..120)) {
        run_all(len, skew, &ops);
    }
}
