//! B1: several payloads can be written at once if they are different.

#[macro_use]
mod common;

use buflib::{Check, Error, Found, Layout, Request};
use common::Memory;

on_every_heap!(
    different_payloads_are_written_at_once,
    payloads_come_in_the_order_of_the_handles,
    none_and_one_are_fine,
    empty_payloads_are_different_blocks,
    same_handle_twice_is_an_error,
    stale_handle_among_others_is_an_error,
    all_kinds_of_blocks_are_reached_whole,
);

fn different_payloads_are_written_at_once<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let handles = [7, 16, 30, 1].map(|size| heap.alloc(size).expect("room"));
    heap.run(|heap| {
        let payloads = heap.get_disjoint_mut(handles).expect("different blocks");
        assert_eq!(payloads.each_ref().map(|bytes| bytes.len()), [7, 16, 30, 1]);
        for (fill, bytes) in (1..).zip(payloads) {
            bytes.fill(fill);
        }
    });
    for (fill, handle) in (1..).zip(handles) {
        assert!(
            heap.get(handle)
                .expect("live block")
                .iter()
                .all(|&byte| byte == fill)
        );
    }
}

fn payloads_come_in_the_order_of_the_handles<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let [a, b, c] = [10, 10, 10].map(|size| heap.filled(Request::new(size)));
    heap.run(|heap| {
        let [x, y] = heap.get_disjoint_mut([c, a]).expect("different blocks");
        x.copy_from_slice(y);
        x[0] = 77;
    });
    let (first, third) = (
        heap.get(a).expect("live block"),
        heap.get(c).expect("live block"),
    );
    assert_eq!((third[0], &third[1..]), (77, &first[1..]));
    heap.expect_filled([a, b]);
}

fn none_and_one_are_fine<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    assert!(heap.run(|heap| {
        heap.get_disjoint_mut([])
            .is_ok_and(|payloads| payloads.is_empty())
    }));
    let handle = heap.filled(Request::new(10));
    heap.run(|heap| {
        let [bytes] = heap.get_disjoint_mut([handle]).expect("one block");
        assert_eq!(bytes.len(), 10);
        bytes[9] = 5;
    });
    assert_eq!(heap.get(handle).expect("live block")[9], 5);
}

fn empty_payloads_are_different_blocks<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let handles = [0, 0, 5, 0].map(|size| heap.alloc(size).expect("room"));
    let lengths = heap.run(|heap| {
        heap.get_disjoint_mut(handles)
            .map(|payloads| payloads.map(|bytes| bytes.len()))
    });
    assert_eq!(lengths, Ok([0, 0, 5, 0]));
}

fn same_handle_twice_is_an_error<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let [a, b, c] = [10, 0, 30].map(|size| heap.filled(Request::new(size)));
    for (handles, number) in [
        ([a, a, b, c], 1),
        ([c, b, a, b], 2),
        ([c, a, b, c], 3),
        ([b; 4], 2),
    ] {
        let error = heap.run(|heap| heap.get_disjoint_mut(handles).err());
        assert_eq!(error, Some(Error::SameHandle { number }));
    }
    heap.expect_filled([a, b, c]);
}

fn stale_handle_among_others_is_an_error<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let [a, stale, c] = [10, 20, 30].map(|size| heap.filled(Request::new(size)));
    heap.free(stale).expect("live block");
    let bad = |found| {
        Some(Error::BadHandle {
            number: 2,
            generation: 0,
            found,
        })
    };
    for handles in [[stale, a, c], [a, stale, c], [a, c, stale]] {
        assert_eq!(
            heap.run(|heap| heap.get_disjoint_mut(handles).err()),
            bad(Found::Vacant)
        );
    }
    // The number alone does not make two handles the same.
    let again = heap.filled(Request::new(20));
    assert_eq!(again.number(), stale.number());
    assert_eq!(
        heap.run(|heap| heap.get_disjoint_mut([again, stale]).err()),
        bad(Found::Generation(1))
    );
    heap.expect_filled([a, again, c]);
}

fn all_kinds_of_blocks_are_reached_whole<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let requests = [
        Request::new(9),
        Request::new(30).name("named"),
        Request::new(17).align(64),
        Request::new(25).immovable(),
    ];
    let handles = requests.map(|request| heap.filled(request));
    let seen = heap.run(|heap| {
        let payloads = heap.get_disjoint_mut(handles).expect("different blocks");
        payloads.map(|bytes| (bytes.as_ptr().addr(), bytes.len()))
    });
    assert_eq!(
        seen,
        handles.map(|handle| (
            heap.address(handle),
            heap.get(handle).expect("live block").len()
        ))
    );
    heap.expect_filled(handles);
    assert_eq!(heap.name(handles[1]), Ok(Some("named")));
}
