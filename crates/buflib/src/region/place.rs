//! Moving a heap to other memory: by a copy, or by letting go of its memory while that moves.

use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::{Books, Refused, RegionError, refuse_immovable};
use crate::arena::{Arena, Form, as_uninit};
use crate::check::{Check, Unchecked};
use crate::heap::Heap;
use crate::layout::{Layout, Standard};
use crate::show::Quoted;

/// A heap that has let go of its memory, so that the memory may move: see [`Heap::suspend`].
///
/// It borrows nothing. All blocks are in the memory still, and handles stay good.
#[must_use]
pub struct Suspended<L: Layout = Standard, C: Check = Unchecked> {
    books: Books<L>,
    form: Form,
    /// Where the arena started.
    address: usize,
    check: PhantomData<C>,
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Makes a second heap of other memory, with the same blocks under the same handles. This one
    /// stays as it is; drop it, and it has moved.
    ///
    /// The memory need not be as large as this heap's, as long as blocks, the free space between
    /// them and the handle table fit: [`compact`](Self::compact) makes that the least. If blocks are
    /// aligned to more than a granule, up to that alignment is skipped in front, so that they are
    /// aligned there as well.
    ///
    /// Linear in the bytes of blocks and table; in the number of blocks as well if one was ever
    /// aligned or immovable.
    ///
    /// # Errors
    ///
    /// [`RegionError::Immovable`] if there is a block that may not move, [`RegionError::TooSmall`] or
    /// [`RegionError::TooLarge`], [`RegionError::Corrupt`] if damaged metadata was met.
    ///
    /// ```
    /// let (mut small, mut large) = ([0; 256], [0; 1024]);
    /// let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut small)?;
    /// let handle = heap.alloc(100)?;
    /// heap.get_mut(handle)?.fill(1);
    /// let mut heap = heap.copy_to_bytes(&mut large)?;
    /// assert_eq!(heap.get(handle)?, [1; 100]);
    /// heap.resize(handle, 500)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn copy_to_bytes<'b>(&self, memory: &'b mut [u8]) -> Result<Heap<'b, L, C>, RegionError> {
        self.copy(as_uninit(memory), true)
    }

    /// The same for memory of any content, as for [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// As for [`copy_to_bytes`](Self::copy_to_bytes).
    pub fn copy_to<'b>(
        &self,
        memory: &'b mut [MaybeUninit<u8>],
    ) -> Result<Heap<'b, L, C>, RegionError> {
        self.copy(memory, false)
    }

    fn copy<'b>(
        &self,
        memory: &'b mut [MaybeUninit<u8>],
        initialised: bool,
    ) -> Result<Heap<'b, L, C>, RegionError> {
        let (bytes, limit) = (memory.len(), L::MAX_ARENA_BYTES);
        if bytes > limit {
            return Err(RegionError::TooLarge { bytes, limit });
        }
        let arena = self
            .arena
            .copy_to(memory, initialised, self.grain()?)
            .map_err(|needed| RegionError::TooSmall { bytes, needed })?;
        Ok(Heap::from_books(arena, self.books()))
    }

    /// Lets go of the memory and keeps what is to be known about it, so that the memory may move as a
    /// whole. Constant time.
    ///
    /// That is how one heap lives in a block of another: it is suspended while the other one moves
    /// blocks.
    ///
    /// ```
    /// # let mut memory = [0; 8192];
    /// # let mut outer: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// use buflib::{Heap, Standard};
    /// let (hole, block) = (outer.alloc(1000)?, outer.alloc(4096)?);
    /// let mut inner = Heap::<Standard>::from_bytes(outer.get_mut(block)?)?;
    /// let handle = inner.alloc(3)?;
    /// inner.get_mut(handle)?.copy_from_slice(b"abc");
    ///
    /// let suspended = inner.suspend();
    /// outer.free(hole)?;
    /// assert!(outer.compact()?.moves == 1);
    /// let inner = suspended.resume(outer.get_mut(block)?)?;
    /// assert_eq!(inner.get(handle)?, b"abc");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn suspend(self) -> Suspended<L, C> {
        Suspended {
            books: self.books(),
            form: self.arena.form(),
            address: self.arena.base(),
            check: PhantomData,
        }
    }
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Goes on in other memory, to which the bytes are copied by somebody else after this: for code in other
    /// languages, and for heaps that are themselves in the memory that moves. Everybody else is better served
    /// by [`suspend`](Self::suspend).
    ///
    /// Constant time, unless blocks were ever immovable, or aligned to what the distance is no multiple
    /// of: then linear in the blocks.
    ///
    /// # Errors
    ///
    /// [`RegionError::Address`] if granules would be off, [`RegionError::Immovable`],
    /// [`RegionError::Misaligned`], [`RegionError::Corrupt`]. Nothing has changed then.
    ///
    /// # Safety
    ///
    /// `to` is where the first byte of the buffer goes that the heap was made of, memory given out at the
    /// front included. As many bytes as that buffer has are there, borrowed as this heap's memory is, and before
    /// the heap is used again, they are initialised and the arena's bytes are the same as they are now.
    pub unsafe fn relocate(&mut self, to: NonNull<u8>) -> Result<(), RegionError> {
        let from = self.arena.buffer();
        let distance = to.addr().get().wrapping_sub(from);
        if distance % L::GRANULE != 0 {
            return Err(RegionError::Address {
                remainder: to.addr().get() % L::GRANULE,
                expected: from % L::GRANULE,
            });
        }
        self.may_move_by(distance)?;
        // SAFETY: by the caller's promise; a granule is a whole number of entries.
        unsafe { self.arena.rebase(to) };
        Ok(())
    }
}

