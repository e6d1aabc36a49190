//! Faults: bits of metadata that change under a heap in use, and what becomes of the payloads.
//!
//! Many small heaps are made by random programs. In each, every bit of metadata is flipped once, and several bits and
//! whole words at random; each time on the heap made anew, which then goes on being used. What an operation says, and what
//! becomes of every payload, is watched step by step.

mod damage;
mod map;
mod memory;
mod outcome;
mod program;
mod report;
mod run;
mod trial;
mod usage;
mod watch;
mod whole;

use std::path::PathBuf;
use std::process::ExitCode;

use run::Plan;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// About a million faults, in less than a minute.
    #[arg(long)]
    quick: bool,
    /// The seed of the first arena; that of each further one is one higher.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many arenas of each layout, with and without check words.
    #[arg(long)]
    arenas: Option<u64>,
    /// How many operations follow a fault.
    #[arg(long, default_value_t = 24)]
    steps: u32,
    /// How many threads run at once.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Only heaps whose name contains this, "wide crc32" for one.
    #[arg(long)]
    only: Option<String>,
    /// Only the fault of this number, in each arena.
    #[arg(long)]
    fault: Option<u64>,
    /// Lets the arena end where its allocation ends, for a sanitizer, which sees what is read behind it as well.
    #[arg(long)]
    exact: bool,
    /// How many faults with an outcome that must not be are told of one by one.
    #[arg(long, default_value_t = 20)]
    tell: usize,
    /// Writes the whole table of outcomes to a file.
    #[arg(long)]
    csv: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> ExitCode {
    let arenas = options
        .arenas
        .unwrap_or(if options.quick { 6 } else { 200 });
    let plan = Plan {
        seed: options.seed,
        arenas,
        steps: options.steps,
        threads: options.threads.max(1),
        only: options.only.clone().unwrap_or_default(),
        fault: options.fault,
        exact: options.exact,
        tell: options.tell,
    };
    let table = run::run(&plan);
    report::print(&table);
    if let Some(path) = &options.csv
        && let Err(error) = std::fs::write(path, report::csv(&table))
    {
        eprintln!("{}: {error}", path.display());
        return ExitCode::FAILURE;
    }
    if table.is_as_promised() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
