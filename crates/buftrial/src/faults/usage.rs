//! Ordinary use of a heap, one operation after the other: what is done with blocks.

use buflib::{Budget, Check, Handle, Heap, Layout, Request};

use super::program::{First, NAME, Own, Program};

/// What to allocate.
struct Wanted {
    len: usize,
    align: usize,
    name: usize,
    tag: Option<(u32, bool)>,
    immovable: bool,
}

impl Wanted {
    fn request(&self) -> Request<'static> {
        let request = Request::new(self.len)
            .align(self.align)
            .name(&NAME[..self.name]);
        let request = match self.tag {
            Some((tag, true)) => request.shrinkable(tag),
            Some((tag, false)) => request.owner(tag),
            None => request,
        };
        if self.immovable {
            request.immovable()
        } else {
            request
        }
    }
}

impl<L: Layout> Program<L> {
    fn want(&mut self, most: usize) -> Wanted {
        let random = &mut self.random;
        let mut one_in = |n: u8| random.u8(..n) == 0;
        let (long, short, special) = (one_in(8), one_in(2), one_in(3));
        let (aligned, named, owned) = (one_in(3), one_in(3), one_in(3));
        let (immovable, shrinks) = (special && one_in(8), one_in(2));
        let len = random.usize(
            ..if long {
                most
            } else if short {
                24
            } else {
                72
            }
            .min(most),
        );
        Wanted {
            len,
            align: if special && aligned {
                8 << random.u32(..6)
            } else {
                1
            },
            name: if special && named {
                random.usize(..NAME.len())
            } else {
                0
            },
            tag: (special && owned).then(|| (random.u32(..), shrinks)),
            immovable,
        }
    }

    fn pick(&mut self) -> Option<usize> {
        let count = self.blocks.len();
        (count > 0).then(|| self.random.usize(..count))
    }

    /// A step of a program that fills a heap.
    pub(crate) fn fill_up<C: Check>(&mut self, heap: &mut Heap<'_, L, C>) {
        match self.random.u8(..16) {
            0..9 => self.alloc(heap),
            9..12 => self.one(heap, Self::free),
            _ => self.step(heap),
        }
        // An allocation moves others, and the fault may come next.
        self.watch(heap);
    }

    /// Any step.
    pub(crate) fn step<C: Check>(&mut self, heap: &mut Heap<'_, L, C>) {
        let op = self.random.u8(..40);
        match op {
            0..9 => self.alloc(heap),
            9..15 => self.one(heap, Self::free),
            15..20 => self.one(heap, Self::resize),
            20..23 => self.one(heap, |program, heap, at| {
                let most = program.blocks[at].len / 2 + 1;
                let (front, back) = (program.random.usize(..most), program.random.usize(..most));
                program.shrink_by(heap, at, front, back);
            }),
            23..27 => self.one(heap, |program, heap, at| {
                let _ = program.view(heap, at);
            }),
            27..30 => self.one(heap, |program, heap, at| {
                if program.view(heap, at).is_some() {
                    let len = program.blocks[at].len;
                    program.fill(heap, at, len);
                }
            }),
            30 | 31 => self.compact(heap),
            32 => self.one(heap, Self::pin),
            33 => self.one(heap, Self::unpin),
            34 => self.one(heap, Self::describe),
            35 => self.walk(heap),
            36 => match heap.allocatable() {
                Ok(_) => {}
                Err(error) => self.judge(error),
            },
            37 => self.maximum(heap),
            38 => self.lend(heap),
            _ => {
                let budget = Budget {
                    bytes: self.random.usize(..300),
                    blocks: self.random.usize(1..12),
                };
                match heap.with(self).compact_step(budget) {
                    Ok(_) => {}
                    Err(error) => self.judge(error),
                }
            }
        }
        self.watch(heap);
    }

