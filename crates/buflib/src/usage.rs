//! How many granules are in use, and the most there ever were.

use crate::units::Units;

/// Kept as the peak and what is missing from it: so a granule less needs no look at the peak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    peak: Units,
    below: Units,
}

impl Usage {
    pub(crate) const NONE: Self = Self::of(Units::ZERO);

    pub(crate) const fn of(used: Units) -> Self {
        Self {
            peak: used,
            below: Units::ZERO,
        }
    }

    pub(crate) fn units(self) -> Units {
        self.peak - self.below
    }

    pub(crate) fn peak(self) -> Units {
        self.peak
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, units: Units) {
        match self.below.0.checked_sub(units.0) {
            Some(below) => self.below.0 = below,
            None => self.raise(units),
        }
    }

    #[inline(always)]
    pub(crate) fn lower(&mut self, units: Units) {
        self.below += units;
    }

    #[cold]
    fn raise(&mut self, units: Units) {
        *self = Self::of(self.units() + units);
    }
}
