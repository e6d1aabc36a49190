//! B12: what the heap offers to code in other languages, and to heaps too small to keep their own state.

#[macro_use]
mod common;

use std::ptr::NonNull;

use buflib::{
    Answer, Check, Given, Handle, Heap, Layout, Move, Owner, Request, Small, Sync, Unchecked,
};
use common::{Checked, FILLER, Memory, mixed, payload};

on_every_heap!(
    owner_finds_all_blocks_where_they_say_while_they_move,
    block_is_found_by_its_address,
    heap_is_made_again_of_its_outline,
    outline_of_other_memory_is_refused,
    heap_goes_on_where_its_bytes_are_copied,
    heap_with_an_immovable_block_refuses_to_go,
    free_front_is_given_up_to_an_immovable_block,
    memory_comes_back_in_parts,
);

/// Looks at every block whenever it is asked or told something.
struct Watcher<L: Layout> {
    blocks: Vec<(Handle<L>, Vec<u8>)>,
    looked: usize,
}

impl<L: Layout> Watcher<L> {
    fn look<C: Check>(&mut self, heap: &Heap<'_, L, C>) {
        for (handle, bytes) in &self.blocks {
            assert_eq!(heap.get(*handle).expect("where it says"), bytes);
        }
        self.looked += 1;
    }
}

impl<L: Layout, C: Check> Owner<L, C> for Watcher<L> {
    type Tag = u32;

    fn before_move_in(&mut self, heap: &Heap<'_, L, C>, ask: &Move<u32, L>) -> Answer {
        let bytes = heap.get(ask.handle).expect("live block");
        assert_eq!((bytes.as_ptr().addr(), bytes.len()), (ask.from, ask.bytes));
        self.look(heap);
        Answer::Agree
    }

    fn synchronise_in(&mut self, heap: &Heap<'_, L, C>, _: Handle<L>, _: u32, _: Sync) {
        self.look(heap);
    }
}

fn owner_finds_all_blocks_where_they_say_while_they_move<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(3);
    // Plain ones in front of owned ones: those move together, once nobody looks.
    let handles: Vec<_> = (0..20)
        .map(|i| {
            let request = Request::new(i * 7);
            let owned = i % 5 == 4;
            heap.filled(if owned {
                request.owner(i as u32)
            } else {
                request
            })
        })
        .collect();
    heap.free(front).expect("live block");
    let blocks = handles
        .iter()
        .map(|&handle| (handle, heap.get(handle).expect("live").to_vec()));
    let mut owner = Watcher {
        blocks: blocks.collect(),
        looked: 0,
    };
    let done = heap
        .with(&mut owner, |with| with.compact())
        .expect("compaction");
    assert_eq!((done.moves, owner.looked), (20, 12));
    heap.expect_filled(handles);
}

fn block_is_found_by_its_address<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handles = mixed(&mut heap, |i| Request::new(i * 13).align([1, 64][i % 2]));
    heap.shrink(handles[5], 9..20).expect("a part");
    heap.pin(handles[2]).expect("room");
    let start = heap.address(handles[0]) - 200;
    let mut found = Vec::new();
    for address in start..start + 4400 {
        found.extend(heap.handle_at(address).map(|handle| (handle, address)));
    }
    for &(handle, address) in &found {
        assert_eq!(heap.address(handle), address);
    }
    let live = heap
        .allocations()
        .filter_map(|block| block.expect("in order").handle);
    let mut live: Vec<_> = live.collect();
    let mut found: Vec<_> = found.into_iter().map(|(handle, _)| handle).collect();
    live.sort();
    found.sort();
    assert_eq!(found, live);
    assert_eq!(heap.handle_at(0), None);
    assert_eq!(heap.handle_at(usize::MAX), None);
}

