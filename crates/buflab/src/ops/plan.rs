//! What a round does, the same for every heap: the blocks of its heap, and where each operation
//! takes place.

use fastrand::Rng;

/// Small sizes leave out a range around those that are cut, so that no free block has one of them,
/// however a heap rounds up to its size classes.
const SMALL: (u32, u32) = (8, 256);
const LEFT_OUT: (u32, u32) = (129, 192);
const CUT: (u32, u32) = (145, 176);
/// One block in so many is larger than the small ones.
const LARGER_ONE_IN: u32 = 32;
const LARGER: (u32, u32) = (257, 960);
/// Too large to be kept for the next request of the same size: merged when freed.
const LARGE: (u32, u32) = (2100, 2600);

/// A size may change within such a step without taking more or less space on any heap: metadata is a
/// multiple of it.
const STEP: u32 = 2;

/// One in so many live blocks is taken for each operation, so that the heap stays what it is.
const SHARE: u32 = 8;

/// The fewest live blocks that a plan can be made for.
pub(crate) const LEAST_LIVE: u32 = SHARE;

/// More take more memory than a lab has, and numbers stay far from 2^32.
pub(crate) const MOST_LIVE: u32 = 100_000_000;

/// Blocks are numbered in the order in which a round allocates them, which on a fresh heap is, by
/// and large, that of their addresses.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The size of each block.
    pub(super) sizes: Vec<u32>,
    /// The blocks that are freed before anything is measured: every third of the small ones, and
    /// both neighbours of each in `between`.
    pub(super) freed: Vec<u32>,
    /// Live blocks, some of them more than once.
    pub(super) gets: Vec<u32>,
    /// Small live blocks that get new sizes.
    pub(super) resized: Vec<u32>,
    pub(super) new_sizes: Vec<u32>,
    /// Small live blocks, to be freed and allocated again.
    pub(super) small: Vec<u32>,
    /// Large live blocks between two large free ones.
    pub(super) between: Vec<u32>,
    /// Sizes of which there is no free block, as many as `between`.
    pub(super) cuts: Vec<u32>,
}

/// How many of `count` operations fit into one round on so many live blocks.
pub(crate) fn batch(live: u32, count: u32) -> u32 {
    count.min(live / SHARE).max(1)
}

impl Plan {
    /// A plan for `live` live blocks and `batch` of each operation.
    pub(crate) fn new(live: u32, batch: u32, seed: u64) -> Self {
        debug_assert!(live >= LEAST_LIVE && batch <= live / SHARE);
        let mut random = Rng::with_seed(seed);
        let mut row = Row::default();
        let small = u64::from(live - batch);
        let until = |group: u32| (small * u64::from(group) / u64::from(batch)) as usize;
        for group in 0..batch {
            row.push_large(&mut random);
            row.push_small(&mut random, until(group + 1));
        }
        let Row {
            sizes,
            mut freed,
            mut small,
            mut between,
            ..
        } = row;

        // In no order of address, as programs do it.
        random.shuffle(&mut freed);
        let count = batch as usize;
        random.shuffle(&mut between);
        let live: Vec<_> = small.iter().chain(&between).copied().collect();
        let gets = (0..batch).map(|_| live[random.usize(..live.len())]);
        let gets = gets.collect();
        random.shuffle(&mut small);
        let resized = small[..count].to_vec();
        let new_sizes = resized.iter().map(|&block| {
            let below = (sizes[block as usize] - 1) / STEP * STEP;
            below + random.u32(1..=STEP)
        });
        let new_sizes = new_sizes.collect();
        random.shuffle(&mut small);
        small.truncate(count);
        Self {
            sizes,
            freed,
            gets,
            resized,
            new_sizes,
            small,
            between,
            cuts: (0..batch).map(|_| random.u32(CUT.0..=CUT.1)).collect(),
        }
    }

    /// An arena in which no heap has to look for room: twice what the blocks take on the standard
    /// layout, and some for the state of heaps.
    pub(crate) fn arena(&self) -> u64 {
        let sizes = self.sizes.iter().chain(&self.cuts);
        let need: u64 = sizes
            .map(|&size| u64::from((size + 8).next_multiple_of(8) + 4))
            .sum();
        2 * need + (1 << 16)
    }
}

