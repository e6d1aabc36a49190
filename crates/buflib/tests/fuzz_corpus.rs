//! What fuzzers have found worth keeping, run once more.

mod common;
#[path = "fuzz/mod.rs"]
mod fuzz;

/// A part of them, in an interpreter.
fn inputs(corpus: &str) -> impl Iterator<Item = Vec<u8>> {
    let lines = corpus.lines().step_by(if cfg!(miri) { 500 } else { 1 });
    lines.map(|line| hex::decode(line).expect("digits"))
}

#[test]
fn programs_do_what_is_known_of_them() {
    inputs(include_str!("../../../fuzz/corpus/ops.txt")).for_each(|input| fuzz::ops(&input));
}

#[test]
fn images_are_refused_or_used() {
    let corpus = include_str!("../../../fuzz/corpus/attach.txt");
    inputs(corpus).for_each(|input| fuzz::attach(&input));
}
