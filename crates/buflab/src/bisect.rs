//! The search for the smallest size that works.

/// What one size leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    Fits,
    Fails,
    /// Not known, for lack of time. Taken as a failure once some size is known to fit.
    TimedOut,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) size: Option<u64>,
    pub(crate) timed_out: bool,
}

/// One part in so many: how exact the result is.
const PRECISION: u64 = 4000;

/// How far above the expected size the search goes before it gives up.
const MOST: u64 = 16;

/// Nor does it give up below this: the fixed state of some heaps is more than a small trace needs.
const MOST_AT_LEAST: u64 = 1 << 20;

/// What is known beforehand.
pub(crate) struct Bounds {
    pub(crate) too_small: u64,
    /// A size that about fits.
    pub(crate) expected: u64,
    /// No size above this can be tried.
    pub(crate) limit: u64,
}

/// Finds by bisection, to a fortieth of a percent, the smallest size that fits.
///
/// With a heap for which a larger arena is not always better, this is one of the sizes at which it
/// begins to fit.
pub(crate) fn smallest<E>(
    bounds: &Bounds,
    mut attempt: impl FnMut(u64) -> Result<Attempt, E>,
) -> Result<Found, E> {
    let give_up = bounds.expected.saturating_mul(MOST).max(MOST_AT_LEAST);
    let give_up = give_up.min(bounds.limit);
    let mut low = bounds.too_small;
    let mut high = grown(bounds.expected.max(1)).min(give_up);
    loop {
        let timed_out = match attempt(high)? {
            Attempt::Fits => break,
            // A larger arena makes a slow heap no faster.
            Attempt::TimedOut => true,
            Attempt::Fails => false,
        };
        if timed_out || high >= give_up {
            return Ok(Found {
                size: None,
                timed_out,
            });
        }
        low = low.max(high);
        high = grown(high).min(give_up);
    }
    let mut timed_out = false;
    while high.saturating_sub(low) > (low / PRECISION).max(1) {
        let middle = low + (high - low) / 2;
        match attempt(middle)? {
            Attempt::Fits => high = middle,
            Attempt::Fails => low = middle,
            Attempt::TimedOut => {
                timed_out = true;
                low = middle;
            }
        }
    }
    Ok(Found {
        size: Some(high),
        timed_out,
    })
}

fn grown(size: u64) -> u64 {
    size.saturating_add(size.div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn search(low: u64, expected: u64, rule: impl Fn(u64) -> Attempt) -> Found {
        let bounds = Bounds {
            too_small: low,
            expected,
            limit: u64::MAX,
        };
        let Ok(found) = smallest(&bounds, |size| Ok::<_, Infallible>(rule(size)));
        found
    }

    #[test]
    fn the_border_is_found_to_a_tenth_of_a_percent() {
        for border in [1_010_000u64, 1_300_000, 2_000_000, 15_000_000] {
            let found = search(1_000_000, 1_050_000, |size| {
                if size >= border {
                    Attempt::Fits
                } else {
                    Attempt::Fails
                }
            });
            let size = found.size.unwrap();
            assert!(
                size >= border && size - border <= border / PRECISION,
                "{border}: {size}"
            );
        }
    }

    #[test]
    fn small_borders_are_exact() {
        for border in 1..40 {
            let found = search(0, 0, |size| {
                if size >= border {
                    Attempt::Fits
                } else {
                    Attempt::Fails
                }
            });
            assert_eq!(found.size, Some(border));
        }
    }

    #[test]
    fn a_search_without_a_border_ends() {
        let found = search(1000, 1100, |_| Attempt::Fails);
        assert_eq!(
            found,
            Found {
                size: None,
                timed_out: false
            }
        );
    }

    #[test]
    fn a_slow_heap_is_given_up_at_once() {
        let mut attempts = 0;
        let bounds = Bounds {
            too_small: 1000,
            expected: 1100,
            limit: u64::MAX,
        };
        let Ok(found) = smallest(&bounds, |_| {
            attempts += 1;
            Ok::<_, Infallible>(Attempt::TimedOut)
        });
        assert_eq!(
            found,
            Found {
                size: None,
                timed_out: true
            }
        );
        assert_eq!(attempts, 1);
    }

    #[test]
    fn a_heap_that_is_slow_when_tight_keeps_its_upper_bound() {
        let found = search(1000, 1100, |size| {
            if size >= 1300 {
                Attempt::Fits
            } else {
                Attempt::TimedOut
            }
        });
        assert!(found.timed_out);
        assert!(found.size.is_some_and(|size| (1300..=1307).contains(&size)));
    }

    #[test]
    fn nothing_above_the_limit_is_tried() {
        for (border, expected) in [(1_200, Some(1_200)), (1_250, None)] {
            let bounds = Bounds {
                too_small: 1000,
                expected: 1100,
                limit: 1_210,
            };
            let Ok(found) = smallest(&bounds, |size| {
                assert!(size <= 1_210);
                let fits = size >= border;
                Ok::<_, Infallible>(if fits { Attempt::Fits } else { Attempt::Fails })
            });
            assert_eq!(
                found.size.map(|size| size.abs_diff(1_200) < 6),
                expected.map(|_| true)
            );
        }
    }
}
