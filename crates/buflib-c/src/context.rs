//! A context: where its heap is, and who may use it when.
//!
//! A heap is used by one call at a time. Whoever uses it takes its address out of the context and puts it back:
//! so a callback that uses the context finds none. Where it may use the heap, while it shrinks a block, the
//! running call puts the address there that it has lent; where it may only look, the address is in another place.

use core::ffi::c_void;
use core::mem;
use core::ptr::{self, NonNull};

use buflib::{Heap, Layout, Ordered, Outline, Small};

use crate::callbacks::Client;
use crate::error::{Failure, Handler};

/// What a `struct buflib_context` is in here.
///
/// No reference to one is ever made: callbacks change it meanwhile.
#[repr(C)]
#[derive(Debug)]
pub struct Context {
    /// The first two are read by the header's inline functions.
    pub(crate) table_end: *mut u8,
    pub(crate) origin: *mut u8,
    /// The heap that the next call uses: of the type that `kind` says. Null while it is used, and where
    /// it is made anew for each call.
    heap: *mut c_void,
    /// A heap in use that may be looked at.
    shown: *const c_void,
    /// Where the memory of the heap starts, given out or not, and how much it is.
    pub(crate) pool: *mut u8,
    pub(crate) bytes: usize,
    /// Bytes given out at the front.
    pub(crate) taken: usize,
    pub(crate) handler: Option<Handler>,
    pub(crate) argument: *mut c_void,
    /// A block that is being made larger, as the bits of its handle, and the payload that it has until that is done:
    /// its note is at the end of that.
    pub(crate) growing: u32,
    pub(crate) kept: usize,
    outline: Outline,
    kind: u8,
    /// Bytes of what the caller gave that lie in front of the pool.
    pub(crate) skipped: u8,
    /// Whether a heap that was made for one call is in use.
    busy: bool,
    /// Whether the error handler is running.
    pub(crate) telling: bool,
}

/// No heap at all, of which a context of zeros says so as well.
const NONE: u8 = 0;
/// A [`Heap<Ordered>`] in the pool.
const ORDERED: u8 = 1;
/// A [`Heap<Small>`] in the pool.
const SMALL: u8 = 2;
/// A [`Heap<Small>`] that is made for each call.
const OUTLINED: u8 = 3;

// The header's structure has 16 pointers.
const _: () = assert!(size_of::<Context>() <= 16 * size_of::<*mut u8>());
const _: () = assert!(align_of::<Context>() <= align_of::<*mut u8>());

impl Context {
    /// Where the header finds what its inline functions read.
    pub const TABLE_END_AT: usize = mem::offset_of!(Context, table_end);
    /// Likewise.
    pub const ORIGIN_AT: usize = mem::offset_of!(Context, origin);

    pub(crate) const NONE: Self = Self {
        table_end: ptr::null_mut(),
        origin: ptr::null_mut(),
        heap: ptr::null_mut(),
        shown: ptr::null(),
        pool: ptr::null_mut(),
        bytes: 0,
        taken: 0,
        handler: None,
        argument: ptr::null_mut(),
        growing: 0,
        kept: 0,
        outline: Outline::NONE,
        kind: NONE,
        skipped: 0,
        busy: false,
        telling: false,
    };
}

/// The layouts of heaps that a context has.
pub(crate) trait Kind: Layout {
    const KIND: u8;
}

impl Kind for Ordered {
    const KIND: u8 = ORDERED;
}

impl Kind for Small {
    const KIND: u8 = SMALL;
}

/// Gives a context its heap, whose place is in the pool behind its memory.
///
/// # Safety
///
/// The context is valid, and `place` is valid for a heap for as long as the context is used, alone.
pub(crate) unsafe fn install<L: Kind>(
    ctx: *mut Context,
    place: NonNull<Heap<'static, L>>,
    heap: Heap<'static, L>,
) {
    let anchors = heap.anchors();
    // SAFETY: by the caller's promise.
    unsafe {
        place.write(heap);
        (*ctx).table_end = anchors.table_end.as_ptr();
        (*ctx).origin = anchors.origin;
        (*ctx).heap = place.as_ptr().cast();
        (*ctx).kind = L::KIND;
    }
}

