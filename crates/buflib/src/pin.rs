//! Pins: blocks that stay in place for a while.
//!
//! ```text
//! plain:   entry i --position--> header, number i
//! pinned:  entry i --position--> header, number r      entry r: pin record, number i, count
//! ```
//!
//! A pinned block's header is marked as immovable and names a *pin record* instead of its own entry: an
//! entry of the handle table that keeps the count. So a block that is not pinned pays nothing, and
//! any number of blocks can be pinned.

use core::fmt;
use core::ops::{Deref, DerefMut};

use crate::arena::Shape;
use crate::block::Live;
use crate::check::Check;
use crate::error::Error;
use crate::handle::Handle;
use crate::heap::Heap;
use crate::layout::{Encoding, Layout, Traits};
use crate::owner::Nobody;
use crate::units::Index;

/// A block that stays where it is for as long as this guard lives. It stands for the heap, which can be
/// used through it meanwhile.
///
/// A pinned block costs one table entry. A guard that is forgotten (with [`mem::forget`](core::mem::forget)
/// or [`keep`](Self::keep)) leaves its pin: the block stays in place, cannot be freed, and compaction works
/// around it, until [`Heap::unpin`] is called as often.
///
/// ```
/// # let mut memory = [0; 512];
/// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
/// let (first, buffer) = (heap.alloc(50)?, heap.alloc(100)?);
/// let mut pinned = heap.pin(buffer)?;
/// let address = pinned.bytes().as_ptr(); // goes to the hardware
/// pinned.free(first)?;
/// pinned.compact()?;
/// assert_eq!(pinned.bytes().as_ptr(), address);
/// drop(pinned);
/// heap.compact()?;
/// assert_ne!(heap.get(buffer)?.as_ptr(), address);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Pinned<'h, 'a, L: Layout, C: Check> {
    heap: &'h mut Heap<'a, L, C>,
    handle: Handle<L>,
}

impl<L: Layout, C: Check> Pinned<'_, '_, L, C> {
    /// The handle of the block.
    #[must_use]
    pub fn handle(&self) -> Handle<L> {
        self.handle
    }

    /// The block's payload; empty if something else than this guard has unpinned and freed it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.heap.get(self.handle).unwrap_or_default()
    }

    /// The block's payload, to write; empty if something else than this guard has unpinned and
    /// freed it.
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.heap.get_mut(self.handle).unwrap_or_default()
    }

    /// Leaves the block pinned.
    pub fn keep(self) {
        core::mem::forget(self);
    }
}

impl<'a, L: Layout, C: Check> Deref for Pinned<'_, 'a, L, C> {
    type Target = Heap<'a, L, C>;

    fn deref(&self) -> &Self::Target {
        self.heap
    }
}

impl<L: Layout, C: Check> DerefMut for Pinned<'_, '_, L, C> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.heap
    }
}

impl<L: Layout, C: Check> Drop for Pinned<'_, '_, L, C> {
    fn drop(&mut self) {
        // Only damage, or one `unpin` too many, makes this fail; then there is no pin to release.
        let _ = self.heap.unpin(self.handle);
    }
}

impl<L: Layout, C: Check> fmt::Debug for Pinned<'_, '_, L, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinned")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}

/// A pin record that has been read: pins, and whether the block is immovable without them.
#[derive(Clone, Copy)]
struct Pins {
    record: Index,
    count: u32,
    immovable: bool,
}

impl Pins {
    fn most<L: Encoding>() -> u32 {
        L::MAX_PIN_COUNT >> 1
    }

    fn entry<L: Encoding>(self, number: Index) -> L::Entry {
        L::pin_record(number, self.count << 1 | u32::from(self.immovable))
    }

    fn of<L: Layout, C: Check>(heap: &Heap<'_, L, C>, live: &Live<L>) -> Option<Self> {
        let record = live.named();
        let entry = heap.arena.entry(record)?;
        L::is_pin_record(entry).then(|| Self {
            record,
            count: L::pin_count(entry) >> 1,
            immovable: L::pin_count(entry) & 1 == 1,
        })
    }
}

