//! B3: programs of random operations on a store and a model of it, with values of many types that
//! count their lives. Each step ends with a full integrity walk and a comparison of all values.

#[path = "common/cases.rs"]
mod cases;
mod common;
#[path = "common/values.rs"]
mod values;

use std::fmt::Debug;
use std::mem::MaybeUninit;
use std::rc::Rc;

use buflib::store::{Handle, Text, Vector};
use buflib::{Check, Crc32, Error, Layout, Narrow, Standard, Store, Unchecked, Wide};
use proptest::collection::vec;
use proptest::prelude::*;
use values::Room;

/// Padding, a niche, a count of lives.
#[derive(Clone, PartialEq, Debug)]
struct Mixed {
    byte: u8,
    word: u64,
    life: Rc<()>,
    short: Option<u16>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(align(64))]
struct Line(u32);

#[derive(Clone, Debug)]
enum Op {
    Number(u32),
    Mixed(u8),
    Line(u32),
    Slice(usize, u8),
    Str(String),
    Space(usize),
    NewList,
    NewText,
    /// Of the value with this number, modulo how many there are: what that means depends on its type.
    Change(usize, u8),
    Remove(usize),
    Free(usize),
    Compact,
    Clear,
    Stale,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => any::<u32>().prop_map(Op::Number),
        4 => any::<u8>().prop_map(Op::Mixed),
        1 => any::<u32>().prop_map(Op::Line),
        3 => (0..20_usize, any::<u8>()).prop_map(|(len, byte)| Op::Slice(len, byte)),
        2 => "\\PC{0,20}".prop_map(Op::Str),
        2 => (0..100_usize).prop_map(Op::Space),
        2 => Just(Op::NewList),
        1 => Just(Op::NewText),
        16 => (any::<usize>(), any::<u8>()).prop_map(|(which, how)| Op::Change(which, how)),
        4 => any::<usize>().prop_map(Op::Remove),
        4 => any::<usize>().prop_map(Op::Free),
        1 => Just(Op::Compact),
        1 => Just(Op::Stale),
    ]
}

/// A value that is in the store, as it should be.
enum Known<L: Layout> {
    Number(Handle<u32, L>, u32),
    Mixed(Handle<Mixed, L>, Mixed),
    Line(Handle<Line, L>, Line),
    Slice(Handle<[Mixed], L>, Vec<Mixed>),
    Str(Handle<str, L>, String),
    Space(Handle<[MaybeUninit<u8>], L>, usize),
    List(Handle<Vector<Mixed>, L>, Vec<Mixed>),
    Text(Handle<Text, L>, String),
}

struct Model<'a, L: Layout, C: Check> {
    store: Store<'a, L, C>,
    known: Vec<Known<L>>,
    life: Rc<()>,
    stale: Option<Handle<u32, L>>,
}

