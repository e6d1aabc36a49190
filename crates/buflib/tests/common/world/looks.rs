//! What is done with the contents of blocks, with handles and with pins, and what there is to be seen.

use buflib::{Check, Error, Handle, Layout, Request};

use super::super::{Label, Ownership, Seen};
use super::{Op, World};

impl<L: Layout, C: Check> World<'_, '_, L, C> {
    pub(super) fn pin(&mut self, op: &Op) {
        let Some(at) = self.pick(op.which) else {
            return;
        };
        let handle = self.known.program.blocks[at].handle;
        let result = self.heap.pin(handle).map(|pinned| pinned.keep());
        // Room for the table may have been made.
        self.known.program.look_up(&self.heap);
        match result {
            Ok(()) => self.known.program.blocks[at].pins += 1,
            Err(Error::TooManyPins { number, limit }) => {
                let pins = self.known.program.blocks[at].pins;
                assert_eq!((number, limit), (handle.number(), pins));
            }
            Err(error) => self.known.must_be_full(error),
        }
    }

    pub(super) fn unpin(&mut self, op: &Op) {
        let Some(at) = self.pick(op.which) else {
            return;
        };
        let block = &mut self.known.program.blocks[at];
        let number = block.handle.number();
        match self.heap.unpin(block.handle) {
            Ok(()) => block.pins -= 1,
            Err(error) => assert_eq!((error, block.pins), (Error::NotPinned { number }, 0)),
        }
    }

    /// Works on while a block is pinned.
    pub(super) fn guard(&mut self, op: &Op) {
        let Some(at) = self.pick(op.which) else {
            return;
        };
        let block = &self.known.program.blocks[at];
        let (handle, pins, bytes) = (block.handle, block.pins, block.bytes.clone());
        let mut pinned = match self.heap.pin(handle) {
            Ok(pinned) => pinned,
            Err(Error::TooManyPins { .. }) => return,
            Err(error) => return self.known.must_be_full(error),
        };
        let address = pinned.bytes().as_ptr().addr();
        let mine = pinned.handle();
        assert_eq!((mine, pinned.pin_count(mine)), (handle, Ok(pins + 1)));
        let refused = pinned.free(mine);
        let number = handle.number();
        assert_eq!(
            refused,
            Err(Error::Pinned {
                number,
                pins: pins + 1
            })
        );
        let other = pinned.alloc(op.size.into());
        pinned.compact().expect("compaction");
        let found = pinned.bytes_mut();
        assert_eq!((found.as_ptr().addr(), &*found), (address, &*bytes));
        if let Ok(other) = other {
            pinned.free(other).expect("live block");
        }
        drop(pinned);
        assert_eq!(self.heap.pin_count(handle), Ok(pins));
    }

    /// Several blocks to write, if they are different ones.
    pub(super) fn several(&mut self, op: &Op) {
        let (Some(a), Some(b), Some(c)) =
            (self.pick(op.which), self.pick(op.size), self.pick(op.more))
        else {
            return;
        };
        let all = [a, b, c];
        let handles = all.map(|at| self.known.program.blocks[at].handle);
        match self.heap.get_disjoint_mut(handles) {
            Ok(blocks) => {
                assert!(a != b && b != c && a != c);
                for (at, bytes) in all.into_iter().zip(blocks) {
                    assert_eq!(bytes, self.known.program.blocks[at].bytes);
                    bytes.fill(at as u8);
                    self.known.program.blocks[at].bytes.fill(at as u8);
                }
            }
            Err(error) => {
                assert!(matches!(error, Error::SameHandle { .. }), "{error}");
                assert!(a == b || b == c || a == c);
            }
        }
    }

    pub(super) fn numbers(&mut self, op: &Op) {
        let Some(at) = self.pick(op.which) else {
            return;
        };
        let block = &mut self.known.program.blocks[at];
        let aligned = block.address % 4 == 0 || block.bytes.is_empty();
        let fits = block.bytes.len() % 4 == 0 && aligned;
        match self.heap.get_as_mut::<u32>(block.handle) {
            Ok(numbers) => {
                assert!(fits);
                numbers.fill(u32::from(op.size));
                let bytes = u32::from(op.size).to_ne_bytes();
                block.bytes = bytes.repeat(block.bytes.len() / 4);
            }
            Err(error) => {
                let len = block.bytes.len();
                let (size, align) = (size_of::<u32>(), align_of::<u32>());
                assert_eq!((error, fits), (Error::Misfit { len, size, align }, false));
            }
        }
        let numbers = self.heap.get_as::<u32>(block.handle);
        assert_eq!(numbers.is_ok(), fits);
    }

