//! Handles of different layouts are of different types.

use buflib::{Heap, Narrow, Standard};

fn main() {
    let (mut first, mut second) = ([0; 256], [0; 256]);
    let mut narrow = Heap::<Narrow>::from_bytes(&mut first).unwrap();
    let mut standard = Heap::<Standard>::from_bytes(&mut second).unwrap();
    let handle = narrow.alloc(10).unwrap();
    standard.free(handle).unwrap(); //~ E0308
    narrow.free(handle).unwrap();
    standard.alloc(10).unwrap();
}
