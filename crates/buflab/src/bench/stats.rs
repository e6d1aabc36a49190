//! Rounds, and numbers for people: what all sections share.

use crate::error::Error;

/// What each contender's runs gave. The rounds' order is drawn anew each time: what ran before
/// decides what the processor's caches hold. Round 0 is the warm-up.
pub(super) fn alternate<T>(
    runs: usize,
    contenders: usize,
    mut run: impl FnMut(usize) -> Result<T, Error>,
) -> Result<Vec<Vec<T>>, Error> {
    let mut random = fastrand::Rng::with_seed(0);
    let mut order: Vec<_> = (0..contenders).collect();
    let mut results: Vec<_> = (0..contenders).map(|_| Vec::with_capacity(runs)).collect();
    for round in 0..=runs.max(1) {
        random.shuffle(&mut order);
        for &which in &order {
            let result = run(which)?;
            if round > 0 {
                results[which].push(result);
            }
        }
    }
    Ok(results)
}

/// A number that is round in thousands: `10 k`, `1 M`.
pub(super) fn count(number: u64) -> String {
    match number {
        1_000_000.. if number.is_multiple_of(1_000_000) => format!("{} M", number / 1_000_000),
        1_000.. if number.is_multiple_of(1_000) => format!("{} k", number / 1_000),
        _ => number.to_string(),
    }
}

/// A number of bytes that is round in powers of two: `64 KiB`.
pub(super) fn bytes(number: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units
        .iter()
        .find(|(unit, _)| number >= *unit && number.is_multiple_of(*unit));
    let (unit, name) = unit.copied().unwrap_or((1, "B"));
    format!("{} {name}", number / unit)
}

/// The cells of a row or the head of a table.
pub(super) fn cells<T: Into<String>>(cells: impl IntoIterator<Item = T>) -> Vec<String> {
    cells.into_iter().map(Into::into).collect()
}

/// A number with so many digits behind the point, or a dash for none.
pub(super) fn digits(number: Option<f64>, digits: usize) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.digits$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_has_its_runs() {
        let mut runs = 0;
        let results = alternate(3, 2, |which| {
            runs += 1;
            Ok(which)
        });
        assert_eq!(results.unwrap(), [[0; 3], [1; 3]]);
        assert_eq!(runs, 8);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [count(999), count(1_000), count(10_000_000)],
            ["999", "1 k", "10 M"]
        );
        assert_eq!(
            [bytes(16), bytes(1 << 12), bytes(8 << 30)],
            ["16 B", "4 KiB", "8 GiB"]
        );
        assert_eq!([digits(Some(1.25), 1), digits(None, 1)], ["1.2", "-"]);
    }
}
