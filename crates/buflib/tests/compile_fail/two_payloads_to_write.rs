//! Two calls of `get_mut` might be of the same block.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 256];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    let (a, b) = (heap.alloc(10).unwrap(), heap.alloc(10).unwrap());
    let one = heap.get_mut(a).unwrap();
    heap.get_mut(b).unwrap().fill(2); //~ E0499
    one.fill(1);
}
