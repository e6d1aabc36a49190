//! Going from state to state, breadth first: so what is found is found by the shortest way.
//!
//! A state is had again by doing all that led to it once more. That is the only way that restores it whole, with
//! all that a heap keeps beside its arena, and on arenas as small as these it takes less than a microsecond.

use std::collections::HashSet;
use std::hash::Hasher;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use buflib::{Check, Layout};
use rustc_hash::FxBuildHasher;
use xxhash_rust::xxh3::xxh3_128;

use super::op::{Line, Op};
use super::plan::Plan;
use super::world::{Outcome, Trouble, World};
use crate::memory::{Memory, Pattern};

/// What a search has seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Distinct states by the number of operations that lead to them at the least.
    pub(crate) states: Vec<usize>,
    /// Operations that were carried out on a state and looked at.
    pub(crate) steps: usize,
    /// Those of them that were refused.
    pub(crate) refused: usize,
    /// Whether no operation leads to a state that was not seen.
    pub(crate) closed: bool,
}

impl Tally {
    pub(crate) fn all_states(&self) -> usize {
        self.states.iter().sum()
    }
}

/// What is not as it must be, and the program that leads there.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) program: Vec<String>,
    pub(crate) trouble: Trouble,
}

/// A state: the one that it was reached from, and how.
#[derive(Clone, Copy)]
struct Node {
    from: u32,
    op: Op,
}

/// The state of a fresh heap is no node.
const FRESH: u32 = u32::MAX;

pub(crate) struct Search<'w> {
    plan: &'w Plan,
    memory: Memory,
    pattern: Pattern,
    nodes: Vec<Node>,
    seen: HashSet<u128, FxBuildHasher>,
    tally: Tally,
    /// States seen by all searches, for the progress bar.
    watched: &'w AtomicUsize,
}

impl<'w> Search<'w> {
    pub(crate) fn new<L: Layout>(plan: &'w Plan, watched: &'w AtomicUsize) -> Self {
        Self {
            plan,
            memory: Memory::new::<L>(plan.bytes),
            pattern: Pattern::new(plan.bytes),
            nodes: Vec::new(),
            seen: HashSet::default(),
            tally: Tally::default(),
            watched,
        }
    }

    /// Visits all states up to the depth of the plan.
    pub(crate) fn run<L: Layout, C: Check>(mut self) -> Result<Tally, Failure> {
        let mut level = vec![FRESH];
        let fresh = self.attempt::<L, C, _>(&[], |world| likeness(world))?;
        self.seen.insert(fresh);
        for depth in 0..=self.plan.depth {
            self.tally.states.push(level.len());
            let first = self.nodes.len();
            for &node in &level {
                self.visit::<L, C>(node, depth < self.plan.depth)?;
            }
            level = (first..self.nodes.len()).map(|node| node as u32).collect();
            if level.is_empty() {
                self.tally.closed = depth < self.plan.depth;
                break;
            }
        }
        Ok(self.tally)
    }

    /// Looks at a state, and if the search goes on from it, does each operation.
    fn visit<L: Layout, C: Check>(&mut self, node: u32, onward: bool) -> Result<(), Failure> {
        let mut path = self.path(node);
        self.attempt::<L, C, _>(&path, |world| world.is_exact(1))?;
        let (plan, align) = (self.plan, self.plan.align);
        if align > 1 {
            self.attempt::<L, C, _>(&path, |world| world.is_exact(align))?;
        }
        if !onward {
            return Ok(());
        }
        let ops = self.attempt::<L, C, _>(&path, |world| Ok(plan.ops(&world.known)))?;
        for op in ops {
            path.push(op);
            let (outcome, state) = self.step::<L, C>(&path)?;
            self.tally.steps += 1;
            self.tally.refused += usize::from(outcome == Outcome::Refused);
            if self.seen.insert(state) {
                self.nodes.push(Node { from: node, op });
                self.watched.fetch_add(1, Ordering::Relaxed);
            }
            path.pop();
        }
        Ok(())
    }

    /// Does the last operation of a program, and looks at what it has done.
    fn step<L: Layout, C: Check>(&mut self, program: &[Op]) -> Result<(Outcome, u128), Failure> {
        let Some((&op, path)) = program.split_last() else {
            return Err(self.failure::<L, C>(program, "an empty program".into()));
        };
        let done = self.attempt::<L, C, _>(path, |world| {
            let outcome = world.apply(op)?;
            let stays = world.known.any_stays(op.asked());
            world.verify(op.asked())?;
            Ok((outcome, likeness(world)?, stays))
        });
        let (outcome, state, stays) =
            done.map_err(|failure| self.failure::<L, C>(program, failure.trouble))?;
        if outcome == Outcome::Refused && stays {
            self.compaction_does_not_help::<L, C>(program, path, op)?;
        }
        Ok((outcome, state))
    }

    /// What is refused must not fit after a compaction: that would have been made first.
    fn compaction_does_not_help<L: Layout, C: Check>(
        &mut self,
        program: &[Op],
        path: &[Op],
        op: Op,
    ) -> Result<(), Failure> {
        let helped = self.attempt::<L, C, _>(path, |world| {
            world.apply(Op::Compact { asked: op.asked() })?;
            Ok(world.apply(op)? != Outcome::Refused)
        })?;
        if helped {
            let trouble = "refused, though it would not be after a compaction";
            return Err(self.failure::<L, C>(program, trouble.into()));
        }
        Ok(())
    }

    /// The program that leads to a state.
    fn path(&self, mut node: u32) -> Vec<Op> {
        let mut path = Vec::with_capacity(self.plan.depth + 1);
        while node != FRESH {
            let Node { from, op } = self.nodes[node as usize];
            path.push(op);
            node = from;
        }
        path.reverse();
        path
    }

    /// Does something with the heap at the end of a program.
    fn attempt<L: Layout, C: Check, R>(
        &mut self,
        path: &[Op],
        look: impl FnOnce(&mut World<'_, '_, L, C>) -> Result<R, Trouble>,
    ) -> Result<R, Failure> {
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut world = World::<L, C>::new(&mut self.memory, &self.pattern)?;
            for &op in path {
                world.apply(op)?;
            }
            world.locate()?;
            look(&mut world)
        }));
        let result = result.unwrap_or_else(|_| Err("a panic".into()));
        result.map_err(|trouble| self.failure::<L, C>(path, trouble))
    }

    /// Writes a program down that has failed.
    fn failure<L: Layout, C: Check>(&mut self, program: &[Op], trouble: Trouble) -> Failure {
        let mut lines = Vec::new();
        let world = World::<L, C>::new(&mut self.memory, &self.pattern);
        let mut world = world.ok();
        for &op in program {
            let done = world.as_mut().map(|world| world.apply(op));
            let new = match done {
                Some(Ok(Outcome::Done(new))) => new,
                _ => None,
            };
            lines.push(Line { op, new }.to_string());
        }
        Failure {
            program: lines,
            trouble,
        }
    }
}

/// A number that is the same for two heaps only if they will do the same.
pub(super) fn likeness<L: Layout, C: Check>(
    world: &mut World<'_, '_, L, C>,
) -> Result<u128, Trouble> {
    let mut bytes = Bytes(Vec::with_capacity(4096));
    let hashed = world.heap.hash_likeness(&mut bytes);
    hashed.map_err(|corruption| corruption.to_string())?;
    Ok(xxh3_128(&bytes.0))
}

/// All that a hasher is fed.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        xxh3_128(&self.0) as u64
    }
}
