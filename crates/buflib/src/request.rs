//! What can be asked for beside a size.

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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub struct Request<'n> {
    pub(crate) size: usize,
    pub(crate) align: usize,
    pub(crate) name: &'n str,
    pub(crate) immovable: bool,
}

impl<'n> Request<'n> {
    /// `size` bytes, aligned to the granule, movable, without a name.
    pub const fn new(size: usize) -> Self {
        Self {
            size,
            align: 1,
            name: "",
            immovable: false,
        }
    }

    /// The payload's address will be a multiple of `align` bytes, wherever the block is moved: a
    /// power of two up to 4096. It costs no metadata, but there may be a gap in front of the block.
    pub const fn align(mut self, align: usize) -> Self {
        self.align = align;
        self
    }

    /// A name of up to 255 bytes for debugging. It costs its length and a granule of metadata.
    pub const fn name(mut self, name: &'n str) -> Self {
        self.name = name;
        self
    }

    /// The block will never be moved.
    pub const fn immovable(mut self) -> Self {
        self.immovable = true;
        self
    }
}
