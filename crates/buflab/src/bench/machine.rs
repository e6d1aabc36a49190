//! Where, when and how figures were measured.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::thread::available_parallelism;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::heaps;

/// What must be known to believe a figure, or to measure it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) command: String,
    pub(super) quick: bool,
    pub(super) date: String,
    pub(super) cpu: String,
    pub(super) cores: usize,
    pub(super) target: String,
    pub(super) profile: String,
    pub(super) rustc: String,
    pub(super) buflib: String,
    pub(super) peers: Vec<String>,
}

impl Facts {
    /// Those of this program, here and now.
    pub(super) fn now(command: String, quick: bool) -> Self {
        let peers = heaps::ALL
            .iter()
            .filter(|entry| !entry.name.starts_with("buflib"));
        Self {
            command,
            quick,
            date: Timestamp::now().strftime("%Y-%m-%d").to_string(),
            cpu: cpu().unwrap_or_else(|| "unknown processor".to_owned()),
            cores: available_parallelism().map_or(0, Into::into),
            target: env!("BUFLAB_TARGET").to_owned(),
            profile: env!("BUFLAB_PROFILE").to_owned(),
            rustc: env!("BUFLAB_RUSTC").to_owned(),
            // The packages of the workspace have one version.
            buflib: env!("CARGO_PKG_VERSION").to_owned(),
            peers: peers.map(|entry| entry.about.to_owned()).collect(),
        }
    }

    /// Whether the figures are fit to be quoted.
    pub(super) fn is_serious(&self) -> bool {
        !self.quick && self.profile == "release"
    }

    pub(super) fn machine(&self) -> String {
        let Self {
            cpu, cores, target, ..
        } = self;
        format!("{cpu}, {cores} cores, {target}")
    }
}

/// As Linux tells it; other systems do not have the file.
fn cpu() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned())
}

/// The facts by section, each of which can be measured at another time.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Log(BTreeMap<String, Facts>);

const FILE: &str = "machine.json";

impl Log {
    /// The facts in a directory of results; empty if there are none.
    pub(super) fn read(results: &Path) -> Result<Self, Error> {
        let path = results.join(FILE);
        match fs::read(&path) {
            Ok(text) => {
                serde_json::from_slice(&text).map_err(|source| Error::Facts { path, source })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(Error::File { path, source }),
        }
    }

    pub(super) fn of(&self, section: &str) -> Option<&Facts> {
        self.0.get(section)
    }

    /// Adds those of a section and writes the file.
    pub(super) fn add(
        &mut self,
        section: &str,
        facts: &Facts,
        results: &Path,
    ) -> Result<(), Error> {
        self.0.insert(section.to_owned(), facts.clone());
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        super::write(&results.join(FILE), &text)
    }
}
