//! `buflab bench` from the outside.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::Lab;

/// Those that are about traces.
const SECTIONS: [&str; 3] = ["replay", "memory", "pauses"];

const README: &str = "# A heap\n\n<!-- bench:summary -->\nold\n<!-- /bench:summary -->\n\n\
                      <!-- bench:other -->\nkept\n<!-- /bench:other -->\n<!-- bench:speed -->\n\
                      <!-- /bench:speed -->\nThe end, without a newline";

/// A lab with a trace on which most heaps complete, and the directory to measure into.
fn lab() -> (Lab, PathBuf, PathBuf) {
    let lab = Lab::new();
    let mut events = String::new();
    for id in 0..400u64 {
        events += &format!("a {id} {}\n", 200 + id * 31 % 700);
        if id % 3 == 0 {
            events += &format!("r {id} {}\n", 100 + id * 7 % 900);
        }
        if id >= 200 {
            events += &format!("f {}\n", id - 200);
        }
    }
    let trace = lab.trace("some.trace", &events);
    let docs = trace.with_file_name("docs");
    (lab, trace, docs)
}

/// Runs `bench` with results in a directory.
fn bench(lab: &Lab, docs: &Path, args: &[&str]) -> String {
    let docs = docs.to_str().unwrap();
    let output = lab.run(["bench", "--out", docs].iter().chain(args));
    assert_eq!((output.code, &*output.stderr), (0, ""));
    output.stdout
}

fn measure(lab: &Lab, docs: &Path, trace: &Path, sections: &[&str]) -> String {
    let mut args = vec!["--quick"];
    args.extend(sections.iter().flat_map(|name| ["--section", name]));
    args.push(trace.to_str().unwrap());
    bench(lab, docs, &args)
}

fn page(docs: &Path) -> String {
    fs::read_to_string(docs.join("BENCHMARKS.md")).unwrap()
}

#[test]
fn all_of_it_is_written_and_written_again() {
    let (lab, trace, docs) = lab();
    measure(&lab, &docs, &trace, &[]);
    let written = page(&docs);
    assert!(!written.contains("MISSING"), "{written}");
    for title in [
        "Promises",
        "Speed",
        "Memory",
        "Pauses",
        "Where we are slower",
    ] {
        assert!(written.contains(&format!("\n## {title}\n")), "{title}");
    }
    assert!(written.contains("- Command: `cargo run --release -- bench some.trace --quick`\n"));
    assert!(written.contains("These figures mean nothing"));
    for section in SECTIONS {
        let rows = fs::read_to_string(docs.join(format!("results/{section}.csv"))).unwrap();
        assert!(
            rows.starts_with("trace,heap,") && rows.contains("\nsome,buflib,"),
            "{rows}"
        );
    }
    for line in written.lines().filter(|line| line.starts_with("![")) {
        let (_, path) = line.trim_end_matches(')').split_once("](").unwrap();
        let svg = fs::read_to_string(docs.join(path)).unwrap();
        assert!(svg.starts_with("<svg"), "{path}");
        let of_traces = SECTIONS.iter().any(|section| path.contains(section));
        assert_eq!(svg.contains("some"), of_traces, "{path}");
    }

    fs::remove_file(docs.join("BENCHMARKS.md")).unwrap();
    bench(&lab, &docs, &["--report"]);
    assert_eq!(page(&docs), written);
}

