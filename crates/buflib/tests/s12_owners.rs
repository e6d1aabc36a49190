//! S12: without an owner a block is movable and not shrinkable; whom an owner is asked about, and what
//! that costs.

#[macro_use]
mod common;

use buflib::{Answer, Check, Heap, Layout, Move, Owner, Request, Tag, Wish};
use common::{
    Heard, Memory, Recorder, arena_bytes, block_bytes, owned_payload, owner_bytes, payload,
};

on_every_heap!(
    blocks_without_an_owner_are_moved_and_nobody_is_asked,
    blocks_of_an_owner_that_does_not_shrink_are_asked_to_move_only,
    immovable_blocks_are_asked_to_shrink_and_never_to_move,
    plain_blocks_pay_nothing_for_owners,
    owned_block_costs_one_granule_which_its_name_shares,
    tags_of_the_programs_own_come_back,
    block_with_a_tag_that_the_owner_does_not_know_stays_as_it_is,
    owned_blocks_stay_as_they_are_without_an_owner,
    shrinkable_blocks_stay_so_whatever_else_is_requested,
    owned_blocks_are_counted,
);

fn blocks_without_an_owner_are_moved_and_nobody_is_asked<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let handles = [10; 3].map(|granules| heap.granules(granules));
    heap.free(handles[0]).expect("live block");
    let mut owner = Recorder::generous();
    let done = heap
        .with(&mut owner, |with| with.compact())
        .expect("compaction");
    assert_eq!((done.moves, done.refused), (2, 0));
    let result = heap.with(&mut owner, |with| with.alloc(payload::<L>(11)));
    assert!(result.is_err());
    assert!(
        owner
            .heard
            .iter()
            .all(|heard| matches!(heard, Heard::Event(_))),
        "{owner:?}"
    );
    heap.expect_filled([handles[1], handles[2]]);
}

fn blocks_of_an_owner_that_does_not_shrink_are_asked_to_move_only<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(10);
    let owned = heap.filled(Request::new(owned_payload::<L>(10)).owner(7_u32));
    let plain = heap.granules(10);
    heap.free(front).expect("live block");
    let mut owner = Recorder::generous();
    let compaction = heap.with(&mut owner, |with| with.compact());
    assert_eq!(compaction.expect("compaction").moves, 2);
    let result = heap.with(&mut owner, |with| with.alloc(payload::<L>(11)));
    assert!(result.is_err());
    let moves = owner.moves();
    assert_eq!((moves.len(), moves[0].handle, moves[0].tag), (1, owned, 7));
    assert_eq!(owner.wishes(), []);
    heap.expect_filled([owned, plain]);
}

fn immovable_blocks_are_asked_to_shrink_and_never_to_move<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(5);
    let size = owned_payload::<L>(15);
    let fixed = heap.filled(Request::new(size).shrinkable(7_u32).immovable());
    let plain = heap.granules(10);
    heap.free(front).expect("live block");
    let address = heap.address(fixed);
    let mut owner = Recorder::new(|heap, wish| {
        let cut = wish.bytes.min(wish.len);
        heap.shrink(wish.handle, cut..wish.len)
            .expect("a range within");
        Answer::Agree
    });
    let new = heap.with(&mut owner, |with| with.alloc(payload::<L>(10)));
    assert!(new.is_ok(), "{new:?}");
    assert_eq!(owner.moves(), []);
    assert_eq!(owner.wishes().len(), 1);
    let cut = 5 * L::GRANULE_BYTES;
    assert_eq!(heap.address(fixed), address + cut);
    heap.expect_filled([plain]);
}

fn plain_blocks_pay_nothing_for_owners<L: Layout, C: Check>() {
    let sizes = [0, 1, 5, 8, 16, 33, 100];
    let granules: usize = sizes
        .iter()
        .map(|&size| block_bytes::<L>(size) / L::GRANULE_BYTES)
        .sum();
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(sizes.len(), granules));
    let mut heap = memory.checked::<L, C>();
    let mut owner = Recorder::<L, C>::default();
    for size in sizes {
        let new = heap.with(&mut owner, |with| with.alloc(size));
        assert!(new.is_ok(), "{size}: {new:?}");
    }
    assert_eq!(heap.available(), 0);
    assert_eq!(heap.stats().used_bytes, granules * L::GRANULE_BYTES);
}

fn owned_block_costs_one_granule_which_its_name_shares<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let mut bytes = |request| {
        let handle = heap.filled(request);
        let bytes = heap.stats().used_bytes;
        heap.free(handle).expect("live block");
        bytes
    };
    for size in 0..40 {
        let owned = block_bytes::<L>(size) + owner_bytes::<L>();
        assert_eq!(bytes(Request::new(size).owner(u32::MAX)), owned);
        assert_eq!(bytes(Request::new(size).shrinkable('x')), owned);
        assert_eq!(bytes(Request::new(size).owner(()).immovable()), owned);
        let named = Request::new(size).name("buffer");
        assert_eq!(bytes(named.shrinkable(1_u8)), bytes(named));
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Track = 0x7fff_0001,
    Cover = 3,
}

impl Tag for Kind {
    fn into_bits(self) -> u32 {
        self as u32
    }
    fn from_bits(bits: u32) -> Option<Self> {
        [Self::Track, Self::Cover]
            .into_iter()
            .find(|kind| *kind as u32 == bits)
    }
}

