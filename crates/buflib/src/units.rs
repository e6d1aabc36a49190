//! The quantities the heap computes with, each its own type so that they cannot be mixed up.

use core::ops::{Add, AddAssign, Sub, SubAssign};

use crate::layout::Encoding;

/// A place in the arena, in granules: block *p* starts at byte *(p - 1) × GRANULE*. Zero is no place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pos(pub(crate) usize);

/// A length in granules, header included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Units(pub(crate) usize);

/// The number of a handle table entry. Zero is no entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Index(pub(crate) usize);

impl Pos {
    pub(crate) const NIL: Self = Self(0);
    /// Where the first block of every arena starts.
    pub(crate) const FIRST: Self = Self(1);
}

impl Units {
    pub(crate) const ZERO: Self = Self(0);
    pub(crate) const ONE: Self = Self(1);

    /// The length in bytes.
    #[inline(always)]
    pub(crate) fn bytes<L: Encoding>(self) -> usize {
        self.0.wrapping_mul(L::GRANULE)
    }
}

impl Index {
    pub(crate) const NONE: Self = Self(0);
}

// Metadata is not trusted, so what is computed from it must not panic. Two decoded values are too
// small for their sum to wrap around; a difference may wrap around to something huge, which no
// bound lets pass.

impl Add<Units> for Pos {
    type Output = Self;
    #[inline(always)]
    fn add(self, units: Units) -> Self {
        Self(self.0.wrapping_add(units.0))
    }
}

impl Sub<Units> for Pos {
    type Output = Self;
    #[inline(always)]
    fn sub(self, units: Units) -> Self {
        Self(self.0.wrapping_sub(units.0))
    }
}

impl Sub for Pos {
    type Output = Units;
    #[inline(always)]
    fn sub(self, lower: Self) -> Units {
        Units(self.0.wrapping_sub(lower.0))
    }
}

impl Add for Units {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
}

impl Sub for Units {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }
}

impl AddAssign for Units {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Units {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}
