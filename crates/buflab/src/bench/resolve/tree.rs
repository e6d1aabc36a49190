//! A binary search tree that is not balanced: random insertions, then look-ups.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::time::Instant;

use fastrand::Rng;

use super::super::section::Lab;
use super::nodes::{
    BY_HANDLE, Blocks, BoxLink, BoxNode, IN_BOXES, IN_STORE, Node, Nodes, Stored, memory,
};
use super::{Part, Row, race};
use crate::error::Error;

/// So many runs are enough where one takes seconds.
const RUNS: usize = 3;

pub(super) fn measure(lab: &mut Lab<'_>, count: u64) -> Result<Vec<Row>, Error> {
    let mut random = Rng::with_seed(0x7eee);
    let mut keys: Vec<_> = (0..count).collect();
    random.shuffle(&mut keys);
    let inserted = keys.clone();
    random.shuffle(&mut keys);
    let work = Work {
        inserted,
        found: keys,
    };
    let mut memory = memory(count);
    let names = [BY_HANDLE, IN_STORE, IN_BOXES];
    let parts = [Part::Insert, Part::Find];
    race(
        lab.runs.min(RUNS),
        parts,
        count,
        &names,
        |which| match which {
            0 => work.time(Tree::<Blocks<'_, 2>, _>::new(&mut memory)?),
            1 => work.time(Tree::<Stored<'_>, _>::new(&mut memory)?),
            _ => work.time(BoxTree::default()),
        },
    )
}

/// Every key once, in two orders.
struct Work {
    inserted: Vec<u64>,
    found: Vec<u64>,
}

impl Work {
    /// ns per insertion and per look-up.
    fn time(&self, mut map: impl Map) -> Result<[f64; 2], Error> {
        let start = Instant::now();
        for &key in &self.inserted {
            map.insert(key, !key)?;
        }
        let inserted = start.elapsed();
        let start = Instant::now();
        let mut sum = 0u64;
        for &key in &self.found {
            sum = sum.wrapping_add(map.find(key)?.unwrap_or(0));
        }
        let found = start.elapsed();
        let all = self.found.iter();
        assert_eq!(
            black_box(sum),
            all.fold(0, |sum: u64, key| sum.wrapping_add(!key))
        );
        Ok([inserted, found].map(|time| time.as_nanos() as f64 / self.found.len() as f64))
    }
}

trait Map {
    fn insert(&mut self, key: u64, value: u64) -> Result<(), Error>;
    fn find(&self, key: u64) -> Result<Option<u64>, Error>;
}

struct Tree<N, L> {
    nodes: N,
    root: Option<L>,
}

impl<'a, N: Nodes<'a, 2>> Tree<N, N::Link> {
    fn new(memory: &'a mut [MaybeUninit<u8>]) -> Result<Self, Error> {
        let nodes = N::new(memory)?;
        Ok(Self { nodes, root: None })
    }
}

impl<'a, N: Nodes<'a, 2>> Map for Tree<N, N::Link> {
    fn insert(&mut self, key: u64, value: u64) -> Result<(), Error> {
        let mut above = None;
        let mut next = self.root;
        while let Some(link) = next {
            let node = self.nodes.node(link)?;
            let side = usize::from(key >= node.key);
            above = Some((link, side));
            next = node.links[side];
        }
        let new = self.nodes.add(Node {
            key,
            value,
            links: [None; 2],
        })?;
        match above {
            Some((link, side)) => self.nodes.set(link, side, new)?,
            None => self.root = Some(new),
        }
        Ok(())
    }

    fn find(&self, key: u64) -> Result<Option<u64>, Error> {
        let mut next = self.root;
        while let Some(link) = next {
            let node = self.nodes.node(link)?;
            if node.key == key {
                return Ok(Some(node.value));
            }
            next = node.links[usize::from(key >= node.key)];
        }
        Ok(None)
    }
}

#[derive(Default)]
struct BoxTree {
    root: BoxLink<2>,
}

impl Map for BoxTree {
    fn insert(&mut self, key: u64, value: u64) -> Result<(), Error> {
        let mut next = &mut self.root;
        while let Some(node) = next {
            next = &mut node.links[usize::from(key >= node.key)];
        }
        *next = Some(Box::new(BoxNode {
            key,
            value,
            links: [None, None],
        }));
        Ok(())
    }

    fn find(&self, key: u64) -> Result<Option<u64>, Error> {
        let mut next = &self.root;
        while let Some(node) = next {
            if node.key == key {
                return Ok(Some(node.value));
            }
            next = &node.links[usize::from(key >= node.key)];
        }
        Ok(None)
    }
}
