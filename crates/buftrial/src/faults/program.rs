//! A program that uses a heap and knows what its blocks must contain, and where they were last.

use std::panic::Location;
use std::sync::LazyLock;

use buflib::{Answer, Check, Error, Handle, Heap, Layout, Move, Owner, Wish};

use super::memory::Bytes;

const TEXT_BYTES: usize = 1 << 18;

/// What payloads are filled with: each with a part of it.
static TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut random = fastrand::Rng::with_seed(0x7e87);
    std::iter::repeat_with(|| random.u8(..))
        .take(TEXT_BYTES)
        .collect()
});

pub(crate) const NAME: &str = "the name of a block";

/// What the program knows of one of its blocks.
#[derive(Clone, Debug)]
pub(crate) struct Own<L: Layout> {
    pub(crate) handle: Handle<L>,
    /// Where its contents are in the text.
    pub(crate) text: usize,
    pub(crate) len: usize,
    pub(crate) address: usize,
    pub(crate) align: usize,
    /// How much of the name it has.
    pub(crate) name: usize,
    pub(crate) tag: Option<u32>,
    pub(crate) immovable: bool,
    pub(crate) pins: usize,
    /// Its contents are nowhere any more.
    pub(crate) lost: bool,
}

impl<L: Layout> Own<L> {
    pub(crate) fn text(&self) -> &'static [u8] {
        &TEXT[self.text..self.text + self.len]
    }

    fn stays(&self) -> bool {
        self.immovable || self.pins > 0
    }
}

/// What was the first thing to go wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum First {
    Nothing,
    /// An operation has said so.
    Reported,
    /// Nothing has said so.
    Description,
    View,
    Damaged,
}

pub(crate) struct Program<L: Layout> {
    pub(crate) blocks: Vec<Own<L>>,
    pub(crate) random: fastrand::Rng,
    pub(crate) bytes: Bytes,
    pub(crate) first: First,
    /// Payloads were damaged after an operation had said that something is wrong.
    pub(crate) later: bool,
    /// Which line of this program has noticed the first.
    pub(crate) noticed: Option<&'static Location<'static>>,
    copy: Vec<u8>,
}

impl<L: Layout> Program<L> {
    pub(crate) fn new(seed: u64, bytes: Bytes) -> Self {
        Self {
            blocks: Vec::new(),
            random: fastrand::Rng::with_seed(seed),
            bytes,
            first: First::Nothing,
            later: false,
            noticed: None,
            copy: Vec::new(),
        }
    }

    /// Something is wrong without an error.
    #[track_caller]
    pub(crate) fn silent(&mut self, what: First) {
        match self.first {
            First::Nothing => {
                self.first = what;
                self.noticed = Some(Location::caller());
            }
            First::Reported => self.later |= what == First::Damaged,
            _ => {}
        }
    }

    /// An operation has returned an error that there is no reason for but damage.
    #[track_caller]
    pub(crate) fn reported(&mut self) {
        if self.first == First::Nothing {
            self.first = First::Reported;
            self.noticed = Some(Location::caller());
        }
    }

    /// Whether an error is one that a request may have.
    #[track_caller]
    pub(crate) fn judge(&mut self, error: Error) {
        if !matches!(error, Error::Exhausted { .. } | Error::TooManyPins { .. }) {
            self.reported();
        }
    }

    pub(crate) fn find(&self, handle: Handle<L>) -> Option<usize> {
        self.blocks.iter().position(|own| own.handle == handle)
    }

    pub(crate) fn fresh_text(&mut self) -> usize {
        self.random.usize(..TEXT_BYTES / 2)
    }

