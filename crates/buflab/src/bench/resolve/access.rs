//! Single accesses: the first word of each item, by whatever leads to it.

use std::hint::black_box;
use std::time::Instant;

use buflib::{Check, Crc32, Handle, Heap, Standard, Unchecked};
use fastrand::Rng;
use slotmap::{DefaultKey, SlotMap};

use super::super::section::Lab;
use super::{Part, Row, race};
use crate::error::Error;

pub(super) const PLAIN: &str = "buflib get";
pub(super) const CRC: &str = "buflib-crc get";
pub(super) const UNCHECKED: &str = "buflib ptr_unchecked";
pub(super) const SLOTMAP: &str = "SlotMap of boxed slices";
pub(super) const SLOTMAP_FIXED: &str = "SlotMap of [u8; 64]";
pub(super) const BOXES: &str = "Vec of boxed slices";
pub(super) const POINTERS: &str = "table of pointers";
pub(super) const POINTERS_UNCHECKED: &str = "table of pointers, index unchecked";

/// Bytes of an item: least, most, and the middle of them.
pub(super) const SIZES: (usize, usize) = (8, 120);
const FIXED: usize = 64;
/// Fewer are too short for a clock.
const LEAST: u64 = 2_000_000;
const QUICK_LEAST: u64 = 100_000;

/// A word of every item, in one of two orders.
struct Contender<'a> {
    name: &'static str,
    sum: Box<dyn Fn(Order) -> u64 + 'a>,
}

#[derive(Clone, Copy)]
enum Order {
    Sequential,
    Random,
}

/// Items in the order in which they were made, and in another one; the same for all contenders.
struct Items {
    sizes: Vec<usize>,
    order: Vec<u32>,
}

impl Items {
    fn new(count: u64) -> Self {
        let mut random = Rng::with_seed(0xacce55);
        let mut order: Vec<_> = (0..count as u32).collect();
        random.shuffle(&mut order);
        let sizes = order.iter().map(|_| random.usize(SIZES.0..=SIZES.1));
        Self {
            sizes: sizes.collect(),
            order,
        }
    }

    /// What leads to the items: one key each, in the order in which they were made. All contenders
    /// have the same loop.
    fn contender<'a, K: Copy + 'a>(
        &self,
        name: &'static str,
        keys: Vec<K>,
        word: impl Fn(K) -> u64 + 'a,
    ) -> Contender<'a> {
        let shuffled: Vec<_> = self.order.iter().map(|&at| keys[at as usize]).collect();
        let sum = move |order| {
            let keys = match order {
                Order::Sequential => &keys,
                Order::Random => &shuffled,
            };
            keys.iter()
                .fold(0, |sum: u64, &key| sum.wrapping_add(word(key)))
        };
        Contender {
            name,
            sum: Box::new(sum),
        }
    }

    fn heap<'a, C: Check>(
        &self,
        arena: &'a mut [u8],
    ) -> Result<(Heap<'a, Standard, C>, Vec<Handle>), Error> {
        let mut heap = Heap::from_bytes(arena)?;
        let handles = self.sizes.iter().map(|&size| {
            let (handle, bytes) = heap.alloc_mut(size)?;
            fill(bytes);
            Ok(handle)
        });
        let handles = handles.collect::<Result<_, Error>>()?;
        Ok((heap, handles))
    }

    fn boxed(&self) -> impl Iterator<Item = Box<[u8]>> {
        self.sizes.iter().map(|&size| {
            let mut bytes = vec![0; size].into_boxed_slice();
            fill(&mut bytes);
            bytes
        })
    }

    fn slotmap<'a>(&self) -> Contender<'a> {
        let mut map: SlotMap<_, Box<[u8]>> = SlotMap::with_capacity(self.sizes.len());
        let keys: Vec<DefaultKey> = self.boxed().map(|bytes| map.insert(bytes)).collect();
        self.contender(SLOTMAP, keys, move |key| {
            first(map.get(key).map(Box::as_ref))
        })
    }

    fn slotmap_fixed<'a>(&self) -> Contender<'a> {
        let mut map = SlotMap::with_capacity(self.sizes.len());
        let mut bytes = [0; FIXED];
        fill(&mut bytes);
        let keys: Vec<DefaultKey> = self.sizes.iter().map(|_| map.insert(bytes)).collect();
        self.contender(SLOTMAP_FIXED, keys, move |key| {
            first(map.get(key).map(|bytes| bytes.as_slice()))
        })
    }

    fn boxes<'a>(&self) -> Contender<'a> {
        let boxes: Vec<_> = self.boxed().collect();
        self.contender(BOXES, self.numbers(), move |key| {
            first(boxes.get(key as usize).map(|bytes| &**bytes))
        })
    }

    fn numbers(&self) -> Vec<u32> {
        (0..self.sizes.len() as u32).collect()
    }

    /// Addresses into `memory`, which has 8 bytes in front of each item, as an allocator with a
    /// header has.
    fn pointers(&self, memory: &mut [u64]) -> Vec<*const u64> {
        let mut rest = memory;
        let pointers = self.sizes.iter().map(|&size| {
            let (item, behind) = std::mem::take(&mut rest).split_at_mut(words(size));
            rest = behind;
            item[1] = WORD;
            (&raw const item[1]).cast()
        });
        pointers.collect()
    }

    fn words(&self) -> usize {
        self.sizes.iter().map(|&size| words(size)).sum()
    }
}

