//! Lists of what is in a heap: its blocks as they lie in the arena, and its allocations as they stand in
//! the table.

use core::fmt;

use crate::arena::Arena;
use crate::block::Live;
use crate::check::Check;
use crate::error::{Corruption, Error, Fault};
use crate::handle::Handle;
use crate::heap::Heap;
use crate::layout::Layout;
use crate::owner::Tag;
use crate::show::Quoted;
use crate::units::{Index, Pos, Units};

/// One block of the arena, as [`Heap::blocks`] lists it.
#[non_exhaustive]
pub struct Block<'h, L: Layout> {
    /// Where it starts, in bytes from the arena's start.
    pub offset: usize,
    /// The address of its payload; for a free block, that of what is behind its header.
    pub address: usize,
    /// Its length in bytes, header included.
    pub bytes: usize,
    /// The handle; none for a free block.
    pub handle: Option<Handle<L>>,
    /// The payload's length as asked for; zero for a free block.
    pub payload_bytes: usize,
    /// Whether it may not move: immovable, or pinned.
    pub immovable: bool,
    /// The name that it was given.
    pub name: Option<&'h str>,
}

impl<L: Layout> fmt::Debug for Block<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("offset", &self.offset)
            .field("address", &self.address)
            .field("bytes", &self.bytes)
            .field("handle", &self.handle)
            .field("payload_bytes", &self.payload_bytes)
            .field("immovable", &self.immovable)
            .field("name", &self.name.map(Quoted))
            .finish()
    }
}

/// The blocks of a heap in the order of their addresses; see [`Heap::blocks`].
#[derive(Debug)]
pub struct Blocks<'h, 'a, L: Layout, C: Check> {
    heap: &'h Heap<'a, L, C>,
    pos: Pos,
}

/// The allocations of a heap in the order of their numbers; see [`Heap::allocations`].
#[derive(Debug)]
pub struct Allocations<'h, 'a, L: Layout, C: Check> {
    heap: &'h Heap<'a, L, C>,
    index: Index,
}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// All blocks in use, and the free pieces between them, in the order of their addresses. The free
    /// tail is not among them. Ends early with an error where the metadata is damaged. A walk over
    /// all is linear in the blocks.
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let (a, b) = (heap.alloc(10)?, heap.alloc(20)?);
    /// heap.free(a)?;
    /// let blocks: Vec<_> = heap.blocks().collect::<Result<_, _>>()?;
    /// assert_eq!(blocks[0].handle, None);
    /// assert_eq!((blocks[1].handle, blocks[1].payload_bytes), (Some(b), 20));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn blocks(&self) -> Blocks<'_, '_, L, C> {
        Blocks {
            heap: self,
            pos: Pos::FIRST,
        }
    }

    /// One of the [`blocks`](Self::blocks), counted from the first. Linear in the blocks in front of it.
    ///
    /// # Errors
    ///
    /// [`Corruption`] if the metadata in front of it is damaged.
    pub fn block(&self, nth: usize) -> Result<Option<Block<'_, L>>, Corruption> {
        for (i, block) in self.blocks().enumerate() {
            let block = block?;
            if i == nth {
                return Ok(Some(block));
            }
        }
        Ok(None)
    }

    /// The handle of the block whose payload starts at an address. Constant time.
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let handle = heap.alloc(10)?;
    /// let address = heap.get(handle)?.as_ptr().addr();
    /// assert_eq!(heap.handle_at(address), Some(handle));
    /// assert_eq!(heap.handle_at(address + 1), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn handle_at(&self, address: usize) -> Option<Handle<L>> {
        let distance = address.wrapping_sub(self.arena.address(Pos::FIRST));
        let pos = Pos::FIRST + Units(distance / L::GRANULE);
        let header = self.header_in_row(pos).ok();
        let header = header.filter(|&header| !L::is_free(header))?;
        // Whatever bytes these are: only a block's own entry leads back to it.
        let live = Live::at(&self.arena, pos, header).ok()?;
        (live.skipped(&self.arena) == distance % L::GRANULE)
            .then(|| live.handle())
            .flatten()
    }

    /// All blocks in use, in the order of their numbers. An error stands for a number whose metadata is
    /// damaged. A walk over all is linear in the table.
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// heap.alloc_with(buflib::Request::new(10).name("first"))?;
    /// heap.alloc_with(buflib::Request::new(20).name("second"))?;
    /// let names: Vec<_> = heap.allocations().map(|block| block.unwrap().name.unwrap()).collect();
    /// assert_eq!(names, ["first", "second"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn allocations(&self) -> Allocations<'_, '_, L, C> {
        Allocations {
            heap: self,
            index: Index::NONE,
        }
    }

    /// The tag that a block was allocated with; none if it has no owner or the bits are no tag's.
    /// Constant time.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    #[inline]
    pub fn tag<T: Tag>(&self, handle: Handle<L>) -> Result<Option<T>, Error> {
        if Live::find_plain_sound(&self.arena, handle).is_some() {
            return Ok(None);
        }
        let bits = self.tag_bits(handle)?;
        Ok(bits.and_then(T::from_bits))
    }

    #[inline(never)]
    fn tag_bits(&self, handle: Handle<L>) -> Result<Option<u32>, Error> {
        let extension = Live::find_sound(&self.arena, handle)?.extension(&self.arena)?;
        Ok(extension.owner.map(|owner| owner.tag))
    }
}

