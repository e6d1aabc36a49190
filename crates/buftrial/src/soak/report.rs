//! How long calls have taken, and how steadily they were made.

use std::fmt;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use hdrhistogram::Histogram;

/// What is timed.
#[derive(Clone, Copy)]
pub(super) enum Call {
    Alloc,
    Free,
    Resize,
    Step,
}

impl Call {
    const NAMES: [&str; 4] = ["alloc", "free", "resize", "compact_step"];
}

/// Times of calls, in nanoseconds, and the most bytes that were moved in one.
pub(super) struct Latencies {
    histograms: [Histogram<u64>; 4],
    moved: [usize; 4],
}

impl Latencies {
    pub(super) fn new() -> Result<Self, String> {
        // To three digits.
        let histogram = Histogram::<u64>::new(3).map_err(|error| error.to_string())?;
        Ok(Self {
            histograms: std::array::from_fn(|_| histogram.clone()),
            moved: [0; 4],
        })
    }

    pub(super) fn add(&mut self, call: Call, time: Duration, moved: usize) {
        self.histograms[call as usize] += time.as_nanos() as u64;
        let most = &mut self.moved[call as usize];
        *most = moved.max(*most);
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header([
            "call",
            "calls",
            "p50, ns",
            "p99, ns",
            "p99.9, ns",
            "longest, ns",
            "most bytes moved",
        ]);
        let rows = Call::NAMES.iter().zip(&self.histograms).zip(self.moved);
        for ((name, histogram), moved) in rows {
            let quantiles = [0.5, 0.99, 0.999].map(|part| histogram.value_at_quantile(part));
            let [p50, p99, p999] = quantiles.map(|nanos| nanos.to_string());
            let (calls, longest) = (histogram.len().to_string(), histogram.max().to_string());
            let name = (*name).to_owned();
            table.add_row([name, calls, p50, p99, p999, longest, moved.to_string()]);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.fmt(f)
    }
}

/// Operations a second in each part of a run.
#[derive(Default)]
pub(super) struct Rates {
    rates: Vec<f64>,
}

impl Rates {
    pub(super) fn add(&mut self, operations: usize, time: Duration) {
        self.rates.push(operations as f64 / time.as_secs_f64());
    }

    pub(super) fn last(&self) -> f64 {
        self.rates.last().copied().unwrap_or(0.0)
    }
}

fn median(rates: &[f64]) -> f64 {
    let mut rates = rates.to_vec();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(0.0)
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let middle = median(&self.rates);
        let slowest = self.rates.iter().copied().fold(f64::INFINITY, f64::min);
        let (first, last) = self.rates.split_at(self.rates.len() / 2);
        write!(
            f,
            "{} parts: {middle:.0} operations a second in the median, {slowest:.0} in the slowest, which is {:.2} of that; \
             {:.0} in the first half, {:.0} in the second\nin each:",
            self.rates.len(),
            slowest / middle,
            median(first),
            median(last),
        )?;
        self.rates
            .iter()
            .try_for_each(|rate| write!(f, " {rate:.0}"))
    }
}
