//! `buflab fit` from the outside.

mod common;

use common::{EVENTS, Lab, assert_fields};

const FIELDS: [&str; 12] = [
    "trace",
    "heap",
    "events",
    "peak_payload",
    "need",
    "need_ratio",
    "floor",
    "peak_blocks",
    "completed",
    "smallest_arena",
    "ratio",
    "timed_out",
];

#[test]
fn the_smallest_arena_is_one_that_a_replay_completes_in() {
    let lab = Lab::new();
    let trace = lab.trace("small.trace", EVENTS);
    let trace = trace.to_str().unwrap();
    let output = lab.run(["fit", "--json", "--heap=talc", "--heap=dlmalloc", trace]);
    assert_eq!((output.code, &*output.stderr), (0, ""));
    let rows = output.rows();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_fields(&row, &FIELDS);
        assert_eq!(row["trace"], "small");
        assert_eq!(row["completed"], true);
        let arena = row["smallest_arena"].as_u64().unwrap();
        let ratio = row["ratio"].as_f64().unwrap();
        assert!((ratio - arena as f64 / 367.0).abs() < 1e-9);
        assert!((row["need_ratio"].as_f64().unwrap() - 424.0 / 367.0).abs() < 1e-9);

        let heap = format!("--heap={}", row["heap"].as_str().unwrap());
        for (arena, code) in [(arena, 0), (arena - arena / 100, 1)] {
            let arena = format!("--arena={arena}");
            let output = lab.run(["replay", &heap, "--runs=1", &arena, trace]);
            assert_eq!(output.code, code, "{heap} {arena}: {}", output.stdout);
        }
    }
}

#[test]
fn the_table_shows_the_floor() {
    let lab = Lab::new();
    let trace = lab.trace("small.trace", EVENTS);
    let output = lab.run(["fit", "--heap=talc", trace.to_str().unwrap()]);
    assert_eq!(output.code, 0);
    let floor = output
        .stdout
        .lines()
        .find(|line| line.contains("(need, at 12 bytes a block)"));
    let floor: Vec<_> = floor.unwrap().split_whitespace().collect();
    assert_eq!(floor[6..], ["424", "1.155", "1.000"]);
}

#[test]
fn a_heap_out_of_time_exits_with_1_and_null() {
    let lab = Lab::new();
    let trace = lab.trace("small.trace", EVENTS);
    let args = ["fit", "--timeout=0", "--heap=talc"];
    let trace = trace.to_str().unwrap();
    let output = lab.run(args.into_iter().chain(["--json", trace]));
    assert_eq!(output.code, 1);
    let row = &output.rows()[0];
    assert_eq!(row["completed"], false);
    assert_eq!(row["timed_out"], true);
    assert!(row["smallest_arena"].is_null() && row["ratio"].is_null());

    let output = lab.run(args.into_iter().chain([trace]));
    assert_eq!(output.code, 1);
    assert!(output.stdout.contains("timed out"), "{}", output.stdout);
}
