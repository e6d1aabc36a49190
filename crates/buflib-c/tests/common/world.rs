//! What a program knows: its pool, and what is in it. Callbacks have no argument to be told that by, so it is one for
//! each thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CString, c_int, c_void};

use buflib_c::{Context, Report, buflib_init, buflib_set_error_handler};

/// A live block.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) size: usize,
    pub(crate) seed: u8,
    /// Bytes that were cut off its front.
    pub(crate) offset: usize,
    pub(crate) align: usize,
    pub(crate) name: Option<CString>,
    /// Which callbacks it has, a bit for each; 0 for none at all.
    pub(crate) ops: u8,
    pub(crate) pins: u32,
}

/// In `ops`: the block has a move callback, a shrink callback, a sync callback.
pub(crate) const MOVES: u8 = 1;
pub(crate) const SHRINKS: u8 = 2;
pub(crate) const SYNCS: u8 = 4;

impl Known {
    /// What its bytes are, again and again.
    fn pattern(&self) -> [u8; 256] {
        std::array::from_fn(|at| (self.offset + at) as u8 ^ self.seed)
    }

    /// Whether these are the first of its bytes.
    pub(crate) fn is(&self, bytes: &[u8]) -> bool {
        let pattern = self.pattern();
        let mut parts = bytes.chunks(pattern.len());
        parts.all(|part| part == &pattern[..part.len()])
    }

    pub(crate) fn write(&self, bytes: &mut [u8]) {
        let pattern = self.pattern();
        for part in bytes.chunks_mut(pattern.len()) {
            part.copy_from_slice(&pattern[..part.len()]);
        }
    }

    pub(crate) fn may_move(&self) -> bool {
        self.ops == 0 || self.ops & MOVES != 0
    }
}

pub(crate) struct World {
    pub(crate) ctx: *mut Context,
    pub(crate) model: BTreeMap<c_int, Known>,
    pub(crate) stale: Vec<c_int>,
    pub(crate) told: Vec<c_int>,
    pub(crate) taken: usize,
    /// The handles that sync callbacks were called for with `true` and not yet with `false`.
    pub(crate) synchronised: Vec<c_int>,
    /// The block that is being resized, which has either size in callbacks of that.
    pub(crate) resizing: c_int,
    /// How deep callbacks are in callbacks.
    pub(crate) depth: usize,
    program: Vec<u8>,
    at: usize,
    places: [Vec<u64>; 2],
    place: usize,
    bytes: usize,
    seed: u8,
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Does something with the world that calls no function of the library.
pub(crate) fn world<R>(f: impl FnOnce(&mut World) -> R) -> R {
    WORLD.with_borrow_mut(|world| f(world.as_mut().expect("a program that runs")))
}

unsafe extern "C" fn tell(ctx: *mut Context, report: *const Report, argument: *mut c_void) {
    assert!(argument.is_null() && !report.is_null());
    // SAFETY: the library hands in a report for the time of the call.
    let code = unsafe { (*report).code };
    world(|w| {
        assert_eq!(ctx, w.ctx);
        w.told.push(code);
    });
}

impl World {
    pub(crate) fn begin(program: &[u8]) {
        let choice = program.first().copied().unwrap_or(0);
        let fine = usize::from(program.get(1).copied().unwrap_or(0));
        let bytes = match choice % 4 {
            0 => 64 + fine,
            1 => 600 + 8 * fine,
            2 => 7000 + 16 * fine,
            _ => 34_000 + 16 * fine,
        };
        let words = bytes.div_ceil(8) + 1;
        let ctx = Box::into_raw(Box::<Context>::new_uninit()).cast::<Context>();
        let mut world = World {
            ctx,
            model: BTreeMap::new(),
            stale: Vec::new(),
            told: Vec::new(),
            taken: 0,
            synchronised: Vec::new(),
            resizing: 0,
            depth: 0,
            program: program.get(2..).unwrap_or_default().to_vec(),
            at: 0,
            places: [vec![0x55; words], vec![0x66; words]],
            place: 0,
            bytes,
            seed: 0,
        };
        // SAFETY: the context is in a box until `end`, and the pool in a vector that is not touched otherwise.
        unsafe {
            buflib_init(ctx, world.pool().cast(), bytes);
            buflib_set_error_handler(ctx, Some(tell), std::ptr::null_mut());
        }
        WORLD.set(Some(world));
    }

    pub(crate) fn end() {
        let world = WORLD.take().expect("a program that runs");
        assert!(world.synchronised.is_empty());
        // SAFETY: from a box.
        drop(unsafe { Box::from_raw(world.ctx) });
    }

    pub(crate) fn pool(&mut self) -> *mut u8 {
        self.places[self.place].as_mut_ptr().cast()
    }

    /// Another place for the pool, the present one, and how large it is.
    pub(crate) fn elsewhere(&mut self) -> (*mut u8, *mut u8, usize) {
        let from = self.pool();
        let to = self.places[1 - self.place].as_mut_ptr().cast();
        (to, from, self.bytes)
    }

    pub(crate) fn relocated(&mut self) {
        self.place = 1 - self.place;
    }

    pub(crate) fn next_op(&mut self) -> Option<u8> {
        let op = self.program.get(self.at).copied();
        self.at += 1;
        op
    }

    /// What is decided by a byte; 0 once the program is over.
    pub(crate) fn byte(&mut self) -> u8 {
        self.next_op().unwrap_or(0)
    }

    /// A size: mostly small, now and then about what the pool has.
    pub(crate) fn size(&mut self) -> usize {
        let (kind, fine) = (self.byte(), usize::from(self.byte()));
        match kind % 16 {
            0 => 0,
            1..=9 => fine % 64,
            10..=12 => fine * 2,
            13 => self.bytes / (1 + fine % 8),
            14 => fine * 8,
            _ => self.bytes.saturating_sub(fine * 4),
        }
    }

    pub(crate) fn plain(&mut self, size: usize) -> Known {
        self.seed = self.seed.wrapping_add(37);
        Known {
            size,
            seed: self.seed,
            offset: 0,
            align: 1,
            name: None,
            ops: 0,
            pins: 0,
        }
    }

    /// A block with more to it than a size.
    pub(crate) fn special(&mut self, size: usize) -> Known {
        let (ops, named, align) = (self.byte() % 8, self.byte(), self.byte());
        let name =
            (named % 3 > 0).then(|| CString::new(vec![b'a' + named % 26; usize::from(named) / 5]));
        Known {
            align: if align % 8 == 0 {
                16 << (align / 8 % 4)
            } else {
                8
            },
            name: name.map(|name| name.expect("no zero")),
            ops,
            ..self.plain(size)
        }
    }

    /// Any live block.
    pub(crate) fn pick(&mut self) -> Option<c_int> {
        let which = usize::from(self.byte());
        let count = self.model.len().max(1);
        self.model.keys().nth(which % count).copied()
    }

    /// A part of a block: where it starts, and its size.
    pub(crate) fn part(&mut self, handle: c_int) -> (usize, usize) {
        let size = self.model[&handle].size;
        let (from, left) = (usize::from(self.byte()), usize::from(self.byte()));
        let from = if from % 3 == 0 { 0 } else { from % (size + 1) };
        (from, (size - from) * left / 255)
    }

    /// A handle of no live block.
    pub(crate) fn stale_handle(&mut self) -> c_int {
        let which = usize::from(self.byte());
        let stale = self.stale.get(which % self.stale.len().max(1)).copied();
        stale
            .filter(|handle| !self.model.contains_key(handle))
            .unwrap_or((1 << 21) | (which as c_int + 1))
    }
}
