//! Programs of calls to the C interface, made of any bytes, beside a model of what must be there.
//!
//! Each byte decides something: which call comes next, with which sizes, what a callback answers, and what it does
//! meanwhile. [`run`] panics if contents, names, sizes, or what the error handler is told are not as they must be.

mod callbacks;
mod world;

use std::ffi::{CString, c_int, c_void};
use std::ptr;

use buflib_c::*;

use callbacks::ops;
use world::{Known, World, world};

/// Runs a program on a pool whose size the first bytes say.
pub(crate) fn run(bytes: &[u8]) {
    World::begin(bytes);
    while let Some(op) = world(World::next_op) {
        step(op);
        in_order();
    }
    verify_all();
    World::end();
}

/// One call, or a few that belong together.
fn step(op: u8) {
    match op % 20 {
        0..=3 => alloc(false),
        4..=6 => alloc(true),
        7..=9 => free(),
        10 => shrink(),
        11..=12 => resize(),
        13 => pin(),
        14 => unpin(),
        15 => move_together(),
        16 => maximum(),
        17 => exactly_what_is_allocatable(),
        18 => front(),
        _ => rare(),
    }
}

/// The library's own check, and that nobody has complained.
pub(crate) fn in_order() {
    let ctx = world(|w| w.ctx);
    // SAFETY: the context is the world's, as in all calls of this file.
    unsafe { buflib_check_valid(ctx) };
    expect_told(&[]);
}

/// What the error handler was told since the last time.
pub(crate) fn expect_told(codes: &[Code]) {
    let told = world(|w| std::mem::take(&mut w.told));
    let expected: Vec<_> = codes.iter().map(|&code| code as c_int).collect();
    assert_eq!(told, expected);
}

/// Every block has its contents, its size and its name, at an address that is aligned.
fn verify_all() {
    for handle in world(|w| w.model.keys().copied().collect::<Vec<_>>()) {
        verify(handle);
    }
}

pub(crate) fn verify(handle: c_int) {
    let (ctx, known) = world(|w| (w.ctx, w.model[&handle].clone()));
    // SAFETY: the handle is that of a live block, whose bytes nobody else uses.
    unsafe {
        assert_eq!(buflib_get_size(ctx, handle), known.size);
        let data = buflib_get_data_checked(ctx, handle);
        assert_eq!(data.cast(), data_of(handle));
        assert_eq!(data.addr() % known.align, 0);
        let bytes = std::slice::from_raw_parts(data.cast::<u8>(), known.size);
        assert!(known.is(bytes), "{handle:#x}, {known:?}: {bytes:?}");
        let name = buflib_get_name(ctx, handle);
        let name = (!name.is_null()).then(|| std::ffi::CStr::from_ptr(name).to_owned());
        assert_eq!(name, known.name);
        assert_eq!(buflib_pin_count(ctx, handle), known.pins);
    }
}

/// Where the header's inline function finds a block.
pub(crate) fn data_of(handle: c_int) -> *mut u8 {
    // SAFETY: as in `verify`.
    unsafe { data(world(|w| w.ctx), handle) }
}

/// Writes the contents of a block.
pub(crate) fn fill(handle: c_int) {
    let known = world(|w| w.model[&handle].clone());
    // SAFETY: as in `verify`.
    known.write(unsafe { std::slice::from_raw_parts_mut(data_of(handle), known.size) });
}

/// Takes a new block into the model.
fn adopt(handle: c_int, known: Known) {
    assert!(handle > 0);
    assert!(
        world(|w| w.model.insert(handle, known)).is_none(),
        "a handle twice"
    );
    fill(handle);
    verify(handle);
}

pub(crate) fn alloc(special: bool) {
    let (ctx, size) = world(|w| (w.ctx, w.size()));
    if !special {
        // SAFETY: as in `in_order`.
        let handle = unsafe { buflib_alloc(ctx, size) };
        return if handle == -1 {
            expect_told(&[])
        } else {
            adopt(handle, world(|w| w.plain(size)))
        };
    }
    let known = world(|w| w.special(size));
    let name: *const _ = known
        .name
        .as_ref()
        .map_or(ptr::null(), |name| name.as_ptr());
    // SAFETY: as in `in_order`; callbacks and name are there for long enough.
    let handle = unsafe { buflib_alloc_aligned(ctx, size, known.align, name, ops(known.ops)) };
    if handle == -1 {
        return expect_told(&[]);
    }
    adopt(handle, known);
}

