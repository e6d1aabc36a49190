//! S2: an entry alone leads to a block's bytes, without a look at its header.

#[macro_use]
mod common;

use buflib::{Check, Layout, Request};
use common::Memory;

on_every_heap!(pointer_without_checks_is_where_the_checked_slice_is);

fn pointer_without_checks_is_where_the_checked_slice_is<L: Layout, C: Check>() {
    let mut memory = Memory::new(16384);
    let mut heap = memory.checked::<L, C>();
    let mut handles: Vec<_> = (0..40)
        .map(|size| heap.filled(Request::new(7 * size).align(1 << (size % 7))))
        .collect();
    for at in [30, 20, 10, 0] {
        let freed = handles.swap_remove(at);
        heap.free(freed).expect("live block");
    }
    heap.compact().expect("compaction");
    for &handle in &handles {
        let slice = heap.get(handle).expect("live block").as_ptr();
        // SAFETY: the block is live, and none was shrunk.
        let pointer = unsafe { heap.ptr_unchecked(handle) };
        assert_eq!(pointer.as_ptr().cast_const(), slice);
    }
}
