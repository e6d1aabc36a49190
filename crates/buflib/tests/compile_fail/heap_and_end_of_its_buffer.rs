//! A heap cannot outlive its buffer.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 256];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    {
        let mut shorter = [0; 256];
        shorter.fill(1);
        heap = Heap::from_bytes(&mut shorter).unwrap(); //~ E0597
    }
    heap.alloc(10).unwrap();
}
