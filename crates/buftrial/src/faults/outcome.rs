//! What can become of a fault, and how often each has.

use rustc_hash::FxHashMap;

use super::damage::Kind;
use super::map::Region;

/// What became of a fault, as a program sees it that trusts the heap until it returns an error.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Outcome {
    /// An operation returned an error before anything was wrong.
    Reported,
    /// No operation did, but the full check would have told.
    Checked,
    /// All payloads are right, and the heap is sound in the end.
    Harmless,
    /// A name, a tag, or a count of pins is wrong, without an error.
    Description,
    /// A payload was handed out that has not the right bytes or place, without an error. What is stored is right.
    View,
    /// The bytes of a live block were overwritten, lost or handed out a second time, without an error before.
    Damaged,
    Panicked,
    Endless,
    /// Bytes around the arena were written.
    Outside,
}

impl Outcome {
    pub(crate) const ALL: [Self; 9] = [
        Self::Reported,
        Self::Checked,
        Self::Harmless,
        Self::Description,
        Self::View,
        Self::Damaged,
        Self::Panicked,
        Self::Endless,
        Self::Outside,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Checked => "check finds",
            Self::Harmless => "harmless",
            Self::Description => "wrong name",
            Self::View => "wrong view",
            Self::Damaged => "damaged",
            Self::Panicked => "panic",
            Self::Endless => "endless",
            Self::Outside => "outside",
        }
    }

    /// Whether a fault of this kind may end in this way.
    pub(crate) fn is_allowed(self, checked: bool, kind: Kind) -> bool {
        match self {
            Self::Reported | Self::Checked | Self::Harmless => true,
            Self::Description | Self::View | Self::Damaged => !checked || kind != Kind::Bit,
            Self::Panicked | Self::Endless | Self::Outside => false,
        }
    }
}

/// What a row of the table is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Key {
    pub(crate) layout: &'static str,
    pub(crate) checked: bool,
    pub(crate) kind: Kind,
    pub(crate) region: Region,
}

/// How often each outcome was.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Counts {
    pub(crate) outcomes: [u64; Outcome::ALL.len()],
    /// Of those that an operation reported: payloads were damaged by going on all the same.
    pub(crate) later: u64,
    /// Of those that are wrong without an error: a full check before would have told.
    pub(crate) foreseen: u64,
}

impl Counts {
    pub(crate) fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    pub(crate) fn all(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (to, from) in self.outcomes.iter_mut().zip(other.outcomes) {
            *to += from;
        }
        self.later += other.later;
        self.foreseen += other.foreseen;
    }
}

/// Everything that was counted.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) rows: FxHashMap<Key, Counts>,
    pub(crate) arenas: u64,
    pub(crate) operations: u64,
    /// Arenas that were not in order before any fault.
    pub(crate) unsound: u64,
}

impl Table {
    pub(crate) fn add(&mut self, other: &Self) {
        for (&key, counts) in &other.rows {
            self.rows.entry(key).or_default().add(counts);
        }
        self.arenas += other.arenas;
        self.operations += other.operations;
        self.unsound += other.unsound;
    }

    /// The counts of all rows that agree in what `of` picks.
    pub(crate) fn sums<K: Ord>(
        &self,
        of: impl Fn(&Key) -> K,
    ) -> std::collections::BTreeMap<K, Counts> {
        let mut sums = std::collections::BTreeMap::new();
        for (key, counts) in &self.rows {
            let sum: &mut Counts = sums.entry(of(key)).or_default();
            sum.add(counts);
        }
        sums
    }

    pub(crate) fn is_as_promised(&self) -> bool {
        let broken = self.rows.iter().any(|(key, counts)| {
            Outcome::ALL.iter().any(|&outcome| {
                counts.of(outcome) > 0 && !outcome.is_allowed(key.checked, key.kind)
            })
        });
        !broken && self.unsound == 0 && !self.rows.is_empty()
    }
}
