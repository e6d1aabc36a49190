//! What is done to a store and to what is known of it.

use std::rc::Rc;

use buflib::{Check, Error, Layout, Store};

use super::change::swap;
use super::known::{Known, Line, Mixed};
use super::values;

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Number(u32),
    Mixed(u8),
    Line(u32),
    Slice(usize, u8),
    SliceWith(usize, u8),
    Zeroed(usize),
    Init(usize),
    Str(String),
    Space(usize),
    NewList,
    NewText,
    /// Of the value with this number, modulo how many there are: what that means depends on its type.
    Change(usize, u8),
    Swap(usize, usize),
    Remove(usize),
    Free(usize),
    Compact,
    Clear,
    Stale,
}

/// A store, and what is in it.
pub(crate) struct Model<'a, L: Layout, C: Check> {
    pub(crate) store: Store<'a, L, C>,
    pub(crate) known: Vec<Known<L>>,
    pub(crate) life: Rc<()>,
    stale: Option<Known<L>>,
}

/// What was done, unless there is no room.
pub(crate) fn stored<H, E: Into<Error>>(result: Result<H, E>) -> Option<H> {
    match result.map_err(Into::into) {
        Ok(handle) => Some(handle),
        Err(Error::Exhausted { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

impl<'a, L: Layout, C: Check> Model<'a, L, C> {
    pub(crate) fn new(store: Store<'a, L, C>) -> Self {
        Self {
            store,
            known: Vec::new(),
            life: Rc::new(()),
            stale: None,
        }
    }

    fn mixed(&self, byte: u8) -> Mixed {
        Mixed {
            byte,
            word: u64::from(byte) << 40,
            life: self.life.clone(),
            short: (byte % 2 == 0).then_some(byte.into()),
        }
    }

    pub(crate) fn step(&mut self, op: Op) {
        let count = self.known.len();
        match op {
            Op::Change(which, how) if count > 0 => {
                let new = self.mixed(how);
                self.known[which % count].change(&mut self.store, how, new);
            }
            Op::Swap(first, second) if count > 1 => {
                // The first of one part and the second of the other.
                let (low, high) = self.known.split_at_mut(1 + first % (count - 1));
                let second = second % high.len();
                let first = low.len() - 1;
                swap(&mut self.store, &mut low[first], &mut high[second]);
                swap(&mut self.store, &mut high[second], &mut low[first]);
            }
            Op::Remove(which) if count > 0 => self.remove(which % count),
            Op::Free(which) if count > 0 => {
                let known = self.known.swap_remove(which % count);
                known.free(&mut self.store).expect("live");
                self.stale = Some(known);
            }
            Op::Compact => {
                self.store.compact().expect("compaction");
                // The next one finds nothing to do.
                assert!(!self.store.compact().expect("compaction").gained);
            }
            Op::Clear => {
                self.store.clear();
                self.known.clear();
            }
            Op::Stale => {
                if let Some(stale) = self.stale.take() {
                    stale.must_be_gone(&mut self.store);
                }
            }
            Op::Change(..) | Op::Swap(..) | Op::Remove(_) | Op::Free(_) => {}
            op => {
                let known = self.insert(op);
                self.known.extend(known);
            }
        }
        // A number that was freed may be in use again, with its generation, after many others.
        if self.known.len() > count {
            self.stale = None;
        }
        self.verify();
    }

    fn insert(&mut self, op: Op) -> Option<Known<L>> {
        Some(match op {
            Op::Number(value) => Known::Number(stored(self.store.insert(value))?, value),
            Op::Mixed(byte) => {
                let value = self.mixed(byte);
                match self.store.insert(value.clone()) {
                    Ok(handle) => Known::Mixed(handle, value),
                    Err(rejected) => {
                        assert_eq!(rejected.value, value);
                        stored(Err(rejected))?
                    }
                }
            }
            Op::Line(value) => Known::Line(stored(self.store.insert(Line(value)))?, Line(value)),
            Op::Slice(len, byte) => {
                let values = vec![self.mixed(byte); len];
                Known::Slice(stored(self.store.insert_slice(&values))?, values)
            }
            Op::SliceWith(len, byte) => {
                let values: Vec<_> = (0..len).map(|at| self.mixed(byte ^ at as u8)).collect();
                let copy = |at: usize| values[at].clone();
                Known::Slice(stored(self.store.insert_slice_with(len, copy))?, values)
            }
            Op::Zeroed(len) => Known::Numbers(stored(self.store.insert_zeroed(len))?, vec![0; len]),
            Op::Init(len) => {
                let space = stored(self.store.insert_uninit(len))?;
                for (place, value) in self.store[space].iter_mut().zip(0..) {
                    place.write(value);
                }
                // SAFETY: each place was written.
                let numbers = unsafe { self.store.assume_init::<u32>(space) };
                assert!(!self.store.contains(space));
                Known::Numbers(numbers.expect("as long"), (0..len as u32).collect())
            }
            Op::Str(text) => Known::Str(stored(self.store.insert_str(&text))?, text),
            Op::Space(len) => Known::Space(stored(self.store.insert_uninit(len))?, len),
            Op::NewList => Known::List(stored(self.store.new_vector())?, Vec::new()),
            Op::NewText => Known::Text(stored(self.store.new_text())?, String::new()),
            _ => return None,
        })
    }

    /// Takes a value of a sized type out.
    fn remove(&mut self, at: usize) {
        let store = &mut self.store;
        match &self.known[at] {
            Known::Number(handle, value) => assert_eq!(store.remove(*handle), Ok(*value)),
            Known::Mixed(handle, value) => assert_eq!(store.remove(*handle).as_ref(), Ok(value)),
            Known::Line(handle, value) => assert_eq!(store.remove(*handle), Ok(*value)),
            _ => return,
        }
        self.stale = Some(self.known.swap_remove(at));
    }

    fn verify(&self) {
        let store = &self.store;
        values::check(store);
        for known in &self.known {
            known.verify(store);
            if let Known::Number(handle, _) = known {
                assert!(handle.number() > 0 && handle.generation() < L::GENERATIONS);
            }
        }
        assert_eq!(store.len(), self.known.len());
        assert_eq!(store.is_empty(), self.known.is_empty());
        assert_eq!(store.available(), store.stats().free_bytes);
        // Each value that is in the store, and each that is known.
        let known = self
            .known
            .iter()
            .chain(&self.stale)
            .map(Known::lives)
            .sum::<usize>();
        let live = self.known.iter().map(Known::lives).sum::<usize>();
        assert_eq!(
            Rc::strong_count(&self.life),
            1 + known + live,
            "values live"
        );
    }
}
