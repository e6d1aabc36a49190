//! Making blocks smaller from either side, without moving what is left.

use core::ops::Range;

use crate::arena::Shape;
use crate::block::Live;
use crate::check::Check;
use crate::error::{Broken, Error};
use crate::handle::Handle;
use crate::heap::Heap;
use crate::layout::{Layout, OFF_GRANULE, Traits};
use crate::units::{Index, Units};

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Makes a block smaller: of its payload, the bytes of `kept` stay, exactly where they are, and become
    /// the whole payload. What is in front of them and behind them becomes free space, as far as it
    /// makes up whole granules. Constant time.
    ///
    /// The kept bytes need not start at a granule. A block that was aligned keeps so much of its alignment
    /// as its new start has; if that is off the granule, a later move keeps that distance.
    ///
    /// # Errors
    ///
    /// [`Error::OutsidePayload`] if the range is not in the payload, and as for
    /// [`get`](Self::get). Nothing has changed then.
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let handle = heap.alloc(100)?;
    /// heap.get_mut(handle)?[37..42].copy_from_slice(b"hello");
    /// let before = heap.available();
    /// heap.shrink(handle, 37..42)?;
    /// assert_eq!(heap.get(handle)?, b"hello");
    /// assert!(heap.available() >= before + 80);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shrink(&mut self, handle: Handle<L>, kept: Range<usize>) -> Result<(), Error> {
        let live = Live::find(&self.arena, handle)?;
        live.verify(&self.arena)?;
        let len = live.len(&self.arena)?;
        if kept.start > kept.end || kept.end > len {
            return Err(Error::OutsidePayload {
                start: kept.start,
                end: kept.end,
                len,
            });
        }
        if kept == (0..len) {
            return Ok(());
        }
        match self.cut_to(&live, kept) {
            Ok(()) => Ok(()),
            Err(broken) => Err(self.diagnose(broken)),
        }
    }

    fn cut_to(&mut self, live: &Live<L>, kept: Range<usize>) -> Result<(), Broken> {
        // Counted from the end of the header.
        let start = live.skipped(&self.arena) + kept.start;
        let (front, skipped) = (Units(start / L::GRANULE), start % L::GRANULE);
        let extended = live.has_extension(&self.arena);
        let extension = live.extension_bytes(&self.arena)?.len();
        let Some(shape) = Shape::new(skipped + kept.len(), extension) else {
            return Err(Broken);
        };
        let (pos, old_end) = (live.pos + front, live.pos + live.units);
        let end = pos + shape.units();
        if end > old_end {
            return Err(Broken);
        }
        // The extension first: it is copied from where the old header says.
        live.copy_extension(&mut self.arena, pos, shape.units())?;
        let align = if skipped > 0 {
            OFF_GRANULE
        } else {
            (front.0 | live.align()).trailing_zeros()
        };
        let record = L::compose(
            pos,
            shape,
            Traits {
                align,
                extended: extended || skipped > 0,
                ..live.traits()
            },
        );
        let follows_free = self.arena.header(live.pos).is_some_and(L::follows_free);
        let mark = if front > Units::ZERO {
            false
        } else {
            follows_free
        };
        self.arena
            .put_header(pos, L::set_follows_free(record.header, mark));
        self.arena.put_trailer(pos, shape.units(), record.trailer);
        self.arena.put_entry(live.index, record.entry);
        let new = Live {
            index: live.index,
            pos,
            units: shape.units(),
            record,
        };
        if skipped > 0 {
            new.put_front_word(&mut self.arena, skipped, extended);
        }
        new.seal(&mut self.arena)?;
        self.used.lower(live.units - shape.units());
        if live.index == self.maximum {
            self.maximum = Index::NONE;
        }
        self.settled = false;
        if end < old_end {
            self.index.give_back_end(&mut self.arena, end, old_end)?;
        }
        if front > Units::ZERO {
            self.index
                .merge(&mut self.arena, live.pos, front, follows_free)?;
        }
        Ok(())
    }
}
