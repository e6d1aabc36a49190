//! `buflab replay` from the outside.

mod common;

use common::{EVENTS, Lab, assert_fields};

const FIELDS: [&str; 25] = [
    "trace",
    "heap",
    "slack",
    "arena",
    "events",
    "peak_payload",
    "need",
    "largest_block",
    "completed",
    "failed_at",
    "failed_line",
    "failure",
    "why",
    "ns_per_event",
    "runs",
    "moves",
    "bytes_moved",
    "compactions",
    "step_budget",
    "most_moved_in_one_call",
    "most_seen_in_one_call",
    "pause_p50_ns",
    "pause_p99_ns",
    "pause_p999_ns",
    "longest_pause_ns",
];

#[test]
fn a_trace_that_completes_exits_with_0() {
    let lab = Lab::new();
    let trace = lab.trace("small.trace", EVENTS);
    let output = lab.run(["replay", "--arena=65536", trace.to_str().unwrap()]);
    assert_eq!((output.code, &*output.stderr), (0, ""));
    assert!(
        output
            .stdout
            .starts_with("small: 8 events, peak payload 367 B, need ")
    );
    assert!(output.stdout.contains("talc"), "{}", output.stdout);
    assert!(output.stdout.contains("completed"), "{}", output.stdout);
}

#[test]
fn json_has_all_fields_and_nulls() {
    let lab = Lab::new();
    let trace = lab.trace("small.trace", EVENTS);
    let output = lab.run([
        "replay",
        "--json",
        "--heap=talc",
        "--heap=system",
        "--arena=65536",
        "--runs=3",
        trace.to_str().unwrap(),
    ]);
    assert_eq!(output.code, 0);
    let rows = output.rows();
    let [talc, system] = rows.as_slice() else {
        panic!("two rows: {}", output.stdout);
    };
    assert_fields(talc, &FIELDS);
    assert_fields(system, &FIELDS);
    assert_eq!(talc["trace"], "small");
    assert_eq!(talc["heap"], "talc");
    assert_eq!(talc["arena"], 65536);
    assert!(talc["slack"].is_null());
    assert_eq!(talc["events"], 8);
    assert_eq!(talc["peak_payload"], 367);
    // 300 takes 312 + 4, 64 takes 72 + 4, 3 takes 16 + 4, 0 takes 8 + 4.
    assert_eq!(talc["need"], 316 + 76 + 20 + 12);
    assert_eq!(talc["completed"], true);
    assert_eq!(talc["runs"], 3);
    assert!(talc["ns_per_event"].as_f64().unwrap() > 0.0);
    assert!(talc["longest_pause_ns"].is_u64());
    for null in ["failed_at", "failed_line", "failure", "why"] {
        assert!(talc[null].is_null());
    }
    assert!(system["arena"].is_null() && system["slack"].is_null());
    assert_eq!(system["completed"], true);
}

#[test]
fn a_heap_without_room_exits_with_1_and_names_the_event() {
    let lab = Lab::new();
    let trace = lab.trace("large.trace", "a 0 100\n# comment\na 1 5000000\n");
    let args = ["replay", "--heap=talc", "--arena=65536"];
    let trace = trace.to_str().unwrap();
    let output = lab.run(args.into_iter().chain([trace]));
    assert_eq!(output.code, 1);
    let expected = "event 2 (line 4): allocating 5000000 bytes: no room";
    assert!(output.stdout.contains(expected), "{}", output.stdout);

    let output = lab.run(args.into_iter().chain(["--json", trace]));
    assert_eq!(output.code, 1);
    let row = &output.rows()[0];
    assert_eq!(row["completed"], false);
    assert_eq!(row["failure"], "no_room");
    assert_eq!(
        (&row["failed_at"], &row["failed_line"]),
        (&2.into(), &4.into())
    );
    assert_eq!(row["why"], "allocating 5000000 bytes: no room");
    assert!(row["ns_per_event"].is_null() && row["longest_pause_ns"].is_null());
}