/// The same for one that is made anew for each call.
///
/// # Safety
///
/// The context is valid, and its `pool` and `bytes` are the heap's memory.
pub(crate) unsafe fn install_outline(ctx: *mut Context, heap: &Heap<'static, Small>) {
    let anchors = heap.anchors();
    let Some(outline) = heap.outline() else {
        return;
    };
    // SAFETY: by the caller's promise.
    unsafe {
        (*ctx).table_end = anchors.table_end.as_ptr();
        (*ctx).origin = anchors.origin;
        (*ctx).outline = outline;
        (*ctx).kind = OUTLINED;
    }
}

/// A heap in use by one call.
pub(crate) struct Hold<L: Layout> {
    ctx: *mut Context,
    heap: NonNull<Heap<'static, L>>,
}

impl<L: Layout> Hold<L> {
    pub(crate) fn ctx(&self) -> *mut Context {
        self.ctx
    }

    #[inline(always)]
    pub(crate) fn heap(&mut self) -> &mut Heap<'static, L> {
        // SAFETY: this is the only one who has the heap until it is dropped (`enter`), and lends it by
        // this borrow alone.
        unsafe { self.heap.as_mut() }
    }

    /// Whether this heap is made anew for each call, so that it has forgotten what is not in its memory.
    pub(crate) fn is_made_anew(&self) -> bool {
        // SAFETY: the context is valid for the call that runs.
        unsafe { (*self.ctx).kind == OUTLINED }
    }

    /// Says that the pool, and with it the heap's own place if that is there, will be somewhere else from now on.
    ///
    /// # Safety
    ///
    /// The pool's bytes are copied there before the context is used again.
    pub(crate) unsafe fn move_to(&mut self, pool: NonNull<u8>) {
        // SAFETY: the context is valid, and a heap in the pool is behind its memory.
        unsafe {
            (*self.ctx).pool = pool.as_ptr();
            if (*self.ctx).kind != OUTLINED {
                self.heap = pool.add((*self.ctx).bytes).cast();
            }
        }
    }

    /// The heap and the owner of its blocks.
    #[inline(always)]
    pub(crate) fn with_client(&mut self) -> (&mut Heap<'static, L>, Client) {
        let client = Client::new(self.ctx);
        (self.heap(), client)
    }
}

impl<L: Layout> Drop for Hold<L> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the context was valid when the call began, and no reference to it exists.
        unsafe { (*self.ctx).heap = self.heap.as_ptr().cast() };
    }
}

/// What a call finds in its context.
pub(crate) enum Entered {
    Ordered(Hold<Ordered>),
    Small(Hold<Small>),
    Outlined,
    Nothing(Failure),
}

/// Takes a context's heap for one call.
///
/// # Safety
///
/// The context is valid.
#[inline(always)]
pub(crate) unsafe fn enter(ctx: *mut Context) -> Entered {
    // SAFETY: valid by the caller's promise. The heap is where its address says, of the type that the kind
    // says (`install`, `Lent`), and from here on nobody else finds it.
    unsafe {
        let Some(heap) = NonNull::new((*ctx).heap) else {
            return unusual(ctx);
        };
        (*ctx).heap = ptr::null_mut();
        if cfg!(feature = "large") && (*ctx).kind == ORDERED {
            let heap = heap.cast();
            return Entered::Ordered(Hold { ctx, heap });
        }
        let heap = heap.cast();
        Entered::Small(Hold { ctx, heap })
    }
}

/// # Safety
///
/// The context is valid.
#[cold]
unsafe fn unusual(ctx: *mut Context) -> Entered {
    // SAFETY: by the caller's promise.
    let (kind, busy) = unsafe { ((*ctx).kind, (*ctx).busy) };
    match kind {
        OUTLINED if !busy => Entered::Outlined,
        NONE => Entered::Nothing(Failure::NO_POOL),
        _ => Entered::Nothing(Failure::BUSY),
    }
}

