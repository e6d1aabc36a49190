//! S1: one heap manages one buffer, and any number of them live side by side.

#[macro_use]
mod common;

use std::thread;

use buflib::{Check, Crc32, Heap, Layout, Narrow, Standard, Unchecked, Wide};
use common::{Checked, Memory, pattern};

on_every_heap!(
    heaps_in_neighbouring_buffers_leave_each_other_alone,
    heaps_live_on_threads_of_their_own
);

fn heaps_in_neighbouring_buffers_leave_each_other_alone<L: Layout, C: Check>() {
    let mut memory = Memory::new(3 * 768);
    let mut heaps: Vec<_> = memory
        .bytes()
        .chunks_exact_mut(768)
        .map(|piece| Heap::<L, C>::from_bytes(piece).expect("a heap"))
        .collect();
    let mut handles = vec![Vec::new(); heaps.len()];
    for size in [0, 40, 7, 90, 33, 60, 1, 25] {
        for (heap, handles) in heaps.iter_mut().zip(&mut handles) {
            let handle = heap.alloc(size).expect("room");
            heap.get_mut(handle)
                .expect("new block")
                .iter_mut()
                .zip(pattern(handle))
                .for_each(|(to, from)| *to = from);
            handles.push(handle);
        }
    }
    // In the middle one everything moves, in the others nothing.
    for _ in 0..4 {
        let first = handles[1].remove(0);
        heaps[1].free(first).expect("live block");
    }
    assert_eq!(heaps[1].compact().expect("compaction").moves, 4);
    for (heap, handles) in heaps.iter().zip(handles) {
        heap.check().expect("sound metadata");
        assert_eq!(heap.stats().live, handles.len());
        for handle in handles {
            assert!(
                heap.get(handle)
                    .expect("live block")
                    .iter()
                    .copied()
                    .zip(pattern(handle))
                    .all(|(a, b)| a == b)
            );
        }
    }
}

fn heaps_live_on_threads_of_their_own<L: Layout, C: Check>()
where
    for<'a> Checked<'a, L, C>: Send,
{
    let mut memories: Vec<_> = (0..3).map(|_| Memory::new(1024)).collect();
    thread::scope(|scope| {
        for (memory, size) in memories.iter_mut().zip(10..) {
            let mut heap = memory.checked::<L, C>();
            scope.spawn(move || {
                let handles: Vec<_> = (0..5).map(|_| heap.alloc(size).expect("room")).collect();
                handles.iter().for_each(|&handle| heap.fill(handle));
                heap.expect_filled(handles);
            });
        }
    });
}

#[test]
fn heaps_of_different_layouts_live_side_by_side() {
    let (mut first, mut second, mut third) = (Memory::new(256), Memory::new(256), Memory::new(256));
    let mut narrow = first.checked::<Narrow, Crc32>();
    let mut standard = second.checked::<Standard, Unchecked>();
    let mut wide = third.checked::<Wide, Crc32>();
    let (a, b, c) = (narrow.alloc(20), standard.alloc(20), wide.alloc(20));
    let (a, b, c) = (a.expect("room"), b.expect("room"), c.expect("room"));
    narrow.fill(a);
    standard.fill(b);
    wide.fill(c);
    narrow.expect_filled([a]);
    standard.expect_filled([b]);
    wide.expect_filled([c]);
}

#[test]
fn heap_over_a_static_buffer_is_static() {
    static mut MEMORY: [u8; 1024] = [0; 1024];
    let raw = &raw mut MEMORY;
    // SAFETY: this is the only place that names `MEMORY`, and it is reached once.
    let memory: &'static mut [u8] = unsafe { &mut *raw };
    let mut heap = Heap::<Standard>::from_bytes(memory).expect("a heap");
    // A thread that is not scoped takes nothing that is borrowed for less than `'static`.
    let thread = thread::spawn(move || {
        let handle = heap.alloc(100).expect("room");
        heap.get_mut(handle).expect("new block").fill(3);
        heap.get(handle)
            .expect("new block")
            .iter()
            .map(|&byte| usize::from(byte))
            .sum::<usize>()
    });
    assert_eq!(thread.join().expect("no panic"), 300);
}

#[test]
fn buffer_comes_back_when_its_heap_is_gone() {
    let mut memory = [1; 256];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).expect("a heap");
    let handle = heap.alloc(64).expect("room");
    heap.get_mut(handle).expect("new block").fill(9);
    assert!(
        memory.windows(64).any(|bytes| bytes == [9; 64]),
        "what was written is in the buffer"
    );
    let again = Heap::<Standard>::from_bytes(&mut memory).expect("a heap");
    assert_eq!((again.stats().live, again.contains(handle)), (0, false));
}
