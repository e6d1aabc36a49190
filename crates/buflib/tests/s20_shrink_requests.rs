//! S20: an owner that is asked to shrink is told how much is wanted, from which side, and where its
//! payload is; it may do anything with the heap, and the request ends whatever it does.

#[macro_use]
mod common;

use buflib::{Answer, Check, Error, Handle, Heap, Layout, Request, Side, Wish};
use common::{Checked, Memory, Recorder, arena_bytes, owned_payload, payload};

on_every_heap!(
    wish_says_the_block_its_payload_and_what_is_missing,
    what_is_asked_of_a_movable_block_is_just_enough,
    what_is_asked_covers_the_table_entry_of_the_new_block,
    what_is_asked_for_a_growth_is_just_enough,
    free_space_in_front_of_an_immovable_block_lowers_what_is_asked,
    free_space_behind_an_immovable_block_lowers_what_is_asked,
    free_space_on_both_sides_leaves_the_side_to_the_owner,
    free_space_that_is_scattered_lowers_what_is_asked,
    owner_may_shrink_front_back_or_both,
    owner_may_free_the_block_or_another,
    owner_may_allocate_from_within,
    owner_may_resize_its_block_from_within,
    owner_may_free_the_block_that_was_to_grow,
    refusals_are_counted,
    fewer_bytes_than_asked_help_if_others_give_too,
    owner_that_frees_and_allocates_again_forever_comes_to_an_end,
    owner_that_agrees_and_does_nothing_comes_to_an_end,
    owner_that_gives_a_granule_at_a_time_is_asked_until_it_is_enough,
    blocks_made_from_within_are_asked_as_well,
);

fn shrinkable<L: Layout>(granules: usize, tag: u32) -> Request<'static> {
    Request::new(owned_payload::<L>(granules)).shrinkable(tag)
}

fn wish_says_the_block_its_payload_and_what_is_missing<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 40));
    let mut heap = memory.checked::<L, C>();
    heap.granules(10);
    let (first, second) = (
        heap.filled(shrinkable::<L>(10, 1)),
        heap.filled(shrinkable::<L>(10, 0xffff_fffe)),
    );
    let last = heap.granules(10);
    heap.free(last).expect("live block");
    let mut owner = Recorder::default();
    assert!(heap.with(&mut owner, |with| with.alloc(payload::<L>(25)).is_err()));
    let wishes = owner.wishes();
    assert_eq!(wishes.len(), 2);
    for (wish, (handle, tag)) in wishes.iter().zip([(first, 1), (second, 0xffff_fffe)]) {
        assert_eq!((wish.handle, wish.tag), (handle, tag));
        assert_eq!(wish.start, heap.address(handle));
        assert_eq!(wish.len, owned_payload::<L>(10));
        assert_eq!(wish.side, Side::Either);
    }
    // The tail has the room of the last block, and of its table entry.
    let missing = 15 * L::GRANULE_BYTES;
    assert_eq!([wishes[0].bytes, wishes[1].bytes], [missing; 2]);
}

fn what_is_asked_of_a_movable_block_is_just_enough<L: Layout, C: Check>() {
    for granules in 1..20 {
        let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 45));
        let mut heap = memory.checked::<L, C>();
        let front = heap.granules(5);
        let buffer = heap.filled(shrinkable::<L>(25, 1));
        let behind = heap.granules(10);
        let vacant = heap.granules(5);
        heap.free(vacant).expect("live block");
        heap.free(front).expect("live block");
        let free = heap.available() / L::GRANULE_BYTES;
        let mut owner = Recorder::exact();
        let new = heap
            .with(&mut owner, |with| with.alloc(payload::<L>(free + granules)))
            .expect("room");
        let asked: Vec<_> = owner.wishes().iter().map(|wish| wish.bytes).collect();
        assert_eq!(asked, [granules * L::GRANULE_BYTES]);
        heap.fill(new);
        heap.expect_filled([buffer, behind, new]);
        assert_eq!(heap.available(), 0);
    }
}

/// No number is vacant, and the last block reaches up to the table.
fn what_is_asked_covers_the_table_entry_of_the_new_block<L: Layout, C: Check>() {
    for granules in 1..20 {
        let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(2, 35));
        let mut heap = memory.checked::<L, C>();
        let buffer = heap.filled(shrinkable::<L>(30, 1));
        let behind = heap.granules(5);
        let mut owner = Recorder::exact();
        let new = heap
            .with(&mut owner, |with| with.alloc(payload::<L>(granules)))
            .expect("room");
        assert_eq!(owner.wishes().len(), 1, "{:?}", owner.wishes());
        heap.fill(new);
        heap.expect_filled([buffer, behind, new]);
    }
}