/// Makes the heap of a context again for one call.
///
/// # Safety
///
/// The context is valid, and [`enter`] has said that its heap is to be made.
#[cold]
#[inline(never)]
pub(crate) unsafe fn with_outlined<R>(
    ctx: *mut Context,
    call: impl FnOnce(&mut Hold<Small>) -> Result<R, Failure>,
) -> Result<R, Failure> {
    // SAFETY: the pool is the context's own, and no heap uses it now. C code has written what it has, and whatever
    // else is there is bytes for this side.
    let memory = unsafe { core::slice::from_raw_parts_mut((*ctx).pool, (*ctx).bytes) };
    // SAFETY: valid by the caller's promise.
    let outline = unsafe { (*ctx).outline };
    let mut heap = Heap::<Small>::of_outline(memory, &outline)?;
    // SAFETY: as above.
    unsafe { (*ctx).busy = true };
    let mut hold = Hold {
        ctx,
        heap: NonNull::from(&mut heap),
    };
    let result = call(&mut hold);
    mem::forget(hold);
    // SAFETY: as above. The heap is of this call alone.
    unsafe {
        (*ctx).busy = false;
        (*ctx).heap = ptr::null_mut();
        install_outline(ctx, &heap);
    }
    result
}

/// What a call that only looks finds in its context.
pub(crate) enum Seen<'c> {
    Ordered(&'c Heap<'static, Ordered>),
    Small(&'c Heap<'static, Small>),
    Outlined,
    Nothing(Failure),
}

/// Looks at a context's heap, which another call may be using.
///
/// # Safety
///
/// The context is valid, and its heap not changed while the result lives.
pub(crate) unsafe fn look<'c>(ctx: *mut Context) -> Seen<'c> {
    // SAFETY: valid by the caller's promise. The heap is where either address says (`install`, `Shown`, `Lent`), and
    // nobody changes it while it is in one of the two places.
    unsafe {
        let mut heap = (*ctx).heap.cast_const();
        if heap.is_null() {
            heap = (*ctx).shown;
        }
        if heap.is_null() {
            return match unusual(ctx) {
                Entered::Nothing(failure) => Seen::Nothing(failure),
                _ => Seen::Outlined,
            };
        }
        if cfg!(feature = "large") && (*ctx).kind == ORDERED {
            return Seen::Ordered(&*heap.cast());
        }
        Seen::Small(&*heap.cast())
    }
}

/// A heap that its user lends to a callback, to be used by it.
pub(crate) struct Lent {
    ctx: *mut Context,
}

impl Lent {
    /// # Safety
    ///
    /// The context is valid, its heap is this one, and it is not used otherwise while the result lives.
    pub(crate) unsafe fn new<L: Layout>(ctx: *mut Context, heap: &mut Heap<'_, L>) -> Self {
        // SAFETY: valid by the caller's promise.
        unsafe { (*ctx).heap = ptr::from_mut(heap).cast() };
        Self { ctx }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // SAFETY: as in `new`.
        unsafe { (*self.ctx).heap = ptr::null_mut() };
    }
}

/// A heap that a callback may look at.
pub(crate) struct Shown {
    ctx: *mut Context,
    before: *const c_void,
}

impl Shown {
    /// # Safety
    ///
    /// The context is valid, its heap is this one, and it is not changed while the result lives.
    pub(crate) unsafe fn new<L: Layout>(ctx: *mut Context, heap: &Heap<'_, L>) -> Self {
        // SAFETY: valid by the caller's promise.
        let before = unsafe { mem::replace(&mut (*ctx).shown, ptr::from_ref(heap).cast()) };
        Self { ctx, before }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        // SAFETY: as in `new`.
        unsafe { (*self.ctx).shown = self.before };
    }
}

/// Does something with the heap of a context, in a function that is generic over it.
macro_rules! on_heap {
    ($ctx:expr, |$hold:ident| $call:expr) => {
        match $crate::context::enter($ctx) {
            $crate::context::Entered::Ordered(mut hold) => {
                let $hold = &mut hold;
                $call
            }
            $crate::context::Entered::Small(mut hold) => {
                let $hold = &mut hold;
                $call
            }
            $crate::context::Entered::Outlined => {
                $crate::context::with_outlined($ctx, |$hold| $call)
            }
            $crate::context::Entered::Nothing(failure) => Err(failure),
        }
    };
}
pub(crate) use on_heap;

/// Looks at the heap of a context, likewise.
macro_rules! at_heap {
    ($ctx:expr, |$heap:ident| $call:expr) => {
        match $crate::context::look($ctx) {
            $crate::context::Seen::Ordered($heap) => $call,
            $crate::context::Seen::Small($heap) => $call,
            $crate::context::Seen::Outlined => $crate::context::with_outlined($ctx, |hold| {
                let $heap = &*hold.heap();
                $call
            }),
            $crate::context::Seen::Nothing(failure) => Err(failure),
        }
    };
}
pub(crate) use at_heap;
