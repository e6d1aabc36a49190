//! `dlmalloc` with the arena as all the system there is.

use std::alloc::Layout;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use dlmalloc::{Allocator, Dlmalloc};

use super::raw::nonzero;
use crate::heap::{Kind, NoRoom, TraceHeap};

pub(super) struct DlmallocKind;

impl Kind for DlmallocKind {
    type Heap<'a> = DlmallocHeap<'a>;
    const NAME: &'static str = "dlmalloc";
    const ABOUT: &'static str =
        "dlmalloc 0.2, a port of the C allocator; one segment, never released";
}

/// Gives out its memory once, whole.
struct Once {
    base: *mut u8,
    left: Cell<usize>,
}

// SAFETY: whoever has the `Once` has the exclusive borrow that its pointer was made from.
unsafe impl Send for Once {}

// SAFETY: `alloc` returns memory that is exclusively the allocator's, or null; nothing is ever taken
// back.
unsafe impl Allocator for Once {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        if size > self.left.get() {
            return (ptr::null_mut(), 0, 0);
        }
        (self.base, self.left.replace(0), 0)
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        ptr::null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        false
    }

    fn page_size(&self) -> usize {
        4096
    }
}

pub(super) struct DlmallocHeap<'a> {
    // Boxed because its bins point to themselves from the first allocation on.
    heap: Box<Dlmalloc<Once>>,
    arena: PhantomData<&'a mut [u8]>,
}

// SAFETY: a block is the address dlmalloc gave out, which is valid for the size asked for.
unsafe impl<'a> TraceHeap<'a> for DlmallocHeap<'a> {
    type Block = NonNull<u8>;
    type Error = NoRoom;

    const STATE: usize = size_of::<Dlmalloc<Once>>();

    fn new(arena: &'a mut [u8]) -> Result<Self, String> {
        // dlmalloc lays chunks out from a multiple of this.
        const UNIT: usize = 2 * size_of::<usize>();
        let skip = arena.as_ptr().align_offset(UNIT);
        let arena = arena.get_mut(skip..).unwrap_or_default();
        let mut heap = Box::new(Dlmalloc::new_with_allocator(Once {
            base: arena.as_mut_ptr(),
            left: Cell::new(arena.len() / UNIT * UNIT),
        }));
        // The least there is: requests to the system are rounded up to this, and must still fit.
        heap.set_granularity(4 * size_of::<usize>());
        heap.set_max_release_check_rate(0);
        Ok(Self {
            heap,
            arena: PhantomData,
        })
    }

    #[inline]
    fn alloc(&mut self, layout: Layout) -> Result<NonNull<u8>, NoRoom> {
        let layout = nonzero(layout);
        // SAFETY: a layout with a size, as `GlobalAlloc::alloc` wants it.
        NonNull::new(unsafe { self.heap.malloc(layout.size(), layout.align()) }).ok_or(NoRoom)
    }

    #[inline]
    unsafe fn resize(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<u8>, NoRoom> {
        let old = nonzero(old);
        // SAFETY: the caller vouches for block and layout, and the new size is not zero.
        NonNull::new(unsafe {
            self.heap
                .realloc(block.as_ptr(), old.size(), old.align(), new_size.max(1))
        })
        .ok_or(NoRoom)
    }

    #[inline]
    unsafe fn free(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), NoRoom> {
        let layout = nonzero(layout);
        // SAFETY: the caller vouches for block and layout.
        unsafe {
            self.heap
                .free(block.as_ptr(), layout.size(), layout.align())
        };
        Ok(())
    }

    #[inline]
    fn data(&mut self, block: NonNull<u8>, _size: usize) -> Result<NonNull<u8>, NoRoom> {
        Ok(block)
    }
}
