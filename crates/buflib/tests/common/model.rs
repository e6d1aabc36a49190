//! A heap beside a model that knows what every block must contain.

use buflib::{Budget, Check, Error, Handle, Heap, Layout, Request};

use super::{block_bytes, entry_bytes};

/// What the model knows of a block in use.
#[derive(Clone, Debug)]
pub(crate) struct Known<L: Layout> {
    pub(crate) handle: Handle<L>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) align: usize,
    pub(crate) name: String,
    /// The address of an immovable block.
    pub(crate) fixed: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Alloc {
        size: usize,
        align_log2: u32,
        immovable: bool,
        named: bool,
    },
    /// Of the live block with this number, modulo how many there are.
    Free(usize),
    Resize(usize, usize),
    /// By so many bytes, the live block with this number.
    Grow(usize, isize),
    Compact,
    /// A step of compaction with a budget of so many bytes and blocks.
    Step(usize, usize),
    Maximum,
    /// Use of the handle that was freed last.
    Stale,
}

pub(crate) struct Model<'a, L: Layout, C: Check> {
    pub(crate) heap: Heap<'a, L, C>,
    pub(crate) known: Vec<Known<L>>,
    stale: Option<Handle<L>>,
    seed: u8,
}

impl<'a, L: Layout, C: Check> Model<'a, L, C> {
    pub(crate) fn new(heap: Heap<'a, L, C>) -> Self {
        Self {
            heap,
            known: Vec::new(),
            stale: None,
            seed: 0,
        }
    }

    pub(crate) fn run(&mut self, ops: impl IntoIterator<Item = Op>) {
        for op in ops {
            self.step(op);
        }
    }

    /// Carries one operation out on both, and compares all there is.
    pub(crate) fn step(&mut self, op: Op) {
        match op {
            Op::Alloc {
                size,
                align_log2,
                immovable,
                named,
            } => {
                let name = if named {
                    format!("block of {size}")
                } else {
                    String::new()
                };
                self.alloc(size, 1 << align_log2, immovable, name);
            }
            Op::Free(which) => self.free(which),
            Op::Resize(which, size) => self.resize(which, size),
            Op::Grow(which, by) => {
                if let Some(block) = self.known.get(which % self.known.len().max(1)) {
                    let size = block.bytes.len().saturating_add_signed(by);
                    self.resize(which, size);
                }
            }
            Op::Compact => {
                let free = self.heap.available();
                let done = self.heap.compact().expect("compaction");
                assert!(self.heap.available() >= free, "compaction lost free space");
                assert_eq!(
                    self.heap.compact().expect("again").moves,
                    0,
                    "after {done:?}"
                );
                let plain = self
                    .known
                    .iter()
                    .all(|block| block.align <= 8 && block.fixed.is_none());
                if plain {
                    assert!(
                        self.heap
                            .blocks()
                            .all(|block| block.unwrap().handle.is_some()),
                        "free space among blocks"
                    );
                }
            }
            Op::Step(bytes, blocks) => {
                let free = self.heap.available();
                let budget = Budget { bytes, blocks };
                let done = self.heap.compact_step(budget).expect("step");
                assert!(done.looked_at <= blocks);
                assert!(done.bytes_moved <= bytes || done.moves == 1, "{done:?}");
                assert!(self.heap.available() >= free, "a step lost free space");
            }
            Op::Maximum => self.maximum(),
            Op::Stale => {
                if let Some(handle) = self.stale {
                    assert!(matches!(
                        self.heap.free(handle),
                        Err(Error::BadHandle { .. })
                    ));
                    assert!(matches!(
                        self.heap.resize(handle, 1),
                        Err(Error::BadHandle { .. })
                    ));
                    assert!(self.heap.get(handle).is_err() && self.heap.get_mut(handle).is_err());
                }
            }
        }
        self.verify();
    }