pub(crate) fn free() {
    let Some(handle) = world(World::pick) else {
        return;
    };
    let (ctx, pins) = world(|w| (w.ctx, w.model[&handle].pins));
    // SAFETY: as in `in_order`.
    unsafe {
        assert_eq!(buflib_free(ctx, handle), 0);
        if pins > 0 {
            return expect_told(&[Code::Pinned]);
        }
        world(|w| w.model.remove(&handle));
        world(|w| w.stale.push(handle));
        assert_eq!(buflib_free(ctx, handle), 0);
        expect_told(&[Code::BadHandle]);
    }
}

fn shrink() {
    let Some(handle) = world(World::pick) else {
        return;
    };
    let (from, size) = world(|w| w.part(handle));
    shrink_to(handle, from, size);
}

pub(crate) fn shrink_to(handle: c_int, from: usize, size: usize) {
    let ctx = world(|w| w.ctx);
    let start = data_of(handle).wrapping_add(from);
    let is_null = from == 0 && world(World::byte) & 1 == 1;
    let start = if is_null { ptr::null_mut() } else { start };
    // SAFETY: as in `in_order`.
    assert!(unsafe { buflib_shrink(ctx, handle, start.cast(), size) });
    world(|w| {
        let known = w.model.get_mut(&handle).expect("a live block");
        known.offset += from;
        known.size = size;
        // As much of the alignment stays as the new start has.
        known.align = known.align.min(1 << from.trailing_zeros().min(12));
    });
    verify(handle);
}

fn resize() {
    let Some(handle) = world(World::pick) else {
        return;
    };
    let (ctx, size, old) = world(|w| (w.ctx, w.size(), w.model[&handle].size));
    world(|w| w.resizing = handle);
    // SAFETY: as in `in_order`.
    let resized = unsafe { buflib_resize(ctx, handle, size) };
    world(|w| w.resizing = 0);
    if !resized {
        if !world(|w| w.model.contains_key(&handle)) {
            // A callback has freed it meanwhile, which is told if there would have been room.
            let told = world(|w| std::mem::take(&mut w.told));
            assert!(told.is_empty() || told == [Code::BadHandle as c_int]);
            return;
        }
        return expect_told(&[]);
    }
    // A callback may have made it smaller meanwhile: what it had then is kept.
    let kept = world(|w| w.model[&handle].size.min(old).min(size));
    world(|w| w.model.get_mut(&handle).expect("a live block").size = size);
    let known = world(|w| w.model[&handle].clone());
    // SAFETY: as in `verify`.
    assert!(known.is(unsafe { std::slice::from_raw_parts(data_of(handle), kept) }));
    fill(handle);
}

fn pin() {
    let Some(handle) = world(World::pick) else {
        return;
    };
    let (ctx, pins) = world(|w| (w.ctx, w.model[&handle].pins));
    // SAFETY: as in `in_order`.
    let data = unsafe { buflib_get_data_pinned(ctx, handle) };
    if data.is_null() {
        return expect_told(&[Code::PinFailed]);
    }
    assert!(pins < 15);
    assert_eq!(data.cast(), data_of(handle));
    world(|w| w.model.get_mut(&handle).expect("a live block").pins += 1);
}

fn unpin() {
    let Some(handle) = world(World::pick) else {
        return;
    };
    let (ctx, pins) = world(|w| (w.ctx, w.model[&handle].pins));
    // SAFETY: as in `in_order`.
    unsafe { buflib_put_data_pinned(ctx, data_of(handle).cast()) };
    if pins == 0 {
        return expect_told(&[Code::NotPinned]);
    }
    world(|w| w.model.get_mut(&handle).expect("a live block").pins -= 1);
}

fn move_together() {
    let (ctx, how) = world(|w| (w.ctx, w.byte()));
    // SAFETY: as in `in_order`.
    unsafe {
        if how & 1 == 0 {
            buflib_compact(ctx);
        } else {
            buflib_compact_step(ctx, usize::from(how) * 8, usize::from(how) / 8);
        }
    }
    verify_all();
}

fn maximum() {
    let (ctx, known) = world(|w| (w.ctx, w.special(0)));
    let name: *const _ = known
        .name
        .as_ref()
        .map_or(ptr::null(), |name| name.as_ptr());
    let mut size = 0;
    // SAFETY: as in `alloc`.
    let handle =
        unsafe { buflib_alloc_maximum_aligned(ctx, known.align, name, &mut size, ops(known.ops)) };
    if handle == -1 {
        return expect_told(&[]);
    }
    adopt(handle, Known { size, ..known });
    // SAFETY: as in `in_order`.
    assert_eq!(unsafe { buflib_allocatable(ctx) }, 0);
    if world(World::byte) & 1 == 1 {
        shrink_to(handle, 0, size / 2);
    }
}

