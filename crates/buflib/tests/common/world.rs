//! Every operation on a heap, carried out on it and on what is known of it, wherever its memory goes.

mod blocks;
mod looks;
mod op;
mod region;

use std::ops::Range;
use std::ptr::NonNull;

use buflib::{Check, Error, Given, Handle, Heap, Layout, Outline, RegionError, Suspended};

use super::{FILLER, Memory, Program};
pub(crate) use op::{Op, What};

/// A heap, and the program that uses it.
struct World<'p, 'a, L: Layout, C: Check> {
    heap: Heap<'a, L, C>,
    known: &'p mut Known<L>,
    /// Memory that was given out at either end, the last given last, and what it is filled with.
    fronts: Vec<(Given<'a>, u8)>,
    ends: Vec<(Given<'a>, u8)>,
}

/// What is known of a heap.
struct Known<L: Layout> {
    program: Program<L>,
    /// The handle that was freed last.
    stale: Option<Handle<L>>,
    /// The memory's address, and where in it the heap's buffer starts and ends.
    address: usize,
    buffer: Range<usize>,
}

/// How a heap is to be had again.
enum Away<L: Layout, C: Check> {
    /// It was not there yet.
    Fresh,
    Suspended(Box<Suspended<L, C>>),
    Image,
    Outline(Outline),
    /// It is an image of which nothing is known.
    Foreign,
}

/// Runs a program on `len` bytes that start at a page and `skew` bytes, or, when the heap has gone there, at a page and
/// `distance` bytes more.
pub(crate) fn run<L: Layout, C: Check>(
    (len, skew, distance): (usize, usize, usize),
    seed: u64,
    ops: &[Op],
) {
    let there = Memory::skewed(len, skew + distance);
    go::<L, C>(Memory::skewed(len, skew), there, Away::Fresh, seed, ops);
}

/// Attaches to any bytes, and if that goes well, runs a program on them, in which nobody is asked. Tells whether it
/// has.
pub(crate) fn run_attached<L: Layout, C: Check>(image: &[u8], skew: usize, ops: &[Op]) -> bool {
    let (len, mut here) = (image.len(), Memory::skewed(image.len(), skew));
    here.bytes().copy_from_slice(image);
    match Heap::<L, C>::attach(here.bytes()) {
        Ok(heap) => heap.check().expect("an error before"),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert_eq!(here.bytes(), image, "changed by what was refused");
            return false;
        }
    }
    here.bytes().copy_from_slice(image);
    go::<L, C>(here, Memory::skewed(len, skew), Away::Foreign, 0, ops);
    true
}

fn go<L: Layout, C: Check>(
    mut here: Memory,
    mut there: Memory,
    mut away: Away<L, C>,
    seed: u64,
    ops: &[Op],
) {
    let len = here.bytes().len();
    let mut known = Known {
        program: Program::new(seed),
        stale: None,
        address: 0,
        buffer: 0..len,
    };
    let mut ops = ops.iter();
    loop {
        if !matches!(away, Away::Image) {
            // What an image did without is there again.
            known.buffer.end = len;
        }
        known.address = here.bytes().as_ptr().addr();
        let bytes = &mut here.bytes()[known.buffer.clone()];
        let heap = match away {
            Away::Fresh => match Heap::from_bytes(bytes) {
                Ok(heap) => heap,
                Err(_) => return,
            },
            Away::Suspended(suspended) => match suspended.resume(bytes) {
                Ok(heap) => heap,
                Err(refused) => {
                    known.must_not_be_here(refused.error);
                    away = Away::Suspended(Box::new(refused.returned));
                    std::mem::swap(&mut here, &mut there);
                    continue;
                }
            },
            Away::Image => Heap::attach(bytes).expect("an image"),
            Away::Foreign => {
                let mut heap = Heap::attach(bytes).expect("as before");
                known.program.learn(&mut heap);
                heap
            }
            Away::Outline(outline) => Heap::of_outline(bytes, &outline).expect("the same heap"),
        };
        let mut world = Box::new(World {
            heap,
            known: &mut known,
            fronts: Vec::new(),
            ends: Vec::new(),
        });
        world.arrive();
        let other = &mut there.bytes()[world.known.buffer.start..];
        let left = world.stay(&mut ops, NonNull::from(other).cast());
        assert!(here.around().all(|byte| byte == FILLER), "a write outside");
        let Some((way, elsewhere)) = left else {
            return;
        };
        away = way;
        if elsewhere {
            there.bytes().copy_from_slice(here.bytes());
            std::mem::swap(&mut here, &mut there);
        }
    }
}

impl<'a, L: Layout, C: Check> World<'_, 'a, L, C> {
    /// Does one operation after the other, until the heap leaves: then how, and whether its memory goes to `other`.
    fn stay<'o>(
        mut self: Box<Self>,
        ops: &mut impl Iterator<Item = &'o Op>,
        other: NonNull<u8>,
    ) -> Option<(Away<L, C>, bool)> {
        for op in ops {
            if op.what.leaves() {
                match self.leave(op, other) {
                    Ok(left) => return Some(left),
                    Err(world) => {
                        self = world;
                        self.known.program.look_up(&self.heap);
                    }
                }
            } else {
                self.step(op);
            }
            self.known.program.verify(&self.heap);
        }
        None
    }

    fn step(&mut self, op: &Op) {
        match op.what {
            What::Alloc | What::AllocMut | What::AllocWith => self.alloc(op),
            What::Free => self.free(op),
            What::Resize | What::ResizeMut | What::Grow => self.resize(op),
            What::Shrink => self.shrink(op),
            What::Compact => self.compact(op),
            What::Step => self.compact_step(op),
            What::Hold => self.hold(op),
            What::Exact => self.exact(op),
            What::Pin => self.pin(op),
            What::Unpin => self.unpin(op),
            What::Guard => self.guard(op),
            What::Several => self.several(op),
            What::Numbers => self.numbers(op),
            What::Look => self.look(op),
            What::Stale => self.stale(),
            What::GiveFront | What::GiveFreeFront => self.give_front(op),
            What::TakeFront => self.take_front(),
            What::GiveEnd => self.give_end(op),
            What::TakeEnd => self.take_end(),
            What::Copy => self.copy(op),
            What::Save => self.save(op),
            What::Suspend | What::Relocate | What::Image | What::Outline => {}
        }
        // With its owner, it was told of all moves.
        if !op.owned || !op.what.is_told() {
            self.known.program.look_up(&self.heap);
        }
    }

    /// A live block's place among those that are known.
    fn pick(&self, which: impl Into<usize>) -> Option<usize> {
        which.into().checked_rem(self.known.program.blocks.len())
    }
}

