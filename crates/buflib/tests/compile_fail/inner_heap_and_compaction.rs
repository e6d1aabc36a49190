//! While a heap in a block is in use, the heap that the block is in does not move it.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 1024];
    let mut outer = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    let block = outer.alloc(500).unwrap();
    let mut inner = Heap::<Standard>::from_bytes(outer.get_mut(block).unwrap()).unwrap();
    outer.compact().unwrap(); //~ E0499
    inner.alloc(10).unwrap();
}
