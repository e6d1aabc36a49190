//! The main job: the traces of the repository, a replay and a fit of each.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::arena::Arena;
use crate::choice::{HeapChoice, Slack};
use crate::error::Error;
use crate::fit;
use crate::progress::Progress;
use crate::replay::{self, Settings, Size};
use crate::trace;

pub(crate) struct Results {
    pub(crate) runs: usize,
    pub(crate) replays: Vec<Vec<replay::Row>>,
    pub(crate) fits: Vec<Vec<fit::Row>>,
}

const RUNS: usize = 7;

pub(crate) fn overview(
    replayed: &[HeapChoice],
    fitted: &[HeapChoice],
    progress: &Progress,
) -> Result<Results, Error> {
    let timeout = Duration::from_secs(5);
    let settings = Settings {
        // Each heap has its own.
        size: Size::Slack(Slack(1.25)),
        runs: RUNS,
        timeout,
    };
    let mut arena = Arena::default();
    let mut results = Results {
        runs: RUNS,
        replays: Vec::new(),
        fits: Vec::new(),
    };
    for path in shipped()? {
        let program = trace::read(&path)?;
        let rows = replay::replay(&program, replayed, settings, &mut arena, progress)?;
        results.replays.push(rows);
        let rows = fit::fit(&program, fitted, timeout, &mut arena, progress)?;
        results.fits.push(rows);
    }
    Ok(results)
}

/// The traces of the repository this was built from, or of the one it is run in.
pub(crate) fn shipped() -> Result<Vec<PathBuf>, Error> {
    let places = [
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../traces"),
        "traces",
    ];
    let found = places.iter().map(|place| traces(Path::new(place)));
    found
        .into_iter()
        .find(|traces| !traces.is_empty())
        .ok_or_else(|| Error::NoTraces {
            tried: places.iter().map(PathBuf::from).collect(),
        })
}

fn traces(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut traces: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".trace.zst"))
        .collect();
    traces.sort_unstable();
    traces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_traces_are_listed_and_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.trace.zst", "README.md", "a.trace.zst", "c.trace"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let found = traces(dir.path());
        assert_eq!(
            found,
            ["a.trace.zst", "b.trace.zst"].map(|name| dir.path().join(name))
        );
        assert!(traces(&dir.path().join("none")).is_empty());
    }
}
