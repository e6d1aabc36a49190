//! That states which are merged go on alike, and that what is wrong would be noticed.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;

use buflib::{Check, Crc32, Layout, Narrow, Ordered, Standard, Unchecked, Wide};

use super::op::{Kind, Op};
use super::plan::{Depths, Plan};
use super::search::{Search, likeness};
use super::world::World;
use crate::memory::{Memory, Pattern, payload};

const DEPTHS: Depths = Depths {
    tiny: 4,
    mixed: 3,
    classes: 2,
};

/// The state behind a program, and what can be done there.
fn go<L: Layout, C: Check>(plan: &Plan, program: &[Op]) -> (u128, Vec<Op>) {
    let (mut memory, pattern) = (Memory::new::<L>(plan.bytes), Pattern::new(plan.bytes));
    let mut world = World::<L, C>::new(&mut memory, &pattern).unwrap();
    for &op in program {
        world.apply(op).unwrap();
    }
    (likeness(&mut world).unwrap(), plan.ops(&world.known))
}

/// Where two programs lead to states that are merged, whatever is done next leads to such states again. Returns
/// how many programs were compared with another one.
fn merged_states_go_on_alike<L: Layout, C: Check>(plan: &Plan) -> usize {
    let mut next: HashMap<u128, Vec<(Op, u128)>> = HashMap::new();
    let (mut level, mut compared) = (vec![Vec::new()], 0);
    for _ in 0..plan.depth {
        let mut further = Vec::new();
        for program in level {
            let (state, ops) = go::<L, C>(plan, &program);
            let ways = ops.into_iter().map(|op| {
                let program = [&program[..], &[op]].concat();
                let (after, _) = go::<L, C>(plan, &program);
                further.push(program);
                (op, after)
            });
            let ways: Vec<_> = ways.collect();
            if let Some(known) = next.get(&state) {
                assert_eq!(*known, ways, "{program:?}");
                compared += 1;
            }
            next.insert(state, ways);
        }
        level = further;
    }
    compared
}

#[test]
fn states_that_are_merged_go_on_alike() {
    let mut compared = 0;
    for plan in Plan::all::<Narrow, Unchecked>(15, &DEPTHS) {
        compared += merged_states_go_on_alike::<Narrow, Unchecked>(&plan);
    }
    for plan in Plan::all::<Standard, Unchecked>(127, &DEPTHS)
        .iter()
        .take(2)
    {
        compared += merged_states_go_on_alike::<Standard, Unchecked>(plan);
    }
    for plan in Plan::all::<Ordered, Crc32>(127, &DEPTHS).iter().take(2) {
        compared += merged_states_go_on_alike::<Ordered, Crc32>(plan);
    }
    assert!(compared > 500, "{compared}");
}

/// As many states as there are, and the same each time.
#[test]
fn search_counts_all_states() {
    let plans = Plan::all::<Narrow, Unchecked>(15, &DEPTHS);
    let search = || {
        let watched = AtomicUsize::new(0);
        Search::new::<Narrow>(&plans[0], &watched).run::<Narrow, Unchecked>()
    };
    let (first, second) = (search().unwrap(), search().unwrap());
    assert_eq!(first.states, second.states);
    assert_eq!(first.states.len(), 5);
    assert_eq!(
        first.states[..2],
        [1, 4],
        "two sizes, one immovable, and the rest"
    );
}

const ALLOC: Op = Op::Alloc {
    size: 9,
    kind: Kind::Plain,
    asked: false,
};

fn with_two_blocks<L: Layout, C: Check>(look: impl FnOnce(&mut World<'_, '_, L, C>)) {
    let (mut memory, pattern) = (Memory::new::<L>(512), Pattern::new(512));
    let mut world = World::<L, C>::new(&mut memory, &pattern).unwrap();
    world.apply(ALLOC).unwrap();
    world.apply(ALLOC).unwrap();
    world.verify(false).unwrap();
    look(&mut world);
}

#[test]
fn changed_contents_are_noticed() {
    with_two_blocks::<Wide, Crc32>(|world| {
        let handle = world.known.blocks[1].handle;
        world.heap.get_mut(handle).unwrap()[3] ^= 1;
        world.verify(false).unwrap_err();
    });
}

#[test]
fn lost_block_is_noticed() {
    with_two_blocks::<Narrow, Unchecked>(|world| {
        let handle = world.known.blocks[0].handle;
        world.heap.free(handle).unwrap();
        world.verify(false).unwrap_err();
    });
}

#[test]
fn move_of_what_stays_is_noticed() {
    with_two_blocks::<Standard, Unchecked>(|world| {
        world.apply(Op::Free(1)).unwrap();
        world.known.blocks[0].immovable = true;
        world.heap.compact().unwrap();
        world.verify(false).unwrap_err();
    });
}

/// What is said to fit does, to the granule, and a granule more does not.
#[test]
fn what_fits_is_computed_to_the_granule() {
    with_two_blocks::<Standard, Unchecked>(|world| {
        world.apply(Op::Free(1)).unwrap();
        let said = world.row().allocatable_when_slid(1).unwrap();
        assert_eq!(world.heap.allocatable(), Ok(Some(said)));
        let granules = (1..100).rfind(|&granules| world.row().fits_when_slid(granules, 1));
        assert_eq!(payload::<Standard>(granules.unwrap()), said);
        assert!(world.row().fits_when_grown(2, said));
        assert!(!world.row().fits_when_grown(2, 512));
    });
}

/// A heap that refuses what fits: here because more is in use than is known.
#[test]
fn refusal_of_what_fits_is_noticed() {
    with_two_blocks::<Narrow, Crc32>(|world| {
        let rest = world.heap.allocatable().unwrap().unwrap();
        world.heap.alloc(rest).unwrap();
        let trouble = world.apply(ALLOC).map(drop).unwrap_err();
        assert!(trouble.contains("though it fits"), "{trouble}");
    });
}
