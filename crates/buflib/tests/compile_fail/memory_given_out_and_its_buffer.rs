//! Memory that was given out is part of the heap's buffer for as long as it is used.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 1024];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    let front = heap.give_front(64).unwrap();
    drop(heap);
    memory[0] = 1; //~ E0506
    assert_eq!(front.len(), 64);
}
