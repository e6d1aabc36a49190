//! Several payloads at once are borrowed like one.

use buflib::{Heap, Standard};

fn main() {
    let mut memory = [0; 256];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).unwrap();
    let (a, b) = (heap.alloc(10).unwrap(), heap.alloc(10).unwrap());
    let [one, two] = heap.get_disjoint_mut([a, b]).unwrap();
    heap.alloc(10).unwrap(); //~ E0499
    one.swap_with_slice(two);
}
