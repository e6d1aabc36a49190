//! docs/CONFORMANCE.md has a line for every row, and each test that it names exists.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn every_row_names_tests_that_exist() {
    let page = read("../../docs/CONFORMANCE.md");
    let rows = (1..=26)
        .map(|row| format!("S{row}"))
        .chain((1..=9).chain([11, 12]).map(|row| format!("B{row}")));
    for row in rows {
        let start = format!("| {row} |");
        let line = page
            .lines()
            .find(|line| line.starts_with(&start))
            .unwrap_or_else(|| panic!("no line for {row}"));
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, _, behaviour, tests, items, _] = cells[..] else {
            panic!("{line}");
        };
        assert!(!behaviour.is_empty() && items.contains('`'), "{line}");
        let mut named = 0;
        for test in tests.split_whitespace() {
            let (file, name) = test
                .trim_matches('`')
                .split_once("::")
                .unwrap_or_else(|| panic!("{row}: {test}"));
            let source = ["", "../buflib-c/"]
                .map(|package| format!("{package}tests/{file}.rs"))
                .into_iter()
                .find(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists())
                .map_or_else(|| panic!("{row}: there is no {file}"), |path| read(&path));
            let defined = format!("fn {name}");
            assert!(
                source.match_indices(&defined).any(|(at, _)| matches!(
                    source.as_bytes().get(at + defined.len()),
                    Some(b'(' | b'<')
                )),
                "{row}: there is no {test}"
            );
            named += 1;
        }
        assert!(named > 0, "{row} has no test");
    }
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn every_file_of_tests_is_in_the_program_of_all_tests() {
    let program = read("tests/together/main.rs");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for file in fs::read_dir(tests).expect("the tests") {
        let name = file.expect("a file").file_name();
        let name = name.to_str().expect("a name in Unicode");
        let line = format!("#[path = \"../{name}\"]");
        assert!(
            !name.ends_with(".rs") || program.contains(&line),
            "{name} is missing"
        );
    }
}
