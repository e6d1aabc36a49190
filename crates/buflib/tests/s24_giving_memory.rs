//! S24: memory is given out at the front and at the end, and taken back.

#[macro_use]
mod common;

use std::mem::MaybeUninit;

use buflib::{Check, Error, Given, Heap, Layout, Narrow, RegionError, Request, Unchecked};
use common::{FILLER, Memory, Model, Op, flip, mixed, payload};
use fastrand::Rng;

on_every_heap!(
    blocks_move_up_by_what_is_given_out,
    no_bytes_are_an_empty_slice,
    what_is_free_is_given_where_more_is_asked_for,
    free_space_between_blocks_is_gathered_for_the_front,
    immovable_block_refuses_the_front,
    aligned_blocks_stay_aligned,
    front_comes_back_and_nothing_moves,
    front_comes_back_beside_an_immovable_block,
    fronts_come_back_in_reverse_order,
    table_moves_down_by_what_is_given_out_at_the_end,
    immovable_block_does_not_matter_at_the_end,
    free_space_between_blocks_is_gathered_for_the_end,
    end_comes_back,
    front_and_end_are_not_mixed_up,
    memory_of_a_neighbour_is_refused,
    unused_memory_is_initialised,
    damaged_heap_takes_no_front_back,
    heap_of_memory_given_out,
    memory_passed_on_comes_back,
    random_gives_and_takes_beside_the_model,
);

/// Names, and sizes of all remainders.
fn plain(i: usize) -> Request<'static> {
    Request::new(i * 13).name(["", "named"][i % 2])
}

fn blocks_move_up_by_what_is_given_out<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = mixed(&mut heap, plain);
    let before: Vec<_> = handles.iter().map(|&handle| heap.address(handle)).collect();
    let offsets = heap.seen();
    let mut front = heap.run(|heap| heap.give_front(100)).expect("room");
    assert_eq!(front.len(), 100usize.next_multiple_of(L::GRANULE_BYTES));
    front.fill(0x55);
    for (&handle, before) in handles.iter().zip(before) {
        assert_eq!(heap.address(handle), before + front.len());
    }
    assert_eq!(heap.seen(), offsets);
    heap.expect_filled(handles);
    heap.filled(Request::new(500));
    assert!(front.iter().all(|&byte| byte == 0x55));
    drop((front, heap));
    assert!(memory.around().all(|byte| byte == FILLER));
}

fn no_bytes_are_an_empty_slice<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.filled(Request::new(10));
    let before = heap.picture();
    let front = heap.run(|heap| heap.give_front(0)).expect("nothing");
    let end = heap.run(|heap| heap.give_end(0)).expect("nothing");
    assert!(front.is_empty() && end.is_empty());
    // Nothing is adjacent to everything.
    heap.run(|heap| heap.take_end(front)).expect("nothing");
    heap.run(|heap| heap.take_front(end)).expect("nothing");
    assert_eq!(heap.picture(), before);
    heap.expect_filled([handle]);
}

fn what_is_free_is_given_where_more_is_asked_for<L: Layout, C: Check>() {
    for end in [false, true] {
        let mut memory = Memory::new(4096);
        let mut heap = memory.checked::<L, C>();
        let handles = mixed(&mut heap, plain);
        let free = heap.available();
        let give = |heap: &mut Heap<'_, L, C>| {
            let asked = if free % 2 == 0 { free + 1 } else { usize::MAX };
            let given = if end {
                heap.give_end(asked)
            } else {
                heap.give_front(asked)
            };
            given.expect("some").len()
        };
        let given = heap.run(give);
        // Vacant table entries go with what is free.
        assert!(given >= free && given < free + 64, "{given} of {free}");
        assert!(heap.available() < L::GRANULE_BYTES);
        assert_eq!(heap.run(give), 0);
        assert!(matches!(heap.alloc(100), Err(Error::Exhausted { .. })));
        heap.expect_filled(handles);
    }
}

