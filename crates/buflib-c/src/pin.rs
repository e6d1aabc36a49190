//! Blocks stay in place for a while.

use core::ffi::{c_int, c_uint, c_void};
use core::ptr;

use buflib::{Heap, Layout};

use crate::alloc::handle_of;
use crate::context::{Context, Hold, at_heap, on_heap};
use crate::error::{Code, Failure, settle};
use crate::note::payload_at;

/// Keeps a block in place until it is unpinned as often.
///
/// # Safety
///
/// `ctx` was initialised and its pool is still its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_pin(ctx: *mut Context, handle: c_int) {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| pin(hold, handle));
        settle(ctx, handle, result.map(drop), ());
    }
}

fn pin<L: Layout>(hold: &mut Hold<L>, handle: c_int) -> Result<usize, Failure> {
    let handle = handle_of(handle)?;
    let pinned = hold.heap().pin(handle);
    let pinned = pinned.map_err(|error| Failure::from(error).of_pin())?;
    let address = pinned.bytes().as_ptr().addr();
    pinned.keep();
    Ok(address)
}

/// Takes one pin off a block.
///
/// # Safety
///
/// As for [`buflib_pin`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_unpin(ctx: *mut Context, handle: c_int) {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| unpin(hold, handle));
        settle(ctx, handle, result, ());
    }
}

fn unpin<L: Layout>(hold: &mut Hold<L>, handle: c_int) -> Result<(), Failure> {
    Ok(hold.heap().unpin(handle_of(handle)?)?)
}

/// How many pins a block has.
///
/// # Safety
///
/// As for [`buflib_pin`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_pin_count(ctx: *mut Context, handle: c_int) -> c_uint {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = at_heap!(ctx, |heap| pin_count(heap, handle));
        settle(ctx, handle, result, 0)
    }
}

fn pin_count<L: Layout>(heap: &Heap<'_, L>, handle: c_int) -> Result<c_uint, Failure> {
    Ok(heap.pin_count(handle_of(handle)?)? as c_uint)
}

/// Pins a block and returns its address; null if it cannot be pinned.
///
/// # Safety
///
/// As for [`buflib_pin`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_get_data_pinned(ctx: *mut Context, handle: c_int) -> *mut c_void {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| pin(hold, handle));
        let address = settle(ctx, handle, result.map(Some), None);
        address.map_or(ptr::null_mut(), |address| payload_at(ctx, address))
    }
}

/// Takes one pin off the block at an address that [`buflib_get_data_pinned`] has returned.
///
/// # Safety
///
/// As for [`buflib_pin`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_put_data_pinned(ctx: *mut Context, data: *mut c_void) {
    if data.is_null() {
        return;
    }
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| unpin_at(hold, data.addr()));
        settle(ctx, 0, result, ());
    }
}

fn unpin_at<L: Layout>(hold: &mut Hold<L>, address: usize) -> Result<(), Failure> {
    let heap = hold.heap();
    let handle = heap.handle_at(address).ok_or(Failure::new(
        Code::BadHandle,
        address as u64,
        0,
        "no block starts at this address\0",
    ))?;
    Ok(heap.unpin(handle)?)
}
