//! A cache of decoded pictures that never takes more than its arena, and throws out what was not
//! used for longest.
//!
//! The cache has no budget of its own to count: it fills the heap, and the heap asks for room. The
//! cache itself is the owner of its blocks, so no globals or cells are needed.

use buflib::{Answer, Error, Handle, Heap, Owner, Request, Wish};

/// Pictures there are.
const PICTURES: u32 = 200;

/// How large a picture is when it is decoded.
fn size(key: u32) -> usize {
    200 + key as usize * 37 % 1500
}

fn decode(key: u32, to: &mut [u8]) {
    for (at, byte) in to.iter_mut().enumerate() {
        *byte = (at as u32).wrapping_mul(key | 1) as u8;
    }
}

struct Entry {
    key: u32,
    handle: Handle,
    used: u64,
}

#[derive(Default)]
struct Cache {
    entries: Vec<Entry>,
    now: u64,
    hits: usize,
    misses: usize,
    evicted: usize,
}

impl Cache {
    /// The picture, decoded now or before.
    fn get<'h>(&mut self, heap: &'h mut Heap, key: u32) -> Result<&'h [u8], Error> {
        self.now += 1;
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.key == key) {
            entry.used = self.now;
            self.hits += 1;
            return heap.get(entry.handle);
        }
        self.misses += 1;
        let request = Request::new(size(key)).shrinkable(());
        let handle = heap.with(self).alloc_with(request)?;
        decode(key, heap.get_mut(handle)?);
        self.entries.push(Entry {
            key,
            handle,
            used: self.now,
        });
        heap.get(handle)
    }
}

impl Owner for Cache {
    type Tag = ();

    /// Which block the heap asks about is the heap's choice; which one is freed is the cache's.
    fn shrink(&mut self, heap: &mut Heap, _: &Wish<()>) -> Answer {
        let oldest = (0..self.entries.len()).min_by_key(|&at| self.entries[at].used);
        let Some(entry) = oldest.map(|at| self.entries.swap_remove(at)) else {
            return Answer::Refuse;
        };
        self.evicted += 1;
        heap.free(entry.handle)
            .map_or(Answer::Refuse, |()| Answer::Agree)
    }
}

fn main() -> Result<(), Error> {
    let mut memory = vec![0; 48 * 1024];
    let mut heap = Heap::from_bytes(&mut memory).expect("a heap");
    let mut cache = Cache::default();
    let (mut random, mut fullest) = (1_u32, 0);
    for _ in 0..20_000 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // The cube makes some pictures far more popular than others.
        let part = u64::from(random >> 20);
        let key = ((part.pow(3) * u64::from(PICTURES)) >> 36) as u32;
        let picture = cache.get(&mut heap, key)?;
        assert_eq!(picture.len(), size(key));
        assert!(
            picture
                .iter()
                .enumerate()
                .all(|(at, &byte)| byte == (at as u32).wrapping_mul(key | 1) as u8)
        );
        fullest = fullest.max(heap.stats().used_bytes);
    }
    heap.check()?;

    let stats = heap.stats();
    let whole: usize = (0..PICTURES).map(size).sum();
    println!(
        "{PICTURES} pictures of {whole} bytes, in a cache of {} bytes",
        48 * 1024
    );
    println!(
        "{} hits, {} misses, {} evicted, {} cached",
        cache.hits,
        cache.misses,
        cache.evicted,
        cache.entries.len()
    );
    println!(
        "at most {fullest} bytes in use; {} blocks moved together",
        stats.moves
    );
    assert_eq!(cache.hits + cache.misses, 20_000);
    assert_eq!(cache.misses - cache.evicted, cache.entries.len());
    assert_eq!(stats.live, cache.entries.len());
    assert!(cache.evicted > 0 && cache.hits > cache.misses);
    // Nothing is evicted for want of one piece: the arena gets as good as full.
    assert!(fullest > 48 * 1024 * 98 / 100);
    Ok(())
}
