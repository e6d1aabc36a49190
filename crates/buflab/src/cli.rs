//! The command line.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use crate::bench;
use crate::choice::{HeapChoice, Slack};
use crate::ops;

/// Replays the allocations of real programs on buflib and on other allocators.
///
/// Without a command: replays the traces of the repository and finds the smallest arena for each.
///
/// Exits with 0 when all heaps completed, 1 when one could not, 2 on bad usage or a bad trace.
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Print one JSON object per line instead of tables.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Replay traces: time per event, bytes moved, longest pause, and all contents checked.
    Replay(ReplayArgs),
    /// Find the smallest arena in which a whole trace completes.
    Fit(FitArgs),
    /// Measure single operations on fragmented heaps of different sizes.
    ///
    /// A heap is filled with small blocks of mixed sizes, of which every third is freed again. Then
    /// each operation is done at random places: `get` (resolve a block and read a word),
    /// `resize_within` (the size changes, the space does not), `free_small`, `alloc_again` (a size
    /// that was just freed), `free_merge` (a large block between two free ones), `alloc_cut` (a size
    /// of which there is no free block). `nothing` is the loop around them, which is taken off.
    Ops(OpsArgs),
    /// Measure everything, and write rows, plots and the page that shows them.
    ///
    /// Without traces: those of the repository. Sections that are not measured are shown from the files
    /// that an earlier run has left.
    Bench(BenchArgs),
    /// List the heaps.
    Heaps,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// Trace files, plain or compressed (`.zst`).
    #[arg(required = true, value_name = "TRACE")]
    pub(crate) traces: Vec<PathBuf>,

    /// A heap, if need be with its own slack, as in `talc@3`; may be given several times.
    #[arg(long = "heap", value_name = "NAME[@SLACK]")]
    pub(crate) heaps: Vec<HeapChoice>,

    /// The arena is so many times what the trace needs without fragmentation.
    #[arg(long, default_value = "1.25", value_name = "FACTOR")]
    pub(crate) slack: Slack,

    /// The arena in bytes, the same for all heaps and traces.
    #[arg(long, value_name = "BYTES", conflicts_with = "slack")]
    pub(crate) arena: Option<u64>,

    /// How often each heap is timed; the median counts.
    #[arg(long, default_value = "7", value_name = "N")]
    pub(crate) runs: NonZeroU32,

    /// When to give up a run; also bounds the time a slow heap is given for all its timed runs.
    #[arg(long, default_value = "20", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct FitArgs {
    /// Trace files, plain or compressed (`.zst`).
    #[arg(required = true, value_name = "TRACE")]
    pub(crate) traces: Vec<PathBuf>,

    /// A heap with a fixed arena; may be given several times.
    #[arg(long = "heap", value_name = "NAME", value_parser = HeapChoice::for_fit)]
    pub(crate) heaps: Vec<HeapChoice>,

    /// When to give up an attempt.
    #[arg(long, default_value = "20", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct OpsArgs {
    /// A heap; may be given several times.
    #[arg(long = "heap", value_name = "NAME", value_parser = HeapChoice::named)]
    pub(crate) heaps: Vec<HeapChoice>,

    /// How many blocks are live; may be given several times.
    #[arg(
        long,
        value_name = "N",
        default_values = ["1000", "100000", "1000000"],
        value_parser = live
    )]
    pub(crate) live: Vec<u32>,

    /// How many of each operation at least, in as many rounds on fresh heaps as that takes.
    #[arg(long, value_name = "N", default_value = "10000")]
    pub(crate) count: NonZeroU32,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Trace files, plain or compressed (`.zst`).
    #[arg(value_name = "TRACE")]
    pub(crate) traces: Vec<PathBuf>,

    /// Measure only this section; may be given several times.
    #[arg(
        long = "section",
        value_name = "NAME",
        value_parser = PossibleValuesParser::new(bench::names())
    )]
    pub(crate) sections: Vec<String>,

    /// How often each thing is measured; the median counts [default: 11, or 1 if quick].
    #[arg(long, value_name = "N")]
    pub(crate) runs: Option<NonZeroU32>,

    /// Small sizes, few runs, and of the repository's traces only two: to see that all of it works.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Measure nothing; write the page from the files that are there.
    #[arg(long, conflicts_with_all = ["traces", "sections", "runs", "quick"])]
    pub(crate) report: bool,

    /// Where `BENCHMARKS.md` is written, and below it `results`.
    #[arg(long, value_name = "DIR", default_value = "docs")]
    pub(crate) out: PathBuf,

    /// The file whose quotes are brought up to date, if it is there [default: README.md beside DIR,
    /// but not with figures from quick runs].
    #[arg(long, value_name = "FILE")]
    pub(crate) readme: Option<PathBuf>,
}

fn live(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(live @ ops::LEAST_LIVE..=ops::MOST_LIVE) => Ok(live),
        _ => Err(format!(
            "expected a number of blocks from {} to {}",
            ops::LEAST_LIVE,
            ops::MOST_LIVE
        )),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
