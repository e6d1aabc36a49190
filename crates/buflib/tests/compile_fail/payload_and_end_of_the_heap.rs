//! A payload borrows its heap.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 256];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    let handle = heap.alloc(10).unwrap();
    let bytes = heap.get(handle).unwrap();
    drop(heap); //~ E0505
    assert_eq!(bytes.len(), 10);
}
