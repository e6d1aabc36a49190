//! A walk over the blocks cannot go on while they change.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 256];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    let handle = heap.alloc(10).unwrap();
    let mut blocks = heap.blocks();
    heap.free(handle).unwrap(); //~ E0502
    assert!(blocks.next().is_some());
}
