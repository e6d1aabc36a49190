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
/// faster than hashing.
#[derive(Default)]
pub(crate) struct Ids {
    dense: Vec<Id>,
    sparse: HashMap<u64, Id>,
}

/// Bounds the memory that a trace with wild ids can make us take.
const DENSE_LIMIT: u64 = 1 << 24;

impl Ids {
    pub(crate) fn get(&self, id: u64) -> Id {
        if id < DENSE_LIMIT {
            self.dense.get(id as usize).copied().unwrap_or_default()
        } else {
            self.sparse.get(&id).copied().unwrap_or_default()
        }
    }

    pub(crate) fn set(&mut self, id: u64, state: Id) {
        if id < DENSE_LIMIT {
            let index = id as usize;
            if index >= self.dense.len() {
                self.dense.resize(index + 1, Id::Unknown);
            }
            self.dense[index] = state;
        } else {
            self.sparse.insert(id, state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far_ids_are_kept_apart() {
        let mut ids = Ids::default();
        for (slot, id) in [0, 7, DENSE_LIMIT - 1, DENSE_LIMIT, u64::MAX]
            .into_iter()
            .enumerate()
        {
            assert_eq!(ids.get(id), Id::Unknown);
            ids.set(id, Id::Live { slot: slot as u32 });
        }
        assert_eq!(ids.get(7), Id::Live { slot: 1 });
        assert_eq!(ids.get(DENSE_LIMIT), Id::Live { slot: 3 });
        assert_eq!(ids.get(u64::MAX), Id::Live { slot: 4 });
        assert_eq!(ids.get(8), Id::Unknown);
    }
}
