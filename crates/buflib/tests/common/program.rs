//! A program that answers for its blocks by chance, and knows of each what it must contain and
//! where it must be.

use buflib::{
    Answer, Check, Error, Event, Handle, Heap, Layout, Move, Owner, Request, Sync, Tag, Wish,
};

/// What the program knows of one of its blocks.
#[derive(Clone, Debug)]
pub(crate) struct Own<L: Layout> {
    pub(crate) handle: Handle<L>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) align: usize,
    pub(crate) name: String,
    pub(crate) owner: Ownership,
    pub(crate) immovable: bool,
    pub(crate) pins: usize,
    pub(crate) address: usize,
    /// Whether its front was cut off.
    pub(crate) cut: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ownership {
    Nobody,
    Moves,
    Shrinks,
}

/// What to allocate, beside its size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) align_log2: u32,
    pub(crate) named: bool,
    pub(crate) owner: Ownership,
    pub(crate) immovable: bool,
}

impl Kind {
    pub(crate) const PLAIN: Self = Self {
        align_log2: 0,
        named: false,
        owner: Ownership::Nobody,
        immovable: false,
    };

    pub(crate) fn request<'n>(&self, size: usize, name: &'n str) -> Request<'n> {
        let request = Request::new(size).align(1 << self.align_log2);
        let request = if self.named {
            request.name(name)
        } else {
            request
        };
        let request = match self.owner {
            Ownership::Nobody => request,
            Ownership::Moves => request.owner(label(size)),
            Ownership::Shrinks => request.shrinkable(label(size)),
        };
        if self.immovable {
            request.immovable()
        } else {
            request
        }
    }
}

/// What a program writes at its blocks: something that does not change, the size that each was allocated with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Label(u32);

impl Tag for Label {
    fn into_bits(self) -> u32 {
        !self.0
    }

    fn from_bits(bits: u32) -> Option<Self> {
        Some(Self(!bits))
    }
}

fn label(size: usize) -> Label {
    Label(size as u32)
}

#[derive(Debug)]
pub(crate) struct Program<L: Layout> {
    pub(crate) blocks: Vec<Own<L>>,
    pub(crate) tags: Vec<(Handle<L>, Label)>,
    /// The block that holds all that was left.
    pub(crate) held: Option<Handle<L>>,
    /// Whether blocks may have alignments that are not known.
    pub(crate) learned: bool,
    on: Vec<Handle<L>>,
    random: fastrand::Rng,
    seed: u8,
}

