//! The functions that C calls are entry points already. What is missing is a panic that can be found, and a function that
//! has one.
#![no_std]

extern crate buflib_c as _;

/// Shows that a panic is found.
#[unsafe(no_mangle)]
pub extern "C" fn control_that_panics(index: usize) -> u8 {
    [1, 2, 3][index]
}

unsafe extern "C" {
    fn a_panic_was_reached() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: it is never linked.
    unsafe { a_panic_was_reached() }
}
