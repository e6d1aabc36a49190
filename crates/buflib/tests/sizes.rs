//! Every size has a defined result: none, to the byte, huge, overflowing.

#[macro_use]
mod common;

use std::collections::BTreeSet;

use buflib::{Check, Error, Heap, Layout, Request};
use common::{Memory, block_bytes};

on_every_heap!(
    zero_bytes_are_a_block_like_any_other,
    payload_length_is_the_length_asked_for,
    payload_length_is_the_length_resized_to,
    huge_and_overflowing_sizes_are_errors_that_say_the_limit,
    largest_size_of_the_layout_is_refused_for_want_of_room_only,
    sizes_at_the_limit_do_not_wrap_around,
);

fn zero_bytes_are_a_block_like_any_other<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let handles: BTreeSet<_> = (0..10).map(|_| heap.alloc(0).expect("room")).collect();
    assert_eq!(handles.len(), 10);
    assert_eq!(heap.stats().used_bytes, 10 * block_bytes::<L>(0));
    for &handle in &handles {
        assert!(heap.contains(handle));
        assert!(heap.get(handle).expect("new block").is_empty());
        assert!(heap.run(|heap| heap.get_mut(handle).expect("new block").is_empty()));
    }
    let odd: Vec<_> = handles
        .iter()
        .copied()
        .filter(|handle| handle.number() % 2 == 1)
        .collect();
    for handle in odd {
        heap.free(handle).expect("live block");
    }
    heap.compact().expect("compaction");
    assert_eq!(heap.stats().live, 5);
    let grown = *handles
        .iter()
        .find(|&&handle| heap.contains(handle))
        .expect("five are left");
    heap.resize(grown, 3).expect("room");
    heap.fill(grown);
    heap.resize(grown, 0).expect("to shrink");
    assert!(heap.get(grown).expect("live block").is_empty());
}

fn payload_length_is_the_length_asked_for<L: Layout, C: Check>() {
    let mut memory = Memory::new(if cfg!(miri) { 16 * 1024 } else { 128 * 1024 });
    let mut heap = memory.checked::<L, C>();
    let sizes = 0..if cfg!(miri) { 40 } else { 301 };
    let handles: Vec<_> = sizes
        .clone()
        .map(|size| heap.filled(Request::new(size)))
        .collect();
    for (size, &handle) in sizes.zip(&handles) {
        assert_eq!(heap.get(handle).expect("live block").len(), size);
        assert_eq!(
            heap.run(|heap| heap.get_mut(handle).expect("live block").len()),
            size
        );
    }
    // Each was written to its last byte after its neighbour in front.
    heap.expect_filled(handles);
    for size in [0, 1, 7, 8, 9, 31] {
        assert_eq!(
            heap.run(|heap| heap.alloc_mut(size).expect("room").1.len()),
            size
        );
    }
}

fn payload_length_is_the_length_resized_to<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let guard = heap.filled(Request::new(9));
    let handle = heap.alloc(0).expect("room");
    let behind = heap.filled(Request::new(9));
    let sizes = 0..if cfg!(miri) { 40 } else { 301 };
    for size in sizes.clone().chain(sizes.rev()) {
        assert_eq!(
            heap.run(|heap| heap.resize_mut(handle, size).expect("room").len()),
            size
        );
        assert_eq!(heap.get(handle).expect("live block").len(), size);
        heap.fill(handle);
    }
    heap.expect_filled([guard, behind]);
}

fn huge_and_overflowing_sizes_are_errors_that_say_the_limit<L: Layout, C: Check>() {
    let limit = Heap::<L, C>::MAX_PAYLOAD_BYTES;
    let mut memory = Memory::new(8192);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.filled(Request::new(100));
    let before = heap.picture();
    for requested in [
        limit + 1,
        isize::MAX as usize,
        isize::MAX as usize + 1,
        usize::MAX - 7,
        usize::MAX,
    ] {
        let error = Error::TooLarge { requested, limit };
        assert_eq!(heap.alloc(requested), Err(error));
        assert_eq!(
            heap.run(|heap| heap.alloc_mut(requested).map(|(handle, _)| handle)),
            Err(error)
        );
        for request in [Request::new(requested), Request::new(requested).immovable()] {
            assert_eq!(heap.alloc_with(request), Err(error));
            assert_eq!(heap.alloc_with(request.align(4096)), Err(error));
            assert_eq!(heap.alloc_with(request.name("large")), Err(error));
        }
        assert_eq!(heap.resize(handle, requested), Err(error));
        assert_eq!(
            heap.run(|heap| heap.resize_mut(handle, requested).map(|_| ())),
            Err(error)
        );
    }
    assert_eq!(heap.picture(), before);
    heap.expect_filled([handle]);
}

fn largest_size_of_the_layout_is_refused_for_want_of_room_only<L: Layout, C: Check>() {
    let requested = Heap::<L, C>::MAX_PAYLOAD_BYTES;
    let mut memory = Memory::new(8192);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.filled(Request::new(100));
    let free = heap.available();
    for result in [
        heap.alloc(requested),
        heap.resize(handle, requested).map(|()| handle),
    ] {
        assert_eq!(
            result,
            Err(Error::Exhausted {
                requested,
                free,
                contiguous: free
            })
        );
    }
    let named = Request::new(requested).name("the name makes it larger than the layout can say");
    assert!(matches!(
        heap.alloc_with(named),
        Err(Error::TooLarge { .. })
    ));
    heap.expect_filled([handle]);
}

/// A size near the largest with all that a block can have beside its payload: nothing wraps around, where numbers are
/// short.
fn sizes_at_the_limit_do_not_wrap_around<L: Layout, C: Check>() {
    let limit = Heap::<L, C>::MAX_PAYLOAD_BYTES;
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let handle = heap.filled(Request::new(100).name("a name"));
    let name = "n".repeat(255);
    for requested in
        (limit - if cfg!(miri) { 5 } else { 300 }..=limit).chain([limit + 1, usize::MAX])
    {
        for name in ["", &name[..1], &name] {
            for align in [1, 4096] {
                let request = Request::new(requested).name(name).align(align);
                for request in [request, request.owner(1_u32), request.immovable()] {
                    let result = heap.run(|heap| heap.alloc_with(request));
                    assert!(
                        matches!(
                            result,
                            Err(Error::Exhausted { .. } | Error::TooLarge { .. })
                        ),
                        "{requested}: {result:?}"
                    );
                }
            }
        }
        assert!(heap.resize(handle, requested).is_err());
        assert!(heap.shrink(handle, requested..requested).is_err());
    }
    heap.expect_filled([handle]);
}