#[test]
fn an_arena_below_the_heaps_own_state_is_no_crash() {
    let lab = Lab::new();
    let trace = lab.trace("small.trace", EVENTS);
    for bytes in ["0", "1", "7", "16", "31", "64", "100", "1000", "13000"] {
        let mut args = vec!["replay", "--json", "--runs=1", "--arena", bytes];
        let heaps = [
            "talc",
            "rlsf",
            "dlmalloc",
            "linked_list_allocator",
            "buddy_system_allocator",
            "good_memory_allocator",
        ];
        args.extend(heaps.iter().flat_map(|heap| ["--heap", heap]));
        args.push(trace.to_str().unwrap());
        let output = lab.run(args);
        assert!(output.code < 2, "{bytes}: {}", output.stderr);
        assert_eq!(output.rows().len(), heaps.len());
    }
}

#[test]
fn every_heap_passes_the_checks() {
    let lab = Lab::new();
    let mut events = String::new();
    // Sizes and lives are mixed, the arena is ample: what fails here is an adapter.
    for id in 0..3000u64 {
        let size = id * id * 31 % 700;
        events += &format!("a {id} {size} {}\n", 1 << (id % 8));
        if id % 3 == 0 {
            events += &format!("r {id} {}\n", size * 7 % 900);
        }
        if id >= 50 && id % 7 != 0 {
            events += &format!("f {}\n", id - 50);
        }
    }
    let trace = lab.trace("mixed.trace", &events);
    let listed = lab.run(["heaps", "--json"]);
    for row in listed.rows() {
        let heap = row["heap"].as_str().unwrap();
        // The narrow layouts are for small heaps, this one is within their limits or is refused.
        let arena = if heap.contains("narrow") {
            "250000"
        } else {
            "2000000"
        };
        let output = lab.run([
            "replay",
            "--json",
            "--runs=1",
            "--arena",
            arena,
            "--heap",
            heap,
            trace.to_str().unwrap(),
        ]);
        let row = &output.rows()[0];
        let why = row["why"].as_str().unwrap_or_default();
        assert!(!why.contains("FAULT"), "{heap}: {why}");
        if !heap.contains("narrow") {
            assert_eq!(row["completed"], true, "{heap}: {why}");
        }
    }
}

#[test]
fn one_heap_may_have_two_slacks() {
    let lab = Lab::new();
    let trace = lab.trace("one.trace", "a 0 1000000\n");
    let output = lab.run([
        "replay",
        "--json",
        "--heap=talc@1.5",
        "--heap=talc@3",
        "--heap=talc",
        "--slack=2",
        trace.to_str().unwrap(),
    ]);
    assert_eq!(output.code, 0);
    // 1,000,008 + 4.
    let seen: Vec<_> = output
        .rows()
        .iter()
        .map(|row| {
            assert_eq!(row["heap"], "talc");
            assert_eq!(row["need"], 1_000_012);
            (
                row["slack"].as_f64().unwrap(),
                row["arena"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(seen, [(1.5, 1_500_018), (3.0, 3_000_036), (2.0, 2_000_024)]);
}

#[test]
fn several_traces_are_replayed_in_order() {
    let lab = Lab::new();
    let one = lab.trace("one.trace", "a 0 10\n");
    let two = lab.trace("two.trace", "a 0 20\n");
    let args = ["replay", "--json", "--heap=system"].map(Into::into);
    let output = lab.run(args.into_iter().chain([one, two]));
    let rows = output.rows();
    assert_eq!(
        (&rows[0]["trace"], &rows[1]["trace"]),
        (&"one".into(), &"two".into())
    );
}

#[test]
fn a_trace_without_events_is_replayed() {
    let lab = Lab::new();
    let trace = lab.trace("none.trace", "");
    let output = lab.run(["replay", "--json", "--heap=system", trace.to_str().unwrap()]);
    assert_eq!(output.code, 0);
    assert!(output.rows()[0]["ns_per_event"].is_null());
}
