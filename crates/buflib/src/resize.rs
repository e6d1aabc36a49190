//! Changing a block's size, in place where that can be done.

use crate::alloc::Shape;
use crate::block::Live;
use crate::check::Check;
use crate::error::{Broken, Corruption, Error};
use crate::handle::Handle;
use crate::heap::Heap;
use crate::layout::{FreeKind, Layout, Record};
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
        self.resize_to(handle, size).map(drop)
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
        let (pos, units, taken) = self.resize_to(handle, size)?;
        Ok(self
            .arena
            .payload_mut(pos, units, taken)
            .unwrap_or_default())
    }

    /// Where the payload is after a change of size.
    #[inline(never)]
    fn resize_to(&mut self, handle: Handle<L>, size: usize) -> Result<(Pos, Units, usize), Error> {
        let (live, extension) = match Live::find_plain(&self.arena, handle) {
            Some(live) if live.pos + live.units <= self.arena.tail() => (live, 0),
            _ => {
                let live = Live::find(&self.arena, handle)?;
                (live, live.extension(&self.arena)?.len())
            }
        };
        live.verify(&self.arena)?;
        let Some(shape) = Shape::new::<L, C>(size, extension) else {
            return Err(Self::too_large(size));
        };
        let pos = match self.resize_in_place(&live, shape) {
            Ok(true) => live.pos,
            _ => self.grow(handle, shape, size)?,
        };
        Ok((pos, shape.units, shape.pad + extension))
    }

    /// Moves the block's end, if nothing else must move for it. An error leaves all as it was.
    #[inline(always)]
    fn resize_in_place(&mut self, live: &Live<L>, shape: Shape) -> Result<bool, Broken> {
        let end = live.pos + live.units;
        if shape.units > live.units {
            let more = shape.units - live.units;
            if self.maximum != Index::NONE || !self.index.take_behind(&mut self.arena, end, more)? {
                return Ok(false);
            }
            // What is behind the block may be kept as a room, which only a sweep sees.
            self.settled = false;
            self.move_extension(live, live.pos, shape)?;
        } else if shape.units < live.units {
            self.move_extension(live, live.pos, shape)?;
            self.index
                .give_back_end(&mut self.arena, live.pos + shape.units, end)?;
            self.settled = false;
        }
        let smaller = shape.units < live.units || shape.pad > L::pad(&live.record);
        if smaller && live.index() == self.maximum {
            self.maximum = Index::NONE;
        }
        self.reshape(live, live.pos, shape)?;
        Ok(true)
    }

    /// Makes a block larger where what is behind it is not free, and tells where it is then.
    #[inline(never)]
    fn grow(&mut self, handle: Handle<L>, shape: Shape, size: usize) -> Result<Pos, Error> {
        if self.maximum != Index::NONE {
            return Err(Error::MaximumHeld {
                number: self.maximum.0,
            });
        }
        let mut effort = 0;
        loop {
            let live = Live::find(&self.arena, handle)?;
            match self.resize_in_place(&live, shape) {
                Ok(true) => return Ok(live.pos),
                Ok(false) => {}
                Err(broken) => return Err(self.diagnose(broken)),
            }
            match self.grow_by_moving(&live, shape, false) {
                Ok(Some(pos)) => return Ok(pos),
                Ok(None) => {}
                Err(broken) => return Err(self.diagnose(broken)),
            }
            if !self.make_room(shape.units - live.units, effort)? {
                break;
            }
            effort += 1;
        }
        if !self.settled {
            // There is less free space than is wanted.
            return Err(self.exhausted(size));
        }
        let live = Live::find(&self.arena, handle)?;
        match self.grow_by_moving(&live, shape, true) {
            Ok(Some(pos)) => return Ok(pos),
            Ok(None) => {}
            Err(broken) => return Err(self.diagnose(broken)),
        }
        if self.grow_by_pushing(&live, shape)? {
            return Ok(live.pos);
        }
        Err(self.exhausted(size))
    }

    /// Moves the block to where there is room for its new shape without moving anything else.
    fn grow_by_moving(
        &mut self,
        live: &Live<L>,
        shape: Shape,
        anywhere: bool,
    ) -> Result<Option<Pos>, Broken> {
        if L::is_fixed(&live.record) {
            return Ok(None);
        }
        let (arena, align) = (&mut self.arena, live.align());
        let found = if anywhere {
            self.index.take_anywhere(arena, shape.units, align)?
        } else {
            self.index.take(arena, shape.units, align)?
        };
        let Some(place) = found else {
            return Ok(None);
        };
        // The neighbours may have been merged in the search: the old header knows.
        let follows_free = self.arena.header(live.pos).is_some_and(L::follows_free);
        let new_mark = self.arena.header(place).is_some_and(L::follows_free);
        let _ = self.arena.shift(live.pos, place, live.units);
        let header = L::set_follows_free(live.record.header, new_mark);
        self.arena.put_header(place, header);
        self.counters.moved(1, live.units.bytes::<L>());
        self.move_extension(live, place, shape)?;
        self.reshape(live, place, shape)?;
        self.settled = false;
        self.index
            .give_back(&mut self.arena, live.pos, live.units, follows_free)?;
        Ok(Some(place))
    }

    /// Pushes the blocks behind this one up into the next free space that is large enough, as far as
    /// it needs. All blocks have been moved together before.
    fn grow_by_pushing(&mut self, live: &Live<L>, shape: Shape) -> Result<bool, Corruption> {
        let (start, tail) = (live.pos + live.units, self.arena.tail());
        let wanted = (shape.units - live.units).0;
        let (mut end, mut align, mut gap_end) = (start, 1, None);
        while end < tail {
            let header = self.header_in_row(end)?;
            let next = end + L::units(header);
            if !L::is_free(header) {
                let other = Live::at(&self.arena, end, header)?;
                if L::is_fixed(&other.record) {
                    return Ok(false);
                }
                other.verify(&self.arena)?;
                align = align.max(other.align());
            } else if L::units(header).0 >= wanted.next_multiple_of(align) {
                gap_end = Some(next);
                break;
            }
            end = next;
        }
        // What is aligned stays so.
        let more = Units(wanted.next_multiple_of(align));
        if gap_end.is_none() && !self.arena.set_tail(tail + more) {
            return Ok(false);
        }
        let (mut pos, mut moves) = (start, 0);
        while pos < end {
            let header = self.header_in_row(pos)?;
            if !L::is_free(header) {
                let other = Live::at(&self.arena, pos, header)?;
                other.put_moved(&mut self.arena, pos + more)?;
                moves += 1;
            }
            pos = pos + L::units(header);
        }
        let _ = self.arena.shift(start, start + more, end - start);
        self.counters.moved(moves, (end - start).bytes::<L>());
        self.put_rest(end + more, gap_end.unwrap_or(end + more));
        self.put_rest(live.pos + shape.units, start + more);
        self.move_extension(live, live.pos, shape)?;
        self.reshape(live, live.pos, shape)?;
        // Free blocks among those that were pushed are not where the index has them.
        self.merge_all()?;
        self.settled = false;
        Ok(true)
    }

    /// Makes what may be left between two blocks free, for the next sweep to merge.
    fn put_rest(&mut self, from: Pos, to: Pos) {
        if from < to {
            self.arena
                .put_free(from, FreeKind::Cached, to - from, false, Pos::NIL);
        }
    }

    /// Moves the extension of a block that now starts at `to` to where its new shape has it.
    #[inline(always)]
    fn move_extension(&mut self, live: &Live<L>, to: Pos, shape: Shape) -> Result<(), Corruption> {
        if !L::is_extended(&live.record) {
            return Ok(());
        }
        Live { pos: to, ..*live }.copy_extension(&mut self.arena, shape.units)
    }

    /// Writes a block's metadata for a new place and shape; its old header and contents are there
    /// already.
    #[inline(always)]
    fn reshape(&mut self, live: &Live<L>, to: Pos, shape: Shape) -> Result<(), Corruption> {
        let record = L::reshaped(&live.record, shape.units, shape.pad);
        let record = Record {
            entry: L::entry_at(record.entry, to),
            ..record
        };
        let new = Live {
            pos: to,
            units: shape.units,
            record,
        };
        self.arena.put_used(to, record.header);
        self.arena.put_trailer(to, shape.units, record.trailer);
        self.arena.put_entry(new.index(), record.entry);
        self.used.0 = self
            .used
            .0
            .wrapping_add(shape.units.0)
            .wrapping_sub(live.units.0);
        new.seal(&mut self.arena)
    }
}