impl<L: Layout, C: Check> Suspended<L, C> {
    /// Goes on in the memory, wherever it is now: the bytes that the heap was made of (or attached
    /// to, or resumed in), with the same content.
    ///
    /// There may be more bytes behind it, which are added to the free space; memory given out at the
    /// end comes back in this way, while that given out at the front stays out of use. Memory given
    /// out at the end need not be there any more.
    ///
    /// Constant time, unless the memory has grown (then linear in the table's entries), or has
    /// moved and blocks were ever immovable, or aligned to what it has not moved by a multiple of
    /// (then linear in the blocks).
    ///
    /// The content is not looked at. If it is not what it was, that is damage like any other: the
    /// heap's operations return errors or wrong bytes of the same memory, never worse.
    /// [`check`](Heap::check) tells.
    ///
    /// # Errors
    ///
    /// With the suspended heap given back: [`RegionError::TooSmall`]; [`RegionError::Address`] if
    /// granules are off, as may be for a heap of larger granules in a block of smaller ones that was
    /// not allocated with that alignment; [`RegionError::Immovable`] and [`RegionError::Misaligned`]
    /// with the first block that forbids to move by so much; [`RegionError::Corrupt`] if damaged
    /// metadata was met in looking for such a block.
    #[allow(
        clippy::result_large_err,
        reason = "as large as what is returned otherwise"
    )]
    pub fn resume<'b>(self, memory: &'b mut [u8]) -> Result<Heap<'b, L, C>, Refused<Self>> {
        let Form { before, size, .. } = self.form;
        let bytes = memory.len();
        let needed = before.saturating_add(size);
        if bytes < needed {
            return Err(Refused::new(self, RegionError::TooSmall { bytes, needed }));
        }
        let address = memory.as_ptr().addr();
        let distance = address.wrapping_add(before).wrapping_sub(self.address);
        let Some((arena, rest)) = Arena::over(memory, &self.form) else {
            let error = RegionError::Address {
                remainder: address % L::GRANULE,
                expected: address.wrapping_sub(distance) % L::GRANULE,
            };
            return Err(Refused::new(self, error));
        };
        let mut heap = Heap::from_books(arena, self.books);
        if let Err(error) = heap.may_move_by(distance) {
            let books = heap.books();
            return Err(Refused::new(Self { books, ..self }, error));
        }
        // Adjacent by construction.
        let _ = heap.take_end(rest);
        Ok(heap)
    }
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// Whether all blocks can do with having been moved by so many bytes, which may wrap around.
    fn may_move_by(&self, distance: usize) -> Result<(), RegionError> {
        // An alignment is a power of two.
        let fits = |align: usize| distance & align.wrapping_mul(L::GRANULE).wrapping_sub(1) == 0;
        if distance == 0 || (self.fixed == 0 && fits(self.align)) {
            return Ok(());
        }
        self.ask_each(|live| {
            if !fits(live.align()) {
                return Err(RegionError::Misaligned {
                    number: live.index.0,
                    align: live.align().saturating_mul(L::GRANULE),
                    distance: distance as isize,
                });
            }
            refuse_immovable::<L, C>(live)
        })
    }
}

impl<L: Layout, C: Check> fmt::Debug for Suspended<L, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suspended")
            .field("layout", &Quoted(L::NAME))
            .field("check_word", &C::ENABLED)
            .field("live", &self.books.table.live())
            .field("bytes", &self.form.size)
            .finish_non_exhaustive()
    }
}