/// An owner of tracks and covers, which writes down what it was asked about.
#[derive(Default)]
struct Player {
    moved: Vec<Kind>,
    shrunk: Vec<Kind>,
}

impl<L: Layout, C: Check> Owner<L, C> for Player {
    type Tag = Kind;

    fn before_move(&mut self, asked: &Move<Kind, L>) -> Answer {
        self.moved.push(asked.tag);
        Answer::Agree
    }

    fn shrink(&mut self, _: &mut Heap<'_, L, C>, wish: &Wish<Kind, L>) -> Answer {
        self.shrunk.push(wish.tag);
        Answer::Refuse
    }
}

fn tags_of_the_programs_own_come_back<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(10);
    let size = owned_payload::<L>(10);
    let track = heap.filled(Request::new(size).shrinkable(Kind::Track));
    let cover = heap.filled(Request::new(size).owner(Kind::Cover));
    heap.free(front).expect("live block");
    let mut player = Player::default();
    assert!(heap.with(&mut player, |with| with.alloc(payload::<L>(11)).is_err()));
    assert_eq!(player.moved, [Kind::Track, Kind::Cover]);
    assert_eq!(player.shrunk, [Kind::Track]);
    heap.expect_filled([track, cover]);
}

fn block_with_a_tag_that_the_owner_does_not_know_stays_as_it_is<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(10);
    let size = owned_payload::<L>(10);
    let foreign = heap.filled(Request::new(size).shrinkable(77_u32));
    let own = heap.filled(Request::new(size).shrinkable(Kind::Track));
    heap.free(front).expect("live block");
    let place = heap.address(foreign);
    let mut player = Player::default();
    let done = heap
        .with(&mut player, |with| with.compact())
        .expect("compaction");
    assert_eq!((done.moves, done.refused), (1, 1));
    assert!(heap.with(&mut player, |with| with.alloc(payload::<L>(20)).is_err()));
    assert_eq!(player.moved, [Kind::Track]);
    assert_eq!(player.shrunk, [Kind::Track]);
    assert_eq!(heap.address(foreign), place);
    heap.expect_filled([foreign, own]);
}

fn owned_blocks_stay_as_they_are_without_an_owner<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 40));
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(10);
    let size = owned_payload::<L>(10);
    let moves = heap.filled(Request::new(size).owner(1_u32));
    let shrinks = heap.filled(Request::new(size).shrinkable(2_u32));
    let plain = heap.granules(10);
    heap.free(front).expect("live block");
    let places = [moves, shrinks].map(|handle| heap.address(handle));
    let done = heap.compact().expect("compaction");
    assert_eq!((done.moves, done.refused), (1, 2));
    assert!(heap.alloc(payload::<L>(11)).is_err());
    assert!(heap.resize(plain, payload::<L>(21)).is_err());
    assert!(heap.alloc_maximum().is_ok(), "of what is free");
    assert_eq!([moves, shrinks].map(|handle| heap.address(handle)), places);
    heap.expect_filled([moves, shrinks, plain]);
}

fn shrinkable_blocks_stay_so_whatever_else_is_requested<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(2, 20));
    let mut heap = memory.checked::<L, C>();
    let size = owned_payload::<L>(10);
    let twice = heap.filled(Request::new(size).shrinkable(1_u32).owner(2_u32));
    heap.filled(Request::new(size).owner(3_u32));
    let mut owner = Recorder::generous();
    assert!(heap.with(&mut owner, |with| with.alloc(0).is_ok()));
    let wishes = owner.wishes();
    assert_eq!((wishes[0].handle, wishes[0].tag), (twice, 2));
}

fn owned_blocks_are_counted<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    heap.filled(Request::new(10).name("plain"));
    let owned = [
        Request::new(20).owner(1_u8),
        Request::new(9).shrinkable(1_u8),
        Request::new(9).owner(1_u8).immovable(),
    ]
    .map(|request| heap.filled(request));
    assert_eq!(heap.stats().owned, 3);
    heap.resize(owned[0], 2).expect("a lesser size");
    heap.shrink(owned[1], 3..5).expect("a range within");
    heap.pin(owned[1]).expect("room");
    assert_eq!(heap.stats().owned, 3);
    heap.unpin(owned[1]).expect("pinned");
    for (handle, left) in owned.into_iter().zip([2, 1, 0]) {
        heap.free(handle).expect("live block");
        assert_eq!(heap.stats().owned, left);
    }
}

#[test]
fn tags_that_come_with_the_library_are_the_same_after_a_round() {
    fn round<T: Tag + PartialEq + core::fmt::Debug>(tags: &[T]) {
        for &tag in tags {
            assert_eq!(T::from_bits(tag.into_bits()), Some(tag));
        }
    }
    round(&[()]);
    round(&[0, 1, u8::MAX]);
    round(&[0, 1, u16::MAX]);
    round(&[0, 1, u32::MAX]);
    round(&['\0', 'ä', char::MAX]);
    assert_eq!(<()>::from_bits(1), None);
    assert_eq!(u8::from_bits(256), None);
    assert_eq!(u16::from_bits(65536), None);
    assert_eq!(char::from_bits(0xd800), None);
}
