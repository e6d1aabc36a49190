//! The heap that is always there, for programs that need only one.
//!
//! It is empty until [`init`] gives it memory. Whoever uses it has it alone for as long: a use from
//! within another, or from an interrupt or another thread meanwhile, is [`DefaultError::Busy`] and
//! not a wait.
//!
//! ```
//! use buflib::default;
//! default::init(vec![0; 4096].leak())?;
//! let handle = default::alloc(5)?;
//! default::with(|heap| heap.get_mut(handle).map(|bytes| bytes.copy_from_slice(b"hello")))??;
//! default::read(handle, |bytes| assert_eq!(bytes, b"hello"))?;
//! default::free(handle)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::cell::UnsafeCell;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::error::{BuildError, Error};
use crate::handle::Handle;
use crate::heap::Heap;

/// Why the default heap could not be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DefaultError {
    /// It has no memory yet.
    Missing,
    /// It has memory already.
    Present,
    /// Somebody is using it.
    Busy,
    /// The memory cannot become a heap.
    Build(BuildError),
    /// The heap refused.
    Heap(Error),
}

impl fmt::Display for DefaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the default heap has no memory yet"),
            Self::Present => f.write_str("the default heap has memory already"),
            Self::Busy => f.write_str("the default heap is in use"),
            Self::Build(error) => error.fmt(f),
            Self::Heap(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for DefaultError {}

impl From<Error> for DefaultError {
    fn from(error: Error) -> Self {
        Self::Heap(error)
    }
}

/// The heap behind a flag. The cell is touched only by the one who has set the flag, until it is
/// reset.
struct Slot {
    taken: AtomicBool,
    heap: UnsafeCell<Option<Heap<'static>>>,
}

// SAFETY: the flag lets only one at a time reach the cell, and a heap may change threads.
unsafe impl Sync for Slot {}

static DEFAULT: Slot = Slot {
    taken: AtomicBool::new(false),
    heap: UnsafeCell::new(None),
};

/// Resets the flag, also when the use of the heap panics.
struct Taken;

impl Drop for Taken {
    fn drop(&mut self) {
        DEFAULT.taken.store(false, Ordering::Release);
    }
}

fn with_slot<R>(
    use_it: impl FnOnce(&mut Option<Heap<'static>>) -> Result<R, DefaultError>,
) -> Result<R, DefaultError> {
    if DEFAULT.taken.swap(true, Ordering::Acquire) {
        return Err(DefaultError::Busy);
    }
    let _taken = Taken;
    // SAFETY: the flag was not set before, so nobody else has a reference, or gets one before
    // `_taken` is dropped, which is after this one's last use.
    use_it(unsafe { &mut *DEFAULT.heap.get() })
}

/// Gives the default heap its memory, once.
///
/// # Errors
///
/// [`DefaultError::Present`] if it has some already, [`DefaultError::Build`] if this cannot become a
/// heap, [`DefaultError::Busy`].
pub fn init(memory: &'static mut [u8]) -> Result<(), DefaultError> {
    with_slot(|slot| {
        if slot.is_some() {
            return Err(DefaultError::Present);
        }
        *slot = Some(Heap::from_bytes(memory).map_err(DefaultError::Build)?);
        Ok(())
    })
}

/// Uses the default heap.
///
/// # Errors
///
/// [`DefaultError::Missing`] before [`init`], [`DefaultError::Busy`] from within another use.
pub fn with<R>(use_it: impl FnOnce(&mut Heap<'static>) -> R) -> Result<R, DefaultError> {
    with_slot(|slot| slot.as_mut().map(use_it).ok_or(DefaultError::Missing))
}

/// [`Heap::alloc`] on the default heap.
///
/// # Errors
///
/// As for [`with`], and those of the heap.
pub fn alloc(size: usize) -> Result<Handle, DefaultError> {
    Ok(with(|heap| heap.alloc(size))??)
}

/// [`Heap::resize`] on the default heap.
///
/// # Errors
///
/// As for [`with`], and those of the heap.
pub fn resize(handle: Handle, size: usize) -> Result<(), DefaultError> {
    Ok(with(|heap| heap.resize(handle, size))??)
}

/// [`Heap::free`] on the default heap.
///
/// # Errors
///
/// As for [`with`], and those of the heap.
pub fn free(handle: Handle) -> Result<(), DefaultError> {
    Ok(with(|heap| heap.free(handle))??)
}

/// Reads a block of the default heap.
///
/// # Errors
///
/// As for [`with`], and those of the heap.
pub fn read<R>(handle: Handle, read: impl FnOnce(&[u8]) -> R) -> Result<R, DefaultError> {
    Ok(with(|heap| heap.get(handle).map(read))??)
}

/// Writes a block of the default heap.
///
/// # Errors
///
/// As for [`with`], and those of the heap.
pub fn write<R>(handle: Handle, write: impl FnOnce(&mut [u8]) -> R) -> Result<R, DefaultError> {
    Ok(with(|heap| heap.get_mut(handle).map(write))??)
}
