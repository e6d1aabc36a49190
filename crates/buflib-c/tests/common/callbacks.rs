//! Callbacks that do whatever the program's next bytes say.

use std::ffi::{c_int, c_uint, c_void};

use buflib_c::*;

use super::world::{MOVES, SHRINKS, SYNCS, World, world};
use super::{alloc, data_of, expect_told, free, in_order, shrink_to, verify};

/// One for each set of callbacks; the first is not used.
static mut OPS: [Callbacks; 8] = {
    let mut all = [Callbacks {
        move_callback: None,
        shrink_callback: None,
        sync_callback: None,
    }; 8];
    let mut which = 0;
    while which < 8 {
        if which as u8 & MOVES != 0 {
            all[which].move_callback = Some(on_move);
        }
        if which as u8 & SHRINKS != 0 {
            all[which].shrink_callback = Some(on_shrink);
        }
        if which as u8 & SYNCS != 0 {
            all[which].sync_callback = Some(on_sync);
        }
        which += 1;
    }
    all
};

pub(super) fn ops(which: u8) -> *mut Callbacks {
    if which == 0 {
        return std::ptr::null_mut();
    }
    (&raw mut OPS)
        .cast::<Callbacks>()
        .wrapping_add(usize::from(which))
}

/// Looks at the heap, and finds that nothing else is possible.
fn look_only() {
    let (ctx, any) = world(|w| (w.ctx, w.pick().filter(|&handle| handle != w.resizing)));
    if let Some(handle) = any {
        verify(handle);
    }
    // SAFETY: the context is the world's, as in all calls of this file.
    unsafe {
        assert_eq!(buflib_alloc(ctx, 1), -1);
        expect_told(&[Code::Busy]);
        assert!(!buflib_compact(ctx));
        expect_told(&[Code::Busy]);
    }
}

unsafe extern "C" fn on_move(handle: c_int, current: *mut c_void, new: *mut c_void) -> c_int {
    assert_eq!(current.cast(), data_of(handle));
    assert_ne!(current, new);
    verify(handle);
    let synchronised =
        world(|w| w.model[&handle].ops & SYNCS == 0 || w.synchronised.contains(&handle));
    assert!(synchronised, "asked to move before it was told to stop");
    let how = world(World::byte);
    if how & 8 != 0 {
        look_only();
    }
    c_int::from(how % 8 == 7)
}

unsafe extern "C" fn on_sync(handle: c_int, on: bool) {
    world(|w| {
        if on {
            assert!(!w.synchronised.contains(&handle));
            w.synchronised.push(handle);
        } else {
            let at = w.synchronised.iter().position(|&other| other == handle);
            w.synchronised.remove(at.expect("on before off"));
        }
    });
    if world(World::byte) & 15 == 15 {
        look_only();
    }
}

unsafe extern "C" fn on_shrink(
    handle: c_int,
    hints: c_uint,
    start: *mut c_void,
    old_size: usize,
) -> c_int {
    assert_eq!(start.cast(), data_of(handle));
    assert_eq!(old_size, world(|w| w.model[&handle].size));
    assert!(hints & SHRINK_SIZE_MASK > 0 && hints & !SHRINK_SIZE_MASK != 0);
    verify(handle);
    let (how, depth) = world(|w| (w.byte(), w.depth));
    world(|w| w.depth += 1);
    match how % 8 {
        0 => {}
        1 => shrink_to(handle, 0, old_size / 2),
        2 => shrink_to(handle, old_size / 2, old_size - old_size / 2),
        3 => shrink_to(handle, old_size / 3, old_size / 3),
        4 if depth < 3 => {
            alloc(how & 8 != 0);
            in_order();
        }
        5 | 6 => free(),
        _ => shrink_to(handle, 0, 0),
    }
    world(|w| w.depth -= 1);
    in_order();
    c_int::from(how & 16 != 0)
}
