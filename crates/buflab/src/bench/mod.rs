//! `buflab bench`: all figures of the project, measured and written down by one command.
//!
//! ```text
//! traces -> Section::measure -> results/NAME.csv -> Section::report -> BENCHMARKS.md, plots, README.md
//! ```

mod churn;
mod compact;
mod growth;
mod machine;
mod markdown;
mod matrix;
mod memory;
mod part;
mod pauses;
mod plot;
mod readme;
mod replay;
mod resolve;
mod scale;
mod section;
mod stats;

#[cfg(test)]
mod trial;

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::arena::Arena;
use crate::cli::BenchArgs;
use crate::error::Error;
use crate::overview::shipped;
use crate::progress::Progress;
use crate::trace;

use machine::{Facts, Log};
use markdown::Chapter;
use part::{Of, Part};
use section::Lab;

/// All sections, in the order of the page.
static PARTS: &[&dyn Part] = &[
    &Of::<replay::Replay>::NEW,
    &Of::<memory::Memory>::NEW,
    &Of::<pauses::Pauses>::NEW,
    &Of::<resolve::Resolve>::NEW,
    &Of::<compact::Compact>::NEW,
    &Of::<growth::Scale>::NEW,
    &Of::<churn::Churn>::NEW,
];

/// The names of all sections.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PARTS.iter().map(|part| part.name())
}

/// How often things are measured unless it is said.
const RUNS: usize = 11;
/// With small sizes only whether it works is of interest.
const QUICK_RUNS: usize = 1;
/// Of the repository's traces, as many as means are made of.
const QUICK_TRACES: usize = 2;

/// Measures what is asked for and writes the page; returns true, since a broken promise is no failure.
pub(crate) fn bench(args: &BenchArgs, out: &mut dyn Write) -> Result<bool, Error> {
    let results = args.out.join("results");
    fs::create_dir_all(&results).map_err(|source| Error::File {
        path: results.clone(),
        source,
    })?;
    if !args.report {
        measure(args, &results)?;
    }
    let mut chapters = Vec::new();
    for part in PARTS {
        let name = part.name();
        let report = part.report(&results)?;
        for plot in report.iter().flat_map(|report| &report.plots) {
            let path = results.join(plot.name).with_extension("svg");
            write(&path, &plot::svg(plot)?)?;
        }
        chapters.push(Chapter { name, report });
    }
    let page = args.out.join("BENCHMARKS.md");
    write(&page, &markdown::page(&chapters, &Log::read(&results)?))?;
    writeln!(out, "wrote {}", page.display())?;
    quote(args, &results, out)?;
    tell(&chapters, out)?;
    Ok(true)
}

fn measure(args: &BenchArgs, results: &Path) -> Result<(), Error> {
    let mut paths = args.traces.clone();
    if paths.is_empty() {
        paths = shipped()?;
        if args.quick {
            paths.truncate(QUICK_TRACES);
        }
    }
    let programs: Result<Vec<_>, _> = paths.iter().map(|path| trace::read(path)).collect();
    let programs = programs?;
    let runs = if args.quick { QUICK_RUNS } else { RUNS };
    let progress = Progress::new();
    let mut lab = Lab {
        programs: &programs,
        arena: &mut Arena::default(),
        progress: &progress,
        runs: args.runs.map_or(runs, |runs| runs.get() as usize),
        quick: args.quick,
    };
    let facts = Facts::now(command(args), args.quick);
    let mut log = Log::read(results)?;
    for part in PARTS {
        let name = part.name();
        if args.sections.is_empty() || args.sections.iter().any(|section| section == name) {
            part.measure(&mut lab, results)?;
            log.add(name, &facts, results)?;
        }
    }
    progress.clear();
    Ok(())
}

/// The command again, without what is of no interest elsewhere.
fn command(args: &BenchArgs) -> String {
    let mut command = "cargo run --release -- bench".to_owned();
    for path in &args.traces {
        let name = path.file_name().unwrap_or(path.as_os_str());
        command += &format!(" {}", name.display());
    }
    for section in &args.sections {
        command += &format!(" --section {section}");
    }
    if let Some(runs) = args.runs {
        command += &format!(" --runs {runs}");
    }
    if args.quick {
        command += " --quick";
    }
    command
}

/// What makes a section that is missing.
fn command_for(section: &str) -> String {
    format!("cargo run --release -- bench --section {section}")
}

/// Brings README up to date, if there is one beside the directory. Figures that mean nothing get only into
/// a file that was named.
fn quote(args: &BenchArgs, results: &Path, out: &mut dyn Write) -> Result<(), Error> {
    let path = match (&args.readme, args.out.parent()) {
        (Some(path), _) => path.clone(),
        (None, Some(parent)) => parent.join("README.md"),
        (None, None) => PathBuf::from("README.md"),
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::File { path, source }),
    };
    let log = Log::read(results)?;
    let serious = |section: &&str| log.of(section).is_some_and(Facts::is_serious);
    if args.readme.is_none() && !readme::QUOTED.iter().all(serious) {
        return Ok(());
    }
    let Some(quotes) = readme::quotes(results)? else {
        return Ok(());
    };
    let quoted = readme::insert(&text, &quotes);
    if quoted != text {
        write(&path, &quoted)?;
        writeln!(out, "wrote {}", path.display())?;
    }
    Ok(())
}

/// Says what the reader should not have to look for.
fn tell(chapters: &[Chapter], out: &mut dyn Write) -> Result<(), Error> {
    for Chapter { name, report } in chapters {
        let Some(report) = report else {
            let command = command_for(name);
            writeln!(
                out,
                "MISSING: {name} was never measured; make it with `{command}`"
            )?;
            continue;
        };
        for promise in report.promises.iter().filter(|promise| !promise.holds) {
            writeln!(out, "does NOT hold: {}: {}", promise.what, promise.found)?;
        }
    }
    Ok(out.flush()?)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })
}
