//! What can be allocated at the most, and taking all of it.

use crate::appeal::{Appeal, Wanted};
use crate::check::Check;
use crate::error::{Broken, Error};
use crate::handle::Handle;
use crate::heap::Heap;
use crate::layout::Layout;
use crate::owner::{Keeper, Nobody};
use crate::request::Request;
use crate::units::{Index, Units};

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// The largest payload, in bytes, that can be allocated now, exactly: such an allocation
    /// succeeds, and one byte more does not fit. Compacts to find out, so it is linear in the blocks
    /// and the bytes moved, unless nothing was freed since the last compaction.
    ///
    /// `None` if not even an empty block fits.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if damaged metadata was met.
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let most = heap.allocatable()?.unwrap();
    /// assert!(heap.alloc(most + 1).is_err());
    /// assert!(heap.alloc(most).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allocatable(&mut self) -> Result<Option<usize>, Error> {
        self.allocatable_with(Request::new(0))
    }

    /// The same for a request with this alignment, name and owner; its size does not matter.
    ///
    /// # Errors
    ///
    /// As for [`allocatable`](Self::allocatable), and [`Error::BadAlignment`] or
    /// [`Error::NameTooLong`].
    pub fn allocatable_with(&mut self, request: Request<'_>) -> Result<Option<usize>, Error> {
        self.allocatable_request(&request, &mut Nobody)
    }

    pub(crate) fn allocatable_request<K: Keeper<L, C>>(
        &mut self,
        request: &Request<'_>,
        keeper: &mut K,
    ) -> Result<Option<usize>, Error> {
        let (granules, extension) = (Self::granules(request)?, request.extension());
        self.compact_all(keeper)?;
        let vacant = self.table.has_spare(&self.arena);
        if self.maximum != Index::NONE || (!vacant && self.arena.entries() >= L::MAX_INDEX) {
            return Ok(None);
        }
        let entries = self.arena.entries() + usize::from(!vacant);
        let Some(top) = self
            .arena
            .top_beside(entries)
            .filter(|&top| top >= self.arena.tail())
        else {
            return Ok(None);
        };
        let Ok(listed) = self.index.largest(&mut self.arena, granules) else {
            return Err(self.diagnose(Broken));
        };
        let start = self.arena.tail();
        let start = start + self.arena.gap_to_aligned(start, granules);
        let behind = if start < top {
            top - start
        } else {
            Units::ZERO
        };
        let largest = listed.max(behind);
        let bytes = largest.bytes::<L>();
        Ok(bytes
            .checked_sub(L::overhead(largest) + extension.bytes::<L>())
            .map(|bytes| bytes.min(Self::MAX_PAYLOAD_BYTES)))
    }

    /// Allocates all that is [`allocatable`](Self::allocatable) in one block, and says how many
    /// bytes that is. Until the block is freed or made smaller, every other allocation, and growth that takes
    /// up more than the block has already, fails at once with [`Error::MaximumHeld`].
    ///
    /// # Errors
    ///
    /// As for [`alloc`](Self::alloc).
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let (all, bytes) = heap.alloc_maximum()?;
    /// assert!(heap.alloc(0).is_err());
    /// heap.resize(all, bytes / 2)?;
    /// assert!(heap.alloc(10).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn alloc_maximum(&mut self) -> Result<(Handle<L>, usize), Error> {
        self.alloc_maximum_with(Request::new(0))
    }

    /// The same as the request says; its size does not matter.
    ///
    /// # Errors
    ///
    /// As for [`alloc_with`](Self::alloc_with).
    pub fn alloc_maximum_with(
        &mut self,
        request: Request<'_>,
    ) -> Result<(Handle<L>, usize), Error> {
        self.alloc_maximum_request(&request, &mut Nobody)
    }

    pub(crate) fn alloc_maximum_request<K: Keeper<L, C>>(
        &mut self,
        request: &Request<'_>,
        keeper: &mut K,
    ) -> Result<(Handle<L>, usize), Error> {
        // What is wrong with the request must not cost an owner anything.
        Self::granules(request)?;
        self.expect_no_maximum(None, keeper)?;
        let mut appeal = Appeal::new(self, Index::NONE);
        loop {
            self.compact_all(keeper)?;
            if !self.appeal(&mut appeal, None, keeper)? {
                break;
            }
        }
        // What is freed from now on does not rest, and nothing does already.
        while self.release_any().map_err(|broken| self.diagnose(broken))? {}
        // If not even an empty block fits, the allocation says which of the reasons it is.
        let bytes = self.allocatable_request(request, keeper)?.unwrap_or(0);
        let handle = self.alloc_request(
            &Request {
                size: bytes,
                ..*request
            },
            keeper,
        )?;
        self.maximum = handle.index();
        Ok((handle, bytes))
    }

    /// An error while the whole rest is held, unless the owner of the block that holds it gives some back.
    pub(crate) fn expect_no_maximum<K: Keeper<L, C>>(
        &mut self,
        wanted: Option<Wanted>,
        keeper: &mut K,
    ) -> Result<(), Error> {
        if self.maximum != Index::NONE {
            self.appeal_to(self.maximum, wanted, keeper)?;
        }
        if self.maximum == Index::NONE {
            return Ok(());
        }
        Err(Error::MaximumHeld {
            number: self.maximum.0,
        })
    }
}
