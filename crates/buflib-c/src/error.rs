//! What can go wrong, and telling it.

use core::ffi::{c_char, c_int, c_void};

use buflib::{Corruption, Error, Fault, Found, RegionError};

use crate::context::Context;

/// `struct buflib_error`: what the error handler is told.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// One of the `BUFLIB_ERROR_` constants.
    pub code: c_int,
    /// The handle that the call was about, or zero.
    pub handle: c_int,
    /// Where damage was found, in bytes from the pool's first block.
    pub offset: usize,
    /// What was found.
    pub found: u64,
    /// What was expected.
    pub expected: u64,
    /// The same in words.
    pub message: *const c_char,
}

/// An error handler.
pub type Handler =
    unsafe extern "C" fn(ctx: *mut Context, error: *const Report, argument: *mut c_void);

/// What is told of misuse and damage, as in the header.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Code {
    /// Not told: there is no room, which is no error.
    NoRoom = 0,
    /// The handle is not that of a live block.
    BadHandle = 1,
    /// Metadata was overwritten.
    Corrupt = 2,
    /// The heap is in use by the call that this one comes from.
    Busy = 3,
    /// Not a part of the block.
    Outside = 4,
    /// The block is pinned.
    Pinned = 5,
    /// The block is not pinned.
    NotPinned = 6,
    /// No room for a pin, or too many.
    PinFailed = 7,
    /// The alignment is none.
    BadAlignment = 8,
    /// More is put back than was taken out.
    NotTaken = 9,
    /// The pool cannot be there.
    CannotMove = 10,
}

/// Why a call did not do what it was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    code: Code,
    offset: usize,
    found: u64,
    expected: u64,
    /// Ends with a zero.
    message: &'static str,
}

impl Failure {
    pub(crate) const NO_ROOM: Self = Self::new(Code::NoRoom, 0, 0, "no room\0");
    pub(crate) const BUSY: Self = Self::new(
        Code::Busy,
        0,
        0,
        "the heap is in use: this call is not possible from here\0",
    );
    /// A context without a pool is one without room.
    pub(crate) const NO_POOL: Self =
        Self::new(Code::NoRoom, 0, 0, "the context has no usable pool\0");

    pub(crate) const fn new(code: Code, found: u64, expected: u64, message: &'static str) -> Self {
        Self {
            code,
            offset: 0,
            found,
            expected,
            message,
        }
    }

    /// A number that no handle has.
    pub(crate) const fn bad_number(handle: c_int) -> Self {
        Self::new(
            Code::BadHandle,
            handle as u32 as u64,
            0,
            "no handle has this number\0",
        )
    }

    /// That there is no room is an error where a call cannot say so.
    pub(crate) fn of_pin(self) -> Self {
        match self.code {
            Code::NoRoom => Self::new(Code::PinFailed, 0, 0, "no room for one more pin\0"),
            _ => self,
        }
    }

    fn report(&self, handle: c_int) -> Report {
        Report {
            code: self.code as c_int,
            handle,
            offset: self.offset,
            found: self.found,
            expected: self.expected,
            message: self.message.as_ptr().cast(),
        }
    }
}

impl From<Error> for Failure {
    #[cold]
    fn from(error: Error) -> Self {
        match error {
            Error::BadHandle {
                generation, found, ..
            } => {
                let (found, message) = match found {
                    Found::OutsideTable { entries } => (
                        entries as u64,
                        "no block has this handle, or not any more: the table is shorter\0",
                    ),
                    Found::Vacant => (0, "the block of this handle was freed\0"),
                    Found::Generation(other) => {
                        (other.into(), "the handle is stale, or of another heap\0")
                    }
                    _ => (0, "the handle is not that of a live block\0"),
                };
                Self::new(Code::BadHandle, found, generation.into(), message)
            }
            Error::Corrupt(corruption) => corruption.into(),
            Error::OutsidePayload { end, len, .. } => outside(end, len),
            Error::Pinned { pins, .. } => {
                Self::new(Code::Pinned, pins as u64, 0, "the block is pinned\0")
            }
            Error::NotPinned { .. } => {
                Self::new(Code::NotPinned, 0, 1, "the block is not pinned\0")
            }
            Error::TooManyPins { limit, .. } => Self::new(
                Code::PinFailed,
                limit as u64 + 1,
                limit as u64,
                "the block has as many pins as can be counted\0",
            ),
            Error::BadAlignment { requested } => Self::new(
                Code::BadAlignment,
                requested as u64,
                4096,
                "the alignment is not a power of two up to 4096\0",
            ),
            _ => Self::NO_ROOM,
        }
    }
}