const WORD: u64 = 0x0101_0101_0101_0101;

fn words(size: usize) -> usize {
    1 + size.div_ceil(size_of::<u64>())
}

fn fill(bytes: &mut [u8]) {
    bytes.fill(WORD as u8);
}

#[inline(always)]
fn first(bytes: Option<&[u8]>) -> u64 {
    let word = bytes.and_then(|bytes| bytes.first_chunk());
    word.map_or(0, |&word| u64::from_ne_bytes(word))
}

pub(super) fn measure(lab: &mut Lab<'_>, count: u64) -> Result<Vec<Row>, Error> {
    let items = Items::new(count);
    let each = SIZES.1 as u64 + Heap::<Standard, Crc32>::METADATA_BYTES as u64;
    let arena = lab.arena.bytes(2 * (each * count).next_multiple_of(4096))?;
    let (one, other) = arena.split_at_mut(arena.len() / 2);
    let (plain, handles) = items.heap::<Unchecked>(one)?;
    let (crc, crc_handles) = items.heap::<Crc32>(other)?;
    let mut memory = vec![0; items.words()];
    let pointers = items.pointers(&mut memory);
    // SAFETY of both contenders with pointers: `memory` outlives them and is not written any more.
    let contenders = [
        items.contender(UNCHECKED, handles.clone(), |key| {
            // SAFETY: the blocks are live, have not been shrunk, and are a word long at least.
            unsafe { plain.ptr_unchecked(key).cast::<u64>().read() }
        }),
        items.contender(PLAIN, handles, |key| first(plain.get(key).ok())),
        items.contender(CRC, crc_handles, |key| first(crc.get(key).ok())),
        items.slotmap(),
        items.slotmap_fixed(),
        items.boxes(),
        items.contender(POINTERS, items.numbers(), |key| {
            // SAFETY: see above.
            pointers
                .get(key as usize)
                .map_or(0, |&pointer| unsafe { *pointer })
        }),
        items.contender(POINTERS_UNCHECKED, items.numbers(), |key| {
            // SAFETY: see above; and there is a pointer for each number.
            unsafe { **pointers.get_unchecked(key as usize) }
        }),
    ];
    let least = if lab.quick { QUICK_LEAST } else { LEAST };
    let passes = least.div_ceil(count);
    let names = contenders.each_ref().map(|contender| contender.name);
    let parts = [Part::Random, Part::Sequential];
    race(lab.runs, parts, count, &names, |which| {
        let time = |order| {
            let start = Instant::now();
            for _ in 0..passes {
                let sum = (contenders[which].sum)(black_box(order));
                assert_eq!(black_box(sum), WORD.wrapping_mul(count));
            }
            start.elapsed().as_nanos() as f64 / (passes * count) as f64
        };
        Ok([time(Order::Random), time(Order::Sequential)])
    })
}