impl<L: Layout> Program<L> {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            blocks: Vec::new(),
            tags: Vec::new(),
            held: None,
            learned: false,
            on: Vec::new(),
            random: fastrand::Rng::with_seed(seed),
            seed: 0,
        }
    }

    /// Reads out what is in a heap that somebody else has filled. Who answers for its blocks is not known, so nobody
    /// can be asked for them.
    pub(crate) fn learn<C: Check>(&mut self, heap: &mut Heap<'_, L, C>) {
        self.learned = true;
        for block in heap.allocations() {
            let block = block.expect("sound metadata");
            let handle = block.handle.expect("in use");
            let bytes = heap.get(handle).expect("live block");
            let (tag, pins) = (heap.tag(handle), heap.pin_count(handle));
            let (tag, pins) = (tag.expect("live block"), pins.expect("live block"));
            let owner = tag.map_or(Ownership::Nobody, |_| Ownership::Moves);
            self.tags.extend(tag.map(|tag| (handle, tag)));
            self.blocks.push(Own {
                handle,
                bytes: bytes.to_vec(),
                align: 1,
                name: block.name.unwrap_or_default().into(),
                owner,
                immovable: block.immovable && pins == 0,
                pins,
                address: bytes.as_ptr().addr(),
                cut: true,
            });
        }
        // More than fits, and no more than the layout can express.
        if let Err(Error::MaximumHeld { number }) = heap.alloc(heap.image_bytes()) {
            let mut blocks = self.blocks.iter();
            let held = blocks.find(|block| block.handle.number() == number);
            self.held = Some(held.expect("a live block").handle);
        }
    }

    fn fresh(&mut self, size: usize) -> Vec<u8> {
        self.seed = self.seed.wrapping_add(41);
        (0..size)
            .map(|i| self.seed.wrapping_add((i as u8).wrapping_mul(7)))
            .collect()
    }

    /// Takes note of a new block, and fills it.
    pub(crate) fn adopt<C: Check>(
        &mut self,
        heap: &mut Heap<'_, L, C>,
        handle: Handle<L>,
        size: usize,
        kind: Kind,
        name: &str,
    ) {
        self.adopt_larger(heap, handle, (size, size), kind, name);
    }

    /// The same for a block that has not the size that was asked for.
    pub(crate) fn adopt_larger<C: Check>(
        &mut self,
        heap: &mut Heap<'_, L, C>,
        handle: Handle<L>,
        (size, asked): (usize, usize),
        kind: Kind,
        name: &str,
    ) {
        assert!(
            self.blocks.iter().all(|block| block.handle != handle),
            "{handle} given out twice"
        );
        let bytes = self.fresh(size);
        let to = heap.get_mut(handle).expect("new block");
        assert_eq!(to.len(), size);
        to.copy_from_slice(&bytes);
        let address = to.as_ptr().addr();
        self.tags.retain(|&(other, _)| other != handle);
        self.tags.push((handle, label(asked)));
        self.blocks.push(Own {
            handle,
            bytes,
            align: 1 << kind.align_log2,
            name: if kind.named {
                name.into()
            } else {
                String::new()
            },
            owner: kind.owner,
            immovable: kind.immovable,
            pins: 0,
            address,
            cut: false,
        });
    }

    /// Takes note of the size that a block has now, and fills what is new.
    pub(crate) fn resized<C: Check>(
        &mut self,
        heap: &mut Heap<'_, L, C>,
        handle: Handle<L>,
        size: usize,
    ) {
        let fresh = self.fresh(size);
        self.has_less(handle, size);
        let block = self.known(handle).expect("known block");
        let kept = size.min(block.bytes.len());
        let to = heap.get_mut(handle).expect("resized block");
        assert_eq!(to.len(), size);
        assert_eq!(to[..kept], block.bytes[..kept]);
        to.copy_from_slice(&fresh);
        block.bytes = fresh;
    }

    pub(crate) fn known(&mut self, handle: Handle<L>) -> Option<&mut Own<L>> {
        self.blocks.iter_mut().find(|block| block.handle == handle)
    }

    /// What holds all that was left does so until it is smaller.
    fn has_less(&mut self, handle: Handle<L>, size: usize) {
        let block = self.known(handle).expect("known block");
        let smaller = size < block.bytes.len();
        self.held = self.held.filter(|&held| held != handle || !smaller);
    }

    pub(crate) fn forget(&mut self, handle: Handle<L>) {
        self.held = self.held.filter(|&held| held != handle);
        self.blocks.retain(|block| block.handle != handle);
    }

    /// Shrinks a block, and takes note of it.
    pub(crate) fn shrink_to<C: Check>(
        &mut self,
        heap: &mut Heap<'_, L, C>,
        handle: Handle<L>,
        kept: core::ops::Range<usize>,
    ) {
        heap.shrink(handle, kept.clone()).expect("a range within");
        self.shrunk(handle, kept);
    }

    /// Takes note of the part that is left of a block.
    pub(crate) fn shrunk(&mut self, handle: Handle<L>, kept: core::ops::Range<usize>) {
        self.has_less(handle, kept.len());
        let block = self.known(handle).expect("known block");
        block.bytes = block.bytes[kept.clone()].to_vec();
        block.address += kept.start;
        block.cut |= kept.start > 0;
        let address = block.address;
        // How far it is still aligned.
        block.align = block
            .align
            .max(L::GRANULE_BYTES)
            .min(1 << address.trailing_zeros().min(12));
    }

    fn release<C: Check>(&mut self, heap: &mut Heap<'_, L, C>, which: usize) -> Answer {
        let Some(block) = self.blocks.get(which) else {
            return Answer::Refuse;
        };
        let (handle, pins) = (block.handle, block.pins);
        match heap.free(handle) {
            Ok(()) => {
                assert_eq!(pins, 0, "a pinned block was freed");
                self.forget(handle);
                Answer::Agree
            }
            Err(error) => {
                let number = handle.number();
                assert_eq!(error, Error::Pinned { number, pins });
                Answer::Refuse
            }
        }
    }

    /// Where all blocks are in a heap that has gone elsewhere as a whole.
    pub(crate) fn arrive<C: Check>(&mut self, heap: &Heap<'_, L, C>) {
        for block in &mut self.blocks {
            let bytes = heap.get(block.handle).expect("live block");
            block.address = bytes.as_ptr().addr();
        }
    }

    /// Where they are after those that may move have moved up or down together, about which nobody is asked.
    pub(crate) fn move_together<C: Check>(&mut self, heap: &Heap<'_, L, C>) {
        for block in &mut self.blocks {
            let bytes = heap.get(block.handle).expect("live block");
            let address = bytes.as_ptr().addr();
            let fixed = block.immovable || block.pins > 0;
            assert!(!fixed || address == block.address, "{} moved", block.handle);
            block.address = address;
        }
    }

    /// All contents and names, wherever the blocks are.
    pub(crate) fn compare<C: Check>(&self, heap: &Heap<'_, L, C>) {
        if let Err(corruption) = heap.check() {
            panic!("{corruption}");
        }
        for block in &self.blocks {
            let bytes = heap.get(block.handle).expect("live block");
            assert_eq!(bytes, block.bytes, "contents of {}", block.handle);
            assert_eq!(
                bytes.as_ptr().addr() % block.align,
                0,
                "alignment of {}",
                block.handle
            );
            let name = heap.name(block.handle).expect("name").unwrap_or_default();
            assert_eq!(name, block.name);
            assert_eq!(heap.pin_count(block.handle), Ok(block.pins));
        }
    }

    /// Where all blocks are, after an operation that nobody was told of.
    pub(crate) fn look_up<C: Check>(&mut self, heap: &Heap<'_, L, C>) {
        for block in &mut self.blocks {
            let still = block.immovable || block.pins > 0 || block.owner != Ownership::Nobody;
            let address = heap.get(block.handle).expect("live block").as_ptr().addr();
            assert!(
                !still || address == block.address,
                "{} moved unasked",
                block.handle
            );
            block.address = address;
        }
    }

    /// Integrity, contents, places, alignment, names, pins, counts.
    pub(crate) fn verify<C: Check>(&self, heap: &Heap<'_, L, C>) {
        self.compare(heap);
        assert!(self.on.is_empty(), "on without off");
        for block in &self.blocks {
            let bytes = heap.get(block.handle).expect("live block");
            let address = bytes.as_ptr().addr();
            assert_eq!(address, block.address, "place of {}", block.handle);
        }
        let stats = heap.stats();
        let count = |is: fn(&Own<L>) -> bool| self.blocks.iter().filter(|block| is(block)).count();
        assert_eq!(stats.live, self.blocks.len());
        assert_eq!(stats.owned, count(|block| block.owner != Ownership::Nobody));
        assert_eq!(
            stats.immovable,
            count(|block| block.immovable || block.pins > 0)
        );
    }
}

