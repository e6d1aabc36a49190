//! What the tests share: buffers, heaps that check themselves, a heap beside a model, and an owner
//! that writes down what it hears.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each test file uses its own part"
)]

mod model;
mod owner;
mod program;
pub(crate) mod world;

use std::ops::{Deref, Range};

use buflib::{Check, Compaction, Error, Handle, Heap, Layout, Owner, Request, Stats, With};

pub(crate) use model::{Known, Model, Op};
pub(crate) use owner::{Heard, Recorder};
pub(crate) use program::{Kind, Label, Ownership, Program};

/// Makes eight tests of each generic function: on every layout, without and with check word. `Ordered` and
/// `Small` differ in what is kept beside the arena, so each of them has one.
macro_rules! on_every_heap {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            #[test]
            fn narrow() {
                super::$test::<buflib::Narrow, buflib::Unchecked>();
            }
            #[test]
            fn narrow_crc() {
                super::$test::<buflib::Narrow, buflib::Crc32>();
            }
            #[test]
            fn standard() {
                super::$test::<buflib::Standard, buflib::Unchecked>();
            }
            #[test]
            fn standard_crc() {
                super::$test::<buflib::Standard, buflib::Crc32>();
            }
            #[test]
            fn ordered() {
                super::$test::<buflib::Ordered, buflib::Unchecked>();
            }
            #[test]
            fn small_crc() {
                super::$test::<buflib::Small, buflib::Crc32>();
            }
            #[test]
            fn wide() {
                super::$test::<buflib::Wide, buflib::Unchecked>();
            }
            #[test]
            fn wide_crc() {
                super::$test::<buflib::Wide, buflib::Crc32>();
            }
        }
    )+};
}

/// What a fresh buffer is filled with.
pub(crate) const FILLER: u8 = 0xaa;

/// Bytes of a table entry, check word included.
pub(crate) fn entry_bytes<L: Layout, C: Check>() -> usize {
    Heap::<L, C>::METADATA_BYTES - L::HEADER_BYTES - L::TRAILER_BYTES
}

/// Bytes that an owner adds to its block.
pub(crate) fn owner_bytes<L: Layout>() -> usize {
    L::GRANULE_BYTES
}

/// The payload that fills an owned block of so many granules to the last byte.
pub(crate) fn owned_payload<L: Layout>(granules: usize) -> usize {
    payload::<L>(granules) - owner_bytes::<L>()
}

/// Bytes of metadata at the end of a block of so many bytes.
fn trailer_bytes<L: Layout>(block: usize) -> usize {
    if block < L::LONG_BYTES {
        0
    } else {
        L::TRAILER_BYTES
    }
}

/// Bytes that a block takes of the arena, its table entry not counted.
pub(crate) fn block_bytes<L: Layout>(payload: usize) -> usize {
    let short = (L::HEADER_BYTES + payload).next_multiple_of(L::GRANULE_BYTES);
    (L::HEADER_BYTES + trailer_bytes::<L>(short) + payload).next_multiple_of(L::GRANULE_BYTES)
}

/// The payload that fills a block of so many granules to the last byte.
pub(crate) fn payload<L: Layout>(granules: usize) -> usize {
    let bytes = granules * L::GRANULE_BYTES;
    bytes - L::HEADER_BYTES - trailer_bytes::<L>(bytes)
}

/// The arena in which so many blocks of so many granules altogether fit, and not a granule more:
/// blocks, the header that closes their row, table.
pub(crate) fn arena_bytes<L: Layout, C: Check>(blocks: usize, granules: usize) -> usize {
    granules * L::GRANULE_BYTES + L::HEADER_BYTES + blocks * entry_bytes::<L, C>()
}

/// The longest arena of up to so many bytes that ends at a whole number of entries.
pub(crate) fn exact_bytes<L: Layout>(most: usize) -> usize {
    most - (L::GRANULE_BYTES - L::HEADER_BYTES + most) % L::ENTRY_BYTES
}

/// A buffer that starts at a multiple of 4096 plus `skew`.
pub(crate) struct Memory {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl Memory {
    pub(crate) fn new(len: usize) -> Self {
        Self::skewed(len, 0)
    }

