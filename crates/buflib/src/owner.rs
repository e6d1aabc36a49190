//! Owners: the part of a program that answers for blocks, is told of their moves and asked to make
//! them smaller.

use core::fmt;

use crate::check::{Check, Unchecked};
use crate::error::Error;
use crate::handle::Handle;
use crate::heap::Heap;
use crate::layout::{Layout, Standard};
use crate::show::show_fields;

/// What tells the blocks of an owner apart: a value of the program's own that is stored with each
/// owned block, in 32 bits.
///
/// ```
/// #[derive(Clone, Copy, PartialEq, Debug)]
/// enum Kind { Track, Cover }
///
/// impl buflib::Tag for Kind {
///     fn into_bits(self) -> u32 {
///         self as u32
///     }
///     fn from_bits(bits: u32) -> Option<Self> {
///         [Self::Track, Self::Cover].into_iter().find(|kind| *kind as u32 == bits)
///     }
/// }
/// ```
pub trait Tag: Copy {
    /// The bits that are stored.
    fn into_bits(self) -> u32;
    /// The tag that these bits stand for; `None` if they are no tag's, so that the owner is not asked.
    fn from_bits(bits: u32) -> Option<Self>;
}

impl Tag for () {
    fn into_bits(self) -> u32 {
        0
    }
    fn from_bits(bits: u32) -> Option<Self> {
        (bits == 0).then_some(())
    }
}

macro_rules! tag {
    ($($word:ty),*) => {$(
        impl Tag for $word {
            fn into_bits(self) -> u32 {
                self.into()
            }
            fn from_bits(bits: u32) -> Option<Self> {
                bits.try_into().ok()
            }
        }
    )*};
}
tag!(u8, u16, u32, char);

/// What an owner says to a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is, or was, done.
    Agree,
    /// Not now. The question comes again in a later compaction or request.
    Refuse,
}

/// A move that an owner is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Move<T, L: Layout = Standard> {
    /// The block.
    pub handle: Handle<L>,
    /// The tag that it was allocated with.
    pub tag: T,
    /// The address of its payload now.
    pub from: usize,
    /// The address that it will have.
    pub to: usize,
    /// The payload's length in bytes.
    pub bytes: usize,
}

/// On which side of a block free space is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// At its front: only there it adds up with what is free in front of it.
    Front,
    /// At its back.
    Back,
    /// On either side: the block can be moved, or nothing is free beside it.
    Either,
}

/// A request to shrink a block that an owner is asked to serve.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wish<T, L: Layout = Standard> {
    /// The block.
    pub handle: Handle<L>,
    /// The tag that it was allocated with.
    pub tag: T,
    /// Bytes that are missing, after what is free already. Fewer help too, if others give as well;
    /// it can be more than the block has.
    pub bytes: usize,
    /// Where they are wanted.
    pub side: Side,
    /// The address of the payload.
    pub start: usize,
    /// The payload's length in bytes.
    pub len: usize,
}

impl<T: fmt::Debug, L: Layout> fmt::Debug for Wish<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_fields!(self, f, "Wish": handle tag bytes side start len)
    }
}

/// Whether an owner's block may be used by others (hardware, say) beside a move.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sync {
    /// A move is about to be asked for: stop using the block.
    On,
    /// It is over, whether the block was moved or not.
    Off,
}

/// Something that a heap has done for the owner that it was used with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event<L: Layout = Standard> {
    /// A block was allocated.
    Allocated {
        /// The block.
        handle: Handle<L>,
        /// Its payload in bytes.
        bytes: usize,
    },
    /// A block was freed.
    Freed {
        /// The block that was.
        handle: Handle<L>,
    },
    /// A block has another size.
    Resized {
        /// The block.
        handle: Handle<L>,
        /// Its payload in bytes.
        bytes: usize,
    },
    /// A block was shrunk to a part of its payload.
    Shrunk {
        /// The block.
        handle: Handle<L>,
        /// The first byte that is left, counted in the payload as it was.
        start: usize,
        /// Its payload in bytes.
        bytes: usize,
    },
    /// A block is about to be moved, owned or not.
    Moved {
        /// The block.
        handle: Handle<L>,
        /// Where it was, in bytes from the arena's start.
        from: usize,
        /// Where it will be, in bytes from the arena's start.
        to: usize,
    },
    /// A block was not moved because its owner refused.
    MoveRefused {
        /// The block.
        handle: Handle<L>,
    },
    /// An owner was asked to shrink a block.
    ShrinkAsked {
        /// The block.
        handle: Handle<L>,
        /// Bytes wanted.
        bytes: usize,
        /// What the owner said.
        answer: Answer,
    },
    /// A request failed.
    Failed {
        /// Why.
        error: Error,
    },
}