fn what_is_asked_for_a_growth_is_just_enough<L: Layout, C: Check>() {
    for granules in 1..20 {
        let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 50));
        let mut heap = memory.checked::<L, C>();
        let growing = heap.granules(10);
        let gap = heap.granules(3);
        let buffer = heap.filled(shrinkable::<L>(30, 1));
        let last = heap.granules(7);
        heap.free(gap).expect("live block");
        let mut owner = Recorder::exact();
        let size = payload::<L>(10 + 3 + granules);
        heap.with(&mut owner, |with| with.resize(growing, size))
            .expect("room");
        let asked: Vec<_> = owner.wishes().iter().map(|wish| wish.bytes).collect();
        assert_eq!(asked, [granules * L::GRANULE_BYTES]);
        heap.expect_front(growing, payload::<L>(10));
        heap.expect_filled([buffer, last]);
        assert_eq!(heap.available(), 0);
    }
}

/// Takes what is asked for off the front.
fn from_the_front<L: Layout, C: Check>(heap: &mut Heap<'_, L, C>, wish: &Wish<u32, L>) -> Answer {
    heap.shrink(wish.handle, wish.bytes.min(wish.len)..wish.len)
        .map_or(Answer::Refuse, |()| Answer::Agree)
}

/// An immovable buffer of 20 granules with so many free in front of it and behind it, between other
/// immovable blocks.
fn between<L: Layout, C: Check>(
    memory: &mut Memory,
    front: usize,
    behind: usize,
) -> (Checked<'_, L, C>, Handle<L>) {
    let mut heap = memory.checked::<L, C>();
    let still = Request::new(payload::<L>(2)).immovable();
    let front = heap.granules(front);
    let buffer = heap.filled(shrinkable::<L>(20, 1).immovable());
    let behind = heap.granules(behind);
    heap.filled(still);
    heap.free(front).expect("live block");
    heap.free(behind).expect("live block");
    (heap, buffer)
}

fn free_space_in_front_of_an_immovable_block_lowers_what_is_asked<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 37));
    let (mut heap, buffer) = between::<L, C>(&mut memory, 10, 5);
    let address = heap.address(buffer);
    let mut owner = Recorder::new(from_the_front);
    let new = heap.with(&mut owner, |with| with.alloc(payload::<L>(15)));
    let wishes = owner.wishes();
    assert_eq!(wishes.len(), 1);
    assert_eq!(
        (wishes[0].side, wishes[0].bytes),
        (Side::Front, 5 * L::GRANULE_BYTES)
    );
    assert_eq!(heap.address(buffer), address + 5 * L::GRANULE_BYTES);
    assert!(heap.address(new.expect("room")) < address);
}

fn free_space_behind_an_immovable_block_lowers_what_is_asked<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 37));
    let (mut heap, buffer) = between::<L, C>(&mut memory, 5, 10);
    let address = heap.address(buffer);
    let mut owner = Recorder::exact();
    let new = heap.with(&mut owner, |with| with.alloc(payload::<L>(15)));
    let wishes = owner.wishes();
    assert_eq!(wishes.len(), 1);
    assert_eq!(
        (wishes[0].side, wishes[0].bytes),
        (Side::Back, 5 * L::GRANULE_BYTES)
    );
    assert!(heap.address(new.expect("room")) > address);
    assert_eq!(heap.address(buffer), address);
    heap.expect_filled([buffer]);
}

fn free_space_on_both_sides_leaves_the_side_to_the_owner<L: Layout, C: Check>() {
    for at_front in [false, true] {
        let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 38));
        let (mut heap, _) = between::<L, C>(&mut memory, 8, 8);
        let mut owner = if at_front {
            Recorder::new(from_the_front)
        } else {
            Recorder::exact()
        };
        let new = heap.with(&mut owner, |with| with.alloc(payload::<L>(15)));
        assert!(new.is_ok(), "{new:?}");
        let wishes = owner.wishes();
        assert_eq!(wishes.len(), 1);
        assert_eq!(
            (wishes[0].side, wishes[0].bytes),
            (Side::Either, 7 * L::GRANULE_BYTES)
        );
    }
}