fn heap_is_made_again_of_its_outline<L: Layout, C: Check>() {
    let mut memory = Memory::skewed(2048, 3);
    let mut random = fastrand::Rng::with_seed(12);
    let mut outline = memory.heap::<L, C>().outline();
    let mut live: Vec<(Handle<L>, u8, usize)> = Vec::new();
    for step in 0..if cfg!(miri) { 30 } else { 400 } {
        let Some(kept) = outline else {
            // The wide layout's generations are many.
            assert!(L::GENERATIONS > 128);
            return;
        };
        let mut heap = Heap::<L, C>::of_outline(memory.bytes(), &kept).expect("the same heap");
        heap.check().expect("in order");
        assert_eq!(heap.stats().live, live.len());
        for &(handle, fill, size) in &live {
            assert_eq!(heap.get(handle).expect("live block"), vec![fill; size]);
        }
        let size = random.usize(..100);
        match random.u8(..4) {
            0 | 1 => {
                let request = Request::new(size).name(["", "name"][step % 2]);
                if let Ok(handle) = heap.alloc_with(request) {
                    heap.get_mut(handle).expect("live block").fill(step as u8);
                    live.push((handle, step as u8, size));
                }
            }
            2 if !live.is_empty() => {
                let (handle, ..) = live.swap_remove(random.usize(..live.len()));
                heap.free(handle).expect("live block");
                assert!(heap.free(handle).is_err());
            }
            _ => {
                if let Ok((all, _)) = heap.alloc_maximum() {
                    let again = heap.outline();
                    if let Some(again) = again {
                        drop(heap);
                        heap = Heap::of_outline(memory.bytes(), &again).expect("the same heap");
                    }
                    assert!(heap.alloc(0).is_err(), "the rest is held still");
                    heap.free(all).expect("live block");
                }
            }
        }
        outline = heap.outline();
    }
    assert!(memory.around().all(|byte| byte == FILLER));
}

fn outline_of_other_memory_is_refused<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.heap::<L, C>();
    for size in [10, 20, 30] {
        heap.alloc(size).expect("room");
    }
    let Some(outline) = heap.outline() else {
        return;
    };
    // Bytes that are no heap, and too few.
    let mut other = Memory::new(1024);
    assert!(Heap::<L, C>::of_outline(other.bytes(), &outline).is_err());
    assert!(Heap::<L, C>::of_outline(&mut memory.bytes()[..1000], &outline).is_err());
    assert!(Heap::<L, C>::of_outline(memory.bytes(), &buflib::Outline::NONE).is_err());
    let random = &mut fastrand::Rng::with_seed(5);
    for _ in 0..if cfg!(miri) { 10 } else { 500 } {
        let at = random.usize(..1024);
        memory.bytes()[at] ^= 1 << random.u32(..8);
        if let Ok(mut heap) = Heap::<L, C>::of_outline(memory.bytes(), &outline) {
            let _ = heap.alloc(50);
            let _ = heap.compact();
        }
    }
}

fn heap_goes_on_where_its_bytes_are_copied<L: Layout, C: Check>() {
    const BYTES: usize = 4096;
    let mut one = Memory::new(BYTES);
    let mut other = Memory::new(BYTES);
    let (from, to) = (
        NonNull::from(one.bytes()).cast::<u8>(),
        NonNull::from(other.bytes()).cast(),
    );
    // SAFETY: the memory is used by the heap alone until the end of this test.
    let bytes = unsafe { std::slice::from_raw_parts_mut(from.as_ptr(), BYTES) };
    let mut heap = Checked::of(Heap::<L, C>::from_bytes(bytes).expect("room"));
    let handles = mixed(&mut heap, |i| Request::new(i * 13));
    let given = heap.run(|heap| heap.give_front(64)).expect("room");
    // SAFETY: nobody uses the other memory, and the bytes are copied at once.
    let mut heap = unsafe {
        let mut heap = heap.into_heap();
        heap.relocate(to).expect("the same alignment");
        to.copy_from_nonoverlapping(from, BYTES);
        from.write_bytes(0xdd, BYTES);
        Checked::of(heap)
    };
    assert!(!given.is_empty());
    heap.expect_filled(handles.iter().copied());
    let inside = to.addr().get()..to.addr().get() + BYTES;
    assert!(
        handles
            .iter()
            .all(|&handle| inside.contains(&heap.address(handle)))
    );
    let more = heap.filled(Request::new(30));
    heap.free(handles[0]).expect("live block");
    heap.compact().expect("compaction");
    heap.expect_filled([handles[1], more]);
    let to = to.map_addr(|address| address.saturating_add(1));
    // SAFETY: it is refused.
    let refused = unsafe { heap.into_heap().relocate(to) };
    assert!(matches!(refused, Err(buflib::RegionError::Address { .. })));
}

