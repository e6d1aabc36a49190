//! One block of a store: from a pointer to bytes to what lies there.

use core::ptr::NonNull;

use super::shape::Shape;
use crate::store::kind::Kind;

/// A block of a store.
///
/// ```text
/// start
/// | kind | count (if counted) | up to the alignment | element | element | ...
/// ```
///
/// All its functions ask that the block is live and has not been moved since its place was looked
/// up, and that nobody else uses what they touch; and then for some of these, by number:
///
/// 1. The block has a kind.
/// 2. It was allocated for `S`: aligned to `S::ALIGN`, with at least `S::OFFSET` bytes.
/// 3. If `S` is counted, the count was written.
/// 4. The first [`len`](Self::len) elements are initialised and belong to the block.
#[derive(Clone, Copy)]
pub(in crate::store) struct Block {
    start: NonNull<u8>,
    bytes: usize,
}

impl Block {
    pub(super) fn new((start, bytes): (NonNull<u8>, usize)) -> Self {
        Self { start, bytes }
    }

    /// Whether two blocks start at the same place.
    pub(super) fn is(self, other: Self) -> bool {
        self.start == other.start
    }

    /// # Safety
    ///
    /// 1.
    #[inline(always)]
    pub(super) unsafe fn kind(self) -> &'static Kind {
        // SAFETY: every payload is aligned to the granule, which is no less than a word's alignment,
        // and a kind stands there (1).
        unsafe { self.start.cast::<&'static Kind>().read() }
    }

    /// # Safety
    ///
    /// The block has room for the word. For any kind but `GONE`, 2 to 4 hold for its type.
    #[inline(always)]
    pub(super) unsafe fn put_kind(self, kind: &'static Kind) {
        // SAFETY: aligned, as in `kind`, and in the block.
        unsafe { self.start.cast::<&'static Kind>().write(kind) };
    }

    /// # Safety
    ///
    /// 2, and `S` is counted.
    #[inline(always)]
    pub(super) unsafe fn put_count<S: ?Sized + Shape>(self, count: usize) {
        // SAFETY: with a count, the second word is in front of the elements (2).
        unsafe { self.start.cast::<usize>().add(1).write(count) };
    }

    /// How many elements there are.
    ///
    /// # Safety
    ///
    /// 2 and 3.
    #[inline(always)]
    pub(super) unsafe fn len<S: ?Sized + Shape>(self) -> usize {
        if S::COUNTED {
            // SAFETY: as in `put_count`, and it was written (3).
            unsafe { self.start.cast::<usize>().add(1).read() }
        } else {
            S::capacity(self.bytes)
        }
    }

    /// How many elements there is room for.
    #[inline(always)]
    pub(super) fn capacity<S: ?Sized + Shape>(self) -> usize {
        S::capacity(self.bytes)
    }

    /// Where an element is.
    ///
    /// # Safety
    ///
    /// 2, and `index` is no more than the capacity.
    #[inline(always)]
    pub(super) unsafe fn element<S: ?Sized + Shape>(self, index: usize) -> NonNull<S::Element> {
        // SAFETY: `OFFSET + index × SIZE` is at most the block's length; aligned, because the block
        // is and `OFFSET` is a multiple of the element's alignment (2).
        unsafe { self.start.add(S::OFFSET).cast::<S::Element>().add(index) }
    }

    /// All elements.
    ///
    /// # Safety
    ///
    /// 2 and 3.
    #[inline(always)]
    pub(super) unsafe fn value<S: ?Sized + Shape>(self) -> *mut S {
        // SAFETY: 2 and 3; the first element is within any capacity.
        unsafe { S::from_parts(self.element::<S>(0).as_ptr(), self.len::<S>()) }
    }

    /// The value, borrowed for as long as the caller says.
    ///
    /// # Safety
    ///
    /// 2 to 4, and the block stays where it is and is not written for `'h`.
    #[inline(always)]
    pub(super) unsafe fn get<'h, S: ?Sized + Shape>(self) -> &'h S {
        // SAFETY: elements that are initialised (4) are a valid `S` (`Shape`).
        unsafe { &*self.value::<S>() }
    }

    /// # Safety
    ///
    /// As for `get`, and nobody else uses the block for `'h`.
    #[inline(always)]
    pub(super) unsafe fn get_mut<'h, S: ?Sized + Shape>(self) -> &'h mut S {
        // SAFETY: as in `get`, and exclusively the caller's.
        unsafe { &mut *self.value::<S>() }
    }
}

/// Runs the destructors of all elements; if one panics, the others' still.
///
/// # Safety
///
/// 2 to 4; the elements are gone afterwards.
pub(super) unsafe fn drop_all<S: ?Sized + Shape>(block: Block) {
    // SAFETY: initialised elements (4) that nobody will use again.
    unsafe { block.value::<S>().drop_in_place() };
}