fn free_space_between_blocks_is_gathered_for_the_front<L: Layout, C: Check>() {
    gathered::<L, C>(|heap, bytes| heap.give_front(bytes).expect("room").len());
}

fn free_space_between_blocks_is_gathered_for_the_end<L: Layout, C: Check>() {
    gathered::<L, C>(|heap, bytes| heap.give_end(bytes).expect("room").len());
}

fn gathered<L: Layout, C: Check>(give: fn(&mut Heap<'_, L, C>, usize) -> usize) {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let hole = heap.granules(40);
    let kept = heap.granules(3);
    let rest = heap.allocatable().expect("sound").expect("room");
    let behind = heap.filled(Request::new(rest));
    heap.free(hole).expect("live block");
    let wanted = 40 * L::GRANULE_BYTES;
    assert_eq!(heap.run(|heap| give(heap, wanted)), wanted);
    heap.expect_filled([kept, behind]);
}

fn immovable_block_refuses_the_front<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let hole = heap.granules(40);
    let free = heap.granules(2);
    let fixed = heap.filled(Request::new(10).immovable());
    heap.filled(Request::new(20).immovable());
    heap.free(hole).expect("live block");
    let before = heap.picture();
    let refused = heap.run(|heap| heap.give_front(8).map(drop));
    let (number, offset) = (fixed.number(), 42 * L::GRANULE_BYTES);
    assert_eq!(refused, Err(RegionError::Immovable { number, offset }));
    assert_eq!(heap.picture(), before);
    heap.expect_filled([free, fixed]);
}

fn aligned_blocks_stay_aligned<L: Layout, C: Check>() {
    for (asked, room) in [(1, true), (64, true), (100, true), (usize::MAX, false)] {
        let mut memory = Memory::new(4096);
        let mut heap = memory.checked::<L, C>();
        let handles = [1, 64, 32, 1].map(|align| heap.filled(Request::new(10).align(align)));
        let free = heap.available();
        let given = heap.run(|heap| heap.give_front(asked).map(|given| given.len()));
        let given = given.expect("room");
        assert_eq!(given % 64, 0);
        if room {
            assert_eq!(given, asked.next_multiple_of(64));
        } else {
            assert!(given > free - 3 * 64);
        }
        assert_eq!(heap.address(handles[1]) % 64, 0);
        assert_eq!(heap.address(handles[2]) % 32, 0);
        heap.expect_filled(handles);
    }
}

fn front_comes_back_and_nothing_moves<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = mixed(&mut heap, plain);
    let (free, front) = (heap.available(), heap.run(|heap| heap.give_front(200)));
    let front = front.expect("room");
    let addresses = handles
        .clone()
        .into_iter()
        .map(|handle| heap.address(handle));
    let addresses: Vec<_> = addresses.collect();
    heap.run(|heap| heap.take_front(front))
        .expect("its own front");
    for (&handle, before) in handles.iter().zip(addresses) {
        assert_eq!(heap.address(handle), before);
    }
    assert_eq!(heap.available(), free);
    heap.expect_filled(handles);
    let most = heap.allocatable().expect("sound").expect("room");
    assert!(most > free - 100);
    heap.filled(Request::new(most));
}

fn front_comes_back_beside_an_immovable_block<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let front = heap.run(|heap| heap.give_front(1000)).expect("room");
    let fixed = heap.filled(Request::new(50).align(64).immovable());
    let address = heap.address(fixed);
    heap.run(|heap| heap.take_front(front))
        .expect("its own front");
    assert_eq!(heap.address(fixed), address);
    heap.compact().expect("compaction");
    assert_eq!(heap.address(fixed), address);
    let in_front = heap.filled(Request::new(900));
    assert!(heap.address(in_front) < address);
    heap.expect_filled([fixed]);
}

