//! An allocation may move blocks, so no payload can be borrowed across it.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 256];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    let handle = heap.alloc(10).unwrap();
    let bytes = heap.get(handle).unwrap();
    heap.alloc(10).unwrap(); //~ E0502
    assert_eq!(bytes.len(), 10);
}
