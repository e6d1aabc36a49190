//! buflib through its C interface: the functions that a C program calls, which are not inlined, and its look-up, which
//! is.

use std::alloc::Layout;
use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::NonNull;

use buflib_c::{Context, Report, Stats};

use crate::heap::{Counters, Kind, NoRoom, TraceHeap};

pub(super) struct FromC;

impl Kind for FromC {
    type Heap<'a> = CHeap<'a>;
    const NAME: &'static str = "buflib-c";
    const ABOUT: &'static str =
        "0.1, through the C interface: numbers from the lowest free one, state in the pool";
}

pub(super) struct CHeap<'a> {
    /// From a box: a context is used by its address.
    context: *mut Context,
    arena: PhantomData<&'a mut [u8]>,
}

/// Collects what the error handler is told.
unsafe extern "C" fn tell(_: *mut Context, report: *const Report, argument: *mut c_void) {
    // SAFETY: called with a report whose message is a string, and with the address of the text.
    unsafe {
        let message = CStr::from_ptr((*report).message)
            .to_string_lossy()
            .into_owned();
        *argument.cast::<Option<String>>() = Some(message);
    }
}

impl CHeap<'_> {
    #[inline(always)]
    fn context(&self) -> *mut Context {
        self.context
    }
}

impl Drop for CHeap<'_> {
    fn drop(&mut self) {
        // SAFETY: from a box, and nobody uses it any more.
        drop(unsafe { Box::from_raw(self.context) });
    }
}

// SAFETY: `data` is where the header's look-up finds the block, which is valid for as many bytes as it was asked to have.
unsafe impl<'a> TraceHeap<'a> for CHeap<'a> {
    type Block = c_int;
    type Error = NoRoom;

    // State in the arena is counted there.
    const STATE: usize = size_of::<Context>();
    const LIMIT: usize = 1 << 30;

    fn new(arena: &'a mut [u8]) -> Result<Self, String> {
        let context = Box::into_raw(Box::<Context>::new_uninit()).cast::<Context>();
        // SAFETY: the arena is this heap's alone for its lifetime, and initialisation writes the whole context.
        unsafe { buflib_c::buflib_init(context, arena.as_mut_ptr().cast(), arena.len()) };
        Ok(Self {
            context,
            arena: PhantomData,
        })
    }

    #[inline]
    fn alloc(&mut self, layout: Layout) -> Result<c_int, NoRoom> {
        // SAFETY: the context was initialised in `new`, and has its arena still.
        let handle = unsafe {
            if layout.align() <= 8 {
                buflib_c::buflib_alloc(self.context(), layout.size())
            } else {
                buflib_c::buflib_alloc_aligned(
                    self.context(),
                    layout.size(),
                    layout.align(),
                    std::ptr::null(),
                    std::ptr::null_mut(),
                )
            }
        };
        if handle < 0 {
            return Err(NoRoom);
        }
        Ok(handle)
    }

    #[inline]
    unsafe fn resize(
        &mut self,
        block: c_int,
        _old: Layout,
        new_size: usize,
    ) -> Result<c_int, NoRoom> {
        // SAFETY: as in `alloc`.
        if unsafe { buflib_c::buflib_resize(self.context(), block, new_size) } {
            return Ok(block);
        }
        Err(NoRoom)
    }

    #[inline]
    unsafe fn free(&mut self, block: c_int, _layout: Layout) -> Result<(), NoRoom> {
        // SAFETY: as in `alloc`. That it has worked, the checking run sees from the blocks.
        unsafe { buflib_c::buflib_free(self.context(), block) };
        Ok(())
    }

    #[inline]
    fn data(&mut self, block: c_int, _size: usize) -> Result<NonNull<u8>, NoRoom> {
        // SAFETY: as in `alloc`, and the lab hands in live blocks only.
        let data = unsafe { buflib_c::data(self.context(), block) };
        NonNull::new(data).ok_or(NoRoom)
    }

    fn counters(&self) -> Counters {
        let mut stats = Stats::default();
        // SAFETY: as in `alloc`.
        unsafe { buflib_c::buflib_get_stats(self.context(), &mut stats) };
        Counters {
            moves: stats.moves as u64,
            bytes_moved: stats.bytes_moved as u64,
            compactions: stats.compactions as u64,
            ..Counters::default()
        }
    }

    fn check(&self) -> Result<(), String> {
        let mut told: Option<String> = None;
        // SAFETY: as in `alloc`; the handler is set for this call only.
        unsafe {
            let context = self.context();
            buflib_c::buflib_set_error_handler(context, Some(tell), (&raw mut told).cast());
            buflib_c::buflib_check_valid(context);
            buflib_c::buflib_set_error_handler(context, None, std::ptr::null_mut());
        }
        told.map_or(Ok(()), Err)
    }
}
