//! What README quotes: text between markers, and nothing else of it.

use std::path::Path;

use super::markdown::table;
use super::matrix::Matrix;
use super::memory::Memory;
use super::part;
use super::replay::{PEER, PLAIN, Replay, times};
use super::section::Section;
use crate::error::Error;
use crate::replay::Row;
use crate::report::{factor, maybe};
use crate::{fit, replay};

/// The sections that are quoted.
pub(super) const QUOTED: [&str; 2] = [Replay::NAME, Memory::NAME];

/// Everything that can be quoted, by name; none if a section is missing.
pub(super) fn quotes(results: &Path) -> Result<Option<Vec<(&'static str, String)>>, Error> {
    let replayed = part::read::<Replay>(results)?;
    let fitted = part::read::<Memory>(results)?;
    Ok(replayed.zip(fitted).map(|(replayed, fitted)| {
        let speed = Matrix::new(&replayed);
        vec![
            ("summary", summary(&speed, &Matrix::new(&fitted))),
            ("speed", sentence(&speed)),
        ]
    }))
}

const SPEED: [&str; 4] = [PLAIN, PEER, "rlsf@3", "dlmalloc@3"];
const MEMORY: [&str; 4] = ["buflib", "talc", "rlsf", "dlmalloc"];

fn summary(speed: &Matrix<'_, replay::Row>, memory: &Matrix<'_, fit::Row>) -> String {
    let head = [
        "trace",
        "buflib, 1.25 × need",
        "talc, 3 ×",
        "rlsf, 3 ×",
        "dlmalloc, 3 ×",
        "memory: need",
        "buflib",
        "talc",
        "rlsf",
        "dlmalloc",
    ];
    let mut body = Vec::new();
    for &trace in &speed.traces {
        let mut line = vec![trace.to_owned()];
        line.extend(SPEED.map(|heap| {
            let row = speed.at(trace, heap);
            row.map_or_else(String::new, |row| {
                row.outcome(|nanos| format!("{nanos:.1}"))
            })
        }));
        let need = memory.at(trace, MEMORY[0]);
        line.push(need.map_or_else(String::new, |row| maybe(row.need_ratio, factor)));
        line.extend(MEMORY.map(|heap| {
            let row = memory.at(trace, heap);
            row.map_or_else(String::new, |row| row.outcome(maybe(row.ratio, factor)))
        }));
        body.push(line);
    }
    let mut last = vec!["times talc".to_owned()];
    last.extend(SPEED.map(|heap| {
        let mean = times(speed, heap, PEER).mean();
        maybe(mean, |mean| {
            if heap == PLAIN {
                format!("**{mean:.2}**")
            } else {
                format!("{mean:.2}")
            }
        })
    }));
    last.resize(head.len(), String::new());
    body.push(last);
    table(&head.map(str::to_owned), &body, true)
}

fn sentence(speed: &Matrix<'_, Row>) -> String {
    let mean = |heap, other| {
        maybe(times(speed, heap, other).mean(), |mean| {
            format!("{mean:.2}")
        })
    };
    let ours = times(speed, PLAIN, PEER);
    let worst = maybe(ours.most(), |(trace, most)| {
        format!("{most:.2} on `{trace}`")
    });
    format!(
        "With 1.25 times the memory that a program needs, this heap takes {} times the time that talc takes with three \
         times (geometric\nmean; at most {worst}); with 1.05 times the memory, {}. The check word costs a factor of {}.\n",
        mean(PLAIN, PEER),
        mean("buflib@1.05", PEER),
        mean("buflib-crc@1.25", PLAIN),
    )
}

/// The text with each quote between its markers. Markers that are not there are not missed.
pub(super) fn insert(text: &str, quotes: &[(&str, String)]) -> String {
    let mut text = text.to_owned();
    for (name, quote) in quotes {
        let (open, close) = (
            format!("<!-- bench:{name} -->"),
            format!("<!-- /bench:{name} -->"),
        );
        let Some((before, rest)) = text.split_once(&open) else {
            continue;
        };
        // Without an end, all the rest would be lost.
        let Some((_, after)) = rest.split_once(&close) else {
            continue;
        };
        text = format!("{before}{open}\n{quote}{close}{after}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let text =
            "a\n<!-- bench:summary -->\nold\n<!-- /bench:summary -->\nz <!-- bench:other -->\n";
        let quotes = [
            ("summary", "new\n".to_owned()),
            ("other", "lost".to_owned()),
        ];
        let expected =
            "a\n<!-- bench:summary -->\nnew\n<!-- /bench:summary -->\nz <!-- bench:other -->\n";
        assert_eq!(insert(text, &quotes), expected);
        assert_eq!(insert(expected, &quotes), expected);
    }

    #[test]
    fn the_readme_has_a_place_for_each_quote() {
        let readme = include_str!("../../../../README.md");
        for name in ["summary", "speed"] {
            assert!(
                insert(readme, &[(name, "QUOTE".to_owned())]).contains("QUOTE"),
                "{name}"
            );
        }
    }
}
