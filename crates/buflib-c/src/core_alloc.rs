//! The context that is always there, for programs that need only one. All else of `core_alloc.h` is in the header.

use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicI32, Ordering};

use crate::callbacks::Shared;
use crate::context::Context;
use crate::init::buflib_init;
use crate::{buflib_alloc_ex, buflib_free};

/// The context.
#[allow(non_upper_case_globals, reason = "the name in C")]
#[unsafe(no_mangle)]
pub static core_ctx: Shared<Context> = Shared(UnsafeCell::new(Context::NONE));

/// The allocation that can be freed for a test, or no handle.
static TEST: AtomicI32 = AtomicI32::new(0);

/// `CORE_TEST_SIZE`.
const TEST_BYTES: usize = 64;

/// Gives the context its memory, and makes the allocation that [`core_test_free`] frees.
///
/// # Safety
///
/// As for [`buflib_init`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn core_allocator_init(pool: *mut c_void, size: usize) {
    let ctx = core_ctx.0.get();
    // SAFETY: by the caller's promise; the name is a string.
    let handle: c_int = unsafe {
        buflib_init(ctx, pool, size);
        buflib_alloc_ex(ctx, TEST_BYTES, c"test".as_ptr(), core::ptr::null_mut())
    };
    TEST.store(handle.max(0), Ordering::Relaxed);
}

/// Frees the allocation that was made with the context, so that there is a hole in front of all others. Returns whether
/// there was one.
///
/// # Safety
///
/// The context was initialised and its pool is still its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn core_test_free() -> bool {
    let handle = TEST.load(Ordering::Relaxed);
    TEST.store(0, Ordering::Relaxed);
    // SAFETY: by the caller's promise.
    unsafe { buflib_free(core_ctx.0.get(), handle) };
    handle > 0
}
