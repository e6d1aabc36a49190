//! The memory itself: the only module that reads and writes it.
//!
//! Everything here takes positions that may be wrong, because they may come from damaged metadata:
//! an access outside the blocks or the table is `None`, never undefined.

mod entries;
mod given;
mod moves;
mod payload;
mod shape;
mod span;

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::check::Check;
use crate::check::sealed::Engine as _;
use crate::layout::{Encoding, FreeKind, Header, Link};
use crate::units::{Pos, Units};

pub use given::Given;
pub(crate) use moves::Form;
pub(crate) use payload::Place;
pub(crate) use shape::Shape;
pub(crate) use span::SpanMut;

/// Words that metadata is made of.
///
/// # Safety
///
/// Every bit pattern of the type's size is a value, it has no padding, and its alignment divides its
/// size (or it is empty).
pub unsafe trait Plain {}

// SAFETY: empty.
unsafe impl Plain for () {}
// SAFETY: an integer without padding.
unsafe impl Plain for u16 {}
// SAFETY: an integer without padding.
unsafe impl Plain for u32 {}
// SAFETY: an integer without padding.
unsafe impl Plain for u64 {}
// SAFETY: an integer without padding.
unsafe impl Plain for u128 {}

/// The two addresses that a handle and its table entry lead to a payload from; see
/// [LAYOUT.md](https://docs.rs/crate/buflib/latest/source/docs/LAYOUT.md).
///
/// They stay as they are until memory is given out or taken back, or the heap is moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Anchors {
    /// Where the handle table ends. The entry of number *n* is *n* entries in front.
    pub table_end: NonNull<u8>,
    /// Where the payload of a block at position 0 would be, which there is none at. That of position *p* is *p*
    /// granules behind.
    pub origin: *mut u8,
}

/// A caller's buffer, aligned inward, with the two regions that are in use.
///
/// ```text
/// start                    (tail - 1) × G   + HEADER          end - entries × STRIDE                     end
/// | block | block | ... | block | sentinel header |  unused  | entry n | ... | entry 2 | entry 1 |
///   pos 1                         pos = tail
/// ```
///
/// Invariants, which every `SAFETY` comment of this module cites:
///
/// 1. `start - before .. end + behind` is one buffer that is borrowed for `'a` and that `start` and
///    `end` were derived from. `start .. end` is reached through this value alone; each byte around
///    it belongs to a [`Given`] or to nobody.
/// 2. `start + HEADER` is a multiple of the granule and `end` of the entry's size, so
///    every entry is aligned, and so is every word of a header, link, footer and trailer, because
///    `ENCODING_FITS` has looked at their offsets.
/// 3. The first `written` bytes are initialised, and so is the table. Only what a
///    [`Store`](crate::Store) has had in a payload may not be; its metadata cannot be damaged, so
///    that no word is read there that was not written as one, and nothing asks for such a payload
///    as a slice of bytes.
/// 4. The sentinel's header ends at or before `written` and at or before the lowest entry:
///    `(tail - 1) × GRANULE + HEADER <= min(written, size - entries × STRIDE)`, where
///    `size = end - start`.
pub(crate) struct Arena<'a, L, C: Check> {
    start: NonNull<u8>,
    end: NonNull<u8>,
    /// Bytes of the buffer in front of `start` and behind `end`.
    before: usize,
    behind: usize,
    tail: Pos,
    entries: usize,
    written: usize,
    engine: C::Engine,
    buffer: PhantomData<(&'a mut [MaybeUninit<u8>], L, C)>,
}

// SAFETY: an arena is an exclusive borrow of bytes (invariant 1), which may change threads.
unsafe impl<L, C: Check> Send for Arena<'_, L, C> {}
// SAFETY: a shared arena only reads.
unsafe impl<L, C: Check> Sync for Arena<'_, L, C> {}

impl<'a, L: Encoding, C: Check> Arena<'a, L, C> {
    /// Bytes of a table entry, check word included.
    pub(crate) const STRIDE: usize = size_of::<L::Entry>() * if C::ENABLED { 2 } else { 1 };

    /// Where the second word of a header is.
    const SECOND: usize = size_of::<<L::Header as Header>::First>();

