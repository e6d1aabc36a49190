//! The faults: which bits change.

use buflib::{Check, Heap, Layout};
use fastrand::Rng;

use super::map::{Map, Region};
use super::memory::Bytes;

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    /// One bit.
    Bit,
    /// 2 to 8 bits, anywhere or close together.
    Bits,
    /// A word of 2, 4 or 8 bytes becomes zero, all ones, anything, or a copy of another.
    Word,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bit => "one bit",
            Self::Bits => "2 to 8 bits",
            Self::Word => "a word",
        }
    }
}

/// Bytes of the arena, and what is flipped in them.
#[derive(Clone, Debug)]
pub(crate) struct Damage {
    pub(crate) kind: Kind,
    /// What the first of the bytes is.
    pub(crate) region: Region,
    pub(crate) masks: Vec<(usize, u8)>,
}

impl Damage {
    /// Every bit once, and half as many of each of the other kinds.
    pub(crate) fn of_all(map: &Map, random: &mut Rng) -> Vec<Self> {
        let bits: Vec<_> = map
            .places()
            .iter()
            .flat_map(|&at| (0..8).map(move |bit| (at, 1 << bit)))
            .collect();
        let mut all: Vec<_> = bits
            .iter()
            .map(|&mask| Self::new(map, Kind::Bit, vec![mask]))
            .collect();
        for _ in 0..bits.len() / 2 {
            all.push(Self::several(map, random));
            all.extend(Self::word(map, random));
        }
        all
    }

    fn new(map: &Map, kind: Kind, masks: Vec<(usize, u8)>) -> Self {
        let region = map.region(masks[0].0).unwrap_or(Region::Unused);
        Self {
            kind,
            region,
            masks,
        }
    }

    fn several(map: &Map, random: &mut Rng) -> Self {
        let places = map.places();
        let count = random.usize(2..=8);
        let first = random.usize(..places.len());
        let reach = if random.bool() { 8 } else { places.len() };
        let mut masks: Vec<(usize, u8)> = Vec::with_capacity(count);
        while masks.len() < count {
            let at = places[(first + random.usize(..reach)) % places.len()];
            let mask = (at, 1 << random.u8(..8));
            if !masks.contains(&mask) {
                masks.push(mask);
            }
        }
        Self::new(map, Kind::Bits, masks)
    }

    /// None if the word has that value, or there is no word.
    fn word(map: &Map, random: &mut Rng) -> Option<Self> {
        let size = 2 << random.usize(..3);
        let at = map.word(random, size, |_| true)?;
        let region = map.region(at);
        let value = match random.u8(..4) {
            0 => vec![0; size],
            1 => vec![0xff; size],
            2 => (0..size).map(|_| random.u8(..)).collect(),
            _ => {
                let other = map.word(random, size, |at| map.region(at) == region)?;
                map.bytes(other, size).to_vec()
            }
        };
        let old = map.bytes(at, size);
        let masks: Vec<_> = (at..)
            .zip(old.iter().zip(value))
            .map(|(at, (old, new))| (at, old ^ new))
            .filter(|&(_, mask)| mask != 0)
            .collect();
        let fault = || Self {
            kind: Kind::Word,
            region: region.unwrap_or(Region::Unused),
            masks: masks.clone(),
        };
        (!masks.is_empty()).then(fault)
    }

    pub(crate) fn strike<L: Layout, C: Check>(&self, heap: &mut Heap<'_, L, C>, bytes: &Bytes) {
        for &(at, mask) in &self.masks {
            bytes.flip(heap, at, mask);
        }
    }
}
