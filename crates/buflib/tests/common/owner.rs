//! An owner that writes down what it hears, and does as it was told.

use std::collections::HashSet;
use std::fmt;

use buflib::{Answer, Check, Error, Event, Handle, Heap, Layout, Move, Owner, Sync, Wish};

/// Something that an owner has heard.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Heard<L: Layout> {
    Sync(Handle<L>, u32, Sync),
    Move(Move<u32, L>),
    Shrink(Wish<u32, L>),
    Event(Event<L>),
}

/// What an owner does when it is asked to shrink a block.
type Reply<'o, L, C> = Box<dyn FnMut(&mut Heap<'_, L, C>, &Wish<u32, L>) -> Answer + 'o>;

/// Agrees to all moves but those of the blocks in `still`, and shrinks as it was made to.
pub(crate) struct Recorder<'o, L: Layout, C: Check> {
    pub(crate) heard: Vec<Heard<L>>,
    pub(crate) still: HashSet<Handle<L>>,
    reply: Reply<'o, L, C>,
}

impl<L: Layout, C: Check> Default for Recorder<'_, L, C> {
    fn default() -> Self {
        Self::new(|_, _| Answer::Refuse)
    }
}

impl<'o, L: Layout, C: Check> Recorder<'o, L, C> {
    pub(crate) fn new(
        reply: impl FnMut(&mut Heap<'_, L, C>, &Wish<u32, L>) -> Answer + 'o,
    ) -> Self {
        Self {
            heard: Vec::new(),
            still: HashSet::new(),
            reply: Box::new(reply),
        }
    }

    /// Frees whatever it is asked to shrink.
    pub(crate) fn generous() -> Self {
        Self::new(|heap, wish| agreed(heap.free(wish.handle)))
    }

    /// Gives from the back just what is asked for, or all that there is.
    pub(crate) fn exact() -> Self {
        Self::new(|heap, wish| {
            agreed(heap.shrink(wish.handle, 0..wish.len.saturating_sub(wish.bytes)))
        })
    }

    pub(crate) fn refusing(still: impl IntoIterator<Item = Handle<L>>) -> Self {
        Self {
            still: still.into_iter().collect(),
            ..Self::default()
        }
    }

    /// What it was asked to shrink, in order.
    pub(crate) fn wishes(&self) -> Vec<Wish<u32, L>> {
        let wish = |heard: &Heard<L>| match heard {
            Heard::Shrink(wish) => Some(*wish),
            _ => None,
        };
        self.heard.iter().filter_map(wish).collect()
    }

    /// The moves that it was asked about, in order.
    pub(crate) fn moves(&self) -> Vec<Move<u32, L>> {
        let asked = |heard: &Heard<L>| match heard {
            Heard::Move(asked) => Some(*asked),
            _ => None,
        };
        self.heard.iter().filter_map(asked).collect()
    }

    /// What it observed, in order.
    pub(crate) fn events(&self) -> Vec<Event<L>> {
        let event = |heard: &Heard<L>| match heard {
            Heard::Event(event) => Some(*event),
            _ => None,
        };
        self.heard.iter().filter_map(event).collect()
    }

    /// Each "on" is followed by the question, and later by one "off" of the same block.
    #[track_caller]
    pub(crate) fn expect_pairs(&self) {
        let mut on: Vec<(Handle<L>, u32)> = Vec::new();
        for (at, heard) in self.heard.iter().enumerate() {
            match *heard {
                Heard::Sync(handle, tag, Sync::On) => {
                    assert!(!on.contains(&(handle, tag)), "{handle}: on twice");
                    on.push((handle, tag));
                    let next = self.heard.get(at + 1);
                    assert!(
                        matches!(next, Some(Heard::Move(asked)) if (asked.handle, asked.tag) == (handle, tag)),
                        "{next:?} after on of {handle}"
                    );
                }
                Heard::Sync(handle, tag, Sync::Off) => {
                    let found = on.iter().position(|&other| other == (handle, tag));
                    on.remove(found.expect("off without on"));
                }
                Heard::Move(asked) => assert_eq!(
                    on.last(),
                    Some(&(asked.handle, asked.tag)),
                    "asked without on"
                ),
                Heard::Shrink(wish) => {
                    assert!(on.is_empty(), "{wish:?} while a move is on");
                }
                Heard::Event(_) => {}
            }
        }
        assert!(on.is_empty(), "on without off: {on:?}");
    }
}

impl<L: Layout, C: Check> Owner<L, C> for Recorder<'_, L, C> {
    type Tag = u32;

    fn before_move(&mut self, asked: &Move<u32, L>) -> Answer {
        self.heard.push(Heard::Move(*asked));
        if self.still.contains(&asked.handle) {
            Answer::Refuse
        } else {
            Answer::Agree
        }
    }

    fn synchronise(&mut self, handle: Handle<L>, tag: u32, sync: Sync) {
        self.heard.push(Heard::Sync(handle, tag, sync));
    }

    fn shrink(&mut self, heap: &mut Heap<'_, L, C>, wish: &Wish<u32, L>) -> Answer {
        self.heard.push(Heard::Shrink(*wish));
        let bytes = heap.get(wish.handle).expect("a live block is asked for");
        assert_eq!((bytes.as_ptr().addr(), bytes.len()), (wish.start, wish.len));
        heap.check().expect("a sound heap to work with");
        let answer = (self.reply)(heap, wish);
        heap.check().expect("a sound heap afterwards");
        answer
    }

    fn observe(&mut self, event: &Event<L>) {
        self.heard.push(Heard::Event(*event));
    }
}

impl<L: Layout, C: Check> fmt::Debug for Recorder<'_, L, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.heard.fmt(f)
    }
}

fn agreed(result: Result<(), Error>) -> Answer {
    result.map_or(Answer::Refuse, |()| Answer::Agree)
}
