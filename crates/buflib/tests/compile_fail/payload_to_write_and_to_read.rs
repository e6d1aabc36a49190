//! A payload that is written to cannot be read meanwhile.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 256];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    let handle = heap.alloc(10).unwrap();
    let bytes = heap.get_mut(handle).unwrap();
    assert_eq!(heap.get(handle).unwrap(), [0; 10]); //~ E0502
    bytes.fill(1);
}
