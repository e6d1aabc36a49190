//! The heap of a long run, and what each of its blocks must hold.

use std::time::Instant;

use buflib::{Budget, Check, Error, Handle, Heap, Layout};
use fastrand::Rng;

use super::report::{Call, Latencies};
use crate::memory::{Memory, Pattern, entry_bytes, granules};

/// Sizes of payloads: most are small.
const SMALL: (usize, usize) = (16, 2048);
/// One in so many is larger.
const LARGER_ONE_IN: u32 = 64;
const LARGER: (usize, usize) = (2049, 65_536);
/// One operation in so many changes the size of a block.
const RESIZE_ONE_IN: u32 = 8;

pub(super) struct Soak<'a, L: Layout, C: Check> {
    heap: Heap<'a, L, C>,
    blocks: Vec<Own<L>>,
    /// Payloads and metadata of all blocks, and how much that may be.
    occupied: usize,
    most: usize,
    arena: usize,
    random: Rng,
    stamp: usize,
    pattern: Pattern,
    /// Frees that were made because of padding, which is not counted as occupied.
    extra_frees: usize,
    allocated: usize,
    /// The least and the most that was occupied behind an operation, once the arena was filled.
    range: (usize, usize),
}

#[derive(Clone, Copy)]
struct Own<L: Layout> {
    handle: Handle<L>,
    len: usize,
    stamp: usize,
}

impl<'a, L: Layout, C: Check> Soak<'a, L, C> {
    pub(super) fn new(memory: &'a mut Memory, fill: f64, seed: u64) -> Result<Self, String> {
        let bytes = memory.fresh_bytes();
        let arena = bytes.len();
        Ok(Self {
            heap: Heap::from_bytes(bytes).map_err(|error| error.to_string())?,
            blocks: Vec::new(),
            occupied: 0,
            most: (arena as f64 * fill) as usize,
            arena,
            random: Rng::with_seed(seed),
            stamp: 0,
            pattern: Pattern::new(LARGER.1),
            extra_frees: 0,
            allocated: 0,
            range: (usize::MAX, 0),
        })
    }

    fn draw(&mut self) -> usize {
        let (least, most) = if self.random.u32(..LARGER_ONE_IN) == 0 {
            LARGER
        } else {
            SMALL
        };
        self.random.usize(least..=most)
    }

    /// Allocates until as much is in use as may be.
    pub(super) fn fill_up(&mut self) -> Result<(), String> {
        loop {
            let size = self.draw();
            if self.occupied + occupies::<L, C>(size) > self.most {
                return self.verify_all();
            }
            let handle = self.heap.alloc(size).map_err(|error| error.to_string())?;
            self.adopt(handle, size)?;
        }
    }

    /// One allocation or change of size, with as many blocks freed before as must be, and a step of compaction
    /// behind each. Tells how many operations that were, steps not counted.
    pub(super) fn turn(&mut self, budget: Budget, times: &mut Latencies) -> Result<usize, String> {
        let size = self.draw();
        let resized = self.random.u32(..RESIZE_ONE_IN) == 0;
        let which = self.random.usize(..self.blocks.len());
        let mut operations = 1;
        if resized {
            self.resize(which, size, times)?;
        } else {
            while !self.has_room(size) {
                self.free_one(times)?;
                self.step(budget, times)?;
                operations += 1;
            }
            let result = self.timed(Call::Alloc, times, |heap| heap.alloc(size));
            let handle = result.map_err(|error| self.unjustified(size, error))?;
            self.adopt(handle, size)?;
        }
        self.step(budget, times)?;
        let (least, most) = self.range;
        self.range = (least.min(self.occupied), most.max(self.occupied));
        Ok(operations)
    }

    /// Whether a block of this size may be allocated, and must be had.
    fn has_room(&mut self, size: usize) -> bool {
        if self.occupied + occupies::<L, C>(size) > self.most {
            return false;
        }
        // A number may have to be made for it.
        let needed = granules::<L>(size) * L::GRANULE_BYTES + entry_bytes::<L, C>();
        let has_room = self.heap.available() >= needed.next_multiple_of(L::GRANULE_BYTES);
        self.extra_frees += usize::from(!has_room);
        has_room
    }

    fn unjustified(&self, size: usize, error: Error) -> String {
        let available = self.heap.available();
        format!("{size} bytes are refused, and {available} available: {error}")
    }

    fn adopt(&mut self, handle: Handle<L>, len: usize) -> Result<(), String> {
        self.stamp += 1;
        let own = Own {
            handle,
            len,
            stamp: self.stamp,
        };
        self.fill(&own)?;
        self.occupied += occupies::<L, C>(len);
        self.allocated += len;
        self.blocks.push(own);
        Ok(())
    }

