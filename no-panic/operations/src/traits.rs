//! Small values that belong to a layout.

use core::cmp::Ordering;
use core::fmt::{self, Debug, Display};
use core::hash::Hash;

use buflib::store::{self, Rejected};
use buflib::{Error, Event, Handle, Move, Refused, Suspended, Wish};

use crate::user::{Hashing, Kind, Value};

roots_of_values! {
    {
        "Event" Event<L>,
        "Handle" Handle<L>,
        "Move" Move<Kind, L>,
        "Wish" Wish<Kind, L>,
        "store::Handle" store::Handle<Value, L>,
    }
    ("Handle::Display::fmt") (handle: &Handle<L>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Display::fmt(handle, f) }
    ("Handle::Hash::hash") (handle: &Handle<L>, hashing: &mut Hashing) -> () { handle.hash(hashing) }
    ("Handle::Ord::cmp") (one: &Handle<L>, other: &Handle<L>) -> Ordering { one.cmp(other) }
    ("Handle::PartialOrd::partial_cmp") (one: &Handle<L>, other: &Handle<L>) -> Option<Ordering> { one.partial_cmp(other) }
    ("Handle::from_bits") (bits: u64) -> Option<Handle<L>> { Handle::from_bits(bits) }
    ("Handle::to_bits") (handle: Handle<L>) -> u64 { handle.to_bits() }
    ("Handle::number") (handle: Handle<L>) -> usize { handle.number() }
    ("Handle::generation") (handle: Handle<L>) -> u32 { handle.generation() }
    ("store::Handle::Display::fmt") (handle: &store::Handle<Value, L>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Display::fmt(handle, f) }
    ("store::Handle::Hash::hash") (handle: &store::Handle<Value, L>, hashing: &mut Hashing) -> () { handle.hash(hashing) }
    ("store::Handle::Ord::cmp") (one: &store::Handle<Value, L>, other: &store::Handle<Value, L>) -> Ordering { one.cmp(other) }
    ("store::Handle::PartialOrd::partial_cmp") (one: &store::Handle<Value, L>, other: &store::Handle<Value, L>) -> Option<Ordering> { one.partial_cmp(other) }
    ("store::Handle::number") (handle: store::Handle<Value, L>) -> usize { handle.number() }
    ("store::Handle::generation") (handle: store::Handle<Value, L>) -> u32 { handle.generation() }
    ("store::Rejected::Debug::fmt") (rejected: &Rejected<store::Handle<str, L>>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(rejected, f) }
    ("Error::From<Rejected>::from") (rejected: Rejected<store::Handle<str, L>>) -> Error { rejected.into() }
    ("Refused::Debug::fmt") (refused: &Refused<Suspended<L, C>>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(refused, f) }
}
