//! Payloads seen as plain numbers.

use crate::check::Check;
use crate::error::Error;
use crate::handle::Handle;
use crate::heap::Heap;
use crate::layout::Layout;

/// Plain old data: values that are no more than their bytes.
///
/// A payload holds whatever bytes it holds, and every one of them is a value of such a type. So the
/// heap gives them out without a record of what was written: with a handle that is not the right
/// one, the numbers are wrong, and nothing else is. Implemented for integers, floats, and arrays of these.
///
/// # Safety
///
/// Every pattern of initialised bytes is a value of the type; it has no padding and no interior
/// mutability, and holds no references.
///
/// ```
/// #[derive(Clone, Copy)]
/// #[repr(C)]
/// struct Sample {
///     left: i16,
///     right: i16,
/// }
/// // SAFETY: two integers of one size: no padding, and all patterns are values.
/// unsafe impl buflib::Pod for Sample {}
///
/// # let mut memory = [0; 256];
/// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
/// let handle = heap.alloc(100 * size_of::<Sample>()).or_else(|_| heap.alloc(10 * size_of::<Sample>()))?;
/// for sample in heap.get_as_mut::<Sample>(handle)? {
///     *sample = Sample { left: 1, right: -1 };
/// }
/// assert_eq!(heap.get_as::<Sample>(handle)?[9].right, -1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub unsafe trait Pod: Copy + 'static {}

macro_rules! pod {
    ($($number:ty),*) => {$(
        // SAFETY: a number without padding, of which every pattern is a value.
        unsafe impl Pod for $number {}
    )*};
}
pod!(
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64
);

// SAFETY: values without padding, one behind the other, leave none between them.
unsafe impl<T: Pod, const N: usize> Pod for [T; N] {}

impl<L: Layout, C: Check> Heap<'_, L, C> {
    /// The values that a block holds. Constant time, as [`get`](Self::get).
    ///
    /// Blocks are aligned to the granule, 8 or 16 bytes; for types that need more, ask for it with
    /// [`Request::align`](crate::Request::align). A payload that starts as whatever its bytes were
    /// before starts as whatever values these are.
    ///
    /// # Errors
    ///
    /// [`Error::Misfit`] if the payload does not start at the type's alignment or is not a whole
    /// number of values (it never is one of values of no size), and as for [`get`](Self::get).
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let handle = heap.alloc(12)?;
    /// heap.get_as_mut::<u32>(handle)?.copy_from_slice(&[1, 2, 3]);
    /// assert_eq!(heap.get_as::<u32>(handle)?, [1, 2, 3]);
    /// assert!(heap.get_as::<u64>(handle).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_as<T: Pod>(&self, handle: Handle<L>) -> Result<&[T], Error> {
        let bytes = self.get(handle)?;
        // SAFETY: initialised bytes are values (`Pod`).
        let (front, values, rest) = unsafe { bytes.align_to() };
        fits::<T>(bytes.len(), front, rest).map(|()| values)
    }

    /// The values that a block holds, to write.
    ///
    /// # Errors
    ///
    /// As for [`get_as`](Self::get_as).
    pub fn get_as_mut<T: Pod>(&mut self, handle: Handle<L>) -> Result<&mut [T], Error> {
        let bytes = self.get_mut(handle)?;
        let len = bytes.len();
        // SAFETY: initialised bytes are values, and values without padding are initialised bytes (`Pod`).
        let (front, values, rest) = unsafe { bytes.align_to_mut() };
        fits::<T>(len, front, rest).map(|()| values)
    }
}

/// Whether nothing was left over in front of the values and behind them.
#[inline(always)]
fn fits<T>(len: usize, front: &[u8], rest: &[u8]) -> Result<(), Error> {
    if size_of::<T>() > 0 && front.is_empty() && rest.is_empty() {
        return Ok(());
    }
    Err(Error::Misfit {
        len,
        size: size_of::<T>(),
        align: align_of::<T>(),
    })
}
