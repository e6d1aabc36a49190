//! Handles: what the user holds instead of a pointer.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use crate::layout::{Layout, Standard, Token};
use crate::units::Index;

/// The name of a block: a number and a generation, in four bytes (eight for the wide layout).
///
/// A handle is `Copy`, borrows nothing, and outlives the moves of its block. `Option<Handle>` has
/// the same size.
///
/// # How surely a stale handle is found
///
/// When a block is freed, its table entry passes to the next generation, and handles of earlier
/// ones are refused as [`BadHandle`](crate::Error::BadHandle). Generations wrap around: an old
/// handle is taken for a new one if exactly a multiple of [`Layout::GENERATIONS`] blocks have been
/// freed under its number since (128 for [`Standard`] and
/// [`Narrow`](crate::Narrow), 4,194,304 for [`Wide`](crate::Wide)). Entries that the table gave
/// back start again from the furthest generation that any of them had come to, so that a shrunken
/// table does not make old handles valid at once, unless two of its entries were further apart than
/// generations go round; so do entries that counted the pins of a block. A handle of another heap is found only if number or generation
/// differ. None of this is a matter of soundness: a wrong handle that is not found out reads or
/// writes the bytes of another live block of the heap it is used with, never anything else.
///
/// ```
/// let mut memory = [0; 256];
/// let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
/// let handle = heap.alloc(10)?;
/// assert_eq!(handle.to_string(), "#1.0");
/// assert_eq!(size_of_val(&Some(handle)), 4);
/// heap.free(handle)?;
/// assert!(heap.free(handle).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Handle<L: Layout = Standard> {
    token: L::Token,
}

impl<L: Layout> Handle<L> {
    #[inline(always)]
    pub(crate) fn from_token(token: L::Token) -> Self {
        Self { token }
    }

    #[inline(always)]
    pub(crate) fn token(self) -> L::Token {
        self.token
    }

    #[inline(always)]
    pub(crate) fn index(self) -> Index {
        L::token_index(self.token)
    }

    /// The handle as a number, for code in other languages and for storage: up to 29 bits, of the wide
    /// layout 62. The generation is above the [`number`](Self::number), so a fresh heap gives 1, 2, 3.
    ///
    /// ```
    /// # let mut memory = [0; 256];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// use buflib::Handle;
    /// let first = heap.alloc(10)?;
    /// assert_eq!(first.to_bits(), 1);
    /// assert_eq!(Handle::from_bits(1), Some(first));
    /// heap.free(first)?;
    /// assert!(Handle::from_bits(1).is_some_and(|stale| heap.get(stale).is_err()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[inline(always)]
    pub fn to_bits(self) -> u64 {
        self.token.bits()
    }

    /// The handle with these [bits](Self::to_bits); none if no handle of this layout has them. Any bits are
    /// harmless: a handle is checked wherever it is used, and one that was never given out is as good as a stale
    /// one.
    #[must_use]
    #[inline(always)]
    pub fn from_bits(bits: u64) -> Option<Self> {
        let token = L::Token::of_bits(bits)?;
        let (index, generation) = (L::token_index(token), L::token_generation(token));
        let fits = index != Index::NONE && L::token(index, generation) == Some(token);
        fits.then_some(Self { token })
    }

    /// The number: 1 for the first block of a fresh heap, then 2, 3 and on. Numbers are used again.
    #[must_use]
    pub fn number(self) -> usize {
        self.index().0
    }

    /// How often the number had been freed when this handle was given out, modulo
    /// [`Layout::GENERATIONS`].
    #[must_use]
    pub fn generation(self) -> u32 {
        L::token_generation(self.token)
    }
}

impl<L: Layout> Clone for Handle<L> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: Layout> Copy for Handle<L> {}

impl<L: Layout> PartialEq for Handle<L> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.token == other.token
    }
}

impl<L: Layout> Eq for Handle<L> {}

impl<L: Layout> PartialOrd for Handle<L> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<L: Layout> Ord for Handle<L> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.number(), self.generation()).cmp(&(other.number(), other.generation()))
    }
}

impl<L: Layout> Hash for Handle<L> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.token.hash(state);
    }
}

impl<L: Layout> fmt::Display for Handle<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.number(), self.generation())
    }
}

impl<L: Layout> fmt::Debug for Handle<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({self})")
    }
}
