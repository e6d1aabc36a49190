//! Small arenas, and what is tried on each.

use buflib::{Check, Layout};

use super::known::Known;
use super::op::{Kind, Manner, Op};
use crate::memory::{arena_bytes, payload};

/// An arena, and the operations that follow any state of a heap in it. Sizes are in bytes of payload.
pub(crate) struct Plan {
    pub(crate) arena: &'static str,
    pub(crate) bytes: usize,
    /// How many operations one behind the other.
    pub(crate) depth: usize,
    sizes: Vec<usize>,
    immovable: Vec<usize>,
    aligned: Vec<usize>,
    pub(crate) align: usize,
    owned: Vec<usize>,
    resized: Vec<usize>,
    pins: bool,
    steps: bool,
}

/// How many operations one behind the other are tried on an arena.
pub(crate) struct Depths {
    pub(crate) tiny: usize,
    pub(crate) mixed: usize,
    pub(crate) classes: usize,
}

impl Plan {
    /// The arenas for a kind of heap of which blocks of up to so many granules have a list of their own.
    pub(crate) fn all<L: Layout, C: Check>(listed: usize, depths: &Depths) -> Vec<Self> {
        vec![
            Self::tiny::<L, C>(depths.tiny),
            Self::mixed::<L, C>(depths.mixed),
            Self::classes::<L, C>(listed, depths.classes),
        ]
    }

    /// So small that there is an end of what can be reached.
    fn tiny<L: Layout, C: Check>(depth: usize) -> Self {
        let two = payload::<L>(2);
        Self {
            arena: "5 granules",
            bytes: arena_bytes::<L, C>(3, 5),
            depth,
            sizes: vec![0, two],
            immovable: vec![0],
            aligned: Vec::new(),
            align: 1,
            owned: Vec::new(),
            resized: vec![0, two, payload::<L>(3)],
            pins: true,
            steps: true,
        }
    }

    /// Every kind of block and every operation.
    fn mixed<L: Layout, C: Check>(depth: usize) -> Self {
        let [one, two, four] = [1, 2, 4].map(payload::<L>);
        let bytes = arena_bytes::<L, C>(5, 14);
        Self {
            arena: "14 granules",
            bytes,
            depth,
            sizes: vec![0, two - 1, four, payload::<L>(7), bytes],
            immovable: vec![one],
            aligned: vec![one + 1],
            align: 4 * L::GRANULE_BYTES,
            owned: vec![two],
            resized: vec![one, one + 1, payload::<L>(5)],
            pins: true,
            steps: true,
        }
    }

    /// Blocks of every class of sizes: those too small for a link, those that have a list, those of which one
    /// is kept for each remainder, and those beyond.
    fn classes<L: Layout, C: Check>(listed: usize, depth: usize) -> Self {
        let beyond = L::LONG_BYTES
            .div_ceil(L::GRANULE_BYTES)
            .min(16 * listed + 1);
        let [last, first, beyond_all] = [listed, listed + 1, beyond].map(payload::<L>);
        let granules = 2 * beyond + listed;
        Self {
            arena: "all classes",
            bytes: arena_bytes::<L, C>(4, granules),
            depth,
            sizes: vec![0, last, first, beyond_all],
            immovable: vec![first],
            aligned: Vec::new(),
            align: 1,
            owned: vec![last],
            resized: vec![last, first - 1, beyond_all],
            pins: false,
            steps: true,
        }
    }

    /// The operations that are tried on a heap of which this is known.
    pub(crate) fn ops<L: Layout>(&self, known: &Known<'_, L>) -> Vec<Op> {
        let mut ops = Vec::new();
        let with_owner = known.blocks.iter().any(|own| own.manner.is_some());
        let askings = if with_owner {
            &[false, true][..]
        } else {
            &[false]
        };
        let mut alloc = |sizes: &[usize], kind, asked| {
            let requests = sizes.iter().map(|&size| Op::Alloc {
                size: size as u16,
                kind,
                asked,
            });
            ops.extend(requests);
        };
        for &asked in askings {
            alloc(&self.sizes, Kind::Plain, asked);
        }
        alloc(&self.immovable, Kind::Immovable, false);
        alloc(&self.aligned, Kind::Aligned(self.align as u16), false);
        alloc(&self.owned, Kind::Owned(Manner::Refuses), false);
        alloc(&self.owned, Kind::Owned(Manner::Gives), false);
        for &asked in askings {
            ops.push(Op::Maximum { asked });
            ops.push(Op::Compact { asked });
            if self.steps {
                ops.push(Op::Step {
                    bytes: 2 * L::GRANULE_BYTES as u16,
                    blocks: 1,
                    asked,
                });
            }
        }
        if self.steps {
            ops.push(Op::Step {
                bytes: 4 * L::GRANULE_BYTES as u16,
                blocks: 3,
                asked: false,
            });
        }
        for own in &known.blocks {
            let number = own.handle.number() as u8;
            if own.pins == 0 {
                ops.push(Op::Free(number));
            }
            for &asked in askings {
                let sizes = self.resized.iter().filter(|&&size| size != own.len);
                ops.extend(sizes.map(|&size| Op::Resize {
                    number,
                    size: size as u16,
                    asked,
                }));
            }
            let len = own.len as u16;
            if len > 0 {
                // Off the granule, by whole granules, and both sides.
                let granule = (L::GRANULE_BYTES as u16).min(len);
                ops.push(Op::Shrink {
                    number,
                    start: 1,
                    end: len,
                });
                ops.push(Op::Shrink {
                    number,
                    start: granule,
                    end: len,
                });
                ops.push(Op::Shrink {
                    number,
                    start: len / 2,
                    end: len - len / 4,
                });
            }
            if self.pins && own.pins < 2 {
                ops.push(Op::Pin(number));
            }
            if own.pins > 0 {
                ops.push(Op::Unpin(number));
            }
        }
        ops
    }
}
