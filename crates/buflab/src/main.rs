//! The lab: replays what real programs asked of their allocators on buflib and on its peers.

mod arena;
mod bench;
mod bisect;
mod choice;
mod cli;
mod defaults;
mod error;
mod fit;
mod heap;
mod heaps;
mod ops;
mod overview;
mod progress;
mod replay;
mod report;
mod run;
mod stats;
mod trace;
mod turnover;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use arena::Arena;
use cli::{Cli, Command, FitArgs, OpsArgs, ReplayArgs};
use error::Error;
use progress::Progress;
use replay::{Settings, Size};

// Sizes below 2^32 are used as layouts without further checks, and file sizes as lengths.
const _: () = assert!(usize::BITS >= 64, "the lab needs a 64-bit host");

/// Exit codes besides 0. Clap uses the same one for bad usage.
const NOT_COMPLETED: u8 = 1;
const BAD_INPUT: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = io::stdout().lock();
    let result = match cli.command {
        Some(Command::Replay(args)) => run_replay(&args, cli.json, &mut out),
        Some(Command::Fit(args)) => run_fit(&args, cli.json, &mut out),
        Some(Command::Ops(args)) => run_ops(&args, cli.json, &mut out),
        Some(Command::Bench(args)) => bench::bench(&args, &mut out),
        Some(Command::Heaps) => run_heaps(cli.json, &mut out),
        None => run_overview(cli.json, &mut out),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => NOT_COMPLETED.into(),
        Err(error) => {
            if !error.is_broken_pipe() {
                eprintln!("buflab: {error}");
            }
            BAD_INPUT.into()
        }
    }
}

/// All of these return whether all heaps completed.
fn run_replay(args: &ReplayArgs, json: bool, out: &mut dyn Write) -> Result<bool, Error> {
    let settings = Settings {
        size: args.arena.map_or(Size::Slack(args.slack), Size::Bytes),
        runs: args.runs.get() as usize,
        timeout: args.timeout,
    };
    let heaps = defaults::or_given(&args.heaps, defaults::REPLAY);
    let own_slack = heaps.iter().find(|heap| heap.slack.is_some());
    if let (Some(heap), Some(_)) = (own_slack, args.arena) {
        let heap = heap.entry.name;
        return Err(Error::SlackAndArena { heap });
    }
    let mut arena = Arena::default();
    let mut completed = true;
    for path in &args.traces {
        let program = trace::read(path)?;
        let progress = Progress::new();
        let rows = replay::replay(&program, &heaps, settings, &mut arena, &progress)?;
        progress.clear();
        completed &= rows.iter().all(|row| row.completed);
        if json {
            report::json(out, &rows)?;
        } else {
            report::replay(out, &rows)?;
        }
    }
    Ok(completed)
}

fn run_fit(args: &FitArgs, json: bool, out: &mut dyn Write) -> Result<bool, Error> {
    let heaps = defaults::or_given(&args.heaps, defaults::FIT);
    let mut arena = Arena::default();
    let mut completed = true;
    for path in &args.traces {
        let program = trace::read(path)?;
        let progress = Progress::new();
        let rows = fit::fit(&program, &heaps, args.timeout, &mut arena, &progress)?;
        progress.clear();
        completed &= rows.iter().all(|row| row.completed);
        if json {
            report::json(out, &rows)?;
        } else {
            report::fit(out, &rows)?;
        }
    }
    Ok(completed)
}

fn run_ops(args: &OpsArgs, json: bool, out: &mut dyn Write) -> Result<bool, Error> {
    let heaps = defaults::or_given(&args.heaps, defaults::REPLAY);
    let mut arena = Arena::default();
    let mut completed = true;
    for &live in &args.live {
        let progress = Progress::new();
        let rows = ops::ops(&heaps, live, args.count.get(), &mut arena, &progress)?;
        progress.clear();
        completed &= rows.iter().all(|row| row.completed);
        if json {
            report::json(out, &rows)?;
        } else {
            report::ops(out, &rows)?;
        }
    }
    Ok(completed)
}

fn run_heaps(json: bool, out: &mut dyn Write) -> Result<bool, Error> {
    if json {
        report::heaps_json(out)?;
    } else {
        report::heaps(out)?;
    }
    Ok(true)
}

fn run_overview(json: bool, out: &mut dyn Write) -> Result<bool, Error> {
    let progress = Progress::new();
    let replayed = defaults::or_given(&[], defaults::OVERVIEW);
    let fitted = defaults::or_given(&[], defaults::FIT);
    let results = overview::overview(&replayed, &fitted, &progress)?;
    progress.clear();
    if json {
        for rows in &results.replays {
            report::json(out, rows)?;
        }
        for rows in &results.fits {
            report::json(out, rows)?;
        }
    } else {
        report::overview(out, &results)?;
    }
    let replays = results.replays.iter().flatten().all(|row| row.completed);
    let fits = results.fits.iter().flatten().all(|row| row.completed);
    Ok(replays && fits)
}
