//! What the lab asks of a heap.

use std::alloc::Layout;
use std::fmt::Display;
use std::ptr::NonNull;

use thiserror::Error;

/// A heap as the replay sees it: one type per allocator, so that the loop is compiled for each.
///
/// # Safety
///
/// For a block that was given out by `alloc` or `resize` with `size` bytes and is not freed, and not
/// resized since, `data` must return an address that is valid for writes of `size` bytes, and for
/// reads of what was written, until the heap is used again. Whether the bytes stay as they were
/// written is not a condition: the checking run finds that out.
pub(crate) unsafe trait TraceHeap<'a>: Sized {
    /// What the program keeps for each block: a pointer or a handle.
    type Block: Copy;

    type Error: Refusal;

    /// The bytes of state that the heap keeps outside its arena. They are taken off the arena, so
    /// that all state counts, wherever it is.
    const STATE: usize = size_of::<Self>();

    /// The largest arena it can be built in.
    const LIMIT: usize = usize::MAX;

    /// Whether it has a resize of its own, and not just a new block and a copy.
    const RESIZES: bool = true;

    /// The bytes that it may move in one call, besides a block that the call is about; for a heap that
    /// compacts in bounded steps.
    const STEP_BUDGET: Option<u64> = None;

    /// A fresh heap. It must not rely on what the arena's bytes are.
    fn new(arena: &'a mut [u8]) -> Result<Self, String>;

    fn alloc(&mut self, layout: Layout) -> Result<Self::Block, Self::Error>;

    /// Changes the size of a block; the contents up to the lesser size are kept.
    ///
    /// # Safety
    ///
    /// The block must be live and have `old` as its present size and alignment.
    unsafe fn resize(
        &mut self,
        block: Self::Block,
        old: Layout,
        new_size: usize,
    ) -> Result<Self::Block, Self::Error>;

    /// # Safety
    ///
    /// The block must be live and have `layout` as its present size and alignment.
    unsafe fn free(&mut self, block: Self::Block, layout: Layout) -> Result<(), Self::Error>;

    /// Where the block's bytes are now; an error if the heap does not know the block in that size.
    fn data(&mut self, block: Self::Block, size: usize) -> Result<NonNull<u8>, Self::Error>;

    /// An allocation of which the bytes are wanted at once, as `data` gives them.
    fn alloc_data(&mut self, layout: Layout) -> Result<(Self::Block, NonNull<u8>), Self::Error> {
        let block = self.alloc(layout)?;
        Ok((block, self.data(block, layout.size())?))
    }

    /// A resize of which the bytes are wanted at once.
    ///
    /// # Safety
    ///
    /// As for `resize`.
    unsafe fn resize_data(
        &mut self,
        block: Self::Block,
        old: Layout,
        new_size: usize,
    ) -> Result<(Self::Block, NonNull<u8>), Self::Error> {
        // SAFETY: by the caller's promise.
        let block = unsafe { self.resize(block, old, new_size)? };
        Ok((block, self.data(block, new_size)?))
    }

    /// The first word of a block: the whole way from a block to its bytes, as a program goes that
    /// only reads.
    ///
    /// # Safety
    ///
    /// The block must be live, with `size` as its present size, aligned to a word, and its first word
    /// must have been written.
    unsafe fn read_word(&mut self, block: Self::Block, size: usize) -> Result<u64, Self::Error> {
        let data = self.data(block, size)?;
        // SAFETY: valid for reads of what was written (`data`), and aligned by the caller's promise.
        Ok(unsafe { data.cast::<u64>().read() })
    }

    /// What the heap has moved so far.
    fn counters(&self) -> Counters {
        Counters::default()
    }

    /// The heap's own integrity check.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Why a heap did not do what it was asked.
pub(crate) trait Refusal: Display {
    /// Whether it is an error of the heap, and not just a lack of room.
    fn is_fault(&self) -> bool;
}

/// All that most allocators can say.
#[derive(Debug, Error)]
#[error("no room")]
pub(crate) struct NoRoom;

impl Refusal for NoRoom {
    fn is_fault(&self) -> bool {
        false
    }
}

/// How much a heap has moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) moves: u64,
    pub(crate) bytes_moved: u64,
    pub(crate) compactions: u64,
    /// The most bytes that one call has moved: what the heap tells, or the checking run sees, of them
    /// the greater.
    pub(crate) most_moved_in_one_call: Option<u64>,
    /// The most blocks that one call has looked at, if the heap tells.
    pub(crate) most_seen_in_one_call: Option<u64>,
}

impl Counters {
    /// What was moved since an earlier reading.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            moves: self.moves - earlier.moves,
            bytes_moved: self.bytes_moved - earlier.bytes_moved,
            compactions: self.compactions - earlier.compactions,
            ..Self::default()
        }
    }
}

/// A block of this size, aligned to a word.
pub(crate) fn word_aligned(size: u32) -> Layout {
    const ALIGN: usize = align_of::<u64>();
    // SAFETY: a power of two, and a size below 2^32 is far from `isize::MAX` on the 64-bit hosts
    // asked for in `main`.
    unsafe { Layout::from_size_align_unchecked(size as usize, ALIGN) }
}

/// A heap with a name. Apart from [`TraceHeap`], because its arena's lifetime is chosen anew for
/// every run.
pub(crate) trait Kind: 'static {
    type Heap<'a>: TraceHeap<'a>;

    const NAME: &'static str;

    /// What it is, with the version.
    const ABOUT: &'static str;

    /// Whether it lives in the arena it is given; otherwise it asks the system for memory.
    const FIXED_ARENA: bool = true;
}
