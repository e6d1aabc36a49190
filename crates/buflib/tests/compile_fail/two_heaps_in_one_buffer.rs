//! Two heaps cannot share a buffer.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 256];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    Heap::<Standard>::from_bytes(&mut memory).unwrap(); //~ E0499
    heap.alloc(10).unwrap();
}
