//! A buffer whose address hardware holds. Only a pin makes that safe.
//!
//! The engine here is simulated: it knows an address, not a handle, and what it writes goes to
//! whatever is there by then.

use buflib::{Error, Handle, Heap};

const LEN: usize = 512;

/// A DMA engine: an address to write to, and how far it has come.
struct Engine {
    address: usize,
    done: usize,
}

impl Engine {
    /// Takes the address, and keeps it: no borrow tells the compiler of that.
    fn start(to: &[u8]) -> Self {
        assert_eq!(to.len(), LEN);
        Self {
            address: to.as_ptr().addr(),
            done: 0,
        }
    }

    /// What the device sends.
    fn data(at: usize) -> u8 {
        at as u8 ^ 0xa5
    }

    /// Writes some bytes to whatever block is at its address.
    fn step(&mut self, heap: &mut Heap) -> Result<(), Error> {
        for _ in 0..LEN / 8 {
            if let Some((handle, at)) = block_at(heap, self.address + self.done) {
                heap.get_mut(handle)?[at] = Self::data(self.done);
            }
            self.done += 1;
        }
        Ok(())
    }
}

fn block_at(heap: &Heap, address: usize) -> Option<(Handle, usize)> {
    let live = heap.blocks().flatten().filter_map(|block| block.handle);
    live.filter_map(|handle| {
        let bytes = heap.get(handle).ok()?;
        let at = address.checked_sub(bytes.as_ptr().addr())?;
        (at < bytes.len()).then_some((handle, at))
    })
    .next()
}

/// How many bytes have arrived where they should.
fn arrived(bytes: &[u8]) -> usize {
    let right = |&(at, &byte): &(usize, &u8)| byte == Engine::data(at);
    bytes.iter().enumerate().filter(right).count()
}

/// The rest of the program: it allocates, frees, and has blocks moved together.
fn bustle(heap: &mut Heap, round: usize) -> Result<(), Error> {
    let new = heap.alloc(100 + 50 * round)?;
    heap.get_mut(new)?.fill(0xee);
    heap.compact()?;
    heap.free(new)
}

fn main() -> Result<(), Error> {
    let mut memory = vec![0; 8 * 1024];
    let mut heap = Heap::from_bytes(&mut memory).expect("a heap");

    // Without a pin the buffer moves away under the engine.
    let (front, buffer) = (heap.alloc(1000)?, heap.alloc(LEN)?);
    heap.get_mut(buffer)?.fill(0);
    let mut engine = Engine::start(heap.get(buffer)?);
    heap.free(front)?;
    for round in 0..8 {
        bustle(&mut heap, round)?;
        engine.step(&mut heap)?;
    }
    let lost = LEN - arrived(heap.get(buffer)?);
    println!("not pinned: {lost} of {LEN} bytes went elsewhere");
    assert!(lost > LEN / 2);
    heap.free(buffer)?;

    // With a pin it stays, and the heap can be used all the same, through the guard.
    let (front, buffer) = (heap.alloc(1000)?, heap.alloc(LEN)?);
    heap.get_mut(buffer)?.fill(0);
    let mut pinned = heap.pin(buffer)?;
    let mut engine = Engine::start(pinned.bytes());
    pinned.free(front)?;
    for round in 0..8 {
        bustle(&mut pinned, round)?;
        engine.step(&mut pinned)?;
    }
    assert_eq!(arrived(pinned.bytes()), LEN);
    println!("pinned: all {LEN} bytes arrived");

    // A pin that is forgotten holds its place in the middle of the heap, and the block with it.
    pinned.keep();
    let held = heap.allocatable()?.unwrap_or(0);
    let error = heap.free(buffer).expect_err("a pinned block");
    println!("forgotten pin: {held} bytes in one piece at most; to free it: {error}");
    heap.unpin(buffer)?;
    let whole = heap.allocatable()?.unwrap_or(0);
    println!("unpinned: {whole} bytes in one piece");
    assert!(whole >= held + 1000);
    assert_eq!(arrived(heap.get(buffer)?), LEN);
    heap.free(buffer)?;
    heap.check()?;
    Ok(())
}
