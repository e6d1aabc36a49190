//! What the C side keeps in a block: a pointer to its callbacks, and its name.
//!
//! ```text
//! payload:  | the user's bytes | pointer to the callbacks | name, and a zero |
//! ```
//!
//! The block's tag says which of them there are and how long they are, so that a block with neither is a plain
//! one.

use core::ffi::{c_char, c_void};
use core::ptr;

use buflib::{Error, Handle, Heap, Layout, Tag};

use crate::callbacks::Callbacks;
use crate::context::Context;
use crate::error::{Code, Failure};

const POINTER: usize = size_of::<*mut Callbacks>();
const HAS_OPS: u32 = 1;
const HAS_NAME: u32 = 2;
const FLAGS: u32 = 2;

/// What is behind the user's bytes in a payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Note(u32);

impl Tag for Note {
    fn into_bits(self) -> u32 {
        self.0
    }

    fn from_bits(bits: u32) -> Option<Self> {
        Some(Self(bits))
    }
}

impl Note {
    pub(crate) const NONE: Self = Self(0);

    /// The note for callbacks, if there are any, and a name; none if the name is too long for any block.
    pub(crate) fn of(has_ops: bool, name: Option<&[u8]>) -> Option<Self> {
        let ops = if has_ops { POINTER } else { 0 };
        let name_bytes = name.map_or(0, |name| name.len().saturating_add(1));
        let bytes = u32::try_from(ops.checked_add(name_bytes)?).ok()?;
        let flags = if has_ops { HAS_OPS } else { 0 } | if name.is_some() { HAS_NAME } else { 0 };
        Some(Self(bytes.checked_mul(1 << FLAGS)? | flags))
    }

    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// Bytes of the payload that are not the user's.
    pub(crate) fn len(self) -> usize {
        (self.0 >> FLAGS) as usize
    }

    /// The note in a payload; none if the payload is too short, which only damage makes it.
    fn find(self, payload: &[u8]) -> Option<&[u8]> {
        payload.get(payload.len().checked_sub(self.len())?..)
    }

    /// Writes the note at the end of a payload.
    pub(crate) fn write(self, payload: &mut [u8], ops: *mut Callbacks, name: Option<&[u8]>) {
        let start = payload.len().wrapping_sub(self.len());
        let Some(mut rest) = payload.get_mut(start..) else {
            return;
        };
        if self.0 & HAS_OPS != 0 {
            let Some((to, behind)) = rest.split_at_mut_checked(POINTER) else {
                return;
            };
            // SAFETY: `to` has the size of a pointer.
            unsafe {
                to.as_mut_ptr()
                    .cast::<*mut Callbacks>()
                    .write_unaligned(ops)
            };
            rest = behind;
        }
        let name = name.unwrap_or_default().iter().chain(&[0]);
        rest.iter_mut().zip(name).for_each(|(to, &byte)| *to = byte);
    }

    /// The callbacks in a payload.
    pub(crate) fn ops(self, payload: &[u8]) -> Option<*mut Callbacks> {
        let (pointer, _) = self.find(payload)?.split_at_checked(POINTER)?;
        if self.0 & HAS_OPS == 0 {
            return None;
        }
        // SAFETY: `pointer` has the size of one, which `write` has put there.
        let ops = unsafe { pointer.as_ptr().cast::<*mut Callbacks>().read_unaligned() };
        (!ops.is_null()).then_some(ops)
    }

    /// The name in a payload, the zero at its end included.
    pub(crate) fn name(self, payload: &[u8]) -> Option<&[u8]> {
        if self.0 & HAS_NAME == 0 {
            return None;
        }
        let ops = if self.0 & HAS_OPS != 0 { POINTER } else { 0 };
        let name = self.find(payload)?.get(ops..)?;
        (name.last() == Some(&0)).then_some(name)
    }
}

/// The bytes of a name in C.
///
/// # Safety
///
/// Null, or the address of bytes that end with a zero and stay as they are while the result lives.
pub(crate) unsafe fn name_of<'n>(name: *const c_char) -> Option<&'n [u8]> {
    if name.is_null() {
        return None;
    }
    let mut len = 0;
    // SAFETY: each byte up to the first zero is there, by the caller's promise. Volatile, or the compiler would
    // make a call of this that the host may not have.
    while unsafe { name.add(len).read_volatile() } != 0 {
        len += 1;
    }
    // SAFETY: `len` bytes were read just now.
    Some(unsafe { core::slice::from_raw_parts(name.cast(), len) })
}

/// The payload of a block as far as its note.
pub(crate) fn payload<'h, L: Layout>(
    ctx: *mut Context,
    heap: &'h Heap<'_, L>,
    handle: Handle<L>,
) -> Result<&'h [u8], Error> {
    let bytes = heap.get(handle)?;
    // SAFETY: the call that runs has a valid context.
    let (growing, kept) = unsafe { ((*ctx).growing, (*ctx).kept) };
    if u64::from(growing) == handle.to_bits() {
        return Ok(bytes.get(..kept).unwrap_or(bytes));
    }
    Ok(bytes)
}

/// A block's note, and how many bytes of its payload are the user's.
pub(crate) fn note_and_size<L: Layout>(
    ctx: *mut Context,
    heap: &Heap<'_, L>,
    handle: Handle<L>,
) -> Result<(Note, usize), Failure> {
    let len = payload(ctx, heap, handle)?.len();
    let note = heap.tag(handle)?.unwrap_or(Note::NONE);
    match len.checked_sub(note.len()) {
        Some(size) => Ok((note, size)),
        None => Err(Failure::new(
            Code::Corrupt,
            note.len() as u64,
            len as u64,
            "damaged: the end of a block\0",
        )),
    }
}

/// A pointer to an address in the context's pool.
pub(crate) fn payload_at(ctx: *mut Context, address: usize) -> *mut c_void {
    // SAFETY: the call that runs has a valid context.
    let pool = unsafe { (*ctx).pool };
    if pool.is_null() {
        return ptr::null_mut();
    }
    pool.with_addr(address).cast()
}