    pub(crate) fn alloc(&mut self, size: usize, align: usize, immovable: bool, name: String) {
        let mut request = Request::new(size).align(align).name(&name);
        if immovable {
            request = request.immovable();
        }
        match self.heap.alloc_with(request) {
            Ok(handle) => {
                assert!(
                    self.known.iter().all(|block| block.handle != handle),
                    "{handle} given out twice"
                );
                let bytes = self.fresh(size);
                let to = self.heap.get_mut(handle).expect("new block");
                assert_eq!(to.len(), size);
                to.copy_from_slice(&bytes);
                let fixed = immovable.then(|| to.as_ptr().addr());
                self.known.push(Known {
                    handle,
                    bytes,
                    align,
                    name,
                    fixed,
                });
            }
            Err(error) => self.must_be_exhausted(error, size, align <= 8 && name.is_empty()),
        }
    }

    /// A failure is right only if the same fails again with everything moved together.
    fn must_be_exhausted(&mut self, error: Error, size: usize, plain: bool) {
        let Error::Exhausted {
            requested,
            free,
            contiguous,
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!(requested, size);
        assert!(contiguous <= free);
        if plain {
            self.no_hole_must_fit(block_bytes::<L>(size));
            let most = self.heap.allocatable().expect("allocatable");
            assert!(
                most.is_none_or(|most| most < size),
                "{size} failed where {most:?} are allocatable"
            );
        }
    }

    /// Looks for free space that would have done, if there is a number for the block.
    fn no_hole_must_fit(&self, bytes: usize) {
        let (mut run, mut longest, mut in_holes) = (0, 0, 0);
        for block in self.heap.blocks() {
            let block = block.expect("sound metadata");
            run = if block.handle.is_none() {
                run + block.bytes
            } else {
                0
            };
            in_holes += if run > 0 { block.bytes } else { 0 };
            longest = longest.max(run);
        }
        let stats = self.heap.stats();
        let entry = entry_bytes::<L, C>().next_multiple_of(L::GRANULE_BYTES);
        if stats.live < stats.table_entries || stats.free_bytes - in_holes >= entry {
            assert!(
                longest < bytes,
                "{bytes} bytes failed beside {longest} free bytes"
            );
        }
    }

    pub(crate) fn free(&mut self, which: usize) {
        if self.known.is_empty() {
            return;
        }
        let block = self.known.swap_remove(which % self.known.len());
        self.heap.free(block.handle).expect("free");
        assert!(!self.heap.contains(block.handle));
        self.stale = Some(block.handle);
    }

    pub(crate) fn resize(&mut self, which: usize, size: usize) {
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
            assert!(
                self.heap.alloc(most + 1).is_err(),
                "{most} were said to be the most"
            );
            let (handle, bytes) = self.heap.alloc_maximum().expect("maximum");
            assert_eq!(
                (self.heap.get(handle).expect("maximum").len(), bytes),
                (most, most)
            );
            assert!(matches!(self.heap.alloc(0), Err(Error::MaximumHeld { .. })));
            self.verify();
            self.heap.free(handle).expect("free");
        }
    }

    fn fresh(&mut self, size: usize) -> Vec<u8> {
        self.seed = self.seed.wrapping_add(41);
        (0..size)
            .map(|i| self.seed.wrapping_add((i as u8).wrapping_mul(7)))
            .collect()
    }

    /// Integrity, contents, alignment, place of the immovable, counts.
    pub(crate) fn verify(&self) {
        if let Err(corruption) = self.heap.check() {
            panic!("{corruption}");
        }
        for block in &self.known {
            let bytes = self.heap.get(block.handle).expect("live block");
            assert_eq!(bytes, block.bytes, "contents of {}", block.handle);
            assert_eq!(
                bytes.as_ptr().addr() % block.align.max(L::GRANULE_BYTES),
                0,
                "alignment"
            );
            if let Some(address) = block.fixed {
                assert_eq!(bytes.as_ptr().addr(), address, "an immovable block moved");
            }
            assert_eq!(
                self.heap
                    .name(block.handle)
                    .expect("name")
                    .unwrap_or_default(),
                block.name
            );
        }
        let listed = self
            .heap
            .blocks()
            .map(Result::unwrap)
            .filter_map(|block| block.handle)
            .count();
        assert_eq!(listed, self.heap.stats().live);
    }
}