fn heap_with_an_immovable_block_refuses_to_go<L: Layout, C: Check>() {
    let (mut one, mut other) = (Memory::new(1024), Memory::new(1024));
    let to = NonNull::from(other.bytes()).cast();
    let mut heap = one.heap::<L, C>();
    let handle = heap.alloc_with(Request::new(10).immovable()).expect("room");
    let place = heap.get(handle).expect("live block").as_ptr();
    // SAFETY: it is refused.
    let refused = unsafe { heap.relocate(to) };
    assert!(matches!(
        refused,
        Err(buflib::RegionError::Immovable { .. })
    ));
    assert_eq!(heap.get(handle).expect("live block").as_ptr(), place);
    heap.check().expect("in order");
}

fn free_front_is_given_up_to_an_immovable_block<L: Layout, C: Check>() {
    for align in [1, 64] {
        let mut memory = Memory::new(8192);
        let mut heap = memory.checked::<L, C>();
        let small = heap.filled(Request::new(20).align(align));
        let hole = heap.filled(Request::new(payload::<L>(40)));
        let named = heap.filled(Request::new(30).name("named"));
        let second = heap.filled(Request::new(payload::<L>(30)));
        let fixed = heap.filled(Request::new(50).immovable());
        let behind = heap.filled(Request::new(60));
        let third = heap.filled(Request::new(70));
        let kept = [small, named, fixed, third];
        let nothing = heap
            .run(|heap| heap.give_free_front(100))
            .expect("in order");
        assert!(nothing.is_empty(), "nothing is free in front of it");
        for handle in [hole, second, behind] {
            heap.free(handle).expect("live block");
        }
        let places = [fixed, third].map(|handle| heap.address(handle));
        let part = heap.run(|heap| heap.give_free_front(64)).expect("in order");
        assert_eq!(part.len(), 64);
        assert_eq!([fixed, third].map(|handle| heap.address(handle)), places);
        heap.compact().expect("compaction");
        assert_eq!(heap.address(fixed), places[0]);
        let all = heap
            .run(|heap| heap.give_free_front(usize::MAX))
            .expect("in order");
        assert!(all.len() > 40 * L::GRANULE_BYTES && all.len() < 71 * L::GRANULE_BYTES);
        assert_eq!(heap.address(fixed), places[0]);
        assert_eq!(heap.address(small) % align, 0);
        heap.expect_filled(kept);
        assert_eq!(heap.name(named), Ok(Some("named")));
        heap.run(|heap| heap.take_front(all)).expect("taken back");
        heap.run(|heap| heap.take_front(part)).expect("taken back");
        heap.compact().expect("compaction");
        heap.expect_filled(kept);
    }
}

fn memory_comes_back_in_parts<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.filled(Request::new(100));
    let before = heap.available();
    let (first, second) = heap.run(|heap| (heap.give_front(64), heap.give_front(128)));
    let (start, first) = first.expect("room").into_raw_parts();
    let (next, second) = second.expect("room").into_raw_parts();
    assert_eq!(
        (start.addr().get() + first, first + second),
        (next.addr().get(), 192)
    );
    // The last of it, and then the rest of the second with the first.
    for (offset, len) in [(144, 48), (0, 144)] {
        // SAFETY: parts of what was given out, each once, and nobody uses them.
        let given = unsafe { Given::from_raw_parts(start.add(offset), len) };
        heap.run(|heap| heap.take_front(given)).expect("taken back");
        heap.expect_filled([handle]);
    }
    assert_eq!(heap.available(), before);
}

#[test]
fn anchors_lead_to_payloads() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.heap::<Small, Unchecked>();
    let handles: Vec<_> = (0..9)
        .map(|size| heap.alloc(size * 5).expect("room"))
        .collect();
    let given = heap.give_front(80).expect("room");
    let anchors = heap.anchors();
    for handle in handles {
        // SAFETY: the entry of a live block, as LAYOUT.md says.
        let entry = unsafe { anchors.table_end.cast::<u32>().sub(handle.number()).read() };
        let data = anchors
            .origin
            .wrapping_add((entry & 0x7ff_ffff) as usize * 8);
        assert_eq!(
            data.cast_const(),
            heap.get(handle).expect("live block").as_ptr()
        );
    }
    assert!(!given.is_empty());
}
