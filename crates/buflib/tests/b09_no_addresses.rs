//! B9, as far as the layout goes: the arena holds no addresses. The same operations on buffers at
//! different addresses leave the same bytes.

#[macro_use]
mod common;

use buflib::{Check, Handle, Heap, Layout, Request};
use common::Memory;

on_every_heap!(
    same_operations_leave_the_same_bytes_at_any_address,
    handles_hold_no_addresses
);

const LEN: usize = 16 * 1024;

/// Every kind of operation; whatever depends on chance depends on the seed alone.
fn program<L: Layout, C: Check>(heap: &mut Heap<'_, L, C>, seed: u64) -> Vec<Handle<L>> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut handles = Vec::new();
    for _ in 0..if cfg!(miri) { 50 } else { 400 } {
        let size = random.usize(..300);
        match random.u8(..12) {
            0..=4 => handles.extend(heap.alloc(size)),
            5 => {
                let request = Request::new(size)
                    .align(1 << random.u32(..13))
                    .name(["", "a name"][size % 2]);
                handles.extend(heap.alloc_with(if size % 3 == 0 {
                    request.immovable()
                } else {
                    request
                }));
            }
            6..=8 if !handles.is_empty() => {
                heap.free(handles.swap_remove(random.usize(..handles.len())))
                    .expect("live block");
            }
            9 if !handles.is_empty() => {
                let _ = heap.resize(handles[random.usize(..handles.len())], size);
            }
            10 => drop(heap.compact().expect("compaction")),
            _ => {
                if let Some(&handle) = handles.last() {
                    heap.get_mut(handle).expect("live block").fill(size as u8);
                }
            }
        }
    }
    heap.check().expect("sound metadata");
    handles
}

fn same_operations_leave_the_same_bytes_at_any_address<L: Layout, C: Check>() {
    for seed in 0..if cfg!(miri) { 1 } else { 5 } {
        // Equal in relation to a page, on which the place of aligned blocks depends.
        let (mut first, mut second) = (Memory::new(LEN), Memory::new(LEN));
        let addresses = [&mut first, &mut second].map(|memory| memory.bytes().as_ptr().addr());
        assert!(addresses[0] != addresses[1] && addresses[0] % 4096 == addresses[1] % 4096);
        let handles = program::<L, C>(&mut first.heap(), seed);
        assert!(!handles.is_empty());
        assert_eq!(handles, program::<L, C>(&mut second.heap(), seed));
        let differing = first
            .bytes()
            .iter()
            .zip(second.bytes())
            .position(|(one, other)| one != other);
        assert_eq!(differing, None, "with seed {seed}");
    }
}

fn handles_hold_no_addresses<L: Layout, C: Check>() {
    let (mut first, mut second) = (Memory::new(LEN), Memory::new(LEN));
    let (mut one, mut other) = (first.checked::<L, C>(), second.checked::<L, C>());
    let handle = one.filled(Request::new(100));
    assert_eq!(handle, other.filled(Request::new(100)));
    assert_ne!(one.address(handle), other.address(handle));
    assert_eq!(one.get(handle), other.get(handle));
}
