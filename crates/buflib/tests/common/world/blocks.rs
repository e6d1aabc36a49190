//! What is done with blocks.

use buflib::{Budget, Check, Error, Heap, Layout, Request};

use super::super::{Kind, Ownership, block_bytes, entry_bytes};
use super::{Op, What, World};

impl<L: Layout, C: Check> World<'_, '_, L, C> {
    pub(super) fn alloc(&mut self, op: &Op) {
        let size = usize::from(op.size);
        let kind = if op.what == What::AllocWith {
            op.kind()
        } else {
            Kind::PLAIN
        };
        let name = format!("{size} bytes");
        let request = kind.request(size, &name);
        let program = &mut self.known.program;
        let result = match op.what {
            What::AllocMut => self.heap.alloc_mut(size).map(|(handle, bytes)| {
                assert_eq!(bytes.len(), size);
                bytes.fill(0xee);
                handle
            }),
            _ if op.owned => {
                let mut with = self.heap.with(program);
                if op.more & 0x4000 != 0 {
                    with = with.paced(budget(op));
                }
                if op.what == What::Alloc {
                    with.alloc(size)
                } else {
                    with.alloc_with(request)
                }
            }
            What::Alloc => self.heap.alloc(size),
            _ => self.heap.alloc_with(request),
        };
        let asked = op.owned && op.what != What::AllocMut;
        match result {
            Ok(handle) => {
                assert_eq!(self.known.program.held, None);
                let program = &mut self.known.program;
                program.adopt(&mut self.heap, handle, size, kind, &name);
            }
            Err(error) => {
                self.known.must_be_full(error);
                if matches!(error, Error::Exhausted { requested, .. } if requested == size)
                    && !asked
                {
                    self.must_not_fit(size, request);
                }
            }
        }
    }

    /// Looks for free space that would have done.
    fn must_not_fit(&mut self, size: usize, request: Request<'_>) {
        let simple = self.known.program.blocks.iter().all(|block| {
            block.align <= L::GRANULE_BYTES
                && block.owner == Ownership::Nobody
                && !block.immovable
                && block.pins == 0
        });
        let most = self.heap.allocatable_with(request).expect("sound metadata");
        assert!(
            most.is_none_or(|most| most < size),
            "{size} bytes failed where {most:?} are allocatable"
        );
        if simple && self.fronts.is_empty() && self.ends.is_empty() {
            let stats = self.heap.stats();
            let new_entry = usize::from(stats.live == stats.table_entries) * entry_bytes::<L, C>();
            assert!(
                stats.free_bytes < block_bytes::<L>(size) + new_entry + 2 * L::GRANULE_BYTES
                    || request != Request::new(size),
                "{size} bytes failed beside {stats:?}"
            );
        }
    }

    pub(super) fn free(&mut self, op: &Op) {
        let Some(at) = self.pick(op.which) else {
            return;
        };
        let block = &self.known.program.blocks[at];
        let (handle, pins) = (block.handle, block.pins);
        let result = if op.owned {
            self.heap.with(&mut self.known.program).free(handle)
        } else {
            self.heap.free(handle)
        };
        let number = handle.number();
        match result {
            Ok(()) => {
                assert_eq!(pins, 0, "a pinned block was freed");
                self.known.gone(handle);
                assert!(!self.heap.contains(handle));
            }
            Err(error) => assert_eq!((error, pins > 0), (Error::Pinned { number, pins }, true)),
        }
    }

    pub(super) fn resize(&mut self, op: &Op) {
        let Some(at) = self.pick(op.which) else {
            return;
        };
        let block = &self.known.program.blocks[at];
        let (handle, old) = (block.handle, block.bytes.len());
        let size = match op.what {
            What::Grow => old.saturating_add_signed(isize::from(op.size as i8)),
            _ => op.size.into(),
        };
        let available = self.heap.available();
        let result = if op.what == What::ResizeMut {
            let resized = self.heap.resize_mut(handle, size);
            resized.map(|bytes| assert_eq!(bytes.len(), size))
        } else if op.owned {
            let mut with = self.heap.with(&mut self.known.program);
            if op.more & 0x4000 != 0 {
                with = with.paced(budget(op));
            }
            with.resize(handle, size)
        } else {
            self.heap.resize(handle, size)
        };
        match result {
            Ok(()) => {
                if !op.owned || op.what == What::ResizeMut {
                    self.known.program.look_up(&self.heap);
                }
                let taken = self.heap.available() < available;
                assert!(self.known.program.held.is_none() || size <= old || !taken);
                self.known.program.resized(&mut self.heap, handle, size);
            }
            // Its owner has freed it when asked for room.
            Err(Error::BadHandle { .. }) => {
                assert!(op.owned && self.known.program.known(handle).is_none());
            }
            Err(error) => {
                assert!(size > old, "{error}, from {old} bytes to {size}");
                self.known.must_be_full(error);
            }
        }
    }

