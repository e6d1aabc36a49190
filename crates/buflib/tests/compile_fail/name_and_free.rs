//! A name is in the arena too, and moves with its block.

use buflib::{Heap, Request, Standard};

fn main() {
    let mut memory = [0; 256];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    let handle = heap.alloc_with(Request::new(10).name("name")).unwrap();
    let name = heap.name(handle).unwrap();
    heap.free(handle).unwrap(); //~ E0502
    assert_eq!(name, Some("name"));
}