impl<L: Layout, C: Check> Owner<L, C> for Program<L> {
    type Tag = Label;

    fn before_move(&mut self, asked: &Move<Label, L>) -> Answer {
        assert_eq!(self.on.last(), Some(&asked.handle));
        assert!(self.tags.contains(&(asked.handle, asked.tag)));
        let refused = self.random.u8(..4) == 0;
        let block = self.known(asked.handle).expect("known block");
        assert!(block.owner != Ownership::Nobody && !block.immovable && block.pins == 0);
        assert_eq!(
            (asked.from, asked.bytes),
            (block.address, block.bytes.len())
        );
        assert_ne!(asked.to, asked.from);
        if refused {
            Answer::Refuse
        } else {
            Answer::Agree
        }
    }

    fn synchronise(&mut self, handle: Handle<L>, tag: Label, sync: Sync) {
        assert!(self.tags.contains(&(handle, tag)));
        match sync {
            Sync::On => {
                assert!(!self.on.contains(&handle));
                self.on.push(handle);
            }
            Sync::Off => {
                let at = self.on.iter().position(|&other| other == handle);
                self.on.remove(at.expect("on before"));
            }
        }
    }

    fn before_move_in(&mut self, heap: &Heap<'_, L, C>, asked: &Move<Label, L>) -> Answer {
        let bytes = heap.get(asked.handle).expect("live block");
        let place = (bytes.as_ptr().addr(), bytes.len());
        assert_eq!(place, (asked.from, asked.bytes));
        Owner::<L, C>::before_move(self, asked)
    }

