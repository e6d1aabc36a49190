//! Which bytes of an arena are what, from the description of its layout (`docs/LAYOUT.md`), and not by the library's own
//! decoding.

use std::ops::Range;

use buflib::{Check, Heap, Layout};
use fastrand::Rng;

use super::memory::Bytes;

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum Region {
    /// The header of a block in use.
    Header,
    /// The end of a long block.
    Trailer,
    /// Between a header and a payload that was cut at its front.
    Skipped,
    /// What a payload is filled up with to the granule.
    Pad,
    /// Name, tag and abilities.
    Extension,
    /// The entry of a block in use.
    Entry,
    /// Its check word.
    CheckWord,
    /// The entry that counts pins.
    PinRecord,
    VacantEntry,
    RestingEntry,
    /// The check word beside an entry that has none, and what fills it up.
    IdleWord,
    FreeHeader,
    RestingHeader,
    Link,
    Footer,
    /// The rest of a free block.
    FreeInside,
    /// The header behind the last block.
    Sentinel,
    /// Between the blocks and the table.
    Unused,
}

impl Region {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Trailer => "trailer",
            Self::Skipped => "skipped bytes",
            Self::Pad => "padding",
            Self::Extension => "extension",
            Self::Entry => "entry",
            Self::CheckWord => "check word",
            Self::PinRecord => "pin record",
            Self::VacantEntry => "vacant entry",
            Self::RestingEntry => "resting entry",
            Self::IdleWord => "idle check word",
            Self::FreeHeader => "free header",
            Self::RestingHeader => "resting header",
            Self::Link => "free link",
            Self::Footer => "free footer",
            Self::FreeInside => "free bytes",
            Self::Sentinel => "sentinel",
            Self::Unused => "unused bytes",
        }
    }
}

/// The kinds of free blocks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Free {
    Cached,
    Merged,
    Sentinel,
    Resting,
}

/// What each byte of an arena is, and has as its value; nothing for payload.
pub(crate) struct Map {
    regions: Vec<Option<Region>>,
    values: Vec<u8>,
    places: Vec<usize>,
}

/// Of the inside of a free block, and between blocks and table, so many bytes are enough: they mean nothing.
const SAMPLE: usize = 24;

impl Map {
    /// None if the arena does not look as its description says.
    pub(crate) fn of<L: Layout, C: Check>(heap: &Heap<'_, L, C>, bytes: &Bytes) -> Option<Self> {
        let mut values = vec![0; bytes.len()];
        bytes.copy_to(heap, 0, &mut values);
        let regions = vec![None; values.len()];
        let mut map = Self {
            regions,
            values,
            places: Vec::new(),
        };
        let end = map.blocks(heap, bytes.start())?;
        map.table(heap, end)?;
        map.places = (0..map.regions.len())
            .filter(|&at| map.regions[at].is_some())
            .collect();
        Some(map)
    }

    /// All bytes that are not payload.
    pub(crate) fn places(&self) -> &[usize] {
        &self.places
    }

    pub(crate) fn region(&self, at: usize) -> Option<Region> {
        self.regions[at]
    }

    pub(crate) fn bytes(&self, at: usize, len: usize) -> &[u8] {
        &self.values[at..at + len]
    }

    /// A word of so many bytes, with no payload in it, that starts at such a place.
    pub(crate) fn word(
        &self,
        random: &mut Rng,
        size: usize,
        is: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        for _ in 0..16 {
            let at = self.places[random.usize(..self.places.len())];
            let at = at - at % 2;
            let whole = self.regions.get(at..at + size);
            if whole.is_some_and(|whole| whole.iter().all(Option::is_some)) && is(at) {
                return Some(at);
            }
        }
        None
    }

    fn mark(&mut self, range: Range<usize>, region: Region) {
        if let Some(regions) = self.regions.get_mut(range) {
            regions.fill(Some(region));
        }
    }

    /// Some bytes of a range that mean nothing.
    fn mark_some(&mut self, range: Range<usize>, region: Region) {
        let step = (range.len() / SAMPLE).max(1);
        for at in range.step_by(step) {
            self.mark(at..at + 1, region);
        }
    }

    /// Walks the row of blocks; where it ends, behind the sentinel.
    fn blocks<L: Layout, C: Check>(
        &mut self,
        heap: &Heap<'_, L, C>,
        start: usize,
    ) -> Option<usize> {
        let mut listed = heap
            .blocks()
            .filter_map(Result::ok)
            .filter(|block| block.handle.is_some());
        let mut at = 0;
        loop {
            let (len, free) = self.header::<L>(at)?;
            let end = at + len;
            let Some(free) = free else {
                let block = listed
                    .next()
                    .filter(|block| (block.offset, block.bytes) == (at, len))?;
                let payload = block.address - start..block.address - start + block.payload_bytes;
                let owned = heap.tag::<u32>(block.handle?).ok()?.is_some();
                self.in_use::<L>(at..end, payload, block.name.map_or(0, str::len), owned);
                at = end;
                continue;
            };
            if free == Free::Sentinel {
                self.mark(at..at + L::HEADER_BYTES, Region::Sentinel);
                return Some(at + L::HEADER_BYTES);
            }
            self.free::<L>(at..end, free);
            at = end;
        }
    }

