//! The payload that comes with an allocation is borrowed like any other.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 256];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    let (_, bytes) = heap.alloc_mut(10).unwrap();
    heap.alloc(10).unwrap(); //~ E0499
    bytes.fill(1);
}