    fn one<C: Check>(
        &mut self,
        heap: &mut Heap<'_, L, C>,
        operation: impl FnOnce(&mut Self, &mut Heap<'_, L, C>, usize),
    ) {
        if let Some(at) = self.pick() {
            operation(self, heap, at);
        }
    }

    fn alloc<C: Check>(&mut self, heap: &mut Heap<'_, L, C>) {
        let most = (self.bytes.len() / 2).min(20_000);
        let wanted = self.want(most);
        let plain =
            wanted.align == 1 && wanted.name == 0 && wanted.tag.is_none() && !wanted.immovable;
        let result = match (self.random.bool(), plain) {
            (true, true) => heap.alloc(wanted.len),
            (true, false) => heap.alloc_with(wanted.request()),
            (false, true) => heap.with(self).alloc(wanted.len),
            (false, false) => heap.with(self).alloc_with(wanted.request()),
        };
        match result {
            Ok(handle) => {
                self.adopt(heap, handle, &wanted);
            }
            Err(error) => self.judge(error),
        }
    }

    /// Takes note of a new block and fills it.
    fn adopt<C: Check>(&mut self, heap: &mut Heap<'_, L, C>, handle: Handle<L>, wanted: &Wanted) {
        if self.find(handle).is_some() {
            return self.silent(First::Damaged);
        }
        self.blocks.push(Own {
            handle,
            text: 0,
            len: wanted.len,
            address: 0,
            align: wanted.align,
            name: wanted.name,
            tag: wanted.tag.map(|(tag, _)| tag),
            immovable: wanted.immovable,
            pins: 0,
            lost: false,
        });
        let at = self.blocks.len() - 1;
        // Others may have moved to make room.
        self.watch_others(heap, Some(handle));
        self.fill(heap, at, 0);
        // One that could not be filled is none.
        if self.blocks[at].address == 0 {
            self.blocks.pop();
        }
    }

    pub(crate) fn free<C: Check>(&mut self, heap: &mut Heap<'_, L, C>, at: usize) {
        let (handle, pins) = (self.blocks[at].handle, self.blocks[at].pins);
        match (heap.free(handle), pins) {
            (Ok(()), 0) => {
                self.blocks.swap_remove(at);
            }
            (Ok(()), _) => {
                self.blocks.swap_remove(at);
                self.silent(First::Damaged);
            }
            (Err(buflib::Error::Pinned { .. }), 1..) => {}
            (Err(error), _) => self.judge(error),
        }
    }

    fn resize<C: Check>(&mut self, heap: &mut Heap<'_, L, C>, at: usize) {
        let (handle, old) = (self.blocks[at].handle, self.blocks[at].len);
        let len = match self.random.u8(..3) {
            0 => self.random.usize(..=old),
            1 => old + self.random.usize(..24),
            _ => self.random.usize(..200),
        };
        let result = if self.random.bool() {
            heap.resize(handle, len)
        } else {
            heap.with(self).resize(handle, len)
        };
        match result {
            Ok(()) => {
                let Some(at) = self.find(handle) else { return };
                // Asked for room, its owner may have cut it.
                let kept = self.blocks[at].len.min(len);
                self.watch_others(heap, Some(handle));
                self.blocks[at].len = len;
                self.fill(heap, at, kept);
            }
            // Asked for room, its owner has freed it.
            Err(_) if self.find(handle).is_none() => {}
            Err(error) => self.judge(error),
        }
    }

    pub(crate) fn shrink_by<C: Check>(
        &mut self,
        heap: &mut Heap<'_, L, C>,
        at: usize,
        front: usize,
        back: usize,
    ) {
        let own = &mut self.blocks[at];
        let front = front.min(own.len);
        let kept = front..own.len - back.min(own.len - front);
        match heap.shrink(own.handle, kept.clone()) {
            Ok(()) => {
                own.text += kept.start;
                own.address += kept.start;
                own.len = kept.len();
                if front > 0 {
                    own.align = 1;
                }
            }
            Err(error) => self.judge(error),
        }
    }

    fn pin<C: Check>(&mut self, heap: &mut Heap<'_, L, C>, at: usize) {
        let handle = self.blocks[at].handle;
        let result = heap.pin(handle).map(|pinned| pinned.keep());
        self.watch(heap);
        match result {
            Ok(()) => self.blocks[at].pins += 1,
            Err(error) => self.judge(error),
        }
    }

    fn unpin<C: Check>(&mut self, heap: &mut Heap<'_, L, C>, at: usize) {
        let own = &mut self.blocks[at];
        match (heap.unpin(own.handle), own.pins) {
            (Ok(()), 1..) => own.pins -= 1,
            (Ok(()), 0) => self.silent(First::Description),
            (Err(buflib::Error::NotPinned { .. }), 0) => {}
            (Err(error), _) => self.judge(error),
        }
    }

    /// What the heap says of a block besides its payload.
    pub(super) fn describe<C: Check>(&mut self, heap: &mut Heap<'_, L, C>, at: usize) {
        let own = &self.blocks[at];
        let name = (own.name > 0).then(|| &NAME[..own.name]);
        let (handle, tag, pins) = (own.handle, own.tag, own.pins);
        let right = [
            heap.name(handle).map(|found| found == name),
            heap.tag::<u32>(handle).map(|found| found == tag),
            heap.pin_count(handle).map(|found| found == pins),
        ];
        for right in right {
            match right {
                Ok(true) => {}
                Ok(false) => self.silent(First::Description),
                Err(error) => self.judge(error),
            }
        }
    }

    /// Takes all that is left, and gives it back.
    fn maximum<C: Check>(&mut self, heap: &mut Heap<'_, L, C>) {
        match heap.alloc_maximum() {
            Ok((handle, len)) => {
                self.watch(heap);
                let wanted = Wanted {
                    len,
                    align: 1,
                    name: 0,
                    tag: None,
                    immovable: false,
                };
                self.adopt(heap, handle, &wanted);
                if let Some(at) = self.find(handle) {
                    self.free(heap, at);
                }
                // A holder that cannot be freed keeps everything: what follows says so.
            }
            Err(error) => self.judge(error),
        }
    }
}
