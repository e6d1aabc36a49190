//! Which block an id stands for.

use std::collections::HashMap;

/// What is known about an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Id {
    #[default]
    Unknown,
    Live {
        slot: u32,
    },
    Freed,
}

/// The state of every id met so far.
///
/// Recorders number blocks from zero, so a plain table serves nearly all of them; it is many times
/// faster than hashing. Ids that are far from the others do not make it longer.
#[derive(Default)]
pub(crate) struct Ids {
    dense: Vec<Id>,
    /// The ids that were beyond the table when they were met.
    sparse: HashMap<u64, Id>,
}

/// How far beyond the table an id may be to make it longer.
const REACH: u64 = 1 << 12;

impl Ids {
    pub(crate) fn get(&self, id: u64) -> Id {
        let dense = usize::try_from(id).ok().and_then(|id| self.dense.get(id));
        match dense {
            Some(&known) if known != Id::Unknown => known,
            _ => self.sparse.get(&id).copied().unwrap_or_default(),
        }
    }

    /// An id is unknown, then live, then freed.
    pub(crate) fn set(&mut self, id: u64, state: Id) {
        let len = self.dense.len();
        if id >= len as u64 + REACH {
            self.sparse.insert(id, state);
            return;
        }
        let index = id as usize;
        if index >= len {
            self.dense.resize(index + 1, Id::Unknown);
        }
        self.dense[index] = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far_ids_are_kept_apart() {
        let mut ids = Ids::default();
        for (slot, id) in [0, 7, REACH + 7, 3 * REACH, u64::MAX]
            .into_iter()
            .enumerate()
        {
            assert_eq!(ids.get(id), Id::Unknown);
            ids.set(id, Id::Live { slot: slot as u32 });
        }
        assert_eq!(ids.get(7), Id::Live { slot: 1 });
        assert_eq!(ids.get(REACH + 7), Id::Live { slot: 2 });
        assert_eq!(ids.get(3 * REACH), Id::Live { slot: 3 });
        assert_eq!(ids.get(u64::MAX), Id::Live { slot: 4 });
        assert_eq!(ids.get(8), Id::Unknown);
    }

    #[test]
    fn one_far_id_does_not_take_a_table_up_to_it() {
        let mut ids = Ids::default();
        ids.set(1 << 24, Id::Freed);
        assert_eq!(ids.dense.len(), 0);
    }

    #[test]
    fn far_id_is_known_when_the_table_has_reached_it() {
        let mut ids = Ids::default();
        let far = REACH + 1;
        ids.set(far, Id::Live { slot: 0 });
        for id in [2, far + 1] {
            ids.set(id, Id::Freed);
        }
        assert_eq!(ids.get(far), Id::Live { slot: 0 });
        ids.set(far, Id::Freed);
        assert_eq!(ids.get(far), Id::Freed);
    }
}
