//! What the tests of stores share: values that count their lives, and stores that check themselves.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::mem::MaybeUninit;
use std::rc::Rc;

use buflib::{Check, Layout, Store};

/// A buffer that starts at a multiple of 4096 plus `skew`, not initialised.
pub(crate) struct Room {
    bytes: Vec<MaybeUninit<u8>>,
    start: usize,
    len: usize,
}

impl Room {
    pub(crate) fn new(len: usize) -> Self {
        Self::skewed(len, 0)
    }

    pub(crate) fn skewed(len: usize, skew: usize) -> Self {
        let mut bytes: Vec<MaybeUninit<u8>> = Vec::with_capacity(len + skew + 4096);
        // SAFETY: bytes that need not be initialised.
        unsafe { bytes.set_len(len + skew + 4096) };
        let address = bytes.as_ptr().addr();
        let start = address.next_multiple_of(4096) - address + skew;
        Self { bytes, start, len }
    }

    pub(crate) fn store<L: Layout, C: Check>(&mut self) -> Store<'_, L, C> {
        self.store_of()
    }

    pub(crate) fn store_of<L: Layout, C: Check, K: ?Sized>(&mut self) -> Store<'_, L, C, K> {
        Store::new(&mut self.bytes[self.start..][..self.len]).expect("a store")
    }
}

#[track_caller]
pub(crate) fn check<L: Layout, C: Check, K: Any + ?Sized>(store: &Store<'_, L, C, K>) {
    if let Err(corruption) = store.check() {
        panic!("{corruption}");
    }
}

/// Who has been dropped, in order.
#[derive(Clone, Default)]
pub(crate) struct Register {
    dropped: Rc<RefCell<Vec<u32>>>,
    /// The one whose destructor panics.
    panics: Rc<Cell<Option<u32>>>,
}

impl Register {
    pub(crate) fn counted(&self, name: u32) -> Counted {
        Counted {
            name,
            register: self.clone(),
        }
    }

    pub(crate) fn panic_at(&self, name: u32) {
        self.panics.set(Some(name));
    }

    pub(crate) fn dropped(&self) -> Vec<u32> {
        self.dropped.borrow().clone()
    }

    /// Those that were dropped since the last time, sorted.
    pub(crate) fn take(&self) -> Vec<u32> {
        let mut dropped = self.dropped.take();
        dropped.sort();
        dropped
    }
}

/// A value that is entered in the register when it is dropped.
pub(crate) struct Counted {
    pub(crate) name: u32,
    register: Register,
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.register.counted(self.name + 100)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.register.dropped.borrow_mut().push(self.name);
        if self.register.panics.get() == Some(self.name) {
            self.register.panics.set(None);
            panic!("destructor of {}", self.name);
        }
    }
}

/// Runs what panics, without its noise.
pub(crate) fn panics(operation: impl FnOnce()) {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(operation)).expect_err("a panic");
}
