//! Lists of what is in a heap, as lines.

use core::ffi::{c_char, c_int};

use buflib::{Block, Heap, Layout};

use crate::context::{Context, Hold, Shown, on_heap};
use crate::error::{Failure, settle};
use crate::note::{note_and_size, payload};
use crate::text::Line;

/// A function that is given the lines of a list.
pub type Print = Option<unsafe extern "C" fn(line: c_int, text: *const c_char)>;

const LINE: usize = 160;

/// How many blocks there are, free ones between others included.
///
/// # Safety
///
/// `ctx` was initialised and its pool is still its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_get_num_blocks(ctx: *mut Context) -> c_int {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| count(hold));
        settle(ctx, 0, result, 0)
    }
}

fn count<L: Layout>(hold: &mut Hold<L>) -> Result<c_int, Failure> {
    let mut blocks = 0;
    for block in hold.heap().blocks() {
        block?;
        blocks += 1;
    }
    Ok(blocks)
}

/// Describes one block, counted from 0 in the order of addresses. False if there are not so many.
///
/// # Safety
///
/// As for [`buflib_get_num_blocks`]; `buffer` has room for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_print_block_at(
    ctx: *mut Context,
    block: c_int,
    buffer: *mut c_char,
    size: usize,
) -> bool {
    // SAFETY: by the caller's promise. An empty buffer need not be anywhere.
    unsafe {
        let buffer = if buffer.is_null() || size == 0 {
            &mut []
        } else {
            // Bytes of C code's, written or not, are bytes for this side.
            core::slice::from_raw_parts_mut(buffer.cast::<u8>(), size)
        };
        let result = on_heap!(ctx, |hold| print_at(hold, block, buffer));
        settle(ctx, 0, result, false)
    }
}

fn print_at<L: Layout>(hold: &mut Hold<L>, nth: c_int, buffer: &mut [u8]) -> Result<bool, Failure> {
    let ctx = hold.ctx();
    let heap = &*hold.heap();
    let nth = usize::try_from(nth).ok();
    let Some(block) = nth.map(|nth| heap.block(nth)).transpose()?.flatten() else {
        return Ok(false);
    };
    if let Some(mut line) = Line::new(buffer) {
        describe(ctx, heap, &block, &mut line);
    }
    Ok(true)
}

/// Prints all allocations in the order of their handles' numbers.
///
/// # Safety
///
/// As for [`buflib_get_num_blocks`]; `print` can be called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_print_allocs(ctx: *mut Context, print: Print) {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| print_all(hold, print, true));
        settle(ctx, 0, result, ());
    }
}

/// Prints all blocks in the order of their addresses, free ones between others included.
///
/// # Safety
///
/// As for [`buflib_print_allocs`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn buflib_print_blocks(ctx: *mut Context, print: Print) {
    // SAFETY: by the caller's promise.
    unsafe {
        let result = on_heap!(ctx, |hold| print_all(hold, print, false));
        settle(ctx, 0, result, ());
    }
}

/// # Safety
///
/// `print` can be called.
unsafe fn print_all<L: Layout>(
    hold: &mut Hold<L>,
    print: Print,
    in_use: bool,
) -> Result<(), Failure> {
    let ctx = hold.ctx();
    let heap = &*hold.heap();
    let Some(print) = print else {
        return Ok(());
    };
    // SAFETY: the call that runs has a valid context, and the heap is borrowed until all is printed.
    let _shown = unsafe { Shown::new(ctx, heap) };
    let mut number = 0;
    let mut show = |block: &Block<'_, L>| {
        let mut buffer = [0; LINE];
        if let Some(mut line) = Line::new(&mut buffer) {
            describe(ctx, heap, block, &mut line);
            // SAFETY: by the caller's promise.
            unsafe { print(number, line.as_ptr()) };
        }
        number += 1;
    };
    if in_use {
        for block in heap.allocations() {
            show(&block?);
        }
    } else {
        for block in heap.blocks() {
            show(&block?);
        }
    }
    Ok(())
}

/// One block in a line: address, size, and if it is in use, handle and name.
fn describe<L: Layout>(
    ctx: *mut Context,
    heap: &Heap<'_, L>,
    block: &Block<'_, L>,
    line: &mut Line<'_>,
) {
    line.address(block.address)
        .push(b" ")
        .number(block.bytes, 9);
    let Some(handle) = block.handle else {
        line.push(b" free");
        return;
    };
    line.push(b" #").number(handle.number(), 1);
    if let Ok((note, size)) = note_and_size(ctx, heap, handle) {
        line.push(b" ").number(size, 1);
        let name = payload(ctx, heap, handle).ok();
        if let Some(name) = name.and_then(|payload| note.name(payload)) {
            line.push(b" ").push(name);
        }
    }
    if block.immovable {
        line.push(b" immovable");
    }
}
