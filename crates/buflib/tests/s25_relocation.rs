//! S25: a heap goes on working in other memory, and lives in a block of another heap.

#[macro_use]
mod common;

use std::mem::MaybeUninit;

use buflib::{Check, Handle, Heap, Layout, Narrow, RegionError, Request, Unchecked};
use common::{Checked, FILLER, Memory, arena_bytes, exact_bytes, mixed, use_all};
use fastrand::Rng;

on_every_heap!(
    copy_has_the_same_blocks,
    copy_goes_on_by_itself,
    copy_needs_no_more_than_blocks_and_table,
    copy_to_more_memory_has_more_room,
    copy_to_uninitialised_memory,
    copy_keeps_alignments_at_any_address,
    immovable_block_refuses_a_copy,
    heap_in_a_block_survives_compaction,
    heap_in_a_block_grows_with_it,
    suspended_heap_refuses_an_address_between_granules,
    suspended_heap_refuses_less_memory,
    suspended_heap_with_an_immovable_block_goes_on_where_it_was,
    suspended_heap_keeps_alignments,
    suspended_heap_without_the_end_it_gave_out,
    suspended_heap_without_the_front_it_gave_out,
    other_bytes_do_no_harm,
);

fn plain(i: usize) -> Request<'static> {
    Request::new(i * 13).name(["", "named"][i % 2])
}

fn aligned(i: usize) -> Request<'static> {
    Request::new(i * 13).align([1, 256, 1, 32][i % 4])
}

fn copy_has_the_same_blocks<L: Layout, C: Check>() {
    let (mut one, mut other) = (Memory::new(4096), Memory::skewed(4096, 5));
    let mut heap = one.checked::<L, C>();
    let handles = mixed(&mut heap, plain);
    let before = heap.picture();
    let copy = Checked::of(heap.copy_to_bytes(other.bytes()).expect("room"));
    assert_eq!(copy.seen(), before.blocks);
    assert_eq!(copy.picture().contents, before.contents);
    assert_eq!(heap.picture(), before);
    for &handle in &handles {
        assert_ne!(copy.address(handle), heap.address(handle));
    }
    copy.expect_filled(handles);
}

fn copy_goes_on_by_itself<L: Layout, C: Check>() {
    let (mut one, mut other) = (Memory::new(4096), Memory::new(4096));
    let mut heap = one.checked::<L, C>();
    let handles = mixed(&mut heap, plain);
    let before = heap.picture();
    let mut copy = Checked::of(heap.copy_to_bytes(other.bytes()).expect("room"));
    copy.free(handles[1]).expect("live block");
    assert!(copy.free(handles[1]).is_err());
    copy.compact().expect("compaction");
    let new = copy.filled(Request::new(300));
    copy.expect_filled([handles[0], handles[2], new]);
    assert_eq!(heap.picture(), before);
    heap.expect_filled(handles);
}

fn copy_needs_no_more_than_blocks_and_table<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = [3, 5, 2].map(|granules| heap.granules(granules));
    let needed = arena_bytes::<L, C>(3, 10);
    let mut exact = Memory::exact::<L>(needed);
    let copy = Checked::of(heap.copy_to_bytes(exact.bytes()).expect("room"));
    copy.expect_filled(handles);
    assert!(copy.available() < L::GRANULE_BYTES);
    let mut short = Memory::exact::<L>(needed - 1);
    let refused = heap.copy_to_bytes(short.bytes()).map(drop);
    let bytes = needed - 1;
    assert_eq!(refused, Err(RegionError::TooSmall { bytes, needed }));
    let mut nothing = [];
    assert!(heap.copy_to_bytes(&mut nothing).is_err());
}

fn copy_to_more_memory_has_more_room<L: Layout, C: Check>() {
    let (mut one, mut other) = (Memory::new(1024), Memory::new(8192));
    let mut heap = one.checked::<L, C>();
    let handle = heap.filled(Request::new(700));
    assert!(heap.resize(handle, 7000).is_err());
    let mut copy = Checked::of(heap.copy_to_bytes(other.bytes()).expect("room"));
    copy.resize(handle, 7000).expect("room");
    copy.expect_front(handle, 700);
}

fn copy_to_uninitialised_memory<L: Layout, C: Check>() {
    let (mut one, mut other) = ([MaybeUninit::uninit(); 2048], [MaybeUninit::uninit(); 4096]);
    let heap = Heap::<L, C>::new(&mut one).expect("a heap");
    let mut heap = Checked::of(heap);
    let handles = mixed(&mut heap, plain);
    let mut copy = Checked::of(heap.copy_to(&mut other).expect("room"));
    let most = copy.allocatable().expect("sound").expect("room");
    let all = copy.alloc(most).expect("room");
    let all = copy.get(all).expect("live block").iter();
    std::hint::black_box(all.map(|&byte| usize::from(byte)).sum::<usize>());
    copy.expect_filled(handles);
}