/// A part of a block that is not in it.
pub(crate) fn outside(found: usize, expected: usize) -> Failure {
    Failure::new(
        Code::Outside,
        found as u64,
        expected as u64,
        "the part of the block that should be kept is not in it\0",
    )
}

impl From<Corruption> for Failure {
    #[cold]
    fn from(corruption: Corruption) -> Self {
        let message = match corruption.fault {
            Fault::Position => "damaged: a position outside the blocks\0",
            Fault::Length => "damaged: the length of a block\0",
            Fault::BackLink => "damaged: a block and its table entry disagree\0",
            Fault::Kind => "damaged: a block in use where a free one should be, or the reverse\0",
            Fault::Footer => "damaged: the end of a free block\0",
            Fault::FollowsFree => "damaged: the mark about the block in front\0",
            Fault::List => "damaged: a list\0",
            Fault::CheckWord => "damaged: a check word\0",
            Fault::Alignment => "damaged: the alignment of a block\0",
            Fault::Extension => "damaged: the end of a block\0",
            Fault::Count => "damaged: the blocks are not as many as there should be\0",
            _ => "damaged\0",
        };
        Self {
            code: Code::Corrupt,
            offset: corruption.at,
            found: corruption.found,
            expected: corruption.expected,
            message,
        }
    }
}

impl From<RegionError> for Failure {
    #[cold]
    fn from(error: RegionError) -> Self {
        let new = |found, expected, message| Self::new(Code::CannotMove, found, expected, message);
        match error {
            RegionError::Corrupt(corruption) => corruption.into(),
            RegionError::Address {
                remainder,
                expected,
            } => new(
                remainder as u64,
                expected as u64,
                "the address has another remainder by 8 than the one before\0",
            ),
            RegionError::Immovable { number, .. } => new(
                number as u64,
                0,
                "a block that may not move is in the way\0",
            ),
            RegionError::Misaligned { number, align, .. } => new(
                number as u64,
                align as u64,
                "an aligned block would be off its alignment\0",
            ),
            _ => new(0, 0, "the memory cannot be used\0"),
        }
    }
}

/// What a call returns: its result, or something else once the error handler has been told why.
///
/// # Safety
///
/// The context is valid.
#[inline(always)]
pub(crate) unsafe fn settle<R>(
    ctx: *mut Context,
    handle: c_int,
    result: Result<R, Failure>,
    otherwise: R,
) -> R {
    match result {
        Ok(done) => done,
        Err(failure) => {
            // SAFETY: by the caller's promise.
            unsafe { tell(ctx, handle, &failure) };
            otherwise
        }
    }
}

/// Tells the error handler, unless it is the one who has caused this.
///
/// # Safety
///
/// The context is valid.
#[cold]
#[inline(never)]
unsafe fn tell(ctx: *mut Context, handle: c_int, failure: &Failure) {
    if failure.code == Code::NoRoom {
        return;
    }
    // SAFETY: valid by the caller's promise; the handler was set with its argument, and is called as the header
    // says.
    unsafe {
        let Some(handler) = (*ctx).handler.filter(|_| !(*ctx).telling) else {
            return;
        };
        (*ctx).telling = true;
        handler(ctx, &failure.report(handle), (*ctx).argument);
        (*ctx).telling = false;
    }
}

/// Sets the function that is told of misuse and damage, or none.
///
/// # Safety
///
/// `ctx` was initialised, and the handler can be called with `argument` for as long as it is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_set_error_handler(
    ctx: *mut Context,
    handler: Option<Handler>,
    argument: *mut c_void,
) {
    // SAFETY: by the caller's promise.
    unsafe {
        (*ctx).handler = handler;
        (*ctx).argument = argument;
    }
}
