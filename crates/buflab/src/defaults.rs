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

/// The same, less those without a fixed arena.
pub(crate) const FIT: &[&str] = &["buflib", "buflib-crc", "talc", "rlsf", "dlmalloc"];

/// The heaps given, or else those of a list.
pub(crate) fn or_given(given: &[HeapChoice], names: &[&str]) -> Vec<HeapChoice> {
    if given.is_empty() {
        // Names that are not registered would be left out; a test sees to it that there are none.
        let heaps = names.iter().filter_map(|name| HeapChoice::named(name).ok());
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
        assert!(FIT.iter().all(|name| HeapChoice::for_fit(name).is_ok()));
    }
}
