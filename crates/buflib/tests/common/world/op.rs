//! What a program can do, in a form that is easily made of numbers and made smaller.

use super::super::{Kind, Ownership};

macro_rules! what {
    ($($(#[$doc:meta])* $what:ident),* $(,)?) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum What { $($(#[$doc])* $what),* }

        impl What {
            pub(crate) const ALL: &[Self] = &[$(Self::$what),*];
        }
    };
}

what! {
    Alloc,
    AllocMut,
    /// Of any kind.
    AllocWith,
    Free,
    Resize,
    ResizeMut,
    /// By a few bytes more or less.
    Grow,
    Shrink,
    Compact,
    Step,
    /// All that is left, which is held from then on.
    Hold,
    /// The largest request is exact.
    Exact,
    /// A pin that stays.
    Pin,
    Unpin,
    /// Work through the guard of a pin.
    Guard,
    /// Several blocks at once.
    Several,
    /// A block as numbers.
    Numbers,
    /// Everything that only looks.
    Look,
    /// Use of a handle that is none any more.
    Stale,
    GiveFront,
    GiveFreeFront,
    TakeFront,
    GiveEnd,
    TakeEnd,
    /// A second heap of other memory.
    Copy,
    /// An image, and a heap of that.
    Save,
    /// The heap leaves its memory and comes back, perhaps elsewhere.
    Suspend,
    Relocate,
    Image,
    Outline,
}

impl What {
    /// Whether it ends the use of a heap where it is.
    pub(super) fn leaves(self) -> bool {
        matches!(
            self,
            Self::Suspend | Self::Relocate | Self::Image | Self::Outline
        )
    }

    /// Whether it is done with the owner if that is at hand.
    pub(super) fn is_told(self) -> bool {
        use What::{Alloc, AllocWith, Compact, Free, Grow, Hold, Resize, Shrink, Step};
        matches!(
            self,
            Alloc | AllocWith | Free | Resize | Grow | Shrink | Compact | Step | Hold
        )
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    pub(crate) what: What,
    /// The live block with this number, modulo how many there are.
    pub(crate) which: u8,
    /// Bytes, mostly.
    pub(crate) size: u16,
    /// What else there is to decide.
    pub(crate) more: u16,
    /// Whether the owner is at hand.
    pub(crate) owned: bool,
}

impl Op {
    /// A kind of block.
    pub(super) fn kind(&self) -> Kind {
        let bits = self.more;
        Kind {
            align_log2: if bits & 3 == 0 {
                u32::from(bits >> 2 & 7) + u32::from(bits >> 5 & 3)
            } else {
                0
            },
            named: bits & 0x80 != 0,
            owner: match bits >> 8 & 7 {
                0..=2 => Ownership::Nobody,
                3 | 4 => Ownership::Moves,
                _ => Ownership::Shrinks,
            },
            immovable: bits >> 11 & 7 == 0,
        }
    }
}
