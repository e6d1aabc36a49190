//! Random numbers that are the same on every machine and in every run.

/// SplitMix64.
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`, which is not zero.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        // The upper half of the product: no division, and hardly any bias.
        (((self.next() >> 32) * u64::from(end)) >> 32) as u32
    }

    /// A number from the first to the last.
    pub(super) fn within(&mut self, first: u32, last: u32) -> u32 {
        first + self.below(last - first + 1)
    }

    /// Brings `count` of the items to the front, each as likely as the others, in random order.
    pub(super) fn draw<T>(&mut self, items: &mut [T], count: usize) {
        for at in 0..count {
            let left = (items.len() - at) as u32;
            items.swap(at, at + self.below(left) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_range_and_reach_both_ends() {
        let mut random = Random::new(1);
        let numbers: Vec<_> = (0..1000).map(|_| random.within(5, 9)).collect();
        assert_eq!(numbers.iter().min(), Some(&5));
        assert_eq!(numbers.iter().max(), Some(&9));
    }

    #[test]
    fn what_is_drawn_is_a_permutation() {
        let mut items: Vec<_> = (0..100).collect();
        Random::new(2).draw(&mut items, 100);
        assert!(!items.is_sorted());
        items.sort_unstable();
        assert!(items.iter().copied().eq(0..100));
    }
}
