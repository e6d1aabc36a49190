//! Which heaps are shown when none is asked for.

use crate::choice::HeapChoice;

/// Those that take a few times as long at most, so that nobody waits for the comparison. Also for
/// single operations.
pub(crate) const REPLAY: &[&str] = &[
    "buflib",
    "buflib-crc",
    "talc",
    "rlsf",
    "dlmalloc",
    "system",
    "mimalloc",
];

/// For the main job: the peers get room enough to complete, so that their speed can be seen.
pub(crate) const OVERVIEW: &[&str] = &[
    "buflib@1.25",
    "buflib@1.05",
    "buflib-crc@1.25",
    "talc@3",
    "rlsf@3",
    "dlmalloc@3",
    "system",
    "mimalloc",
];

/// The same as for a replay, less those without a fixed arena.
pub(crate) const FIT: &[&str] = &["buflib", "buflib-crc", "talc", "rlsf", "dlmalloc"];

/// The heaps given, or else those of a list.
pub(crate) fn or_given(given: &[HeapChoice], names: &[&str]) -> Vec<HeapChoice> {
    if given.is_empty() {
        // Names that are not registered would be left out; a test sees to it that there are none.
        let heaps = names
            .iter()
            .filter_map(|name| name.parse::<HeapChoice>().ok());
        heaps.collect()
    } else {
        given.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_defaults_are_registered() {
        assert_eq!(or_given(&[], REPLAY).len(), REPLAY.len());
        assert_eq!(or_given(&[], OVERVIEW).len(), OVERVIEW.len());
        assert!(FIT.iter().all(|name| HeapChoice::for_fit(name).is_ok()));
    }
}
