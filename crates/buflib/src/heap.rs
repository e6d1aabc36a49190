//! The heap as its user sees it.

use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::arena::{Anchors, Arena, Place, Shape};
use crate::block::Live;
use crate::check::{Check, Unchecked};
use crate::error::{Broken, BuildError, Error};
use crate::handle::Handle;
use crate::index::FreeIndex;
use crate::inspect::Counters;
use crate::layout::{Layout, Standard};
use crate::region::Books;
use crate::show::Quoted;
use crate::step::Progress;
use crate::table::Table;
use crate::units::Index;
use crate::usage::Usage;

/// The largest alignment is a page.
pub(crate) const MAX_ALIGN: usize = 4096;

/// A heap over a buffer that the caller supplies: it hands out [`Handle`]s, and moves blocks
/// together when free space is in too many pieces.
///
/// # The memory
///
/// ```text
///           start                                                                               end
/// arena:    | block | block | free | block | sentinel |   free tail   ... | entry 3 | entry 2 | entry 1 |
///                                                                           handle table, grows downward
/// block:    | header | payload ........ | pad | trailer |
///             length, flags               up    if long
///             number, generation          to the granule
///
/// free:     | length, flags | next | prev | ........ | length |
/// ```
///
/// A handle holds the number of a table entry; the entry holds the position of the block; the
/// header holds the number of the entry. So a handle resolves with one look-up in the table, and a
/// block that moves finds its entry at once. The bytes are exact in
/// [LAYOUT.md](https://docs.rs/crate/buflib/latest/source/docs/LAYOUT.md).
///
/// # The layers
///
/// | file | what it is about |
/// |---|---|
/// | `heap` | this type: construction, access to payloads |
/// | `alloc`, `resize` | how requests are served and blocks given back |
/// | `place`, `maximum` | where a new block goes; what can be had at the most |
/// | `rest`, `order` | the common case of both: blocks that were freed and keep their number; the lowest number |
/// | `compact`, `step` | moving blocks together, all at once or a little at a time |
/// | `owner`, `with`, `appeal` | owners: what they answer, a heap used with one, asking them to shrink |
/// | `shrink`, `push`, `pin` | cutting blocks from both sides; pushing neighbours away; keeping blocks in place |
/// | `inspect`, `list`, `map` | looking at the heap: figures and the full check; its blocks; drawn in a line |
/// | `region` | giving memory out and taking it back, moving to other memory, snapshots |
/// | `default` | one heap that is always there |
/// | `index`, `table`, `block`, `extension` | where free space is; where handles lead; one block in use; its name and owner |
/// | `store`, `pod` | values of any type; payloads as numbers |
/// | `usage` | granules in use, and the most there were |
/// | `show` | debug output of strings, and of structs with many fields |
/// | `layout`, `check` | the encoding of metadata; the check word |
/// | `arena` | the memory, and all of the `unsafe` but for values; how long a block must be |
///
/// # Borrowing
///
/// Whatever may move a block takes `&mut self`, and payloads borrow the heap. So with a payload in
/// hand nothing that could move it compiles:
///
/// ```compile_fail,E0502
/// # let mut memory = [0; 1024];
/// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
/// let handle = heap.alloc(10)?;
/// let bytes = heap.get(handle)?;
/// heap.alloc(10)?; // may move blocks
/// assert_eq!(bytes.len(), 10);
/// # Ok::<(), buflib::Error>(())
/// ```
pub struct Heap<'a, L: Layout = Standard, C: Check = Unchecked> {
    pub(crate) arena: Arena<'a, L, C>,
    pub(crate) index: FreeIndex<L>,
    pub(crate) table: Table<L>,
    /// Granules of blocks in use.
    pub(crate) used: Usage,
    /// Blocks that may not move: immovable or pinned.
    pub(crate) fixed: usize,
    /// Blocks whose owner is asked.
    pub(crate) owned: usize,
    /// No block is aligned to more granules than this.
    pub(crate) align: usize,
    /// The block that holds the rest of the heap.
    pub(crate) maximum: Index,
    /// Whether nothing was freed since a compaction that did all it could.
    pub(crate) settled: bool,
    /// How far steps of compaction have come.
    pub(crate) progress: Progress<L>,
    /// Whether it left a block in place because its owner refused, or was not there.
    pub(crate) refused: bool,
    pub(crate) counters: Counters,
}

