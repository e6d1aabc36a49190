//! B1: whatever is in the arena's bytes, no operation panics, hangs or reaches outside the buffer.
//!
//! Results are of no interest here: without a check word damage may well be taken for metadata.
//! Damage is done through a pointer that leaves its payload: under an interpreter these tests need
//! the model of Tree Borrows.

#[macro_use]
mod common;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use buflib::{Answer, Budget, Check, Handle, Heap, Layout, Move, Owner, Pinned, Request, Wish};
use common::{FILLER, Memory, flip};
use fastrand::Rng;

on_every_heap!(
    flipped_bits_do_no_harm,
    overwritten_words_do_no_harm,
    arena_of_noise_does_no_harm,
);

/// No round takes longer than some milliseconds, so this is for endless loops alone.
const PATIENCE: Duration = Duration::from_secs(60);
const ROUNDS: u64 = if cfg!(miri) { 20 } else { 1500 };

/// What damages so many bytes of an arena, given what changes the byte at a place.
type Damage = fn(&mut Rng, usize, &mut dyn FnMut(usize, u8));

fn flipped_bits_do_no_harm<L: Layout, C: Check>() {
    run::<L, C>(|random, len, change| {
        for _ in 0..random.usize(1..=4) {
            change(random.usize(..len), 1 << random.u32(..8));
        }
    });
}

fn overwritten_words_do_no_harm<L: Layout, C: Check>() {
    run::<L, C>(|random, len, change| {
        let start = random.usize(..len / 4) * 4;
        (start..start + 4).for_each(|at| change(at, random.u8(..)));
    });
}

fn arena_of_noise_does_no_harm<L: Layout, C: Check>() {
    run::<L, C>(|random, len, change| (0..len).for_each(|at| change(at, random.u8(..))));
}

fn run<L: Layout, C: Check>(damage: Damage) {
    if cfg!(miri)
        && std::env::var_os("MIRIFLAGS")
            .is_none_or(|flags| !flags.to_string_lossy().contains("tree-borrows"))
    {
        return;
    }
    let (report, progress) = channel();
    let worker = thread::spawn(move || {
        for seed in 0..ROUNDS {
            // The other side is gone only if it has given up.
            let _ = report.send(seed);
            round::<L, C>(&mut Rng::with_seed(seed), damage);
        }
    });
    let mut last = 0;
    loop {
        match progress.recv_timeout(PATIENCE) {
            Ok(seed) => last = seed,
            Err(RecvTimeoutError::Timeout) => panic!("the round with seed {last} does not end"),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    assert!(worker.join().is_ok(), "the round with seed {last} panicked");
}

/// Sound operations, damage, more operations, and again as long as the first block can be reached.
fn round<L: Layout, C: Check>(random: &mut Rng, damage: Damage) {
    let len = random.usize(20..80) * 16;
    let mut memory = Memory::exact::<L>(len);
    let mut heap = memory.heap::<L, C>();
    let anchor = heap.alloc_with(Request::new(8).immovable()).expect("room");
    let place = heap.get(anchor).expect("new block").as_ptr();
    let mut handles = vec![anchor];
    for _ in 0..random.usize(..30) {
        operate(&mut heap, &mut handles, random);
    }
    for _ in 0..3 {
        damage(random, len, &mut |at, mask| {
            // Once its own metadata is damaged, the first block may seem to be elsewhere.
            if heap.get(anchor).is_ok_and(|bytes| bytes.as_ptr() == place) {
                flip(&mut heap, anchor, 0, at, mask);
            }
        });
        for _ in 0..12 {
            operate(&mut heap, &mut handles, random);
        }
    }
    assert!(
        memory.around().all(|byte| byte == FILLER),
        "a write outside the buffer"
    );
}

/// An owner that answers, shrinks, frees and allocates as it likes.
struct Whimsical<'r> {
    random: &'r mut Rng,
}

impl<L: Layout, C: Check> Owner<L, C> for Whimsical<'_> {
    type Tag = u8;

    fn before_move(&mut self, _: &Move<u8, L>) -> Answer {
        if self.random.bool() {
            Answer::Agree
        } else {
            Answer::Refuse
        }
    }

    fn shrink(&mut self, heap: &mut Heap<'_, L, C>, wish: &Wish<u8, L>) -> Answer {
        let middle = self.random.usize(..=wish.len);
        match self.random.u8(..5) {
            0 => {
                let _ = heap.shrink(wish.handle, middle..wish.len);
            }
            1 => {
                let _ = heap.shrink(wish.handle, 0..middle);
            }
            2 => {
                let _ = heap.free(wish.handle);
            }
            3 => {
                let _ = heap.alloc(self.random.usize(..40));
            }
            _ => return Answer::Refuse,
        }
        Answer::Agree
    }
}