impl<L: Layout> Known<L> {
    /// A block was freed.
    fn gone(&mut self, handle: Handle<L>) {
        self.program.forget(handle);
        self.stale = Some(handle);
    }

    /// The heap's buffer is these bytes now.
    fn is_image(&mut self, image: &[u8]) {
        let start = image.as_ptr().addr() - self.address;
        self.buffer = start..start + image.len();
    }

    /// What is no error of the library: that there is no room, or that all of it is held.
    fn must_be_full(&self, error: Error) {
        match error {
            Error::Exhausted {
                free, contiguous, ..
            } => assert!(contiguous <= free, "{error}"),
            Error::MaximumHeld { number } => {
                let holder = self.program.held.map(Handle::number);
                assert_eq!(holder, Some(number), "{error}");
            }
            error => panic!("{error}"),
        }
    }

    /// Whether there is a block that forbids what was refused.
    fn must_not_be_here(&self, error: RegionError) {
        let mut blocks = self.program.blocks.iter();
        match error {
            RegionError::Immovable { number, .. } => assert!(
                blocks
                    .any(|block| block.handle.number() == number
                        && (block.immovable || block.pins > 0)),
                "{error}"
            ),
            RegionError::Misaligned { number, align, .. } => assert!(
                blocks.any(|block| block.handle.number() == number
                    && (block.align >= align || self.program.learned)),
                "{error}"
            ),
            RegionError::Address {
                remainder,
                expected,
            } => assert_ne!(remainder, expected),
            error => panic!("{error}"),
        }
    }
}