    /// Where a merged block's links are. With the successor in the header, the header is two links
    /// large, and its upper half is what a footer takes up in a block of one granule: so the halves
    /// are those of the number, not of the bytes.
    const NEXT: usize = L::HEADER;
    const PREV: usize = L::HEADER
        + if L::NEXT_IN_HEADER {
            Self::LOWER_HALF
        } else {
            size_of::<L::Link>()
        };
    /// Where a resting block's link is: its header is that of a block in use.
    const RESTING_NEXT: usize = if L::NEXT_IN_HEADER {
        Self::PREV
    } else {
        Self::NEXT
    };
    /// A shorter block has no room for that link.
    pub(crate) const LEAST_LINKED: Units =
        Units((L::HEADER + size_of::<L::Link>()).div_ceil(L::GRANULE));

    /// Where the footer is in a free block's last granule.
    const FOOTER: usize = if L::NEXT_IN_HEADER {
        size_of::<L::Link>() - Self::LOWER_HALF
    } else {
        L::GRANULE - size_of::<L::Footer>()
    };
    /// Where the length is for which the footer is too small. There are many granules then.
    const LONG_FOOTER: usize = L::GRANULE - size_of::<L::Footer>() - size_of::<L::Link>();
    const LOWER_HALF: usize = if cfg!(target_endian = "big") {
        size_of::<L::Link>()
    } else {
        0
    };
    /// Where the trailer is in a long block's last granule.
    const TRAILER: usize = L::GRANULE - size_of::<L::Trailer>();

    /// Whether a block of one granule has room for a link between header and footer.
    const GRANULE_HOLDS_NEXT: bool =
        L::HEADER + size_of::<L::Link>() + size_of::<L::Footer>() <= L::GRANULE;

    const ENCODING_FITS: () = {
        assert!(L::GRANULE.is_power_of_two() && L::HEADER <= L::GRANULE);
        assert!(if L::NEXT_IN_HEADER {
            L::HEADER == L::GRANULE && L::HEADER == 2 * size_of::<L::Link>()
        } else {
            Self::PREV + size_of::<L::Link>() + size_of::<L::Footer>() <= 2 * L::GRANULE
                && L::HEADER + size_of::<L::Footer>() <= L::GRANULE
        });
        assert!(
            Self::is_aligned::<<L::Header as Header>::First>(0)
                && Self::is_aligned::<<L::Header as Header>::Second>(Self::SECOND)
                && Self::is_aligned::<L::Link>(Self::PREV)
                && Self::is_aligned::<L::Footer>(Self::FOOTER)
                && Self::is_aligned::<L::Trailer>(Self::TRAILER)
        );
        assert!(L::NEXT_IN_HEADER || Self::is_aligned::<L::Link>(Self::NEXT));
        assert!(!Self::FOOTER_ESCAPES || Self::is_aligned::<L::Link>(Self::LONG_FOOTER));
        assert!(
            size_of::<L::Entry>().is_power_of_two() && size_of::<L::Entry>() >= size_of::<u32>()
        );
    };

    /// Whether there are lengths that a footer cannot hold.
    const FOOTER_ESCAPES: bool = size_of::<L::Footer>() < size_of::<L::Link>();

    /// Whether a word so far from the start of a granule is aligned.
    const fn is_aligned<T>(offset: usize) -> bool {
        align_of::<T>() <= L::GRANULE && (L::GRANULE - L::HEADER + offset) % align_of::<T>() == 0
    }

    /// Takes `buffer` over with no blocks and no entries; `None` if it cannot hold a sentinel.
    /// `initialised` says whether all of its bytes are.
    pub(crate) fn new(buffer: &'a mut [MaybeUninit<u8>], initialised: bool) -> Option<Self> {
        let first = buffer.as_ptr().addr();
        let skip = first.checked_add(L::HEADER)?.next_multiple_of(L::GRANULE) - L::HEADER - first;
        let mut arena = Self::within(buffer, skip)?;
        arena.written = if initialised { arena.size() } else { 0 };
        arena.initialise(L::HEADER);
        arena.put_sentinel();
        Some(arena)
    }

    /// The bounds of an arena that starts `skip` bytes into `buffer`, which hold invariants 1 and 2;
    /// the sentinel's header fits, but nothing is written yet. `None` if it does not fit, or must
    /// not start there.
    fn within(buffer: &'a mut [MaybeUninit<u8>], skip: usize) -> Option<Self> {
        const { Self::ENCODING_FITS };
        let raw = NonNull::from(&mut *buffer).cast::<u8>();
        let len = buffer.len();
        let first = raw.addr().get();
        let drop = first.checked_add(len)? % size_of::<L::Entry>();
        let size = len.checked_sub(skip)?.checked_sub(drop)?;
        if size < L::HEADER || (first + skip + L::HEADER) % L::GRANULE != 0 {
            return None;
        }
        // SAFETY: `skip <= len`, so the result is in the buffer or one past it.
        let start = unsafe { raw.add(skip) };
        // SAFETY: `skip + size <= len`, likewise.
        let end = unsafe { start.add(size) };
        Some(Self {
            start,
            end,
            before: skip,
            behind: drop,
            tail: Pos::FIRST,
            entries: 0,
            written: 0,
            engine: C::Engine::find(),
            buffer: PhantomData,
        })
    }