    /// The payload of a block, as the program gets it to write: none if it is not what it should be.
    pub(crate) fn view<'h, C: Check>(
        &mut self,
        heap: &'h mut Heap<'_, L, C>,
        at: usize,
    ) -> Option<&'h mut [u8]> {
        let own = &self.blocks[at];
        match heap.get_mut(own.handle) {
            Err(error) => self.judge(error),
            Ok(found) => {
                let address = found.as_ptr().addr();
                let right = *found == *own.text()
                    && address % own.align == 0
                    && (address == own.address || !own.stays() || own.lost || own.len == 0);
                if right {
                    return Some(found);
                }
                let lost = own.lost;
                self.silent(if lost { First::Damaged } else { First::View });
            }
        }
        None
    }

    /// Whether bytes that were handed out are those of another live block.
    pub(crate) fn overlaps(&self, start: usize, len: usize, handle: Handle<L>) -> bool {
        self.blocks.iter().any(|own| {
            own.handle != handle
                && !own.lost
                && own.len > 0
                && start < own.address + own.len
                && own.address < start + len
        })
    }

    /// Fills the payload of a block, all of which must be there.
    pub(crate) fn fill<C: Check>(&mut self, heap: &mut Heap<'_, L, C>, at: usize, kept: usize) {
        let own = &self.blocks[at];
        let (handle, len, old) = (own.handle, own.len, own.text());
        let text = self.fresh_text();
        let bytes = match heap.get_mut(handle) {
            Ok(bytes) => bytes,
            Err(error) => return self.judge(error),
        };
        let own = &mut self.blocks[at];
        let address = bytes.as_ptr().addr();
        let right =
            bytes.len() == len && bytes.get(..kept) == old.get(..kept) && address % own.align == 0;
        if !right {
            // It has no right contents any more.
            own.lost = true;
            return self.silent(First::View);
        }
        own.text = text;
        own.address = address;
        bytes.copy_from_slice(own.text());
        if self.overlaps(address, len, handle) {
            self.silent(First::Damaged);
        }
    }

    /// Looks at all payloads, each where its handle leads or where it was last. What the heap says meanwhile, the
    /// program does not hear.
    pub(crate) fn watch<C: Check>(&mut self, heap: &Heap<'_, L, C>) {
        self.watch_others(heap, None);
    }

    /// The same but for one that is being resized.
    pub(crate) fn watch_others<C: Check>(&mut self, heap: &Heap<'_, L, C>, but: Option<Handle<L>>) {
        for at in 0..self.blocks.len() {
            let own = &mut self.blocks[at];
            if own.lost || own.len == 0 || Some(own.handle) == but {
                continue;
            }
            let stayed = match heap.get(own.handle) {
                Ok(found) if found == own.text() => {
                    let from = std::mem::replace(&mut own.address, found.as_ptr().addr());
                    from == own.address || !own.stays()
                }
                _ => {
                    self.copy.resize(own.len, 0);
                    let start = own.address.wrapping_sub(self.bytes.start());
                    let there = self.bytes.copy_to(heap, start, &mut self.copy);
                    own.lost = !there || self.copy != own.text();
                    !own.lost
                }
            };
            if !stayed {
                self.silent(First::Damaged);
            }
        }
    }
}

impl<L: Layout, C: Check> Owner<L, C> for Program<L> {
    type Tag = u32;

    fn before_move(&mut self, _: &Move<u32, L>) -> Answer {
        if self.random.u8(..4) == 0 {
            Answer::Refuse
        } else {
            Answer::Agree
        }
    }

    fn shrink(&mut self, heap: &mut Heap<'_, L, C>, wish: &Wish<u32, L>) -> Answer {
        let Some(at) = self.find(wish.handle) else {
            return Answer::Refuse;
        };
        // Blocks were moved before.
        self.watch(heap);
        match self.random.u8(..4) {
            0 => Answer::Refuse,
            1 => {
                self.free(heap, at);
                Answer::Agree
            }
            2 => {
                self.shrink_by(heap, at, wish.bytes, 0);
                Answer::Agree
            }
            _ => {
                self.shrink_by(heap, at, 0, wish.bytes);
                Answer::Agree
            }
        }
    }
}
