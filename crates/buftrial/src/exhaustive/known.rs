//! What is known of a heap beside it: its blocks, and what each must hold. It also answers for those that have an
//! owner.

use buflib::{Answer, Check, Handle, Heap, Layout, Move, Owner, Side, Wish};

use super::op::Manner;
use crate::memory::{Pattern, granules};

pub(crate) struct Known<'p, L: Layout> {
    /// In the order of their numbers.
    pub(crate) blocks: Vec<Own<L>>,
    /// The block that holds all that was left.
    pub(crate) held: Option<Handle<L>>,
    pub(crate) pattern: &'p Pattern,
    /// The first thing that was not as it must be, noticed where no error can be returned.
    pub(crate) trouble: Option<String>,
}

/// A block in use.
pub(crate) struct Own<L: Layout> {
    pub(crate) handle: Handle<L>,
    pub(crate) len: usize,
    /// Bytes between the header and the payload.
    pub(crate) skipped: usize,
    /// In bytes.
    pub(crate) align: usize,
    pub(crate) immovable: bool,
    pub(crate) pins: usize,
    pub(crate) manner: Option<Manner>,
    pub(crate) address: usize,
}

impl<L: Layout> Own<L> {
    /// Granules that it takes.
    pub(crate) fn granules(&self) -> usize {
        self.granules_for(self.len)
    }

    /// Granules that it would take with a payload of so many bytes.
    pub(crate) fn granules_for(&self, len: usize) -> usize {
        let extension = self.manner.map_or(0, |_| L::GRANULE_BYTES);
        granules::<L>(self.skipped + len + extension)
    }

    /// Whether it stays where it is in a call that has the owner at hand, or has not.
    pub(crate) fn stays(&self, asked: bool) -> bool {
        let agrees = match self.manner {
            None => true,
            Some(Manner::Gives) => asked,
            Some(Manner::Refuses) => false,
        };
        self.immovable || self.pins > 0 || !agrees
    }
}

impl<L: Layout> Known<'_, L> {
    pub(crate) fn find(&mut self, handle: Handle<L>) -> Option<&mut Own<L>> {
        self.blocks.iter_mut().find(|own| own.handle == handle)
    }

    pub(crate) fn any_stays(&self, asked: bool) -> bool {
        self.blocks.iter().any(|own| own.stays(asked))
    }

    pub(crate) fn forget(&mut self, handle: Handle<L>) {
        self.held = self.held.filter(|&held| held != handle);
        self.blocks.retain(|own| own.handle != handle);
    }

    /// Compares a block's payload with what it must hold, up to a length.
    pub(crate) fn holds(&self, handle: Handle<L>, payload: &[u8], len: usize) -> bool {
        let expected = self.pattern.of(handle.number(), len);
        payload.get(..len) == Some(expected)
    }

    /// Fills a block of this new length.
    pub(crate) fn fill<C: Check>(
        &mut self,
        heap: &mut Heap<'_, L, C>,
        handle: Handle<L>,
        len: usize,
    ) -> Result<(), String> {
        let pattern = self.pattern;
        let to = heap.get_mut(handle).map_err(|error| error.to_string())?;
        if to.len() != len {
            return Err(format!("{handle} has {} bytes, not {len}", to.len()));
        }
        to.copy_from_slice(pattern.of(handle.number(), len));
        Ok(())
    }

    /// Takes note of what is left of a block, which is then filled anew.
    pub(crate) fn shrunk<C: Check>(
        &mut self,
        heap: &mut Heap<'_, L, C>,
        handle: Handle<L>,
        (start, end): (usize, usize),
    ) -> Result<(), String> {
        let pattern = self.pattern;
        let own = self.find(handle).ok_or("an unknown block")?;
        if (start, end) == (0, own.len) {
            return Ok(());
        }
        let (front, skipped) = (
            (own.skipped + start) / L::GRANULE_BYTES,
            (own.skipped + start) % L::GRANULE_BYTES,
        );
        own.align = if skipped > 0 {
            L::GRANULE_BYTES
        } else {
            let granules = front | own.align.div_ceil(L::GRANULE_BYTES);
            L::GRANULE_BYTES << granules.trailing_zeros()
        };
        own.skipped = skipped;
        own.address += start;
        own.len = end - start;
        self.held = self.held.filter(|&held| held != handle);
        let expected = &pattern.of(handle.number(), end)[start..];
        if heap.get(handle) != Ok(expected) {
            return Err(format!("{handle} has lost what was kept of it"));
        }
        self.fill(heap, handle, end - start)
    }

    /// Gives half of a block, or the block if it is empty.
    fn give<C: Check>(
        &mut self,
        heap: &mut Heap<'_, L, C>,
        wish: &Wish<u32, L>,
    ) -> Result<Answer, String> {
        let own = self.find(wish.handle).ok_or("asked for an unknown block")?;
        if own.manner != Some(Manner::Gives) {
            return Err(format!("{} was asked to shrink", wish.handle));
        }
        let (len, pins) = (own.len, own.pins);
        if len == 0 {
            if pins > 0 {
                return Ok(Answer::Refuse);
            }
            heap.free(wish.handle).map_err(|error| error.to_string())?;
            self.forget(wish.handle);
            return Ok(Answer::Agree);
        }
        let kept = match wish.side {
            Side::Front => (len - len / 2, len),
            Side::Back | Side::Either => (0, len / 2),
        };
        heap.shrink(wish.handle, kept.0..kept.1)
            .map_err(|error| error.to_string())?;
        self.shrunk(heap, wish.handle, kept)?;
        Ok(Answer::Agree)
    }
}

impl<L: Layout, C: Check> Owner<L, C> for Known<'_, L> {
    type Tag = u32;

    fn before_move(&mut self, ask: &Move<u32, L>) -> Answer {
        if ask.tag == Manner::Refuses as u32 {
            return Answer::Refuse;
        }
        match self.find(ask.handle) {
            Some(own) if own.pins == 0 && !own.immovable => Answer::Agree,
            _ => {
                self.trouble = Some(format!("a move of {} was asked for", ask.handle));
                Answer::Refuse
            }
        }
    }

    fn shrink(&mut self, heap: &mut Heap<'_, L, C>, wish: &Wish<u32, L>) -> Answer {
        self.give(heap, wish).unwrap_or_else(|trouble| {
            self.trouble.get_or_insert(trouble);
            Answer::Refuse
        })
    }
}