fn fronts_come_back_in_reverse_order<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.filled(Request::new(50));
    let free = heap.available();
    let first = heap.run(|heap| heap.give_front(64)).expect("room");
    let second = heap.run(|heap| heap.give_front(64)).expect("room");
    let before = heap.picture();
    let refused = heap
        .run(|heap| heap.take_front(first))
        .expect_err("the wrong one");
    assert_eq!(heap.picture(), before);
    let first = refused.returned;
    let found = first.as_ptr_range().end.addr();
    let expected = second.as_ptr_range().end.addr();
    assert_eq!(refused.error, RegionError::NotAdjacent { found, expected });
    heap.run(|heap| heap.take_front(second)).expect("the last");
    heap.run(|heap| heap.take_front(first)).expect("the first");
    assert_eq!(heap.available(), free);
    heap.expect_filled([handle]);
}

fn table_moves_down_by_what_is_given_out_at_the_end<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = mixed(&mut heap, plain);
    let (before, free) = (heap.seen(), heap.available());
    let mut end = heap.run(|heap| heap.give_end(101)).expect("room");
    assert_eq!(end.len(), 101usize.next_multiple_of(L::ENTRY_BYTES));
    end.fill(0x55);
    assert_eq!(heap.seen(), before);
    let lost = free - heap.available();
    assert!(lost.abs_diff(end.len()) < L::GRANULE_BYTES, "{lost}");
    heap.expect_filled(handles);
    heap.filled(Request::new(500));
    assert!(end.iter().all(|&byte| byte == 0x55));
    drop((end, heap));
    assert!(memory.around().all(|byte| byte == FILLER));
}

fn immovable_block_does_not_matter_at_the_end<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let fixed = heap.filled(Request::new(50).immovable());
    let address = heap.address(fixed);
    assert_eq!(
        heap.run(|heap| heap.give_end(512)).expect("room").len(),
        512
    );
    assert_eq!(heap.address(fixed), address);
    heap.expect_filled([fixed]);
}

fn end_comes_back<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = mixed(&mut heap, plain);
    let before = heap.picture();
    let first = heap.run(|heap| heap.give_end(64)).expect("room");
    let second = heap.run(|heap| heap.give_end(1000)).expect("room");
    let refused = heap
        .run(|heap| heap.take_end(first))
        .expect_err("the wrong one");
    let found = refused.returned.as_ptr().addr();
    let expected = second.as_ptr().addr();
    assert_eq!(refused.error, RegionError::NotAdjacent { found, expected });
    heap.run(|heap| heap.take_end(second)).expect("the last");
    heap.run(|heap| heap.take_end(refused.returned))
        .expect("the first");
    assert_eq!(heap.picture(), before);
    heap.expect_filled(handles);
}

fn front_and_end_are_not_mixed_up<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let front = heap.run(|heap| heap.give_front(64)).expect("room");
    let end = heap.run(|heap| heap.give_end(64)).expect("room");
    let front = heap
        .run(|heap| heap.take_end(front))
        .expect_err("a front")
        .returned;
    let end = heap
        .run(|heap| heap.take_front(end))
        .expect_err("an end")
        .returned;
    heap.run(|heap| heap.take_front(front)).expect("a front");
    heap.run(|heap| heap.take_end(end)).expect("an end");
}

/// Addresses alone would fit.
fn memory_of_a_neighbour_is_refused<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let at = 1024 + L::GRANULE_BYTES - L::HEADER_BYTES;
    let (left, right) = memory.bytes().split_at_mut(at);
    let mut left = Heap::<L, C>::from_bytes(left).expect("a heap");
    let mut right = Heap::<L, C>::from_bytes(right).expect("a heap");
    let end = left.give_end(64).expect("room");
    let front = right.give_front(0).expect("nothing");
    right.take_front(front).expect("nothing");
    let refused = right.take_front(end).expect_err("not its own");
    let RegionError::NotAdjacent { found, expected } = refused.error else {
        panic!("{}", refused.error);
    };
    assert_eq!(found == expected, may_be_adjacent::<L>());
    left.take_end(refused.returned).expect("its own");
    let front = right.give_front(64).expect("room");
    let refused = left.take_end(front).expect_err("not its own");
    right.take_front(refused.returned).expect("its own");
    left.check().and(right.check()).expect("sound metadata");
}

