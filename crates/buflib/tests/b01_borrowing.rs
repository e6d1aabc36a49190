//! B1: with data borrowed, nothing that could move it compiles.
//!
//! Each program in `compile_fail` has one line with a mark, `//~` and the code of the error that it
//! must cause. Two things are shown of it: with the line the compiler reports that code and no
//! other, and without the line there is nothing to report. So a program fails for its reason, and
//! not because it has become out of date.
//!
//! The codes are the same in all versions of the compiler, where messages are not: comparing those
//! would tie the tests to one version. A doc test checks codes on a nightly compiler only.

#![cfg(not(miri))]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Runs the compiler, and returns the codes of the errors that it reports.
fn compile(source: &Path, arguments: &[&str]) -> Result<(), (BTreeSet<String>, String)> {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler)
        .args([
            "--edition",
            "2024",
            "--emit",
            "metadata",
            "--cap-lints",
            "allow",
            "--color",
            "never",
        ])
        .args(arguments)
        .arg(source)
        .output()
        .expect("the compiler runs");
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let codes = text
        .lines()
        .filter_map(|line| line.strip_prefix("error[")?.split(']').next());
    Err((codes.map(String::from).collect(), text))
}

/// A folder of this test's own, empty.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("borrowing");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn programs_that_misuse_borrows_do_not_compile() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = folder();
    let out = folder.to_str().expect("a path in Unicode");
    let library = [
        "--crate-name",
        "buflib",
        "--crate-type",
        "lib",
        "--out-dir",
        out,
    ];
    if let Err((_, text)) = compile(&root.join("src/lib.rs"), &library) {
        panic!("the library does not compile:\n{text}");
    }
    let external = format!("buflib={out}/libbuflib.rmeta");
    let arguments = [
        "--crate-type",
        "bin",
        "--out-dir",
        out,
        "--extern",
        &external,
    ];

    let mut programs = 0;
    for program in fs::read_dir(root.join("tests/compile_fail")).expect("the programs") {
        let program = program.expect("a program").path();
        let name = program
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name in Unicode")
            .to_owned();
        let text = fs::read_to_string(&program).expect("a program");
        let (marked, rest): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.contains("//~"));
        let [line] = marked[..] else {
            panic!("{name} has {} marked lines", marked.len())
        };
        let expected: BTreeSet<_> = line
            .split("//~")
            .skip(1)
            .flat_map(str::split_whitespace)
            .map(String::from)
            .collect();

        match compile(&program, &arguments) {
            Ok(()) => panic!("{name} compiles"),
            Err((codes, text)) => assert!(
                codes.len() == 1 && codes.is_subset(&expected),
                "{name} fails with {codes:?} instead of {expected:?}:\n{text}"
            ),
        }
        let without = folder.join(&name);
        fs::write(&without, rest.join("\n")).expect("a copy without the line");
        if let Err((codes, text)) = compile(&without, &arguments) {
            panic!("{name} fails without the marked line too, with {codes:?}:\n{text}");
        }
        programs += 1;
    }
    assert!(programs >= 33, "{programs} programs were found");
}
