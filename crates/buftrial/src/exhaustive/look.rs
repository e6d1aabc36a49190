//! What must hold after every operation, and of every state.

use buflib::{Check, Error, Layout, Request};

use super::op::Manner;
use super::world::{Trouble, World};

impl<L: Layout, C: Check> World<'_, '_, L, C> {
    /// Walks the heap, and compares all that is known of it. `asked` is whether the owner was at hand in the last
    /// operation.
    pub(crate) fn verify(&mut self, asked: bool) -> Result<(), Trouble> {
        self.heap.check().map_err(|error| error.to_string())?;
        let granules: usize = self.known.blocks.iter().map(|own| own.granules()).sum();
        let (live, stats) = (self.known.blocks.len(), self.heap.stats());
        let used = granules * L::GRANULE_BYTES;
        if (stats.live, stats.used_bytes) != (live, used) {
            return Err(format!(
                "{live} blocks of {used} bytes in all, not {stats:?}"
            ));
        }
        let beside = self.row().granules_beside(stats.table_entries);
        let free = beside.map(|all| (all - granules) * L::GRANULE_BYTES);
        if free != Some(self.heap.available()) {
            let available = self.heap.available();
            return Err(format!("{available} bytes available, not {free:?}"));
        }
        for own in &mut self.known.blocks {
            let handle = own.handle;
            let bytes = self.heap.get(handle).map_err(|error| error.to_string())?;
            if bytes != self.known.pattern.of(handle.number(), own.len) {
                return Err(format!("{handle} has other contents"));
            }
            let address = bytes.as_ptr().addr();
            if own.stays(asked) && address != own.address {
                return Err(format!("{handle} was moved"));
            }
            own.address = address;
            let start = address - own.skipped;
            if start % own.align != 0 {
                return Err(format!("{handle} has lost its alignment"));
            }
            if self.heap.pin_count(handle) != Ok(own.pins) {
                return Err(format!("{handle} has not {} pins", own.pins));
            }
            let tag = own.manner.map(|manner: Manner| manner as u32);
            if self.heap.tag(handle) != Ok(tag) {
                return Err(format!("{handle} has not the tag {tag:?}"));
            }
        }
        Ok(())
    }

    /// Looks up where the blocks are.
    pub(crate) fn locate(&mut self) -> Result<(), Trouble> {
        for own in &mut self.known.blocks {
            let bytes = self.heap.get(own.handle);
            own.address = bytes.map_err(|error| error.to_string())?.as_ptr().addr();
        }
        Ok(())
    }

    /// Whether the heap says exactly what can be allocated with an alignment: so much can, and not a byte more; and
    /// where all blocks move, it is all there is.
    pub(crate) fn is_exact(&mut self, align: usize) -> Result<(), Trouble> {
        let request = Request::new(0).align(align);
        let said = self.heap.allocatable_with(request);
        let said = said.map_err(|error| error.to_string())?;
        self.verify(false)?;
        let held = self.known.held.is_some();
        if held && said.is_some() {
            return Err(format!("{said:?} bytes allocatable, though all is held"));
        }
        let row = self.row();
        let expected = row.allocatable_when_slid(align);
        if !held && !self.known.any_stays(false) && said != expected {
            return Err(format!("{said:?} bytes allocatable, not {expected:?}"));
        }
        let more = said.map_or(0, |said| said + 1);
        match self.heap.alloc_with(Request::new(more).align(align)) {
            Err(Error::Exhausted { .. }) if !held => {}
            Err(Error::MaximumHeld { .. }) if held => {}
            other => {
                return Err(format!(
                    "{said:?} bytes allocatable, and for {more}: {other:?}"
                ));
            }
        }
        self.verify(false)?;
        let Some(said) = said else {
            return Ok(());
        };
        let handle = self.heap.alloc_with(Request::new(said).align(align));
        let handle = handle.map_err(|error| format!("{said} bytes allocatable, but: {error}"))?;
        self.known.fill(&mut self.heap, handle, said)?;
        self.heap.free(handle).map_err(|error| error.to_string())?;
        self.verify(false)
    }
}
