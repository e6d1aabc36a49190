//! buflib in its layouts, with and without check words.

use std::alloc::Layout;
use std::ptr::NonNull;

use buflib::{Budget, Check, Crc32, Error, Handle, Heap, Request, Standard, Unchecked};

use crate::heap::{Counters, Kind, Refusal, TraceHeap};

macro_rules! kind {
    ($kind:ident, $name:literal, $layout:ident, $check:ident, $about:literal) => {
        pub(super) struct $kind;

        impl Kind for $kind {
            type Heap<'a> = BuflibHeap<'a, ::buflib::$layout, $check>;
            const NAME: &'static str = $name;
            const ABOUT: &'static str = concat!("buflib ", $about);
        }
    };
}

kind!(
    Plain,
    "buflib",
    Standard,
    Unchecked,
    "0.1, standard layout: 10 bytes a block, 12 from 16 KiB on, up to 1 GiB"
);
kind!(
    Crc,
    "buflib-crc",
    Standard,
    Crc32,
    "0.1, the same with a CRC-32 word in each table entry"
);
kind!(
    InOrder,
    "buflib-ordered",
    Ordered,
    Unchecked,
    "0.1, the standard encoding with numbers from the lowest free one"
);
kind!(
    SmallState,
    "buflib-small",
    Small,
    Unchecked,
    "0.1, the same with a quarter of the state beside the arena"
);
kind!(
    Wide,
    "buflib-wide",
    Wide,
    Unchecked,
    "0.1, wide layout: 24 bytes a block, larger than memory"
);
kind!(
    WideCrc,
    "buflib-wide-crc",
    Wide,
    Crc32,
    "0.1, the same with CRC-32"
);
kind!(
    Narrow,
    "buflib-narrow",
    Narrow,
    Unchecked,
    "0.1, narrow layout: 8 bytes a block, up to 256 KiB"
);
kind!(
    NarrowCrc,
    "buflib-narrow-crc",
    Narrow,
    Crc32,
    "0.1, the same with CRC-32"
);

pub(super) struct BuflibHeap<'a, L: buflib::Layout, C: Check> {
    heap: Heap<'a, L, C>,
}

// SAFETY: the address is that of a slice of `size` bytes, and stays until the heap is used again.
unsafe impl<'a, L: buflib::Layout, C: Check> TraceHeap<'a> for BuflibHeap<'a, L, C> {
    type Block = Handle<L>;
    type Error = Error;

    const LIMIT: usize = L::MAX_ARENA_BYTES;

    fn new(arena: &'a mut [u8]) -> Result<Self, String> {
        let heap = Heap::from_bytes(arena).map_err(|error| error.to_string())?;
        Ok(Self { heap })
    }

    #[inline]
    fn alloc(&mut self, layout: Layout) -> Result<Handle<L>, Error> {
        if layout.align() <= L::GRANULE_BYTES {
            self.heap.alloc(layout.size())
        } else {
            let request = Request::new(layout.size()).align(layout.align());
            self.heap.alloc_with(request)
        }
    }

    #[inline]
    unsafe fn resize(
        &mut self,
        block: Handle<L>,
        _old: Layout,
        new_size: usize,
    ) -> Result<Handle<L>, Error> {
        self.heap.resize(block, new_size)?;
        Ok(block)
    }

    #[inline]
    unsafe fn free(&mut self, block: Handle<L>, _layout: Layout) -> Result<(), Error> {
        self.heap.free(block)
    }

    #[inline]
    fn data(&mut self, block: Handle<L>, size: usize) -> Result<NonNull<u8>, Error> {
        Ok(checked(self.heap.get_mut(block)?, size))
    }

    #[inline]
    fn alloc_data(&mut self, layout: Layout) -> Result<(Handle<L>, NonNull<u8>), Error> {
        if layout.align() > L::GRANULE_BYTES {
            let block = self.alloc(layout)?;
            return Ok((block, self.data(block, layout.size())?));
        }
        let (block, bytes) = self.heap.alloc_mut(layout.size())?;
        Ok((block, checked(bytes, layout.size())))
    }

    #[inline]
    unsafe fn resize_data(
        &mut self,
        block: Handle<L>,
        _old: Layout,
        new_size: usize,
    ) -> Result<(Handle<L>, NonNull<u8>), Error> {
        Ok((
            block,
            checked(self.heap.resize_mut(block, new_size)?, new_size),
        ))
    }

    #[inline]
    unsafe fn read_word(&mut self, block: Handle<L>, _size: usize) -> Result<u64, Error> {
        let word = self.heap.get(block)?.first_chunk();
        Ok(word.map_or(0, |&word| u64::from_ne_bytes(word)))
    }

    fn counters(&self) -> Counters {
        counters(&self.heap)
    }

    fn check(&self) -> Result<(), String> {
        self.heap.check().map_err(|error| error.to_string())
    }
}

