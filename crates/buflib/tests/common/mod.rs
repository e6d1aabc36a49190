//! A heap beside a model that knows what every block must contain.

#![allow(dead_code, reason = "each test file uses its own part")]

use buflib::{Check, Error, Handle, Heap, Layout, Request};

/// A buffer that starts at a multiple of 4096 plus `skew`.
pub struct Memory {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl Memory {
    pub fn new(len: usize) -> Self {
        Self::skewed(len, 0)
    }

    pub fn skewed(len: usize, skew: usize) -> Self {
        let bytes = vec![0xaa; len + skew + 4096];
        let start = bytes.as_ptr().addr().next_multiple_of(4096) - bytes.as_ptr().addr() + skew;
        Self { bytes, start, len }
    }

    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..][..self.len]
    }

    pub fn heap<L: Layout, C: Check>(&mut self) -> Heap<'_, L, C> {
        Heap::from_bytes(self.bytes()).expect("a heap")
    }
}

/// What the model knows of a block in use.
#[derive(Clone, Debug)]
pub struct Known<L: Layout> {
    pub handle: Handle<L>,
    pub bytes: Vec<u8>,
    pub align: usize,
    pub name: String,
    /// The address of an immovable block.
    pub fixed: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub enum Op {
    Alloc { size: usize, align_log2: u32, immovable: bool, named: bool },
    /// Of the live block with this number, modulo how many there are.
    Free(usize),
    Resize(usize, usize),
    Compact,
    Maximum,
    /// Use of the handle that was freed last.
    Stale,
}

pub struct Model<'a, L: Layout, C: Check> {
    pub heap: Heap<'a, L, C>,
    pub known: Vec<Known<L>>,
    stale: Option<Handle<L>>,
    seed: u8,
}

impl<'a, L: Layout, C: Check> Model<'a, L, C> {
    pub fn new(heap: Heap<'a, L, C>) -> Self {
        Self { heap, known: Vec::new(), stale: None, seed: 0 }
    }

    pub fn run(&mut self, ops: impl IntoIterator<Item = Op>) {
        for op in ops {
            self.step(op);
        }
    }

    /// Carries one operation out on both, and compares all there is.
    pub fn step(&mut self, op: Op) {
        match op {
            Op::Alloc { size, align_log2, immovable, named } => {
                let name = if named { format!("block of {size}") } else { String::new() };
                self.alloc(size, 1 << align_log2, immovable, name);
            }
            Op::Free(which) => self.free(which),
            Op::Resize(which, size) => self.resize(which, size),
            Op::Compact => {
                let free = self.heap.available();
                let done = self.heap.compact().expect("compaction");
                assert!(self.heap.available() >= free, "compaction lost free space");
                assert_eq!(self.heap.compact().expect("again").moves, 0, "after {done:?}");
                let plain = self.known.iter().all(|block| block.align <= 8 && block.fixed.is_none());
                if plain {
                    assert!(self.heap.blocks().all(|block| block.unwrap().handle.is_some()), "free space among blocks");
                }
            }
            Op::Maximum => self.maximum(),
            Op::Stale => {
                if let Some(handle) = self.stale {
                    assert!(matches!(self.heap.free(handle), Err(Error::BadHandle { .. })));
                    assert!(matches!(self.heap.resize(handle, 1), Err(Error::BadHandle { .. })));
                    assert!(self.heap.get(handle).is_err() && self.heap.get_mut(handle).is_err());
                }
            }
        }
        self.verify();
    }

    pub fn alloc(&mut self, size: usize, align: usize, immovable: bool, name: String) {
        let mut request = Request::new(size).align(align).name(&name);
        if immovable {
            request = request.immovable();
        }
        match self.heap.alloc_with(request) {
            Ok(handle) => {
                assert!(self.known.iter().all(|block| block.handle != handle), "{handle} given out twice");
                let bytes = self.fresh(size);
                let to = self.heap.get_mut(handle).expect("new block");
                assert_eq!(to.len(), size);
                to.copy_from_slice(&bytes);
                let fixed = immovable.then(|| to.as_ptr().addr());
                self.known.push(Known { handle, bytes, align, name, fixed });
            }
            Err(error) => self.must_be_exhausted(error, size, align <= 8 && name.is_empty()),
        }
    }

    /// A failure is right only if the same fails again with everything moved together.
    fn must_be_exhausted(&mut self, error: Error, size: usize, plain: bool) {
        let Error::Exhausted { requested, free, contiguous } = error else {
            panic!("{error}");
        };
        assert_eq!(requested, size);
        assert!(contiguous <= free);
        if plain {
            let most = self.heap.allocatable().expect("allocatable");
            assert!(most.is_none_or(|most| most < size), "{size} failed where {most:?} are allocatable");
        }
    }

    pub fn free(&mut self, which: usize) {
        if self.known.is_empty() {
            return;
        }
        let block = self.known.swap_remove(which % self.known.len());
        self.heap.free(block.handle).expect("free");
        assert!(!self.heap.contains(block.handle));
        self.stale = Some(block.handle);
    }

    pub fn resize(&mut self, which: usize, size: usize) {
        if self.known.is_empty() {
            return;
        }
        let which = which % self.known.len();
        let handle = self.known[which].handle;
        match self.heap.resize(handle, size) {
            Ok(()) => {
                let fresh = self.fresh(size);
                let kept = size.min(self.known[which].bytes.len());
                let to = self.heap.get_mut(handle).expect("resized block");
                assert_eq!(to.len(), size);
                assert_eq!(to[..kept], self.known[which].bytes[..kept]);
                to.copy_from_slice(&fresh);
                self.known[which].bytes = fresh;
            }
            Err(Error::Exhausted { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn maximum(&mut self) {
        let most = self.heap.allocatable().expect("allocatable");
        if let Some(most) = most {
            assert!(self.heap.alloc(most + 1).is_err(), "{most} were said to be the most");
            let (handle, bytes) = self.heap.alloc_maximum().expect("maximum");
            assert_eq!((self.heap.get(handle).expect("maximum").len(), bytes), (most, most));
            assert!(matches!(self.heap.alloc(0), Err(Error::MaximumHeld { .. })));
            self.verify();
            self.heap.free(handle).expect("free");
        }
    }

    fn fresh(&mut self, size: usize) -> Vec<u8> {
        self.seed = self.seed.wrapping_add(41);
        (0..size).map(|i| self.seed.wrapping_add((i as u8).wrapping_mul(7))).collect()
    }

    /// Integrity, contents, alignment, place of the immovable, counts.
    pub fn verify(&self) {
        if let Err(corruption) = self.heap.check() {
            panic!("{corruption}");
        }
        for block in &self.known {
            let bytes = self.heap.get(block.handle).expect("live block");
            assert_eq!(bytes, block.bytes, "contents of {}", block.handle);
            assert!(bytes.as_ptr().addr().is_multiple_of(block.align.max(L::GRANULE_BYTES)), "alignment");
            if let Some(address) = block.fixed {
                assert_eq!(bytes.as_ptr().addr(), address, "an immovable block moved");
            }
            assert_eq!(self.heap.name(block.handle).expect("name").unwrap_or_default(), block.name);
        }
        let listed = self.heap.blocks().map(Result::unwrap).filter_map(|block| block.handle).count();
        assert_eq!(listed, self.heap.stats().live);
    }
}
