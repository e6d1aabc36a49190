//! What the rows say.

use super::super::section::{Axis, Plot, Promise, Report, Series, Table};
use super::super::stats::{cells, count, digits};
use super::access::{
    BOXES, CRC, PLAIN, POINTERS, POINTERS_UNCHECKED, SIZES, SLOTMAP, SLOTMAP_FIXED, UNCHECKED,
};
use super::nodes::{BY_HANDLE, IN_BOXES, IN_STORE};
use super::{Part, Row, sort};

const ACCESSES: &[&str] = &[
    PLAIN,
    CRC,
    UNCHECKED,
    SLOTMAP,
    SLOTMAP_FIXED,
    BOXES,
    POINTERS,
    POINTERS_UNCHECKED,
];

/// Each promise: who, beside whom, and the most that it may take times as long.
const PROMISES: &[(&str, &str, f64)] = &[(PLAIN, SLOTMAP, 1.0), (UNCHECKED, POINTERS, 1.05)];

pub(super) fn report(rows: &[Row]) -> Report {
    let rows = Rows(rows);
    Report {
        title: "From a handle to its bytes",
        about: format!(
            "Items of {} to {} bytes (64 in `{SLOTMAP_FIXED}`, the best that a slot map can do). \
             The handles, keys or numbers stand in a row, in the order in which the items were made or in a random one, and a \
             loop that is the same for all adds up the first words. The tables of pointers lead into one buffer and check \
             nothing, or only the number. Then programs made of it: a list of nodes with key, value and link, \
             linked in random order; an unbalanced search tree of random keys; and strings of 4 to 40 letters sorted. `Box` \
             and strings are on the C library's `malloc`. Medians of runs in an order drawn anew each round.",
            SIZES.0, SIZES.1
        ),
        tables: vec![
            accesses(rows, Part::Random),
            accesses(rows, Part::Sequential),
            programs(rows),
        ],
        plots: vec![plot(rows)],
        promises: PROMISES
            .iter()
            .map(|&(who, peer, most)| promise(rows, who, peer, most))
            .collect(),
        slower: slower(rows),
    }
}

#[derive(Clone, Copy)]
struct Rows<'r>(&'r [Row]);

impl<'r> Rows<'r> {
    fn of(self, part: Part) -> impl Iterator<Item = &'r Row> {
        self.0.iter().filter(move |row| row.part == part)
    }

    fn ns(self, part: Part, contender: &str, items: u64) -> Option<f64> {
        let mut rows = self.of(part);
        let row = rows.find(|row| row.contender == contender && row.items == items)?;
        Some(row.ns)
    }

    fn ratio(self, part: Part, who: &str, peer: &str, items: u64) -> Option<f64> {
        Some(self.ns(part, who, items)? / self.ns(part, peer, items)?)
    }

    /// The numbers of items that a part was measured with.
    fn items(self, part: Part) -> Vec<u64> {
        let mut items: Vec<_> = self.of(part).map(|row| row.items).collect();
        items.sort_unstable();
        items.dedup();
        items
    }
}

fn accesses(rows: Rows<'_>, part: Part) -> Table {
    let items = rows.items(part);
    let lines = ACCESSES.iter().map(|contender| {
        let cell = |&items: &u64| {
            let ratio = rows.ratio(part, PLAIN, contender, items);
            let ns = rows.ns(part, contender, items);
            format!("{} ({})", digits(ns, 2), digits(ratio, 2))
        };
        let name = [format!("`{contender}`")].into_iter();
        name.chain(items.iter().map(cell)).collect()
    });
    let order = if part == Part::Random {
        "in random order"
    } else {
        "in the order in which they were made"
    };
    let head = items.iter().map(|&items| format!("{} items", count(items)));
    Table {
        caption: format!("ns per access {order} (and `{PLAIN}` over it):"),
        head: ["contender".to_owned()].into_iter().chain(head).collect(),
        body: lines.collect(),
    }
}