fn exactly_what_is_allocatable() {
    let ctx = world(|w| w.ctx);
    // SAFETY: as in `alloc`; the name is as long as one may be for this.
    unsafe {
        let most = buflib_allocatable(ctx);
        if most == 0 {
            return;
        }
        let name = CString::new("x".repeat(31)).expect("a name");
        let (ops_kind, named) = world(|w| (w.byte() % 8, w.byte() & 1 == 1));
        let pointer = if named { name.as_ptr() } else { ptr::null() };
        let handle = buflib_alloc_ex(ctx, most, pointer, ops(ops_kind));
        assert!(handle > 0, "{most} bytes were said to be allocatable");
        let mut known = world(|w| w.plain(most));
        known.ops = ops_kind;
        known.name = named.then_some(name);
        adopt(handle, known);
        if world(World::byte) & 3 != 0 {
            shrink_to(handle, 0, most / 3);
        }
    }
}

fn front() {
    let (ctx, taken, wanted) = world(|w| (w.ctx, w.taken, w.size()));
    // SAFETY: as in `in_order`. What was taken out is written to.
    unsafe {
        let mut size = wanted;
        let out = buflib_buffer_out(ctx, &mut size).cast::<u8>();
        assert_eq!(out, world(|w| w.pool()).add(taken));
        assert!(size % 8 == 0 && (wanted == 0 || size < wanted + 4096));
        out.write_bytes(0xcc, size);
        world(|w| w.taken += size);
        verify_all();
        let taken = taken + size;
        buflib_buffer_in(ctx, taken as c_int + 8);
        expect_told(&[Code::NotTaken]);
        let back = (taken / (1 + usize::from(world(World::byte) % 3))) & !7;
        buflib_buffer_in(ctx, back as c_int);
        world(|w| w.taken -= back);
    }
    verify_all();
}

fn rare() {
    let how = world(World::byte);
    match how % 4 {
        0 => relocate(),
        1 => stale(),
        2 => verify_all(),
        _ => lines(),
    }
}

/// The pool goes to another place and back.
fn relocate() {
    let ctx = world(|w| w.ctx);
    let (to, from, bytes) = world(World::elsewhere);
    let may = world(|w| {
        w.model
            .values()
            .all(|known| known.pins == 0 && known.may_move() && known.align <= 8)
    });
    // SAFETY: the other place is as large, and nobody uses it; the bytes are copied at once.
    unsafe {
        if !buflib_context_relocate(ctx, to.cast::<c_void>()) {
            assert!(!may);
            return expect_told(&[Code::CannotMove]);
        }
        to.copy_from_nonoverlapping(from, bytes);
        from.write_bytes(0xdd, bytes);
    }
    world(World::relocated);
    verify_all();
}

/// A handle that is none any more, or never was.
fn stale() {
    let (ctx, handle) = world(|w| (w.ctx, w.stale_handle()));
    // SAFETY: as in `in_order`: any handle may be given to these.
    unsafe {
        assert!(buflib_get_data_checked(ctx, handle).is_null());
        assert!(!buflib_shrink(ctx, handle, ptr::null_mut(), 0));
        assert!(!buflib_resize(ctx, handle, 10));
        buflib_pin(ctx, handle);
        buflib_unpin(ctx, handle);
        assert!(buflib_get_name(ctx, handle).is_null());
    }
    expect_told(&[Code::BadHandle; 6]);
}

fn lines() {
    let (ctx, live) = world(|w| (w.ctx, w.model.len()));
    let mut buffer = [0; 100];
    // SAFETY: as in `in_order`; the buffer is as large as is said.
    unsafe {
        let blocks = buflib_get_num_blocks(ctx);
        assert!(blocks >= live as c_int);
        assert!(!buflib_print_block_at(
            ctx,
            blocks,
            buffer.as_mut_ptr(),
            100
        ));
        for block in 0..blocks {
            assert!(buflib_print_block_at(ctx, block, buffer.as_mut_ptr(), 100));
        }
        let mut stats = Stats::default();
        buflib_get_stats(ctx, &mut stats);
        assert_eq!(stats.live, live);
        assert_eq!(stats.free_bytes, buflib_available(ctx));
    }
}
