//! The memory the heaps are run in.

use crate::error::Error;

const PAGE: usize = 4096;

#[derive(Clone)]
#[repr(C, align(4096))]
struct Page([u8; PAGE]);

/// A zeroed, page-aligned buffer whose pages are all present, so that no heap pays for the first
/// touch of its memory while it is timed.
#[derive(Default)]
pub(crate) struct Arena {
    pages: Vec<Page>,
}

impl Arena {
    /// The first `len` bytes, after growing if need be. Every heap and run gets the same memory.
    pub(crate) fn bytes(&mut self, len: u64) -> Result<&mut [u8], Error> {
        // The lab needs a 64-bit host.
        let len = len as usize;
        let pages = len.div_ceil(PAGE);
        if pages > self.pages.len() {
            // Not in place: growing would keep the old buffer alive while it is copied.
            self.pages = Vec::new();
            let no_memory = |_| Error::Memory { bytes: len as u64 };
            self.pages.try_reserve_exact(pages).map_err(no_memory)?;
            self.pages.resize(pages, Page([0; PAGE]));
            self.touch();
        }
        let base = self.pages.as_mut_ptr().cast::<u8>();
        // SAFETY: the pages are consecutive, initialised bytes without padding, there are at least
        // `len` of them, and the borrow of `self` keeps them from being used otherwise.
        Ok(unsafe { std::slice::from_raw_parts_mut(base, len) })
    }

    // Zeroed memory from the system is often not present before it is written.
    fn touch(&mut self) {
        for page in &mut self.pages {
            // SAFETY: a reference to an initialised byte is valid for a volatile write.
            unsafe { (&raw mut page.0[0]).write_volatile(0) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_aligned_zeroed_and_as_long_as_asked() {
        let mut arena = Arena::default();
        for len in [0, 1, PAGE, 10 * PAGE + 1, 5] {
            let bytes = arena.bytes(len as u64).unwrap();
            assert_eq!(bytes.len(), len);
            assert_eq!(bytes.as_ptr().addr() % PAGE, 0);
            assert!(bytes.iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    fn it_stays_in_place_when_less_is_asked() {
        let mut arena = Arena::default();
        let base = arena.bytes(8 * PAGE as u64).unwrap().as_ptr();
        assert_eq!(arena.bytes(1).unwrap().as_ptr(), base);
    }

    #[test]
    fn more_than_there_can_be_is_an_error() {
        let error = Arena::default().bytes(u64::MAX / 4 * 3).unwrap_err();
        assert!(matches!(error, Error::Memory { .. }));
    }
}
