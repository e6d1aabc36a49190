//! Serving requests and taking blocks back, in constant time as long as nothing must move.

use crate::arena::Shape;
use crate::block::Live;
use crate::check::Check;
use crate::error::{Broken, Corruption, Error, Fault};
use crate::handle::Handle;
use crate::heap::{Heap, MAX_ALIGN};
use crate::layout::{FreeKind, Layout, Traits};
use crate::owner::{Keeper, Nobody};
use crate::request::Request;
use crate::table::{Number, Numbering};
use crate::units::{Index, Pos};

/// A new block, and where it is.
pub(crate) struct Allocated<L: Layout> {
    pub(crate) handle: Handle<L>,
    pub(crate) pos: Pos,
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Allocates `size` bytes, aligned to the granule. Zero is a size like any other.
    ///
    /// The payload starts with whatever its bytes were before. Constant time unless blocks have to
    /// move; then linear in the blocks and the bytes moved.
    ///
    /// # Errors
    ///
    /// - [`Error::Exhausted`] if it does not fit even with all blocks moved together,
    /// - [`Error::TooLarge`] and [`Error::HandlesExhausted`] at the limits of the layout,
    /// - [`Error::MaximumHeld`] while the whole rest is held,
    /// - [`Error::Corrupt`] if damaged metadata was met.
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let handle = heap.alloc(5)?;
    /// heap.get_mut(handle)?.copy_from_slice(b"hello");
    /// assert!(heap.alloc(1000).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn alloc(&mut self, size: usize) -> Result<Handle<L>, Error> {
        match self.alloc_at_once(size) {
            Some(handle) => Ok(handle),
            None => self.alloc_any(size),
        }
    }

    /// The common case, small enough to be inlined. Whatever is unusual is left to the general case, with
    /// nothing done.
    #[inline(always)]
    pub(crate) fn alloc_at_once(&mut self, size: usize) -> Option<Handle<L>> {
        if L::Numbering::LOWEST {
            return self.alloc_small(size).map(|block| block.handle);
        }
        let waking = self.plan_resting(size)?;
        self.alloc_resting(&waking);
        Some(waking.handle)
    }

    /// The same, with the new block's bytes at hand. Saves the look-up where they are written at
    /// once.
    ///
    /// # Errors
    ///
    /// As for [`alloc`](Self::alloc).
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let (handle, bytes) = heap.alloc_mut(5)?;
    /// bytes.copy_from_slice(b"hello");
    /// assert_eq!(heap.get(handle)?, b"hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn alloc_mut(&mut self, size: usize) -> Result<(Handle<L>, &mut [u8]), Error> {
        if L::Numbering::LOWEST {
            let handle = self.alloc(size)?;
            return Ok((handle, self.get_mut(handle)?));
        }
        if let Some(waking) = self.plan_resting(size) {
            return Ok((waking.handle, self.alloc_resting(&waking)));
        }
        self.alloc_mut_any(size)
    }

    #[inline(never)]
    fn alloc_any(&mut self, size: usize) -> Result<Handle<L>, Error> {
        let allocated = match self.alloc_short(size) {
            Some(allocated) => allocated,
            None => self.alloc_plain(size, &mut Nobody)?,
        };
        Ok(allocated.handle)
    }

    /// What needs no search, other than a block of its size that rests in a list.
    #[inline(always)]
    fn alloc_short(&mut self, size: usize) -> Option<Allocated<L>> {
        match self.wake_tiny(size) {
            None if !L::Numbering::LOWEST => self.alloc_small(size),
            allocated => allocated,
        }
    }

    /// A small block with a vacant number, or a new one where there may be one, and granules that were set aside or are
    /// cut off the strip. Whatever is unusual is left to the general case.
    #[inline(always)]
    fn alloc_small(&mut self, size: usize) -> Option<Allocated<L>> {
        if !self.arena.checks_quickly()
            || size > L::CACHED_MAX * L::GRANULE - L::HEADER
            || self.maximum != Index::NONE
        {
            return None;
        }
        let numbered = self.table.has_vacancy()
            || (self.table.may_grow(&self.arena) && self.table.grow(&mut self.arena));
        if !numbered {
            return None;
        }
        let shape = Shape::short(size);
        let mut arena = self.arena.local();
        let number = self.table.next(&arena)?;
        let token = L::token(number.index, number.generation)?;
        let (pos, follows_free) = self.index.take_small(&mut arena, shape.units())?;
        let record = L::compose(pos, shape, Traits::plain(&number));
        arena.put_header(pos, L::set_follows_free(record.header, follows_free));
        arena.put_entry(number.index, record.entry);
        arena.put_digest(number.index, &record);
        self.table.take(&number);
        self.used.add(shape.units());
        let handle = Handle::from_token(token);
        Some(Allocated { handle, pos })
    }

    /// Apart, so that the common case need not keep registers for it.
    #[inline(never)]
    fn alloc_mut_any(&mut self, size: usize) -> Result<(Handle<L>, &mut [u8]), Error> {
        if let Some(Allocated { handle, pos }) = self.alloc_short(size) {
            let shape = Shape::short(size);
            let block = self.arena.span_mut(pos, shape.units());
            let bytes = block.and_then(|block| block.payload(shape));
            return Ok((handle, bytes.unwrap_or_default()));
        }
        let Allocated { handle, pos } = self.alloc_plain(size, &mut Nobody)?;
        let place = Shape::<L>::new(size, 0).map(|shape| shape.place(pos));
        let bytes = place.and_then(|place| self.arena.payload_mut(place));
        Ok((handle, bytes.unwrap_or_default()))
    }

    #[inline(never)]
    pub(crate) fn alloc_plain<K: Keeper<L, C>>(
        &mut self,
        size: usize,
        keeper: &mut K,
    ) -> Result<Allocated<L>, Error> {
        let Some(shape) = Shape::new(size, 0) else {
            return Err(Self::too_large(size));
        };
        if let Some(allocated) = self.wake_any(shape) {
            return Ok(allocated);
        }
        let pos = match self.find_place(shape.units(), 1) {
            Ok(Some(pos)) => pos,
            _ => self.make_place(shape.units(), 1, size, keeper)?,
        };
        let handle = self.settle(pos, shape, Traits::plain)?;
        Ok(Allocated { handle, pos })
    }

    /// Allocates as the [`Request`] says.
    ///
    /// # Errors
    ///
    /// As for [`alloc`](Self::alloc), and [`Error::BadAlignment`] or [`Error::NameTooLong`].
    pub fn alloc_with(&mut self, request: Request<'_>) -> Result<Handle<L>, Error> {
        self.alloc_request(&request, &mut Nobody)
    }

    #[inline(never)]
    pub(crate) fn alloc_request<K: Keeper<L, C>>(
        &mut self,
        request: &Request<'_>,
        keeper: &mut K,
    ) -> Result<Handle<L>, Error> {
        let (granules, extension) = (Self::granules(request)?, request.extension());
        let Some(shape) = Shape::new(request.size, extension.bytes::<L>()) else {
            return Err(Self::too_large(request.size));
        };
        self.align = self.align.max(granules);
        if extension.is_empty() && !request.immovable {
            if let Some(handle) = self.wake_aligned(shape, granules) {
                return Ok(handle);
            }
        }
        let place = match self.find_place(shape.units(), granules) {
            Ok(Some(place)) => place,
            _ => self.make_place(shape.units(), granules, request.size, keeper)?,
        };
        let extended = !extension.is_empty();
        if extended {
            // The extension does not depend on the record, and the check word covers it.
            Live::<L>::put_extension(&mut self.arena, place, shape.units(), &extension);
        }
        let handle = self.settle(place, shape, |number| Traits {
            align: granules.trailing_zeros(),
            fixed: request.immovable,
            extended,
            ..Traits::plain(number)
        })?;
        self.owned = self
            .owned
            .wrapping_add(usize::from(extension.owner.is_some()));
        Ok(handle)
    }

    /// The alignment in granules, if the request is one that can be served.
    pub(crate) fn granules(request: &Request<'_>) -> Result<usize, Error> {
        let (align, length) = (request.align, request.name.len());
        if !align.is_power_of_two() || align > MAX_ALIGN {
            return Err(Error::BadAlignment { requested: align });
        }
        if length > u8::MAX.into() {
            return Err(Error::NameTooLong { length });
        }
        Ok((align / L::GRANULE).max(1))
    }

    /// Frees a block. Constant time.
    ///
    /// # Errors
    ///
    /// [`Error::BadHandle`] if the block is not live (a double free, say), [`Error::Corrupt`] if its
    /// metadata, or that of a neighbour, is damaged, [`Error::Pinned`]. The block is then as it was.
    #[inline]
    pub fn free(&mut self, handle: Handle<L>) -> Result<(), Error> {
        match self.free_to_rest(handle) {
            Some(()) => Ok(()),
            None => self.free_any(handle),
        }
    }

    #[inline(never)]
    fn free_any(&mut self, handle: Handle<L>) -> Result<(), Error> {
        let plain = Live::find_plain(&self.arena, handle)
            .filter(|live| live.pos + live.units <= self.arena.tail());
        if plain.as_ref().is_some_and(|live| self.rest_any(live)) {
            return Ok(());
        }
        let (live, fixed, owned) = match plain {
            Some(live) => (live, false, false),
            None => {
                let live = Live::find(&self.arena, handle)?;
                self.refuse_pinned(&live)?;
                let owned = live.extension(&self.arena)?.owner.is_some();
                (live, L::is_fixed(&live.record), owned)
            }
        };
        live.verify(&self.arena)?;
        if let Err(broken) = self.index.give_back(
            &mut self.arena,
            live.pos,
            live.units,
            L::follows_free(live.record.header),
        ) {
            return Err(self.diagnose(broken));
        }
        self.table
            .release(&mut self.arena, handle.index(), handle.generation());
        self.used.lower(live.units);
        self.settled = false;
        if fixed || owned {
            self.fixed = self.fixed.wrapping_sub(usize::from(fixed));
            self.owned = self.owned.wrapping_sub(usize::from(owned));
        }
        if handle.index() == self.maximum {
            self.maximum = Index::NONE;
        }
        Ok(())
    }

    #[cold]
    pub(crate) fn too_large(requested: usize) -> Error {
        Error::TooLarge {
            requested,
            limit: Self::MAX_PAYLOAD_BYTES,
        }
    }

    #[cold]
    pub(crate) fn exhausted(&self, requested: usize) -> Error {
        let stats = self.stats();
        Error::Exhausted {
            requested,
            free: stats.free_bytes,
            contiguous: stats.largest_free_bytes,
        }
    }

    /// Says what is wrong where damage was noticed in passing. Linear in the blocks.
    #[cold]
    #[inline(never)]
    pub(crate) fn diagnose(&self, _: Broken) -> Error {
        match self.check() {
            Err(corruption) => corruption.into(),
            // Nothing is wrong any more with what the walk sees: say at least that something was.
            Ok(()) => Corruption::new(Fault::List, self.arena.size(), 0, 0).into(),
        }
    }

    /// Writes header and entry of a new block.
    #[inline(always)]
    fn settle(
        &mut self,
        place: Pos,
        shape: Shape<L>,
        traits: impl FnOnce(&Number) -> Traits,
    ) -> Result<Handle<L>, Error> {
        let mut arena = self.arena.local();
        let number = self.table.next(&arena);
        let token = number
            .as_ref()
            .and_then(|number| L::token(number.index, number.generation));
        let (Some(number), Some(token)) = (number, token) else {
            // The granules are lost until compaction finds them.
            arena.put_used(
                place,
                L::free_header(FreeKind::Cached, shape.units(), Pos::NIL),
            );
            return Err(self.table.broken(&self.arena).into());
        };
        let traits = traits(&number);
        let record = L::compose(place, shape, traits);
        arena.put_used(place, record.header);
        arena.put_trailer(place, shape.units(), record.trailer);
        arena.put_entry(number.index, record.entry);
        if C::ENABLED {
            Live {
                index: number.index,
                pos: place,
                units: shape.units(),
                record,
            }
            .seal(&mut arena)?;
        }
        self.table.take(&number);
        self.used.add(shape.units());
        self.fixed = self.fixed.wrapping_add(usize::from(traits.fixed));
        Ok(Handle::from_token(token))
    }
}
