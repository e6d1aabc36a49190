//! How many random programs a model runs.

#![allow(dead_code, reason = "each test file uses its own part")]

use proptest::prelude::ProptestConfig;

/// So many; two in an interpreter, which keeps tests from files as well.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    if cfg!(miri) {
        ProptestConfig {
            cases: 2,
            failure_persistence: None,
            ..config
        }
    } else {
        ProptestConfig { cases, ..config }
    }
}

/// As many as `PROPTEST_CASES` says.
pub(crate) fn cases_as_told() -> ProptestConfig {
    cases(ProptestConfig::default().cases)
}
