//! B8: compaction in bounded steps.

#[macro_use]
mod common;

use buflib::{Answer, Budget, Check, Handle, Layout, Move, Owner, Request, Step};
use common::{Checked, Memory, arena_bytes, payload};

on_every_heap!(
    steps_gather_all_free_space_in_the_end,
    step_stays_within_its_budget,
    step_announces_the_block_that_is_larger_than_its_budget,
    step_of_no_blocks_does_nothing,
    heap_is_usable_between_steps,
    steps_go_on_where_they_ended,
    steps_begin_again_when_the_block_where_they_ended_is_gone,
    steps_leave_immovable_blocks_where_they_are,
    steps_keep_alignments,
    steps_ask_owners,
    step_reports_what_is_left,
    nothing_is_left_to_do_after_a_compaction,
    paced_allocations_gather_half_of_the_free_space,
    paced_allocations_move_nothing_while_half_of_the_free_space_is_at_the_end,
);

const SMALL: Budget = Budget {
    bytes: 200,
    blocks: 6,
};

/// So many blocks, every second of which is then freed.
fn scattered<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>, blocks: usize) -> Vec<Handle<L>> {
    let handles: Vec<_> = (0..blocks).map(|i| heap.granules(2 + i % 3)).collect();
    for &handle in handles.iter().step_by(2) {
        heap.free(handle).expect("live block");
    }
    handles.into_iter().skip(1).step_by(2).collect()
}

fn step<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>, budget: Budget) -> Step {
    heap.run(|heap| heap.compact_step(budget)).expect("a step")
}

fn steps_until_done<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>, budget: Budget) -> usize {
    for count in 1..10_000 {
        if step(heap, budget).done {
            return count;
        }
    }
    panic!("steps without end");
}

fn steps_gather_all_free_space_in_the_end<L: Layout, C: Check>() {
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    let kept = scattered(&mut heap, 100);
    let steps = steps_until_done(&mut heap, SMALL);
    assert!(steps > 10, "{steps} steps");
    assert_eq!(heap.holes(), []);
    heap.expect_filled(kept);
    assert_eq!(heap.compact().expect("compaction").moves, 0);
}

fn step_stays_within_its_budget<L: Layout, C: Check>() {
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    scattered(&mut heap, 100);
    loop {
        let step = step(&mut heap, SMALL);
        assert!(step.looked_at <= SMALL.blocks && step.bytes_moved <= SMALL.bytes);
        if step.done {
            break;
        }
    }
}

fn step_announces_the_block_that_is_larger_than_its_budget<L: Layout, C: Check>() {
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    let (first, large) = (heap.granules(40), heap.granules(100));
    heap.granules(1);
    heap.free(first).expect("live block");
    let bytes = heap
        .seen()
        .iter()
        .find(|block| block.handle == Some(large))
        .expect("large")
        .bytes;
    let budget = Budget {
        bytes: 100,
        blocks: 50,
    };
    let before = step(&mut heap, budget);
    assert_eq!((before.moves, before.next_bytes), (0, Some(bytes)));
    let then = step(&mut heap, budget);
    assert_eq!((then.moves, then.bytes_moved), (1, bytes));
    heap.expect_filled([large]);
}

fn step_of_no_blocks_does_nothing<L: Layout, C: Check>() {
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    scattered(&mut heap, 20);
    let before = heap.picture();
    let step = step(
        &mut heap,
        Budget {
            bytes: 1000,
            blocks: 0,
        },
    );
    assert_eq!((step.moves, step.looked_at, step.done), (0, 0, false));
    assert_eq!(heap.picture(), before);
}

fn heap_is_usable_between_steps<L: Layout, C: Check>() {
    let mut random = fastrand::Rng::with_seed(8);
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    let mut live = scattered(&mut heap, 100);
    for _ in 0..if cfg!(miri) { 20 } else { 600 } {
        step(&mut heap, SMALL);
        if random.bool() && !live.is_empty() {
            let gone = live.swap_remove(random.usize(..live.len()));
            heap.free(gone).expect("live block");
        } else if let Ok(handle) = heap.alloc(random.usize(..200)) {
            heap.fill(handle);
            live.push(handle);
        }
        heap.expect_filled(live.iter().copied());
    }
}

fn steps_go_on_where_they_ended<L: Layout, C: Check>() {
    let mut memory = Memory::new(32 * 1024);
    let mut heap = memory.checked::<L, C>();
    // The free space is at the front, so each step moves what it looks at.
    let first = heap.granules(3);
    let kept: Vec<_> = (0..60).map(|_| heap.granules(2)).collect();
    heap.free(first).expect("live block");
    let budget = Budget {
        bytes: usize::MAX / 2,
        blocks: 10,
    };
    let moves: Vec<_> = (0..6).map(|_| step(&mut heap, budget).moves).collect();
    assert!(moves.iter().all(|&moves| moves >= 8), "{moves:?}");
    heap.expect_filled(kept);
}

