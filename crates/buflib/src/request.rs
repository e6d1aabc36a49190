//! What can be asked for beside a size.

use core::fmt;

use crate::extension::{Extension, Ownership};
use crate::owner::Tag;
use crate::show::Quoted;

/// An allocation's size and properties, for [`Heap::alloc_with`](crate::Heap::alloc_with).
///
/// ```
/// # let mut memory = [0; 1024];
/// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
/// use buflib::Request;
/// let handle = heap.alloc_with(Request::new(100).align(64).name("samples"))?;
/// assert!(heap.get(handle)?.as_ptr().addr() % 64 == 0);
/// assert_eq!(heap.name(handle)?, Some("samples"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Request<'n> {
    pub(crate) size: usize,
    pub(crate) align: usize,
    pub(crate) name: &'n str,
    pub(crate) owner: Option<Ownership>,
    pub(crate) immovable: bool,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("size", &self.size)
            .field("align", &self.align)
            .field("name", &Quoted(self.name))
            .field("owner", &self.owner)
            .field("immovable", &self.immovable)
            .finish()
    }
}

impl<'n> Request<'n> {
    /// `size` bytes, aligned to the granule, movable, without a name.
    pub const fn new(size: usize) -> Self {
        Self {
            size,
            align: 1,
            name: "",
            owner: None,
            immovable: false,
        }
    }

    /// The payload's address will be a multiple of `align` bytes, wherever the block is moved: a
    /// power of two up to 4096. It costs no metadata, but there may be a gap in front of the block.
    pub const fn align(mut self, align: usize) -> Self {
        self.align = align;
        self
    }

    /// A name of up to 255 bytes for debugging. It costs its length and a granule of metadata; the
    /// granule serves for a name and an owner together.
    pub const fn name(mut self, name: &'n str) -> Self {
        self.name = name;
        self
    }

    /// The block's [owner](crate::Owner) is asked before each move. It costs a granule of metadata.
    pub fn owner(self, tag: impl Tag) -> Self {
        let shrinks = self.owner.is_some_and(|owner| owner.shrinks);
        self.owned(tag, shrinks)
    }

    /// The same, and the owner is asked to shrink the block when a request would fail otherwise.
    pub fn shrinkable(self, tag: impl Tag) -> Self {
        self.owned(tag, true)
    }

    fn owned(mut self, tag: impl Tag, shrinks: bool) -> Self {
        let tag = tag.into_bits();
        self.owner = Some(Ownership { tag, shrinks });
        self
    }

    /// The block will never be moved, and its owner, if it has one, not be asked to allow it.
    pub const fn immovable(mut self) -> Self {
        self.immovable = true;
        self
    }

    /// What the block carries at its end.
    pub(crate) fn extension(&self) -> Extension<'n> {
        Extension {
            name: self.name.as_bytes(),
            owner: self.owner,
        }
    }
}
