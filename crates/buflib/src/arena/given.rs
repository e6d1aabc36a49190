//! Memory that an arena has let go of.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// Memory that a heap has given out: bytes that belong to whoever has this value, until it is taken
/// back by the heap. It is used like a slice; see [`Heap::give_front`](crate::Heap::give_front).
///
/// Dropped, its bytes are out of use until the buffer's borrow ends. It is not a plain slice because
/// a slice does not say what it was cut from: a heap that joined memory to its own because the
/// addresses fit would reach from one allocation into another.
pub struct Given<'a> {
    /// Derived from the same borrow of a buffer as the arena's own bounds. The bytes are
    /// initialised, and reached through this value alone.
    start: NonNull<u8>,
    len: usize,
    memory: PhantomData<&'a mut [u8]>,
}

// SAFETY: an exclusive borrow of bytes, which may change threads.
unsafe impl Send for Given<'_> {}
// SAFETY: shared, it only reads.
unsafe impl Sync for Given<'_> {}

impl<'a> Given<'a> {
    /// # Safety
    ///
    /// The bytes are part of one buffer that is borrowed for `'a`, initialised, and nobody else
    /// reaches them any more.
    pub(super) unsafe fn new(start: NonNull<u8>, len: usize) -> Self {
        Self {
            start,
            len,
            memory: PhantomData,
        }
    }

    /// The address of the first byte.
    pub(crate) fn first(&self) -> usize {
        self.start.addr().get()
    }

    /// The address behind the last byte.
    pub(crate) fn past(&self) -> usize {
        self.first().wrapping_add(self.len)
    }

    /// The bytes as an address and a length, for code in other languages. They are taken back by
    /// [`from_raw_parts`](Self::from_raw_parts).
    #[must_use]
    pub fn into_raw_parts(self) -> (NonNull<u8>, usize) {
        (self.start, self.len)
    }

    /// What was given out, put together again.
    ///
    /// # Safety
    ///
    /// The bytes are those of values of this type that one heap gave out and that became raw parts: of one of
    /// them, of a part of one, or of neighbouring ones. The pointer was made of theirs, the heap's buffer is
    /// borrowed for `'a`, and nobody else uses the bytes any more.
    #[must_use]
    pub unsafe fn from_raw_parts(start: NonNull<u8>, len: usize) -> Self {
        // SAFETY: by the caller's promise.
        unsafe { Self::new(start, len) }
    }

    /// The bytes for as long as the heap's buffer is borrowed. They cannot be taken back then.
    ///
    /// ```
    /// let mut memory = [0; 1024];
    /// let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let screen: &mut [u8] = heap.give_front(256)?.into_slice();
    /// heap.alloc(100)?;
    /// screen.fill(1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn into_slice(self) -> &'a mut [u8] {
        // SAFETY: initialised and exclusively ours for `'a` (`new`), and `self` is gone.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

/// Nothing.
impl Default for Given<'_> {
    fn default() -> Self {
        // SAFETY: there are no bytes.
        unsafe { Self::new(NonNull::dangling(), 0) }
    }
}

impl Deref for Given<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: initialised (`new`), and only read while `self` is borrowed.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for Given<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: initialised and exclusively ours (`new`), and `self` is borrowed exclusively.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given")
            .field("start", &self.start)
            .field("len", &self.len)
            .finish()
    }
}
