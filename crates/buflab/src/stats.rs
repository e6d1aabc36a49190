//! What many numbers come to.

use hdrhistogram::Histogram;

/// The sample in the middle, or halfway between the two that are.
pub(crate) fn median(samples: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut samples: Vec<_> = samples.into_iter().collect();
    samples.sort_unstable_by(f64::total_cmp);
    let upper = samples.get(samples.len() / 2)?;
    let lower = samples.get((samples.len() - 1) / 2)?;
    Some((upper + lower) / 2.0)
}

/// What ratios have in common: it does not matter which side of them is which.
pub(crate) fn geometric_mean(ratios: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0);
    for ratio in ratios {
        sum += ratio.ln();
        count += 1;
    }
    (count > 0).then(|| (sum / f64::from(count)).exp())
}

/// How times are spread, in nanoseconds. All but the maximum are exact to a thousandth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Percentiles {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    pub(crate) most: u32,
}

impl Percentiles {
    /// None if there are no times.
    pub(crate) fn of(nanos: &[u32]) -> Option<Self> {
        let most = nanos.iter().copied().max()?;
        // Never fails: the least that can be told apart is one, and three digits are few.
        let mut spread = Histogram::<u64>::new_with_bounds(1, u32::MAX.into(), 3).ok()?;
        for &time in nanos {
            spread.saturating_record(time.into());
        }
        Some(Self {
            p50: spread.value_at_quantile(0.5),
            p99: spread.value_at_quantile(0.99),
            p999: spread.value_at_quantile(0.999),
            most,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([]), None);
        assert_eq!(median([5.0]), Some(5.0));
        assert_eq!(median([9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(median([1.0, 9.0, 5.0, 7.0]), Some(6.0));
    }

    #[test]
    fn twice_and_half_are_once() {
        assert_eq!(geometric_mean([]), None);
        let mean = geometric_mean([2.0, 0.5, 1.0]).unwrap();
        assert!((mean - 1.0).abs() < 1e-12);
        let mean = geometric_mean([2.0, 8.0]).unwrap();
        assert!((mean - 4.0).abs() < 1e-12);
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        assert_eq!(Percentiles::of(&[]), None);
        let nanos: Vec<u32> = (1..=1000).rev().collect();
        let found = Percentiles::of(&nanos).unwrap();
        let expected = Percentiles {
            p50: 500,
            p99: 990,
            p999: 999,
            most: 1000,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn far_times_are_exact_to_a_thousandth_and_the_longest_entirely() {
        let found = Percentiles::of(&[0, 5_000_000, 5_000_000, u32::MAX]).unwrap();
        assert!(found.p50.abs_diff(5_000_000) <= 5_000);
        assert_eq!(found.most, u32::MAX);
        assert_eq!(Percentiles::of(&[0]).unwrap().p999, 0);
    }
}
