//! Contents that tell which block they belong to, and where in it.

/// The contents of one block during its life. Two blocks, or two lives of a slot, share no word, but
/// by an accident of 64 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern {
    seed: u64,
}

/// Odd, so that the words of a block are all different.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Pattern {
    /// For a slot in its n-th life.
    pub(super) fn new(slot: usize, generation: u32) -> Self {
        // Spread over all the bits, or neighbouring slots would have neighbouring words.
        let mut seed = (slot as u64) << 32 | u64::from(generation);
        seed = (seed ^ seed >> 29).wrapping_mul(STEP);
        seed = (seed ^ seed >> 32).wrapping_mul(STEP | 2);
        Self {
            seed: seed ^ seed >> 31,
        }
    }

    #[inline]
    fn word(self, index: usize) -> [u8; 8] {
        self.seed
            .wrapping_add((index as u64).wrapping_mul(STEP))
            .to_le_bytes()
    }

    /// Writes the pattern into a block from byte `from` on.
    pub(super) fn fill(self, block: &mut [u8], from: usize) {
        // From the word that `from` is in: what it has of older bytes is the same again.
        let (first, last) = (from / 8, block.len() / 8);
        let Some(rest) = block.get_mut(first * 8..) else {
            return;
        };
        let mut words = rest.chunks_exact_mut(8);
        for (index, word) in (first..).zip(&mut words) {
            word.copy_from_slice(&self.word(index));
        }
        let tail = words.into_remainder();
        let len = tail.len();
        tail.copy_from_slice(&self.word(last)[..len]);
    }

    /// The first byte that is not as filled, with what it should be.
    pub(super) fn mismatch(self, block: &[u8]) -> Option<Mismatch> {
        let mut words = block.chunks_exact(8);
        for (index, word) in (0..).zip(&mut words) {
            if word != self.word(index) {
                return self.in_word(index, word);
            }
        }
        self.in_word(block.len() / 8, words.remainder())
    }

    fn in_word(self, index: usize, found: &[u8]) -> Option<Mismatch> {
        let expected = self.word(index);
        let at = found.iter().zip(expected).position(|(a, b)| *a != b)?;
        Some(Mismatch {
            offset: index * 8 + at,
            found: found[at],
            expected: expected[at],
        })
    }
}

/// A byte that is not as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub(super) offset: usize,
    pub(super) found: u8,
    pub(super) expected: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_is_found() {
        for len in 0..50 {
            let mut block = vec![0; len];
            Pattern::new(3, 4).fill(&mut block, 0);
            assert_eq!(Pattern::new(3, 4).mismatch(&block), None);
        }
    }

    #[test]
    fn a_grown_block_is_filled_from_its_old_size() {
        for old in 0..20 {
            for new in old..40 {
                let mut block = vec![0; old];
                Pattern::new(1, 1).fill(&mut block, 0);
                block.resize(new, 0);
                Pattern::new(1, 1).fill(&mut block, old);
                assert_eq!(Pattern::new(1, 1).mismatch(&block), None);
            }
        }
    }

    #[test]
    fn every_changed_byte_is_found() {
        for len in 1..30 {
            for offset in 0..len {
                let mut block = vec![0; len];
                Pattern::new(9, 2).fill(&mut block, 0);
                let expected = block[offset];
                let found = expected ^ 0x10;
                block[offset] = found;
                let mismatch = Mismatch {
                    offset,
                    found,
                    expected,
                };
                assert_eq!(Pattern::new(9, 2).mismatch(&block), Some(mismatch));
            }
        }
    }

    #[test]
    fn neighbours_and_shifted_contents_differ() {
        let mut block = vec![0; 64];
        Pattern::new(5, 7).fill(&mut block, 0);
        for (slot, generation) in [(4, 7), (6, 7), (5, 6), (5, 8), (7, 5)] {
            let at = Pattern::new(slot, generation).mismatch(&block).unwrap();
            assert!(at.offset < 8);
        }
        for shift in 1..32 {
            assert!(Pattern::new(5, 7).mismatch(&block[shift..]).is_some());
        }
    }
}
