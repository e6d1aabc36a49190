//! Giving memory out at either end of the arena, and taking it back.

use super::{Refused, RegionError};
use crate::arena::Given;
use crate::check::Check;
use crate::error::Corruption;
use crate::heap::Heap;
use crate::layout::{FreeKind, Layout};
use crate::owner::Nobody;
use crate::units::{Pos, Units};

impl<'a, L: Layout, C: Check> Heap<'a, L, C> {
    /// Gives out the first bytes of the arena: all blocks move up by as much as is asked for, or by
    /// as much as possible.
    ///
    /// What is given out is a whole number of granules, and of the largest alignment among the
    /// blocks, so that each stays aligned: rounded up if that is free, otherwise what is free rounded
    /// down, which may be nothing. Free space among the blocks is gathered first if it takes that.
    /// Bytes that were never in use are zeroed; the others are as they were left.
    ///
    /// Linear in the bytes up to the last block; in the number of blocks as well if one was ever
    /// aligned or immovable; and as [`compact`](Self::compact) where space must be gathered.
    ///
    /// # Errors
    ///
    /// [`RegionError::Immovable`] with the first block that may not move, before anything moves;
    /// [`RegionError::Corrupt`] if damaged metadata was met.
    ///
    /// ```
    /// let mut memory = [0; 4096];
    /// let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let handle = heap.alloc(3)?;
    /// heap.get_mut(handle)?.copy_from_slice(b"abc");
    /// let mut screen = heap.give_front(1024)?;
    /// screen.fill(0xff); // a slice of its own, while the heap is in use
    /// assert_eq!((screen.len(), heap.get(handle)?), (1024, &b"abc"[..]));
    /// heap.take_front(screen).map_err(|refused| refused.error)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn give_front(&mut self, bytes: usize) -> Result<Given<'a>, RegionError> {
        let step = self.grain()?;
        let wanted = bytes
            .div_ceil(L::GRANULE)
            .checked_next_multiple_of(step)
            .unwrap_or(usize::MAX);
        if self.arena.room() / L::GRANULE < wanted {
            self.compact_all(&mut Nobody)?;
        }
        let most = wanted.min(self.arena.room() / L::GRANULE);
        let units = Units(most & step.wrapping_neg());
        // What is not more than the room is given out.
        let given = self.arena.give_front(units).unwrap_or_default();
        if !given.is_empty() {
            let row = self.arena.row().len();
            self.counters.moved(self.table.live(), row);
        }
        Ok(given)
    }

    /// The same, with blocks that may not move left where they are: then no more is given out than is free in
    /// front of the first of them and behind the blocks in front of that, as they lie. [`compact`](Self::compact)
    /// before makes that the most.
    ///
    /// Linear in the blocks and in the bytes in front of the first that may not move.
    ///
    /// # Errors
    ///
    /// [`RegionError::Corrupt`] if damaged metadata was met, before anything moves.
    ///
    /// ```
    /// # use buflib::Request;
    /// # let mut memory = [0; 4096];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let (movable, hole) = (heap.alloc(90)?, heap.alloc(1000)?);
    /// let fixed = heap.alloc_with(Request::new(100).immovable())?;
    /// heap.free(hole)?;
    /// let place = heap.get(fixed)?.as_ptr();
    /// assert!(heap.give_front(500).is_err());
    /// assert_eq!(heap.give_free_front(500)?.len(), 504);
    /// assert_eq!(heap.get(fixed)?.as_ptr(), place);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn give_free_front(&mut self, bytes: usize) -> Result<Given<'a>, RegionError> {
        if self.fixed == 0 {
            return self.give_front(bytes);
        }
        self.check()?;
        self.merge_all()?;
        // The blocks in front of the first that may not move, and where they end.
        let (mut pos, mut end, mut align) = (Pos::FIRST, Pos::FIRST, 1);
        let fixed = loop {
            match self.next_in_use(&mut pos, self.arena.tail())? {
                Some(live) if L::is_fixed(&live.record) => break live.pos,
                Some(live) => {
                    align = align.max(live.align());
                    end = live.pos + live.units;
                }
                None => return self.give_front(bytes),
            }
        };
        let wanted = bytes.div_ceil(L::GRANULE).checked_next_multiple_of(align);
        let most = wanted.unwrap_or(usize::MAX).min((fixed - end).0);
        let units = Units(most & align.wrapping_neg());
        if units == Units::ZERO {
            return Ok(Given::default());
        }
        // Everything has been looked through, so that none of this fails halfway.
        let mut pos = fixed;
        while let Some(live) = self.next_in_use(&mut pos, self.arena.tail())? {
            live.put_moved(&mut self.arena, live.pos - units)?;
        }
        let moved = end - Pos::FIRST;
        let given = self.arena.give_front_of(units, moved).unwrap_or_default();
        let (end, fixed) = (end, fixed - units);
        if end < fixed {
            self.arena
                .put_free(end, FreeKind::Cached, fixed - end, false, Pos::NIL);
        }
        self.counters.moved(0, moved.bytes::<L>());
        self.settled = false;
        self.merge_all()?;
        Ok(given)
    }

    /// Takes memory that [`give_front`](Self::give_front) gave out back, the last given first. It is
    /// free space in front of the blocks, none of which moves. Linear in the blocks and the table's
    /// entries.
    ///
    /// # Errors
    ///
    /// With the memory given back, and nothing changed: [`RegionError::NotAdjacent`] unless it lies
    /// right in front of the arena and was given out there, [`RegionError::TooLarge`] if the layout
    /// cannot address so much, [`RegionError::Corrupt`] if damaged metadata was met.
    pub fn take_front(&mut self, given: Given<'a>) -> Result<(), Refused<Given<'a>>> {
        if given.is_empty() {
            return Ok(());
        }
        let units = Units(given.len() / L::GRANULE);
        if let Err(error) = self.admit_front(&given, units) {
            return Err(Refused::new(given, error));
        }
        // Everything has been looked through, so that none of this fails halfway. Resting blocks give
        // their entries up, which would have to follow them.
        if let Err(corruption) = self.merge_all() {
            return Err(Refused::new(given, corruption.into()));
        }
        if let Err(corruption) = self.renumber(units) {
            return Err(Refused::new(given, corruption.into()));
        }
        if let Err(given) = self.arena.take_front(given) {
            let error = self.not_in_front(&given);
            return Err(Refused::new(given, error));
        }
        self.arena
            .put_free(Pos::FIRST, FreeKind::Cached, units, false, Pos::NIL);
        self.settled = false;
        let _ = self.merge_all();
        Ok(())
    }

    /// Whether memory in front may be taken in.
    fn admit_front(&self, given: &Given<'a>, units: Units) -> Result<(), RegionError> {
        if !self.arena.is_in_front(given) {
            return Err(self.not_in_front(given));
        }
        if (self.arena.tail() + units).0 > L::MAX_POS {
            return Err(RegionError::TooLarge {
                bytes: self.arena.size() + given.len(),
                limit: L::MAX_ARENA_BYTES,
            });
        }
        Ok(self.check()?)
    }

    fn not_in_front(&self, given: &Given<'a>) -> RegionError {
        RegionError::NotAdjacent {
            found: given.past(),
            expected: self.arena.base(),
        }
    }

    /// Tells each entry that its block will be `by` granules further from the start.
    fn renumber(&mut self, by: Units) -> Result<(), Corruption> {
        let (mut pos, tail) = (Pos::FIRST, self.arena.tail());
        while let Some(live) = self.next_in_use(&mut pos, tail)? {
            live.put_moved(&mut self.arena, live.pos + by)?;
        }
        Ok(())
    }

    /// Gives out the last bytes of the arena: the handle table, which lies there, moves down by as
    /// much as is asked for, or by as much as possible. Blocks that may not move do not matter.
    ///
    /// What is given out is a whole number of table entries (check words not counted): rounded up if
    /// that is free, otherwise what is free rounded down, which may be nothing. Free space among
    /// the blocks is gathered first if it takes that. Bytes that were never in use are zeroed; the
    /// others are as they were left.
    ///
    /// Linear in the table's entries and the bytes given out, and as [`compact`](Self::compact) where
    /// space must be gathered.
    ///
    /// # Errors
    ///
    /// [`RegionError::Corrupt`] if damaged metadata was met in gathering space.
    ///
    /// ```
    /// let mut memory = [0; 4096];
    /// let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let all = heap.give_end(usize::MAX)?;
    /// assert!(heap.alloc(1).is_err());
    /// heap.take_end(all).map_err(|refused| refused.error)?;
    /// assert!(heap.alloc(1).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn give_end(&mut self, bytes: usize) -> Result<Given<'a>, RegionError> {
        let entry = size_of::<L::Entry>();
        let wanted = bytes.checked_next_multiple_of(entry).unwrap_or(usize::MAX);
        if self.arena.room() < wanted {
            self.compact_all(&mut Nobody)?;
        }
        let most = wanted.min(self.arena.room());
        Ok(self.arena.give_end(most - most % entry).unwrap_or_default())
    }

    /// Takes memory that [`give_end`](Self::give_end) gave out back, the last given first. Linear in
    /// the table's entries.
    ///
    /// # Errors
    ///
    /// With the memory given back, and nothing changed: [`RegionError::NotAdjacent`] unless it lies
    /// right behind the arena and was given out there.
    pub fn take_end(&mut self, given: Given<'a>) -> Result<(), Refused<Given<'a>>> {
        if given.is_empty() {
            return Ok(());
        }
        self.arena.take_end(given).map_err(|given| {
            let error = RegionError::NotAdjacent {
                found: given.first(),
                expected: self.arena.base().wrapping_add(self.arena.size()),
            };
            Refused::new(given, error)
        })?;
        self.settled = false;
        Ok(())
    }
}
