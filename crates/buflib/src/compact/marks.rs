//! Where free space can be gathered with the fewest granules moved, found in one walk.
//!
//! Any block could be the first or the last of a window, but to know the best of all windows each header would have
//! to be read once where windows end and once where they begin. So windows begin and end at a few marks.

use crate::units::{Pos, Units};

/// How many parts the row is taken as.
const MARKS: usize = 32;

/// A place, and how much is in use in front of it.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub(super) pos: Pos,
    pub(super) live: Units,
}

impl Mark {
    pub(super) const FIRST: Self = Self {
        pos: Pos::FIRST,
        live: Units::ZERO,
    };

    /// How much is free in front of it.
    pub(super) fn free(self) -> Units {
        self.pos - Pos::FIRST - self.live
    }
}

/// A window that was found: it begins and ends at marks.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) from: Mark,
    /// The last mark but one.
    pub(super) last: Mark,
    pub(super) end: Mark,
}

/// Marks at about equal distances, and the window between two of them with the least in use that has
/// enough free space. None goes over a block that must stay.
pub(super) struct Marks {
    marks: [Mark; MARKS + 1],
    count: usize,
    /// The last mark from which on there is enough.
    first: usize,
    gathered: Units,
    distance: Units,
    /// From where on another mark is due.
    pub(super) next: Pos,
    pub(super) found: Option<Found>,
}

impl Marks {
    /// For a row of blocks of this length.
    pub(super) fn new(gathered: Units, row: Units) -> Self {
        let distance = Units(row.0 / MARKS + 1);
        Self {
            marks: [Mark::FIRST; MARKS + 1],
            count: 1,
            first: 0,
            gathered,
            distance,
            next: Pos::FIRST + distance,
            found: None,
        }
    }

    pub(super) fn push(&mut self, mark: Mark) {
        if let Some(place) = self.marks.get_mut(self.count) {
            *place = mark;
            self.count += 1;
        }
        self.next = mark.pos + self.distance;
    }

    /// Begins anew behind a block that must stay.
    pub(super) fn restart(&mut self, mark: Mark) {
        (self.count, self.first) = (0, 0);
        self.push(mark);
    }

    /// Looks at the windows that end here.
    pub(super) fn close(&mut self, end: Mark) {
        let marks = self.marks.get(..self.count).unwrap_or_default();
        let enough = |mark: &&Mark| end.free() - mark.free() >= self.gathered;
        while marks.get(self.first + 1).is_some_and(|mark| enough(&mark)) {
            self.first += 1;
        }
        let (Some(from), Some(last)) = (marks.get(self.first).filter(enough), marks.last()) else {
            return;
        };
        let load = end.live - from.live;
        if self
            .found
            .is_none_or(|found| load < found.end.live - found.from.live)
        {
            self.found = Some(Found {
                from: *from,
                last: *last,
                end,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use proptest::prelude::*;

    use super::{Mark, Marks};
    use crate::units::{Pos, Units};

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 10 } else { 1000 },
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        /// Where every block has a mark, the window is the best of all.
        #[test]
        fn window_with_enough_free_space_has_the_least_in_use(
            blocks in prop::collection::vec((1..4usize, 0..6u8), 1..10),
            gathered in 1..20usize,
        ) {
            let row = blocks.iter().map(|block| block.0).sum();
            let mut marks = Marks::new(Units(gathered), Units(row));
            let (mut at, mut ends, mut section) = (Mark::FIRST, vec![(Mark::FIRST, 0)], 0);
            for &(units, kind) in &blocks {
                let before = at;
                at.pos = at.pos + Units(units);
                // Free, in use, or one that must stay.
                if kind < 3 {
                    at.live += Units(units);
                }
                if kind == 0 {
                    section += 1;
                    marks.close(before);
                    marks.restart(at);
                } else {
                    marks.close(at);
                    marks.push(at);
                }
                ends.push((at, section));
            }
            let load = |from: Mark, end: Mark| (end.live - from.live).0;
            let best = ends
                .iter()
                .enumerate()
                .flat_map(|(i, from)| ends.iter().skip(i + 1).map(move |end| (from, end)))
                .filter(|((from, a), (end, b))| a == b && (end.free() - from.free()).0 >= gathered)
                .map(|((from, _), (end, _))| load(*from, *end))
                .min();
            let found = marks.found.map(|found| {
                assert!((found.end.free() - found.from.free()).0 >= gathered);
                assert!(found.from.pos <= found.last.pos && found.last.pos < found.end.pos);
                load(found.from, found.end)
            });
            prop_assert_eq!(found, best);
            prop_assert!(at.pos == Pos::FIRST + Units(row));
        }
    }
}
