//! What knows no layout: requests, figures, errors, memory given out, and the heap that is always there.

use core::error::Error as _;
use core::fmt::{self, Debug, Display};
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use buflib::default::{self, DefaultError};
use buflib::store::{Rejected, Text, TypeName};
use buflib::{
    Anchors, Answer, AttachError, Budget, BuildError, Compaction, Corruption, Error, Fault, Found,
    Given, Handle, Outline, Refused, RegionError, Request, Side, Stats, Step, Sync, Tag,
};

use crate::user::{Kind, Value, use_of};

roots_of_values! {
    {
        "Anchors" Anchors,
        "Answer" Answer,
        "AttachError" AttachError,
        "Budget" Budget,
        "BuildError" BuildError,
        "Compaction" Compaction,
        "Corruption" Corruption,
        "Error" Error,
        "Fault" Fault,
        "Found" Found,
        "Outline" Outline,
        "RegionError" RegionError,
        "Request" Request<'a>,
        "Side" Side,
        "Stats" Stats,
        "Step" Step,
        "Sync" Sync,
        "default::DefaultError" DefaultError,
        "store::TypeName" TypeName,
    }
    ("AttachError::Display::fmt") (error: &AttachError, f: &mut fmt::Formatter<'_>) -> fmt::Result { Display::fmt(error, f) }
    ("BuildError::Display::fmt") (error: &BuildError, f: &mut fmt::Formatter<'_>) -> fmt::Result { Display::fmt(error, f) }
    ("Corruption::Display::fmt") (error: &Corruption, f: &mut fmt::Formatter<'_>) -> fmt::Result { Display::fmt(error, f) }
    ("Error::Display::fmt") (error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result { Display::fmt(error, f) }
    ("RegionError::Display::fmt") (error: &RegionError, f: &mut fmt::Formatter<'_>) -> fmt::Result { Display::fmt(error, f) }
    ("default::DefaultError::Display::fmt") (error: &DefaultError, f: &mut fmt::Formatter<'_>) -> fmt::Result { Display::fmt(error, f) }
    ("store::TypeName::Display::fmt") (name: &TypeName, f: &mut fmt::Formatter<'_>) -> fmt::Result { Display::fmt(name, f) }
    ("store::TypeName::as_str") (name: TypeName) -> &'static str { name.as_str() }
    ("Refused::Clone::clone") (refused: &Refused<Value>) -> Refused<Value> { refused.clone() }
    ("Refused::Debug::fmt") (refused: &Refused<Value>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(refused, f) }
    ("Refused::Display::fmt") (refused: &Refused<Value>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Display::fmt(refused, f) }
    ("store::Rejected::Debug::fmt") (rejected: &Rejected<Value>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(rejected, f) }
    ("store::Rejected::Display::fmt") (rejected: &Rejected<Value>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Display::fmt(rejected, f) }
    ("store::Rejected::Error::source") (rejected: &'h Rejected<Value>) -> Option<&'h (dyn core::error::Error + 'static)> { rejected.source() }
    ("Error::From<Corruption>::from") (corruption: Corruption) -> Error { corruption.into() }
    ("Error::From<Rejected>::from") (rejected: Rejected<Value>) -> Error { rejected.into() }
    ("AttachError::From<Corruption>::from") (corruption: Corruption) -> AttachError { corruption.into() }
    ("RegionError::From<Corruption>::from") (corruption: Corruption) -> RegionError { corruption.into() }
    ("RegionError::From<Refused>::from") (refused: Refused<Value>) -> RegionError { refused.into() }
    ("default::DefaultError::From<Error>::from") (error: Error) -> DefaultError { error.into() }
    ("Compaction::Default::default") () -> Compaction { Compaction::default() }
    ("Step::Default::default") () -> Step { Step::default() }

    ("Request::new") (size: usize) -> Request<'static> { Request::new(size) }
    ("Request::align") (request: Request<'a>, align: usize) -> Request<'a> { request.align(align) }
    ("Request::name") (request: Request<'a>, name: &'a str) -> Request<'a> { request.name(name) }
    ("Request::owner") (request: Request<'a>, tag: Kind) -> Request<'a> { request.owner(tag) }
    ("Request::shrinkable") (request: Request<'a>, tag: Kind) -> Request<'a> { request.shrinkable(tag) }
    ("Request::immovable") (request: Request<'a>) -> Request<'a> { request.immovable() }
    ("Tag::into_bits") (tag: u8) -> u32 { tag.into_bits() }
    ("Tag::into_bits") (tag: u16) -> u32 { tag.into_bits() }
    ("Tag::into_bits") (tag: u32) -> u32 { tag.into_bits() }
    ("Tag::into_bits") (tag: char) -> u32 { tag.into_bits() }
    ("Tag::into_bits") (tag: ()) -> u32 { tag.into_bits() }
    ("Tag::from_bits") (bits: u32) -> Option<u8> { Tag::from_bits(bits) }
    ("Tag::from_bits") (bits: u32) -> Option<u16> { Tag::from_bits(bits) }
    ("Tag::from_bits") (bits: u32) -> Option<u32> { Tag::from_bits(bits) }
    ("Tag::from_bits") (bits: u32) -> Option<char> { Tag::from_bits(bits) }
    ("Tag::from_bits") (bits: u32) -> Option<()> { Tag::from_bits(bits) }

    ("Given::Debug::fmt") (given: &Given<'a>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(given, f) }
    ("Given::Default::default") () -> Given<'static> { Given::default() }
    ("Given::Deref::deref") (given: &'h Given<'a>) -> &'h [u8] { given.deref() }
    ("Given::DerefMut::deref_mut") (given: &'h mut Given<'a>) -> &'h mut [u8] { given.deref_mut() }
    // SAFETY: nobody calls it.
    ("Given::from_raw_parts") (start: NonNull<u8>, len: usize) -> Given<'static> { unsafe { Given::from_raw_parts(start, len) } }
    ("Given::into_raw_parts") (given: Given<'a>) -> (NonNull<u8>, usize) { given.into_raw_parts() }
    ("Given::into_slice") (given: Given<'a>) -> &'a mut [u8] { given.into_slice() }

    ("store::Text::Debug::fmt") (text: &Text, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(text, f) }
    ("store::Text::Display::fmt") (text: &Text, f: &mut fmt::Formatter<'_>) -> fmt::Result { Display::fmt(text, f) }
    ("store::Text::Deref::deref") (text: &'h Text) -> &'h str { text.deref() }
    ("store::Text::DerefMut::deref_mut") (text: &'h mut Text) -> &'h mut str { text.deref_mut() }

    ("default::init") (memory: &'static mut [u8]) -> Result<(), DefaultError> { default::init(memory) }
    ("default::with") () -> Result<u64, DefaultError> { default::with(|heap| use_of(heap)) }
    ("default::alloc") (size: usize) -> Result<Handle, DefaultError> { default::alloc(size) }
    ("default::resize") (handle: Handle, size: usize) -> Result<(), DefaultError> { default::resize(handle, size) }
    ("default::free") (handle: Handle) -> Result<(), DefaultError> { default::free(handle) }
    ("default::read") (handle: Handle) -> Result<u8, DefaultError> { default::read(handle, |bytes| bytes.first().copied().unwrap_or(0)) }
    ("default::write") (handle: Handle) -> Result<u64, DefaultError> { default::write(handle, |bytes| use_of(bytes)) }
}