/// A program's part, who takes part, and beside which peers.
const PROGRAMS: [(Part, &str, &[&str], &[&str]); 4] = [
    (
        Part::List,
        "pass a node of a list",
        &[BY_HANDLE, IN_STORE],
        &[IN_BOXES],
    ),
    (
        Part::Insert,
        "insert into a search tree",
        &[BY_HANDLE, IN_STORE],
        &[IN_BOXES],
    ),
    (
        Part::Find,
        "find in a search tree",
        &[BY_HANDLE, IN_STORE],
        &[IN_BOXES],
    ),
    (
        Part::Sort,
        "sort strings",
        &[sort::HANDLES],
        &[sort::BOXES, sort::STRINGS],
    ),
];

fn programs(rows: Rows<'_>) -> Table {
    let lines = pairs().filter_map(|(part, what, who, peer)| {
        let items = *rows.items(part).last()?;
        let (ours, theirs) = (rows.ns(part, who, items)?, rows.ns(part, peer, items)?);
        Some(cells([
            what.to_owned(),
            count(items),
            format!("`{who}`"),
            digits(Some(ours), 1),
            format!("`{peer}`"),
            digits(Some(theirs), 1),
            digits(Some(ours / theirs), 2),
        ]))
    });
    Table {
        caption: "Programs:".to_owned(),
        head: cells([
            "what",
            "items",
            "contender",
            "ns per item",
            "peer",
            "ns per item",
            "ratio",
        ]),
        body: lines.collect(),
    }
}

fn pairs() -> impl Iterator<Item = (Part, &'static str, &'static str, &'static str)> {
    PROGRAMS.into_iter().flat_map(|(part, what, ours, peers)| {
        ours.iter()
            .flat_map(move |who| peers.iter().map(move |peer| (part, what, *who, *peer)))
    })
}

fn plot(rows: Rows<'_>) -> Plot {
    let series = ACCESSES.iter().map(|contender| {
        let rows = rows.of(Part::Random);
        let rows = rows.filter(|row| row.contender == *contender);
        Series {
            name: (*contender).to_owned(),
            points: rows.map(|row| (row.items as f64, row.ns)).collect(),
        }
    });
    Plot {
        name: "resolve",
        title: "Time of an access in random order".to_owned(),
        x: Axis::Logarithmic("items"),
        y: Axis::Logarithmic("ns per access"),
        series: series.collect(),
    }
}

fn promise(rows: Rows<'_>, who: &str, peer: &str, most: f64) -> Promise {
    let items = rows.items(Part::Random);
    let ratios = items
        .iter()
        .map(|&items| rows.ratio(Part::Random, who, peer, items));
    let ratios: Vec<_> = ratios.collect();
    let found = items
        .iter()
        .zip(&ratios)
        .map(|(&items, &ratio)| format!("{} with {} items", digits(ratio, 2), count(items)));
    Promise {
        what: format!(
            "`{who}` takes at most {most:.2} times as long as `{peer}`, in random order, both with items of {} to {} bytes",
            SIZES.0, SIZES.1
        ),
        found: found.collect::<Vec<_>>().join(", "),
        holds: !ratios.is_empty()
            && ratios
                .iter()
                .all(|ratio| ratio.is_some_and(|ratio| ratio <= most)),
    }
}

fn slower(rows: Rows<'_>) -> Vec<String> {
    let peers = ACCESSES
        .iter()
        .filter(|name| ![PLAIN, CRC, UNCHECKED].contains(name));
    let accesses = peers.filter_map(|peer| {
        let items = rows.items(Part::Random).into_iter().filter_map(|items| {
            let ratio = rows.ratio(Part::Random, PLAIN, peer, items)?;
            (ratio > 1.0).then(|| format!("{ratio:.2} times as long with {}", count(items)))
        });
        let items: Vec<_> = items.collect();
        (!items.is_empty()).then(|| {
            let items = items.join(", ");
            format!("Beside `{peer}`, `{PLAIN}` in random order takes {items} items.")
        })
    });
    let programs = pairs().filter_map(|(part, what, who, peer)| {
        let items = *rows.items(part).last()?;
        let ratio = rows.ratio(part, who, peer, items)?;
        (ratio > 1.0).then(|| {
            format!(
                "To {what}, `{who}` takes {ratio:.2} times as long as `{peer}` ({} items).",
                count(items)
            )
        })
    });
    accesses.chain(programs).collect()
}