    fn in_use<L: Layout>(
        &mut self,
        block: Range<usize>,
        payload: Range<usize>,
        name: usize,
        owned: bool,
    ) {
        let trailer = if block.len() < L::LONG_BYTES {
            0
        } else {
            L::TRAILER_BYTES
        };
        let granule = L::GRANULE_BYTES;
        let extension = if name > 0 || owned {
            name.next_multiple_of(granule) + granule
        } else {
            0
        };
        let behind = block.end - trailer;
        self.mark(block.start..block.start + L::HEADER_BYTES, Region::Header);
        self.mark(
            block.start + L::HEADER_BYTES..payload.start,
            Region::Skipped,
        );
        self.mark(payload.end..behind - extension, Region::Pad);
        self.mark(behind - extension..behind, Region::Extension);
        self.mark(behind..block.end, Region::Trailer);
    }

    fn free<L: Layout>(&mut self, block: Range<usize>, kind: Free) {
        let (at, granule) = (block.start, L::GRANULE_BYTES);
        let large = block.len() > granule;
        self.mark_some(at + L::HEADER_BYTES..block.end, Region::FreeInside);
        let links = match (L::HEADER_BYTES, kind) {
            (4, Free::Merged) if large => at + 4..at + 8,
            (4, _) => at + 4..at + 6,
            (6, Free::Merged) if large => at + 6..at + 14,
            (6, Free::Resting) if large => at + 6..at + 10,
            (16, Free::Merged | Free::Resting) if large => lower_half(at + granule),
            _ => at..at,
        };
        self.mark(links, Region::Link);
        let header = if kind == Free::Resting {
            Region::RestingHeader
        } else {
            Region::FreeHeader
        };
        self.mark(at..at + L::HEADER_BYTES, header);
        if kind == Free::Merged {
            let footer = if L::HEADER_BYTES == 16 {
                let lower = lower_half(block.end - granule);
                if lower.start == block.end - granule {
                    lower.end..block.end
                } else {
                    block.end - granule..lower.start
                }
            } else {
                block.end - 2..block.end
            };
            self.mark(footer, Region::Footer);
        }
    }

    /// The length of the block at a place, in bytes, and what it is if it is free.
    fn header<L: Layout>(&self, at: usize) -> Option<(usize, Option<Free>)> {
        let kind = |bits| match bits {
            1 => Some(Free::Cached),
            2 => Some(Free::Merged),
            3 => Some(Free::Sentinel),
            _ => None,
        };
        let (granules, free) = match L::HEADER_BYTES {
            4 => {
                let header = self.number(at, 4)?;
                let free = kind(header >> 15 & 0x7fff).or(Some(Free::Resting));
                (header & 0x7fff, free.filter(|_| header >> 30 & 1 == 1))
            }
            6 => {
                let header = self.number(at + 2, 4)?;
                let long = header >> 27 & 1 == 1;
                let length = if long {
                    header & 0x07ff_ffff
                } else {
                    header >> 3 & 0x7ff
                };
                let free = match kind(header >> 28 & 3) {
                    Some(Free::Merged) if !long => Some(Free::Resting),
                    free => free,
                };
                (length, free.filter(|_| header >> 31 == 1))
            }
            _ => {
                let header = self.number(lower_half(at).start, 8)?;
                let free = kind(header >> 50 & 0xf).or(Some(Free::Resting));
                (
                    header & 0xffff_ffff_ffff,
                    free.filter(|_| header >> 48 & 1 == 1),
                )
            }
        };
        Some((granules as usize * L::GRANULE_BYTES, free))
    }

    fn table<L: Layout, C: Check>(&mut self, heap: &Heap<'_, L, C>, end: usize) -> Option<()> {
        let stride = Heap::<L, C>::METADATA_BYTES - L::HEADER_BYTES - L::TRAILER_BYTES;
        let entries = heap.stats().table_entries;
        let size = self.values.len();
        self.mark_some(end..size - entries * stride, Region::Unused);
        let live: Vec<_> = heap
            .allocations()
            .map(|block| block.ok()?.handle)
            .collect::<Option<_>>()?;
        for number in 1..=entries {
            let at = size - number * stride;
            let entry = self.number(at, L::ENTRY_BYTES)?;
            let (vacant, pins) = match (L::HEADER_BYTES, L::ENTRY_BYTES) {
                (4, _) => (entry >> 31 == 1, entry >> 18 & 0xf == 15),
                (6, _) => (entry >> 30 == 2, entry >> 30 == 3),
                _ => (entry >> 63 == 1, entry >> 48 & 0xf == 15),
            };
            let (region, mut word) = if live.iter().any(|handle| handle.number() == number) {
                (Region::Entry, 4)
            } else if vacant {
                (Region::VacantEntry, 0)
            } else if pins {
                (Region::PinRecord, 0)
            } else {
                (Region::RestingEntry, 0)
            };
            word = word.min(stride - L::ENTRY_BYTES);
            let behind = at + L::ENTRY_BYTES;
            self.mark(at..behind, region);
            self.mark(behind..behind + word, Region::CheckWord);
            self.mark(behind + word..at + stride, Region::IdleWord);
        }
        Some(())
    }

    fn number(&self, at: usize, len: usize) -> Option<u64> {
        let bytes = self.values.get(at..at + len)?;
        Some(match len {
            4 => u32::from_ne_bytes(bytes.try_into().ok()?).into(),
            _ => u64::from_ne_bytes(bytes.try_into().ok()?),
        })
    }
}

/// Where the lower half of a number of 16 bytes is.
fn lower_half(at: usize) -> Range<usize> {
    let at = if cfg!(target_endian = "big") {
        at + 8
    } else {
        at
    };
    at..at + 8
}