    /// Everything that only looks.
    pub(super) fn look(&mut self, op: &Op) {
        let stats = self.heap.stats();
        let seen: Vec<_> = self
            .heap
            .blocks()
            .map(|block| Seen::of(&block.expect("sound metadata")))
            .collect();
        for (nth, block) in seen.iter().enumerate() {
            let again = self.heap.block(nth).expect("sound metadata");
            assert_eq!(again.map(|again| Seen::of(&again)).as_ref(), Some(block));
        }
        assert!(matches!(self.heap.block(seen.len()), Ok(None)));
        for pair in seen.windows(2) {
            assert_eq!(pair[0].offset + pair[0].bytes, pair[1].offset, "a gap");
        }
        let used = seen.iter().filter(|block| block.handle.is_some());
        assert_eq!(
            used.clone().map(|block| block.bytes).sum::<usize>(),
            stats.used_bytes
        );
        assert_eq!(stats.free_bytes, self.heap.available());
        assert!(stats.used_bytes <= stats.peak_bytes);
        assert!(stats.largest_free_bytes <= stats.free_bytes && stats.fragmentation <= 1000);
        let mut listed: Vec<_> = self
            .heap
            .allocations()
            .map(|block| Seen::of(&block.expect("sound metadata")))
            .collect();
        assert!(listed.is_sorted_by_key(|block| block.handle.map(Handle::number)));
        listed.sort_by_key(|block| block.offset);
        assert!(listed.iter().eq(used));
        for block in &self.known.program.blocks {
            let handle = block.handle;
            let found = listed.iter().find(|found| found.handle == Some(handle));
            let found = found.expect("a block in the list");
            assert_eq!(found.payload_bytes, block.bytes.len());
            assert_eq!(found.immovable, block.immovable || block.pins > 0);
            assert_eq!(found.name.as_deref().unwrap_or_default(), block.name);
            assert!(self.heap.contains(handle));
            assert_eq!(Handle::from_bits(handle.to_bits()), Some(handle));
            assert_eq!(self.heap.handle_at(block.address), Some(handle));
            assert_eq!(self.heap.handle_at(block.address + 1), None);
            if !block.cut {
                // SAFETY: the handle is that of a live block of this heap, which starts where it did.
                let pointer = unsafe { self.heap.ptr_unchecked(handle) };
                assert_eq!(pointer.addr().get(), block.address);
            }
            let tag = self.heap.tag::<Label>(handle).expect("live block");
            let known = self.known.program.tags.iter();
            let known = known.clone().find(|&&(other, _)| other == handle);
            let owned = block.owner != Ownership::Nobody;
            assert_eq!(tag, known.filter(|_| owned).map(|&(_, tag)| tag));
        }
        let drawn = format!("{:1$} {0:?}", self.heap, usize::from(op.more) % 100);
        assert!(
            drawn.contains(&format!(" {} of ", stats.free_bytes)),
            "{drawn}"
        );
        let anchors = self.heap.anchors();
        std::hint::black_box(anchors);
        let owner = &raw const self.known.program;
        let mut with = self.heap.with(&mut self.known.program);
        assert_eq!(with.heap().stats(), stats);
        assert!(std::ptr::eq(with.owner(), owner));
    }

    /// Whatever is done with a handle that is none any more, it is told from others.
    pub(super) fn stale(&mut self) {
        let Some(handle) = self.known.stale else {
            return;
        };
        if self.known.program.known(handle).is_some() {
            return;
        }
        let heap = &mut self.heap;
        let errors = [
            heap.get(handle).map(drop),
            heap.get_mut(handle).map(drop),
            heap.get_as::<u8>(handle).map(drop),
            heap.get_as_mut::<u8>(handle).map(drop),
            heap.get_disjoint_mut([handle]).map(drop),
            heap.free(handle),
            heap.resize(handle, 1),
            heap.resize_mut(handle, 1).map(drop),
            heap.shrink(handle, 0..0),
            heap.pin(handle).map(drop),
            heap.unpin(handle),
            heap.pin_count(handle).map(drop),
            heap.name(handle).map(drop),
            heap.tag::<Label>(handle).map(drop),
        ];
        for error in errors {
            let number = handle.number();
            assert!(
                matches!(error, Err(Error::BadHandle { number: found, .. }) if found == number),
                "{error:?}"
            );
        }
        assert!(!self.heap.contains(handle));
        let mut with = self.heap.with(&mut self.known.program);
        for error in [
            with.free(handle),
            with.resize(handle, 1),
            with.shrink(handle, 0..0),
        ] {
            assert!(matches!(error, Err(Error::BadHandle { .. })), "{error:?}");
        }
        let bad = self.heap.alloc_with(Request::new(1).align(3));
        assert_eq!(bad, Err(Error::BadAlignment { requested: 3 }));
        let long = "x".repeat(256);
        let bad = self.heap.alloc_with(Request::new(1).name(&long));
        assert_eq!(bad, Err(Error::NameTooLong { length: 256 }));
        let bad = self.heap.alloc(usize::MAX);
        assert!(
            matches!(bad, Err(Error::TooLarge { .. } | Error::MaximumHeld { .. })),
            "{bad:?}"
        );
    }
}
