//! Programs of random operations with an owner that agrees, refuses, shrinks, frees and allocates by
//! chance. Each step ends with a full integrity walk and a comparison of all that is known.

mod common;

use buflib::{Check, Crc32, Error, Heap, Layout, Narrow, Standard, Unchecked, Wide};
use common::{Kind, Memory, Ownership, Program};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Op {
    Alloc(usize, Kind),
    /// Of the live block with this number, modulo how many there are.
    Free(usize),
    Resize(usize, usize),
    /// To the part between these two, modulo the length.
    Shrink(usize, usize, usize),
    Pin(usize),
    Unpin(usize),
    Compact,
    Maximum(Kind),
    /// The largest request of a kind is exact.
    Exact(Kind),
}

/// A step, and whether the owner is at hand.
type Step = (Op, bool);

fn kind() -> impl Strategy<Value = Kind> {
    let owner = prop_oneof![
        2 => Just(Ownership::Nobody),
        1 => Just(Ownership::Moves),
        3 => Just(Ownership::Shrinks),
    ];
    let align_log2 = prop_oneof![4 => Just(0), 1 => 0..8u32];
    let immovable = prop::bool::weighted(0.15);
    (align_log2, any::<bool>(), owner, immovable).prop_map(
        |(align_log2, named, owner, immovable)| Kind {
            align_log2,
            named,
            owner,
            immovable,
        },
    )
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0..64usize, 3 => 0..400usize, 1 => 0..3000usize]
}

fn op() -> impl Strategy<Value = Op> {
    let any = any::<usize>;
    prop_oneof![
        9 => (size(), kind()).prop_map(|(size, kind)| Op::Alloc(size, kind)),
        4 => any().prop_map(Op::Free),
        4 => (any(), size()).prop_map(|(which, size)| Op::Resize(which, size)),
        3 => (any(), any(), any()).prop_map(|(which, a, b)| Op::Shrink(which, a, b)),
        2 => any().prop_map(Op::Pin),
        2 => any().prop_map(Op::Unpin),
        1 => Just(Op::Compact),
        1 => kind().prop_map(Op::Maximum),
        1 => kind().prop_map(Op::Exact),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec((op(), prop::bool::weighted(0.8)), 1..100)
}

struct World<'a, L: Layout, C: Check> {
    heap: Heap<'a, L, C>,
    program: Program<L>,
}

