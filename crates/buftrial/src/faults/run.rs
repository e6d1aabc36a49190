//! All arenas of all heaps, on some threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use buflib::{Crc32, Narrow, Ordered, Small, Standard, Unchecked, Wide};
use indicatif::{ProgressBar, ProgressStyle};

use super::outcome::{Key, Outcome, Table};
use super::trial::{self, Which};
use super::watch::{Pulse, Watch};

pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) arenas: u64,
    pub(crate) steps: u32,
    pub(crate) threads: usize,
    pub(crate) only: String,
    pub(crate) fault: Option<u64>,
    pub(crate) exact: bool,
    pub(crate) tell: usize,
}

type Run = fn(Which, &Plan, &Pulse, &mut Table);

const HEAPS: [(&str, bool, Run); 10] = [
    ("narrow", false, trial::run::<Narrow, Unchecked>),
    ("narrow", true, trial::run::<Narrow, Crc32>),
    ("standard", false, trial::run::<Standard, Unchecked>),
    ("standard", true, trial::run::<Standard, Crc32>),
    ("ordered", false, trial::run::<Ordered, Unchecked>),
    ("ordered", true, trial::run::<Ordered, Crc32>),
    ("small", false, trial::run::<Small, Unchecked>),
    ("small", true, trial::run::<Small, Crc32>),
    ("wide", false, trial::run::<Wide, Unchecked>),
    ("wide", true, trial::run::<Wide, Crc32>),
];

impl Key {
    pub(crate) fn heap(layout: &str, checked: bool) -> String {
        let check = if checked { "crc32" } else { "unchecked" };
        format!("{layout} {check}")
    }
}

/// Ends the process if a fault has made a loop endless: a thread in it cannot be stopped.
pub(crate) fn run(plan: &Plan) -> Table {
    let heaps: Vec<_> = HEAPS
        .into_iter()
        .filter(|(layout, checked, _)| Key::heap(layout, *checked).contains(&plan.only))
        .collect();
    let jobs = heaps.len() as u64 * plan.arenas;
    let (next, left) = (AtomicU64::new(0), AtomicUsize::new(plan.threads));
    let table = Mutex::new(Table::default());
    let pulses: Vec<_> = (0..plan.threads).map(|_| Pulse::default()).collect();
    // What panics is counted, and told of with the others.
    std::panic::set_hook(Box::new(|_| {}));
    let style =
        ProgressStyle::with_template("{bar:40} {pos}/{len} arenas, {msg} faults, {eta} left");
    let bar = ProgressBar::new(jobs);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    std::thread::scope(|scope| {
        for pulse in &pulses {
            scope.spawn(|| {
                let mut mine = Table::default();
                loop {
                    let job = next.fetch_add(1, Relaxed);
                    if job >= jobs {
                        break;
                    }
                    let which = (job % heaps.len() as u64) as usize;
                    let (layout, checked, run) = heaps[which];
                    let seed = plan.seed + job / heaps.len() as u64;
                    pulse.set_heap(which);
                    run(
                        Which {
                            layout,
                            checked,
                            seed,
                        },
                        plan,
                        pulse,
                        &mut mine,
                    );
                    bar.inc(1);
                }
                if let Ok(mut table) = table.lock() {
                    table.add(&mine);
                }
                left.fetch_sub(1, Relaxed);
            });
        }
        let mut watches: Vec<_> = pulses.iter().map(|_| Watch::new()).collect();
        while left.load(Relaxed) > 0 {
            std::thread::sleep(Duration::from_millis(50));
            bar.set_message(pulses.iter().map(Pulse::done).sum::<u64>().to_string());
            for (watch, pulse) in watches.iter_mut().zip(&pulses) {
                if let Some((seed, fault)) = watch.stuck(pulse) {
                    let (layout, checked, _) = heaps[pulse.heap()];
                    let heap = Key::heap(layout, checked);
                    println!(
                        "{heap} seed {seed}, fault {fault}: {}",
                        Outcome::Endless.name()
                    );
                    std::process::exit(1);
                }
            }
        }
    });
    bar.finish_and_clear();
    let _ = std::panic::take_hook();
    table.into_inner().unwrap_or_default()
}
