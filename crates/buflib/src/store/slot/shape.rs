//! How a type lies in a block.

use core::mem::needs_drop;
use core::ptr::slice_from_raw_parts_mut;

use super::block::drop_all;
use crate::store::kind::Kind;
use crate::store::{Text, Vector};

const WORD: usize = size_of::<usize>();

/// How a type lies in a block: as elements, one behind the other.
///
/// # Safety
///
/// `from_parts` leads to `len` elements and nothing else: it is a valid `Self` if they are, and, for
/// text, are characters in UTF-8.
pub unsafe trait Shape: 'static {
    type Element: 'static;
    /// Whether a second word tells how many elements there are; otherwise the block's length does.
    const COUNTED: bool;
    /// The alignment of the block.
    const ALIGN: usize = if align_of::<Self::Element>() > WORD {
        align_of::<Self::Element>()
    } else {
        WORD
    };
    /// Where the elements start.
    const OFFSET: usize =
        (if Self::COUNTED { 2 * WORD } else { WORD }).next_multiple_of(align_of::<Self::Element>());
    const SIZE: usize = size_of::<Self::Element>();
    const KIND: &'static Kind = &Kind::new::<Self>(if needs_drop::<Self::Element>() {
        Some(drop_all::<Self>)
    } else {
        None
    });

    fn from_parts(first: *mut Self::Element, len: usize) -> *mut Self;

    /// How many elements a block of so many bytes has room for.
    #[inline(always)]
    fn capacity(bytes: usize) -> usize {
        bytes
            .saturating_sub(Self::OFFSET)
            .checked_div(Self::SIZE)
            .unwrap_or(usize::MAX)
    }
}

/// Shapes that start empty and grow.
pub(in crate::store) trait Grows: Shape {}

// SAFETY: one element is the value.
unsafe impl<T: 'static> Shape for T {
    type Element = T;
    const COUNTED: bool = false;

    #[inline(always)]
    fn from_parts(first: *mut T, _: usize) -> *mut T {
        first
    }
}

// SAFETY: a slice is its elements.
unsafe impl<T: 'static> Shape for [T] {
    type Element = T;
    const COUNTED: bool = size_of::<T>() == 0;

    #[inline(always)]
    fn from_parts(first: *mut T, len: usize) -> *mut [T] {
        slice_from_raw_parts_mut(first, len)
    }
}

// SAFETY: a string is its bytes, if they are UTF-8.
unsafe impl Shape for str {
    type Element = u8;
    const COUNTED: bool = false;

    #[inline(always)]
    fn from_parts(first: *mut u8, len: usize) -> *mut str {
        slice_from_raw_parts_mut(first, len) as *mut str
    }
}

// SAFETY: a `Vector` is the slice that it has as its only field.
unsafe impl<T: 'static> Shape for Vector<T> {
    type Element = T;
    const COUNTED: bool = true;

    #[inline(always)]
    fn from_parts(first: *mut T, len: usize) -> *mut Self {
        slice_from_raw_parts_mut(first, len) as *mut Self
    }
}

// SAFETY: a `Text` is the string that it has as its only field.
unsafe impl Shape for Text {
    type Element = u8;
    const COUNTED: bool = true;

    #[inline(always)]
    fn from_parts(first: *mut u8, len: usize) -> *mut Self {
        slice_from_raw_parts_mut(first, len) as *mut Self
    }
}

impl<T: 'static> Grows for Vector<T> {}
impl Grows for Text {}
