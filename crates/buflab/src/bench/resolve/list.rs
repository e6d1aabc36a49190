//! A linked list, passed from its head to its end: nothing but one dependent access after the other.

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

/// How often the list is passed in a run.
const PASSES: u64 = 3;

pub(super) fn measure(lab: &mut Lab<'_>, count: u64) -> Result<Vec<Row>, Error> {
    // The order of the nodes in the list is not that in memory.
    let mut order: Vec<_> = (0..count).collect();
    Rng::with_seed(0x115f).shuffle(&mut order);
    let [mut one, mut other] = [memory(count), memory(count)];
    let blocks = List::<Blocks<'_, 1>, _>::new(&mut one, &order)?;
    let stored = List::<Stored<'_>, _>::new(&mut other, &order)?;
    let boxes = BoxList::new(&order);
    let names = [BY_HANDLE, IN_STORE, IN_BOXES];
    race(lab.runs, [Part::List], count, &names, |which| {
        let start = Instant::now();
        for _ in 0..PASSES {
            let sum = match which {
                0 => blocks.sum()?,
                1 => stored.sum()?,
                _ => boxes.sum(),
            };
            assert_eq!(black_box(sum), count * (count - 1) / 2);
        }
        let ns = start.elapsed().as_nanos() as f64;
        Ok([ns / (PASSES * count) as f64])
    })
}

struct List<N, L> {
    nodes: N,
    head: Option<L>,
}

impl<'a, N: Nodes<'a, 1>> List<N, N::Link> {
    fn new(memory: &'a mut [MaybeUninit<u8>], order: &[u64]) -> Result<Self, Error> {
        let mut nodes = N::new(memory)?;
        let mut links = Vec::with_capacity(order.len());
        for value in 0..order.len() as u64 {
            links.push(nodes.add(Node {
                key: value,
                value,
                links: [None],
            })?);
        }
        for pair in order.windows(2) {
            nodes.set(links[pair[0] as usize], 0, links[pair[1] as usize])?;
        }
        let head = order.first().map(|&first| links[first as usize]);
        Ok(Self { nodes, head })
    }

    #[inline(never)]
    fn sum(&self) -> Result<u64, Error> {
        let mut sum = 0;
        let mut next = self.head;
        while let Some(link) = next {
            let node = self.nodes.node(link)?;
            sum += node.value;
            next = node.links[0];
        }
        Ok(sum)
    }
}

struct BoxList {
    head: BoxLink<1>,
}

impl BoxList {
    fn new(order: &[u64]) -> Self {
        let boxes = (0..order.len() as u64).map(|value| {
            Some(Box::new(BoxNode {
                key: value,
                value,
                links: [None],
            }))
        });
        let mut boxes: Vec<BoxLink<1>> = boxes.collect();
        let mut head: BoxLink<1> = None;
        for &which in order.iter().rev() {
            if let Some(mut node) = boxes[which as usize].take() {
                node.links = [head];
                head = Some(node);
            }
        }
        Self { head }
    }

    #[inline(never)]
    fn sum(&self) -> u64 {
        let mut sum = 0;
        let mut next = &self.head;
        while let Some(node) = next {
            sum += node.value;
            next = &node.links[0];
        }
        sum
    }
}

impl Drop for BoxList {
    /// One after the other: what the compiler would do goes as deep as the list is long.
    fn drop(&mut self) {
        let mut next = self.head.take();
        while let Some(mut node) = next {
            next = node.links[0].take();
        }
    }
}
