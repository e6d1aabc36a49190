//! Usage, bad traces, and what goes where.

mod common;

use common::{EVENTS, Lab};

#[test]
fn an_unknown_heap_brings_the_list() {
    let lab = Lab::new();
    let trace = lab.trace("small.trace", EVENTS);
    for command in ["replay", "fit"] {
        let said = lab
            .run([command, "--heap=nothing", trace.to_str().unwrap()])
            .refused();
        for part in ["unknown heap `nothing`", "talc", "rlsf", "dlmalloc"] {
            assert!(said.contains(part), "{said}");
        }
    }
}

#[test]
fn bad_usage_is_refused() {
    let lab = Lab::new();
    let trace = lab.trace("small.trace", EVENTS);
    let trace = trace.to_str().unwrap();
    let cases: [&[&str]; 13] = [
        &["replay"],
        &["fit"],
        &["nothing"],
        &["replay", "--heap=talc@", trace],
        &["replay", "--heap=talc@x", trace],
        &["replay", "--heap=system@2", trace],
        &["replay", "--slack=0", trace],
        &["replay", "--runs=0", trace],
        &["replay", "--slack=2", "--arena=100", trace],
        &["replay", "--heap=talc@2", "--arena=100", trace],
        &["replay", "--arena=99999999999999999", trace],
        &["fit", "--heap=talc@2", trace],
        &["fit", "--heap=system", trace],
    ];
    for args in cases {
        let said = lab.run(args).refused();
        assert!(!said.is_empty(), "{args:?}");
    }
}

#[test]
fn a_bad_line_is_named_with_file_and_number() {
    let lab = Lab::new();
    let cases = [
        ("x 1 2\n", 2, "found `x`"),
        ("a 0 1\na 1\n", 3, "expected SIZE"),
        ("a 0 -1\n", 2, "found `-1`"),
        ("a 0 1 3\n", 2, "found alignment 3"),
        ("a 0 1\n# comment\nf 7\n", 4, "found id 7"),
        ("a 0 1\na 0 1\n", 3, "found id 0 for the second time"),
        ("a 0 1\nf 0\nr 0 2\n", 4, "already freed"),
        ("f 0 1\n", 2, "found id 0"),
        ("a 0 1\nf 0 1\n", 3, "expected the end of the line"),
    ];
    for (events, line, what) in cases {
        let trace = lab.trace("bad.trace", events);
        let said = lab.run(["replay", trace.to_str().unwrap()]).refused();
        assert!(
            said.contains(&format!("bad.trace:{line}: ")),
            "{events:?}: {said}"
        );
        if events != "f 0 1\n" {
            assert!(said.contains(what), "{events:?}: {said}");
        }
    }
}

#[test]
fn a_missing_header_or_file_is_named() {
    let lab = Lab::new();
    let trace = lab.file("bare.trace", "a 0 1\n");
    let said = lab.run(["fit", trace.to_str().unwrap()]).refused();
    assert!(
        said.contains("bare.trace:1: ") && said.contains("# buflib-trace 1"),
        "{said}"
    );
    let said = lab.run(["replay", "none.trace"]).refused();
    assert!(said.contains("none.trace"), "{said}");
}

#[test]
fn compressed_traces_are_read_and_truncated_ones_refused() {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    let lab = Lab::new();
    let text = format!("# buflib-trace 1\n{EVENTS}");
    let packed = compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
    let whole = lab.file("packed.trace.zst", &packed);
    let args = ["replay", "--json", "--heap=system"];
    let output = lab.run(args.into_iter().chain([whole.to_str().unwrap()]));
    assert_eq!(output.code, 0);
    assert_eq!(output.rows()[0]["trace"], "packed");
    assert_eq!(output.rows()[0]["events"], 8);

    let half = lab.file("half.trace.zst", &packed[..packed.len() / 2]);
    let said = lab.run(["replay", half.to_str().unwrap()]).refused();
    assert!(
        said.contains("half.trace.zst: not a sound zstd stream"),
        "{said}"
    );
}

#[test]
fn a_pipe_sees_no_progress() {
    let lab = Lab::new();
    let trace = lab.trace("small.trace", EVENTS);
    for args in [
        &["replay", "--heap=talc", "--arena=65536"][..],
        &["replay", "--json", "--heap=talc", "--arena=65536"],
        &["fit", "--heap=talc"],
    ] {
        let output = lab.run(args.iter().chain([&trace.to_str().unwrap()]));
        assert_eq!((output.code, &*output.stderr), (0, ""));
        assert!(!output.stdout.contains(['\x1b', '\r']), "{}", output.stdout);
    }
}

#[test]
fn heaps_are_listed_with_their_arena() {
    let lab = Lab::new();
    let output = lab.run(["heaps"]);
    assert_eq!(output.code, 0);
    let line = |name: &str| {
        let line = output
            .stdout
            .lines()
            .find(|line| line.trim().starts_with(name));
        line.unwrap_or_else(|| panic!("{name}: {}", output.stdout))
    };
    assert!(line("talc").contains("fixed") && line("talc").contains("5.1"));
    assert!(line("system").contains("system"));
    for row in lab.run(["heaps", "--json"]).rows() {
        assert!(row["fixed_arena"].is_boolean() && row["about"].is_string());
    }
}