    pub(crate) fn skewed(len: usize, skew: usize) -> Self {
        let bytes = vec![FILLER; len + skew + 4096];
        let start = bytes.as_ptr().addr().next_multiple_of(4096) - bytes.as_ptr().addr() + skew;
        Self { bytes, start, len }
    }

    /// A buffer of which a heap of this layout uses every byte, if `len` is as [`exact_bytes`] says.
    pub(crate) fn exact<L: Layout>(len: usize) -> Self {
        Self::skewed(len, L::GRANULE_BYTES - L::HEADER_BYTES)
    }

    /// What is around the buffer, in front and behind.
    pub(crate) fn around(&self) -> impl Iterator<Item = u8> + '_ {
        let (front, rest) = self.bytes.split_at(self.start);
        front.iter().chain(&rest[self.len..]).copied()
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..][..self.len]
    }

    pub(crate) fn heap<L: Layout, C: Check>(&mut self) -> Heap<'_, L, C> {
        Heap::from_bytes(self.bytes()).expect("a heap")
    }

    pub(crate) fn checked<L: Layout, C: Check>(&mut self) -> Checked<'_, L, C> {
        Checked { heap: self.heap() }
    }
}

/// A heap that walks all of itself after every operation.
#[derive(Debug)]
pub(crate) struct Checked<'a, L: Layout, C: Check> {
    heap: Heap<'a, L, C>,
}

/// What shared references can do.
impl<'a, L: Layout, C: Check> Deref for Checked<'a, L, C> {
    type Target = Heap<'a, L, C>;

    fn deref(&self) -> &Self::Target {
        &self.heap
    }
}

/// A block as it is listed, owned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Seen<H> {
    pub(crate) offset: usize,
    pub(crate) bytes: usize,
    pub(crate) handle: Option<H>,
    pub(crate) payload_bytes: usize,
    pub(crate) immovable: bool,
    pub(crate) name: Option<String>,
}

impl<L: Layout> Seen<Handle<L>> {
    pub(crate) fn of(block: &buflib::Block<'_, L>) -> Self {
        Self {
            offset: block.offset,
            bytes: block.bytes,
            handle: block.handle,
            payload_bytes: block.payload_bytes,
            immovable: block.immovable,
            name: block.name.map(String::from),
        }
    }
}

/// All that can be seen of a heap from outside.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Picture<H> {
    pub(crate) stats: Stats,
    pub(crate) blocks: Vec<Seen<H>>,
    pub(crate) contents: Vec<(H, Vec<u8>)>,
}

impl<'a, L: Layout, C: Check> Checked<'a, L, C> {
    /// A heap that must be in order now.
    #[track_caller]
    pub(crate) fn of(heap: Heap<'a, L, C>) -> Self {
        heap.check().expect("sound metadata");
        Self { heap }
    }

