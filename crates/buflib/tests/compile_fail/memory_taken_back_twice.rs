//! What the heap has taken back is its own again.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 1024];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    let mut front = heap.give_front(64).unwrap();
    heap.take_front(front).unwrap();
    front.fill(1); //~ E0382
}