    fn synchronise_in(&mut self, heap: &Heap<'_, L, C>, handle: Handle<L>, tag: Label, sync: Sync) {
        for block in &self.blocks {
            assert!(heap.contains(block.handle), "{} is gone", block.handle);
        }
        Owner::<L, C>::synchronise(self, handle, tag, sync);
    }

    fn shrink(&mut self, heap: &mut Heap<'_, L, C>, wish: &Wish<Label, L>) -> Answer {
        self.verify(heap);
        assert!(self.tags.contains(&(wish.handle, wish.tag)));
        let block = self.known(wish.handle).expect("known block");
        assert_eq!(block.owner, Ownership::Shrinks);
        let len = block.bytes.len();
        assert_eq!((wish.start, wish.len), (block.address, len));
        assert!(wish.bytes > 0 || len == 0, "{wish:?}");
        let answer = match self.random.u8(..10) {
            0 | 1 => Answer::Refuse,
            2 => {
                let which = self.blocks.iter().position(|own| own.handle == wish.handle);
                self.release(heap, which.expect("known block"))
            }
            3 => {
                let which = self.random.usize(..self.blocks.len());
                self.release(heap, which)
            }
            4 => {
                let (size, name) = (self.random.usize(..40), "within");
                if let Ok(handle) = heap.alloc(size) {
                    self.adopt(heap, handle, size, Kind::PLAIN, name);
                }
                Answer::Refuse
            }
            5 => {
                self.shrink_to(heap, wish.handle, len.saturating_sub(wish.bytes)..len);
                Answer::Agree
            }
            6 | 7 => {
                self.shrink_to(heap, wish.handle, 0..len.saturating_sub(wish.bytes));
                Answer::Agree
            }
            8 => {
                let size = self.random.usize(..=len + 10);
                if heap.resize(wish.handle, size).is_ok() {
                    self.look_up_moved(heap, wish.handle);
                    self.resized(heap, wish.handle, size);
                }
                Answer::Agree
            }
            _ => {
                let start = self.random.usize(..=len);
                let end = self.random.usize(start..=len);
                self.shrink_to(heap, wish.handle, start..end);
                Answer::Agree
            }
        };
        self.look_up(heap);
        self.verify(heap);
        answer
    }

    fn observe(&mut self, event: &Event<L>) {
        if let Event::Moved { handle, from, to } = *event {
            let block = self.known(handle).expect("known block");
            assert!(!block.immovable && block.pins == 0);
            block.address = block.address - from + to;
        }
    }
}

impl<L: Layout> Program<L> {
    /// Where a block is that was resized without anybody told: nobody agreed to a move.
    fn look_up_moved<C: Check>(&mut self, heap: &Heap<'_, L, C>, handle: Handle<L>) {
        let address = heap.get(handle).expect("live block").as_ptr().addr();
        let block = self.known(handle).expect("known block");
        assert_eq!(address, block.address, "{handle} moved unasked");
    }
}
