//! Looks for ways from entry points to a panic, in what was linked.
//!
//! ```text
//! no-panic-search ARCHIVE operations LIST   entry points are those of the section `roots`, and LIST names all that must be there
//! no-panic-search ARCHIVE exported LIST     entry points are what is exported, and LIST names all of it
//! ```
//!
//! Prints each operation that can reach a panic with a shortest way there, and fails if it is not one of those that may.

mod graph;
mod roots;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::process::ExitCode;
use std::{env, fs};

use graph::Graph;

/// What the panic handler calls.
const PANIC: &str = "a_panic_was_reached";

/// A function that is exported beside those that C calls, and panics.
const CONTROL: &str = "control_that_panics";

/// A panic is what these promise, as any index does. That they are found shows that a panic would be.
const MAY_PANIC: [&str; 3] = [
    "Store::Index<Handle>::index",
    "Store::IndexMut<Handle>::index_mut",
    CONTROL,
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [archive, kind, list] = &arguments[..] else {
        return Err("usage: no-panic-search ARCHIVE (operations | exported) LIST".into());
    };
    let bytes = fs::read(archive)?;
    let graph = Graph::read(&bytes)?;
    let names = fs::read_to_string(list)?;
    let listed: BTreeSet<_> = names.lines().collect();
    let roots = match kind.as_str() {
        "operations" => roots::of_section(&graph, "roots")?,
        "exported" => roots::exported(&graph, CONTROL)?,
        _ => return Err(format!("neither operations nor exported: {kind}").into()),
    };

    let found: BTreeSet<_> = roots.iter().map(|root| root.operation.as_str()).collect();
    let mut failed = false;
    for missing in listed.difference(&found) {
        println!("no entry point calls {missing}");
        failed = true;
    }
    for unknown in found
        .difference(&listed)
        .filter(|name| !name.starts_with("drop of "))
    {
        println!("an entry point calls {unknown}, which is not in {list}");
        failed = true;
    }

    let mut reach: BTreeMap<_, BTreeMap<_, Vec<_>>> = BTreeMap::new();
    for root in &roots {
        if let Some(way) = graph.way(root.code, PANIC) {
            let heaps: &mut Vec<_> = reach
                .entry(&root.operation)
                .or_default()
                .entry(way)
                .or_default();
            heaps.push(root.heap.as_str());
        }
    }
    let may = |operation: &str| MAY_PANIC.contains(&operation);
    for (operation, ways) in reach.iter().filter(|(operation, _)| !may(operation)) {
        failed = true;
        println!("{operation} can panic:");
        for (way, heaps) in ways {
            println!("  on {}:", heaps.join(", "));
            way.iter().for_each(|step| println!("    {step}"));
        }
    }
    for control in MAY_PANIC.iter().filter(|control| found.contains(*control)) {
        if !reach.contains_key(&control.to_string()) {
            println!("{control} was not found to panic: the search finds nothing");
            failed = true;
        }
    }
    let proven = found
        .iter()
        .filter(|name| !reach.contains_key(&name.to_string()))
        .count();
    println!(
        "{proven} of {} operations, {} entry points: cannot reach a panic",
        found.len(),
        roots.len()
    );
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
