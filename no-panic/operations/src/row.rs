//! What grows in a store: lists and text.

use core::fmt::{self, Debug, Write};
use core::ops::{Deref, DerefMut};

use buflib::Error;
use buflib::store::{Rejected, TextMut, Vector, VectorMut};

use crate::user::{Aligned, Nothing, Odd, Value};

roots! {
    ("store::VectorMut::push") (list: &mut VectorMut<'h, 'a, Value, L, C>, value: Value) -> Result<(), Rejected<Value>> { list.push(value) }
    ("store::VectorMut::push") (list: &mut VectorMut<'h, 'a, Odd, L, C>, value: Odd) -> Result<(), Rejected<Odd>> { list.push(value) }
    ("store::VectorMut::push") (list: &mut VectorMut<'h, 'a, Nothing, L, C>, value: Nothing) -> Result<(), Rejected<Nothing>> { list.push(value) }
    ("store::VectorMut::push") (list: &mut VectorMut<'h, 'a, Aligned, L, C>, value: Aligned) -> Result<(), Rejected<Aligned>> { list.push(value) }
    ("store::VectorMut::pop") (list: &mut VectorMut<'h, 'a, Value, L, C>) -> Option<Value> { list.pop() }
    ("store::VectorMut::pop") (list: &mut VectorMut<'h, 'a, Nothing, L, C>) -> Option<Nothing> { list.pop() }
    ("store::VectorMut::insert") (list: &mut VectorMut<'h, 'a, Value, L, C>, index: usize, value: Value) -> Result<(), Rejected<Value>> { list.insert(index, value) }
    ("store::VectorMut::insert") (list: &mut VectorMut<'h, 'a, Odd, L, C>, index: usize, value: Odd) -> Result<(), Rejected<Odd>> { list.insert(index, value) }
    ("store::VectorMut::insert") (list: &mut VectorMut<'h, 'a, Nothing, L, C>, index: usize, value: Nothing) -> Result<(), Rejected<Nothing>> { list.insert(index, value) }
    ("store::VectorMut::insert") (list: &mut VectorMut<'h, 'a, u8, L, C>, index: usize, value: u8) -> Result<(), Rejected<u8>> { list.insert(index, value) }
    ("store::VectorMut::remove") (list: &mut VectorMut<'h, 'a, Value, L, C>, index: usize) -> Option<Value> { list.remove(index) }
    ("store::VectorMut::remove") (list: &mut VectorMut<'h, 'a, Odd, L, C>, index: usize) -> Option<Odd> { list.remove(index) }
    ("store::VectorMut::remove") (list: &mut VectorMut<'h, 'a, Nothing, L, C>, index: usize) -> Option<Nothing> { list.remove(index) }
    ("store::VectorMut::remove") (list: &mut VectorMut<'h, 'a, u8, L, C>, index: usize) -> Option<u8> { list.remove(index) }
    ("store::VectorMut::swap_remove") (list: &mut VectorMut<'h, 'a, Value, L, C>, index: usize) -> Option<Value> { list.swap_remove(index) }
    ("store::VectorMut::swap_remove") (list: &mut VectorMut<'h, 'a, Nothing, L, C>, index: usize) -> Option<Nothing> { list.swap_remove(index) }
    ("store::VectorMut::truncate") (list: &mut VectorMut<'h, 'a, Value, L, C>, len: usize) -> () { list.truncate(len) }
    ("store::VectorMut::truncate") (list: &mut VectorMut<'h, 'a, Nothing, L, C>, len: usize) -> () { list.truncate(len) }
    ("store::VectorMut::clear") (list: &mut VectorMut<'h, 'a, Value, L, C>) -> () { list.clear() }
    ("store::VectorMut::extend_from_slice") (list: &mut VectorMut<'h, 'a, Value, L, C>, values: &[Value]) -> Result<(), Error> { list.extend_from_slice(values) }
    ("store::VectorMut::extend_from_slice") (list: &mut VectorMut<'h, 'a, u8, L, C>, values: &[u8]) -> Result<(), Error> { list.extend_from_slice(values) }
    ("store::VectorMut::extend_from_slice") (list: &mut VectorMut<'h, 'a, Nothing, L, C>, values: &[Nothing]) -> Result<(), Error> { list.extend_from_slice(values) }
    ("store::VectorMut::reserve") (list: &mut VectorMut<'h, 'a, Value, L, C>, more: usize) -> Result<(), Error> { list.reserve(more) }
    ("store::VectorMut::reserve") (list: &mut VectorMut<'h, 'a, Nothing, L, C>, more: usize) -> Result<(), Error> { list.reserve(more) }
    ("store::VectorMut::shrink_to_fit") (list: &mut VectorMut<'h, 'a, Value, L, C>) -> Result<(), Error> { list.shrink_to_fit() }
    ("store::VectorMut::shrink_to_fit") (list: &mut VectorMut<'h, 'a, Nothing, L, C>) -> Result<(), Error> { list.shrink_to_fit() }
    ("store::VectorMut::capacity") (list: &VectorMut<'h, 'a, Value, L, C>) -> usize { list.capacity() }
    ("store::VectorMut::capacity") (list: &VectorMut<'h, 'a, Nothing, L, C>) -> usize { list.capacity() }
    ("store::VectorMut::as_slice") (list: &'h VectorMut<'_, 'a, Value, L, C>) -> &'h [Value] { list.as_slice() }
    ("store::VectorMut::as_mut_slice") (list: &'h mut VectorMut<'_, 'a, Value, L, C>) -> &'h mut [Value] { list.as_mut_slice() }
    ("store::VectorMut::Deref::deref") (list: &'h VectorMut<'_, 'a, Odd, L, C>) -> &'h [Odd] { list.deref() }
    ("store::VectorMut::DerefMut::deref_mut") (list: &'h mut VectorMut<'_, 'a, Odd, L, C>) -> &'h mut [Odd] { list.deref_mut() }
    ("store::VectorMut::Debug::fmt") (list: &VectorMut<'h, 'a, Value, L, C>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(list, f) }
    ("store::Vector::Deref::deref") (list: &'h Vector<Value>) -> &'h [Value] { list.deref() }
    ("store::Vector::DerefMut::deref_mut") (list: &'h mut Vector<Value>) -> &'h mut [Value] { list.deref_mut() }
    ("store::Vector::Debug::fmt") (list: &Vector<Value>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(list, f) }

    ("store::TextMut::push") (text: &mut TextMut<'h, 'a, L, C>, character: char) -> Result<(), Error> { text.push(character) }
    ("store::TextMut::push_str") (text: &mut TextMut<'h, 'a, L, C>, more: &str) -> Result<(), Error> { text.push_str(more) }
    ("store::TextMut::pop") (text: &mut TextMut<'h, 'a, L, C>) -> Option<char> { text.pop() }
    ("store::TextMut::truncate") (text: &mut TextMut<'h, 'a, L, C>, len: usize) -> Result<(), Error> { text.truncate(len) }
    ("store::TextMut::clear") (text: &mut TextMut<'h, 'a, L, C>) -> () { text.clear() }
    ("store::TextMut::reserve") (text: &mut TextMut<'h, 'a, L, C>, more: usize) -> Result<(), Error> { text.reserve(more) }
    ("store::TextMut::shrink_to_fit") (text: &mut TextMut<'h, 'a, L, C>) -> Result<(), Error> { text.shrink_to_fit() }
    ("store::TextMut::capacity") (text: &TextMut<'h, 'a, L, C>) -> usize { text.capacity() }
    ("store::TextMut::as_str") (text: &'h TextMut<'_, 'a, L, C>) -> &'h str { text.as_str() }
    ("store::TextMut::Deref::deref") (text: &'h TextMut<'_, 'a, L, C>) -> &'h str { text.deref() }
    ("store::TextMut::DerefMut::deref_mut") (text: &'h mut TextMut<'_, 'a, L, C>) -> &'h mut str { text.deref_mut() }
    ("store::TextMut::Write::write_str") (text: &mut TextMut<'h, 'a, L, C>, more: &str) -> fmt::Result { text.write_str(more) }
    ("store::TextMut::Debug::fmt") (text: &TextMut<'h, 'a, L, C>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(text, f) }
}
