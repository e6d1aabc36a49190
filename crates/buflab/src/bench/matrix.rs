//! Rows as traces by heaps, and how one heap does against another.

use super::section::{Promise, Series, Table};
use crate::stats::geometric_mean;

/// A row about one heap on one trace.
pub(super) trait Cell {
    fn trace(&self) -> &str;
    fn heap(&self) -> String;
}

pub(super) struct Matrix<'r, R> {
    pub(super) traces: Vec<&'r str>,
    pub(super) heaps: Vec<String>,
    rows: &'r [R],
}

impl<'r, R: Cell> Matrix<'r, R> {
    /// Traces and heaps in the order in which they occur.
    pub(super) fn new(rows: &'r [R]) -> Self {
        let (mut traces, mut heaps) = (Vec::new(), Vec::new());
        for row in rows {
            if !traces.contains(&row.trace()) {
                traces.push(row.trace());
            }
            let heap = row.heap();
            if !heaps.contains(&heap) {
                heaps.push(heap);
            }
        }
        Self {
            traces,
            heaps,
            rows,
        }
    }

    pub(super) fn at(&self, trace: &str, heap: &str) -> Option<&'r R> {
        let mut rows = self.rows.iter();
        rows.find(|row| row.trace() == trace && row.heap() == heap)
    }

    /// The heaps that are not ours.
    pub(super) fn peers(&self) -> impl Iterator<Item = &str> {
        let heaps = self.heaps.iter().map(String::as_str);
        heaps.filter(|heap| !heap.starts_with("buflib"))
    }

    /// The value of one heap over that of another, by trace.
    pub(super) fn ratios(
        &self,
        (heap, other): (&str, &str),
        value: impl Fn(&R) -> Option<f64>,
    ) -> Ratios<'r> {
        let of = |trace: &str, heap| self.at(trace, heap).and_then(&value);
        self.by_trace(|trace| Some(of(trace, heap)? / of(trace, other)?))
    }

    /// A value of a heap that is a ratio in itself, by trace.
    pub(super) fn each(&self, heap: &str, ratio: impl Fn(&R) -> Option<f64>) -> Ratios<'r> {
        self.by_trace(|trace| self.at(trace, heap).and_then(&ratio))
    }

    fn by_trace(&self, ratio: impl Fn(&str) -> Option<f64>) -> Ratios<'r> {
        let traces = self.traces.iter();
        let by_trace: Vec<_> = traces
            .filter_map(|&trace| Some((trace, ratio(trace)?)))
            .collect();
        Ratios {
            complete: !by_trace.is_empty() && by_trace.len() == self.traces.len(),
            by_trace,
        }
    }

    /// A line for each trace, with a column for each heap.
    pub(super) fn table(&self, caption: &str, text: impl Fn(&R) -> String) -> Table {
        let heaps = self.heaps.iter().cloned();
        let line = |&trace: &&str| {
            let cell = |heap: &String| self.at(trace, heap).map_or_else(String::new, &text);
            let cells = self.heaps.iter().map(cell);
            [trace.to_owned()].into_iter().chain(cells).collect()
        };
        Table {
            caption: caption.to_owned(),
            head: ["trace".to_owned()].into_iter().chain(heaps).collect(),
            body: self.traces.iter().map(line).collect(),
        }
    }

    /// Some heaps as bars over the traces.
    pub(super) fn series(&self, heaps: &[&str], value: impl Fn(&R) -> Option<f64>) -> Vec<Series> {
        let one = |&heap: &&str| {
            let point = |(at, &trace): (usize, &&str)| {
                let value = self.at(trace, heap).and_then(&value)?;
                Some((at as f64, value))
            };
            Series {
                name: heap.to_owned(),
                points: self.traces.iter().enumerate().filter_map(point).collect(),
            }
        };
        let series = heaps.iter().map(one);
        series.filter(|series| !series.points.is_empty()).collect()
    }

    /// The traces, as an axis has them.
    pub(super) fn names(&self) -> Vec<String> {
        self.traces.iter().map(|&trace| trace.to_owned()).collect()
    }

    /// A sentence for each peer that has less of something than a heap of ours.
    pub(super) fn behind(
        &self,
        ours: &str,
        verb: &str,
        value: impl Fn(&R) -> Option<f64>,
    ) -> Vec<String> {
        let sentence = |peer: &str| {
            let ratios = self.ratios((ours, peer), &value);
            let worse = ratios.by_trace.iter().filter(|(_, ratio)| *ratio > 1.0);
            let worse: Vec<_> = worse
                .map(|(trace, ratio)| format!("{trace} ({ratio:.3} times)"))
                .collect();
            let traces = worse.join(", ");
            (!worse.is_empty()).then(|| format!("`{ours}` {verb} `{peer}` on {traces}."))
        };
        self.peers().filter_map(sentence).collect()
    }
}