    pub(super) fn shrink(&mut self, op: &Op) {
        let Some(at) = self.pick(op.which) else {
            return;
        };
        let block = &self.known.program.blocks[at];
        let (handle, len) = (block.handle, block.bytes.len());
        let (a, b) = (
            usize::from(op.size) % (len + 1),
            usize::from(op.more) % (len + 1),
        );
        let kept = a.min(b)..a.max(b);
        let outside = self.heap.shrink(handle, kept.start..len + 1);
        let (start, end) = (kept.start, len + 1);
        assert_eq!(outside, Err(Error::OutsidePayload { start, end, len }));
        if op.owned {
            let mut with = self.heap.with(&mut self.known.program);
            with.shrink(handle, kept.clone()).expect("a range within");
            self.known.program.shrunk(handle, kept);
        } else {
            self.known.program.shrink_to(&mut self.heap, handle, kept);
        }
    }

    pub(super) fn compact(&mut self, op: &Op) {
        let free = self.heap.available();
        if op.owned {
            self.heap
                .with(&mut self.known.program)
                .compact()
                .expect("compaction");
        } else {
            self.heap.compact().expect("compaction");
            let again = self.heap.compact().expect("compaction");
            assert_eq!(again.moves, 0, "all was together already");
        }
        assert!(self.heap.available() >= free, "compaction lost free space");
    }

    pub(super) fn compact_step(&mut self, op: &Op) {
        let (free, budget) = (self.heap.available(), budget(op));
        let done = if op.owned {
            let mut with = self.heap.with(&mut self.known.program);
            with.compact_step(budget)
        } else {
            self.heap.compact_step(budget)
        };
        let done = done.expect("a step");
        assert!(done.looked_at <= budget.blocks, "{done:?}");
        assert!(
            done.bytes_moved <= budget.bytes || done.moves == 1,
            "{done:?}"
        );
        assert!(self.heap.available() >= free, "a step lost free space");
    }

    pub(super) fn hold(&mut self, op: &Op) {
        let kind = op.kind();
        let request = kind.request(0, "the rest");
        let plain = op.size & 1 == 0;
        let program = &mut self.known.program;
        let result = match (op.owned, plain) {
            (true, true) => self.heap.with(program).alloc_maximum(),
            (true, false) => self.heap.with(program).alloc_maximum_with(request),
            (false, true) => self.heap.alloc_maximum(),
            (false, false) => self.heap.alloc_maximum_with(request),
        };
        let kind = if plain { Kind::PLAIN } else { kind };
        match result {
            Ok((handle, bytes)) => {
                assert_eq!(self.known.program.held, None);
                let program = &mut self.known.program;
                // Its tag is that of the size that was asked for.
                program.adopt_larger(&mut self.heap, handle, (bytes, 0), kind, "the rest");
                self.known.program.held = Some(handle);
                assert!(matches!(self.heap.alloc(0), Err(Error::MaximumHeld { .. })));
            }
            Err(error) => self.known.must_be_full(error),
        }
    }

    /// Such an allocation succeeds, and one byte more does not.
    pub(super) fn exact(&mut self, op: &Op) {
        let kind = op.kind();
        let plain = op.size & 1 == 0;
        let request = |size| {
            if plain {
                Request::new(size)
            } else {
                kind.request(size, "exact")
            }
        };
        let most = match (op.owned, plain) {
            (true, true) => self.heap.with(&mut self.known.program).allocatable(),
            (true, false) => {
                let mut with = self.heap.with(&mut self.known.program);
                with.allocatable_with(request(0))
            }
            (false, true) => self.heap.allocatable(),
            (false, false) => self.heap.allocatable_with(request(0)),
        };
        let most = most.expect("sound metadata");
        let more = most.map_or(0, |most| most + 1);
        let error = self
            .heap
            .alloc_with(request(more))
            .expect_err("a byte more");
        self.known.must_be_full(error);
        if let Some(most) = most {
            let handle = self
                .heap
                .alloc_with(request(most))
                .expect("what was promised");
            self.heap.free(handle).expect("live block");
            self.known.stale = Some(handle);
        }
        if op.owned {
            self.known.program.look_up(&self.heap);
        }
    }
}

pub(super) fn budget(op: &Op) -> Budget {
    Budget {
        bytes: usize::from(op.size) % 600,
        blocks: usize::from(op.more) % 12,
    }
}
