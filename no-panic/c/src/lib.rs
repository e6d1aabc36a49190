//! The functions that C calls are entry points already: all that is missing is a panic that can be found.
#![no_std]

extern crate buflib_c as _;

unsafe extern "C" {
    fn a_panic_was_reached() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: it is never linked.
    unsafe { a_panic_was_reached() }
}