impl<'a, L: Layout, C: Check> Heap<'a, L, C> {
    /// Keeps a block in place until the guard is dropped. Pins are counted: the block can move again when
    /// all are gone. Constant time, unless blocks must move to make room for one more table entry.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyPins`] at the layout's limit of pins on one block (63 for
    /// [`Narrow`](crate::Narrow), 15 for [`Standard`](crate::Standard), 127 for
    /// [`Wide`](crate::Wide)), [`Error::Exhausted`] or [`Error::HandlesExhausted`] if there
    /// is no room for a table entry, and as for [`get`](Self::get).
    pub fn pin(&mut self, handle: Handle<L>) -> Result<Pinned<'_, 'a, L, C>, Error> {
        let live = Live::find(&self.arena, handle)?;
        live.verify(&self.arena)?;
        match Pins::of(self, &live) {
            Some(pins) if pins.count >= Pins::most::<L>() => {
                return Err(Error::TooManyPins {
                    number: handle.number(),
                    limit: Pins::most::<L>() as usize,
                });
            }
            Some(pins) => {
                let more = Pins {
                    count: pins.count + 1,
                    ..pins
                };
                self.arena
                    .put_entry(pins.record, more.entry::<L>(live.index));
                live.seal(&mut self.arena)?;
            }
            None => self.add_record(handle)?,
        }
        Ok(Pinned { heap: self, handle })
    }

    fn add_record(&mut self, handle: Handle<L>) -> Result<(), Error> {
        self.table.expect_number()?;
        if !self.provide_number() {
            self.compact_all(&mut Nobody)?;
            if !self.provide_number() {
                return Err(self.exhausted(0));
            }
        }
        let Some(number) = self.table.next(&self.arena) else {
            return Err(self.table.broken(&self.arena).into());
        };
        let live = Live::find(&self.arena, handle)?;
        let pins = Pins {
            record: number.index,
            count: 1,
            immovable: L::is_fixed(&live.record),
        };
        self.table.take_record(&number);
        self.arena
            .put_entry(number.index, pins.entry::<L>(live.index));
        self.rename(&live, number.index, true)
    }

    /// Writes another number and the mark of an immovable block into a block's header.
    fn rename(&mut self, live: &Live<L>, number: Index, fixed: bool) -> Result<(), Error> {
        let record = L::compose(
            live.pos,
            Shape::padded(live.units, L::pad(&live.record)),
            Traits {
                index: number,
                fixed,
                ..live.traits()
            },
        );
        self.arena.put_used(live.pos, record.header);
        self.arena.put_trailer(live.pos, live.units, record.trailer);
        self.arena.put_entry(live.index, record.entry);
        let changed = usize::from(fixed).wrapping_sub(L::is_fixed(&live.record).into());
        self.fixed = self.fixed.wrapping_add(changed);
        Live { record, ..*live }.seal(&mut self.arena)?;
        Ok(())
    }

    /// Takes one pin off a block, for pins whose guard is gone. Constant time.
    ///
    /// # Errors
    ///
    /// [`Error::NotPinned`], and as for [`get`](Self::get).
    pub fn unpin(&mut self, handle: Handle<L>) -> Result<(), Error> {
        let live = Live::find(&self.arena, handle)?;
        live.verify(&self.arena)?;
        let Some(pins) = Pins::of(self, &live) else {
            return Err(Error::NotPinned {
                number: handle.number(),
            });
        };
        if pins.count > 1 {
            let fewer = Pins {
                count: pins.count - 1,
                ..pins
            };
            self.arena
                .put_entry(pins.record, fewer.entry::<L>(live.index));
            live.seal(&mut self.arena)?;
            return Ok(());
        }
        self.rename(&live, live.index, pins.immovable)?;
        self.table.release_record(&mut self.arena, pins.record);
        self.settled = false;
        Ok(())
    }

    /// How many pins a block has. Constant time.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    pub fn pin_count(&self, handle: Handle<L>) -> Result<usize, Error> {
        let live = Live::find_sound(&self.arena, handle)?;
        Ok(Pins::of(self, &live).map_or(0, |pins| pins.count as usize))
    }

    /// An error if the block is pinned.
    #[inline(always)]
    pub(crate) fn refuse_pinned(&self, live: &Live<L>) -> Result<(), Error> {
        if !L::is_fixed(&live.record) {
            return Ok(());
        }
        match Pins::of(self, live) {
            Some(pins) => Err(Error::Pinned {
                number: live.index.0,
                pins: pins.count as usize,
            }),
            None => Ok(()),
        }
    }
}
