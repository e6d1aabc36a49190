//! While a heap lives, nobody else touches its buffer.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 256];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    memory[0] = 1; //~ E0506
    heap.alloc(10).unwrap();
}
