//! Changing a block's size, in place where that can be done.

use crate::alloc::Shape;
use crate::block::Live;
use crate::check::Check;
use crate::error::{Corruption, Error};
use crate::handle::Handle;
use crate::heap::Heap;
use crate::layout::Layout;
use crate::units::{Index, Pos, Units};

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
    /// # let mut heap = buflib::Heap::<buflib::Standard>::from_bytes(&mut memory)?;
    /// let handle = heap.alloc(3)?;
    /// heap.get_mut(handle)?.copy_from_slice(b"abc");
    /// heap.resize(handle, 100)?;
    /// assert_eq!(heap.get(handle)?.len(), 100);
    /// assert_eq!(&heap.get(handle)?[..3], b"abc");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resize(&mut self, handle: Handle<L>, size: usize) -> Result<(), Error> {
        let live = Live::find(&self.arena, handle)?;
        live.verify(&self.arena)?;
        let extension = live.extension(&self.arena)?;
        let Some(shape) = Shape::new::<L, C>(size, extension, L::is_fixed(&live.record)) else {
            return Err(Self::too_large(size));
        };
        if shape.units <= live.units {
            return Ok(self.trim(&live, shape)?);
        }
        if self.maximum != Index::NONE && self.maximum != live.index() {
            return Err(Error::MaximumHeld { number: self.maximum.0 });
        }
        if self.grow_in_place(&live, shape)? || self.grow_by_moving(&live, shape)? {
            return Ok(());
        }
        let mut effort = 0;
        while self.make_room(Shape { units: shape.units - live.units, ..shape }, effort)? {
            let live = Live::find(&self.arena, handle)?;
            if self.grow_in_place(&live, shape)? || self.grow_by_moving(&live, shape)? {
                return Ok(());
            }
            effort += 1;
        }
        let live = Live::find(&self.arena, handle)?;
        if self.grow_by_pushing(&live, shape)? {
            return Ok(());
        }
        Err(self.exhausted(size))
    }

    /// Gives back what a block has beyond its new shape, which may be nothing but padding.
    fn trim(&mut self, live: &Live<L>, shape: Shape) -> Result<(), Corruption> {
        let excess = live.units - shape.units;
        let behind = live.pos + live.units;
        self.reshape(live, live.pos, shape)?;
        if excess > Units::ZERO {
            self.settled = false;
            if live.index() == self.maximum {
                self.maximum = Index::NONE;
            }
            self.merge_back(behind - excess, excess, false)?;
        }
        Ok(())
    }

    /// Takes the granules behind the block, if enough of them are free.
    fn grow_in_place(&mut self, live: &Live<L>, shape: Shape) -> Result<bool, Corruption> {
        let end = live.pos + live.units;
        let more = shape.units - live.units;
        if end == self.index.strip().0 {
            if self.index.cut(&mut self.arena, more).is_none() {
                return Ok(false);
            }
        } else if end == self.arena.tail() {
            if !self.arena.set_tail(end + more) {
                return Ok(false);
            }
        } else {
            match self.free_behind(end)? {
                Some(length) if length >= more => self.index.carve(&mut self.arena, end, length, more)?,
                _ => return Ok(false),
            }
        }
        self.reshape(live, live.pos, shape)?;
        Ok(true)
    }

    /// Moves the block to where there is room for its new shape without moving anything else.
    fn grow_by_moving(&mut self, live: &Live<L>, shape: Shape) -> Result<bool, Corruption> {
        if shape.immovable {
            return Ok(false);
        }
        let Some(place) = self.find_granules(shape)? else {
            return Ok(false);
        };
        let follows_free = self.arena.header(live.pos).is_some_and(L::follows_free);
        let _ = self.arena.shift(live.pos, place.pos, live.units);
        self.counters.moves += 1;
        self.counters.bytes_moved += live.units.0 * L::GRANULE;
        self.reshape(live, place.pos, shape)?;
        let header = self.arena.header(place.pos);
        if let Some(header) = header {
            self.arena.put_header(place.pos, L::set_follows_free(header, place.follows_free));
        }
        self.give_back(live.pos, live.units, follows_free)?;
        self.settled = false;
        Ok(true)
    }

    /// Pushes the blocks behind this one up into the free tail, as far as it needs. All blocks have
    /// been moved together before.
    fn grow_by_pushing(&mut self, live: &Live<L>, shape: Shape) -> Result<bool, Corruption> {
        let (start, tail) = (live.pos + live.units, self.arena.tail());
        let (mut pos, mut align) = (start, 1);
        while pos < tail {
            let header = self.header_in_row(pos)?;
            if L::is_free(header) {
                return Ok(false);
            }
            let other = Live::at(&self.arena, pos, header)?;
            if L::is_fixed(&other.record) {
                return Ok(false);
            }
            other.verify(&self.arena)?;
            align = align.max(other.extension(&self.arena)?.granules::<L>());
            pos = pos + other.units;
        }
        let more = Units((shape.units - live.units).0.next_multiple_of(align));
        if !self.arena.set_tail(tail + more) {
            return Ok(false);
        }
        let mut pos = start;
        while pos < tail {
            let header = self.header_in_row(pos)?;
            let other = Live::at(&self.arena, pos, header)?;
            other.put_moved(&mut self.arena, pos + more)?;
            self.counters.moves += 1;
            pos = pos + other.units;
        }
        let _ = self.arena.shift(start, start + more, tail - start);
        self.counters.bytes_moved += (tail - start).0 * L::GRANULE;
        let rest = live.units + more - shape.units;
        if rest > Units::ZERO {
            self.index.insert(&mut self.arena, live.pos + shape.units, rest);
        }
        self.reshape(live, live.pos, shape)?;
        Ok(true)
    }

    /// Writes a block's metadata for a new place and shape. The contents are there already; of
    /// those the extension still stands where the old shape had it.
    fn reshape(&mut self, live: &Live<L>, to: Pos, shape: Shape) -> Result<(), Corruption> {
        let follows_free = self.arena.header(to).is_some_and(L::follows_free);
        let record = L::compose(to, shape.units, shape.pad, live.record.traits());
        let new = Live { pos: to, units: shape.units, record };
        self.used = self.used + shape.units - live.units;
        if L::is_extended(&record) {
            let mut name = [0; u8::MAX as usize];
            let name = Live { pos: to, ..*live }.copy_name(&self.arena, &mut name)?;
            new.put_extension(&mut self.arena, shape.extension, name);
        }
        self.arena.put_header(to, L::set_follows_free(record.header, follows_free));
        self.arena.put_entry(new.index(), record.entry);
        new.seal(&mut self.arena)
    }
}
