//! What is done with a heap as a whole.

use buflib::{Check, Heap, Layout, RegionError};

use super::program::{First, Program};

impl<L: Layout> Program<L> {
    pub(super) fn compact<C: Check>(&mut self, heap: &mut Heap<'_, L, C>) {
        let result = if self.random.bool() {
            heap.compact()
        } else {
            heap.with(self).compact()
        };
        if let Err(error) = result {
            self.judge(error);
        }
    }

    pub(super) fn walk<C: Check>(&mut self, heap: &Heap<'_, L, C>) {
        let right = heap.blocks().all(|block| block.is_ok());
        if !right || heap.allocations().any(|block| block.is_err()) {
            self.reported();
        }
    }

    /// Gives memory out at one end, and takes it back.
    pub(super) fn lend<C: Check>(&mut self, heap: &mut Heap<'_, L, C>) {
        let bytes = self.random.usize(..64);
        let front = self.random.bool();
        let given = if front {
            heap.give_front(bytes)
        } else {
            heap.give_end(bytes)
        };
        let given = match given {
            Ok(given) => given,
            Err(error) => return self.judge_region(error),
        };
        if front {
            // All together, whatever they say of themselves.
            let by = given.len();
            self.blocks.iter_mut().for_each(|own| own.address += by);
        }
        self.watch(heap);
        let back = if front {
            heap.take_front(given)
        } else {
            heap.take_end(given)
        };
        if let Err(refused) = back {
            self.judge_region(refused.error);
        }
    }

    fn judge_region(&mut self, error: RegionError) {
        match error {
            RegionError::Immovable { .. } | RegionError::TooSmall { .. } => {}
            _ => self.reported(),
        }
    }

    /// Everything once more: payloads, descriptions, and what an image of the heap holds.
    pub(crate) fn finish<C: Check>(&mut self, heap: &mut Heap<'_, L, C>, image: &mut [u8]) {
        for at in 0..self.blocks.len() {
            let _ = self.view(heap, at);
            self.describe(heap, at);
        }
        self.walk(heap);
        self.compact(heap);
        self.watch(heap);
        for at in 0..self.blocks.len() {
            let _ = self.view(heap, at);
        }
        self.save(heap, image);
    }

    fn save<C: Check>(&mut self, heap: &Heap<'_, L, C>, image: &mut [u8]) {
        let Ok(len) = heap.save_into(image) else {
            return;
        };
        match Heap::<L, C>::attach(&mut image[..len]) {
            Ok(heap) => {
                for at in 0..self.blocks.len() {
                    let own = &self.blocks[at];
                    match heap.get(own.handle) {
                        Ok(found) if found == own.text() || own.lost => {}
                        Ok(_) => self.silent(First::View),
                        Err(error) => self.judge(error),
                    }
                }
            }
            Err(buflib::AttachError::Address { .. }) => {}
            Err(_) => self.reported(),
        }
    }
}
