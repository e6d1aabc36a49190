//! A block whose place was checked once, for paths that touch several of its words.

use core::marker::PhantomData;

use super::{Arena, Shape};
use crate::check::Check;
use crate::layout::{Encoding, Header, Link};
use crate::units::{Pos, Units};

type First<L> = <<L as Encoding>::Header as Header>::First;
type Second<L> = <<L as Encoding>::Header as Header>::Second;

/// A row of granules in front of the sentinel, to read.
///
/// Invariant: they are `pos .. pos + units` with `1 <= pos` and `pos + units <= tail`, and `payload` is the
/// address behind a header at `pos`. So by the arena's invariants 1 to 4 their bytes and that header are
/// inside the buffer and initialised, and the words aligned. The arena is borrowed, so its tail stays.
pub(crate) struct Span<'s, L, C> {
    /// No `NonNull`, because the compiler would look whether it is null.
    payload: *mut u8,
    units: Units,
    arena: PhantomData<(&'s [u8], L, C)>,
}

/// The same to write: the arena is borrowed exclusively.
pub(crate) struct SpanMut<'s, L, C> {
    span: Span<'s, L, C>,
    arena: PhantomData<&'s mut [u8]>,
}

impl<L: Encoding, C: Check> Arena<'_, L, C> {
    /// All granules from `pos` on to the sentinel; `None` if there are none.
    #[inline(always)]
    pub(crate) fn span_from(&self, pos: Pos) -> Option<Span<'_, L, C>> {
        let last = self.tail - Units::ONE;
        // Below `last` exactly if `1 <= pos <= last`.
        let behind = last - pos;
        if behind.0 >= last.0 {
            return None;
        }
        // SAFETY: `1 <= pos`, and these granules end at `tail`.
        Some(unsafe { self.span_at(pos, behind + Units::ONE) })
    }

    /// The granules from `pos` on; `None` if there are not as many in front of the sentinel.
    #[inline(always)]
    pub(crate) fn span(&self, pos: Pos, units: Units) -> Option<Span<'_, L, C>> {
        if units > self.room_from(pos)? {
            return None;
        }
        // SAFETY: `1 <= pos` (`room_from`) and `pos + units <= tail`.
        Some(unsafe { self.span_at(pos, units) })
    }

    /// The same for a place from a list, which is zero where the list ends.
    #[inline(always)]
    pub(crate) fn span_listed(&self, pos: Pos, units: Units) -> Option<Span<'_, L, C>> {
        let end = pos.0.checked_add(units.0)?;
        if pos == Pos::NIL || end > self.tail.0 {
            return None;
        }
        // SAFETY: `1 <= pos` and `pos + units <= tail`.
        Some(unsafe { self.span_at(pos, units) })
    }

    /// The header at `pos`, which may be the sentinel's, and the granules from there to the sentinel.
    #[inline(always)]
    pub(crate) fn header_and_room(&self, pos: Pos) -> Option<(L::Header, Units)> {
        let room = self.room_from(pos)?;
        // SAFETY: `1 <= pos` and `pos + room <= tail` (`room_from`).
        let span = unsafe { self.span_at(pos, room) };
        Some((span.header(), room))
    }

    #[inline(always)]
    fn room_from(&self, pos: Pos) -> Option<Units> {
        // Below `tail` exactly if `1 <= pos <= tail`.
        let room = self.tail - pos;
        (room.0 < self.tail.0).then_some(room)
    }

    /// # Safety
    ///
    /// `1 <= pos` and `pos + units <= tail`.
    #[inline(always)]
    unsafe fn span_at(&self, pos: Pos, units: Units) -> Span<'_, L, C> {
        let behind = Self::byte(pos).wrapping_add(L::HEADER);
        Span {
            // SAFETY: `1 <= pos <= tail`: inside the buffer (invariant 4).
            payload: unsafe { self.start.as_ptr().add(behind) },
            units,
            arena: PhantomData,
        }
    }

    #[inline(always)]
    pub(crate) fn span_mut(&mut self, pos: Pos, units: Units) -> Option<SpanMut<'_, L, C>> {
        self.local().into_span(pos, units)
    }

    #[inline(always)]
    pub(crate) fn span_from_mut(&mut self, pos: Pos) -> Option<SpanMut<'_, L, C>> {
        let Span { payload, units, .. } = self.span_from(pos)?;
        // SAFETY: those of a span of this arena, which is borrowed exclusively.
        Some(unsafe { SpanMut::new(payload, units) })
    }
}

impl<'s, L: Encoding, C: Check> Arena<'s, L, C> {
    /// The same as [`span`](Self::span) for as long as the arena is borrowed.
    #[inline(always)]
    pub(crate) fn into_span(self, pos: Pos, units: Units) -> Option<SpanMut<'s, L, C>> {
        let Span { payload, units, .. } = self.span(pos, units)?;
        // SAFETY: those of a span of this arena, which is borrowed exclusively for `'s`.
        Some(unsafe { SpanMut::new(payload, units) })
    }

    #[inline(always)]
    pub(crate) fn into_span_listed(self, pos: Pos, units: Units) -> Option<SpanMut<'s, L, C>> {
        let Span { payload, units, .. } = self.span_listed(pos, units)?;
        // SAFETY: as in `into_span`.
        Some(unsafe { SpanMut::new(payload, units) })
    }
}

