//! A heap as a whole: its memory, its images, its moves.

use core::fmt::{self, Debug};
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use buflib::{AttachError, Corruption, Given, Heap, Outline, Refused, RegionError, Suspended};

roots! {
    ("Heap::give_front") (heap: &mut Heap<'a, L, C>, bytes: usize) -> Result<Given<'a>, RegionError> { heap.give_front(bytes) }
    ("Heap::give_free_front") (heap: &mut Heap<'a, L, C>, bytes: usize) -> Result<Given<'a>, RegionError> { heap.give_free_front(bytes) }
    ("Heap::take_front") (heap: &mut Heap<'a, L, C>, given: Given<'a>) -> Result<(), Refused<Given<'a>>> { heap.take_front(given) }
    ("Heap::give_end") (heap: &mut Heap<'a, L, C>, bytes: usize) -> Result<Given<'a>, RegionError> { heap.give_end(bytes) }
    ("Heap::take_end") (heap: &mut Heap<'a, L, C>, given: Given<'a>) -> Result<(), Refused<Given<'a>>> { heap.take_end(given) }
    ("Heap::copy_to") (heap: &Heap<'h, L, C>, memory: &'a mut [MaybeUninit<u8>]) -> Result<Heap<'a, L, C>, RegionError> { heap.copy_to(memory) }
    ("Heap::copy_to_bytes") (heap: &Heap<'h, L, C>, memory: &'a mut [u8]) -> Result<Heap<'a, L, C>, RegionError> { heap.copy_to_bytes(memory) }
    ("Heap::suspend") (heap: Heap<'a, L, C>) -> Suspended<L, C> { heap.suspend() }
    ("Suspended::resume") (suspended: Suspended<L, C>, memory: &'a mut [u8]) -> Result<Heap<'a, L, C>, Refused<Suspended<L, C>>> { suspended.resume(memory) }
    ("Suspended::Debug::fmt") (suspended: &Suspended<L, C>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(suspended, f) }
    // SAFETY: nobody calls it.
    ("Heap::relocate") (heap: &mut Heap<'a, L, C>, to: NonNull<u8>) -> Result<(), RegionError> { unsafe { heap.relocate(to) } }
    ("Heap::outline") (heap: &Heap<'a, L, C>) -> Option<Outline> { heap.outline() }
    ("Heap::of_outline") (memory: &'a mut [u8], outline: &Outline) -> Result<Heap<'a, L, C>, Corruption> { Heap::of_outline(memory, outline) }
    ("Heap::image_bytes") (heap: &Heap<'a, L, C>) -> usize { heap.image_bytes() }
    ("Heap::save_into") (heap: &Heap<'a, L, C>, to: &mut [u8]) -> Result<usize, RegionError> { heap.save_into(to) }
    ("Heap::into_image") (heap: Heap<'a, L, C>) -> Result<&'a mut [u8], Refused<Heap<'a, L, C>>> { heap.into_image() }
    ("Heap::attach") (bytes: &'a mut [u8]) -> Result<Heap<'a, L, C>, AttachError> { Heap::attach(bytes) }
}
