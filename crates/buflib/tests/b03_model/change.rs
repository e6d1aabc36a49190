//! Changes of values that are in a store.

use std::fmt::Write;
use std::mem;

use buflib::store::{TextMut, VectorMut};
use buflib::{Check, Error, Layout, Store};

use super::known::{Known, Mixed};
use super::stored;

impl<L: Layout> Known<L> {
    /// Changes a value and what is known of it. What `how` means depends on the type.
    pub(crate) fn change<C: Check>(&mut self, store: &mut Store<'_, L, C>, how: u8, new: Mixed) {
        match self {
            Self::Number(handle, value) => {
                *value = how.into();
                *store.get_mut(*handle).expect("live") = how.into();
            }
            Self::Mixed(handle, value) => {
                store[*handle] = new.clone();
                *value = new;
            }
            Self::Line(handle, value) => {
                value.0 += 1;
                store[*handle].0 += 1;
            }
            Self::Slice(handle, values) => {
                if let Some(value) = values.last_mut() {
                    if let Some(last) = store[*handle].last_mut() {
                        *last = new.clone();
                    }
                    *value = new;
                }
            }
            Self::Numbers(handle, values) => {
                store[*handle].reverse();
                values.reverse();
            }
            Self::Str(handle, text) => {
                store[*handle].make_ascii_uppercase();
                text.make_ascii_uppercase();
            }
            Self::Space(handle, _) => {
                for place in store[*handle].iter_mut().step_by(2) {
                    place.write(how);
                }
            }
            Self::List(handle, values) => {
                list(store.vector_mut(*handle).expect("live"), values, how, new);
            }
            Self::Text(handle, known) => {
                text(store.text_mut(*handle).expect("live"), known, how);
            }
        }
    }
}

fn list<L: Layout, C: Check>(
    mut list: VectorMut<'_, '_, Mixed, L, C>,
    values: &mut Vec<Mixed>,
    how: u8,
    new: Mixed,
) {
    // One more than there may be.
    let place = usize::from(how) % (values.len() + 1);
    match how % 13 {
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
            assert_eq!(list.capacity(), values.len());
        }
        6 => {
            let more = vec![new; usize::from(how / 13)];
            if stored(list.extend_from_slice(&more)).is_some() {
                values.extend(more);
            }
        }
        7 => assert_eq!(list.pop(), values.pop()),
        8 => {
            let expected = (place < values.len()).then(|| values.swap_remove(place));
            assert_eq!(list.swap_remove(place), expected);
        }
        9 => {
            if stored(list.reserve(usize::from(how))).is_some() {
                assert!(list.capacity() >= values.len() + usize::from(how));
                // All that was reserved is there without another allocation.
                list.push(new.clone()).expect("room for one");
                values.push(new);
            }
        }
        10 if how > 200 => {
            list.clear();
            values.clear();
        }
        11 => {
            list.as_mut_slice().reverse();
            values.reverse();
        }
        _ => {
            let outside = list.insert(values.len() + 1, new).expect_err("outside");
            let (index, len) = (values.len() + 1, values.len());
            assert_eq!(outside.error, Error::BadIndex { index, len });
        }
    }
    assert!(list.capacity() >= values.len());
    assert_eq!(list.as_slice(), values);
}

fn text<L: Layout, C: Check>(mut text: TextMut<'_, '_, L, C>, known: &mut String, how: u8) {
    const PIECES: [&str; 4] = ["", "a", "grün", "🕴🕴"];
    let piece = PIECES[usize::from(how / 8) % PIECES.len()];
    match how % 8 {
        0 => assert_eq!(text.pop(), known.pop()),
        1 => {
            text.shrink_to_fit().expect("less");
            assert!(text.capacity() - known.len() < L::GRANULE_BYTES);
        }
        2 => {
            if stored(text.push_str(piece)).is_some() {
                known.push_str(piece);
            }
        }
        3 => {
            let len = usize::from(how / 8);
            let inside = known.is_char_boundary(len.min(known.len()));
            assert_eq!(text.truncate(len).is_ok(), inside);
            if inside {
                known.truncate(len);
            }
        }
        4 => {
            if stored(text.reserve(usize::from(how))).is_some() {
                assert!(text.capacity() >= known.len() + usize::from(how));
            }
        }
        5 => {
            // All of it or none, and a number takes one piece.
            if write!(text, "{how}").is_ok() {
                *known += &how.to_string();
            }
        }
        6 if how > 200 => {
            text.clear();
            known.clear();
        }
        _ => {
            if stored(text.push(how.into())).is_some() {
                known.push(how.into());
            }
        }
    }
    assert_eq!(text.as_str(), known);
}

/// Changes two values at once, or refuses to if they are one and the same.
pub(crate) fn swap<L: Layout, C: Check>(
    store: &mut Store<'_, L, C>,
    first: &mut Known<L>,
    second: &mut Known<L>,
) {
    match (first, second) {
        (Known::Number(number, known), Known::Mixed(mixed, value)) => {
            let (a, b) = store.get_pair_mut(*number, *mixed).expect("two");
            assert_eq!((&*a, &*b), (&*known, &*value));
            (*a, b.word) = (7, u64::from(*a));
            (*known, value.word) = (7, u64::from(*known));
        }
        (Known::List(list, _), Known::Slice(slice, _)) => {
            assert_eq!(
                store.get_pair_mut(*list, *list).err(),
                Some(Error::SameHandle {
                    number: list.number()
                })
            );
            store.get_pair_mut(*slice, *list).expect("two");
        }
        (Known::Mixed(one, known), Known::Mixed(other, value)) => {
            let [a, b] = store.get_disjoint_mut([*one, *other]).expect("two");
            mem::swap(a, b);
            mem::swap(known, value);
            assert!(store.get_disjoint_mut([*one, *other, *one]).is_err());
        }
        _ => {}
    }
}