    /// The same arena with its bounds in registers, for a path that does not change them.
    #[inline(always)]
    pub(crate) fn local(&mut self) -> Arena<'_, L, C> {
        Arena {
            buffer: PhantomData,
            ..*self
        }
    }

    /// Bytes between the aligned start and the aligned end.
    #[inline(always)]
    pub(crate) fn size(&self) -> usize {
        self.end.addr().get().wrapping_sub(self.start.addr().get())
    }

    /// How many granules from `pos` on come before one whose payload's address is a multiple of
    /// `align` granules.
    #[inline(always)]
    pub(crate) fn gap_to_aligned(&self, pos: Pos, align: usize) -> Units {
        let address = (self.start.addr().get() + L::HEADER) / L::GRANULE;
        Units(address.wrapping_add(pos.0).wrapping_sub(1).wrapping_neg() & (align - 1))
    }

    #[inline(always)]
    pub(crate) fn tail(&self) -> Pos {
        self.tail
    }

    #[inline(always)]
    pub(crate) fn entries(&self) -> usize {
        self.entries
    }

    /// The highest place that the sentinel can have beside a table of `entries`.
    #[inline(always)]
    pub(crate) fn top_beside(&self, entries: usize) -> Option<Pos> {
        let table = entries.checked_mul(Self::STRIDE)?;
        let below = self.size().checked_sub(table)?.checked_sub(L::HEADER)?;
        Some(Pos((below / L::GRANULE + 1).min(L::MAX_POS)))
    }

    /// The highest place that the sentinel can have now.
    #[inline(always)]
    pub(crate) fn top(&self) -> Pos {
        // By invariant 4 none of these can underflow.
        let below = self
            .size()
            .wrapping_sub(self.entries.wrapping_mul(Self::STRIDE))
            .wrapping_sub(L::HEADER);
        Pos((below / L::GRANULE + 1).min(L::MAX_POS))
    }

    /// Moves the end of blocks and closes them with a sentinel. False, and nothing done, if it
    /// would run into the table.
    #[inline(always)]
    #[must_use]
    pub(crate) fn set_tail(&mut self, tail: Pos) -> bool {
        if tail < Pos::FIRST || tail > self.top() {
            return false;
        }
        let end = Self::byte(tail) + L::HEADER;
        if end > self.written {
            self.initialise(end);
        }
        self.tail = tail;
        self.put_sentinel();
        true
    }

    #[inline(always)]
    fn put_sentinel(&mut self) {
        self.put_header(
            self.tail,
            L::free_header(FreeKind::Tail, Units::ZERO, Pos::NIL),
        );
    }

    /// Zeroes what lies between the initialised bytes and `end`.
    #[cold]
    fn initialise(&mut self, end: usize) {
        if end <= self.written || end > self.size() {
            return;
        }
        // SAFETY: `written < end <= size`: inside the buffer by invariant 1.
        unsafe {
            self.start
                .add(self.written)
                .write_bytes(0, end - self.written)
        };
        self.written = end;
    }

    /// The address of what is behind the header of a block. Not for untrusted positions.
    pub(crate) fn address(&self, pos: Pos) -> usize {
        self.start
            .addr()
            .get()
            .wrapping_add(Self::byte(pos))
            .wrapping_add(L::HEADER)
    }

    /// Where a position's block starts, in bytes from the arena's start. Not for untrusted positions.
    #[inline(always)]
    pub(crate) fn byte(pos: Pos) -> usize {
        pos.0.wrapping_sub(1).wrapping_mul(L::GRANULE)
    }

    /// How many bytes from the start `offset` within the block at `pos` is, if the `len` bytes from
    /// there lie in the blocks or the sentinel's header: so they are inside the buffer and initialised
    /// (invariants 1, 3 and 4).
    ///
    /// No pointer, because of that the compiler would want to know again whether it is null.
    #[inline(always)]
    fn at(&self, pos: Pos, offset: usize, len: usize) -> Option<usize> {
        if pos.0.wrapping_sub(1) >= self.tail.0 {
            return None;
        }
        // `1 <= pos <= tail`, so this does not overflow and a header is inside by invariant 4. In
        // granules, since words that need the same number of them then share the check.
        if (offset > L::HEADER || len > L::HEADER - offset)
            && self.tail.0 - pos.0 < offset.saturating_add(len).div_ceil(L::GRANULE)
        {
            return None;
        }
        // By the two checks, `offset + len` further is at most the end of the sentinel's header.
        Some(Self::byte(pos) + offset)
    }

    #[inline(always)]
    fn load<T: Plain + Copy>(&self, pos: Pos, offset: usize) -> Option<T> {
        let at = self.at(pos, offset, size_of::<T>())?;
        // SAFETY: inside the initialised part (`at`), aligned because callers pass the offsets that
        // `ENCODING_FITS` has looked at (invariant 2), and any bits are a value (`Plain`).
        Some(unsafe { self.start.add(at).cast::<T>().read() })
    }

    #[inline(always)]
    fn store<T: Plain>(&mut self, pos: Pos, offset: usize, value: T) -> Option<()> {
        let at = self.at(pos, offset, size_of::<T>())?;
        // SAFETY: inside the buffer (`at`), aligned as in `load`, and exclusively ours (invariant 1).
        unsafe { self.start.add(at).cast::<T>().write(value) };
        Some(())
    }

    #[inline(always)]
    pub(crate) fn header(&self, pos: Pos) -> Option<L::Header> {
        Some(L::Header::join(
            self.load(pos, 0)?,
            self.load(pos, Self::SECOND)?,
        ))
    }

    /// Writes a header. The position is one that `header` has read, or between such blocks; a write
    /// anywhere else is left undone.
    #[inline(always)]
    pub(crate) fn put_header(&mut self, pos: Pos, header: L::Header) {
        let Some(at) = self.at(pos, 0, L::HEADER) else {
            return;
        };
        let (first, second) = header.split();
        // SAFETY: both words are inside the buffer (`at`), aligned as in `load`, and exclusively ours
        // (invariant 1).
        unsafe {
            let to = self.start.add(at);
            to.cast().write(first);
            to.add(Self::SECOND).cast().write(second);
        }
    }

    /// Writes only the word of a header that has the flags.
    #[inline(always)]
    pub(crate) fn put_flags(&mut self, pos: Pos, header: L::Header) {
        let (first, second) = header.split();
        let _ = if Self::SECOND < L::HEADER {
            self.store(pos, Self::SECOND, second)
        } else {
            self.store(pos, 0, first)
        };
    }

    /// Notes in the header at `pos` whether the block in front is a merged free one.
    #[inline(always)]
    pub(crate) fn mark(&mut self, pos: Pos, follows_free: bool) {
        if let Some(header) = self
            .header(pos)
            .filter(|&header| L::follows_free(header) != follows_free)
        {
            self.put_flags(pos, L::set_follows_free(header, follows_free));
        }
    }

    /// Lets a block in use with this header rest.
    #[inline(always)]
    pub(crate) fn put_resting(&mut self, pos: Pos, header: L::Header) {
        self.put_flags(pos, L::rest(header));
    }

    /// The successor of a resting block in its list, if there is room for one.
    #[inline(always)]
    pub(crate) fn resting_next(&self, pos: Pos) -> Option<Pos> {
        self.load::<L::Link>(pos, Self::RESTING_NEXT)
            .map(|link| Pos(link.unpack()))
    }

    /// Writes the header of a block in use, and keeps the mark about the block in front that stands
    /// there.
    #[inline(always)]
    pub(crate) fn put_used(&mut self, pos: Pos, header: L::Header) {
        let follows_free = self.header(pos).is_some_and(L::follows_free);
        self.put_header(pos, L::set_follows_free(header, follows_free));
    }

    /// The trailer of a block in use of `units`; the default value if it is not long.
    #[inline(always)]
    pub(crate) fn trailer(&self, pos: Pos, units: Units) -> Option<L::Trailer> {
        if L::overhead(units) == L::HEADER {
            return Some(L::Trailer::default());
        }
        self.load(pos + units - Units::ONE, Self::TRAILER)
    }

    /// Writes the trailer of a block in use of `units`, if it is long.
    #[inline(always)]
    pub(crate) fn put_trailer(&mut self, pos: Pos, units: Units, trailer: L::Trailer) {
        if L::overhead(units) > L::HEADER {
            let _ = self.store(pos + units - Units::ONE, Self::TRAILER, trailer);
        }
    }

    /// Whether the header of a free block of this kind holds its successor.
    const fn next_in_header(kind: FreeKind) -> bool {
        match kind {
            FreeKind::Cached => L::CACHED_NEXT_IN_HEADER,
            _ => L::NEXT_IN_HEADER,
        }
    }

    /// Writes the header of a free block, with its successor in the list.
    #[inline(always)]
    pub(crate) fn put_free(
        &mut self,
        pos: Pos,
        kind: FreeKind,
        units: Units,
        follows_free: bool,
        next: Pos,
    ) {
        self.put_header(
            pos,
            L::set_follows_free(L::free_header(kind, units, next), follows_free),
        );
        if !Self::next_in_header(kind) && (Self::GRANULE_HOLDS_NEXT || units > Units::ONE) {
            let _ = self.store(pos, Self::NEXT, L::Link::pack(next.0));
        }
    }

    /// The successor in its list of a free block of this kind.
    #[inline(always)]
    pub(crate) fn next(&self, pos: Pos, kind: FreeKind) -> Option<Pos> {
        if Self::next_in_header(kind) {
            return self.header(pos).map(L::free_next);
        }
        self.load::<L::Link>(pos, Self::NEXT)
            .map(|link| Pos(link.unpack()))
    }

    /// Gives a merged free block of `units` another successor.
    #[inline(always)]
    pub(crate) fn put_next(&mut self, pos: Pos, units: Units, next: Pos) {
        if L::NEXT_IN_HEADER {
            self.put_header(pos, L::free_header(FreeKind::Binned, units, next));
        } else {
            let _ = self.store(pos, Self::NEXT, L::Link::pack(next.0));
        }
    }

    /// A free block's predecessor in its list, if the block has two granules.
    #[inline(always)]
    pub(crate) fn prev(&self, pos: Pos) -> Option<Pos> {
        self.load::<L::Link>(pos, Self::PREV)
            .map(|link| Pos(link.unpack()))
    }

    #[inline(always)]
    pub(crate) fn put_prev(&mut self, pos: Pos, prev: Pos) {
        let _ = self.store(pos, Self::PREV, L::Link::pack(prev.0));
    }

    /// The length that the free block ending at `end` has in its last bytes.
    #[inline(always)]
    pub(crate) fn footer(&self, end: Pos) -> Option<Units> {
        let last = end - Units::ONE;
        let length = self.load::<L::Footer>(last, Self::FOOTER)?.unpack();
        if Self::FOOTER_ESCAPES && length == L::Footer::MOST {
            return self
                .load::<L::Link>(last, Self::LONG_FOOTER)
                .map(|link| Units(link.unpack()));
        }
        Some(Units(length))
    }

    #[inline(always)]
    pub(crate) fn put_footer(&mut self, end: Pos, units: Units) {
        let last = end - Units::ONE;
        let length = units.0.min(L::Footer::MOST);
        let _ = self.store(last, Self::FOOTER, L::Footer::pack(length));
        if Self::FOOTER_ESCAPES && length == L::Footer::MOST {
            let _ = self.store(last, Self::LONG_FOOTER, L::Link::pack(units.0));
        }
    }

    /// Whether there is little untouched space left.
    #[inline(always)]
    pub(crate) fn is_short(&self) -> bool {
        self.room() < self.size() / 32
    }

    /// Whether there is much of it.
    #[inline(always)]
    pub(crate) fn is_ample(&self) -> bool {
        self.room() > self.size() / 8
    }

    /// Copies `units` whole granules, header and payload, to a place that may overlap.
    #[inline(always)]
    pub(crate) fn shift(&mut self, from: Pos, to: Pos, units: Units) -> Option<()> {
        let len = units.0.checked_mul(L::GRANULE)?;
        let (source, target) = (self.at(from, 0, len)?, self.at(to, 0, len)?);
        // SAFETY: both ranges are inside the blocks (`at`) and exclusively ours (invariant 1);
        // `copy_from` allows them to overlap.
        unsafe {
            self.start
                .add(target)
                .copy_from(self.start.add(source), len)
        };
        Some(())
    }
}

/// Bytes as bytes that may be uninitialised. What is behind the result is only ever initialised:
/// the arena writes nothing else.
pub(crate) fn as_uninit(bytes: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    let len = bytes.len();
    // SAFETY: the same memory with the same borrow; this crate writes initialised bytes only.
    unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), len) }
}