impl<'a, L: Layout, C: Check> Heap<'a, L, C> {
    /// Bytes of metadata for a block, at the most: header, table entry, check word if there is one,
    /// and the trailer that long blocks have. For all others it is
    /// [`TRAILER_BYTES`](Layout::TRAILER_BYTES) less.
    ///
    /// A name costs its length and a granule more; every payload is filled up to the granule.
    ///
    /// ```
    /// use buflib::{Crc32, Heap, Layout, Narrow, Standard, Wide};
    /// assert_eq!(Heap::<Standard>::METADATA_BYTES, 12);
    /// assert_eq!(Heap::<Standard>::METADATA_BYTES - Standard::TRAILER_BYTES, 10);
    /// assert_eq!(Heap::<Standard, Crc32>::METADATA_BYTES, 16);
    /// assert_eq!(Heap::<Narrow>::METADATA_BYTES, 8);
    /// assert_eq!(Heap::<Wide>::METADATA_BYTES, 24);
    /// ```
    pub const METADATA_BYTES: usize = L::HEADER + L::TRAILER_BYTES + Arena::<'a, L, C>::STRIDE;

    /// The largest payload that the layout can express, in bytes.
    pub const MAX_PAYLOAD_BYTES: usize = Shape::<L>::MOST;

    /// Makes a heap of a buffer of any content. Bytes are zeroed when they are first used, so this
    /// is done in constant time, and each byte costs that once.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the buffer cannot hold one empty block or is more than the layout can address.
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// let mut memory = [MaybeUninit::uninit(); 64];
    /// let mut heap = buflib::Heap::<buflib::Narrow>::new(&mut memory)?;
    /// assert_eq!(heap.alloc(40)?.number(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(memory: &'a mut [MaybeUninit<u8>]) -> Result<Self, BuildError> {
        Self::build(memory, false)
    }

    /// Makes a heap of a buffer of bytes, in constant time. A payload starts with whatever its
    /// bytes were before.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn from_bytes(memory: &'a mut [u8]) -> Result<Self, BuildError> {
        Self::build(crate::arena::as_uninit(memory), true)
    }

    fn build(memory: &'a mut [MaybeUninit<u8>], initialised: bool) -> Result<Self, BuildError> {
        let bytes = memory.len();
        let limit = L::MAX_ARENA_BYTES;
        if bytes > limit {
            return Err(BuildError::TooLarge { bytes, limit });
        }
        let slack = L::GRANULE + size_of::<L::Entry>();
        let needed = L::GRANULE + L::HEADER + Arena::<L, C>::STRIDE + slack;
        match Arena::new(memory, initialised) {
            Some(arena) if arena.top_beside(1).is_some_and(|top| top > arena.tail()) => {
                Ok(Self::from_books(arena, Books::EMPTY))
            }
            _ => Err(BuildError::TooSmall { bytes, needed }),
        }
    }

    /// The bytes of a block. Constant time: one look-up in the table.
    ///
    /// # Errors
    ///
    /// [`Error::BadHandle`] if the block is not live, [`Error::Corrupt`] if its metadata is damaged.
    #[inline(always)]
    pub fn get(&self, handle: Handle<L>) -> Result<&[u8], Error> {
        if let Some(live) = Live::find_plain_sound(&self.arena, handle) {
            let extent = L::plain_extent(&live.record);
            let row = self.arena.span_from(live.pos);
            if let Some(bytes) = row.and_then(|row| row.payload_of(extent)) {
                return Ok(bytes);
            }
        }
        self.get_any(handle)
    }

    /// Where a block's payload starts, with nothing checked: one look-up in the table and an addition. For
    /// inner loops over handles that are known to be right.
    ///
    /// The bytes may be read until the heap is used mutably; their number is what was asked for.
    ///
    /// # Safety
    ///
    /// The handle is of a live block of this very heap, its start was never moved by
    /// [`shrink`](Self::shrink), and no metadata was damaged.
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let handle = heap.alloc(5)?;
    /// heap.get_mut(handle)?.copy_from_slice(b"hello");
    /// // SAFETY: the block is live, and has not been shrunk.
    /// let first = unsafe { heap.ptr_unchecked(handle).read() };
    /// assert_eq!(first, b'h');
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[inline(always)]
    pub unsafe fn ptr_unchecked(&self, handle: Handle<L>) -> NonNull<u8> {
        // SAFETY: a live block's entry is in the table, and leads to the block.
        unsafe { self.arena.ptr_unchecked(handle.index()) }
    }

    /// Where handles resolve, for code in other languages that does what
    /// [`ptr_unchecked`](Self::ptr_unchecked) does.
    #[must_use]
    pub fn anchors(&self) -> Anchors {
        self.arena.anchors()
    }

    #[cold]
    #[inline(never)]
    fn get_any(&self, handle: Handle<L>) -> Result<&[u8], Error> {
        let place = self.locate(handle)?;
        Ok(self.arena.payload(place).unwrap_or_default())
    }

    /// Where a payload starts, and its length, for values that are more than bytes. What is there may
    /// be written and read through the pointer until a block is moved.
    #[inline(always)]
    pub(crate) fn span(&self, handle: Handle<L>) -> Result<(NonNull<u8>, usize), Error> {
        let found = Live::find_plain_sound(&self.arena, handle);
        if let Some(span) = found.and_then(|live| self.arena.payload_at(live.plain_place())) {
            return Ok(span);
        }
        let place = self.locate(handle)?;
        let span = self.arena.payload_at(place);
        span.ok_or_else(|| self.diagnose(Broken))
    }

    /// Where a payload is, checked as far as can be.
    #[inline(never)]
    pub(crate) fn locate(&self, handle: Handle<L>) -> Result<Place, Error> {
        let live = Live::find_sound(&self.arena, handle)?;
        live.len(&self.arena)?;
        Ok(live.place(&self.arena)?)
    }

    /// The bytes of a block, to write. Constant time.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    #[inline(always)]
    pub fn get_mut(&mut self, handle: Handle<L>) -> Result<&mut [u8], Error> {
        if let Some(live) = Live::find_plain_sound(&self.arena, handle) {
            let extent = L::plain_extent(&live.record);
            let row = self.arena.span_from(live.pos);
            if row.is_some_and(|row| row.holds(extent)) {
                let row = self.arena.span_from_mut(live.pos);
                return Ok(row
                    .and_then(|row| row.payload_of(extent))
                    .unwrap_or_default());
            }
        }
        let place = self.locate(handle)?;
        Ok(self.arena.payload_mut(place).unwrap_or_default())
    }

    /// The bytes of several different blocks, all to write. Quadratic in their number.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get), and [`Error::SameHandle`] if one is given twice.
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let (a, b) = (heap.alloc(3)?, heap.alloc(3)?);
    /// let [x, y] = heap.get_disjoint_mut([a, b])?;
    /// x.copy_from_slice(b"abc");
    /// y.copy_from_slice(x);
    /// assert_eq!(heap.get(b)?, b"abc");
    /// assert!(heap.get_disjoint_mut([a, a]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_disjoint_mut<const N: usize>(
        &mut self,
        handles: [Handle<L>; N],
    ) -> Result<[&mut [u8]; N], Error> {
        let mut places = [Place::NOWHERE; N];
        for (i, (place, &handle)) in places.iter_mut().zip(&handles).enumerate() {
            if handles.iter().take(i).any(|&other| other == handle) {
                return Err(Error::SameHandle {
                    number: handle.number(),
                });
            }
            *place = self.locate(handle)?;
        }
        // Different blocks that overlap: only damaged metadata says so.
        self.arena.payloads_mut(places).ok_or_else(|| {
            let (first, last) = (
                places.first().map_or(0, |place| place.pos.0),
                places.last().map_or(0, |place| place.pos.0),
            );
            crate::error::Corruption::new(
                crate::error::Fault::Position,
                0,
                first as u64,
                last as u64,
            )
            .into()
        })
    }

    /// Whether a handle leads to a live block of this heap. Constant time.
    #[must_use]
    pub fn contains(&self, handle: Handle<L>) -> bool {
        Live::find(&self.arena, handle).is_ok()
    }

    /// The name that a block was allocated with. Linear in its length.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    pub fn name(&self, handle: Handle<L>) -> Result<Option<&str>, Error> {
        Ok(Live::find_sound(&self.arena, handle)?.name(&self.arena)?)
    }
}

impl<L: Layout, C: Check> fmt::Debug for Heap<'_, L, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap")
            .field("layout", &Quoted(L::NAME))
            .field("check_word", &C::ENABLED)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