impl<'s, L: Encoding, C: Check> Span<'s, L, C> {
    /// Whether there are so many bytes, and a header among them.
    #[inline(always)]
    pub(crate) fn holds(&self, extent: usize) -> bool {
        // No underflow if there is a granule.
        let most = self.units.bytes::<L>().wrapping_sub(L::HEADER);
        self.units > Units::ZERO && extent.wrapping_sub(L::HEADER) <= most
    }

    /// What is behind the header of the first so many bytes, if there are as many.
    #[inline(always)]
    pub(crate) fn payload_of(&self, extent: usize) -> Option<&'s [u8]> {
        if !self.holds(extent) {
            return None;
        }
        let len = extent.wrapping_sub(L::HEADER);
        // SAFETY: `HEADER + len` bytes are inside the span (`holds`), which is borrowed for `'s`.
        Some(unsafe { core::slice::from_raw_parts(self.payload, len) })
    }

    #[inline(always)]
    pub(crate) fn header(&self) -> L::Header {
        // SAFETY: a header at `pos` is inside (this type's invariant).
        unsafe {
            let first = self.payload.sub(L::HEADER);
            let second = first.add(Arena::<L, C>::SECOND);
            L::Header::join(
                first.cast::<First<L>>().read(),
                second.cast::<Second<L>>().read(),
            )
        }
    }

    /// Where a resting block's link is; none if there is no room for one.
    #[inline(always)]
    fn link(&self) -> Option<*mut L::Link> {
        if self.units < Arena::<L, C>::LEAST_LINKED {
            return None;
        }
        // SAFETY: so many granules hold a header and a link (this type's invariant).
        Some(unsafe { self.payload.add(Arena::<L, C>::RESTING_NEXT - L::HEADER) }.cast())
    }

    #[inline(always)]
    pub(crate) fn resting_next(&self) -> Option<Pos> {
        let link = self.link()?;
        // SAFETY: inside the span (`link`), aligned (`ENCODING_FITS`), and any bits are a value.
        Some(Pos(unsafe { link.read() }.unpack()))
    }
}

impl<'s, L: Encoding, C: Check> SpanMut<'s, L, C> {
    /// # Safety
    ///
    /// They hold the invariant of [`Span`], for an arena that is borrowed exclusively for `'s`.
    #[inline(always)]
    unsafe fn new(payload: *mut u8, units: Units) -> Self {
        let span = Span {
            payload,
            units,
            arena: PhantomData,
        };
        Self {
            span,
            arena: PhantomData,
        }
    }

    /// Writes only the word of a header that has the flags.
    #[inline(always)]
    pub(crate) fn put_flags(&mut self, header: L::Header) {
        let (first, second) = header.split();
        // SAFETY: as in `header`, and exclusively ours (this type).
        unsafe {
            let start = self.span.payload.sub(L::HEADER);
            if Arena::<L, C>::SECOND < L::HEADER {
                let to = start.add(Arena::<L, C>::SECOND);
                to.cast::<Second<L>>().write(second);
            } else {
                start.cast::<First<L>>().write(first);
            }
        }
    }

    /// Writes a header so many granules behind the first, if there are as many.
    #[inline(always)]
    pub(crate) fn put_header_at(&mut self, offset: Units, header: L::Header) {
        if offset > self.span.units {
            return;
        }
        let (first, second) = header.split();
        // SAFETY: `pos + offset <= tail`: as in `header`, and exclusively ours (this type).
        unsafe {
            let to = self.span.payload.sub(L::HEADER);
            let to = to.add(offset.bytes::<L>());
            to.cast::<First<L>>().write(first);
            let to = to.add(Arena::<L, C>::SECOND);
            to.cast::<Second<L>>().write(second);
        }
    }

    /// Writes the link of a resting block; none, and nothing done, if there is no room for one.
    #[inline(always)]
    pub(crate) fn put_resting_next(&mut self, next: Pos) -> Option<()> {
        let link = self.span.link()?;
        // SAFETY: as in `resting_next`, and exclusively ours (this type).
        unsafe { link.write(L::Link::pack(next.0)) };
        Some(())
    }

    /// What is behind the header of the first so many bytes, if there are as many.
    #[inline(always)]
    pub(crate) fn payload_of(self, extent: usize) -> Option<&'s mut [u8]> {
        if !self.span.holds(extent) {
            return None;
        }
        let len = extent.wrapping_sub(L::HEADER);
        // SAFETY: `HEADER + len` bytes are inside the span (`holds`), which is borrowed exclusively for `'s`.
        Some(unsafe { core::slice::from_raw_parts_mut(self.span.payload, len) })
    }

    /// The payload of a plain block of this shape, if it fits.
    #[inline(always)]
    pub(crate) fn payload(self, shape: Shape<L>) -> Option<&'s mut [u8]> {
        if shape.units() > self.span.units {
            return None;
        }
        let len = shape.extent().checked_sub(L::HEADER)?;
        // SAFETY: `HEADER + len` bytes, the shape's extent, are no more than `shape.units()` granules (its invariant), and
        // these are inside the span, which is borrowed exclusively for `'s`.
        Some(unsafe { core::slice::from_raw_parts_mut(self.span.payload, len) })
    }
}
