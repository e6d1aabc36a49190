//! Long trials of the heap. Each prints what it has done and found, and fails if it has found anything.

mod exhaustive;
mod faults;
mod memory;
mod soak;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(about, version)]
enum Trial {
    /// Damages metadata, one bit at a time and at random, and goes on using the heap.
    Faults(faults::Options),
    /// Carries out every sequence of operations up to a depth, on small arenas.
    Exhaustive(exhaustive::Options),
    /// Allocates and frees at random for a long time, with nearly everything in use.
    Soak(soak::Options),
}

fn main() -> ExitCode {
    match Trial::parse() {
        Trial::Faults(options) => faults::run(&options),
        Trial::Exhaustive(options) => exhaustive::run(&options),
        Trial::Soak(options) => soak::run(&options),
    }
}
