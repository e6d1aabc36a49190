//! The page, as Markdown.

use std::fmt::Write;

use super::machine::{Facts, Log};
use super::section::{Promise, Report, Table};

/// A section of the page, if its file is there.
pub(super) struct Chapter {
    pub(super) name: &'static str,
    pub(super) report: Option<Report>,
}

/// Where plots and rows are, as seen from the page.
const RESULTS: &str = "results";

pub(super) fn page(chapters: &[Chapter], log: &Log) -> String {
    let mut page = format!("# Benchmarks\n\n{}\n", include_str!("preface.md"));
    let common = chapters.iter().find_map(|chapter| log.of(chapter.name));
    if let Some(facts) = common {
        page += &header(facts);
    }
    page += &promises(chapters);
    for chapter in chapters {
        page += &self::chapter(chapter, log.of(chapter.name), common);
    }
    page + &slower(chapters)
}

/// Infallible: a string takes all that is written to it.
macro_rules! push {
    ($page:ident, $($text:tt)*) => {
        let _ = writeln!($page, $($text)*);
    };
}

fn header(facts: &Facts) -> String {
    let mut text = String::new();
    push!(text, "- Command: `{}`", facts.command);
    push!(text, "- Machine: {}", facts.machine());
    push!(text, "- Versions: buflib {}, {}", facts.buflib, facts.rustc);
    push!(text, "- Date: {}", facts.date);
    push!(text, "- Peers:");
    for peer in &facts.peers {
        push!(text, "  - {peer}");
    }
    text.push('\n');
    text + &caution(facts)
}

/// Said wherever figures stand that nobody should quote.
fn caution(facts: &Facts) -> String {
    if facts.is_serious() {
        return String::new();
    }
    let how = if facts.quick {
        "with `--quick`"
    } else {
        "without optimisation"
    };
    format!(
        "**These figures mean nothing: they were measured {how}, to see that all of it works.**\n\n"
    )
}

fn promises(chapters: &[Chapter]) -> String {
    let mut body = Vec::new();
    for chapter in chapters {
        match &chapter.report {
            Some(report) => {
                body.extend(report.promises.iter().map(|promise| line(report, promise)))
            }
            None => body.push([
                chapter.name.to_owned(),
                "all of it".to_owned(),
                "not measured".to_owned(),
                "**MISSING**".to_owned(),
            ]),
        }
    }
    let head = ["", "promise", "found", "holds"].map(str::to_owned);
    let body: Vec<_> = body.into_iter().map(Vec::from).collect();
    let table = table(&head, &body, false);
    format!(
        "## Promises\n\n{}\n\n{table}\n",
        include_str!("promises.md").trim()
    )
}

fn line(report: &Report, promise: &Promise) -> [String; 4] {
    let holds = if promise.holds { "yes" } else { "**NO**" };
    [
        report.title.to_owned(),
        promise.what.clone(),
        promise.found.clone(),
        holds.to_owned(),
    ]
}

fn chapter(chapter: &Chapter, facts: Option<&Facts>, common: Option<&Facts>) -> String {
    let name = chapter.name;
    let Some(report) = &chapter.report else {
        return format!(
            "## MISSING: {name}\n\n**There is no `{RESULTS}/{name}.csv`. Make it with `{}`.**\n\n",
            super::command_for(name)
        );
    };
    let mut text = format!("## {}\n\n{}\n\n", report.title, report.about.trim());
    if let Some(facts) = facts.filter(|&facts| Some(facts) != common) {
        push!(
            text,
            "Measured apart from the rest: `{}`, {}, {}, {}.\n",
            facts.command,
            facts.machine(),
            facts.rustc,
            facts.date
        );
        text += &caution(facts);
    }
    for table in &report.tables {
        let Table {
            caption,
            head,
            body,
        } = table;
        push!(text, "{caption}\n\n{}", self::table(head, body, true));
    }
    for plot in &report.plots {
        push!(text, "![{}]({RESULTS}/{}.svg)\n", plot.title, plot.name);
    }
    push!(
        text,
        "All rows: [{RESULTS}/{name}.csv]({RESULTS}/{name}.csv)\n"
    );
    text
}

fn slower(chapters: &[Chapter]) -> String {
    let mut text = format!(
        "## Where we are slower\n\n{}\n\n",
        include_str!("slower.md").trim()
    );
    let reports = chapters
        .iter()
        .filter_map(|chapter| chapter.report.as_ref());
    let mut sentences = reports.flat_map(|report| &report.slower).peekable();
    if sentences.peek().is_none() {
        push!(text, "Nowhere.");
    }
    for sentence in sentences {
        push!(text, "- {sentence}");
    }
    text
}

/// A table; if it is one of `numbers`, columns that have any are aligned to the right, but not the
/// first.
pub(super) fn table(head: &[String], body: &[Vec<String>], numbers: bool) -> String {
    let mut text = row(head);
    text.push('|');
    for column in 0..head.len() {
        let mut cells = body.iter().filter_map(|line| line.get(column));
        let right = numbers && column > 0 && cells.any(|cell| is_number(cell));
        text += if right { "--:|" } else { "---|" };
    }
    text.push('\n');
    for line in body {
        text += &row(line);
    }
    text
}

fn is_number(cell: &str) -> bool {
    let digits = cell.trim_start_matches('*');
    digits.starts_with(|first: char| first.is_ascii_digit())
}

fn row(cells: &[String]) -> String {
    let mut text = "|".to_owned();
    for cell in cells {
        let cell = cell.replace('|', "\\|");
        text += &if cell.is_empty() {
            " |".to_owned()
        } else {
            format!(" {cell} |")
        };
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_kept_apart_and_numbers_stand_right() {
        let line = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text = table(
            &line(["a", "b", "c"]),
            &[line(["1|2", "**1**", "talc@3"])],
            true,
        );
        let expected = "| a | b | c |\n|---|--:|---|\n| 1\\|2 | **1** | talc@3 |\n";
        assert_eq!(text, expected);
        assert_eq!(row(&line(["a", "", "b"])), "| a | | b |\n");
    }

    #[test]
    fn what_was_not_measured_is_said_twice() {
        let chapters = [Chapter {
            name: "replay",
            report: None,
        }];
        let page = page(&chapters, &Log::default());
        assert!(
            page.contains("| replay | all of it | not measured | **MISSING** |"),
            "{page}"
        );
        assert!(page.contains("## MISSING: replay"), "{page}");
        assert!(page.contains("bench --section replay"), "{page}");
    }
}
