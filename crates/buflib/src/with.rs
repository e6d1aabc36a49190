//! A heap used with an owner.

use core::fmt;
use core::ops::Range;

use crate::check::Check;
use crate::compact::Compaction;
use crate::error::Error;
use crate::handle::Handle;
use crate::heap::Heap;
use crate::layout::Layout;
use crate::owner::{Asked, Event, Keeper, Owner};
use crate::request::Request;
use crate::step::{Budget, Step};

/// A heap together with the owner of its blocks, made by [`Heap::with`]: what it does asks the owner
/// and tells it.
pub struct With<'h, 'a, L: Layout, C: Check, O: Owner<L, C>> {
    heap: &'h mut Heap<'a, L, C>,
    owner: &'h mut O,
    pace: Option<Budget>,
}

impl<'a, L: Layout, C: Check> Heap<'a, L, C> {
    /// The heap with an [`Owner`], for one or more operations: owned blocks can be moved and shrunk in
    /// them. Costs nothing by itself.
    pub fn with<'h, O: Owner<L, C>>(&'h mut self, owner: &'h mut O) -> With<'h, 'a, L, C, O> {
        With {
            heap: self,
            owner,
            pace: None,
        }
    }
}

impl<'a, L: Layout, C: Check, O: Owner<L, C>> With<'_, 'a, L, C, O> {
    /// From now on a step of compaction precedes each allocation and growth for which less than half of the free
    /// space is in one piece at the end, so that it is gathered a little at a time. What still does not fit makes
    /// as many blocks move as it takes, as ever.
    ///
    /// ```
    /// # let mut memory = [0; 4096];
    /// # let mut heap: buflib::Heap = buflib::Heap::from_bytes(&mut memory)?;
    /// let pace = buflib::Budget { bytes: 1024, blocks: 16 };
    /// let handle = heap.with(&mut ()).paced(pace).alloc(100)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn paced(mut self, budget: Budget) -> Self {
        self.pace = Some(budget);
        self
    }

    /// The heap.
    #[must_use]
    pub fn heap(&mut self) -> &mut Heap<'a, L, C> {
        self.heap
    }

    /// The owner.
    #[must_use]
    pub fn owner(&mut self) -> &mut O {
        self.owner
    }

    /// [`Heap::alloc`], with the owner asked to move and to shrink blocks if it does not fit otherwise.
    ///
    /// # Errors
    ///
    /// As for [`Heap::alloc`].
    #[inline]
    pub fn alloc(&mut self, size: usize) -> Result<Handle<L>, Error> {
        self.keep_pace()?;
        let result = match self.heap.alloc_at_once(size) {
            Some(handle) => Ok(handle),
            None => {
                let allocated = self.heap.alloc_plain(size, &mut Asked(&mut *self.owner));
                allocated.map(|block| block.handle)
            }
        };
        self.told(result, |handle| Event::Allocated {
            handle,
            bytes: size,
        })
    }

    /// [`Heap::alloc_with`], likewise.
    ///
    /// # Errors
    ///
    /// As for [`Heap::alloc_with`].
    pub fn alloc_with(&mut self, request: Request<'_>) -> Result<Handle<L>, Error> {
        self.keep_pace()?;
        let result = self
            .heap
            .alloc_request(&request, &mut Asked(&mut *self.owner));
        let bytes = request.size;
        self.told(result, |handle| Event::Allocated { handle, bytes })
    }

    /// [`Heap::alloc_maximum_with`]: blocks are moved and shrunk until nothing more is gained.
    ///
    /// # Errors
    ///
    /// As for [`Heap::alloc_maximum_with`].
    pub fn alloc_maximum_with(
        &mut self,
        request: Request<'_>,
    ) -> Result<(Handle<L>, usize), Error> {
        let result = self
            .heap
            .alloc_maximum_request(&request, &mut Asked(&mut *self.owner));
        self.told(result, |(handle, bytes)| Event::Allocated { handle, bytes })
    }

    /// [`Heap::alloc_maximum`], likewise.
    ///
    /// # Errors
    ///
    /// As for [`Heap::alloc_maximum`].
    pub fn alloc_maximum(&mut self) -> Result<(Handle<L>, usize), Error> {
        self.alloc_maximum_with(Request::new(0))
    }

    /// [`Heap::allocatable_with`]: the owner may be asked to move blocks, but not to shrink any.
    ///
    /// # Errors
    ///
    /// As for [`Heap::allocatable_with`].
    pub fn allocatable_with(&mut self, request: Request<'_>) -> Result<Option<usize>, Error> {
        self.heap
            .allocatable_request(&request, &mut Asked(&mut *self.owner))
    }

    /// [`Heap::allocatable`], likewise.
    ///
    /// # Errors
    ///
    /// As for [`Heap::allocatable`].
    pub fn allocatable(&mut self) -> Result<Option<usize>, Error> {
        self.allocatable_with(Request::new(0))
    }

    /// [`Heap::free`].
    ///
    /// # Errors
    ///
    /// As for [`Heap::free`].
    pub fn free(&mut self, handle: Handle<L>) -> Result<(), Error> {
        let result = self.heap.free(handle);
        self.told(result, |()| Event::Freed { handle })
    }

    /// [`Heap::resize`], with the owner asked to move and to shrink blocks if it does not fit otherwise.
    ///
    /// # Errors
    ///
    /// As for [`Heap::resize`].
    #[inline]
    pub fn resize(&mut self, handle: Handle<L>, size: usize) -> Result<(), Error> {
        self.keep_pace()?;
        let result = match self.heap.resize_in_room(handle, size) {
            Some(_) => Ok(()),
            None => {
                let mut keeper = Asked(&mut *self.owner);
                self.heap.resize_to(handle, size, &mut keeper).map(drop)
            }
        };
        self.told(result, |()| Event::Resized {
            handle,
            bytes: size,
        })
    }

    /// [`Heap::shrink`].
    ///
    /// # Errors
    ///
    /// As for [`Heap::shrink`].
    pub fn shrink(&mut self, handle: Handle<L>, kept: Range<usize>) -> Result<(), Error> {
        let (start, bytes) = (kept.start, kept.len());
        let result = self.heap.shrink(handle, kept);
        self.told(result, |()| Event::Shrunk {
            handle,
            start,
            bytes,
        })
    }

    /// [`Heap::compact`], with the owner asked before its blocks are moved.
    ///
    /// # Errors
    ///
    /// As for [`Heap::compact`].
    pub fn compact(&mut self) -> Result<Compaction, Error> {
        self.heap.compact_with(&mut Asked(&mut *self.owner))
    }

    /// [`Heap::compact_step`], with the owner asked before its blocks are moved.
    ///
    /// # Errors
    ///
    /// As for [`Heap::compact_step`].
    pub fn compact_step(&mut self, budget: Budget) -> Result<Step, Error> {
        self.heap.step(budget, &mut Asked(&mut *self.owner))
    }

    #[inline]
    fn keep_pace(&mut self) -> Result<(), Error> {
        match self.pace {
            Some(budget) if !self.heap.is_gathered() => self.compact_step(budget).map(drop),
            _ => Ok(()),
        }
    }

    /// Tells the owner what came of a request.
    #[inline]
    fn told<R: Copy>(
        &mut self,
        result: Result<R, Error>,
        event: impl FnOnce(R) -> Event<L>,
    ) -> Result<R, Error> {
        let event = match result {
            Ok(done) => event(done),
            Err(error) => Event::Failed { error },
        };
        Keeper::<L, C>::observe(&mut Asked(&mut *self.owner), &event);
        result
    }
}

impl<L: Layout, C: Check, O: Owner<L, C>> fmt::Debug for With<'_, '_, L, C, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("With")
            .field("heap", &self.heap)
            .finish_non_exhaustive()
    }
}
