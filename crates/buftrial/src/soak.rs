//! A long run of random operations with nearly all of the arena in use, and compaction in bounded steps.

mod blocks;
mod report;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use buflib::{Budget, Check, Crc32, Layout, Standard, Unchecked};
use indicatif::{ProgressBar, ProgressStyle};

use crate::memory::Memory;
use blocks::Soak;
use report::{Latencies, Rates};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long.
    #[arg(long, default_value_t = 60, conflicts_with = "minutes")]
    seconds: u64,
    /// How long, in minutes.
    #[arg(long)]
    minutes: Option<u64>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The arena, in MiB.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=512))]
    arena: u64,
    /// Payloads and metadata in use, in hundredths of the arena.
    #[arg(long, default_value_t = 99.0)]
    fill: f64,
    /// The most bytes that the step of compaction behind each operation may move.
    #[arg(long, default_value_t = 256 * 1024)]
    step_bytes: usize,
    /// The most blocks that it may look at.
    #[arg(long, default_value_t = 512)]
    step_blocks: usize,
    /// With check words.
    #[arg(long)]
    crc: bool,
}

impl Options {
    fn time(&self) -> Duration {
        Duration::from_secs(self.minutes.map_or(self.seconds, |minutes| 60 * minutes))
    }

    fn budget(&self) -> Budget {
        Budget {
            bytes: self.step_bytes,
            blocks: self.step_blocks,
        }
    }
}

/// Into how many parts a run is split, each of a second at the least. Each part ends with a look at everything.
const PARTS: u32 = 60;

pub(crate) fn run(options: &Options) -> ExitCode {
    let result = if options.crc {
        soak::<Standard, Crc32>(options)
    } else {
        soak::<Standard, Unchecked>(options)
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            println!("FAILED with seed {}: {trouble}", options.seed);
            ExitCode::FAILURE
        }
    }
}

fn soak<L: Layout, C: Check>(options: &Options) -> Result<(), String> {
    let bytes = options.arena as usize * 1024 * 1024;
    let mut memory = Memory::new::<L>(bytes - bytes % L::ENTRY_BYTES);
    let mut soak = Soak::<L, C>::new(&mut memory, options.fill / 100.0, options.seed)?;
    soak.fill_up()?;
    let part = (options.time() / PARTS).max(Duration::from_secs(1));
    let parts = options.time().as_secs_f64() / part.as_secs_f64();
    let bar = ProgressBar::new(parts.ceil() as u64);
    if let Ok(style) = ProgressStyle::with_template("[{elapsed}] {bar:30} {msg}") {
        bar.set_style(style);
    }
    let (mut latencies, mut rates) = (Latencies::new()?, Rates::default());
    let start = Instant::now();
    while start.elapsed() < options.time() {
        let (begun, mut operations) = (Instant::now(), 0);
        while begun.elapsed() < part {
            operations += soak.turn(options.budget(), &mut latencies)?;
        }
        rates.add(operations, begun.elapsed());
        soak.verify_all()?;
        bar.inc(1);
        bar.set_message(format!("{:.0} operations a second", rates.last()));
    }
    bar.finish_and_clear();
    println!("{}", soak.summary());
    println!("{rates}");
    println!("{latencies}");
    Ok(())
}
