//! The common case of allocating and freeing where numbers are given out from the lowest: small enough to
//! be inlined, as [resting](crate::rest) is where they are not.

use crate::alloc::Shape;
use crate::block::Live;
use crate::check::Check;
use crate::handle::Handle;
use crate::heap::Heap;
use crate::layout::{Layout, Traits};
use crate::units::Index;

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// A block of this size is cached, and a number is vacant. Whatever is unusual is left to the general
    /// case, with nothing done.
    #[inline(always)]
    pub(crate) fn alloc_in_order(&mut self, size: usize) -> Option<Handle<L>> {
        if !self.arena.checks_quickly()
            || size > L::CACHED_MAX * L::GRANULE - L::HEADER
            || self.maximum != Index::NONE
        {
            return None;
        }
        let shape = Shape::of_bytes::<L>(L::HEADER + size);
        let mut arena = self.arena.local();
        let cached = self.index.cached(&arena, shape.units)?;
        if !self.table.has_vacancy() {
            return None;
        }
        let number = self.table.next(&arena)?;
        let token = L::token(number.index, number.generation)?;
        let pos = cached.pos;
        self.index.take_cached(shape.units, &cached);
        let record = L::compose(pos, shape.units, shape.pad, Traits::plain(&number));
        let header = L::set_follows_free(record.header, L::follows_free(cached.header));
        arena.put_header(pos, header);
        arena.put_entry(number.index, record.entry);
        arena.put_digest(number.index, &record);
        self.table.take(&number);
        self.used.add(shape.units);
        Some(Handle::from_token(token))
    }

    /// A plain small block, neither the last one nor with the last number.
    #[inline(always)]
    pub(crate) fn free_in_order(&mut self, handle: Handle<L>) -> Option<()> {
        let live = Live::find_plain(&self.arena, handle)?;
        let unusual = !self.arena.checks_quickly()
            || live.units.0 > L::CACHED_MAX
            || live.pos + live.units >= self.arena.tail()
            || live.index.0 == self.arena.entries()
            || self.maximum != Index::NONE
            || !live.is_plain_sound(&self.arena);
        if unusual {
            return None;
        }
        let mut arena = self.arena.local();
        let follows_free = L::follows_free(live.record.header);
        self.index
            .cache(&mut arena, live.pos, live.units, follows_free);
        self.table.rest();
        self.table
            .vacate(&mut arena, live.index, handle.generation());
        self.used.lower(live.units);
        self.settled = false;
        Some(())
    }
}