fn steps_begin_again_when_the_block_where_they_ended_is_gone<L: Layout, C: Check>() {
    let mut memory = Memory::new(32 * 1024);
    let mut heap = memory.checked::<L, C>();
    let mut kept = scattered(&mut heap, 60);
    while kept.len() > 10 {
        step(&mut heap, SMALL);
        // One of these was the last that the step looked at.
        heap.free(kept.remove(kept.len() / 2)).expect("live block");
        heap.free(kept.remove(0)).expect("live block");
    }
    steps_until_done(&mut heap, SMALL);
    assert_eq!(heap.holes(), []);
    heap.expect_filled(kept);
}

fn steps_leave_immovable_blocks_where_they_are<L: Layout, C: Check>() {
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    let mut kept = scattered(&mut heap, 20);
    let fixed = heap.filled(Request::new(payload::<L>(4)).immovable());
    kept.extend(scattered(&mut heap, 20));
    let address = heap.address(fixed);
    steps_until_done(&mut heap, SMALL);
    assert_eq!(heap.address(fixed), address);
    assert_eq!(
        heap.holes().len(),
        1,
        "one hole in front of the immovable block"
    );
    heap.expect_filled(kept.into_iter().chain([fixed]));
}

fn steps_keep_alignments<L: Layout, C: Check>() {
    let mut memory = Memory::new(32 * 1024);
    let mut heap = memory.checked::<L, C>();
    let handles: Vec<_> = (0..40)
        .map(|i| heap.filled(Request::new(50).align(8 << (i % 5))))
        .collect();
    for &handle in handles.iter().step_by(3) {
        heap.free(handle).expect("live block");
    }
    steps_until_done(&mut heap, SMALL);
    for (i, &handle) in handles.iter().enumerate().filter(|(i, _)| i % 3 > 0) {
        assert_eq!(heap.address(handle) % (8 << (i % 5)), 0);
        heap.expect_filled([handle]);
    }
}

#[derive(Default)]
struct Stubborn {
    asked: usize,
    refuses: bool,
}

impl<L: Layout, C: Check> Owner<L, C> for Stubborn {
    type Tag = ();

    fn before_move(&mut self, _: &Move<(), L>) -> Answer {
        self.asked += 1;
        if self.refuses {
            Answer::Refuse
        } else {
            Answer::Agree
        }
    }
}

fn steps_ask_owners<L: Layout, C: Check>() {
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    let first = heap.granules(5);
    let owned = heap.filled(Request::new(50).owner(()));
    heap.granules(1);
    heap.free(first).expect("live block");
    let budget = Budget {
        bytes: 1000,
        blocks: 100,
    };
    let address = heap.address(owned);
    assert_eq!(step(&mut heap, budget).refused, 1, "nobody is there to ask");
    let mut owner = Stubborn {
        asked: 0,
        refuses: true,
    };
    let refused = heap
        .run(|heap| heap.with(&mut owner).compact_step(budget))
        .expect("a step");
    assert_eq!(
        (owner.asked, refused.refused, heap.address(owned)),
        (1, 1, address)
    );
    owner.refuses = false;
    let agreed = heap
        .run(|heap| heap.with(&mut owner).compact_step(budget))
        .expect("a step");
    assert_eq!((owner.asked, agreed.refused), (2, 0));
    assert!(heap.address(owned) < address);
    heap.expect_filled([owned]);
}

fn step_reports_what_is_left<L: Layout, C: Check>() {
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    scattered(&mut heap, 50);
    loop {
        let step = step(&mut heap, SMALL);
        assert_eq!(step.left_bytes, heap.holes().iter().sum::<usize>());
        if step.done {
            assert_eq!(step.left_bytes, 0);
            break;
        }
    }
}

fn nothing_is_left_to_do_after_a_compaction<L: Layout, C: Check>() {
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    scattered(&mut heap, 50);
    heap.compact().expect("compaction");
    let step = step(&mut heap, SMALL);
    assert_eq!(
        (step.done, step.moves, step.looked_at, step.left_bytes),
        (true, 0, 0, 0)
    );
}

fn paced<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>) {
    heap.run(|heap| heap.with(&mut ()).paced(SMALL).alloc(0))
        .expect("room");
}

fn paced_allocations_gather_half_of_the_free_space<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(60, 60 * 3));
    let mut heap = memory.checked::<L, C>();
    let kept = scattered(&mut heap, 60);
    let moves = heap.stats().moves;
    for _ in 0..40 {
        paced(&mut heap);
    }
    assert!(heap.stats().moves > moves);
    let holes = heap.holes().iter().sum::<usize>();
    let free = heap.stats().free_bytes;
    assert!(
        holes <= free / 2 + 2 * L::GRANULE_BYTES,
        "{holes} of {free}"
    );
    heap.expect_filled(kept);
}

fn paced_allocations_move_nothing_while_half_of_the_free_space_is_at_the_end<
    L: Layout,
    C: Check,
>() {
    let mut memory = Memory::new(16 * 1024);
    let mut heap = memory.checked::<L, C>();
    let kept = scattered(&mut heap, 60);
    let moves = heap.stats().moves;
    for _ in 0..20 {
        paced(&mut heap);
    }
    assert_eq!(heap.stats().moves, moves);
    heap.expect_filled(kept);
}
