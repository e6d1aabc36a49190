//! A block whose place was checked once, for paths that touch several of its words.

use core::marker::PhantomData;

use super::Arena;
use crate::check::Check;
use crate::layout::{Encoding, Header, Link};
use crate::units::{Pos, Units};

type First<L> = <<L as Encoding>::Header as Header>::First;
type Second<L> = <<L as Encoding>::Header as Header>::Second;

/// A row of granules in front of the sentinel, to read.
///
/// Invariant: they are `pos .. pos + units` with `1 <= pos` and `pos + units <= tail`, and `start` is the
/// address of the first. So by the arena's invariants 1 to 4 their bytes, and a header at `pos`, are
/// inside the buffer and initialised, and the words aligned. The arena is borrowed, so its tail stays.
pub(crate) struct Span<'s, L, C> {
    /// No `NonNull`, because the compiler would look whether it is null.
    start: *mut u8,
    units: Units,
    arena: PhantomData<(&'s [u8], L, C)>,
}

/// The same to write: the arena is borrowed exclusively.
pub(crate) struct SpanMut<'s, L, C> {
    span: Span<'s, L, C>,
    arena: PhantomData<&'s mut [u8]>,
}

impl<L: Encoding, C: Check> Arena<'_, L, C> {
    /// The granules from `pos` on; `None` if there are not as many in front of the sentinel.
    #[inline(always)]
    pub(crate) fn span(&self, pos: Pos, units: Units) -> Option<Span<'_, L, C>> {
        // Below `tail` exactly if `1 <= pos <= tail`.
        let room = self.tail.0.wrapping_sub(pos.0);
        if room >= self.tail.0 || units.0 > room {
            return None;
        }
        Some(Span {
            // SAFETY: `1 <= pos <= tail`: inside the buffer (invariant 4).
            start: unsafe { self.start.as_ptr().add(Self::byte(pos)) },
            units,
            arena: PhantomData,
        })
    }

    #[inline(always)]
    pub(crate) fn span_mut(&mut self, pos: Pos, units: Units) -> Option<SpanMut<'_, L, C>> {
        self.local().into_span(pos, units)
    }
}

impl<'s, L: Encoding, C: Check> Arena<'s, L, C> {
    /// The same, for as long as the arena is borrowed.
    #[inline(always)]
    pub(crate) fn into_span(self, pos: Pos, units: Units) -> Option<SpanMut<'s, L, C>> {
        let Span { start, units, .. } = self.span(pos, units)?;
        let span = Span {
            start,
            units,
            arena: PhantomData,
        };
        Some(SpanMut {
            span,
            arena: PhantomData,
        })
    }
}

impl<'s, L: Encoding, C: Check> Span<'s, L, C> {
    /// All behind the header but for `taken` bytes at the end, if there are as many.
    #[inline(always)]
    pub(crate) fn payload(&self, taken: usize) -> Option<&'s [u8]> {
        let len = self.units.bytes::<L>().checked_sub(L::HEADER + taken)?;
        // SAFETY: `HEADER + len` bytes are inside the span, which is borrowed for `'s`.
        Some(unsafe { core::slice::from_raw_parts(self.start.add(L::HEADER), len) })
    }

    #[inline(always)]
    pub(crate) fn header(&self) -> L::Header {
        // SAFETY: a header at `pos` is inside (this type's invariant).
        unsafe {
            let second = self.start.add(Arena::<L, C>::SECOND);
            L::Header::join(
                self.start.cast::<First<L>>().read(),
                second.cast::<Second<L>>().read(),
            )
        }
    }

    /// Whether there are so many bytes behind the header.
    #[inline(always)]
    pub(crate) fn holds(&self, len: usize) -> bool {
        L::HEADER + len <= self.units.bytes::<L>()
    }

    /// Where a resting block's link is; none if there is no room for one.
    #[inline(always)]
    fn link(&self) -> Option<*mut L::Link> {
        if self.units < Arena::<L, C>::LEAST_LINKED {
            return None;
        }
        // SAFETY: so many granules hold a header and a link (this type's invariant).
        Some(unsafe { self.start.add(Arena::<L, C>::RESTING_NEXT) }.cast())
    }

    #[inline(always)]
    pub(crate) fn resting_next(&self) -> Option<Pos> {
        let link = self.link()?;
        // SAFETY: inside the span (`link`), aligned (`ENCODING_FITS`), and any bits are a value.
        Some(Pos(unsafe { link.read() }.unpack()))
    }
}

impl<'s, L: Encoding, C: Check> SpanMut<'s, L, C> {
    /// Writes only the word of a header that has the flags.
    #[inline(always)]
    pub(crate) fn put_flags(&mut self, header: L::Header) {
        let (first, second) = header.split();
        // SAFETY: as in `header`, and exclusively ours (this type).
        unsafe {
            if Arena::<L, C>::SECOND < L::HEADER {
                let to = self.span.start.add(Arena::<L, C>::SECOND);
                to.cast::<Second<L>>().write(second);
            } else {
                self.span.start.cast::<First<L>>().write(first);
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
            let to = self.span.start.add(offset.bytes::<L>());
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

    /// The first `len` bytes behind the header, if there are as many.
    #[inline(always)]
    pub(crate) fn payload(self, len: usize) -> Option<&'s mut [u8]> {
        if !self.span.holds(len) {
            return None;
        }
        // SAFETY: `HEADER + len` bytes are inside the span, which is borrowed exclusively for `'s`.
        Some(unsafe {
            let from = self.span.start.add(L::HEADER);
            core::slice::from_raw_parts_mut(from, len)
        })
    }
}