    pub(crate) fn into_heap(self) -> Heap<'a, L, C> {
        self.heap
    }

    /// Any operation, and the walk.
    pub(crate) fn run<R>(&mut self, operation: impl FnOnce(&mut Heap<'a, L, C>) -> R) -> R {
        let result = operation(&mut self.heap);
        if let Err(corruption) = self.heap.check() {
            panic!("{corruption}");
        }
        result
    }

    /// Any operation on a heap that is damaged on purpose, without the walk.
    pub(crate) fn run_damaged<R>(&mut self, operation: impl FnOnce(&mut Heap<'a, L, C>) -> R) -> R {
        operation(&mut self.heap)
    }

    pub(crate) fn alloc(&mut self, size: usize) -> Result<Handle<L>, Error> {
        self.run(|heap| heap.alloc(size))
    }

    pub(crate) fn alloc_with(&mut self, request: Request<'_>) -> Result<Handle<L>, Error> {
        self.run(|heap| heap.alloc_with(request))
    }

    pub(crate) fn alloc_maximum(&mut self) -> Result<(Handle<L>, usize), Error> {
        self.run(Heap::alloc_maximum)
    }

    pub(crate) fn allocatable(&mut self) -> Result<Option<usize>, Error> {
        self.run(Heap::allocatable)
    }

    pub(crate) fn free(&mut self, handle: Handle<L>) -> Result<(), Error> {
        self.run(|heap| heap.free(handle))
    }

    pub(crate) fn resize(&mut self, handle: Handle<L>, size: usize) -> Result<(), Error> {
        self.run(|heap| heap.resize(handle, size))
    }

    pub(crate) fn compact(&mut self) -> Result<Compaction, Error> {
        self.run(Heap::compact)
    }

    pub(crate) fn shrink(&mut self, handle: Handle<L>, kept: Range<usize>) -> Result<(), Error> {
        self.run(|heap| heap.shrink(handle, kept))
    }

    /// Pins a block, and forgets the guard.
    pub(crate) fn pin(&mut self, handle: Handle<L>) -> Result<(), Error> {
        self.run(|heap| heap.pin(handle).map(|pinned| pinned.keep()))
    }

    pub(crate) fn unpin(&mut self, handle: Handle<L>) -> Result<(), Error> {
        self.run(|heap| heap.unpin(handle))
    }

    /// Any operation with an owner, and the walk.
    pub(crate) fn with<O: Owner<L, C>, R>(
        &mut self,
        owner: &mut O,
        operation: impl FnOnce(&mut With<'_, 'a, L, C, O>) -> R,
    ) -> R {
        self.run(|heap| operation(&mut heap.with(owner)))
    }

    /// Writes a pattern of the handle's own to its whole payload.
    pub(crate) fn fill(&mut self, handle: Handle<L>) {
        self.run(|heap| {
            let bytes = heap.get_mut(handle).expect("live block");
            bytes
                .iter_mut()
                .zip(pattern(handle))
                .for_each(|(to, from)| *to = from);
        });
    }

    /// Allocates a block that must fit, and fills it.
    pub(crate) fn filled(&mut self, request: Request<'_>) -> Handle<L> {
        let handle = self.alloc_with(request).expect("room");
        self.fill(handle);
        handle
    }

    /// The same for a block that must not fail to fit, of so many whole granules.
    pub(crate) fn granules(&mut self, granules: usize) -> Handle<L> {
        self.filled(Request::new(payload::<L>(granules)))
    }

    /// Checks that the first `len` bytes are as [`fill`](Self::fill) wrote them.
    #[track_caller]
    pub(crate) fn expect_front(&self, handle: Handle<L>, len: usize) {
        let bytes = self.get(handle).expect("live block");
        assert!(
            bytes[..len].iter().copied().eq(pattern(handle).take(len)),
            "contents of {handle}: {bytes:?}"
        );
    }

    /// Checks the contents of blocks that were filled, to the last byte.
    #[track_caller]
    pub(crate) fn expect_filled(&self, handles: impl IntoIterator<Item = Handle<L>>) {
        for handle in handles {
            self.expect_front(handle, self.get(handle).expect("live block").len());
        }
    }

    pub(crate) fn address(&self, handle: Handle<L>) -> usize {
        self.get(handle).expect("live block").as_ptr().addr()
    }

    /// Where the row of blocks ends, in bytes from the arena's start.
    pub(crate) fn end_of_blocks(&self) -> usize {
        self.seen()
            .last()
            .map_or(0, |last| last.offset + last.bytes)
    }

    pub(crate) fn seen(&self) -> Vec<Seen<Handle<L>>> {
        self.blocks()
            .map(|block| Seen::of(&block.expect("sound metadata")))
            .collect()
    }

    /// Lengths of the free blocks, in the order of their addresses.
    pub(crate) fn holes(&self) -> Vec<usize> {
        self.seen()
            .iter()
            .filter(|block| block.handle.is_none())
            .map(|block| block.bytes)
            .collect()
    }

    pub(crate) fn picture(&self) -> Picture<Handle<L>> {
        let blocks = self.seen();
        let live = blocks.iter().filter_map(|block| block.handle);
        let contents = live
            .map(|handle| (handle, self.get(handle).expect("listed block").to_vec()))
            .collect();
        Picture {
            stats: self.stats(),
            blocks,
            contents,
        }
    }
}

/// Flips bits of a byte of the arena behind the heap's back, as a stray pointer would. `anchor` is a
/// live block, and `anchor_offset` is where it starts, in bytes from the arena's start.
pub(crate) fn flip<L: Layout, C: Check>(
    heap: &mut Heap<'_, L, C>,
    anchor: Handle<L>,
    anchor_offset: usize,
    at: usize,
    mask: u8,
) {
    let payload = heap.get_mut(anchor).expect("the anchor").as_mut_ptr();
    let distance = at as isize - (anchor_offset + L::HEADER_BYTES) as isize;
    // SAFETY: callers name a byte of the arena, so it is in the same buffer as the payload, and the
    // heap, whose borrow the pointer is derived from, is not used meanwhile. That the pointer leaves
    // the payload is an error in the model of Stacked Borrows, and none in Tree Borrows.
    unsafe { *payload.offset(distance) ^= mask };
}

/// Blocks of all kinds with space between them, filled; those that are left, in the order in which
/// they were allocated.
pub(crate) fn mixed<L: Layout, C: Check>(
    heap: &mut Checked<'_, L, C>,
    request: fn(usize) -> Request<'static>,
) -> Vec<Handle<L>> {
    let all: Vec<_> = (0..12).map(|i| heap.filled(request(i))).collect();
    let (gone, left): (Vec<_>, Vec<_>) = all.iter().partition(|handle| handle.number() % 3 == 1);
    for handle in gone {
        heap.free(handle).expect("live block");
    }
    left
}

/// CRC-32C, from its definition.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 }
        })
    })
}

