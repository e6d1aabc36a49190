//! Heaps with one fault each: the checking run must find every one of them.

use std::alloc::Layout;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::time::Duration;

use super::{Deadline, Stop, Why, check};
use crate::arena::Arena;
use crate::heap::{Counters, Kind, NoRoom, TraceHeap};
use crate::trace::from_text;

/// What the heap does wrong.
const SOUND: u8 = 0;
const LOSES_ON_RESIZE: u8 = 1;
const MOVES_WITHOUT_COPYING: u8 = 2;
const OVERLAPS: u8 = 3;
const MISALIGNS: u8 = 4;
const LEAVES_THE_ARENA: u8 = 5;
const FAILS_ITS_CHECK: u8 = 6;
const FORGETS_A_BLOCK: u8 = 7;
const MOVES_IN_SECRET: u8 = 8;

/// Gives out its arena from the front and never takes anything back. A block is an index into a
/// table of places, so that it can be moved.
struct Bump<'a, const FAULT: u8> {
    base: NonNull<u8>,
    len: usize,
    top: usize,
    places: Vec<(usize, usize)>,
    counters: Counters,
    arena: PhantomData<&'a mut [u8]>,
}

struct BumpKind<const FAULT: u8>;

impl<const FAULT: u8> Kind for BumpKind<FAULT> {
    type Heap<'a> = Bump<'a, FAULT>;
    const NAME: &'static str = "bump";
    const ABOUT: &'static str = "a heap for tests";
}

impl<const FAULT: u8> Bump<'_, FAULT> {
    fn place(&mut self, layout: Layout) -> Option<usize> {
        let start = self.top.next_multiple_of(layout.align());
        let end = start + layout.size();
        if end > self.len {
            return None;
        }
        self.top = if FAULT == OVERLAPS {
            end.saturating_sub(1)
        } else {
            end
        };
        Some(start)
    }

    fn copy(&mut self, from: usize, to: usize, len: usize) {
        assert!(from + len <= self.len && to + len <= self.len);
        // SAFETY: both ranges are in the arena.
        unsafe { self.base.add(from).copy_to(self.base.add(to), len) };
    }

    /// Moves the first block to the top.
    fn move_first(&mut self) {
        let (from, size) = self.places[0];
        let layout = Layout::from_size_align(size, 8).unwrap();
        let Some(to) = self.place(layout) else {
            return;
        };
        if FAULT != MOVES_WITHOUT_COPYING && FAULT != MOVES_IN_SECRET {
            self.copy(from, to, size);
        }
        self.places[0].0 = to;
        if FAULT != MOVES_IN_SECRET {
            self.counters.moves += 1;
            self.counters.bytes_moved += size as u64;
        }
    }
}

// SAFETY: places are within the arena, but for the fault of leaving it, where `data` gives an
// address just after the arena only for the checker to refuse.
unsafe impl<'a, const FAULT: u8> TraceHeap<'a> for Bump<'a, FAULT> {
    type Block = usize;
    type Error = NoRoom;

    fn new(arena: &'a mut [u8]) -> Result<Self, String> {
        Ok(Self {
            len: arena.len(),
            base: NonNull::from(arena).cast(),
            top: 0,
            places: Vec::new(),
            counters: Counters::default(),
            arena: PhantomData,
        })
    }

    fn alloc(&mut self, layout: Layout) -> Result<usize, NoRoom> {
        let mut start = self.place(layout).ok_or(NoRoom)?;
        if FAULT == MISALIGNS && layout.align() > 8 {
            start += 1;
        }
        self.places.push((start, layout.size()));
        Ok(self.places.len() - 1)
    }

    unsafe fn resize(
        &mut self,
        block: usize,
        old: Layout,
        new_size: usize,
    ) -> Result<usize, NoRoom> {
        let layout = Layout::from_size_align(new_size, old.align()).unwrap();
        let to = self.place(layout).ok_or(NoRoom)?;
        let kept = old.size().min(new_size);
        let copied = if FAULT == LOSES_ON_RESIZE {
            kept - 1
        } else {
            kept
        };
        self.copy(self.places[block].0, to, copied);
        self.places[block] = (to, new_size);
        Ok(block)
    }

    unsafe fn free(&mut self, _block: usize, _layout: Layout) -> Result<(), NoRoom> {
        self.move_first();
        Ok(())
    }

    fn data(&mut self, block: usize, _size: usize) -> Result<NonNull<u8>, NoRoom> {
        if FAULT == FORGETS_A_BLOCK && block == 2 {
            return Err(NoRoom);
        }
        let (start, _) = self.places[block];
        if FAULT == LEAVES_THE_ARENA && block == 1 {
            // SAFETY: one past the end is still a pointer.
            return Ok(unsafe { self.base.add(self.len) });
        }
        // SAFETY: within the arena.
        Ok(unsafe { self.base.add(start) })
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn check(&self) -> Result<(), String> {
        if FAULT == FAILS_ITS_CHECK {
            return Err("a bad header".to_owned());
        }
        Ok(())
    }
}

