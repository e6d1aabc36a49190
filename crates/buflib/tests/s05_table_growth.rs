//! S5: the table grows although the last block reaches up to it.

#[macro_use]
mod common;

use buflib::{Answer, Check, Error, Handle, Heap, Layout, Owner, Request, Wish};
use common::{Checked, Memory, arena_bytes, payload};

on_every_heap!(
    last_block_slides_down_to_make_room,
    last_block_is_shrunk_to_make_room,
    block_in_front_is_shrunk_and_the_last_one_moved_down,
    without_owner_the_table_does_not_grow_and_nothing_changes,
    pin_record_finds_room_in_the_same_way,
);

/// Blocks of so many granules each that fill an arena to the last byte, the given one shrinkable.
fn full<'a, L: Layout, C: Check>(
    memory: &'a mut Memory,
    shrinkable: Option<usize>,
) -> (Checked<'a, L, C>, Vec<Handle<L>>) {
    let mut heap = memory.checked::<L, C>();
    let handles = (0..3)
        .map(|i| match shrinkable {
            Some(which) if which == i => {
                heap.filled(Request::new(payload::<L>(10) - L::GRANULE_BYTES).shrinkable(()))
            }
            _ => heap.granules(10),
        })
        .collect();
    assert_eq!(heap.stats().free_bytes, 0);
    (heap, handles)
}

fn memory<L: Layout, C: Check>() -> Memory {
    Memory::exact::<L>(arena_bytes::<L, C>(3, 30).next_multiple_of(L::ENTRY_BYTES))
}

/// Gives half of whatever it is asked for.
struct Generous {
    from_front: bool,
}

impl<L: Layout, C: Check> Owner<L, C> for Generous {
    type Tag = ();

    fn shrink(&mut self, heap: &mut Heap<'_, L, C>, wish: &Wish<(), L>) -> Answer {
        let half = wish.len / 2;
        let kept = if self.from_front {
            half..wish.len
        } else {
            0..half
        };
        heap.shrink(wish.handle, kept)
            .map_or(Answer::Refuse, |()| Answer::Agree)
    }
}

fn last_block_slides_down_to_make_room<L: Layout, C: Check>() {
    let mut memory = memory::<L, C>();
    let (mut heap, handles) = full::<L, C>(&mut memory, None);
    heap.resize(handles[0], payload::<L>(7)).expect("smaller");
    let new = heap.alloc(0).expect("room in the middle");
    assert_eq!(new.number(), 4);
    heap.expect_filled(handles[1..].iter().copied());
    heap.expect_front(handles[0], payload::<L>(7));
}

fn last_block_is_shrunk_to_make_room<L: Layout, C: Check>() {
    let mut memory = memory::<L, C>();
    let (mut heap, handles) = full::<L, C>(&mut memory, Some(2));
    let mut owner = Generous { from_front: false };
    let new = heap
        .run(|heap| heap.with(&mut owner).alloc(0))
        .expect("room at the end");
    assert_eq!(new.number(), 4);
    heap.expect_filled(handles);
}

fn block_in_front_is_shrunk_and_the_last_one_moved_down<L: Layout, C: Check>() {
    let mut memory = memory::<L, C>();
    let (mut heap, handles) = full::<L, C>(&mut memory, Some(0));
    let address = heap.address(handles[2]);
    let mut owner = Generous { from_front: true };
    let new = heap
        .run(|heap| heap.with(&mut owner).alloc(0))
        .expect("room in the middle");
    assert_eq!(new.number(), 4);
    assert!(heap.address(handles[2]) < address);
    heap.expect_filled(handles[1..].iter().copied());
}

fn without_owner_the_table_does_not_grow_and_nothing_changes<L: Layout, C: Check>() {
    let mut memory = memory::<L, C>();
    let (mut heap, _) = full::<L, C>(&mut memory, Some(2));
    let before = heap.picture();
    assert!(matches!(heap.alloc(0), Err(Error::Exhausted { .. })));
    assert_eq!(heap.picture().blocks, before.blocks);
    assert_eq!(heap.picture().contents, before.contents);
}

fn pin_record_finds_room_in_the_same_way<L: Layout, C: Check>() {
    let mut memory = memory::<L, C>();
    let (mut heap, handles) = full::<L, C>(&mut memory, None);
    let refused = heap.run(|heap| heap.pin(handles[1]).map(drop));
    assert!(
        matches!(refused, Err(Error::Exhausted { .. })),
        "{refused:?}"
    );
    heap.resize(handles[0], payload::<L>(7)).expect("smaller");
    heap.run(|heap| heap.pin(handles[1]).map(drop))
        .expect("room in the middle");
    heap.expect_filled(handles[1..].iter().copied());
}
