//! There is one heap in a block, not two.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 1024];
    let heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    let suspended = heap.suspend();
    drop(suspended.resume(&mut memory));
    drop(suspended.resume(&mut memory)); //~ E0382
}