/// Some blocks, a resize both ways, an alignment, and frees, which make the heap move a block.
const EVENTS: &str =
    "a 0 40\na 1 3\na 2 100 64\nr 1 50\nr 2 30\na 3 0\nf 1\na 4 9\nf 2\nf 4\nf 0\n";

fn checked<const FAULT: u8>() -> Result<Counters, Stop> {
    let program = from_text(EVENTS).unwrap();
    let mut arena = Arena::default();
    let deadline = Deadline::after(Duration::from_secs(60));
    check::<BumpKind<FAULT>>(&program, arena.bytes(4096).unwrap(), deadline)
}

/// The event and the text of the fault that is found.
fn fault<const FAULT: u8>() -> (Option<usize>, String) {
    match checked::<FAULT>() {
        Err(Stop {
            event,
            why: Why::Fault(text),
        }) => (event, text),
        other => panic!("no fault was found: {other:?}"),
    }
}

#[test]
fn a_sound_heap_passes() {
    let counters = checked::<SOUND>().unwrap();
    assert_eq!((counters.moves, counters.bytes_moved), (4, 4 * 40));
    assert_eq!(counters.most_moved_in_one_call, Some(40));
}

#[test]
fn bytes_lost_on_resize_are_found() {
    let (event, text) = fault::<LOSES_ON_RESIZE>();
    assert_eq!(event, Some(3));
    assert!(
        text.contains("slot 1") && text.contains("since the resize"),
        "{text}"
    );
    assert!(text.contains("at byte 2"), "{text}");
}

#[test]
fn a_block_moved_without_its_contents_is_found() {
    let (event, text) = fault::<MOVES_WITHOUT_COPYING>();
    assert_eq!(event, Some(6));
    assert!(
        text.contains("slot 0") && text.contains("it was moved"),
        "{text}"
    );
}

#[test]
fn a_move_that_is_not_told_is_found_at_the_free() {
    let (event, text) = fault::<MOVES_IN_SECRET>();
    assert_eq!(event, Some(10));
    assert!(text.contains("before it was freed"), "{text}");
}

#[test]
fn blocks_that_overlap_are_found() {
    let (_, text) = fault::<OVERLAPS>();
    assert!(text.contains("has lost its contents"), "{text}");
}

#[test]
fn a_block_at_the_wrong_alignment_is_found() {
    let (event, text) = fault::<MISALIGNS>();
    assert_eq!(event, Some(2));
    assert!(text.contains("is not aligned to 64"), "{text}");
}

#[test]
fn a_block_outside_the_arena_is_found() {
    let (event, text) = fault::<LEAVES_THE_ARENA>();
    assert_eq!(event, Some(1));
    assert!(text.contains("is not within the arena"), "{text}");
}

#[test]
fn a_block_that_cannot_be_resolved_is_found() {
    let (event, text) = fault::<FORGETS_A_BLOCK>();
    assert_eq!(event, Some(2));
    assert!(text.contains("cannot be resolved"), "{text}");
}

#[test]
fn the_heaps_own_check_is_heard() {
    let (_, text) = fault::<FAILS_ITS_CHECK>();
    assert!(text.contains("a bad header"), "{text}");
}

#[test]
fn a_full_arena_is_no_fault() {
    let program = from_text("a 0 100\na 1 5000\n").unwrap();
    let mut arena = vec![0; 4096];
    let deadline = Deadline::after(Duration::from_secs(60));
    let stop = check::<BumpKind<SOUND>>(&program, &mut arena, deadline).unwrap_err();
    assert_eq!(
        stop,
        Stop {
            event: Some(1),
            why: Why::Refused("allocating 5000 bytes: no room".to_owned())
        }
    );
}

#[test]
fn a_passed_deadline_ends_the_run() {
    let program = from_text(EVENTS).unwrap();
    let deadline = Deadline::after(Duration::ZERO);
    let stop = check::<BumpKind<SOUND>>(&program, &mut [], deadline).unwrap_err();
    // The heap's own state is taken off the arena first.
    assert!(matches!(stop.why, Why::Build(_)), "{stop:?}");
    let stop = check::<BumpKind<SOUND>>(&program, &mut [0; 4096], deadline).unwrap_err();
    assert_eq!(stop.why, Why::TimedOut);
}
