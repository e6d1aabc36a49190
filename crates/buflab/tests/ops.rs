//! `buflab ops` from the outside.

mod common;

use common::{Lab, assert_fields};

const FIELDS: [&str; 12] = [
    "heap",
    "live",
    "arena",
    "operation",
    "completed",
    "failure",
    "why",
    "count",
    "ns_per_op",
    "moves",
    "bytes_moved",
    "compactions",
];

const OPERATIONS: [&str; 7] = [
    "nothing",
    "get",
    "resize_within",
    "free_small",
    "alloc_again",
    "free_merge",
    "alloc_cut",
];

#[test]
fn every_operation_of_every_heap_is_a_line() {
    let lab = Lab::new();
    let listed = lab.run(["heaps", "--json"]).rows();
    let names = listed.iter().map(|row| row["heap"].as_str().unwrap());
    // The narrow layouts have no arena for so many blocks.
    let names: Vec<_> = names.filter(|name| !name.contains("narrow")).collect();
    let heaps = names.iter().map(|name| format!("--heap={name}"));
    let args = ["ops", "--json", "--count=100", "--live=300", "--live=24"];
    let args = args.map(str::to_owned).into_iter().chain(heaps);
    let output = lab.run(args);
    assert_eq!((output.code, &*output.stderr), (0, ""));

    let mut rows = output.rows().into_iter();
    for live in [300, 24] {
        // One in eight live blocks in each round, until there were 100 or more.
        let count = if live == 300 { 3 * 37 } else { 34 * 3 };
        for name in &names {
            for operation in OPERATIONS {
                let row = rows.next().unwrap();
                assert_fields(&row, &FIELDS);
                assert_eq!(row["heap"], *name);
                assert_eq!(row["live"], live);
                assert_eq!(row["operation"], operation);
                assert_eq!(row["completed"], true);
                assert!(row["failure"].is_null() && row["why"].is_null());
                let no_resize = ["linked_list_allocator", "buddy_system_allocator"];
                if operation == "resize_within" && no_resize.contains(name) {
                    assert_eq!(row["count"], 0);
                    assert!(row["ns_per_op"].is_null());
                } else {
                    assert_eq!(row["count"], count);
                    assert!(row["ns_per_op"].as_f64().unwrap() >= 0.0);
                }
                let global = ["system", "mimalloc", "slotmap"].contains(name);
                assert_eq!(row["arena"].is_null(), global);
                // What is measured is the operation, never a search for room. In steps, some is moved
                // with each.
                assert_eq!(row["compactions"], 0, "{row}");
                for moved in ["moves", "bytes_moved"] {
                    assert!(row[moved] == 0 || *name == "buflib-paced", "{row}");
                }
            }
        }
    }
    assert!(rows.next().is_none());
}

#[test]
fn a_heap_without_room_exits_with_1_and_says_so() {
    let lab = Lab::new();
    let args = ["ops", "--count=10", "--live=3000", "--heap=buflib-narrow"];
    let output = lab.run(args);
    assert_eq!(output.code, 1);
    assert!(
        output.stdout.contains("could not be built"),
        "{}",
        output.stdout
    );

    let output = lab.run(args.into_iter().chain(["--json"]));
    assert_eq!(output.code, 1);
    let rows = output.rows();
    assert_eq!(rows.len(), OPERATIONS.len());
    for row in rows {
        assert_fields(&row, &FIELDS);
        assert_eq!(
            (&row["completed"], &row["failure"]),
            (&false.into(), &"not_built".into())
        );
        assert!(row["ns_per_op"].is_null());
        assert_eq!(row["count"], 0);
    }
}

#[test]
fn the_table_has_a_column_for_each_operation() {
    let lab = Lab::new();
    let output = lab.run(["ops", "--count=10", "--live=1000", "--heap=talc"]);
    assert_eq!((output.code, &*output.stderr), (0, ""));
    assert!(
        output.stdout.starts_with("1,000 live blocks: "),
        "{}",
        output.stdout
    );
    let header = output.stdout.lines().nth(1).unwrap();
    assert!(
        OPERATIONS
            .iter()
            .all(|operation| header.contains(operation))
    );
}

#[test]
fn bad_usage_is_refused() {
    let lab = Lab::new();
    for args in [
        ["ops", "--live=0"],
        ["ops", "--live=7"],
        ["ops", "--live=4000000000"],
        ["ops", "--live=x"],
        ["ops", "--count=0"],
        ["ops", "--heap=nothing"],
        ["ops", "--heap=talc@2"],
    ] {
        assert!(!lab.run(args).refused().is_empty(), "{args:?}");
    }
}
