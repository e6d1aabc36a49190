//! B3: programs of all operations of a store and a model of it, with values of many types that
//! count their lives. Each step ends with a full integrity walk and a comparison of all values.

#[path = "common/cases.rs"]
mod cases;
#[path = "b03_model/change.rs"]
mod change;
mod common;
#[path = "b03_model/known.rs"]
mod known;
#[path = "b03_model/step.rs"]
mod step;
#[path = "common/values.rs"]
mod values;

use std::rc::Rc;

use buflib::{Check, Crc32, Layout, Narrow, Standard, Unchecked, Wide};
use proptest::collection::vec;
use proptest::prelude::*;
use step::{Model, Op, stored};
use values::Room;

fn op() -> impl Strategy<Value = Op> {
    let pair = || (any::<usize>(), any::<usize>());
    prop_oneof![
        2 => any::<u32>().prop_map(Op::Number),
        4 => any::<u8>().prop_map(Op::Mixed),
        1 => any::<u32>().prop_map(Op::Line),
        2 => (0..20_usize, any::<u8>()).prop_map(|(len, byte)| Op::Slice(len, byte)),
        1 => (0..20_usize, any::<u8>()).prop_map(|(len, byte)| Op::SliceWith(len, byte)),
        1 => (0..30_usize).prop_map(Op::Zeroed),
        1 => (0..30_usize).prop_map(Op::Init),
        2 => "\\PC{0,20}".prop_map(Op::Str),
        2 => (0..100_usize).prop_map(Op::Space),
        2 => Just(Op::NewList),
        1 => Just(Op::NewText),
        16 => (any::<usize>(), any::<u8>()).prop_map(|(which, how)| Op::Change(which, how)),
        2 => pair().prop_map(|(first, second)| Op::Swap(first, second)),
        4 => any::<usize>().prop_map(Op::Remove),
        4 => any::<usize>().prop_map(Op::Free),
        1 => Just(Op::Compact),
        1 => Just(Op::Stale),
    ]
}

fn run<L: Layout, C: Check>(len: usize, skew: usize, ops: &[Op]) {
    let mut room = Room::skewed(len, skew);
    let mut model = Model::<L, C>::new(room.store());
    for op in ops {
        model.step(op.clone());
    }
    let life = model.life.clone();
    drop(model);
    assert_eq!(Rc::strong_count(&life), 1, "all were dropped");
}

proptest! {
    #![proptest_config(cases::cases(128))]

    #[test]
    fn values_behave_like_the_model(
        len in 200..6000usize,
        skew in 0..64usize,
        ops in vec(prop_oneof![60 => op(), 1 => Just(Op::Clear)], 1..120),
    ) {
        run::<Standard, Unchecked>(len, skew, &ops);
        run::<Standard, Crc32>(len, skew, &ops);
        run::<Narrow, Unchecked>(len, skew, &ops);
        run::<Wide, Unchecked>(len, skew, &ops);
    }
}

/// To grow by half may fail after everything was moved together.
#[test]
fn list_is_found_where_an_attempt_to_grow_has_moved_it() {
    let ops = [
        Op::Number(0),
        Op::Slice(0, 0),
        Op::Slice(13, 0),
        Op::Number(0),
        Op::Space(41),
        Op::Number(0),
        Op::Free(1),
        Op::Line(0),
        Op::Free(2),
        Op::NewList,
        Op::Remove(1),
        Op::Change(1, 211),
        Op::Slice(0, 172),
        Op::Str("&ⵧ𛊁🕴".into()),
        Op::Change(1, 110),
        Op::Free(3),
        Op::Mixed(163),
        Op::Change(1, 182),
    ];
    for len in (600..900).step_by(if cfg!(miri) { 24 } else { 4 }) {
        run::<Standard, Unchecked>(len, 60, &ops);
        run::<Narrow, Unchecked>(len, 60, &ops);
        run::<Wide, Crc32>(len, 60, &ops);
    }
}
