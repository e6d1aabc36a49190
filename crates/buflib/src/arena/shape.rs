//! How long a block must be.

use core::marker::PhantomData;

use super::Place;
use crate::layout::Encoding;
use crate::units::{Pos, Units};

/// The length of a block in use, to the byte.
///
/// Invariant: `extent()` bytes are no more than `units()` granules, if they are not zero.
#[derive(Clone, Copy)]
pub struct Shape<L> {
    /// All but the padding, in bytes: header, payload, extension, trailer.
    extent: usize,
    layout: PhantomData<L>,
}

impl<L: Encoding> Shape<L> {
    /// The largest payload that the layout can express, in bytes.
    pub(crate) const MOST: usize =
        (L::MAX_POS - 1) * L::GRANULE - L::HEADER - size_of::<L::Trailer>();

    /// The shape of a block for `size` bytes and an extension; `None` if the layout cannot express it.
    #[inline(always)]
    pub(crate) fn new(size: usize, extension: usize) -> Option<Self> {
        if size > Self::MOST {
            return None;
        }
        // A block that the trailer makes longer is long without it.
        let short = Self::of_extent(L::HEADER + size + extension);
        let shape = Self::of_extent(L::overhead(short.units()) + size + extension);
        (shape.units().0 < L::MAX_POS).then_some(shape)
    }

    /// The shape of a block that is not long, for `size` bytes and nothing else.
    #[inline(always)]
    pub(crate) fn short(size: usize) -> Self {
        Self::of_extent(L::HEADER.saturating_add(size))
    }

    /// The shape of a block with so many granules, the last `pad` bytes of which are padding.
    #[inline(always)]
    pub(crate) fn padded(units: Units, pad: usize) -> Self {
        Self::of_extent(units.bytes::<L>().wrapping_sub(pad))
    }

    #[inline(always)]
    fn of_extent(extent: usize) -> Self {
        Self {
            extent,
            layout: PhantomData,
        }
    }

    #[inline(always)]
    pub(crate) fn extent(self) -> usize {
        self.extent
    }

    /// Granules that hold the extent, which is not zero.
    #[inline(always)]
    pub(crate) fn units(self) -> Units {
        Units(self.extent.wrapping_sub(1) / L::GRANULE + 1)
    }

    /// Bytes that fill the last granule up.
    #[inline(always)]
    pub(crate) fn pad(self) -> usize {
        self.extent.wrapping_neg() % L::GRANULE
    }

    /// Where the payload of a plain block of this shape is.
    #[inline(always)]
    pub(crate) fn place(self, pos: Pos) -> Place {
        Place {
            taken: self.pad(),
            ..Place::whole(pos, self.units())
        }
    }
}
