//! A heap, and what is known of it: operations carried out on both, and compared.

use buflib::{Budget, Check, Error, Handle, Heap, Layout, Request};

use super::fit::Row;
use super::known::{Known, Own};
use super::op::{Kind, Manner, Op};
use crate::memory::{Memory, Pattern, entry_bytes};

pub(crate) struct World<'a, 'p, L: Layout, C: Check> {
    pub(crate) heap: Heap<'a, L, C>,
    pub(crate) known: Known<'p, L>,
    bytes: usize,
}

/// What came of an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was done, and if it was an allocation, the new block has this number.
    Done(Option<u8>),
    /// It was refused, as it had to be.
    Refused,
}

/// What is not as it must be.
pub(crate) type Trouble = String;

impl<'a, 'p, L: Layout, C: Check> World<'a, 'p, L, C> {
    pub(crate) fn new(memory: &'a mut Memory, pattern: &'p Pattern) -> Result<Self, Trouble> {
        let bytes = memory.fresh_bytes();
        Ok(Self {
            bytes: bytes.len(),
            heap: Heap::from_bytes(bytes).map_err(|error| error.to_string())?,
            known: Known {
                blocks: Vec::with_capacity(8),
                held: None,
                pattern,
                trouble: None,
            },
        })
    }

    /// Carries out an operation, without a look at what it has to leave alone.
    pub(crate) fn apply(&mut self, op: Op) -> Result<Outcome, Trouble> {
        let result = match op {
            Op::Alloc { size, kind, asked } => self.alloc(size.into(), kind, asked),
            Op::Maximum { asked } => self.maximum(asked),
            Op::Free(number) => self.free(number),
            Op::Resize {
                number,
                size,
                asked,
            } => self.resize(number, size.into(), asked),
            Op::Shrink { number, start, end } => {
                self.shrink(number, (usize::from(start), usize::from(end)))
            }
            Op::Pin(number) => self.pin(number),
            Op::Unpin(number) => self.unpin(number),
            Op::Compact { asked } => self.compact(asked),
            Op::Step {
                bytes,
                blocks,
                asked,
            } => self.step(bytes.into(), blocks.into(), asked),
        };
        match (result, self.known.trouble.take()) {
            (_, Some(trouble)) | (Err(Stop::Trouble(trouble)), None) => Err(trouble),
            (Ok(new), None) => Ok(Outcome::Done(new)),
            (Err(Stop::Refused(error)), None) => {
                self.justified(op, error).map(|()| Outcome::Refused)
            }
        }
    }

    fn alloc(&mut self, size: usize, kind: Kind, asked: bool) -> Result<Option<u8>, Stop> {
        let request = Request::new(size);
        let (request, align, immovable, manner) = match kind {
            Kind::Plain => (request, 1, false, None),
            Kind::Immovable => (request.immovable(), 1, true, None),
            Kind::Aligned(align) => (request.align(align.into()), align, false, None),
            Kind::Owned(manner @ Manner::Refuses) => {
                (request.owner(manner as u32), 1, false, Some(manner))
            }
            Kind::Owned(manner @ Manner::Gives) => {
                (request.shrinkable(manner as u32), 1, false, Some(manner))
            }
        };
        let handle = match (kind, asked) {
            (Kind::Plain, false) => self.heap.alloc(size),
            (Kind::Plain, true) => self.heap.with(&mut self.known).alloc(size),
            (_, false) => self.heap.alloc_with(request),
            (_, true) => self.heap.with(&mut self.known).alloc_with(request),
        }?;
        self.adopt(handle, |own| Own {
            len: size,
            align: usize::from(align).max(L::GRANULE_BYTES),
            immovable,
            manner,
            ..own
        })
    }

    fn maximum(&mut self, asked: bool) -> Result<Option<u8>, Stop> {
        let (handle, len) = if asked {
            self.heap.with(&mut self.known).alloc_maximum()
        } else {
            self.heap.alloc_maximum()
        }?;
        if self.known.held.is_some() {
            return Err(Stop::Trouble("the rest was given out twice".into()));
        }
        self.known.held = Some(handle);
        self.adopt(handle, |own| Own { len, ..own })
    }

    /// Takes note of a new block.
    fn adopt(
        &mut self,
        handle: Handle<L>,
        properties: impl FnOnce(Own<L>) -> Own<L>,
    ) -> Result<Option<u8>, Stop> {
        let own = properties(Own {
            handle,
            len: 0,
            skipped: 0,
            align: L::GRANULE_BYTES,
            immovable: false,
            pins: 0,
            manner: None,
            address: self.heap.get(handle)?.as_ptr().addr(),
        });
        let len = own.len;
        let blocks = &mut self.known.blocks;
        let number = handle.number();
        let at = blocks.partition_point(|other| other.handle.number() < number);
        if blocks
            .get(at)
            .is_some_and(|other| other.handle.number() == number)
        {
            return Err(Stop::Trouble(format!(
                "number {number} was given out twice"
            )));
        }
        blocks.insert(at, own);
        self.known.fill(&mut self.heap, handle, len)?;
        Ok(Some(number as u8))
    }

    fn free(&mut self, number: u8) -> Result<Option<u8>, Stop> {
        let handle = self.handle(number)?;
        self.heap.free(handle)?;
        self.known.forget(handle);
        if self.heap.contains(handle) || self.heap.free(handle).is_ok() {
            return Err(Stop::Trouble(format!("{handle} was freed and is there")));
        }
        Ok(None)
    }

