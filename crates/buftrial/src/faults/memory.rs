//! The memory of a heap that is damaged on purpose, with bytes around it that must not change. All `unsafe` of these
//! trials is here.

use std::ptr::NonNull;

use buflib::{Check, Heap, Layout};

const PAGE: usize = 4096;
const AROUND: usize = 64;
const FILLER: u8 = 0xa7;

#[derive(Clone)]
#[repr(C, align(4096))]
struct Page([u8; PAGE]);

/// A buffer of which a heap uses every byte.
pub(crate) struct Memory {
    pages: Vec<Page>,
    start: usize,
    len: usize,
}

impl Memory {
    /// About `len` bytes; with `exact`, nothing is behind them in their allocation. Where they are within a page
    /// depends on nothing else.
    pub(crate) fn new<L: Layout>(len: usize, exact: bool) -> Self {
        let len = len - len % L::GRANULE_BYTES + L::HEADER_BYTES;
        let behind = if exact { 0 } else { AROUND };
        let pages = vec![Page([FILLER; PAGE]); (AROUND + len + behind).div_ceil(PAGE)];
        let start = pages.len() * PAGE - behind - len;
        Self { pages, start, len }
    }

    fn bytes(&mut self) -> &mut [u8] {
        let len = self.pages.len() * PAGE;
        // SAFETY: the pages are consecutive, initialised bytes without padding, and the borrow of `self` keeps them from
        // being used otherwise.
        unsafe { std::slice::from_raw_parts_mut(self.pages.as_mut_ptr().cast(), len) }
    }

    pub(crate) fn arena(&mut self) -> &mut [u8] {
        let (start, len) = (self.start, self.len);
        &mut self.bytes()[start..start + len]
    }

    /// Whether the bytes around the heap are as they were.
    pub(crate) fn is_untouched(&mut self) -> bool {
        let (start, end) = (self.start, self.start + self.len);
        let bytes = self.bytes();
        let around = bytes[start - AROUND..start].iter().chain(&bytes[end..]);
        around.copied().all(|byte| byte == FILLER)
    }

    /// Makes the bytes around the heap what they should be.
    pub(crate) fn repair(&mut self) {
        let (start, end) = (self.start, self.start + self.len);
        let bytes = self.bytes();
        bytes[..start].fill(FILLER);
        bytes[end..].fill(FILLER);
    }
}

/// The bytes of a heap's arena, behind its back.
#[derive(Clone, Copy)]
pub(crate) struct Bytes {
    end: NonNull<u8>,
    len: usize,
}

impl Bytes {
    /// Those of a heap of which nothing was given out, made of `len` bytes and using all of them.
    pub(crate) fn of<L: Layout, C: Check>(heap: &Heap<'_, L, C>, len: usize) -> Self {
        Self {
            end: heap.anchors().table_end,
            len,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn start(&self) -> usize {
        self.end.addr().get() - self.len
    }

    fn at(&self, at: usize, len: usize) -> Option<*mut u8> {
        let inside = at <= self.len && len <= self.len - at;
        inside.then(|| self.end.as_ptr().with_addr(self.start() + at))
    }

    /// What some bytes from `at` on are now; false if they are not all of the arena.
    pub(crate) fn copy_to<L: Layout, C: Check>(
        &self,
        _: &Heap<'_, L, C>,
        at: usize,
        to: &mut [u8],
    ) -> bool {
        let Some(from) = self.at(at, to.len()) else {
            return false;
        };
        // SAFETY: within the heap's memory (`at`), all of which was initialised when the heap was made of it, and whose
        // shared borrow lasts. The pointer is derived from the heap's own.
        unsafe { from.copy_to_nonoverlapping(to.as_mut_ptr(), to.len()) };
        true
    }

    /// Changes bits of a byte of the arena, as a cosmic ray would.
    pub(crate) fn flip<L: Layout, C: Check>(&self, _: &mut Heap<'_, L, C>, at: usize, mask: u8) {
        if let Some(byte) = self.at(at, 1) {
            // SAFETY: as in `copy_to`; the exclusive borrow lasts, so that nobody else looks at the byte meanwhile.
            unsafe { *byte ^= mask };
        }
    }
}