fn unused_memory_is_initialised<L: Layout, C: Check>() {
    let mut memory = [MaybeUninit::uninit(); 4096];
    let mut heap = Heap::<L, C>::new(&mut memory).expect("a heap");
    let handle = heap.alloc(20).expect("room");
    heap.get_mut(handle).expect("live block").fill(7);
    let sum = |given: &Given<'_>| given.iter().map(|&byte| usize::from(byte)).sum::<usize>();
    let front = heap.give_front(1000).expect("room");
    assert!(sum(&front) < 64 * 255);
    let end = heap.give_end(1000).expect("room");
    assert!(sum(&end) < 64 * 255);
    heap.take_front(front).expect("its own");
    heap.take_end(end).expect("its own");
    assert_eq!(heap.get(handle).expect("live block"), [7; 20]);
    let all = heap.allocatable().expect("sound").expect("room");
    let all = heap.alloc(all).expect("room");
    let all = heap.get(all).expect("live block");
    std::hint::black_box(all.iter().map(|&byte| usize::from(byte)).sum::<usize>());
    heap.check().expect("sound metadata");
}

fn damaged_heap_takes_no_front_back<L: Layout, C: Check>() {
    if cfg!(miri) {
        return;
    }
    let mut memory = Memory::exact::<L>(1024);
    let mut heap = memory.checked::<L, C>();
    let anchor = heap.filled(Request::new(8));
    let other = heap.filled(Request::new(payload::<L>(4)));
    let front = heap.run(|heap| heap.give_front(64)).expect("room");
    let offset = heap.seen()[1].offset;
    // The lowest bits of the length, in either byte order one of the two.
    heap.run_damaged(|heap| {
        flip(heap, anchor, 0, offset, 7);
        flip(heap, anchor, 0, offset + L::HEADER_BYTES - 1, 7);
        let address = heap.get(anchor).expect("live block").as_ptr();
        let refused = heap.take_front(front).expect_err("damage");
        assert!(
            matches!(refused.error, RegionError::Corrupt(_)),
            "{refused}"
        );
        assert_eq!(refused.returned.len(), 64);
        assert_eq!(heap.get(anchor).expect("live block").as_ptr(), address);
    });
    assert!(heap.contains(other) || heap.check().is_err());
}

/// What is given out is good for another heap, and for that heap's own gifts.
fn heap_of_memory_given_out<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut outer = memory.checked::<L, C>();
    let handle = outer.filled(Request::new(50));
    let mut front = outer.run(|heap| heap.give_front(1024)).expect("room");
    let mut inner = Heap::<L, C>::from_bytes(&mut front).expect("a heap");
    let end = inner.give_end(64).expect("room");
    let other = inner.alloc(100).expect("room");
    inner.get_mut(other).expect("live block").fill(9);
    inner.take_end(end).expect("its own");
    assert_eq!(inner.get(other).expect("live block"), [9; 100]);
    outer.run(|heap| heap.take_front(front)).expect("its own");
    outer.expect_filled([handle]);
}

/// Whether an arena may start at the address where another one ends.
fn may_be_adjacent<L: Layout>() -> bool {
    (L::GRANULE_BYTES - L::HEADER_BYTES) % L::ENTRY_BYTES == 0
}