impl<L: Layout, C: Check> World<'_, L, C> {
    fn step(&mut self, (op, owned): Step) {
        let Self { heap, program } = self;
        let live = program.blocks.len().max(1);
        let pick = |which: usize| which % live;
        match op {
            Op::Alloc(size, kind) => self.alloc(size, kind, owned),
            Op::Maximum(kind) => self.maximum(kind, owned),
            Op::Exact(kind) => self.exact(kind),
            Op::Compact if owned => drop(heap.with(program).compact().expect("compaction")),
            Op::Compact => drop(heap.compact().expect("compaction")),
            _ if program.blocks.is_empty() => {}
            Op::Free(which) => {
                let block = &program.blocks[pick(which)];
                let (handle, pins) = (block.handle, block.pins);
                match heap.free(handle) {
                    Ok(()) => {
                        assert_eq!(pins, 0);
                        program.forget(handle);
                        assert!(!heap.contains(handle));
                    }
                    Err(error) => {
                        let number = handle.number();
                        assert_eq!(error, Error::Pinned { number, pins });
                        assert!(pins > 0);
                    }
                }
            }
            Op::Resize(which, size) => {
                let handle = program.blocks[pick(which)].handle;
                let result = if owned {
                    heap.with(program).resize(handle, size)
                } else {
                    let result = heap.resize(handle, size);
                    program.look_up(heap);
                    result
                };
                match result {
                    Ok(()) => program.resized(heap, handle, size),
                    Err(Error::Exhausted { .. }) => {}
                    // Its owner has freed it when asked for room.
                    Err(Error::BadHandle { .. }) => assert!(program.known(handle).is_none()),
                    Err(error) => panic!("{error}"),
                }
            }
            Op::Shrink(which, a, b) => {
                let block = &program.blocks[pick(which)];
                let most = block.bytes.len() + 1;
                let kept = (a % most).min(b % most)..(a % most).max(b % most);
                program.shrink_to(heap, block.handle, kept);
            }
            Op::Pin(which) => {
                let at = pick(which);
                let handle = program.blocks[at].handle;
                let result = heap.pin(handle).map(|pinned| pinned.keep());
                // Room for the table may have been made.
                program.look_up(heap);
                match result {
                    Ok(()) => program.blocks[at].pins += 1,
                    Err(Error::Exhausted { .. } | Error::TooManyPins { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            Op::Unpin(which) => {
                let block = &mut program.blocks[pick(which)];
                match heap.unpin(block.handle) {
                    Ok(()) => block.pins -= 1,
                    Err(error) => {
                        let number = block.handle.number();
                        assert_eq!((error, block.pins), (Error::NotPinned { number }, 0));
                    }
                }
            }
        }
        if !owned || matches!(op, Op::Exact(_)) {
            self.program.look_up(&self.heap);
        }
        self.program.verify(&self.heap);
    }

    fn alloc(&mut self, size: usize, kind: Kind, owned: bool) {
        let Self { heap, program } = self;
        let name = format!("{size} bytes");
        let request = kind.request(size, &name);
        let result = if owned {
            heap.with(program).alloc_with(request)
        } else {
            heap.alloc_with(request)
        };
        match result {
            Ok(handle) => program.adopt(heap, handle, size, kind, &name),
            Err(Error::Exhausted {
                requested,
                free,
                contiguous,
            }) => {
                assert_eq!(requested, size);
                assert!(contiguous <= free);
                if !owned {
                    let most = heap.allocatable_with(request).expect("sound metadata");
                    assert!(
                        most.is_none_or(|most| most < size),
                        "{size} failed where {most:?} are allocatable"
                    );
                }
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn maximum(&mut self, kind: Kind, owned: bool) {
        let Self { heap, program } = self;
        let request = kind.request(0, "maximum");
        let result = if owned {
            heap.with(program).alloc_maximum_with(request)
        } else {
            heap.alloc_maximum_with(request)
        };
        match result {
            Ok((handle, bytes)) => {
                assert_eq!(heap.get(handle).expect("maximum").len(), bytes);
                let number = handle.number();
                assert_eq!(heap.alloc(0), Err(Error::MaximumHeld { number }));
                let again = heap.allocatable_with(request).expect("sound metadata");
                assert_eq!(again, None);
                heap.free(handle).expect("live block");
                program.look_up(heap);
                program.verify(heap);
            }
            Err(Error::Exhausted { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// Such an allocation succeeds, and one byte more does not.
    fn exact(&mut self, kind: Kind) {
        let heap = &mut self.heap;
        let request = |size| kind.request(size, "exact");
        let most = heap.allocatable_with(request(0)).expect("sound metadata");
        let more = most.map_or(0, |most| most + 1);
        let error = heap.alloc_with(request(more)).expect_err("a byte more");
        assert!(matches!(error, Error::Exhausted { .. }), "{error}");
        if let Some(most) = most {
            let handle = heap.alloc_with(request(most)).expect("what was promised");
            heap.free(handle).expect("live block");
        }
    }
}

fn run<L: Layout, C: Check>(len: usize, skew: usize, seed: u64, steps: &[Step]) {
    let mut memory = Memory::skewed(len, skew);
    let mut world = World::<L, C> {
        heap: memory.heap(),
        program: Program::new(seed),
    };
    for &step in steps {
        world.step(step);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 200 }, ..ProptestConfig::default() })]

    #[test]
    fn blocks_with_an_owner_behave_like_the_model(
        len in 300..6000usize,
        skew in 0..64usize,
        seed in any::<u64>(),
        steps in steps(),
    ) {
        run::<Standard, Unchecked>(len, skew, seed, &steps);
        run::<Standard, Crc32>(len, skew, seed, &steps);
        run::<Narrow, Unchecked>(len, skew, seed, &steps);
        run::<Narrow, Crc32>(len, skew, seed, &steps);
        run::<Wide, Unchecked>(len, skew, seed, &steps);
        run::<Wide, Crc32>(len, skew, seed, &steps);
    }
}