    fn resize(&mut self, number: u8, size: usize, asked: bool) -> Result<Option<u8>, Stop> {
        let handle = self.handle(number)?;
        if asked {
            self.heap.with(&mut self.known).resize(handle, size)
        } else {
            self.heap.resize(handle, size)
        }?;
        // The owner may have been asked for this very block's neighbours, but not for the block.
        let own = self.known.find(handle).ok_or("the block has gone")?;
        let kept = own.len.min(size);
        let smaller = size < own.len;
        own.len = size;
        if !self.known.holds(handle, self.heap.get(handle)?, kept) {
            return Err(Stop::Trouble(format!("{handle} lost contents in a resize")));
        }
        self.known.held = self.known.held.filter(|&held| held != handle || !smaller);
        self.known.fill(&mut self.heap, handle, size)?;
        Ok(None)
    }

    fn shrink(&mut self, number: u8, kept: (usize, usize)) -> Result<Option<u8>, Stop> {
        let handle = self.handle(number)?;
        self.heap.shrink(handle, kept.0..kept.1)?;
        self.known.shrunk(&mut self.heap, handle, kept)?;
        Ok(None)
    }

    fn pin(&mut self, number: u8) -> Result<Option<u8>, Stop> {
        let handle = self.handle(number)?;
        self.heap.pin(handle)?.keep();
        // Making room for its count may have moved it, before it was pinned.
        let address = self.heap.get(handle)?.as_ptr().addr();
        let own = self.known.find(handle).ok_or("the block has gone")?;
        if !own.stays(false) {
            own.address = address;
        }
        own.pins += 1;
        Ok(None)
    }

    fn unpin(&mut self, number: u8) -> Result<Option<u8>, Stop> {
        let handle = self.handle(number)?;
        self.heap.unpin(handle)?;
        self.known.find(handle).ok_or("the block has gone")?.pins -= 1;
        Ok(None)
    }

    fn compact(&mut self, asked: bool) -> Result<Option<u8>, Stop> {
        if asked {
            self.heap.with(&mut self.known).compact()
        } else {
            self.heap.compact()
        }?;
        Ok(None)
    }

    fn step(&mut self, bytes: usize, blocks: usize, asked: bool) -> Result<Option<u8>, Stop> {
        let budget = Budget { bytes, blocks };
        let step = if asked {
            self.heap.with(&mut self.known).compact_step(budget)
        } else {
            self.heap.compact_step(budget)
        }?;
        let one_block = step.moves == 1;
        if step.looked_at > blocks || (step.bytes_moved > bytes && !one_block) {
            return Err(Stop::Trouble(format!("over the budget: {step:?}")));
        }
        Ok(None)
    }

    fn handle(&self, number: u8) -> Result<Handle<L>, Stop> {
        let mut blocks = self.known.blocks.iter();
        let own = blocks.find(|own| own.handle.number() == usize::from(number));
        own.map(|own| own.handle)
            .ok_or_else(|| Stop::Trouble(format!("number {number} is not live")))
    }

    /// The blocks in the order of their addresses.
    pub(crate) fn row(&self) -> Row<'_, L> {
        // Where they are now: what is known may be where they were before.
        let address = |own: &Own<L>| {
            self.heap
                .get(own.handle)
                .map_or(0, |bytes| bytes.as_ptr().addr())
        };
        let mut blocks: Vec<_> = self.known.blocks.iter().collect();
        blocks.sort_by_cached_key(|&own| address(own));
        Row::new(blocks, self.bytes, entry_bytes::<L, C>())
    }

    /// Whether the heap had to refuse.
    fn justified(&mut self, op: Op, error: Error) -> Result<(), Trouble> {
        let held = self.known.held;
        match error {
            Error::MaximumHeld { number } if held.map(Handle::number) == Some(number) => Ok(()),
            Error::Exhausted { .. } => self.must_not_fit(op, error),
            error => Err(error.to_string()),
        }
    }

    /// A refused request must not fit where everything has been moved together.
    fn must_not_fit(&self, op: Op, error: Error) -> Result<(), Trouble> {
        let row = self.row();
        let fits = match op {
            Op::Alloc { size, kind, asked } => {
                let extension = match kind {
                    Kind::Owned(_) => L::GRANULE_BYTES,
                    _ => 0,
                };
                let align = match kind {
                    Kind::Aligned(align) => usize::from(align),
                    _ => 1,
                };
                let granules = crate::memory::granules::<L>(usize::from(size) + extension);
                if self.known.any_stays(asked) {
                    row.fits_as_it_is(&self.heap, granules, align)
                } else {
                    row.fits_when_slid(granules, align)
                }
            }
            Op::Resize {
                number,
                size,
                asked,
            } => {
                let (number, size) = (number.into(), size.into());
                if self.known.any_stays(asked) {
                    row.fits_elsewhere(&self.heap, number, size, asked)
                } else {
                    row.fits_when_grown(number, size)
                }
            }
            Op::Pin(_) => row.entry_fits(&self.heap),
            Op::Maximum { asked } => {
                if self.known.any_stays(asked) {
                    row.fits_as_it_is(&self.heap, 1, 1)
                } else {
                    row.fits_when_slid(1, 1)
                }
            }
            _ => return Err(error.to_string()),
        };
        if fits {
            return Err(format!("refused, though it fits: {error}"));
        }
        Ok(())
    }
}

/// Why an operation was not carried out.
pub(crate) enum Stop {
    Refused(Error),
    Trouble(Trouble),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<&str> for Stop {
    fn from(trouble: &str) -> Self {
        Self::Trouble(trouble.into())
    }
}