/// It was given out by the one and lies in the other's buffer: whoever has it has it alone.
fn memory_passed_on_comes_back<L: Layout, C: Check>() {
    if !may_be_adjacent::<L>() {
        return;
    }
    let mut memory = Memory::exact::<L>(4096);
    let mut outer = memory.checked::<L, C>();
    let handle = outer.filled(Request::new(50));
    let front = outer.run(|heap| heap.give_front(1024)).expect("room");
    let mut inner = Heap::<L, C>::from_bytes(front.into_slice()).expect("a heap");
    let other = inner.alloc(100).expect("room");
    inner.get_mut(other).expect("live block").fill(9);
    let mut end = inner.give_end(64).expect("room");
    end.fill(8);
    outer.run(|heap| heap.take_front(end)).expect("adjacent");
    let most = outer.allocatable().expect("sound").expect("room");
    let all = outer.filled(Request::new(most));
    assert_eq!(inner.get(other).expect("live block"), [9; 100]);
    inner.check().expect("sound metadata");
    outer.expect_filled([handle, all]);
}

fn random_gives_and_takes_beside_the_model<L: Layout, C: Check>() {
    for seed in 0..if cfg!(miri) { 1 } else { 8 } {
        let mut random = Rng::with_seed(seed);
        let mut memory = Memory::skewed(8 * 1024, random.usize(..64));
        let mut model = Model::<L, C>::new(memory.heap());
        let (mut fronts, mut ends) = (Vec::new(), Vec::new());
        let mut given = 0;
        for step in 0..if cfg!(miri) { 60 } else { 600 } {
            let bytes = random.usize(..700);
            match random.u8(..20) {
                0..=1 => match model.heap.give_front(bytes) {
                    Ok(mut front) if !front.is_empty() => {
                        front.fill(step as u8);
                        given += 1;
                        fronts.push((front, step as u8));
                    }
                    Ok(_) => {}
                    Err(error) => assert!(
                        matches!(error, RegionError::Immovable { .. })
                            && model.known.iter().any(|block| block.fixed.is_some())
                    ),
                },
                2..=3 => {
                    let mut end = model.heap.give_end(bytes).expect("sound");
                    end.fill(step as u8);
                    given += 1;
                    ends.push((end, step as u8));
                }
                4..=5 => {
                    if let Some((front, _)) = fronts.pop() {
                        model.heap.take_front(front).expect("the last");
                    }
                }
                6..=7 => {
                    if let Some((end, _)) = ends.pop() {
                        model.heap.take_end(end).expect("the last");
                    }
                }
                8..=10 => model.free(bytes),
                11..=12 => model.resize(bytes, bytes / 3),
                13 => model.step(Op::Compact),
                _ => {
                    let align = if step % 7 == 0 { 64 } else { 1 };
                    let name = if step % 5 == 0 { "named" } else { "" };
                    model.alloc(bytes / 3, align, step % 97 == 96, name.into());
                }
            }
            model.verify();
            for (kept, value) in fronts.iter().chain(&ends) {
                assert!(
                    kept.iter().all(|byte| byte == value),
                    "memory given out was written"
                );
            }
        }
        assert!(given > 20 || cfg!(miri));
    }
}

/// With the blocks up to where they were, the layout could not name the end of the last.
#[test]
fn largest_arena_takes_no_more_than_it_can_address() {
    fn largest<C: Check>() {
        let mut memory = Memory::exact::<Narrow>(Narrow::MAX_ARENA_BYTES);
        let mut heap = memory.checked::<Narrow, C>();
        let front = heap.run(|heap| heap.give_front(8)).expect("room");
        let (all, bytes) = heap.alloc_maximum().expect("room");
        heap.fill(all);
        let refused = heap
            .run(|heap| heap.take_front(front))
            .expect_err("too large");
        let limit = Narrow::MAX_ARENA_BYTES;
        assert_eq!(
            refused.error,
            RegionError::TooLarge {
                bytes: limit,
                limit
            }
        );
        heap.expect_filled([all]);
        heap.resize(all, bytes - 100).expect("smaller");
        heap.run(|heap| heap.take_front(refused.returned))
            .expect("its own");
        heap.expect_filled([all]);
    }
    largest::<Unchecked>();
}
