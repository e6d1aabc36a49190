//! Programs of random operations, all that there are, on a heap and on what is known of it: with an owner that agrees,
//! refuses, shrinks, frees and allocates by chance, with memory given out and taken back, and with the heap going
//! elsewhere. Each step ends with a full integrity walk and a comparison of all that is known.

#[path = "common/cases.rs"]
mod cases;
mod common;

use buflib::{Crc32, Layout, Narrow, Ordered, Small, Standard, Unchecked, Wide};
use common::world::{Op, What, run};
use proptest::collection::vec;
use proptest::prelude::*;

/// What is done more often than the rest.
const OFTEN: &[What] = &[
    What::Alloc,
    What::AllocWith,
    What::AllocWith,
    What::AllocWith,
    What::Free,
    What::Free,
    What::Resize,
    What::Grow,
    What::Shrink,
];

fn op() -> impl Strategy<Value = Op> {
    let what = prop_oneof![
        1 => prop::sample::select(OFTEN),
        1 => prop::sample::select(What::ALL),
    ];
    let size = prop_oneof![6 => 0..64u16, 3 => 0..400u16, 1 => 0..3000u16];
    (
        what,
        any::<u8>(),
        size,
        any::<u16>(),
        prop::bool::weighted(0.8),
    )
        .prop_map(|(what, which, size, more, owned)| Op {
            what,
            which,
            size,
            more,
            owned,
        })
}

type Place = (usize, usize, usize);

/// A length, a distance from a page, and another distance from that.
fn place() -> impl Strategy<Value = Place> {
    let distance = prop_oneof![
        Just(0),
        (0..8usize).prop_map(|granules| granules * 8),
        0..64usize
    ];
    (200..6000usize, 0..64usize, distance)
}

fn run_on<L: Layout>(place: Place, seed: u64, ops: &[Op]) {
    run::<L, Unchecked>(place, seed, ops);
    run::<L, Crc32>(place, seed, ops);
}

proptest! {
    #![proptest_config(cases::cases_as_told())]

    #[test]
    fn every_operation_does_what_is_known_of_it(
        place in place(),
        seed in any::<u64>(),
        ops in vec(op(), 1..100),
    ) {
        run_on::<Narrow>(place, seed, &ops);
        run_on::<Standard>(place, seed, &ops);
        run_on::<Wide>(place, seed, &ops);
        run_on::<Ordered>(place, seed, &ops);
        run_on::<Small>(place, seed, &ops);
    }
}