/// The address of a payload. The replay writes by address: a wrong length would be the lab's own
/// undoing.
#[inline]
fn checked(bytes: &mut [u8], size: usize) -> NonNull<u8> {
    assert_eq!(bytes.len(), size, "a payload has another length");
    NonNull::from(bytes).cast()
}

impl Refusal for Error {
    fn is_fault(&self) -> bool {
        !matches!(
            self,
            Error::Exhausted { .. } | Error::TooLarge { .. } | Error::HandlesExhausted { .. }
        )
    }
}

/// The same heap, with a step of compaction before each allocation and growth unless half of the free space is in one piece.
pub(super) struct Paced;

impl Kind for Paced {
    type Heap<'a> = PacedHeap<'a>;
    const NAME: &'static str = "buflib-paced";
    const ABOUT: &'static str = "0.1, standard layout, a step of compaction of at most 4 KiB and 16 blocks before each allocation while less than half of the free space is in one piece";
}

pub(super) struct PacedHeap<'a> {
    heap: Heap<'a, Standard>,
}

const PACE: Budget = Budget {
    bytes: 4 << 10,
    blocks: 16,
};

// SAFETY: as for `BuflibHeap`.
unsafe impl<'a> TraceHeap<'a> for PacedHeap<'a> {
    type Block = Handle<Standard>;
    type Error = Error;

    const LIMIT: usize = <Standard as buflib::Layout>::MAX_ARENA_BYTES;
    const STEP_BUDGET: Option<u64> = Some(PACE.bytes as u64);

    fn new(arena: &'a mut [u8]) -> Result<Self, String> {
        let heap = Heap::from_bytes(arena).map_err(|error| error.to_string())?;
        Ok(Self { heap })
    }

    #[inline]
    fn alloc(&mut self, layout: Layout) -> Result<Handle<Standard>, Error> {
        let mut owner = ();
        let mut heap = self.heap.with(&mut owner).paced(PACE);
        if layout.align() <= <Standard as buflib::Layout>::GRANULE_BYTES {
            heap.alloc(layout.size())
        } else {
            heap.alloc_with(Request::new(layout.size()).align(layout.align()))
        }
    }

    #[inline]
    unsafe fn resize(
        &mut self,
        block: Handle<Standard>,
        _old: Layout,
        new_size: usize,
    ) -> Result<Handle<Standard>, Error> {
        self.heap
            .with(&mut ())
            .paced(PACE)
            .resize(block, new_size)?;
        Ok(block)
    }

    #[inline]
    unsafe fn free(&mut self, block: Handle<Standard>, _layout: Layout) -> Result<(), Error> {
        self.heap.free(block)
    }

    #[inline]
    fn data(&mut self, block: Handle<Standard>, size: usize) -> Result<NonNull<u8>, Error> {
        Ok(checked(self.heap.get_mut(block)?, size))
    }

    fn counters(&self) -> Counters {
        counters(&self.heap)
    }

    fn check(&self) -> Result<(), String> {
        self.heap.check().map_err(|error| error.to_string())
    }
}

fn counters<L: buflib::Layout, C: Check>(heap: &Heap<'_, L, C>) -> Counters {
    let stats = heap.stats();
    Counters {
        moves: stats.moves as u64,
        bytes_moved: stats.bytes_moved as u64,
        compactions: stats.compactions as u64,
        ..Counters::default()
    }
}
