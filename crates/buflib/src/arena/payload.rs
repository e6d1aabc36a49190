//! Payloads, as bytes.

use core::ptr::NonNull;

use super::Arena;
use crate::check::Check;
use crate::layout::Encoding;
use crate::units::{Pos, Units};

/// Where a payload is: what is behind a block's header, but for some bytes at either end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) pos: Pos,
    pub(crate) units: Units,
    pub(crate) skipped: usize,
    pub(crate) taken: usize,
}

impl Place {
    pub(crate) const NOWHERE: Self = Self::whole(Pos::NIL, Units::ZERO);

    /// All that is behind the header.
    #[inline(always)]
    pub(crate) const fn whole(pos: Pos, units: Units) -> Self {
        Self {
            pos,
            units,
            skipped: 0,
            taken: 0,
        }
    }
}

impl<L: Encoding, C: Check> Arena<'_, L, C> {
    /// The bytes of a block that are its payload.
    #[inline(always)]
    pub(crate) fn payload(&self, place: Place) -> Option<&[u8]> {
        let (from, len) = self.payload_at(place)?;
        // SAFETY: inside the blocks and initialised (`payload_at`, invariant 3), and not written
        // for as long as `self` is borrowed (invariant 1).
        Some(unsafe { core::slice::from_raw_parts(from.as_ptr(), len) })
    }

    #[inline(always)]
    pub(crate) fn payload_mut(&mut self, place: Place) -> Option<&mut [u8]> {
        let (from, len) = self.payload_at(place)?;
        // SAFETY: as in `payload`, and `self` is borrowed exclusively.
        Some(unsafe { core::slice::from_raw_parts_mut(from.as_ptr(), len) })
    }

    /// Where a payload starts, and its length.
    #[inline(always)]
    pub(crate) fn payload_at(&self, place: Place) -> Option<(NonNull<u8>, usize)> {
        let Place {
            pos,
            units,
            skipped,
            taken,
        } = place;
        if pos.0.wrapping_sub(1) >= self.tail.0 || units.0 > self.tail.0 - pos.0 {
            return None;
        }
        // `1 <= pos` and `pos + units <= tail`: these do not overflow.
        let len = units
            .bytes::<L>()
            .checked_sub(L::overhead(units) + skipped + taken)?;
        // SAFETY: with its `skipped` bytes no longer than the block, which is in front of the sentinel
        // or starts there with its header, this is inside the buffer (invariant 4).
        let from = unsafe { self.start.add(Self::byte(pos) + L::HEADER + skipped) };
        Some((from, len))
    }

    /// Several payloads at once; `None` if one is outside the blocks or two share a granule.
    pub(crate) fn payloads_mut<const N: usize>(
        &mut self,
        places: [Place; N],
    ) -> Option<[&mut [u8]; N]> {
        let mut spans = [(NonNull::dangling(), 0); N];
        for (i, (span, &place)) in spans.iter_mut().zip(&places).enumerate() {
            *span = self.payload_at(place)?;
            let apart = |other: &Place| {
                place.pos >= other.pos + other.units || other.pos >= place.pos + place.units
            };
            if !places.iter().take(i).all(apart) {
                return None;
            }
        }
        // SAFETY: inside the blocks and initialised (`payload_at`, invariant 3); the blocks were
        // found apart from each other above, and `self` is borrowed for as long as they live.
        Some(
            spans.map(|(from, len)| unsafe { core::slice::from_raw_parts_mut(from.as_ptr(), len) }),
        )
    }
}