fn copy_keeps_alignments_at_any_address<L: Layout, C: Check>() {
    let mut memory = Memory::skewed(8192, 24);
    let mut heap = memory.checked::<L, C>();
    let handles = mixed(&mut heap, aligned);
    for skew in [0, 1, 4, 8, 100, 256, 1000] {
        let mut other = Memory::skewed(8192, skew);
        let mut copy = Checked::of(heap.copy_to_bytes(other.bytes()).expect("room"));
        copy.expect_filled(handles.iter().copied());
        copy.compact().expect("compaction");
        copy.expect_filled(handles.iter().copied());
    }
}

fn immovable_block_refuses_a_copy<L: Layout, C: Check>() {
    let (mut one, mut other) = (Memory::new(4096), Memory::new(4096));
    let mut heap = one.checked::<L, C>();
    heap.granules(3);
    let fixed = heap.filled(Request::new(10).immovable());
    let refused = heap.copy_to_bytes(other.bytes()).map(drop);
    let (number, offset) = (fixed.number(), 3 * L::GRANULE_BYTES);
    assert_eq!(refused, Err(RegionError::Immovable { number, offset }));
}

#[test]
fn copy_to_more_than_the_layout_addresses_is_refused() {
    let (mut one, mut other) = (Memory::new(1024), Memory::new(Narrow::MAX_ARENA_BYTES + 1));
    let heap = one.heap::<Narrow, Unchecked>();
    let limit = Narrow::MAX_ARENA_BYTES;
    let refused = heap.copy_to_bytes(other.bytes()).map(drop);
    let bytes = limit + 1;
    assert_eq!(refused, Err(RegionError::TooLarge { bytes, limit }));
}

fn heap_in_a_block_survives_compaction<L: Layout, C: Check>() {
    let mut memory = Memory::new(16 * 1024);
    let mut outer = memory.heap::<L, C>();
    let holes = [7, 1, 20].map(|size| outer.alloc(size).expect("room"));
    let block = outer.alloc(4096).expect("room");
    let mut inner = inside::<L, C>(&mut outer, block);
    let mut handles = mixed(&mut inner, plain);
    let mut suspended = inner.into_heap().suspend();
    for hole in holes {
        let address = outer.get(block).expect("live block").as_ptr();
        outer.free(hole).expect("live block");
        outer.compact().expect("compaction");
        assert_ne!(outer.get(block).expect("live block").as_ptr(), address);
        let memory = outer.get_mut(block).expect("live block");
        let mut inner = Checked::of(suspended.resume(memory).expect("the same bytes"));
        inner.expect_filled(handles.iter().copied());
        inner.free(handles.remove(0)).expect("live block");
        inner.compact().expect("compaction");
        handles.push(inner.filled(Request::new(200)));
        suspended = inner.into_heap().suspend();
        outer.check().expect("sound metadata");
    }
}

fn inside<'o, L: Layout, C: Check>(
    outer: &'o mut Heap<'_, L, C>,
    block: Handle<L>,
) -> Checked<'o, L, C> {
    let memory = outer.get_mut(block).expect("live block");
    Checked::of(Heap::from_bytes(memory).expect("a heap"))
}

fn heap_in_a_block_grows_with_it<L: Layout, C: Check>() {
    let mut memory = Memory::new(16 * 1024);
    let mut outer = memory.heap::<L, C>();
    let block = outer.alloc(1000).expect("room");
    let mut inner = inside::<L, C>(&mut outer, block);
    let handles = [100, 600].map(|size| inner.filled(Request::new(size)));
    assert!(inner.resize(handles[1], 7000).is_err());
    let suspended = inner.into_heap().suspend();
    outer.alloc(10).expect("room");
    outer.resize(block, 8000).expect("room");
    let memory = outer.get_mut(block).expect("live block");
    let mut inner = Checked::of(suspended.resume(memory).expect("more memory"));
    inner.expect_filled(handles);
    inner.resize(handles[1], 7000).expect("room");
    inner.expect_filled([handles[0]]);
    inner.expect_front(handles[1], 600);
}

fn suspended_heap_refuses_an_address_between_granules<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let bytes = memory.bytes();
    let mut heap = Checked::of(Heap::<L, C>::from_bytes(&mut bytes[..2048]).expect("a heap"));
    let handles = mixed(&mut heap, plain);
    let mut suspended = heap.into_heap().suspend();
    for distance in 1..L::GRANULE_BYTES {
        bytes.copy_within(distance - 1..distance + 2047, distance);
        let refused = suspended.resume(&mut bytes[distance..]).expect_err("off");
        let (remainder, expected) = (distance, 0);
        let error = RegionError::Address {
            remainder,
            expected,
        };
        assert_eq!(refused.error, error);
        suspended = refused.returned;
    }
    let distance = L::GRANULE_BYTES;
    bytes.copy_within(distance - 1..distance + 2047, distance);
    let moved = &mut bytes[distance..][..2048];
    Checked::of(suspended.resume(moved).expect("aligned")).expect_filled(handles);
}

