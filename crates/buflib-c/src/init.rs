//! A pool becomes a heap.

use core::ffi::c_void;
use core::ptr::NonNull;

use buflib::{Heap, Layout, Ordered, Small};

use crate::context::{Context, Kind, install, install_outline};

/// The heap's own state may be so much of a pool: an 1/16 in large ones, an 1/8 in others.
const LARGE: usize = 16 * size_of::<Heap<'static, Ordered>>();
const MIDDLE: usize = 8 * size_of::<Heap<'static, Small>>();
const _: () = assert!(MIDDLE <= Heap::<Small>::MAX_OUTLINED_BYTES);

/// Pools start at a multiple of the granule, so that memory given out at the front does.
const ALIGN: usize = Small::GRANULE_BYTES;

/// Makes a context a heap over a pool. What was in either is forgotten.
///
/// # Safety
///
/// `ctx` points to a context, initialised or not. `pool` is null, or points to `size` bytes that only the
/// context uses for as long as it is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_init(ctx: *mut Context, pool: *mut c_void, size: usize) {
    // SAFETY: valid for a write by the caller's promise.
    unsafe { ctx.write(Context::NONE) };
    let Some(pool) = NonNull::new(pool.cast::<u8>()) else {
        return;
    };
    let skipped = pool.addr().get().wrapping_neg() % ALIGN;
    let Some(bytes) = size.checked_sub(skipped) else {
        return;
    };
    // SAFETY: not more than there are.
    let pool = unsafe { pool.add(skipped) };
    let bytes = bytes.min(Ordered::MAX_ARENA_BYTES);
    // SAFETY: the context is valid, and the bytes are its own from now on.
    unsafe {
        (*ctx).pool = pool.as_ptr();
        (*ctx).skipped = skipped as u8;
        if cfg!(feature = "large") && bytes >= LARGE {
            build::<Ordered>(ctx, pool, bytes);
        } else if bytes >= MIDDLE {
            build::<Small>(ctx, pool, bytes);
        } else {
            (*ctx).bytes = bytes;
            if let Ok(heap) = Heap::<Small>::from_bytes(memory(pool, bytes)) {
                install_outline(ctx, &heap);
            }
        }
    }
}

/// Builds a heap with its state behind its memory.
///
/// # Safety
///
/// The context is valid, and so are the bytes, which only it uses from now on. They have room for the state.
unsafe fn build<L: Kind>(ctx: *mut Context, pool: NonNull<u8>, bytes: usize) {
    let state = size_of::<Heap<'static, L>>();
    let end = pool.addr().get().wrapping_add(bytes).wrapping_sub(state);
    let slack = end % align_of::<Heap<'static, L>>();
    let bytes = bytes.wrapping_sub(state).wrapping_sub(slack);
    // SAFETY: the state lies aligned in the last bytes, and the memory in front of it.
    unsafe {
        (*ctx).bytes = bytes;
        if let Ok(heap) = Heap::<L>::from_bytes(memory(pool, bytes)) {
            install(ctx, pool.add(bytes).cast(), heap);
        }
    }
}

/// # Safety
///
/// The bytes are there, and only the result uses them.
unsafe fn memory(pool: NonNull<u8>, bytes: usize) -> &'static mut [u8] {
    // SAFETY: by the caller's promise. C memory has the bytes that it has, written or not; no metadata is read that was
    // not written.
    unsafe { core::slice::from_raw_parts_mut(pool.as_ptr(), bytes) }
}
