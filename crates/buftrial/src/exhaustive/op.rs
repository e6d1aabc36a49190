//! One operation of a program, and how it is written down.

use std::fmt;

/// Blocks are named by the number of their handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Op {
    Alloc { size: u16, kind: Kind, asked: bool },
    Maximum { asked: bool },
    Free(u8),
    Resize { number: u8, size: u16, asked: bool },
    Shrink { number: u8, start: u16, end: u16 },
    Pin(u8),
    Unpin(u8),
    Compact { asked: bool },
    Step { bytes: u16, blocks: u8, asked: bool },
}

/// What to allocate, beside its size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Plain,
    Immovable,
    /// Aligned to so many bytes.
    Aligned(u16),
    Owned(Manner),
}

/// What an owner does with a block of its own. Its value is the block's tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(crate) enum Manner {
    /// It refuses all moves, and is not asked to shrink.
    Refuses = 1,
    /// It agrees to moves, and gives half of what it has when asked to shrink, in the end all.
    Gives = 2,
}

impl Op {
    /// Whether the heap has the owner at hand.
    pub(crate) fn asked(self) -> bool {
        match self {
            Self::Alloc { asked, .. }
            | Self::Maximum { asked }
            | Self::Resize { asked, .. }
            | Self::Compact { asked }
            | Self::Step { asked, .. } => asked,
            Self::Free(_) | Self::Shrink { .. } | Self::Pin(_) | Self::Unpin(_) => false,
        }
    }
}

/// A line of Rust. The number of a new block is known only when it is there.
pub(crate) struct Line {
    pub(crate) op: Op,
    pub(crate) new: Option<u8>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heap = if self.op.asked() {
            "heap.with(&mut owner)"
        } else {
            "heap"
        };
        if let Some(number) = self.new {
            write!(f, "let h{number} = ")?;
        }
        match self.op {
            Op::Alloc { size, kind, .. } => {
                let properties = match kind {
                    Kind::Plain => return write!(f, "{heap}.alloc({size});"),
                    Kind::Immovable => ".immovable()".to_owned(),
                    Kind::Aligned(align) => format!(".align({align})"),
                    Kind::Owned(manner @ Manner::Refuses) => format!(".owner({})", manner as u32),
                    Kind::Owned(manner @ Manner::Gives) => {
                        format!(".shrinkable({})", manner as u32)
                    }
                };
                write!(f, "{heap}.alloc_with(Request::new({size}){properties});")
            }
            Op::Maximum { .. } => write!(f, "{heap}.alloc_maximum();"),
            Op::Free(number) => write!(f, "heap.free(h{number});"),
            Op::Resize { number, size, .. } => write!(f, "{heap}.resize(h{number}, {size});"),
            Op::Shrink { number, start, end } => {
                write!(f, "heap.shrink(h{number}, {start}..{end});")
            }
            Op::Pin(number) => write!(f, "heap.pin(h{number}).map(Pinned::keep);"),
            Op::Unpin(number) => write!(f, "heap.unpin(h{number});"),
            Op::Compact { .. } => write!(f, "{heap}.compact();"),
            Op::Step { bytes, blocks, .. } => {
                write!(
                    f,
                    "{heap}.compact_step(Budget {{ bytes: {bytes}, blocks: {blocks} }});"
                )
            }
        }
    }
}
