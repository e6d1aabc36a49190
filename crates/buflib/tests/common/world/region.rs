//! What is done with the memory as a whole.

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use buflib::{Check, Given, Heap, Layout, RegionError};

use super::super::Memory;
use super::{Away, Op, What, World};

impl<'a, L: Layout, C: Check> World<'_, 'a, L, C> {
    /// The heap is here, with all its blocks.
    pub(super) fn arrive(&mut self) {
        self.known.program.arrive(&self.heap);
        self.known.program.verify(&self.heap);
    }

    pub(super) fn give_front(&mut self, op: &Op) {
        let wanted = usize::from(op.size) % 600;
        let result = if op.what == What::GiveFront {
            self.heap.give_front(wanted)
        } else {
            self.heap.give_free_front(wanted)
        };
        match result {
            Ok(given) => {
                assert_eq!(given.len() % L::GRANULE_BYTES, 0);
                keep(&mut self.fronts, given, op.more);
            }
            Err(error) => {
                assert!(matches!(error, RegionError::Immovable { .. }));
                assert_eq!(op.what, What::GiveFront);
                self.known.must_not_be_here(error);
            }
        }
        // Nobody is asked whether all may move up together.
        self.known.program.move_together(&self.heap);
    }

    pub(super) fn give_end(&mut self, op: &Op) {
        let wanted = usize::from(op.size) % 600;
        let given = self.heap.give_end(wanted).expect("sound metadata");
        assert_eq!(given.len() % L::ENTRY_BYTES, 0);
        keep(&mut self.ends, given, op.more);
    }

    pub(super) fn take_front(&mut self) {
        refuse_the_wrong_one(&mut self.fronts, |given| self.heap.take_front(given));
        if let Some((given, fill)) = self.fronts.pop() {
            assert!(given.iter().all(|&byte| byte == fill), "{given:?}");
            self.heap.take_front(given).expect("adjacent");
        }
    }

    pub(super) fn take_end(&mut self) {
        refuse_the_wrong_one(&mut self.ends, |given| self.heap.take_end(given));
        if let Some((given, fill)) = self.ends.pop() {
            assert!(given.iter().all(|&byte| byte == fill), "{given:?}");
            self.heap.take_end(given).expect("adjacent");
        }
    }

    pub(super) fn copy(&mut self, op: &Op) {
        let (len, skew) = (usize::from(op.size), usize::from(op.more) % 64);
        let mut memory = Memory::skewed(len, skew);
        let mut unwritten = vec![MaybeUninit::uninit(); len];
        let copy = if op.which & 1 == 0 {
            self.heap.copy_to_bytes(memory.bytes())
        } else {
            self.heap.copy_to(&mut unwritten)
        };
        match copy {
            Ok(mut copy) => {
                self.known.program.compare(&copy);
                assert_eq!(copy.stats().live, self.heap.stats().live);
                use_up(&mut copy);
            }
            Err(RegionError::TooSmall { bytes, needed }) => {
                assert!(bytes == len && len < needed);
            }
            Err(error) => self.known.must_not_be_here(error),
        }
    }

    pub(super) fn save(&mut self, op: &Op) {
        let needed = self.heap.image_bytes();
        assert!(needed > Heap::<L, C>::RECORD_BYTES);
        let mut image = Memory::new(needed);
        let bytes = needed - 1;
        assert_eq!(
            self.heap.save_into(&mut image.bytes()[1..]),
            Err(RegionError::TooSmall { bytes, needed })
        );
        assert_eq!(self.heap.save_into(image.bytes()), Ok(needed));
        match Heap::<L, C>::attach(image.bytes()) {
            Ok(mut copy) => {
                self.known.program.compare(&copy);
                if op.more & 1 == 0 {
                    use_up(&mut copy);
                }
            }
            // At the start of a page, which blocks of larger alignments may not have.
            Err(error) => {
                let program = &self.known.program;
                let mut blocks = program.blocks.iter();
                assert!(
                    program.learned || blocks.any(|block| block.align > L::GRANULE_BYTES),
                    "{error}"
                )
            }
        }
    }

    /// Leaves the memory, and tells how and whether for `other`; the world as it was if that cannot be.
    pub(super) fn leave(
        mut self: Box<Self>,
        op: &Op,
        other: NonNull<u8>,
    ) -> Result<(Away<L, C>, bool), Box<Self>> {
        if op.more & 1 == 0 {
            while !self.fronts.is_empty() {
                self.take_front();
            }
            while !self.ends.is_empty() {
                self.take_end();
            }
            self.known.program.look_up(&self.heap);
        }
        let elsewhere = op.more & 2 == 0;
        Ok(match op.what {
            What::Relocate => {
                // SAFETY: there are as many bytes, which nobody uses before the heap's are copied there; until then
                // the heap is only suspended.
                match unsafe { self.heap.relocate(other) } {
                    Ok(()) => (Away::Suspended(Box::new(self.heap.suspend())), true),
                    Err(error) => {
                        self.known.must_not_be_here(error);
                        return Err(self);
                    }
                }
            }
            What::Outline => match self.heap.outline() {
                Some(outline) => (Away::Outline(outline), false),
                None => return Err(self),
            },
            What::Image => return self.leave_an_image(),
            _ => (Away::Suspended(Box::new(self.heap.suspend())), elsewhere),
        })
    }

    fn leave_an_image(self) -> Result<(Away<L, C>, bool), Box<Self>> {
        let Self {
            heap,
            known,
            fronts,
            ends,
        } = self;
        match heap.into_image() {
            Ok(image) => {
                known.is_image(image);
                Ok((Away::Image, false))
            }
            Err(refused) => {
                assert!(matches!(refused.error, RegionError::TooSmall { .. }));
                Err(Box::new(Self {
                    heap: refused.returned,
                    known,
                    fronts,
                    ends,
                }))
            }
        }
    }
}

/// Fills memory that was given out, so that it can be seen whether anybody else writes there. Now and then it is
/// given out for good, and what was given out before is then, too.
fn keep<'a>(all: &mut Vec<(Given<'a>, u8)>, mut given: Given<'a>, how: u16) {
    let fill = how as u8;
    given.fill(fill);
    if how > 60_000 {
        given.into_slice().fill(fill);
        all.clear();
    } else if !given.is_empty() {
        let (start, len) = given.into_raw_parts();
        // SAFETY: the parts are those of what was given out just now.
        all.push((unsafe { Given::from_raw_parts(start, len) }, fill));
    }
}

/// Tries to give back what was not given out last.
fn refuse_the_wrong_one<'a>(
    all: &mut Vec<(Given<'a>, u8)>,
    mut take: impl FnMut(Given<'a>) -> Result<(), buflib::Refused<Given<'a>>>,
) {
    if all.len() < 2 {
        return;
    }
    let (given, fill) = all.remove(0);
    let refused = take(given).expect_err("another one was given out later");
    assert!(matches!(refused.error, RegionError::NotAdjacent { .. }));
    all.insert(0, (refused.returned, fill));
}

/// A heap of its own: it can be used to the last byte.
fn use_up<L: Layout, C: Check>(heap: &mut Heap<'_, L, C>) {
    heap.compact().expect("compaction");
    while heap.alloc(20).is_ok() {}
    heap.check().expect("sound metadata");
}
