//! A handle comes from a heap.

use buflib::{Handle, Heap, Standard};

fn main() {
    let mut memory = [0; 256];
    let heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    let none: Option<Handle> = None;
    assert!(none.is_none() && heap.stats().live == 0);
    assert!(heap.get(Handle::default()).is_err()); //~ E0599
}