/// Who answers for the blocks that were allocated with a tag.
///
/// A heap is used with an owner by [`Heap::with`]. The owner is borrowed for that one call, so it can
/// be the program's own state, without globals or cells. Used without, a heap treats owned blocks
/// as if their owner refused everything: they stay in place and keep their size.
///
/// ```
/// use buflib::{Answer, Heap, Owner, Request, Wish};
///
/// /// Pictures that can be loaded again.
/// #[derive(Default)]
/// struct Pictures { dropped: usize }
///
/// impl Owner for Pictures {
///     type Tag = ();
///     fn shrink(&mut self, heap: &mut Heap, wish: &Wish<()>) -> Answer {
///         self.dropped += 1;
///         heap.free(wish.handle).map_or(Answer::Refuse, |()| Answer::Agree)
///     }
/// }
///
/// # let mut memory = [0; 1024];
/// # let mut heap: Heap = Heap::from_bytes(&mut memory)?;
/// let mut pictures = Pictures::default();
/// let picture = heap.with(&mut pictures).alloc_with(Request::new(700).shrinkable(()))?;
/// let urgent = heap.with(&mut pictures).alloc(700)?;
/// assert_eq!(pictures.dropped, 1);
/// assert!(!heap.contains(picture));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Owner<L: Layout = Standard, C: Check = Unchecked> {
    /// What tells its blocks apart.
    type Tag: Tag;

    /// Asked before each move of a block of its own.
    fn before_move(&mut self, _: &Move<Self::Tag, L>) -> Answer {
        Answer::Agree
    }

    /// Called with [`Sync::On`] before each [`before_move`](Self::before_move) and with
    /// [`Sync::Off`] when the move is done or was refused, always in pairs.
    fn synchronise(&mut self, _handle: Handle<L>, _tag: Self::Tag, _sync: Sync) {}

    /// The same as [`before_move`](Self::before_move), with the heap to look at; asks that unless it is
    /// replaced.
    ///
    /// Blocks can be looked up by their handles: all are where they say. What walks over the heap may
    /// meet the middle of a compaction, and returns errors then.
    fn before_move_in(&mut self, _heap: &Heap<'_, L, C>, ask: &Move<Self::Tag, L>) -> Answer {
        self.before_move(ask)
    }

    /// The same as [`synchronise`](Self::synchronise), with the heap to look at, as in
    /// [`before_move_in`](Self::before_move_in); calls that unless it is replaced.
    fn synchronise_in(
        &mut self,
        _heap: &Heap<'_, L, C>,
        handle: Handle<L>,
        tag: Self::Tag,
        sync: Sync,
    ) {
        self.synchronise(handle, tag, sync);
    }

    /// Asked to make a block smaller, or to free it, because a request would fail otherwise. Only for
    /// blocks allocated as [shrinkable](crate::Request::shrinkable).
    ///
    /// The owner moves what it wants to keep within the payload and calls [`Heap::shrink`] or
    /// [`Heap::free`], for this block or any other; it may use the heap in any way. What the heap
    /// does in here is not observed.
    fn shrink(&mut self, _heap: &mut Heap<'_, L, C>, _: &Wish<Self::Tag, L>) -> Answer {
        Answer::Refuse
    }

    /// Told of all that the heap does while it is used with this owner, for statistics and logs.
    fn observe(&mut self, _: &Event<L>) {}
}

/// The owner for heaps without owned blocks: agrees to moves, and shrinks nothing.
impl<L: Layout, C: Check> Owner<L, C> for () {
    type Tag = ();
}

/// Whom the heap asks: an owner, or nobody.
pub(crate) trait Keeper<L: Layout, C: Check> {
    const PRESENT: bool;
    fn before_move(
        &mut self,
        heap: &Heap<'_, L, C>,
        handle: Handle<L>,
        tag: u32,
        from: usize,
        to: usize,
        bytes: usize,
    ) -> Answer;
    fn synchronise(&mut self, heap: &Heap<'_, L, C>, handle: Handle<L>, tag: u32, sync: Sync);
    fn shrink(&mut self, heap: &mut Heap<'_, L, C>, wish: &Wish<u32, L>) -> Answer;
    fn observe(&mut self, event: &Event<L>);
}

/// Nobody to ask: owned blocks stay as they are.
pub(crate) struct Nobody;

impl<L: Layout, C: Check> Keeper<L, C> for Nobody {
    const PRESENT: bool = false;
    #[inline(always)]
    fn before_move(
        &mut self,
        _: &Heap<'_, L, C>,
        _: Handle<L>,
        _: u32,
        _: usize,
        _: usize,
        _: usize,
    ) -> Answer {
        Answer::Refuse
    }
    #[inline(always)]
    fn synchronise(&mut self, _: &Heap<'_, L, C>, _: Handle<L>, _: u32, _: Sync) {}
    #[inline(always)]
    fn shrink(&mut self, _: &mut Heap<'_, L, C>, _: &Wish<u32, L>) -> Answer {
        Answer::Refuse
    }
    #[inline(always)]
    fn observe(&mut self, _: &Event<L>) {}
}

/// An owner whose tags are decoded.
pub(crate) struct Asked<'o, O>(pub(crate) &'o mut O);

impl<L: Layout, C: Check, O: Owner<L, C>> Keeper<L, C> for Asked<'_, O> {
    const PRESENT: bool = true;

    fn before_move(
        &mut self,
        heap: &Heap<'_, L, C>,
        handle: Handle<L>,
        tag: u32,
        from: usize,
        to: usize,
        bytes: usize,
    ) -> Answer {
        O::Tag::from_bits(tag).map_or(Answer::Refuse, |tag| {
            let ask = Move {
                handle,
                tag,
                from,
                to,
                bytes,
            };
            self.0.before_move_in(heap, &ask)
        })
    }

    fn synchronise(&mut self, heap: &Heap<'_, L, C>, handle: Handle<L>, tag: u32, sync: Sync) {
        if let Some(tag) = O::Tag::from_bits(tag) {
            self.0.synchronise_in(heap, handle, tag, sync);
        }
    }

    fn shrink(&mut self, heap: &mut Heap<'_, L, C>, wish: &Wish<u32, L>) -> Answer {
        let Some(tag) = O::Tag::from_bits(wish.tag) else {
            return Answer::Refuse;
        };
        let wish = Wish {
            handle: wish.handle,
            tag,
            bytes: wish.bytes,
            side: wish.side,
            start: wish.start,
            len: wish.len,
        };
        self.0.shrink(heap, &wish)
    }

    fn observe(&mut self, event: &Event<L>) {
        self.0.observe(event);
    }
}
