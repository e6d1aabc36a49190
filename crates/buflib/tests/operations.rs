//! `operations.txt` names every public operation of the library, so that what is to hold for all of them can be
//! checked against one list.
//!
//! A line is a function or method by its public path, or a method of a trait: `Heap::Display::fmt` is what
//! `Display` does for a heap, and `Step::Clone::clone` is derived. A trait of the library itself has its methods
//! under its own name. Constants and fields are not operations.

#[path = "operations/scan.rs"]
mod scan;

use std::fs;
use std::path::Path;

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn list_of_operations_is_that_of_the_sources() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found: String = scan::public_operations(&package.join("src"))
        .into_iter()
        .map(|operation| operation + "\n")
        .collect();
    let list = package.join("tests/operations.txt");
    if std::env::var_os("UPDATE_OPERATIONS").is_some() {
        fs::write(&list, &found).expect("a list");
    }
    let listed = fs::read_to_string(&list).expect("a list");
    let missing: Vec<_> = found.lines().filter(|&name| !has(&listed, name)).collect();
    let gone: Vec<_> = listed.lines().filter(|&name| !has(&found, name)).collect();
    assert!(
        missing.is_empty() && gone.is_empty() && listed == found,
        "not in operations.txt: {missing:?}; not in the sources: {gone:?}. \
        UPDATE_OPERATIONS=1 cargo test --package buflib --test operations writes it anew"
    );
}

fn has(list: &str, name: &str) -> bool {
    list.lines().any(|line| line == name)
}

/// What the scan must see, each a way of being public that is written in another manner.
#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn scan_sees_every_kind_of_operation() {
    let found = scan::public_operations(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    for operation in [
        "Heap::alloc",
        "Heap::ptr_unchecked",
        "Request::new",
        "Handle::number",
        "store::Handle::number",
        "default::init",
        "Heap::Display::fmt",
        "Pinned::Drop::drop",
        "Step::Default::default",
        "Owner::before_move",
        "Tag::from_bits",
        "Error::From<Corruption>::from",
        "Store::Index<Handle>::index",
    ] {
        assert!(found.contains(operation), "{operation} is not found");
    }
    for inner in [
        "Heap::build",
        "Arena::new",
        "Narrow::Encoding::pad",
        "Crc32::Check::digest",
    ] {
        assert!(!found.contains(inner), "{inner} is not public");
    }
}