    fn fill(&mut self, own: &Own<L>) -> Result<(), String> {
        let bytes = self.heap.get_mut(own.handle);
        let bytes = bytes.map_err(|error| error.to_string())?;
        let (name, rest) = bytes.split_at_mut(size_of::<usize>());
        name.copy_from_slice(&own.stamp.to_ne_bytes());
        rest.copy_from_slice(self.pattern.of(own.stamp, own.len - name.len()));
        Ok(())
    }

    /// Whether a block holds what it must, up to a length.
    fn verify(&self, own: &Own<L>, len: usize) -> Result<(), String> {
        let bytes = self.heap.get(own.handle);
        let bytes = bytes.map_err(|error| error.to_string())?;
        let name = own.stamp.to_ne_bytes();
        let (found, rest) = bytes.split_at(name.len());
        let rest = &rest[..len - name.len()];
        if found == name && rest == self.pattern.of(own.stamp, rest.len()) {
            return Ok(());
        }
        Err(format!("{} has other contents", own.handle))
    }

    fn free_one(&mut self, times: &mut Latencies) -> Result<(), String> {
        let which = self.random.usize(..self.blocks.len());
        let own = self.blocks.swap_remove(which);
        self.verify(&own, own.len)?;
        let result = self.timed(Call::Free, times, |heap| heap.free(own.handle));
        self.occupied -= occupies::<L, C>(own.len);
        result.map_err(|error| error.to_string())
    }

    fn resize(&mut self, which: usize, size: usize, times: &mut Latencies) -> Result<(), String> {
        let own = self.blocks[which];
        let occupied = self.occupied - occupies::<L, C>(own.len) + occupies::<L, C>(size);
        let more = granules::<L>(size).saturating_sub(granules::<L>(own.len)) * L::GRANULE_BYTES;
        if occupied > self.most || self.heap.available() < more {
            return Ok(());
        }
        let result = self.timed(Call::Resize, times, |heap| heap.resize(own.handle, size));
        result.map_err(|error| self.unjustified(size, error))?;
        self.verify(&own, own.len.min(size))?;
        self.occupied = occupied;
        self.blocks[which].len = size;
        self.fill(&Own { len: size, ..own })
    }

    fn step(&mut self, budget: Budget, times: &mut Latencies) -> Result<(), String> {
        let result = self.timed(Call::Step, times, |heap| heap.compact_step(budget));
        result.map(drop).map_err(|error| error.to_string())
    }

    fn timed<R>(
        &mut self,
        call: Call,
        times: &mut Latencies,
        operation: impl FnOnce(&mut Heap<'a, L, C>) -> R,
    ) -> R {
        let before = self.heap.stats().bytes_moved;
        let start = Instant::now();
        let result = operation(&mut self.heap);
        let time = start.elapsed();
        times.add(call, time, self.heap.stats().bytes_moved - before);
        result
    }

    /// Walks the heap, and compares all contents.
    pub(super) fn verify_all(&self) -> Result<(), String> {
        self.heap.check().map_err(|error| error.to_string())?;
        if self.heap.stats().live != self.blocks.len() {
            return Err(format!("{} blocks are live", self.heap.stats().live));
        }
        let mut blocks = self.blocks.iter();
        blocks.try_for_each(|own| self.verify(own, own.len))
    }

    pub(super) fn summary(&self) -> String {
        let stats = self.heap.stats();
        let percent = |bytes: usize| 100.0 * bytes as f64 / self.arena as f64;
        let payload: usize = self.blocks.iter().map(|own| own.len).sum();
        let (least, most) = self.range;
        format!(
            "{} bytes of arena, {} blocks; payloads {:.2} %, with metadata {:.2} to {:.2} %, with padding {:.2} % in the end\n\
             {} bytes allocated, {:.2} moved for each; {} compactions beside the steps; {} frees for padding",
            self.arena,
            self.blocks.len(),
            percent(payload),
            percent(least),
            percent(most),
            percent(self.arena - self.heap.available()),
            self.allocated,
            stats.bytes_moved as f64 / self.allocated as f64,
            stats.compactions,
            self.extra_frees,
        )
    }
}

/// A block's payload and metadata, in bytes.
fn occupies<L: Layout, C: Check>(size: usize) -> usize {
    let long = granules::<L>(size) * L::GRANULE_BYTES >= L::LONG_BYTES;
    let trailer = if long { L::TRAILER_BYTES } else { 0 };
    L::HEADER_BYTES + size + trailer + entry_bytes::<L, C>()
}
