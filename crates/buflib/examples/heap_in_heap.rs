//! A heap in a block of another heap, which goes on moving its blocks.
//!
//! ```console
//! $ cargo run --example heap_in_heap
//! ```

use std::error::Error;

use buflib::{Heap, Layout, Standard};

/// What a block takes of the arena.
fn block_bytes(payload: usize) -> usize {
    (Standard::HEADER_BYTES + payload).next_multiple_of(Standard::GRANULE_BYTES)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut memory = vec![0; 64 * 1024];
    let mut outer: Heap = Heap::from_bytes(&mut memory)?;

    // Something that is in front of the inner heap for now, and its block.
    let hole = outer.alloc(10_000)?;
    let block = outer.alloc(16 * 1024)?;

    let mut inner: Heap = Heap::from_bytes(outer.get_mut(block)?)?;
    let greeting = inner.alloc(5)?;
    inner.get_mut(greeting)?.copy_from_slice(b"hello");
    let first = inner.get(greeting)?.as_ptr().addr();

    // While the inner heap borrows its block, the outer one cannot be changed. Suspended, it does not
    // borrow anything.
    let suspended = inner.suspend();
    outer.free(hole)?;
    let done = outer.compact()?;
    println!("the outer heap has moved {} bytes", done.bytes_moved);
    assert_eq!((done.moves, done.bytes_moved), (1, block_bytes(16 * 1024)));

    let inner = suspended.resume(outer.get_mut(block)?)?;
    let distance = first - inner.get(greeting)?.as_ptr().addr();
    println!(
        "the inner heap is {distance} bytes further down, and its handle leads to the same bytes"
    );
    assert_eq!(distance, block_bytes(10_000));
    assert_eq!(inner.get(greeting)?, b"hello");

    // Its block grows, and so does its free space.
    let free = inner.available();
    let suspended = inner.suspend();
    outer.resize(block, 32 * 1024)?;
    let mut inner = suspended.resume(outer.get_mut(block)?)?;
    println!("from {free} to {} bytes free", inner.available());
    assert_eq!(inner.available(), free + 16 * 1024);
    inner.alloc(30_000)?;
    assert_eq!(inner.get(greeting)?, b"hello");
    Ok(())
}
