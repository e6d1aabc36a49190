//! All sequences of operations up to a depth, on small arenas, with states that look alike merged.

mod fit;
mod known;
mod look;
mod op;
mod plan;
mod search;
#[cfg(test)]
mod tests;
mod world;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use buflib::{Check, Crc32, Layout, Narrow, Ordered, Small, Standard, Unchecked, Wide};
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use plan::{Depths, Plan};
use search::{Failure, Search, Tally};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Less deep, so that it takes less than a minute.
    #[arg(long)]
    quick: bool,
    /// As many operations one behind the other on every arena.
    #[arg(long)]
    depth: Option<usize>,
    /// Only kinds of heaps with this in their name.
    #[arg(long, default_value = "")]
    heap: String,
    /// Only arenas with this in their name.
    #[arg(long, default_value = "")]
    arena: String,
    /// How many searches at a time.
    #[arg(long)]
    threads: Option<usize>,
}

impl Options {
    fn depths(&self) -> Depths {
        let (tiny, mixed, classes) = if self.quick { QUICK } else { LONG };
        let depth = |usual| self.depth.unwrap_or(usual);
        Depths {
            tiny: depth(tiny),
            mixed: depth(mixed),
            classes: depth(classes),
        }
    }
}

/// Depths for the three arenas.
const QUICK: (usize, usize, usize) = (6, 4, 4);
const LONG: (usize, usize, usize) = (7, 5, 5);

/// A kind of heap.
struct Kind {
    name: &'static str,
    plans: fn(&Depths) -> Vec<Plan>,
    search: fn(&Plan, &AtomicUsize) -> Result<Tally, Failure>,
}

/// A kind of heap of which blocks of up to `LISTED` granules have a list of their own.
const fn kind<L: Layout, C: Check, const LISTED: usize>(name: &'static str) -> Kind {
    Kind {
        name,
        plans: |depths| Plan::all::<L, C>(LISTED, depths),
        search: |plan, watched| Search::new::<L>(plan, watched).run::<L, C>(),
    }
}

const KINDS: &[Kind] = &[
    kind::<Narrow, Unchecked, 15>("Narrow"),
    kind::<Narrow, Crc32, 15>("Narrow, Crc32"),
    kind::<Standard, Unchecked, 127>("Standard"),
    kind::<Standard, Crc32, 127>("Standard, Crc32"),
    kind::<Ordered, Unchecked, 127>("Ordered"),
    kind::<Ordered, Crc32, 127>("Ordered, Crc32"),
    kind::<Small, Unchecked, 15>("Small"),
    kind::<Small, Crc32, 15>("Small, Crc32"),
    kind::<Wide, Unchecked, 63>("Wide"),
    kind::<Wide, Crc32, 63>("Wide, Crc32"),
];

/// A search, and what came of it.
struct Job {
    kind: &'static Kind,
    plan: Plan,
    done: Option<(Result<Tally, Failure>, Duration)>,
}

pub(crate) fn run(options: &Options) -> ExitCode {
    let depths = options.depths();
    let kinds = KINDS
        .iter()
        .filter(|kind| kind.name.contains(&options.heap));
    let mut jobs: Vec<_> = kinds
        .flat_map(|kind| {
            let plans = (kind.plans)(&depths).into_iter();
            plans.map(move |plan| Job {
                kind,
                plan,
                done: None,
            })
        })
        .filter(|job| job.plan.arena.contains(&options.arena))
        .collect();
    let threads = options
        .threads
        .or_else(|| Some(std::thread::available_parallelism().ok()?.get()));
    let start = Instant::now();
    search_all(&mut jobs, threads.unwrap_or(1));
    let sound = report(&jobs, start.elapsed());
    if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn search_all(jobs: &mut [Job], threads: usize) {
    let (watched, bar) = (AtomicUsize::new(0), ProgressBar::new(jobs.len() as u64));
    if let Ok(style) =
        ProgressStyle::with_template("[{elapsed}] {bar:30} {pos}/{len} searches, {msg}")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    let queue = Mutex::new(jobs.iter_mut());
    let next = || queue.lock().ok()?.next();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(job) = next() {
                    let start = Instant::now();
                    let result = (job.kind.search)(&job.plan, &watched);
                    job.done = Some((result, start.elapsed()));
                    bar.set_message(format!("{} states", watched.load(Ordering::Relaxed)));
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
}

/// Prints what was found, and tells whether all was as it must be.
fn report(jobs: &[Job], time: Duration) -> bool {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header([
        "heap",
        "arena",
        "bytes",
        "distinct states at depth 0, 1, 2, ...",
        "states",
        "steps",
        "refused",
        "s",
    ]);
    for column in [2, 4, 5, 6, 7] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let (mut states, mut steps, mut sound) = (0, 0, true);
    for job in jobs {
        let head = [
            job.kind.name.to_owned(),
            job.plan.arena.to_owned(),
            job.plan.bytes.to_string(),
        ];
        let rest = match &job.done {
            Some((Ok(tally), time)) => {
                states += tally.all_states();
                steps += tally.steps;
                let mut depths: Vec<_> = tally.states.iter().map(usize::to_string).collect();
                depths.extend(tally.closed.then(|| "no more".to_owned()));
                vec![
                    depths.join(" "),
                    tally.all_states().to_string(),
                    tally.steps.to_string(),
                    tally.refused.to_string(),
                    format!("{:.1}", time.as_secs_f64()),
                ]
            }
            _ => {
                sound = false;
                vec!["FAILED".to_owned()]
            }
        };
        table.add_row(head.into_iter().chain(rest));
    }
    println!("{table}");
    for job in jobs {
        if let Some((Err(failure), _)) = &job.done {
            print_failure(job, failure);
        }
    }
    println!(
        "{states} distinct states, {steps} operations on them, {:.0} s",
        time.as_secs_f64()
    );
    sound
}

fn print_failure(job: &Job, failure: &Failure) {
    println!("\nFAILED: {}", failure.trouble);
    println!(
        "// {} bytes, the first payload at a multiple of 4096",
        job.plan.bytes
    );
    println!(
        "let mut heap = Heap::<{}>::from_bytes(&mut memory)?;",
        job.kind.name
    );
    for line in &failure.program {
        println!("{line}");
    }
}