#[test]
fn what_is_missing_is_said_and_what_is_there_is_kept() {
    let (lab, trace, docs) = lab();
    let said = measure(&lab, &docs, &trace, &["replay"]);
    assert!(
        said.contains("MISSING: memory was never measured"),
        "{said}"
    );
    let first = page(&docs);
    for section in ["memory", "pauses"] {
        assert!(
            first.contains(&format!("## MISSING: {section}\n")),
            "{first}"
        );
        assert!(first.contains(&format!(
            "| {section} | all of it | not measured | **MISSING** |"
        )));
    }
    let rows = docs.join("results/replay.csv");
    let replayed = fs::read(&rows).unwrap();

    measure(&lab, &docs, &trace, &["memory", "pauses"]);
    assert_eq!(fs::read(&rows).unwrap(), replayed);
    let second = page(&docs);
    assert!(
        !SECTIONS
            .iter()
            .any(|name| second.contains(&format!("MISSING: {name}")))
    );
    let apart = "Measured apart from the rest: `cargo run --release -- bench some.trace \
                 --section memory --section pauses --quick`";
    assert_eq!(second.matches(apart).count(), 2, "{second}");
}

#[test]
fn the_readme_changes_between_its_markers_only() {
    let (lab, trace, docs) = lab();
    let readme = lab.file("other.md", README);
    let quote = ["--report", "--readme", readme.to_str().unwrap()];
    measure(&lab, &docs, &trace, &["replay"]);
    bench(&lab, &docs, &quote);
    // Half of a table is none.
    assert_eq!(fs::read_to_string(&readme).unwrap(), README);

    measure(&lab, &docs, &trace, &["memory"]);
    bench(&lab, &docs, &quote);
    let quoted = fs::read_to_string(&readme).unwrap();
    let (_, rest) = quoted.split_once("<!-- bench:summary -->\n").unwrap();
    let (table, _) = rest.split_once("<!-- /bench:summary -->").unwrap();
    assert!(
        table.starts_with("| trace | buflib, 1.25 × need | talc, 3 × |"),
        "{table}"
    );
    assert!(
        table.contains("\n| some | ") && table.contains("\n| times talc | **"),
        "{table}"
    );
    let (_, rest) = quoted.split_once("<!-- bench:speed -->\n").unwrap();
    let (speed, _) = rest.split_once("<!-- /bench:speed -->").unwrap();
    assert!(speed.starts_with("With 1.25 times the memory"), "{speed}");
    let restored = quoted.replace(table, "old\n").replace(speed, "");
    assert_eq!(restored, README);
}

#[test]
fn figures_that_mean_nothing_do_not_get_into_the_readme() {
    let (lab, trace, docs) = lab();
    let readme = lab.file("README.md", README);
    measure(&lab, &docs, &trace, &["replay", "memory"]);
    assert_eq!(fs::read_to_string(&readme).unwrap(), README);

    // As if they were of a real run.
    let facts = docs.join("results/machine.json");
    let text = fs::read_to_string(&facts).unwrap();
    let text = text.replace("\"quick\": true", "\"quick\": false");
    let text = text.replace("\"profile\": \"debug\"", "\"profile\": \"release\"");
    fs::write(&facts, text).unwrap();
    bench(&lab, &docs, &["--report"]);
    assert_ne!(fs::read_to_string(&readme).unwrap(), README);
    assert!(!page(&docs).contains("mean nothing"));

    fs::remove_file(&readme).unwrap();
    bench(&lab, &docs, &["--report"]);
    assert!(!readme.exists());
}

#[test]
fn rows_that_cannot_be_read_are_named() {
    let (lab, trace, docs) = lab();
    measure(&lab, &docs, &trace, &["memory"]);
    fs::write(docs.join("results/memory.csv"), "trace,heap\nsome,talc\n").unwrap();
    let docs = docs.to_str().unwrap();
    let said = lab.run(["bench", "--report", "--out", docs]).refused();
    assert!(
        said.contains("memory.csv") && said.contains("bench --section"),
        "{said}"
    );
}

#[test]
fn bad_usage_is_refused() {
    let lab = Lab::new();
    let said = lab.run(["bench", "--section", "nothing"]).refused();
    for section in SECTIONS {
        assert!(said.contains(section), "{said}");
    }
    for args in [
        ["--report", "--quick"],
        ["--report", "x.trace"],
        ["--runs", "0"],
    ] {
        lab.run(["bench"].iter().chain(&args)).refused();
    }
}