/// Even if the request is for more than is free, so that moving alone cannot serve it.
fn free_space_that_is_scattered_lowers_what_is_asked<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(7, 70));
    let mut heap = memory.checked::<L, C>();
    let handles = [10; 6].map(|granules| heap.granules(granules));
    let buffer = heap.filled(shrinkable::<L>(10, 1));
    for which in [0, 2, 4] {
        heap.free(handles[which]).expect("live block");
    }
    let mut owner = Recorder::exact();
    let new = heap
        .with(&mut owner, |with| with.alloc(payload::<L>(32)))
        .expect("room");
    let asked: Vec<_> = owner.wishes().iter().map(|wish| wish.bytes).collect();
    assert_eq!(asked, [2 * L::GRANULE_BYTES]);
    heap.fill(new);
    heap.expect_filled([handles[1], handles[3], handles[5], buffer, new]);
}

fn owner_may_shrink_front_back_or_both<L: Layout, C: Check>() {
    for part in 0..3 {
        let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 41));
        let mut heap = memory.checked::<L, C>();
        let first = heap.granules(5);
        let buffer = heap.filled(shrinkable::<L>(30, 1).name("stream"));
        let last = heap.granules(5);
        let contents = heap.get(buffer).expect("live block").to_vec();
        let mut kept = 0..0;
        let mut owner = Recorder::new(|heap, wish| {
            let granules = wish.bytes / L::GRANULE_BYTES;
            let front = granules * part / 2 * L::GRANULE_BYTES;
            kept = front..wish.len - (wish.bytes - front);
            heap.shrink(wish.handle, kept.clone())
                .expect("a range within");
            Answer::Agree
        });
        let new = heap
            .with(&mut owner, |with| with.alloc(payload::<L>(12)))
            .expect("room");
        drop(owner);
        heap.fill(new);
        assert_eq!(heap.get(buffer), Ok(&contents[kept]));
        assert_eq!(heap.name(buffer), Ok(Some("stream")));
        heap.expect_filled([first, last, new]);
    }
}

fn owner_may_free_the_block_or_another<L: Layout, C: Check>() {
    for other in [false, true] {
        let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
        let mut heap = memory.checked::<L, C>();
        let plain = heap.granules(10);
        let buffer = heap.filled(shrinkable::<L>(10, 1));
        let last = heap.granules(10);
        let freed = if other { plain } else { buffer };
        let mut owner =
            Recorder::new(|heap, _| heap.free(freed).map_or(Answer::Refuse, |()| Answer::Agree));
        let new = heap
            .with(&mut owner, |with| with.alloc(payload::<L>(10)))
            .expect("room");
        assert_eq!(owner.wishes().len(), 1);
        assert!(!heap.contains(freed));
        heap.fill(new);
        heap.expect_filled([if other { buffer } else { plain }, last, new]);
    }
}

fn owner_may_allocate_from_within<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 42));
    let mut heap = memory.checked::<L, C>();
    let buffer = heap.filled(shrinkable::<L>(30, 1));
    let last = heap.granules(10);
    let mut note = None;
    let mut owner = Recorder::new(|heap, wish| {
        let cut = wish.len - 20 * L::GRANULE_BYTES;
        heap.shrink(wish.handle, 0..cut).expect("a range within");
        note = heap.alloc(payload::<L>(2)).ok();
        Answer::Agree
    });
    let new = heap
        .with(&mut owner, |with| with.alloc(payload::<L>(17)))
        .expect("room");
    drop(owner);
    let note = note.expect("room from within");
    for handle in [note, new] {
        heap.fill(handle);
    }
    heap.expect_filled([buffer, last, note, new]);
}

fn owner_may_resize_its_block_from_within<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 40));
    let mut heap = memory.checked::<L, C>();
    let buffer = heap.filled(shrinkable::<L>(30, 1));
    let last = heap.granules(10);
    let mut owner = Recorder::new(|heap, wish| {
        let left = wish.len - wish.bytes;
        heap.resize(wish.handle, left)
            .map_or(Answer::Refuse, |()| Answer::Agree)
    });
    let new = heap
        .with(&mut owner, |with| with.alloc(payload::<L>(17)))
        .expect("room");
    heap.fill(new);
    heap.expect_filled([buffer, last, new]);
}

fn owner_may_free_the_block_that_was_to_grow<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(2, 20));
    let mut heap = memory.checked::<L, C>();
    let growing = heap.granules(10);
    let buffer = heap.filled(shrinkable::<L>(10, 1));
    let mut owner = Recorder::new(|heap, _| {
        heap.free(growing)
            .map_or(Answer::Refuse, |()| Answer::Agree)
    });
    let result = heap.with(&mut owner, |with| with.resize(growing, payload::<L>(15)));
    assert!(
        matches!(result, Err(Error::BadHandle { number, .. }) if number == growing.number()),
        "{result:?}"
    );
    heap.expect_filled([buffer]);
}

