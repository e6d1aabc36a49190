//! S3: memory of which no byte has a value before the heap uses it. Payloads are bytes with a value all the same, and what a
//! store leaves without one has a type that says so. Checkers of memory object to anything else
//! (`tools/sanitize.sh memory valgrind`).

#[macro_use]
mod common;
#[path = "common/values.rs"]
mod values;

use std::mem::MaybeUninit;

use buflib::{Check, Handle, Heap, Layout, Request};
use common::{Checked, Memory, pattern};
use values::{Room, check};

on_every_heap!(
    every_payload_has_bytes_with_a_value,
    copies_and_images_have_bytes_with_a_value,
    values_with_padding_move_and_their_space_is_used_again,
    uninitialised_values_move_as_they_are,
);

const LEN: usize = 6000;
const STEPS: usize = if cfg!(miri) { 60 } else { 600 };

fn unwritten(len: usize) -> Box<[MaybeUninit<u8>]> {
    Box::new_uninit_slice(len)
}

/// Looks at every byte, in a way that depends on what it is.
fn read_all<L: Layout, C: Check>(heap: &Heap<'_, L, C>) -> usize {
    let blocks = heap.blocks().map(|block| block.expect("sound metadata"));
    let live: Vec<_> = blocks.filter_map(|block| block.handle).collect();
    let bytes = |&handle: &Handle<L>| heap.get(handle).expect("live block").iter();
    live.iter()
        .flat_map(bytes)
        .filter(|&&byte| byte != 0)
        .count()
}

/// Blocks that come, change their size and go at random, with alignments of less than `aligns` doublings; those that
/// are left, filled.
fn live_on<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>, aligns: u32) -> Vec<Handle<L>> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut handles = Vec::new();
    for _ in 0..STEPS {
        let size = random.usize(..200);
        match random.u8(..8) {
            0..=2 => handles.extend(heap.alloc(size)),
            3 => {
                let request = Request::new(size)
                    .align(1 << random.u32(..aligns))
                    .name("a name");
                handles.extend(heap.alloc_with(request));
            }
            4..=5 if !handles.is_empty() => {
                let which = random.usize(..handles.len());
                heap.free(handles.swap_remove(which)).expect("live block");
            }
            6 if !handles.is_empty() => {
                let _ = heap.resize(handles[random.usize(..handles.len())], size);
            }
            _ => drop(heap.compact().expect("compaction")),
        }
        read_all(heap);
    }
    for &handle in &handles {
        heap.fill(handle);
    }
    handles
}

fn every_payload_has_bytes_with_a_value<L: Layout, C: Check>() {
    let mut memory = unwritten(LEN);
    let mut heap = Checked::of(Heap::<L, C>::new(&mut memory).expect("a heap"));
    let handles = live_on(&mut heap, 8);
    heap.expect_filled(handles.iter().copied());
    let written: usize = handles
        .iter()
        .map(|&handle| {
            let len = heap.get(handle).expect("live block").len();
            pattern(handle).take(len).filter(|&byte| byte != 0).count()
        })
        .sum();
    assert_eq!(read_all(&heap), written);
    // Without its number there may be none left: what is free can be all between aligned blocks.
    heap.free(handles[0]).expect("live block");
    let all = heap.alloc_maximum().expect("room");
    assert!(read_all(&heap) <= written + all.1);
}

fn copies_and_images_have_bytes_with_a_value<L: Layout, C: Check>() {
    let (mut memory, mut more) = (unwritten(LEN), unwritten(2 * LEN));
    let mut heap = Checked::of(Heap::<L, C>::new(&mut memory).expect("a heap"));
    let mut handles = live_on(&mut heap, 1);
    let mut copy = Checked::of(heap.copy_to(&mut more).expect("room"));
    copy.expect_filled(handles.iter().copied());
    let given = copy.run(|heap| heap.give_end(100)).expect("room");
    assert!(given.iter().filter(|&&byte| byte == 0).count() <= given.len());
    copy.run(|heap| heap.take_end(given)).expect("taken back");
    copy.filled(Request::new(LEN / 2));
    drop(copy);

    let mut image = Memory::new(heap.image_bytes());
    heap.save_into(image.bytes()).expect("room");
    let attached = Checked::of(Heap::<L, C>::attach(image.bytes()).expect("an image"));
    attached.expect_filled(handles.iter().copied());
    for handle in handles.drain(..5) {
        heap.free(handle).expect("live block");
    }
    heap.compact().expect("compaction");
    let image = heap.into_heap().into_image().expect("room for the record");
    let read: usize = image.iter().map(|&byte| usize::from(byte != 0)).sum();
    assert!(read > 0);
    Checked::of(Heap::<L, C>::attach(image).expect("an image")).expect_filled(handles);
}

/// Three bytes of eight have no value.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Padded {
    large: u32,
    small: u8,
}

fn values_with_padding_move_and_their_space_is_used_again<L: Layout, C: Check>() {
    let mut room = Room::new(LEN);
    let mut store = room.store::<L, C>();
    let mut random = fastrand::Rng::with_seed(3);
    let mut known: Vec<(_, Vec<Padded>)> = Vec::new();
    for step in 0..STEPS as u32 {
        if !known.is_empty() && random.u8(..5) < 2 {
            let (handle, values) = known.swap_remove(random.usize(..known.len()));
            assert_eq!(store[handle], values);
            store.free(handle).expect("live");
        } else {
            let values = vec![
                Padded {
                    large: step,
                    small: step as u8
                };
                random.usize(..20)
            ];
            match store.insert_slice(&values) {
                Ok(handle) => known.push((handle, values)),
                Err(_) => drop(store.compact().expect("compaction")),
            }
        }
        check(&store);
    }
    assert!(
        known
            .iter()
            .all(|(handle, values)| store[*handle] == **values)
    );
    assert!(known.len() > 3);
}

fn uninitialised_values_move_as_they_are<L: Layout, C: Check>() {
    let mut room = Room::new(2048);
    let mut store = room.store::<L, C>();
    let gap = store.insert([0_u64; 20]).expect("room");
    let space = store.insert_uninit::<u16>(50).expect("room");
    // The other half has no value, and is moved without one.
    for place in &mut store[space][..25] {
        place.write(7);
    }
    store.free(gap).expect("live");
    assert!(store.compact().expect("compaction").moves > 0);
    check(&store);
    for place in &mut store[space][25..] {
        place.write(9);
    }
    // SAFETY: the first half was written before the move, the second behind it.
    let values = unsafe { store.assume_init(space) }.expect("live");
    assert_eq!(store[values][..25], [7; 25]);
    assert_eq!(store[values][25..], [9; 25]);
}
