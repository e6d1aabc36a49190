//! Axes: where on a chart a value is, and which values are named.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;

use super::section::Axis;

/// All kinds of axes in one type, so that every chart is drawn by the same code.
pub(super) struct Scale {
    range: Range<f64>,
    kind: Kind,
}

enum Kind {
    Linear,
    Logarithmic,
    Names(Vec<String>),
}

impl Scale {
    /// An axis on which all values have a place. A linear one begins at zero if it stands `upright`.
    pub(super) fn of(axis: &Axis, values: impl Iterator<Item = f64>, upright: bool) -> Self {
        let positive_only = matches!(axis, Axis::Logarithmic(_));
        let values = values.filter(|&value| value.is_finite() && (!positive_only || value > 0.0));
        let bounds = values.fold(None, |bounds: Option<(f64, f64)>, value| {
            let (least, most) = bounds.unwrap_or((value, value));
            Some((least.min(value), most.max(value)))
        });
        let (kind, range) = match (axis, bounds) {
            (Axis::Names(_, names), _) => {
                let range = -0.5..names.len() as f64 - 0.5;
                (Kind::Names(names.clone()), range)
            }
            (Axis::Linear(_), None) => (Kind::Linear, 0.0..1.0),
            (Axis::Linear(_), Some((least, most))) if upright => {
                (Kind::Linear, least.min(0.0)..most.max(0.0) * 1.05)
            }
            (Axis::Linear(_), Some((least, most))) => (Kind::Linear, least..most),
            (Axis::Logarithmic(_), None) => (Kind::Logarithmic, 1.0..10.0),
            (Axis::Logarithmic(_), Some((least, most))) if upright => {
                // From a power of ten that even the shortest bar begins below.
                let floor = 10f64.powf((least / 1.2).log10().floor());
                (Kind::Logarithmic, floor..most * 1.3)
            }
            (Axis::Logarithmic(_), Some((least, most))) => {
                (Kind::Logarithmic, least / 1.2..most * 1.2)
            }
        };
        // A range of no length has no places in it.
        let range = if range.start < range.end {
            range
        } else {
            range.start - 0.5..range.start + 0.5
        };
        Self { range, kind }
    }

    /// Where the axis begins.
    pub(super) fn least(&self) -> f64 {
        self.range.start
    }

    /// How far along the axis a value is, from 0 to 1.
    fn share(&self, value: f64) -> f64 {
        let Range { start, end } = self.range;
        match self.kind {
            Kind::Logarithmic => (value.max(start) / start).ln() / (end / start).ln(),
            Kind::Linear | Kind::Names(_) => (value - start) / (end - start),
        }
    }

    /// Powers of ten; and their double and fivefold, if those alone would be few.
    fn powers(&self) -> Vec<f64> {
        let Range { start, end } = self.range;
        let steps: &[f64] = if end / start < 1e3 {
            &[1.0, 2.0, 5.0]
        } else {
            &[1.0]
        };
        let decades = start.log10().floor() as i32..=end.log10().ceil() as i32;
        let points =
            decades.flat_map(|decade| steps.iter().map(move |step| step * 10f64.powi(decade)));
        points
            .filter(|point| (start..=end).contains(point))
            .collect()
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        from + (self.share(*value) * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match &self.kind {
            Kind::Linear => RangedCoordf64::from(self.range.clone()).key_points(hint),
            Kind::Logarithmic => self.powers(),
            Kind::Names(names) => (0..names.len()).map(|at| at as f64).collect(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        match &self.kind {
            Kind::Names(names) => names.get(*value as usize).cloned().unwrap_or_default(),
            Kind::Linear | Kind::Logarithmic => short(*value),
        }
    }
}

/// A round number in few characters.
fn short(value: f64) -> String {
    let units = [(1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")];
    let unit = units.iter().find(|(unit, _)| value.abs() >= *unit);
    let (unit, sign) = unit.unwrap_or(&(1.0, ""));
    // Three digits behind the point, less those that say nothing.
    format!("{}{sign}", (value / unit * 1e3).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithmic_axis_has_its_decades_at_the_same_distance() {
        let scale = Scale::of(&Axis::Logarithmic(""), [12.0, 7.0e4].into_iter(), true);
        assert_eq!(scale.least(), 10.0);
        assert_eq!(scale.key_points(10), [1e1, 1e2, 1e3, 1e4]);
        let places: Vec<_> = scale
            .key_points(10)
            .iter()
            .map(|v| scale.map(v, (0, 1000)))
            .collect();
        let steps: Vec<_> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(
            steps.iter().all(|step| step.abs_diff(steps[0]) <= 1),
            "{steps:?}"
        );
        // What no logarithm has is at the bottom.
        assert_eq!(scale.map(&0.0, (0, 1000)), 0);
    }

    #[test]
    fn short_axes_name_more_than_powers_of_ten() {
        let scale = Scale::of(&Axis::Logarithmic(""), [1.0, 40.0].into_iter(), false);
        assert_eq!(scale.key_points(10), [1.0, 2.0, 5.0, 10.0, 20.0]);
    }

    #[test]
    fn an_upright_axis_begins_at_zero() {
        let scale = Scale::of(&Axis::Linear(""), [5.0, 10.0].into_iter(), true);
        assert_eq!((scale.least(), scale.range.end), (0.0, 10.5));
        assert_eq!(scale.map(&0.0, (400, 0)), 400);
    }

    #[test]
    fn names_stand_in_the_middle_of_their_places() {
        let names = vec!["a".to_owned(), "b".to_owned()];
        let scale = Scale::of(&Axis::Names("", names), [].into_iter(), false);
        assert_eq!(scale.map(&0.0, (0, 100)), 25);
        assert_eq!(scale.format_ext(&1.0), "b");
    }

    #[test]
    fn labels_are_short() {
        let labels = [0.0, 0.25, 1.0, 1500.0, 2e6, 3e9].map(short);
        assert_eq!(labels, ["0", "0.25", "1", "1.5k", "2M", "3G"]);
    }
}
