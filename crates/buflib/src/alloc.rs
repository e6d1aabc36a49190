//! Serving requests and taking blocks back, in constant time as long as nothing must move.

use crate::block::{Live, extension_bytes};
use crate::check::Check;
use crate::error::{Corruption, Error};
use crate::handle::Handle;
use crate::heap::{Heap, MAX_ALIGN};
use crate::index::{self, FreeIndex};
use crate::layout::{Layout, Traits};
use crate::request::Request;
use crate::table::Number;
use crate::units::{Index, Pos, Units};

/// How long a block must be.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) units: Units,
    pub(crate) pad: usize,
}

/// Free granules that were found for a block, and whether the block in front of them is free.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) pos: Pos,
    pub(crate) follows_free: bool,
}

fn std_limit() -> usize { extern crate std; static L: std::sync::OnceLock<usize> = std::sync::OnceLock::new(); *L.get_or_init(|| std::env::var("LIM").map_or(512, |x| x.parse().unwrap())) }
impl Place {
    fn behind_used(pos: Pos) -> Self {
        Self { pos, follows_free: false }
    }
}

impl Shape {
    /// The shape of a block for `size` bytes and an extension; `None` if the layout cannot express it.
    #[inline(always)]
    pub(crate) fn new<L: Layout, C: Check>(size: usize, extension: usize) -> Option<Self> {
        if size > Heap::<L, C>::MAX_PAYLOAD_BYTES {
            return None;
        }
        let bytes = L::HEADER + size + extension;
        let units = Units((bytes + (L::GRANULE - 1)) / L::GRANULE);
        (units.0 < L::MAX_POS).then_some(Self { units, pad: bytes.wrapping_neg() % L::GRANULE })
    }
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
    /// # let mut heap = buflib::Heap::<buflib::Standard>::from_bytes(&mut memory)?;
    /// let handle = heap.alloc(5)?;
    /// heap.get_mut(handle)?.copy_from_slice(b"hello");
    /// assert!(heap.alloc(1000).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn alloc(&mut self, size: usize) -> Result<Handle<L>, Error> {
        match self.alloc_cached(size) {
            Some(handle) => Ok(handle),
            None => self.alloc_plain(size),
        }
    }

    /// The common case, small enough to be inlined: a number and a block of this size were freed
    /// before. Whatever is unusual is left to the general case.
    #[inline(always)]
    fn alloc_cached(&mut self, size: usize) -> Option<Handle<L>> {
        if size > L::CACHED_MAX * L::GRANULE - L::HEADER || self.maximum != Index::NONE {
            return None;
        }
        let mut arena = self.arena.local();
        let bytes = L::HEADER + size;
        let units = Units((bytes + (L::GRANULE - 1)) / L::GRANULE);
        let number = self.table.next(&arena)?;
        let cached = self.index.cached(&arena, units)?;
        let token = L::token(number.index, number.generation)?;
        let traits = Traits::plain(&number);
        let record = L::compose(cached.pos, units, bytes.wrapping_neg() % L::GRANULE, traits);
        arena.put_header(cached.pos, L::set_follows_free(record.header, cached.follows_free));
        arena.put_entry(number.index, record.entry);
        if C::ENABLED {
            arena.put_seal(number.index, C::digest(L::protected(&record).as_ref()));
        }
        self.index.uncache(units, &cached);
        self.table.take(&number);
        self.used.0 = self.used.0.wrapping_add(units.0);
        Some(Handle::from_token(token))
    }

    #[inline(never)]
    fn alloc_plain(&mut self, size: usize) -> Result<Handle<L>, Error> {
        let Some(shape) = Shape::new::<L, C>(size, 0) else {
            return Err(Self::too_large(size));
        };
        let place = self.place(shape.units, 1, size)?;
        self.settle(place, shape, Traits::plain)
    }

    /// Allocates as the [`Request`] says.
    ///
    /// # Errors
    ///
    /// As for [`alloc`](Self::alloc), and [`Error::BadAlignment`] or [`Error::NameTooLong`].
    pub fn alloc_with(&mut self, request: Request<'_>) -> Result<Handle<L>, Error> {
        let Request { size, align, name, immovable } = request;
        if !align.is_power_of_two() || align > MAX_ALIGN {
            return Err(Error::BadAlignment { requested: align });
        }
        if name.len() > u8::MAX.into() {
            return Err(Error::NameTooLong { length: name.len() });
        }
        let Some(shape) = Shape::new::<L, C>(size, extension_bytes::<L>(name.len())) else {
            return Err(Self::too_large(size));
        };
        let granules = (align / L::GRANULE).max(1);
        let place = self.place(shape.units, granules, size)?;
        let extended = !name.is_empty();
        if extended {
            // The extension does not depend on the record, and the check word covers it.
            Live::<L>::put_name(&mut self.arena, place.pos, shape.units, name);
        }
        self.settle(place, shape, |number| Traits {
            align: granules.trailing_zeros(),
            fixed: immovable,
            extended,
            ..Traits::plain(number)
        })
    }

    /// Frees a block. Constant time.
    ///
    /// # Errors
    ///
    /// [`Error::BadHandle`] if the block is not live (a double free, say), [`Error::Corrupt`] if its
    /// metadata, or that of a neighbour, is damaged. The block is then as it was.
    #[inline]
    pub fn free(&mut self, handle: Handle<L>) -> Result<(), Error> {
        match self.free_cached(handle) {
            Some(()) => Ok(()),
            None => self.free_any(handle),
        }
    }

    /// The common case, small enough to be inlined: a plain small block, neither the last block nor
    /// with the last number.
    #[inline(always)]
    fn free_cached(&mut self, handle: Handle<L>) -> Option<()> {
        let mut arena = self.arena.local();
        let live = Live::find_plain(&arena, handle)?;
        let units = live.units;
        if units.0 > L::CACHED_MAX
            || units == Units::ZERO
            || live.pos + units >= arena.tail()
            || handle.index().0 == arena.entries()
            || handle.index() == self.maximum
            || live.verify(&arena).is_err()
        {
            return None;
        }
        self.index.cache(&mut arena, live.pos, units, L::follows_free(live.record.header));
        self.table.vacate(&mut arena, handle.index(), handle.generation());
        self.used.0 = self.used.0.wrapping_sub(units.0);
        self.settled = false;
        Some(())
    }

    #[inline(never)]
    fn free_any(&mut self, handle: Handle<L>) -> Result<(), Error> {
        let live = Live::find(&self.arena, handle)?;
        live.verify(&self.arena)?;
        self.give_back(live.pos, live.units, L::follows_free(live.record.header))?;
        self.table.release(&mut self.arena, handle.index(), handle.generation());
        self.used -= live.units;
        self.settled = false;
        self.fixed -= usize::from(L::is_fixed(&live.record));
        if handle.index() == self.maximum {
            self.maximum = Index::NONE;
        }
        Ok(())
    }

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
    /// # let mut heap = buflib::Heap::<buflib::Standard>::from_bytes(&mut memory)?;
    /// let most = heap.allocatable()?.unwrap();
    /// assert!(heap.alloc(most + 1).is_err());
    /// assert!(heap.alloc(most).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allocatable(&mut self) -> Result<Option<usize>, Error> {
        if !self.settled {
            self.compact_all()?;
        }
        let vacant = self.table.has_vacancy();
        if self.maximum != Index::NONE || (!vacant && self.arena.entries() >= L::MAX_INDEX) {
            return Ok(None);
        }
        let entries = self.arena.entries() + usize::from(!vacant);
        let Some(top) = self.arena.top_beside(entries).filter(|&top| top >= self.arena.tail()) else {
            return Ok(None);
        };
        let largest = self.index.largest(&self.arena)?.max(top - self.arena.tail());
        let bytes = largest.0 * L::GRANULE;
        Ok(bytes.checked_sub(L::HEADER).map(|bytes| bytes.min(Self::MAX_PAYLOAD_BYTES)))
    }

    /// Allocates all that is [`allocatable`](Self::allocatable) in one block, and says how many
    /// bytes that is. Until the block is freed or made smaller, every other allocation and growth
    /// fails at once with [`Error::MaximumHeld`].
    ///
    /// # Errors
    ///
    /// As for [`alloc`](Self::alloc).
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap = buflib::Heap::<buflib::Standard>::from_bytes(&mut memory)?;
    /// let (all, bytes) = heap.alloc_maximum()?;
    /// assert!(heap.alloc(0).is_err());
    /// heap.resize(all, bytes / 2)?;
    /// assert!(heap.alloc(10).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn alloc_maximum(&mut self) -> Result<(Handle<L>, usize), Error> {
        let Some(bytes) = self.allocatable()? else {
            // Says which of the reasons it is.
            return self.alloc(0).map(|handle| (handle, 0));
        };
        let handle = self.alloc(bytes)?;
        self.maximum = handle.index();
        Ok((handle, bytes))
    }

    #[cold]
    pub(crate) fn too_large(requested: usize) -> Error {
        Error::TooLarge { requested, limit: Self::MAX_PAYLOAD_BYTES }
    }

    /// Granules for a block whose payload has `size` bytes, with blocks moved if that is needed.
    fn place(&mut self, units: Units, align: usize, size: usize) -> Result<Place, Error> {
        if self.maximum != Index::NONE {
            return Err(Error::MaximumHeld { number: self.maximum.0 });
        }
        if !self.table.has_vacancy() && self.table.live() >= L::MAX_INDEX {
            return Err(Error::HandlesExhausted { limit: L::MAX_INDEX });
        }
        let mut effort = 0;
        loop {
            if let Some(place) = self.find_place(units, align)? {
                return Ok(place);
            }
            if !self.make_room(units, effort)? {
                self.table.tidy(&mut self.arena);
                return Err(self.exhausted(size));
            }
            effort += 1;
        }
    }

    #[cold]
    pub(crate) fn exhausted(&self, requested: usize) -> Error {
        let stats = self.stats();
        Error::Exhausted { requested, free: stats.free_bytes, contiguous: stats.largest_free_bytes }
    }

    /// Granules for a block, and a vacant number beside them. `None` if something must move first.
    fn find_place(&mut self, units: Units, align: usize) -> Result<Option<Place>, Corruption> {
        if !self.table.has_vacancy() && !self.table.grow(&mut self.arena) {
            return Ok(None);
        }
        self.find_granules(units, align)
    }

    /// Granules for a block, without moving any other.
    pub(crate) fn find_granules(&mut self, units: Units, align: usize) -> Result<Option<Place>, Corruption> {
        if let Some(cached) = self.index.cached(&self.arena, units) {
            if align == 1 || self.gap_to_aligned(cached.pos, align) == Units::ZERO {
                self.index.uncache(units, &cached);
                return Ok(Some(Place { pos: cached.pos, follows_free: cached.follows_free }));
            }
        }
        if align > 1 {
            return self.find_aligned(units, align);
        }
        let arena = &mut self.arena;
        if FreeIndex::<L>::caches(units) {
            if let Some(pos) = self.index.cut(arena, units) {
                return Ok(Some(Place::behind_used(pos)));
            }
            if let Some((pos, length)) = self.index.find(arena, units)? {
                self.index.take(arena, pos, length)?;
                self.replace_strip(pos + units, length - units)?;
                return Ok(Some(Place::behind_used(pos)));
            }
        } else if let Some((pos, length)) = self.index.find(arena, units)? {
            self.index.move_front(arena, pos, length, pos + units)?;
            return Ok(Some(Place::behind_used(pos)));
        } else if let Some(pos) = self.index.cut(arena, units) {
            return Ok(Some(Place::behind_used(pos)));
        }
        let pos = arena.tail();
        Ok(arena.set_tail(pos + units).then_some(Place::behind_used(pos)))
    }

    /// The same for a block that may not start anywhere: what is left in front of it is free.
    fn find_aligned(&mut self, units: Units, align: usize) -> Result<Option<Place>, Corruption> {
        let (mut pos, length) = self.index.strip();
        let mut gap = self.gap_to_aligned(pos, align);
        if length >= units + gap {
            self.index.cut(&mut self.arena, units + gap);
        } else if let Some((found, length)) = self.index.find(&self.arena, units + Units(align - 1))? {
            pos = found;
            gap = self.gap_to_aligned(pos, align);
            self.index.take(&mut self.arena, pos, length)?;
            self.replace_strip(pos + gap + units, length - gap - units)?;
        } else {
            pos = self.arena.tail();
            gap = self.gap_to_aligned(pos, align);
            if !self.arena.set_tail(pos + gap + units) {
                return Ok(None);
            }
        }
        if gap == Units::ZERO {
            return Ok(Some(Place::behind_used(pos)));
        }
        self.index.insert(&mut self.arena, pos, gap);
        Ok(Some(Place { pos: pos + gap, follows_free: true }))
    }

    /// How many granules from `pos` on come before one that is a multiple of `align` granules.
    #[inline(always)]
    pub(crate) fn gap_to_aligned(&self, pos: Pos, align: usize) -> Units {
        let address = self.arena.granule_phase().wrapping_add(pos.0).wrapping_sub(1);
        Units(address.wrapping_neg() & (align - 1))
    }

    /// Makes the longer of the present strip and this free piece the strip; the other is merged.
    fn replace_strip(&mut self, pos: Pos, units: Units) -> Result<(), Corruption> {
        let (old, length) = self.index.strip();
        if units >= length {
            self.index.set_strip(&mut self.arena, pos, units);
            return if length > Units::ZERO { self.merge_back(old, length, false) } else { Ok(()) };
        }
        if units > Units::ZERO { self.merge_back(pos, units, false) } else { Ok(()) }
    }

    /// Writes header and entry of a new block.
    fn settle(
        &mut self,
        place: Place,
        shape: Shape,
        traits: impl FnOnce(&Number) -> Traits,
    ) -> Result<Handle<L>, Error> {
        let Some(number) = self.table.next(&self.arena) else {
            return Err(self.table.broken(&self.arena).into());
        };
        let Some(token) = L::token(number.index, number.generation) else {
            return Err(Error::HandlesExhausted { limit: L::MAX_INDEX });
        };
        let traits = traits(&number);
        let record = L::compose(place.pos, shape.units, shape.pad, traits);
        self.arena.put_header(place.pos, L::set_follows_free(record.header, place.follows_free));
        self.arena.put_entry(number.index, record.entry);
        Live { pos: place.pos, units: shape.units, record }.seal(&mut self.arena)?;
        self.table.take(&number);
        self.used += shape.units;
        self.fixed += usize::from(traits.fixed);
        Ok(Handle::from_token(token))
    }

    /// Makes granules that were in use free: the end of blocks is lowered, or a small block is
    /// cached, or it is merged with its free neighbours.
    #[inline(always)]
    pub(crate) fn give_back(&mut self, pos: Pos, units: Units, follows_free: bool) -> Result<(), Corruption> {
        if pos + units != self.arena.tail() && FreeIndex::<L>::caches(units) {
            self.index.cache(&mut self.arena, pos, units, follows_free);
            return Ok(());
        }
        self.merge_back(pos, units, follows_free)
    }

    pub(crate) fn merge_back(&mut self, pos: Pos, units: Units, follows_free: bool) -> Result<(), Corruption> {
        // Both neighbours are looked at before either is touched.
        let mut start = if follows_free { self.free_in_front(pos)? } else { pos };
        let mut end = pos + units;
        let behind = self.free_behind(end)?.unwrap_or(Units::ZERO);
        self.index.remove(&mut self.arena, start, pos - start)?;
        self.index.remove(&mut self.arena, end, behind)?;
        end = end + behind;
        let (strip, length) = self.index.strip();
        let (in_front, at_end) = (strip + length == start, strip == end);
        if in_front || at_end {
            start = start.min(strip);
            end = end.max(strip + length);
            self.index.take_strip();
        }
        if end == self.arena.tail() {
            let _ = self.arena.set_tail(start);
        } else if (in_front || at_end) && (end - start).0 <= std_limit() {
            if behind > Units::ZERO {
                self.unmark(end);
            }
            self.index.set_strip(&mut self.arena, start, end - start);
        } else {
            self.index.insert(&mut self.arena, start, end - start);
        }
        Ok(())
    }

    /// Notes that the block in front of `pos` is no longer a merged free one.
    fn unmark(&mut self, pos: Pos) {
        if let Some(header) = self.arena.header(pos) {
            self.arena.put_header(pos, L::set_follows_free(header, false));
        }
    }

    /// Where the merged free block in front of `pos` starts.
    fn free_in_front(&self, pos: Pos) -> Result<Pos, Corruption> {
        let length = self.arena.footer(pos).unwrap_or(Units::ZERO);
        let front = pos - length;
        if length > Units::ZERO && index::binned(&self.arena, front) == Ok(length) {
            return Ok(front);
        }
        let at = crate::arena::Arena::<L, C>::byte(pos);
        Err(Corruption::new(crate::error::Fault::Footer, at, length.0 as u64, 0))
    }

    /// The length of the merged free block that starts at `pos`, if one does.
    pub(crate) fn free_behind(&self, pos: Pos) -> Result<Option<Units>, Corruption> {
        match self.arena.header(pos) {
            Some(header) if L::is_free(header) && L::free_kind(header) == Some(crate::layout::FreeKind::Binned) => {
                index::binned(&self.arena, pos).map(Some)
            }
            _ => Ok(None),
        }
    }
}
