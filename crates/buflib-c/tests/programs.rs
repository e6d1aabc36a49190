//! B12: programs of calls at random, with callbacks that refuse, shrink, free and allocate, beside a model.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

/// As many as fit into a test run; `BUFLIB_C_PROGRAMS` says how many for a longer one.
fn programs() -> u64 {
    let wanted = std::env::var("BUFLIB_C_PROGRAMS").ok();
    wanted.map_or(if cfg!(miri) { 3 } else { 800 }, |count| {
        count.parse().expect("a number")
    })
}

/// Where they start: one that has failed can be run alone.
fn first() -> u64 {
    let first = std::env::var("BUFLIB_C_FIRST").ok();
    first.map_or(0, |first| first.parse().expect("a number"))
}

#[test]
fn programs_of_calls_do_what_the_model_says() {
    // In a callback, a failed assertion ends the process: the hook is what names the program.
    static SEED: AtomicUsize = AtomicUsize::new(0);
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        eprintln!("program {}", SEED.load(Ordering::Relaxed));
        report(info);
    }));
    for seed in first()..first() + programs() {
        SEED.store(seed as usize, Ordering::Relaxed);
        let mut random = fastrand::Rng::with_seed(seed);
        let length = random.usize(2..if cfg!(miri) { 100 } else { 800 });
        let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..))
            .take(length)
            .collect();
        common::run(&bytes);
    }
}

/// What fuzzers have found worth keeping.
#[test]
fn programs_that_were_fuzzed_do_what_the_model_says() {
    let corpus = include_str!("../../../fuzz/corpus/c_interface.txt");
    for line in corpus.lines().step_by(if cfg!(miri) { 500 } else { 1 }) {
        common::run(&hex::decode(line).expect("digits"));
    }
}