fn stored<H, E: Into<Error>>(result: Result<H, E>) -> Option<H> {
    match result.map_err(Into::into) {
        Ok(handle) => Some(handle),
        Err(Error::Exhausted { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn same<T: PartialEq + Debug + ?Sized>(found: Result<&T, Error>, expected: &T) {
    assert_eq!(found, Ok(expected));
}

impl<'a, L: Layout, C: Check> Model<'a, L, C> {
    fn mixed(&self, byte: u8) -> Mixed {
        Mixed {
            byte,
            word: u64::from(byte) << 40,
            life: self.life.clone(),
            short: (byte % 2 == 0).then_some(byte.into()),
        }
    }

    fn step(&mut self, op: Op) {
        let store = &mut self.store;
        match op {
            Op::Number(value) => {
                let handle = stored(store.insert(value));
                self.known
                    .extend(handle.map(|handle| Known::Number(handle, value)));
            }
            Op::Mixed(byte) => {
                let value = self.mixed(byte);
                let handle = stored(self.store.insert(value.clone()));
                self.known
                    .extend(handle.map(|handle| Known::Mixed(handle, value)));
            }
            Op::Line(value) => {
                let handle = stored(store.insert(Line(value)));
                self.known
                    .extend(handle.map(|handle| Known::Line(handle, Line(value))));
            }
            Op::Slice(len, byte) => {
                let values = vec![self.mixed(byte); len];
                let handle = stored(self.store.insert_slice(&values));
                self.known
                    .extend(handle.map(|handle| Known::Slice(handle, values)));
            }
            Op::Str(text) => {
                let handle = stored(store.insert_str(&text));
                self.known
                    .extend(handle.map(|handle| Known::Str(handle, text)));
            }
            Op::Space(len) => {
                let handle = stored(store.insert_uninit(len));
                self.known
                    .extend(handle.map(|handle| Known::Space(handle, len)));
            }
            Op::NewList => {
                let handle = stored(store.new_vector());
                self.known
                    .extend(handle.map(|handle| Known::List(handle, Vec::new())));
            }
            Op::NewText => {
                let handle = stored(store.new_text());
                self.known
                    .extend(handle.map(|handle| Known::Text(handle, String::new())));
            }
            Op::Change(which, how) => self.change(which, how),
            Op::Remove(which) if !self.known.is_empty() => {
                let known = self.known.swap_remove(which % self.known.len());
                match known {
                    Known::Number(handle, value) => {
                        assert_eq!(store.remove(handle), Ok(value));
                        self.stale = Some(handle);
                    }
                    Known::Mixed(handle, value) => assert_eq!(store.remove(handle), Ok(value)),
                    Known::Line(handle, value) => assert_eq!(store.remove(handle), Ok(value)),
                    other => self.known.push(other),
                }
            }
            Op::Free(which) if !self.known.is_empty() => {
                let known = self.known.swap_remove(which % self.known.len());
                match known {
                    Known::Number(handle, _) => {
                        self.stale = Some(handle);
                        store.free(handle)
                    }
                    Known::Mixed(handle, _) => store.free(handle),
                    Known::Line(handle, _) => store.free(handle),
                    Known::Slice(handle, _) => store.free(handle),
                    Known::Str(handle, _) => store.free(handle),
                    Known::Space(handle, _) => store.free(handle),
                    Known::List(handle, _) => store.free(handle),
                    Known::Text(handle, _) => store.free(handle),
                }
                .expect("live");
            }
            Op::Compact => {
                store.compact().expect("compaction");
            }
            Op::Clear => {
                store.clear();
                self.known.clear();
            }
            Op::Stale => {
                if let Some(handle) = self.stale {
                    assert!(store.get(handle).is_err() && store.free(handle).is_err());
                }
            }
            Op::Remove(_) | Op::Free(_) => {}
        }
        self.verify();
    }

    fn change(&mut self, which: usize, how: u8) {
        let new = self.mixed(how);
        let at = which % self.known.len().max(1);
        let store = &mut self.store;
        match self.known.get_mut(at) {
            Some(Known::Number(handle, value)) => {
                *value = how.into();
                store[*handle] = how.into();
            }
            Some(Known::Mixed(handle, value)) => {
                store[*handle] = new.clone();
                *value = new;
            }
            Some(Known::Line(handle, value)) => {
                value.0 += 1;
                store[*handle].0 += 1;
            }
            Some(Known::Slice(handle, values)) => {
                if let Some(value) = values.last_mut() {
                    if let Some(last) = store[*handle].last_mut() {
                        *last = new.clone();
                    }
                    *value = new;
                }
            }
            Some(Known::Space(handle, _)) => {
                for place in store[*handle].iter_mut().step_by(2) {
                    place.write(how);
                }
            }
            Some(Known::List(handle, values)) => {
                let mut list = store.vector_mut(*handle).expect("live");
                let place = usize::from(how) % (values.len() + 1);
                match how % 7 {
                    0..=2 => {
                        if stored(list.push(new.clone())).is_some() {
                            values.push(new);
                        }
                    }
                    3 => {
                        if stored(list.insert(place, new.clone())).is_some() {
                            values.insert(place, new);
                        }
                    }
                    4 => {
                        let expected = (place < values.len()).then(|| values.remove(place));
                        assert_eq!(list.remove(place), expected);
                    }
                    5 => {
                        list.truncate(place);
                        values.truncate(place);
                        list.shrink_to_fit().expect("less");
                    }
                    _ => {
                        let more = vec![new; usize::from(how % 13)];
                        if stored(list.extend_from_slice(&more)).is_some() {
                            values.extend(more);
                        }
                    }
                }
            }
            Some(Known::Text(handle, text)) => {
                let mut guard = store.text_mut(*handle).expect("live");
                match how % 4 {
                    0 => assert_eq!(guard.pop(), text.pop()),
                    1 => guard.shrink_to_fit().expect("less"),
                    _ => {
                        if stored(guard.push(how.into())).is_some() {
                            text.push(how.into());
                        }
                    }
                }
            }
            Some(Known::Str(handle, text)) => {
                store[*handle].make_ascii_uppercase();
                text.make_ascii_uppercase();
            }
            None => {}
        }
    }

    fn verify(&self) {
        let store = &self.store;
        values::check(store);
        let mut lives = 1;
        for known in &self.known {
            match known {
                Known::Number(handle, value) => same(store.get(*handle), value),
                Known::Mixed(handle, value) => {
                    same(store.get(*handle), value);
                    lives += 2;
                }
                Known::Line(handle, value) => {
                    same(store.get(*handle), value);
                    assert_eq!((&raw const store[*handle]).addr() % 64, 0);
                }
                Known::Slice(handle, values) => {
                    same(store.get(*handle), &values[..]);
                    lives += 2 * values.len();
                }
                Known::Str(handle, text) => same(store.get(*handle), &text[..]),
                Known::Space(handle, len) => assert_eq!(store[*handle].len(), *len),
                Known::List(handle, values) => {
                    assert_eq!(store[*handle][..], values[..]);
                    lives += 2 * values.len();
                }
                Known::Text(handle, text) => assert_eq!(store[*handle][..], text[..]),
            }
        }
        assert_eq!(store.len(), self.known.len());
        assert_eq!(Rc::strong_count(&self.life), lives, "values live");
    }
}

fn run<L: Layout, C: Check>(len: usize, skew: usize, ops: &[Op]) {
    let mut room = Room::skewed(len, skew);
    let mut model = Model::<L, C> {
        store: room.store(),
        known: Vec::new(),
        life: Rc::new(()),
        stale: None,
    };
    for op in ops {
        model.step(op.clone());
    }
    let Model {
        store, known, life, ..
    } = model;
    drop((store, known));
    assert_eq!(Rc::strong_count(&life), 1, "all were dropped");
}

proptest! {
    #![proptest_config(cases::cases(128))]

    #[test]
    fn values_behave_like_the_model(
        len in 200..6000usize,
        skew in 0..64usize,
        ops in vec(prop_oneof![60 => op(), 1 => Just(Op::Clear)], 1..120),
    ) {
        run::<Standard, Unchecked>(len, skew, &ops);
        run::<Standard, Crc32>(len, skew, &ops);
        run::<Narrow, Unchecked>(len, skew, &ops);
        run::<Wide, Unchecked>(len, skew, &ops);
    }
}

/// To grow by half may fail after everything was moved together.
#[test]
fn list_is_found_where_an_attempt_to_grow_has_moved_it() {
    let ops = [
        Op::Number(0),
        Op::Slice(0, 0),
        Op::Slice(13, 0),
        Op::Number(0),
        Op::Space(41),
        Op::Number(0),
        Op::Free(1),
        Op::Line(0),
        Op::Free(2),
        Op::NewList,
        Op::Remove(1),
        Op::Change(1, 213),
        Op::Slice(0, 172),
        Op::Str("&ⵧ𛊁🕴".into()),
        Op::Change(1, 216),
        Op::Free(3),
        Op::Mixed(163),
        Op::Change(1, 182),
    ];
    for len in (600..900).step_by(if cfg!(miri) { 24 } else { 4 }) {
        run::<Standard, Unchecked>(len, 60, &ops);
        run::<Narrow, Unchecked>(len, 60, &ops);
        run::<Wide, Crc32>(len, 60, &ops);
    }
}