/// How two heaps compare.
pub(super) struct Ratios<'r> {
    pub(super) by_trace: Vec<(&'r str, f64)>,
    /// Whether both have a value for every trace.
    pub(super) complete: bool,
}

impl Ratios<'_> {
    pub(super) fn mean(&self) -> Option<f64> {
        geometric_mean(self.by_trace.iter().map(|&(_, ratio)| ratio))
    }

    pub(super) fn most(&self) -> Option<(&str, f64)> {
        let ratios = self.by_trace.iter().copied();
        ratios.max_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// A promise that holds if no trace is above the limit.
    pub(super) fn at_most(&self, what: &str, limit: f64) -> Promise {
        let found = self.most();
        let text = found.map(|(trace, most)| format!("at most {most:.3} ({trace})"));
        self.promise(what, text, found.is_some_and(|(_, most)| most <= limit))
    }

    /// A promise about the geometric mean.
    pub(super) fn mean_is(&self, what: &str, holds: impl Fn(f64) -> bool) -> Promise {
        let mean = self.mean();
        let text = mean.map(|mean| format!("{mean:.3}"));
        self.promise(what, text, mean.is_some_and(holds))
    }

    fn promise(&self, what: &str, found: Option<String>, holds: bool) -> Promise {
        let mut found = found.unwrap_or_else(|| "not measured".to_owned());
        if !self.complete && !self.by_trace.is_empty() {
            found += ", but not on all traces";
        }
        Promise {
            what: what.to_owned(),
            found,
            holds: holds && self.complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Value(&'static str, &'static str, Option<f64>);

    impl Cell for Value {
        fn trace(&self) -> &str {
            self.0
        }
        fn heap(&self) -> String {
            self.1.to_owned()
        }
    }

    const ROWS: [Value; 6] = [
        Value("one", "buflib", Some(2.0)),
        Value("one", "talc", Some(1.0)),
        Value("one", "rlsf", None),
        Value("two", "buflib", Some(2.0)),
        Value("two", "talc", Some(4.0)),
        Value("two", "rlsf", Some(8.0)),
    ];

    fn value(row: &Value) -> Option<f64> {
        row.2
    }

    #[test]
    fn traces_and_heaps_keep_their_order() {
        let matrix = Matrix::new(&ROWS);
        assert_eq!(matrix.traces, ["one", "two"]);
        assert_eq!(matrix.heaps, ["buflib", "talc", "rlsf"]);
        let table = matrix.table("", |row| format!("{:?}", row.2));
        assert_eq!(table.head, ["trace", "buflib", "talc", "rlsf"]);
        assert_eq!(
            table.body[1],
            ["two", "Some(2.0)", "Some(4.0)", "Some(8.0)"]
        );
        assert_eq!(matrix.series(&["rlsf"], value)[0].points, [(1.0, 8.0)]);
    }

    #[test]
    fn the_worst_trace_is_named() {
        let matrix = Matrix::new(&ROWS);
        let ratios = matrix.ratios(("buflib", "talc"), value);
        assert_eq!(ratios.by_trace, [("one", 2.0), ("two", 0.5)]);
        let promise = ratios.at_most("", 1.0);
        assert_eq!(promise.found, "at most 2.000 (one)");
        assert!(!promise.holds && ratios.at_most("", 2.0).holds);
        assert!(ratios.mean_is("", |mean| mean <= 1.0).holds);
        assert_eq!(
            matrix.behind("buflib", "is behind", value),
            ["`buflib` is behind `talc` on one (2.000 times)."]
        );
    }

    #[test]
    fn no_promise_holds_with_a_trace_missing() {
        let matrix = Matrix::new(&ROWS);
        let some = matrix.ratios(("buflib", "rlsf"), value).at_most("", 1.0);
        assert_eq!(some.found, "at most 0.250 (two), but not on all traces");
        let none = matrix.ratios(("buflib", "none"), value).at_most("", 1.0);
        assert_eq!(none.found, "not measured");
        assert!(!some.holds && !none.holds);
    }
}
