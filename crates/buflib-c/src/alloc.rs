//! Blocks come and go.

use core::ffi::{c_char, c_int};

use buflib::{Handle, Heap, Layout, Request};

use crate::callbacks::{Callbacks, number};
use crate::context::{Context, Hold, on_heap};
use crate::error::{Failure, settle};
use crate::note::{Note, name_of};

/// What calls return instead of a handle.
const FAILED: c_int = -1;

/// A handle of C as one of the heap's.
#[inline(always)]
pub(crate) fn handle_of<L: Layout>(handle: c_int) -> Result<Handle<L>, Failure> {
    let bits = u64::try_from(handle).ok();
    bits.and_then(Handle::from_bits)
        .ok_or(Failure::bad_number(handle))
}

/// Allocates a plain block: no name, no callbacks, movable. Returns its handle, or -1.
///
/// # Safety
///
/// `ctx` was initialised and its pool is still its own.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn buflib_alloc(ctx: *mut Context, size: usize) -> c_int {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| alloc_plain(hold, size));
        settle(ctx, 0, result, FAILED)
    }
}

#[inline(always)]
fn alloc_plain<L: Layout>(hold: &mut Hold<L>, size: usize) -> Result<c_int, Failure> {
    let (heap, mut client) = hold.with_client();
    Ok(number(heap.with(&mut client).alloc(size)?))
}

/// What a block is to have besides a size.
struct Wanted<'n> {
    align: usize,
    name: Option<&'n [u8]>,
    ops: *mut Callbacks,
    note: Note,
}

impl<'n> Wanted<'n> {
    /// # Safety
    ///
    /// The name is one of C or null; `ops` is null, or points to callbacks.
    unsafe fn new(align: usize, name: *const c_char, ops: *mut Callbacks) -> Option<Self> {
        // SAFETY: by the caller's promise.
        let name = unsafe { name_of(name) };
        Some(Self {
            align,
            name,
            ops,
            note: Note::of(!ops.is_null(), name)?,
        })
    }

    /// The request for a payload of so many bytes.
    fn request(&self, bytes: usize) -> Request<'static> {
        let mut request = Request::new(bytes).align(self.align);
        if self.note.is_none() {
            return request;
        }
        request = request.owner(self.note);
        if !self.ops.is_null() {
            // SAFETY: callbacks by the promise of `new`.
            let callbacks = unsafe { *self.ops };
            if callbacks.shrink_callback.is_some() {
                request = request.shrinkable(self.note);
            }
            if callbacks.move_callback.is_none() {
                request = request.immovable();
            }
        }
        request
    }

    /// Writes the note of a new block.
    fn put_note<L: Layout>(
        &self,
        heap: &mut Heap<'_, L>,
        handle: Handle<L>,
    ) -> Result<(), Failure> {
        if !self.note.is_none() {
            self.note.write(heap.get_mut(handle)?, self.ops, self.name);
        }
        Ok(())
    }
}

/// Allocates a block with a name, or null, and callbacks, or null. Returns its handle, or -1.
///
/// # Safety
///
/// As for [`buflib_alloc`]. `name` is null or a string, `ops` is null or points to callbacks that stay for as long as
/// the block.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn buflib_alloc_ex(
    ctx: *mut Context,
    size: usize,
    name: *const c_char,
    ops: *mut Callbacks,
) -> c_int {
    // SAFETY: by the caller's promise.
    unsafe { buflib_alloc_aligned(ctx, size, 1, name, ops) }
}

/// The same at an address that is a multiple of `align`, a power of two up to 4096.
///
/// # Safety
///
/// As for [`buflib_alloc_ex`].
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn buflib_alloc_aligned(
    ctx: *mut Context,
    size: usize,
    align: usize,
    name: *const c_char,
    ops: *mut Callbacks,
) -> c_int {
    // SAFETY: by the caller's promise.
    unsafe {
        let wanted = Wanted::new(align, name, ops).ok_or(Failure::NO_ROOM);
        let result = wanted.and_then(|wanted| on_heap!(ctx, |hold| alloc(hold, size, &wanted)));
        settle(ctx, 0, result, FAILED)
    }
}

fn alloc<L: Layout>(
    hold: &mut Hold<L>,
    size: usize,
    wanted: &Wanted<'_>,
) -> Result<c_int, Failure> {
    let bytes = size
        .checked_add(wanted.note.len())
        .ok_or(Failure::NO_ROOM)?;
    let (heap, mut client) = hold.with_client();
    let handle = heap.with(&mut client).alloc_with(wanted.request(bytes))?;
    wanted.put_note(heap, handle)?;
    Ok(number(handle))
}

/// Allocates all that can be had, once blocks have been moved and shrunk, and says how much that is. Returns the handle,
/// or -1.
///
/// # Safety
///
/// As for [`buflib_alloc_ex`]; `size` is null or points to a `size_t`.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn buflib_alloc_maximum(
    ctx: *mut Context,
    name: *const c_char,
    size: *mut usize,
    ops: *mut Callbacks,
) -> c_int {
    // SAFETY: by the caller's promise.
    unsafe { buflib_alloc_maximum_aligned(ctx, 1, name, size, ops) }
}

/// The same at an address that is a multiple of `align`.
///
/// # Safety
///
/// As for [`buflib_alloc_maximum`].
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn buflib_alloc_maximum_aligned(
    ctx: *mut Context,
    align: usize,
    name: *const c_char,
    size: *mut usize,
    ops: *mut Callbacks,
) -> c_int {
    // SAFETY: by the caller's promise.
    unsafe {
        let wanted = Wanted::new(align, name, ops).ok_or(Failure::NO_ROOM);
        let result = wanted.and_then(|wanted| on_heap!(ctx, |hold| alloc_maximum(hold, &wanted)));
        let (handle, bytes) = settle(ctx, 0, result, (FAILED, 0));
        if !size.is_null() && handle != FAILED {
            size.write(bytes);
        }
        handle
    }
}

fn alloc_maximum<L: Layout>(
    hold: &mut Hold<L>,
    wanted: &Wanted<'_>,
) -> Result<(c_int, usize), Failure> {
    let (heap, mut client) = hold.with_client();
    let (handle, bytes) = heap
        .with(&mut client)
        .alloc_maximum_with(wanted.request(0))?;
    let Some(size) = bytes.checked_sub(wanted.note.len()) else {
        heap.free(handle)?;
        return Err(Failure::NO_ROOM);
    };
    wanted.put_note(heap, handle)?;
    Ok((number(handle), size))
}

/// Frees a block; nothing happens if the handle is zero or negative. Returns 0.
///
/// # Safety
///
/// As for [`buflib_alloc`].
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn buflib_free(ctx: *mut Context, handle: c_int) -> c_int {
    if handle > 0 {
        // SAFETY: by the caller's promise.
        unsafe {
            let result = on_heap!(ctx, |hold| free(hold, handle));
            settle(ctx, handle, result, ());
        }
    }
    0
}

#[inline(always)]
fn free<L: Layout>(hold: &mut Hold<L>, handle: c_int) -> Result<(), Failure> {
    Ok(hold.heap().free(handle_of(handle)?)?)
}