/// One operation of any kind, with handles that were valid once.
fn operate<'a, L: Layout, C: Check>(
    heap: &mut Heap<'a, L, C>,
    handles: &mut Vec<Handle<L>>,
    random: &mut Rng,
) {
    let most = if random.u8(..) < 10 { 2000 } else { 80 };
    let size = random.usize(..most);
    let handle = handles[random.usize(..handles.len())];
    let other = handles[random.usize(..handles.len())];
    match random.u8(..27) {
        0..=3 => handles.extend(heap.alloc(size)),
        4..=5 => {
            let name = ["", "n", "a somewhat longer name"][random.usize(..3)];
            let request = Request::new(size).align(1 << random.u32(..8)).name(name);
            handles.extend(heap.alloc_with(if random.u8(..) < 60 {
                request.immovable()
            } else {
                request
            }));
        }
        // The first stays, as long as nothing but damage frees it.
        6..=8 if handle != handles[0] => {
            let _ = heap.free(handle);
        }
        9..=10 => {
            let _ = heap.resize(handle, size);
        }
        11 => heap
            .resize_mut(handle, size)
            .map_or((), |bytes| bytes.fill(random.u8(..))),
        12 => {
            let _ = heap.compact();
        }
        13 => {
            let _ = heap.allocatable();
        }
        14 => {
            if let Ok((all, _)) = heap.alloc_maximum() {
                handles.push(all);
                let _ = heap.resize(all, size);
            }
        }
        15 => {
            if let Ok([one, two]) = heap.get_disjoint_mut([handle, other]) {
                one.fill(1);
                two.fill(2);
            }
        }
        16 => {
            for block in heap.blocks() {
                std::hint::black_box(block.is_ok());
            }
            std::hint::black_box((heap.stats(), heap.available(), format!("{heap:?}")));
        }
        17 => {
            let sum: usize = heap
                .get(handle)
                .map_or(0, |bytes| bytes.iter().map(|&byte| usize::from(byte)).sum());
            std::hint::black_box((sum, heap.contains(handle), heap.name(other).is_ok()));
        }
        18 => {
            if let Err(corruption) = heap.check() {
                std::hint::black_box(corruption.to_string());
            }
        }
        19 => {
            let request = Request::new(size).name(["", "owned"][random.usize(..2)]);
            let request = if random.bool() {
                request.owner(random.u8(..))
            } else {
                request.shrinkable(random.u8(..))
            };
            handles.extend(heap.with(&mut Whimsical { random }).alloc_with(request));
        }
        20 => {
            let end = random.usize(..=size);
            {
                let _ = heap.shrink(handle, end / 3..end);
            };
        }
        21 => drop(heap.pin(handle).map(Pinned::keep)),
        22 => {
            let _ = heap.unpin(handle);
        }
        23 => {
            let budget = Budget {
                bytes: size,
                blocks: random.usize(..20),
            };
            if random.bool() {
                {
                    let _ = heap.compact_step(budget);
                };
            } else {
                {
                    let _ = heap.with(&mut Whimsical { random }).compact_step(budget);
                };
            }
        }
        24 => {
            let mut owner = Whimsical { random };
            {
                let _ = heap.with(&mut owner).compact();
            };
            {
                let _ = heap.with(&mut owner).resize(handle, size);
            };
            {
                let _ = heap.with(&mut owner).alloc(size);
            };
            if let Ok((all, _)) = heap.with(&mut owner).alloc_maximum() {
                {
                    let _ = heap.with(&mut owner).alloc(0);
                };
                {
                    let _ = heap.free(all);
                };
            }
        }
        25 => {
            for block in heap.allocations() {
                std::hint::black_box(block.is_ok());
            }
            std::hint::black_box((heap.to_string(), heap.pin_count(handle).is_ok()));
            std::hint::black_box((heap.tag::<u8>(handle).is_ok(), heap.block(3).is_ok()));
        }
        // Payloads may lie over metadata by now.
        _ => heap.get_mut(handle).map_or((), |bytes| {
            bytes.iter_mut().for_each(|byte| *byte = random.u8(..))
        }),
    }
}