/// Bytes of the record at the end of an image.
pub(crate) const RECORD: usize = 96;

/// Makes the check word of an image's record right.
pub(crate) fn seal(image: &mut [u8]) {
    let start = image.len() - RECORD;
    let record = &mut image[start..];
    let digest = u64::from(crc32c(&record[..RECORD - 8]));
    record[RECORD - 8..].copy_from_slice(&digest.to_ne_bytes());
}

/// Every kind of operation, on a heap whose bytes may be anything and with handles that may be. Only
/// that all of it ends is of interest.
pub(crate) fn use_all<L: Layout, C: Check>(
    heap: &mut Heap<'_, L, C>,
    mut handles: Vec<Handle<L>>,
    random: &mut fastrand::Rng,
) {
    let listed = heap.blocks().filter_map(Result::ok);
    handles.extend(listed.filter_map(|block| block.handle));
    for step in 0..20 {
        let size = random.usize(..200);
        let handle = handles.get(random.usize(..handles.len().max(1))).copied();
        match step % 10 {
            0 => handles.extend(heap.alloc(size)),
            1 => handles.extend(heap.alloc_with(Request::new(size).align(32).name("a name"))),
            2 => drop(heap.compact()),
            3 => drop(heap.allocatable()),
            4 => drop(heap.give_end(size)),
            5 => {
                if let Ok(Err(refused)) = heap.give_front(size).map(|front| heap.take_front(front))
                {
                    std::hint::black_box(refused.to_string());
                }
            }
            6 => {
                std::hint::black_box(heap.check().map_err(|error| error.to_string()).is_ok());
                let mut image = vec![0; heap.image_bytes()];
                let _ = heap.save_into(&mut image);
                let _ = heap.copy_to_bytes(&mut image).map(|copy| copy.stats());
            }
            _ => {
                let Some(handle) = handle else { continue };
                let _ = heap.name(handle).map(|name| name.map(str::len));
                let _ = heap.get_mut(handle).map(|bytes| bytes.fill(size as u8));
                let _ = heap.resize(handle, size);
                if step % 10 == 9 {
                    let _ = heap.free(handle);
                }
            }
        }
    }
}

/// Bytes that differ between handles and between places.
pub(crate) fn pattern<L: Layout>(handle: Handle<L>) -> impl Iterator<Item = u8> {
    let seed = handle
        .number()
        .wrapping_mul(31)
        .wrapping_add(handle.generation() as usize * 97);
    (0..).map(move |i: usize| seed.wrapping_add(i * 7).wrapping_add(i / 256) as u8)
}
