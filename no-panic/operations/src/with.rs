//! A heap with an owner, whose code is not known, or that has none.

use core::fmt::{self, Debug};
use core::ops::Range;

use buflib::{
    Answer, Budget, Compaction, Error, Event, Handle, Heap, Move, Owner, Request, Step, Sync, Wish,
    With,
};

use crate::user::User;

roots! {
    ("Heap::with") (heap: &'h mut Heap<'a, L, C>, owner: &'h mut User) -> With<'h, 'a, L, C, User> { heap.with(owner) }
    ("With::paced") (with: With<'h, 'a, L, C, User>, budget: Budget) -> With<'h, 'a, L, C, User> { with.paced(budget) }
    ("With::heap") (with: &'h mut With<'_, 'a, L, C, User>) -> &'h mut Heap<'a, L, C> { with.heap() }
    ("With::owner") (with: &'h mut With<'_, 'a, L, C, User>) -> &'h mut User { with.owner() }
    ("With::alloc") (with: &mut With<'h, 'a, L, C, User>, size: usize) -> Result<Handle<L>, Error> { with.alloc(size) }
    ("With::alloc_with") (with: &mut With<'h, 'a, L, C, User>, request: Request<'_>) -> Result<Handle<L>, Error> { with.alloc_with(request) }
    ("With::alloc_maximum") (with: &mut With<'h, 'a, L, C, User>) -> Result<(Handle<L>, usize), Error> { with.alloc_maximum() }
    ("With::alloc_maximum_with") (with: &mut With<'h, 'a, L, C, User>, request: Request<'_>) -> Result<(Handle<L>, usize), Error> { with.alloc_maximum_with(request) }
    ("With::allocatable") (with: &mut With<'h, 'a, L, C, User>) -> Result<Option<usize>, Error> { with.allocatable() }
    ("With::allocatable_with") (with: &mut With<'h, 'a, L, C, User>, request: Request<'_>) -> Result<Option<usize>, Error> { with.allocatable_with(request) }
    ("With::free") (with: &mut With<'h, 'a, L, C, User>, handle: Handle<L>) -> Result<(), Error> { with.free(handle) }
    ("With::resize") (with: &mut With<'h, 'a, L, C, User>, handle: Handle<L>, size: usize) -> Result<(), Error> { with.resize(handle, size) }
    ("With::shrink") (with: &mut With<'h, 'a, L, C, User>, handle: Handle<L>, kept: Range<usize>) -> Result<(), Error> { with.shrink(handle, kept) }
    ("With::compact") (with: &mut With<'h, 'a, L, C, User>) -> Result<Compaction, Error> { with.compact() }
    ("With::compact_step") (with: &mut With<'h, 'a, L, C, User>, budget: Budget) -> Result<Step, Error> { with.compact_step(budget) }
    ("With::Debug::fmt") (with: &With<'h, 'a, L, C, User>, f: &mut fmt::Formatter<'_>) -> fmt::Result { Debug::fmt(with, f) }

    ("With::alloc") (with: &mut With<'h, 'a, L, C, ()>, size: usize) -> Result<Handle<L>, Error> { with.alloc(size) }
    ("With::alloc_with") (with: &mut With<'h, 'a, L, C, ()>, request: Request<'_>) -> Result<Handle<L>, Error> { with.alloc_with(request) }
    ("With::resize") (with: &mut With<'h, 'a, L, C, ()>, handle: Handle<L>, size: usize) -> Result<(), Error> { with.resize(handle, size) }
    ("With::compact") (with: &mut With<'h, 'a, L, C, ()>) -> Result<Compaction, Error> { with.compact() }
    ("Owner::before_move") (ask: &Move<(), L>) -> Answer { Owner::<L, C>::before_move(&mut (), ask) }
    ("Owner::before_move_in") (heap: &Heap<'a, L, C>, ask: &Move<(), L>) -> Answer { ().before_move_in(heap, ask) }
    ("Owner::synchronise") (handle: Handle<L>, sync: Sync) -> () { Owner::<L, C>::synchronise(&mut (), handle, (), sync) }
    ("Owner::synchronise_in") (heap: &Heap<'a, L, C>, handle: Handle<L>, sync: Sync) -> () { ().synchronise_in(heap, handle, (), sync) }
    ("Owner::shrink") (heap: &mut Heap<'a, L, C>, wish: &Wish<(), L>) -> Answer { ().shrink(heap, wish) }
    ("Owner::observe") (event: &Event<L>) -> () { Owner::<L, C>::observe(&mut (), event) }
}
