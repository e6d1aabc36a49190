//! Which vacant number comes next: any that is at hand, or the lowest.
//!
//! For the lowest, the table is seen as groups of entries, and a bit for each group says that one of its
//! entries may be vacant. The bits are set in passing and cleared when a search finds them wrong: so each
//! search that finds nothing was paid for by a number given back.

use core::fmt::Debug;
use core::hash::Hash;

use crate::units::Index;

/// In which order vacant numbers are given out, and what is kept for that.
pub trait Numbering: Clone + Hash + Debug + Send + Sync {
    /// Whether it is always the lowest.
    const LOWEST: bool;
    const EMPTY: Self;
    /// Prepares for a table of so many entries.
    fn extend(&mut self, entries: usize);
    /// Notes that an entry is vacant.
    fn mark(&mut self, index: Index);
    /// The first group that may have a vacant entry: its lowest and its highest number.
    fn group(&self) -> Option<(Index, Index)>;
    /// Notes that the group with this lowest number has none.
    fn clear(&mut self, first: Index);
    /// Whether the group of an entry is noted.
    fn is_marked(&self, index: Index) -> bool;
}

/// Whichever number was given back last: the vacant entries are a list.
#[derive(Clone, Hash, Debug)]
pub struct Any;

impl Numbering for Any {
    const LOWEST: bool = false;
    const EMPTY: Self = Self;
    #[inline(always)]
    fn extend(&mut self, _: usize) {}
    #[inline(always)]
    fn mark(&mut self, _: Index) {}
    #[inline(always)]
    fn group(&self) -> Option<(Index, Index)> {
        None
    }
    #[inline(always)]
    fn clear(&mut self, _: Index) {}
    #[inline(always)]
    fn is_marked(&self, _: Index) -> bool {
        true
    }
}

/// The lowest number, with up to 32 × `WORDS` groups; `WORDS` is 64 at the most.
#[derive(Clone, Hash, Debug)]
pub struct Lowest<const WORDS: usize> {
    words: [u32; WORDS],
    /// One bit for each word that is not zero.
    summary: [u32; 2],
    /// A group has two to the power of this entries.
    shift: u32,
}

/// The smallest group: what is searched with a few instructions.
const SHIFT: u32 = 4;

impl<const WORDS: usize> Lowest<WORDS> {
    const GROUPS: usize = 32 * WORDS;

    #[inline(always)]
    fn set(&mut self, group: usize) {
        let at = group / 32;
        if let (Some(word), Some(summary)) = (self.words.get_mut(at), self.summary.get_mut(at / 32))
        {
            *word |= 1 << (group % 32);
            *summary |= 1 << (at % 32);
        }
    }

    #[inline(always)]
    fn group_of(&self, index: Index) -> usize {
        index.0.wrapping_sub(1) >> self.shift
    }

    /// Makes groups twice as large.
    #[cold]
    fn fold(&mut self) {
        let old = core::mem::replace(
            self,
            Self {
                shift: self.shift + 1,
                ..Self::EMPTY
            },
        );
        for group in 0..Self::GROUPS {
            let word = old.words.get(group / 32).copied().unwrap_or(0);
            if word >> (group % 32) & 1 == 1 {
                self.set(group / 2);
            }
        }
    }
}

impl<const WORDS: usize> Numbering for Lowest<WORDS> {
    const LOWEST: bool = true;
    const EMPTY: Self = Self {
        words: [0; WORDS],
        summary: [0; 2],
        shift: SHIFT,
    };

    fn extend(&mut self, entries: usize) {
        while entries > Self::GROUPS << self.shift {
            self.fold();
        }
    }

    #[inline(always)]
    fn mark(&mut self, index: Index) {
        self.set(self.group_of(index));
    }

    #[inline(always)]
    fn group(&self) -> Option<(Index, Index)> {
        let [low, high] = self.summary;
        let at = match low {
            0 if high == 0 => return None,
            0 => 32 + high.trailing_zeros() as usize,
            _ => low.trailing_zeros() as usize,
        };
        let word = self.words.get(at)?;
        let group = at * 32 + word.trailing_zeros() as usize;
        Some((
            Index((group << self.shift) + 1),
            Index((group + 1) << self.shift),
        ))
    }

    fn clear(&mut self, first: Index) {
        let group = self.group_of(first);
        let at = group / 32;
        if let (Some(word), Some(summary)) = (self.words.get_mut(at), self.summary.get_mut(at / 32))
        {
            *word &= !(1 << (group % 32));
            if *word == 0 {
                *summary &= !(1 << (at % 32));
            }
        }
    }

    fn is_marked(&self, index: Index) -> bool {
        let group = self.group_of(index);
        let word = self.words.get(group / 32).copied().unwrap_or(0);
        let summary = self.summary.get(group / 1024).copied().unwrap_or(0);
        word >> (group % 32) & 1 == 1 && summary >> (group / 32 % 32) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The lowest vacant number, found as the table does it.
    fn lowest<N: Numbering>(numbering: &mut N, vacant: &BTreeSet<usize>) -> Option<usize> {
        while let Some((first, last)) = numbering.group() {
            if let Some(&found) = vacant.range(first.0..=last.0).next() {
                return Some(found);
            }
            numbering.clear(first);
        }
        None
    }

    fn gives_the_lowest<N: Numbering>(most: usize) {
        let mut random = fastrand::Rng::with_seed(7);
        let mut numbering = N::EMPTY;
        let (mut entries, mut vacant) = (0, BTreeSet::new());
        for _ in 0..if cfg!(miri) { 200 } else { 2_000 } {
            let growing = random.usize(..most) > entries;
            if growing {
                entries += random.usize(1..=most / 100);
                numbering.extend(entries);
            }
            let freed = random.usize(1..=entries.max(1));
            if entries > 0 && vacant.insert(freed) {
                numbering.mark(Index(freed));
            }
            assert!(
                vacant
                    .iter()
                    .all(|&number| numbering.is_marked(Index(number)))
            );
            if random.bool() {
                let found = lowest(&mut numbering, &vacant);
                assert_eq!(found, vacant.pop_first());
            }
        }
    }

    #[test]
    fn lowest_vacant_number_is_found_in_tables_of_any_length() {
        gives_the_lowest::<Lowest<4>>(300);
        gives_the_lowest::<Lowest<4>>(10_000);
        gives_the_lowest::<Lowest<64>>(200_000);
    }
}