fn suspended_heap_refuses_less_memory<L: Layout, C: Check>() {
    let len = exact_bytes::<L>(1024);
    let mut memory = Memory::exact::<L>(len);
    let mut heap = memory.checked::<L, C>();
    let handles = mixed(&mut heap, Request::new);
    let suspended = heap.into_heap().suspend();
    let refused = suspended
        .resume(&mut memory.bytes()[..len - 1])
        .expect_err("less");
    let (bytes, needed) = (len - 1, len);
    assert_eq!(refused.error, RegionError::TooSmall { bytes, needed });
    let heap = refused.returned.resume(memory.bytes()).expect("all of it");
    Checked::of(heap).expect_filled(handles);
}

fn suspended_heap_with_an_immovable_block_goes_on_where_it_was<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let bytes = memory.bytes();
    let mut heap = Checked::of(Heap::<L, C>::from_bytes(&mut bytes[..2048]).expect("a heap"));
    let fixed = heap.filled(Request::new(100).immovable());
    let suspended = heap.into_heap().suspend();
    bytes.copy_within(..2048, 2048);
    let refused = suspended.resume(&mut bytes[2048..]).expect_err("elsewhere");
    let (number, offset) = (fixed.number(), 0);
    assert_eq!(refused.error, RegionError::Immovable { number, offset });
    let heap = refused
        .returned
        .resume(&mut bytes[..2048])
        .expect("where it was");
    Checked::of(heap).expect_filled([fixed]);
}

fn suspended_heap_keeps_alignments<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let bytes = memory.bytes();
    let mut heap = Checked::of(Heap::<L, C>::from_bytes(&mut bytes[..2048]).expect("a heap"));
    let front = heap.filled(Request::new(10));
    let block = heap.filled(Request::new(100).align(64));
    let mut suspended = heap.into_heap().suspend();
    let step = L::GRANULE_BYTES;
    for distance in (step..64).step_by(step) {
        bytes.copy_within(distance - step..distance - step + 2048, distance);
        let refused = suspended.resume(&mut bytes[distance..]).expect_err("off");
        let error = RegionError::Misaligned {
            number: block.number(),
            align: 64,
            distance: distance as isize,
        };
        assert_eq!(refused.error, error);
        suspended = refused.returned;
    }
    bytes.copy_within(64 - step..64 - step + 2048, 64);
    let mut heap = Checked::of(suspended.resume(&mut bytes[64..]).expect("aligned"));
    heap.expect_filled([front, block]);
    // Nothing is aligned to that any more, so that any granule will do.
    heap.free(block).expect("live block");
    let suspended = heap.into_heap().suspend();
    bytes.copy_within(64.., 64 - step);
    let heap = suspended
        .resume(&mut bytes[64 - step..])
        .expect("no alignment");
    Checked::of(heap).expect_filled([front]);
}

fn suspended_heap_without_the_end_it_gave_out<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(2048);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.filled(Request::new(100));
    let free = heap.available();
    heap.run(|heap| heap.give_end(512).map(drop)).expect("room");
    let suspended = heap.into_heap().suspend();
    let heap = suspended.resume(&mut memory.bytes()[..1536]);
    let heap = Checked::of(heap.expect("as much as it has"));
    assert_eq!(heap.available(), free - 512);
    heap.expect_filled([handle]);
    let suspended = heap.into_heap().suspend();
    let heap = Checked::of(suspended.resume(memory.bytes()).expect("more"));
    assert_eq!(heap.available(), free);
    heap.expect_filled([handle]);
}

fn suspended_heap_without_the_front_it_gave_out<L: Layout, C: Check>() {
    let mut memory = Memory::skewed(2048, 3);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.filled(Request::new(100));
    heap.run(|heap| heap.give_front(512).map(drop))
        .expect("room");
    let free = heap.available();
    let suspended = heap.into_heap().suspend();
    memory.bytes()[..512].fill(0x55);
    let mut heap = Checked::of(suspended.resume(memory.bytes()).expect("the same memory"));
    assert_eq!(heap.available(), free);
    heap.filled(Request::new(1000));
    heap.expect_filled([handle]);
    drop(heap);
    assert!(memory.bytes()[..512].iter().all(|&byte| byte == 0x55));
}

/// Results are of no interest: no panic, and nothing outside.
fn other_bytes_do_no_harm<L: Layout, C: Check>() {
    for seed in 0..if cfg!(miri) { 10 } else { 300 } {
        let mut random = Rng::with_seed(seed);
        let mut memory = Memory::exact::<L>(2048);
        let mut heap = memory.checked::<L, C>();
        let handles = mixed(
            &mut heap,
            if seed % 2 == 0 {
                plain
            } else {
                |i| Request::new(i * 9)
            },
        );
        let suspended = heap.into_heap().suspend();
        match seed % 3 {
            0 => memory.bytes().fill(random.u8(..)),
            1 => random.fill(memory.bytes()),
            _ => (0..4).for_each(|_| memory.bytes()[random.usize(..2048)] = random.u8(..)),
        }
        let longer = random.bool();
        let mut elsewhere = Memory::exact::<L>(if longer { 2500 } else { 2048 });
        elsewhere.bytes()[..2048].copy_from_slice(memory.bytes());
        if let Ok(mut heap) = suspended.resume(elsewhere.bytes()) {
            use_all(&mut heap, handles, &mut random);
        }
        assert!(elsewhere.around().all(|byte| byte == FILLER));
    }
}