/// The blocks as they are added one behind the other.
#[derive(Default)]
struct Row {
    sizes: Vec<u32>,
    freed: Vec<u32>,
    small: Vec<u32>,
    between: Vec<u32>,
    small_in_all: usize,
}

impl Row {
    fn push(&mut self, size: u32) -> u32 {
        self.sizes.push(size);
        self.sizes.len() as u32 - 1
    }

    /// Three large blocks, of which the middle one stays.
    fn push_large(&mut self, random: &mut Rng) {
        let three = [(); 3].map(|()| self.push(random.u32(LARGE.0..=LARGE.1)));
        self.freed.extend([three[0], three[2]]);
        self.between.push(three[1]);
    }

    /// Small blocks, every third to be freed, until so many are live.
    fn push_small(&mut self, random: &mut Rng, live: usize) {
        while self.small.len() < live {
            let block = self.push(small_size(random));
            self.small_in_all += 1;
            if self.small_in_all.is_multiple_of(3) {
                self.freed.push(block);
            } else {
                self.small.push(block);
            }
        }
    }
}

fn small_size(random: &mut Rng) -> u32 {
    if random.u32(..LARGER_ONE_IN) == 0 {
        return random.u32(LARGER.0..=LARGER.1);
    }
    let gap = LEFT_OUT.1 - LEFT_OUT.0 + 1;
    match random.u32(SMALL.0..=SMALL.1 - gap) {
        size if size < LEFT_OUT.0 => size,
        size => size + gap,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distinct(mut blocks: Vec<u32>) -> bool {
        let count = blocks.len();
        blocks.sort_unstable();
        blocks.dedup();
        blocks.len() == count
    }

    #[test]
    fn as_many_blocks_are_live_as_asked() {
        for live in [LEAST_LIVE, 9, 100, 1001] {
            for count in [1, 5, 10_000] {
                let batch = batch(live, count);
                let plan = Plan::new(live, batch, 3);
                assert_eq!(plan.sizes.len() - plan.freed.len(), live as usize);
                let counts = [
                    plan.gets.len(),
                    plan.resized.len(),
                    plan.small.len(),
                    plan.between.len(),
                    plan.cuts.len(),
                ];
                assert_eq!(counts, [batch as usize; 5]);
            }
        }
    }

    #[test]
    fn operations_take_place_on_blocks_that_are_live() {
        let plan = Plan::new(1000, 125, 4);
        assert!(distinct(plan.freed.clone()));
        assert!(distinct(
            [plan.small.clone(), plan.between.clone()].concat()
        ));
        assert!(distinct(plan.resized.clone()));
        let used = [&plan.gets, &plan.resized, &plan.small, &plan.between];
        for block in used.into_iter().flatten() {
            assert!(!plan.freed.contains(block));
        }
    }

    #[test]
    fn large_blocks_have_large_free_neighbours() {
        let plan = Plan::new(1000, 125, 5);
        for &block in &plan.between {
            for block in [block - 1, block, block + 1] {
                assert!((LARGE.0..=LARGE.1).contains(&plan.sizes[block as usize]));
            }
            assert!(plan.freed.contains(&(block - 1)) && plan.freed.contains(&(block + 1)));
        }
    }

    #[test]
    fn no_block_has_a_size_near_those_that_are_cut() {
        let plan = Plan::new(1000, 125, 6);
        assert!(plan.sizes.iter().all(|&size| size >= SMALL.0));
        assert!(
            plan.sizes
                .iter()
                .all(|size| !(LEFT_OUT.0..=LEFT_OUT.1).contains(size))
        );
        assert!(plan.cuts.iter().all(|size| (CUT.0..=CUT.1).contains(size)));
    }

    #[test]
    fn a_resize_stays_within_its_step() {
        let plan = Plan::new(1000, 125, 7);
        assert_eq!(plan.resized.len(), plan.new_sizes.len());
        for (&block, size) in plan.resized.iter().zip(&plan.new_sizes) {
            let old = plan.sizes[block as usize];
            assert_eq!(old.div_ceil(STEP), size.div_ceil(STEP));
        }
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(Plan::new(100, 12, 8).sizes, Plan::new(100, 12, 8).sizes);
        assert_ne!(Plan::new(100, 12, 8).sizes, Plan::new(100, 12, 9).sizes);
    }
}