impl<'h, L: Layout, C: Check> Iterator for Allocations<'h, '_, L, C> {
    type Item = Result<Block<'h, L>, Corruption>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.index = Index(self.index.0 + 1);
            let entry = self.heap.arena.entry(self.index)?;
            if !L::entry_is_live(entry) || self.heap.rests(self.index, entry) {
                continue;
            }
            return Some(match self.heap.numbered(self.index) {
                Some(live) => self.heap.describe(&live),
                None => Err(Corruption::new(
                    Fault::BackLink,
                    self.heap.arena.entry_byte(self.index),
                    L::entry_pos(entry).0 as u64,
                    self.index.0 as u64,
                )),
            });
        }
    }
}

impl<L: Layout, C: Check> core::iter::FusedIterator for Allocations<'_, '_, L, C> {}

impl<'h, L: Layout, C: Check> Iterator for Blocks<'h, '_, L, C> {
    type Item = Result<Block<'h, L>, Corruption>;

    fn next(&mut self) -> Option<Self::Item> {
        let tail = self.heap.arena.tail();
        if self.pos >= tail {
            return None;
        }
        let found = self.heap.block_at(self.pos);
        self.pos = match &found {
            Ok(block) => self.pos + Units(block.bytes / L::GRANULE),
            Err(_) => tail,
        };
        Some(found)
    }
}

impl<L: Layout, C: Check> core::iter::FusedIterator for Blocks<'_, '_, L, C> {}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    fn block_at(&self, pos: Pos) -> Result<Block<'_, L>, Corruption> {
        let header = self.header_in_row(pos)?;
        if L::is_free(header) {
            let mut end = pos + L::units(header);
            while end < self.arena.tail() {
                let header = self.header_in_row(end)?;
                if !L::is_free(header) {
                    break;
                }
                end = end + L::units(header);
            }
            return Ok(Block {
                offset: Arena::<L, C>::byte(pos),
                address: self.arena.address(pos),
                bytes: (end - pos).bytes::<L>(),
                handle: None,
                payload_bytes: 0,
                immovable: false,
                name: None,
            });
        }
        self.describe(&Live::at(&self.arena, pos, header)?)
    }

    fn describe(&self, live: &Live<L>) -> Result<Block<'_, L>, Corruption> {
        Ok(Block {
            offset: Arena::<L, C>::byte(live.pos),
            address: self.arena.address(live.pos) + live.skipped(&self.arena),
            bytes: live.units.bytes::<L>(),
            handle: live.handle(),
            payload_bytes: live.len(&self.arena)?,
            immovable: L::is_fixed(&live.record),
            name: live.name(&self.arena)?,
        })
    }
}
