//! Changing a block's size, in place where that can be done.

use crate::appeal::{Appeal, Wanted};
use crate::arena::{Arena, Place, Shape};
use crate::block::Live;
use crate::check::Check;
use crate::compact::{Consent, Demand, Effort, Room};
use crate::error::{Broken, Corruption, Error};
use crate::handle::Handle;
use crate::heap::Heap;
use crate::layout::{Layout, Record, Traits};
use crate::owner::{Keeper, Nobody};
use crate::units::{Index, Pos, Units};

/// A change of a block's size.
struct Change<L: Layout> {
    live: Live<L>,
    /// Bytes between header and payload.
    skipped: usize,
    /// Bytes of the extension.
    extension: usize,
    shape: Shape<L>,
}

impl<L: Layout> Change<L> {
    /// Where the payload is when the change is done.
    fn place(&self, pos: Pos) -> Place {
        Place {
            skipped: self.skipped,
            taken: self.shape.pad() + self.extension,
            ..Place::whole(pos, self.shape.units())
        }
    }
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Changes a block's size. The handle stays, and so do the contents up to the lesser size; what
    /// is gained has whatever its bytes were before.
    ///
    /// A block shrinks and, if there is free space behind it, grows in place in constant time.
    /// Otherwise it moves to where there is space, or its neighbours move away: linear in the bytes
    /// and blocks moved.
    ///
    /// # Errors
    ///
    /// As for [`alloc`](Self::alloc) and [`get`](Self::get). The block is then as it was, though it
    /// may have moved.
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let handle = heap.alloc(3)?;
    /// heap.get_mut(handle)?.copy_from_slice(b"abc");
    /// heap.resize(handle, 100)?;
    /// assert_eq!(heap.get(handle)?.len(), 100);
    /// assert_eq!(&heap.get(handle)?[..3], b"abc");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn resize(&mut self, handle: Handle<L>, size: usize) -> Result<(), Error> {
        match self.resize_in_room(handle, size) {
            Some(_) => Ok(()),
            None => self.resize_to(handle, size, &mut Nobody).map(drop),
        }
    }

    /// The same, with the block's bytes at hand afterwards.
    ///
    /// # Errors
    ///
    /// As for [`resize`](Self::resize).
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let handle = heap.alloc(3)?;
    /// assert_eq!(heap.resize_mut(handle, 5)?.len(), 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn resize_mut(&mut self, handle: Handle<L>, size: usize) -> Result<&mut [u8], Error> {
        match self.resize_in_room(handle, size) {
            Some((pos, shape)) => {
                let block = self.arena.span_mut(pos, shape.units());
                let bytes = block.and_then(|block| block.payload(shape));
                Ok(bytes.unwrap_or_default())
            }
            None => self.resize_mut_any(handle, size),
        }
    }

    /// Apart, so that the common case need not keep registers for it.
    #[inline(never)]
    fn resize_mut_any(&mut self, handle: Handle<L>, size: usize) -> Result<&mut [u8], Error> {
        let place = self.resize_to(handle, size, &mut Nobody)?;
        Ok(self.arena.payload_mut(place).unwrap_or_default())
    }

    /// Where the payload is after a change of size.
    #[inline(never)]
    pub(crate) fn resize_to<K: Keeper<L, C>>(
        &mut self,
        handle: Handle<L>,
        size: usize,
        keeper: &mut K,
    ) -> Result<Place, Error> {
        if let Some((live, shape)) = self.plan_plain(handle, size) {
            match self.resize_plain(&live, shape) {
                Ok(true) => return Ok(shape.place(live.pos)),
                Ok(false) if self.maximum == Index::NONE && !K::PRESENT => {
                    if let Some(place) = self.change_places(&live, shape) {
                        return Ok(place);
                    }
                    if !Self::may_nudge(&live) {
                        if let Some(pos) = self.grow_by_moving(&live, shape, false, keeper)? {
                            return Ok(shape.place(pos));
                        }
                    }
                }
                // Damage, among others: nothing has changed yet.
                _ => {}
            }
        }
        self.resize_any(handle, size, keeper)
    }

    /// A plain block that may change its size, and its new shape.
    #[inline(always)]
    fn plan_plain(&self, handle: Handle<L>, size: usize) -> Option<(Live<L>, Shape<L>)> {
        let live = Live::find_plain(&self.arena, handle)?;
        let shape = Shape::new(size, 0)?;
        let sound = live.pos + live.units <= self.arena.tail()
            && handle.index() != self.maximum
            && live.is_plain_sound(&self.arena);
        sound.then_some((live, shape))
    }

    /// The commonest case: a plain short block whose end moves within its last granule or within the room
    /// behind it. Tells where it is, and its shape.
    #[inline(always)]
    pub(crate) fn resize_in_room(
        &mut self,
        handle: Handle<L>,
        size: usize,
    ) -> Option<(Pos, Shape<L>)> {
        if !self.arena.checks_quickly() {
            return None;
        }
        let (live, _) = Live::find_unaligned(&self.arena, handle)?;
        let shape = Shape::short(size);
        if shape.units().0 >= L::LONG.min(L::MAX_POS)
            || self.maximum != Index::NONE
            || !live.is_plain_sound(&self.arena)
        {
            return None;
        }
        let record = L::reshaped(&live.record, shape);
        let arena = self.arena.local();
        let mut block = if shape.units() == live.units {
            arena.into_span(live.pos, live.units)?
        } else {
            let (old, new) = (live.units, shape.units());
            self.index.move_within_room(arena, live.pos, old, new)?
        };
        block.put_flags(record.header);
        self.used.lower(live.units);
        self.used.add(shape.units());
        self.settled = false;
        if record.entry != live.record.entry {
            self.arena.put_entry(live.index, record.entry);
        }
        self.arena.put_digest(live.index, &record);
        Some((live.pos, shape))
    }

    /// The common case: a plain block whose end moves, or not even that; false if it cannot. An error leaves all as
    /// it was.
    #[inline(always)]
    fn resize_plain(&mut self, live: &Live<L>, shape: Shape<L>) -> Result<bool, Broken> {
        if shape.units() != live.units {
            if !self.move_end(live, shape.units())? {
                return Ok(false);
            }
            self.used.lower(live.units);
            self.used.add(shape.units());
        }
        self.put_shape(live.index, live.pos, &live.record, shape)?;
        Ok(true)
    }

    /// Lets a plain block that must grow and cannot where it is change places with a resting one of its new size:
    /// each gets the other's entry to point at it.
    #[inline(never)]
    fn change_places(&mut self, live: &Live<L>, shape: Shape<L>) -> Option<Place> {
        if L::align(&live.record) > 0
            || live.units < Arena::<L, C>::LEAST_LINKED
            || live.pos + live.units >= self.arena.tail()
        {
            return None;
        }
        let rested = self.index.resting().take(&self.arena, shape.units())?;
        let Ok((index, generation)) = self.number_of_resting(rested.pos, rested.header) else {
            return None;
        };
        let mut arena = self.arena.local();
        let header = arena.header(live.pos)?;
        let left = L::compose(
            live.pos,
            Shape::padded(live.units, 0),
            Traits {
                index,
                generation,
                align: 0,
                fixed: false,
                extended: false,
            },
        );
        arena.shift(live.pos, rested.pos, live.units)?;
        let record = L::reshaped(&live.record, shape);
        let entry = L::entry_at(record.entry, rested.pos);
        let follows = L::follows_free(rested.header);
        arena.put_header(rested.pos, L::set_follows_free(record.header, follows));
        arena.put_entry(live.index, entry);
        let header = L::set_follows_free(left.header, L::follows_free(header));
        arena.put_header(live.pos, header);
        arena.put_entry(index, left.entry);
        let record = Record { entry, ..record };
        arena.put_digest(live.index, &record);
        let resting = self.index.resting();
        resting.rest(&mut arena, live.pos, live.units, header)?;
        let seal = L::rested_seal(self.arena.digest(&left), 0);
        self.arena.put_seal(index, seal);
        self.used.lower(live.units);
        self.used.add(shape.units());
        self.counters.moved(1, live.units.bytes::<L>());
        self.settled = false;
        Some(shape.place(rested.pos))
    }

    /// Moves the end of a block, if nothing else must move for it, and leaves its header to the caller.
    /// An error leaves all as it was.
    #[inline(always)]
    fn move_end(&mut self, live: &Live<L>, units: Units) -> Result<bool, Broken> {
        let (old, new) = (live.pos + live.units, live.pos + units);
        if new < old {
            self.index.give_back_end(&mut self.arena, new, old)?;
        } else if self.maximum != Index::NONE
            || !self
                .index
                .take_behind(&mut self.arena, old, new - old, Self::room(units))?
        {
            return Ok(false);
        }
        // What is behind the block may be kept as a room, which only a sweep sees.
        self.settled = false;
        Ok(true)
    }

    /// Writes the metadata of a block that stays where it is. What its header says now about the block in
    /// front is right, and may not be what it was.
    #[inline(always)]
    fn put_shape(
        &mut self,
        index: Index,
        pos: Pos,
        record: &Record<L>,
        shape: Shape<L>,
    ) -> Result<(), Corruption> {
        let old = Record {
            header: self.arena.header(pos).unwrap_or(record.header),
            ..*record
        };
        let record = L::reshaped(&old, shape);
        self.arena.put_header(pos, record.header);
        self.arena.put_trailer(pos, shape.units(), record.trailer);
        if record.entry != old.entry {
            self.arena.put_entry(index, record.entry);
        }
        if C::ENABLED {
            let units = shape.units();
            Live {
                index,
                pos,
                units,
                record,
            }
            .seal(&mut self.arena)?;
        }
        Ok(())
    }

    /// What a block is and what it is to become.
    fn plan(&self, handle: Handle<L>, size: usize) -> Result<Change<L>, Error> {
        let live = Live::find(&self.arena, handle)?;
        live.verify(&self.arena)?;
        let extension = live.extension_bytes(&self.arena)?.len();
        let skipped = live.skipped(&self.arena);
        let Some(shape) = Shape::new(size, skipped + extension) else {
            return Err(Self::too_large(size));
        };
        Ok(Change {
            live,
            skipped,
            extension,
            shape,
        })
    }

    /// Moves any block's end, if nothing else must move for it. An error leaves all as it was.
    fn resize_in_place(&mut self, live: &Live<L>, shape: Shape<L>) -> Result<bool, Broken> {
        let (old, new) = (live.pos + live.units, live.pos + shape.units());
        if new <= old {
            live.copy_extension(&mut self.arena, live.pos, shape.units())?;
        }
        if new != old && !self.move_end(live, shape.units())? {
            return Ok(false);
        }
        if new > old {
            live.copy_extension(&mut self.arena, live.pos, shape.units())?;
        }
        let smaller = new < old || shape.pad() > L::pad(&live.record);
        if smaller && live.index == self.maximum {
            self.maximum = Index::NONE;
        }
        self.used.lower(live.units);
        self.used.add(shape.units());
        self.put_shape(live.index, live.pos, &live.record, shape)?;
        Ok(true)
    }

    /// Changes the size of any block, with all that it may take.
    #[inline(never)]
    fn resize_any<K: Keeper<L, C>>(
        &mut self,
        handle: Handle<L>,
        size: usize,
        keeper: &mut K,
    ) -> Result<Place, Error> {
        let mut appeal = Appeal::new(self, handle.index());
        loop {
            // Owners may have done anything, to this block as well.
            let change = self.plan(handle, size)?;
            let more = Units(change.shape.units().0.saturating_sub(change.live.units.0));
            let wanted = Some(Wanted {
                units: more,
                numbered: false,
            });
            if more > Units::ZERO && handle.index() == self.maximum {
                return Err(Error::MaximumHeld {
                    number: handle.number(),
                });
            }
            if more > Units::ZERO && self.maximum != Index::NONE {
                self.expect_no_maximum(wanted, keeper)?;
                continue; // an owner was asked
            }
            if let Some(pos) = self.gather_and_grow(handle, change.shape, keeper)? {
                return Ok(change.place(pos));
            }
            let possible = self.arena.top() - Pos::FIRST >= change.shape.units();
            if !possible || !self.appeal(&mut appeal, wanted, keeper)? {
                return Err(self.exhausted(size));
            }
        }
    }

    /// Makes a block larger, with as many blocks moved as it takes.
    fn gather_and_grow<K: Keeper<L, C>>(
        &mut self,
        handle: Handle<L>,
        shape: Shape<L>,
        keeper: &mut K,
    ) -> Result<Option<Pos>, Error> {
        let mut effort = Effort::Least;
        loop {
            let live = Live::find(&self.arena, handle)?;
            match self.resize_in_place(&live, shape) {
                Ok(true) => return Ok(Some(live.pos)),
                Ok(false) => {}
                Err(broken) => return Err(self.diagnose(broken)),
            }
            if self.grow_by_nudging(&live, shape, keeper)? {
                return Ok(Some(live.pos));
            }
            if let Some(pos) = self.grow_by_moving(&live, shape, false, keeper)? {
                return Ok(Some(pos));
            }
            let demand = Demand::growth(&live, shape.units());
            match self.make_room(&demand, effort, keeper)? {
                Room::Made => {}
                Room::NotThere => return Ok(None),
                Room::AsMuchAsPossible => break,
            }
            effort = effort.next();
        }
        let live = Live::find(&self.arena, handle)?;
        match self.resize_in_place(&live, shape) {
            Ok(true) => return Ok(Some(live.pos)),
            Ok(false) => {}
            Err(broken) => return Err(self.diagnose(broken)),
        }
        if let Some(pos) = self.grow_by_moving(&live, shape, true, keeper)? {
            return Ok(Some(pos));
        }
        if self.grow_by_pushing(&live, shape, keeper)? {
            return Ok(Some(live.pos));
        }
        // Beside one that cannot be pushed: what has been moved together may be all in the free tail.
        self.grow_by_moving(&live, shape, false, keeper)
    }

    /// Moves the block to where there is room for its new shape without moving anything else.
    fn grow_by_moving<K: Keeper<L, C>>(
        &mut self,
        live: &Live<L>,
        shape: Shape<L>,
        anywhere: bool,
        keeper: &mut K,
    ) -> Result<Option<Pos>, Error> {
        if L::is_fixed(&live.record) {
            return Ok(None);
        }
        let align = live.align();
        let found = if anywhere {
            self.index
                .take_anywhere(&mut self.arena, shape.units(), align)
        } else {
            self.take_place(shape.units(), align)
        };
        let place = match found {
            Ok(Some(place)) => place,
            Ok(None) => return Ok(None),
            Err(broken) => return Err(self.diagnose(broken)),
        };
        let told = match self.ask_to_move(live, place, keeper)? {
            Consent::Given(told) => told,
            Consent::Refused => {
                self.index
                    .return_hole(&mut self.arena, place, shape.units());
                self.settled = false;
                return Ok(None);
            }
        };
        Self::tell_of_move(live, place, keeper);
        // The neighbours may have been merged in the search: the old header knows.
        let follows_free = self.arena.header(live.pos).is_some_and(L::follows_free);
        let new_mark = self.arena.header(place).is_some_and(L::follows_free);
        let _ = self.arena.shift(live.pos, place, live.units);
        let header = L::set_follows_free(live.record.header, new_mark);
        self.arena.put_header(place, header);
        self.counters.moved(1, live.units.bytes::<L>());
        let moved = Live {
            pos: place,
            ..*live
        };
        moved.copy_extension(&mut self.arena, place, shape.units())?;
        self.reshape(live, place, shape)?;
        self.settled = false;
        let given = self
            .index
            .give_back(&mut self.arena, live.pos, live.units, follows_free);
        self.end_of_move(told, keeper);
        if let Err(broken) = given {
            return Err(self.diagnose(broken));
        }
        if !anywhere {
            self.keep_room(place + shape.units(), Self::room_behind(live, shape))?;
        }
        Ok(Some(place))
    }

    /// The share of its length that a block has behind it to grow into.
    fn room(units: Units) -> Units {
        Units(units.0 / 8)
    }

    /// How much space is worth keeping behind a block that has to be moved in order to grow: a large one that grows by a
    /// little will do so again, and is moved the less often.
    pub(crate) fn room_behind(live: &Live<L>, shape: Shape<L>) -> Units {
        let room = Self::room(shape.units());
        if Self::may_nudge(live) && shape.units() - live.units < room {
            room
        } else {
            Units::ZERO
        }
    }

    /// Keeps free space behind a block that ends at `end` for it alone, as long as none other is short.
    pub(crate) fn keep_room(&mut self, end: Pos, most: Units) -> Result<(), Error> {
        if most == Units::ZERO {
            return Ok(());
        }
        let kept = self.index.keep_room(&mut self.arena, end, most);
        kept.map_err(|broken| self.diagnose(broken))
    }

    /// Writes a block's metadata for a new place and shape; its old header and contents are there
    /// already.
    #[inline(always)]
    pub(crate) fn reshape(
        &mut self,
        live: &Live<L>,
        to: Pos,
        shape: Shape<L>,
    ) -> Result<(), Corruption> {
        let record = L::reshaped(&live.record, shape);
        let record = Record {
            entry: L::entry_at(record.entry, to),
            ..record
        };
        let new = Live {
            index: live.index,
            pos: to,
            units: shape.units(),
            record,
        };
        self.arena.put_used(to, record.header);
        self.arena.put_trailer(to, shape.units(), record.trailer);
        self.arena.put_entry(new.index, record.entry);
        self.used.lower(live.units);
        self.used.add(shape.units());
        new.seal(&mut self.arena)
    }
}
