//! Runs the real program on traces in a directory of its own.

// Not every test file uses everything.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A few blocks with every kind of event, and an alignment.
pub(crate) const EVENTS: &str =
    "a 0 100\na 1 3\na 2 0\n# between\nr 0 300 \na 3 64 64\nf 1\nr 0 20\nf 0\n";

pub(crate) struct Lab {
    dir: TempDir,
}

pub(crate) struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, contents).unwrap();
        path
    }

    /// A plain trace of these events.
    pub(crate) fn trace(&self, name: &str, events: &str) -> PathBuf {
        self.file(name, format!("# buflib-trace 1\n{events}"))
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_buflab"))
            .args(args)
            .current_dir(self.dir.path())
            .output()
            .unwrap();
        Output {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Output {
    pub(crate) fn rows(&self) -> Vec<Value> {
        let rows = self.stdout.lines().map(serde_json::from_str);
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// Bad usage or a bad trace: said on stderr only. Returns what was said.
    pub(crate) fn refused(self) -> String {
        assert_eq!(self.code, 2, "{}", self.stderr);
        assert_eq!(self.stdout, "");
        self.stderr
    }
}

/// Every field is there, if only with null.
pub(crate) fn assert_fields(row: &Value, fields: &[&str]) {
    let found: Vec<_> = row.as_object().unwrap().keys().collect();
    for field in fields {
        assert!(found.iter().any(|name| name == field), "{field}: {row}");
    }
}