fn refusals_are_counted<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(2, 20));
    let mut heap = memory.checked::<L, C>();
    let handles = [1, 2].map(|tag| heap.filled(shrinkable::<L>(10, tag)));
    let mut owner = Recorder::default();
    for times in 1..4 {
        assert!(heap.with(&mut owner, |with| with.alloc(0).is_err()));
        assert_eq!(heap.stats().refused_shrinks, 2 * times);
    }
    heap.expect_filled(handles);
}

fn fewer_bytes_than_asked_help_if_others_give_too<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 40));
    let mut heap = memory.checked::<L, C>();
    let handles = [1, 2, 3, 4].map(|tag| heap.filled(shrinkable::<L>(10, tag)));
    let mut owner = Recorder::new(|heap, wish| {
        if wish.len < owned_payload::<L>(10) {
            return Answer::Refuse;
        }
        heap.shrink(wish.handle, 0..owned_payload::<L>(6))
            .map_or(Answer::Refuse, |()| Answer::Agree)
    });
    let new = heap
        .with(&mut owner, |with| with.alloc(payload::<L>(15)))
        .expect("room");
    assert_eq!(owner.wishes().len(), 4);
    heap.fill(new);
    heap.expect_filled(handles.into_iter().chain([new]));
}

/// What it frees it takes again, so nothing is ever gained.
fn owner_that_frees_and_allocates_again_forever_comes_to_an_end<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let plain = heap.granules(10);
    heap.filled(shrinkable::<L>(10, 1));
    heap.filled(shrinkable::<L>(10, 2));
    let mut owner = Recorder::new(|heap, wish| {
        heap.free(wish.handle).expect("live block");
        let again = shrinkable::<L>(10, wish.tag);
        heap.alloc_with(again).expect("room that was just made");
        Answer::Agree
    });
    let result = heap.with(&mut owner, |with| with.alloc(payload::<L>(5)));
    assert!(matches!(result, Err(Error::Exhausted { .. })), "{result:?}");
    let asked = owner.wishes().len();
    assert!((2..10).contains(&asked), "{asked}");
    let result = heap.with(&mut owner, |with| with.alloc_maximum());
    assert!(result.is_err());
    heap.expect_filled([plain]);
}

fn owner_that_agrees_and_does_nothing_comes_to_an_end<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let handles = [1, 2, 3].map(|tag| heap.filled(shrinkable::<L>(10, tag)));
    let mut owner = Recorder::new(|_, _| Answer::Agree);
    assert!(heap.with(&mut owner, |with| with.alloc(0).is_err()));
    assert_eq!(owner.wishes().len(), 3, "each once");
    assert_eq!(heap.stats().refused_shrinks, 0);
    heap.expect_filled(handles);
}

fn owner_that_gives_a_granule_at_a_time_is_asked_until_it_is_enough<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let handles = [1, 2].map(|tag| heap.filled(shrinkable::<L>(15, tag)));
    let mut owner = Recorder::new(|heap, wish| {
        let kept = 0..wish.len - L::GRANULE_BYTES;
        heap.shrink(wish.handle, kept)
            .map_or(Answer::Refuse, |()| Answer::Agree)
    });
    let new = heap
        .with(&mut owner, |with| with.alloc(payload::<L>(10)))
        .expect("room");
    // An eleventh at the most for the table entry.
    assert!((10..=11).contains(&owner.wishes().len()));
    heap.fill(new);
    heap.expect_filled(handles.into_iter().chain([new]));
}

/// The table may grow under the eyes of the heap.
fn blocks_made_from_within_are_asked_as_well<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 33));
    let mut heap = memory.checked::<L, C>();
    let plain = heap.granules(10);
    heap.filled(shrinkable::<L>(20, 1));
    let mut owner = Recorder::new(|heap, wish| {
        heap.free(wish.handle).expect("live block");
        if wish.tag == 1 {
            for _ in 0..2 {
                heap.alloc_with(shrinkable::<L>(9, 2)).expect("room");
            }
        }
        Answer::Agree
    });
    let new = heap
        .with(&mut owner, |with| with.alloc(payload::<L>(20)))
        .expect("room");
    let tags: Vec<_> = owner.wishes().iter().map(|wish| wish.tag).collect();
    assert_eq!(tags, [1, 2, 2]);
    heap.fill(new);
    heap.expect_filled([plain, new]);
}
