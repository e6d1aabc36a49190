//! B6: a block grows and shrinks in place, into neighbouring space, or by moving itself or its
//! neighbours, and keeps its bytes.

#[macro_use]
mod common;

use std::collections::HashMap;

use buflib::{Answer, Check, Error, Handle, Heap, Layout, Owner, Request, Wish};
use common::{Checked, Memory, arena_bytes, payload};

on_every_heap!(
    light_neighbours_are_pushed_into_the_hole_behind_them,
    short_blocks_leave_light_neighbours_alone,
    light_neighbours_are_pushed_into_the_free_tail,
    heavy_neighbours_stay_and_the_block_itself_moves,
    large_block_that_moves_to_grow_by_a_little_keeps_space_behind_it,
    space_kept_behind_a_large_block_is_there_for_all_that_would_fail,
    pushed_neighbours_leave_space_to_grow_again,
    immovable_neighbours_stay_and_the_block_itself_moves,
    pushed_neighbours_stay_aligned,
    shrinking_keeps_the_front_and_gives_back_the_rest,
    last_block_grows_into_the_free_tail,
    block_grows_into_the_hole_behind_it,
    block_grows_by_moving_itself,
    block_grows_by_moving_down_into_a_hole,
    block_grows_by_pushing_its_neighbours,
    block_grows_by_pushing_even_if_all_of_the_arena_is_needed,
    movable_block_grows_if_and_only_if_there_is_room,
    block_grows_by_pushing_named_and_aligned_neighbours,
    block_among_aligned_ones_grows_if_there_is_room_in_their_order,
    block_grows_by_pushing_a_neighbour_up_to_an_immovable_block,
    block_grows_by_pushing_a_neighbour_into_the_gap_of_an_aligned_block,
    many_blocks_grow_in_turn,
    many_blocks_grow_in_turn_each_into_its_own_hole,
    growth_makes_room_by_compaction,
    growth_beside_an_immovable_block_goes_where_compaction_has_made_room,
    failed_growth_leaves_everything_as_it_was,
    sizes_within_the_last_granule_move_nothing,
    name_is_kept,
    immovable_block_grows_in_place_only,
    resize_mut_gives_the_bytes_of_the_new_size,
    grown_blocks_are_immovable_or_not_as_before,
    block_that_is_cut_while_it_grows_has_the_size_that_was_asked_for,
);

fn shrinking_keeps_the_front_and_gives_back_the_rest<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 60));
    let mut heap = memory.checked::<L, C>();
    let handles = [20; 3].map(|granules| heap.granules(granules));
    let places = handles.map(|handle| heap.address(handle));
    let mut free = 0;
    for granules in [19, 10, 2, 1] {
        for handle in handles {
            heap.resize(handle, payload::<L>(granules))
                .expect("to shrink");
        }
        free = 3 * (20 - granules) * L::GRANULE_BYTES;
        assert_eq!(heap.available(), free);
        assert_eq!(
            handles.map(|handle| heap.address(handle)),
            places,
            "shrinking moves nothing"
        );
        heap.expect_filled(handles);
    }
    // The entry of a fourth block comes out of it; the rest is whole again.
    let most = heap.allocatable().expect("allocatable").expect("room");
    assert!(
        most + 3 * L::GRANULE_BYTES + L::HEADER_BYTES > free,
        "{most} of {free}"
    );
    heap.filled(Request::new(most));
    heap.expect_filled(handles);
}

fn last_block_grows_into_the_free_tail<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(2, 60));
    let mut heap = memory.checked::<L, C>();
    let first = heap.granules(10);
    let last = heap.granules(1);
    let place = heap.address(last);
    for granules in [2, 3, 20, 50] {
        heap.resize(last, payload::<L>(granules)).expect("room");
        heap.expect_front(last, payload::<L>(1));
        assert_eq!((heap.address(last), heap.stats().moves), (place, 0));
    }
    heap.fill(last);
    assert_eq!(heap.available(), 0);
    heap.expect_filled([first, last]);
}

fn block_grows_into_the_hole_behind_it<L: Layout, C: Check>() {
    // The hole is large, so it is merged at once and found by its neighbour.
    let hole = 4000;
    for granules in [1, 2, 100, hole - 1, hole] {
        let mut memory = Memory::new((hole + 40) * L::GRANULE_BYTES);
        let mut heap = memory.checked::<L, C>();
        let growing = heap.granules(10);
        let gap = heap.alloc(payload::<L>(hole)).expect("room");
        let behind = heap.granules(10);
        let places = [heap.address(growing), heap.address(behind)];
        heap.free(gap).expect("live block");
        heap.resize(growing, payload::<L>(10 + granules))
            .expect("room");
        heap.expect_front(growing, payload::<L>(10));
        assert_eq!([heap.address(growing), heap.address(behind)], places);
        let rest = (hole - granules) * L::GRANULE_BYTES;
        assert_eq!(heap.holes(), if rest > 0 { vec![rest] } else { vec![] });
        assert_eq!(heap.stats().moves, 0);
        heap.expect_filled([behind]);
    }
}

fn block_grows_by_moving_itself<L: Layout, C: Check>() {
    let mut memory = Memory::new(8192);
    let mut heap = memory.checked::<L, C>();
    let growing = heap.granules(10);
    let neighbour = heap.granules(10);
    let places = [heap.address(growing), heap.address(neighbour)];
    heap.resize(growing, payload::<L>(40)).expect("room");
    heap.expect_front(growing, payload::<L>(10));
    assert_eq!(heap.address(neighbour), places[1]);
    assert!(heap.address(growing) > places[1]);
    assert_eq!(
        (heap.stats().moves, heap.stats().bytes_moved),
        (1, 10 * L::GRANULE_BYTES)
    );
    // Its old place is free.
    let next = heap.granules(10);
    assert_eq!(heap.address(next), places[0]);
    heap.fill(growing);
    heap.expect_filled([growing, neighbour, next]);
}

fn block_grows_by_moving_down_into_a_hole<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let gap = heap.granules(10);
    let growing = heap.granules(10);
    let still = heap.filled(Request::new(payload::<L>(10)).immovable());
    let place = heap.address(still);
    heap.free(gap).expect("live block");
    heap.resize(growing, payload::<L>(20))
        .expect("room in front");
    heap.expect_front(growing, payload::<L>(10));
    heap.fill(growing);
    assert_eq!((heap.address(still), heap.available()), (place, 0));
    heap.expect_filled([growing, still]);
}

/// Old and new block cannot be there at once.
fn block_grows_by_pushing_its_neighbours<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 40));
    let mut heap = memory.checked::<L, C>();
    let [first, growing, third, fourth] = [5, 10, 7, 8].map(|granules| heap.granules(granules));
    for granules in [11, 15, 19, 20] {
        let had = heap.get(growing).expect("live block").len();
        heap.resize(growing, payload::<L>(granules)).expect("room");
        heap.expect_front(growing, had);
        heap.fill(growing);
        heap.expect_filled([first, third, fourth]);
    }
    assert_eq!((heap.available(), heap.holes().len()), (0, 0));
    let requested = payload::<L>(21);
    assert_eq!(
        heap.resize(growing, requested),
        Err(Error::Exhausted {
            requested,
            free: 0,
            contiguous: 0
        })
    );
    heap.expect_filled([first, growing, third, fourth]);
}

fn block_grows_by_pushing_even_if_all_of_the_arena_is_needed<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(6, 600));
    let mut heap = memory.checked::<L, C>();
    let handles = [2, 3, 100, 1, 7, 80].map(|granules| heap.granules(granules));
    // What is free is in pieces: in front, behind, and at the end.
    heap.free(handles[0]).expect("live block");
    heap.free(handles[3]).expect("live block");
    let growing = handles[2];
    heap.resize(growing, payload::<L>(600 - 3 - 7 - 80))
        .expect("room");
    heap.expect_front(growing, payload::<L>(100));
    heap.fill(growing);
    assert_eq!(heap.available(), 0);
    heap.expect_filled([1, 2, 4, 5].map(|which| handles[which]));
}

/// Where nothing is immovable or aligned, growth depends on the sum of free granules alone.
fn movable_block_grows_if_and_only_if_there_is_room<L: Layout, C: Check>() {
    let mut random = fastrand::Rng::with_seed(6);
    for _ in 0..if cfg!(miri) { 2 } else { 40 } {
        let capacity = random.usize(60..200);
        let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(8, capacity));
        let mut heap = memory.checked::<L, C>();
        let mut sizes: Vec<usize> = (0..8).map(|_| random.usize(1..8)).collect();
        let handles: Vec<_> = sizes
            .iter()
            .map(|&granules| heap.granules(granules))
            .collect();
        for _ in 0..20 {
            let which = random.usize(..8);
            let granules = random.usize(1..capacity / 2);
            let others: usize = sizes.iter().sum::<usize>() - sizes[which];
            let kept = payload::<L>(granules.min(sizes[which]));
            let result = heap.resize(handles[which], payload::<L>(granules));
            assert_eq!(
                result.is_ok(),
                others + granules <= capacity,
                "{sizes:?}[{which}] = {granules} of {capacity}"
            );
            if result.is_ok() {
                sizes[which] = granules;
                heap.expect_front(handles[which], kept);
                heap.fill(handles[which]);
            }
            heap.expect_filled(handles.iter().copied());
        }
    }
}

fn block_grows_by_pushing_named_and_aligned_neighbours<L: Layout, C: Check>() {
    let per_64 = 64 / L::GRANULE_BYTES;
    let mut memory = Memory::skewed(arena_bytes::<L, C>(4, 20 * per_64), 64 - L::HEADER_BYTES);
    let mut heap = memory.checked::<L, C>();
    let growing = heap.granules(8 * per_64);
    let aligned = heap.filled(Request::new(payload::<L>(2 * per_64 - 1)).align(64));
    let named = heap.filled(Request::new(10).name("named"));
    let second = heap.filled(Request::new(payload::<L>(per_64)).align(64));
    // A gap is in front of the last one, and what is free would not hold the old and the new block:
    // everything has to go up by 64 bytes, and by 64 more.
    assert!(heap.holes().len() == 1 && heap.available() < 9 * 64);
    for more in 1..=2 {
        heap.resize(growing, payload::<L>((8 + more) * per_64))
            .expect("room");
        heap.expect_front(growing, payload::<L>(8 * per_64));
        heap.fill(growing);
        assert_eq!(
            (heap.address(aligned) % 64, heap.address(second) % 64),
            (0, 0)
        );
        assert_eq!(heap.name(named), Ok(Some("named")));
        heap.expect_filled([aligned, named, second]);
    }
}

/// Each of the others goes up as far as it must and no further, however many there are.
fn block_among_aligned_ones_grows_if_there_is_room_in_their_order<L: Layout, C: Check>() {
    let mut random = fastrand::Rng::with_seed(7);
    let (mut grown, mut refused) = (0, 0);
    for round in 0..if cfg!(miri) { 2 } else { 24 } {
        let blocks = [6, 90][round % 2];
        let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(blocks, 5 * blocks));
        let mut heap = memory.checked::<L, C>();
        let aligned = |heap: &mut Checked<'_, L, C>, log: u32| {
            let request = Request::new(payload::<L>(1)).align(L::GRANULE_BYTES << log);
            (heap.filled(request), 1 << log)
        };
        let mut row: Vec<_> = (0..blocks)
            .map(|nth| aligned(&mut heap, if nth == 0 { 0 } else { random.u32(0..3) }))
            .collect();
        let mut sizes: HashMap<_, _> = row.iter().map(|&(handle, _)| (handle, 1)).collect();
        for _ in 0..blocks / 2 {
            let (growing, _) = row[random.usize(..blocks / 2)];
            let old = sizes[&growing];
            let new = old + random.usize(1..if blocks < 10 { 6 } else { 30 });
            sizes.insert(growing, new);
            if heap.resize(growing, payload::<L>(new)).is_ok() {
                heap.expect_front(growing, payload::<L>(old));
                heap.fill(growing);
                grown += 1;
            } else {
                row.sort_by_key(|&(handle, _)| heap.address(handle));
                // Payloads start a granule behind a multiple of 4096.
                let end = row.iter().fold(1, |end: usize, &(handle, align)| {
                    end.next_multiple_of(align) + sizes[&handle]
                });
                assert!(end > 5 * blocks + 1, "{end} granules would do");
                sizes.insert(growing, old);
                refused += 1;
            }
            for &(handle, align) in &row {
                assert_eq!(heap.address(handle) % (align * L::GRANULE_BYTES), 0);
            }
            heap.expect_filled(row.iter().map(|&(handle, _)| handle));
        }
    }
    assert!(
        cfg!(miri) || (grown > 20 && refused > 20),
        "{grown} grown, {refused} not"
    );
}

/// The neighbour has room to go up, though not all the way to the free tail.
fn block_grows_by_pushing_a_neighbour_up_to_an_immovable_block<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(5, 40));
    let mut heap = memory.checked::<L, C>();
    let [growing, gap, neighbour] = [10, 5, 8].map(|granules| heap.granules(granules));
    let wall = heap.filled(Request::new(payload::<L>(10)).immovable());
    let last = heap.granules(7);
    let place = heap.address(wall);
    heap.free(gap).expect("live block");
    heap.compact().expect("compaction");
    heap.resize(growing, payload::<L>(15)).expect("room");
    heap.expect_front(growing, payload::<L>(10));
    heap.fill(growing);
    assert_eq!((heap.address(wall), heap.available()), (place, 0));
    heap.expect_filled([growing, neighbour, wall, last]);
}

fn block_grows_by_pushing_a_neighbour_into_the_gap_of_an_aligned_block<L: Layout, C: Check>() {
    let per_512 = 512 / L::GRANULE_BYTES;
    let mut memory = Memory::skewed(arena_bytes::<L, C>(3, 2 * per_512), 512 - L::HEADER_BYTES);
    let mut heap = memory.checked::<L, C>();
    let [growing, neighbour] = [8, 10].map(|granules| heap.granules(granules));
    let aligned = heap.filled(Request::new(payload::<L>(per_512)).align(512));
    assert_eq!(heap.holes(), [(per_512 - 18) * L::GRANULE_BYTES]);
    assert_eq!(heap.available(), heap.holes()[0]);
    heap.resize(growing, payload::<L>(per_512 - 10))
        .expect("room");
    heap.expect_front(growing, payload::<L>(8));
    heap.fill(growing);
    assert_eq!((heap.address(aligned) % 512, heap.available()), (0, 0));
    heap.expect_filled([growing, neighbour, aligned]);
}

/// Like strings that are built side by side, until nothing is left.
fn many_blocks_grow_in_turn<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(9, 9 * 40));
    let mut heap = memory.checked::<L, C>();
    let handles: Vec<_> = (0..9).map(|_| heap.granules(1)).collect();
    for granules in 2..=40 {
        for &handle in &handles {
            heap.resize(handle, payload::<L>(granules)).expect("room");
            heap.expect_front(handle, payload::<L>(granules - 1));
            heap.fill(handle);
        }
        assert_eq!(heap.available(), 9 * (40 - granules) * L::GRANULE_BYTES);
        heap.expect_filled(handles.iter().copied());
    }
}

fn many_blocks_grow_in_turn_each_into_its_own_hole<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(18, 9 * 100));
    let mut heap = memory.checked::<L, C>();
    let still = Request::new(payload::<L>(1)).immovable();
    let pairs: Vec<_> = (0..9)
        .map(|_| (heap.filled(still), heap.granules(99)))
        .collect();
    let places: Vec<_> = pairs.iter().map(|pair| heap.address(pair.0)).collect();
    for &(_, gap) in &pairs {
        heap.free(gap).expect("live block");
    }
    heap.compact().expect("compaction");
    for granules in (2..=100).step_by(7) {
        for (&(handle, _), &place) in pairs.iter().zip(&places) {
            let had = heap.get(handle).expect("live block").len();
            heap.resize(handle, payload::<L>(granules)).expect("room");
            heap.expect_front(handle, had);
            heap.fill(handle);
            assert_eq!(heap.address(handle), place);
        }
        assert!(heap.available() >= 9 * (100 - granules) * L::GRANULE_BYTES);
        heap.expect_filled(pairs.iter().map(|pair| pair.0));
    }
}

fn growth_makes_room_by_compaction<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(5, 50));
    let mut heap = memory.checked::<L, C>();
    let handles = [10; 5].map(|granules| heap.granules(granules));
    heap.free(handles[0]).expect("live block");
    heap.free(handles[3]).expect("live block");
    heap.resize(handles[2], payload::<L>(30)).expect("room");
    heap.expect_front(handles[2], payload::<L>(10));
    heap.fill(handles[2]);
    heap.expect_filled([1, 2, 4].map(|which| handles[which]));
}

fn failed_growth_leaves_everything_as_it_was<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let requests = [
        Request::new(50),
        Request::new(20).name("named"),
        Request::new(60).align(64),
        Request::new(70).immovable(),
        Request::new(9),
    ];
    let handles = requests.map(|request| heap.filled(request));
    heap.free(handles[0]).expect("live block");
    let live = &handles[1..];
    for &handle in live {
        assert!(matches!(
            heap.resize(handle, 2048),
            Err(Error::Exhausted {
                requested: 2048,
                ..
            })
        ));
        heap.expect_filled(live.iter().copied());
        assert_eq!(heap.name(handles[1]), Ok(Some("named")));
    }
    // Once all is compacted, not even places change.
    heap.compact().expect("compaction");
    let before = heap.picture();
    for &handle in live {
        assert!(heap.resize(handle, 2048).is_err());
        assert_eq!(heap.picture(), before);
    }
}

fn sizes_within_the_last_granule_move_nothing<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let handles = [10; 3].map(|granules| heap.granules(granules));
    let whole = payload::<L>(10);
    for size in (whole + 1 - L::GRANULE_BYTES..whole)
        .rev()
        .chain(whole + 1 - L::GRANULE_BYTES..=whole)
    {
        heap.resize(handles[1], size).expect("room");
        assert_eq!(heap.get(handles[1]).expect("live block").len(), size);
        heap.expect_filled(handles);
    }
    let stats = heap.stats();
    assert_eq!(
        (stats.moves, stats.compactions, stats.free_bytes),
        (0, 0, 0)
    );
}

fn name_is_kept<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let name = "a name that is longer than the payload is at first";
    let named = heap.filled(Request::new(20).name(name));
    let neighbour = heap.filled(Request::new(20));
    for size in [21, 60, 300, 59, 0, 1, 8, 1000, 3] {
        let kept = heap.get(named).expect("live block").len().min(size);
        heap.resize(named, size).expect("room");
        heap.expect_front(named, kept);
        heap.fill(named);
        assert_eq!(heap.name(named), Ok(Some(name)));
        heap.expect_filled([named, neighbour]);
    }
}

fn immovable_block_grows_in_place_only<L: Layout, C: Check>() {
    let mut memory = Memory::new(8192);
    let mut heap = memory.checked::<L, C>();
    let still = |granules| Request::new(payload::<L>(granules)).immovable();
    let spacer = heap.granules(5);
    let growing = heap.filled(still(10));
    let place = heap.address(growing);
    // Into the tail, and by pushing a neighbour that moves.
    heap.resize(growing, payload::<L>(20)).expect("room");
    let neighbour = heap.granules(5);
    heap.resize(growing, payload::<L>(30)).expect("room");
    heap.expect_front(growing, payload::<L>(10));
    heap.fill(growing);
    assert_eq!(heap.address(growing), place);
    heap.expect_filled([neighbour]);
    // Not where the neighbour does not move, whatever is free elsewhere.
    heap.free(neighbour).expect("live block");
    heap.compact().expect("compaction");
    let wall = heap.filled(still(5));
    heap.free(spacer).expect("live block");
    assert!(matches!(
        heap.resize(growing, payload::<L>(31)),
        Err(Error::Exhausted { .. })
    ));
    heap.resize(growing, payload::<L>(3)).expect("to shrink");
    heap.resize(growing, payload::<L>(30))
        .expect("room that it had before");
    heap.expect_front(growing, payload::<L>(3));
    assert_eq!(heap.address(growing), place);
    heap.expect_filled([wall]);
}

fn resize_mut_gives_the_bytes_of_the_new_size<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 60));
    let mut heap = memory.checked::<L, C>();
    let [first, second, third] = [10; 3].map(|granules| heap.granules(granules));
    // In place, by moving, by pushing, smaller.
    for (handle, size) in [
        (third, payload::<L>(20)),
        (first, payload::<L>(15)),
        (second, payload::<L>(20)),
        (second, 3),
    ] {
        let kept = heap.get(handle).expect("live block").len().min(size);
        let (address, len) = heap.run(|heap| {
            let bytes = heap.resize_mut(handle, size).expect("room");
            (bytes.as_ptr().addr(), bytes.len())
        });
        assert_eq!((address, len), (heap.address(handle), size));
        heap.expect_front(handle, kept);
        heap.fill(handle);
        heap.expect_filled([first, second, third]);
    }
}

fn grown_blocks_are_immovable_or_not_as_before<L: Layout, C: Check>() {
    let mut memory = Memory::new(8192);
    let mut heap = memory.checked::<L, C>();
    let handles = [
        heap.filled(Request::new(9)),
        heap.filled(Request::new(9).immovable().name("still")),
    ];
    for size in [100, 1, 300] {
        for handle in handles {
            heap.resize(handle, size).expect("room");
            let blocks = heap.seen();
            let block = blocks
                .iter()
                .find(|block| block.handle == Some(handle))
                .expect("listed block");
            assert_eq!(
                (block.immovable, block.payload_bytes),
                (handle == handles[1], size)
            );
        }
    }
}

/// A block of many granules, a few small ones behind it, a hole, and a block that ends it.
fn with_neighbours<L: Layout, C: Check>(
    heap: &mut Checked<'_, L, C>,
    neighbour: Request<'_>,
) -> (Handle<L>, [Handle<L>; 2], Handle<L>) {
    let large = heap.granules(300);
    let neighbours = [heap.filled(neighbour), heap.filled(neighbour)];
    // Longer than what is kept aside for requests of the same size.
    let hole = heap.granules(16 * 127 + 1);
    let last = heap.granules(1);
    heap.free(hole).expect("live block");
    (large, neighbours, last)
}

fn grow_by_one<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>, handle: Handle<L>) -> usize {
    let before = heap.stats().moves;
    heap.resize(handle, payload::<L>(301)).expect("room");
    heap.expect_front(handle, payload::<L>(300));
    heap.stats().moves - before
}

fn light_neighbours_are_pushed_into_the_hole_behind_them<L: Layout, C: Check>() {
    let mut memory = Memory::new(64 * 1024);
    let mut heap = memory.checked::<L, C>();
    let (large, neighbours, last) = with_neighbours(&mut heap, Request::new(payload::<L>(3)));
    let address = heap.address(large);
    assert_eq!(grow_by_one(&mut heap, large), 2);
    assert_eq!(heap.address(large), address);
    heap.expect_filled(neighbours.into_iter().chain([last]));
}

/// Looking at neighbours would take longer.
fn short_blocks_leave_light_neighbours_alone<L: Layout, C: Check>() {
    for granules in [12, 255] {
        let mut memory = Memory::new(64 * 1024);
        let mut heap = memory.checked::<L, C>();
        let [short, neighbour] = [granules, 1].map(|granules| heap.granules(granules));
        let address = heap.address(neighbour);
        heap.resize(short, payload::<L>(granules + 1))
            .expect("room");
        assert_eq!(heap.address(neighbour), address);
        assert!(heap.address(short) > address);
        heap.expect_front(short, payload::<L>(granules));
        heap.expect_filled([neighbour]);
    }
}

/// There is more free space behind the last block than the block is to gain, but not as much as it is to have.
fn growth_beside_an_immovable_block_goes_where_compaction_has_made_room<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(4, 33));
    let mut heap = memory.checked::<L, C>();
    let growing = heap.granules(10);
    let fixed = heap.filled(Request::new(payload::<L>(1)).immovable());
    let [hole, last] = [heap.granules(2), heap.granules(2)];
    heap.free(hole).expect("live block");
    heap.resize(growing, payload::<L>(20)).expect("room");
    heap.expect_front(growing, payload::<L>(10));
    heap.expect_filled([fixed, last]);
}

fn light_neighbours_are_pushed_into_the_free_tail<L: Layout, C: Check>() {
    let mut memory = Memory::new(64 * 1024);
    let mut heap = memory.checked::<L, C>();
    let large = heap.granules(300);
    let neighbours = [heap.granules(2), heap.granules(3)];
    let address = heap.address(large);
    assert_eq!(grow_by_one(&mut heap, large), 2);
    assert_eq!(heap.address(large), address);
    heap.expect_filled(neighbours);
}

fn heavy_neighbours_stay_and_the_block_itself_moves<L: Layout, C: Check>() {
    let mut memory = Memory::new(64 * 1024);
    let mut heap = memory.checked::<L, C>();
    let (large, neighbours, last) = with_neighbours(&mut heap, Request::new(payload::<L>(80)));
    let addresses = neighbours.map(|handle| heap.address(handle));
    assert_eq!(grow_by_one(&mut heap, large), 1);
    assert_eq!(neighbours.map(|handle| heap.address(handle)), addresses);
    heap.expect_filled(neighbours.into_iter().chain([last]));
}

/// What goes behind such a block leaves it an eighth of its length, by which it grows without moving.
fn large_block_that_moves_to_grow_by_a_little_keeps_space_behind_it<L: Layout, C: Check>() {
    let mut memory = Memory::new(16_000 * L::GRANULE_BYTES);
    let mut heap = memory.checked::<L, C>();
    let large = heap.granules(1000);
    let heavy = heap.granules(600);
    heap.resize(large, payload::<L>(1010)).expect("room");
    // Longer than the hole that the block has left.
    let behind = heap.granules(1200);
    assert!(heap.address(behind) > heap.address(large));
    let (address, before) = (heap.address(large), heap.stats().moves);
    assert_eq!(before, 1);
    for more in 1..=12 {
        heap.resize(large, payload::<L>(1010 + 10 * more))
            .expect("room");
    }
    assert_eq!((heap.address(large), heap.stats().moves), (address, before));
    heap.expect_front(large, payload::<L>(1000));
    heap.expect_filled([heavy, behind]);
}

/// Nothing is moved for a request that fits into such space.
fn space_kept_behind_a_large_block_is_there_for_all_that_would_fail<L: Layout, C: Check>() {
    let mut memory = Memory::new(12_000 * L::GRANULE_BYTES);
    let mut heap = memory.checked::<L, C>();
    let large = heap.granules(1000);
    let heavy = heap.granules(600);
    heap.resize(large, payload::<L>(1010)).expect("room");
    let behind = heap.granules(1200);
    let hole = heap.granules(1000);
    let left = heap.available() / L::GRANULE_BYTES - 1;
    let rest = heap.granules(left - 126 - 1);
    let moves = heap.stats().moves;
    let last = heap.granules(120);
    assert!((heap.address(large)..heap.address(behind)).contains(&heap.address(last)));
    assert_eq!(heap.stats().moves, moves);
    heap.expect_filled([heavy, behind, hole, rest, last]);
}

/// Where a block can grow by pushing only, all behind it is pushed once for many times.
fn pushed_neighbours_leave_space_to_grow_again<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(2, 2000));
    let mut heap = memory.checked::<L, C>();
    let large = heap.granules(1000);
    let heavy = heap.granules(600);
    heap.resize(large, payload::<L>(1001)).expect("room");
    let (address, moves) = (heap.address(heavy), heap.stats().moves);
    assert_eq!(moves, 1);
    for granules in 1002..=1120 {
        heap.resize(large, payload::<L>(granules)).expect("room");
    }
    assert_eq!((heap.address(heavy), heap.stats().moves), (address, moves));
    heap.expect_front(large, payload::<L>(1000));
    heap.expect_filled([heavy]);
}

fn immovable_neighbours_stay_and_the_block_itself_moves<L: Layout, C: Check>() {
    let mut memory = Memory::new(64 * 1024);
    let mut heap = memory.checked::<L, C>();
    let (large, neighbours, last) =
        with_neighbours(&mut heap, Request::new(payload::<L>(3)).immovable());
    let addresses = neighbours.map(|handle| heap.address(handle));
    assert_eq!(grow_by_one(&mut heap, large), 1);
    assert_eq!(neighbours.map(|handle| heap.address(handle)), addresses);
    heap.expect_filled(neighbours.into_iter().chain([last]));
}

fn pushed_neighbours_stay_aligned<L: Layout, C: Check>() {
    let mut memory = Memory::new(64 * 1024);
    let mut heap = memory.checked::<L, C>();
    let (large, neighbours, last) = with_neighbours(&mut heap, Request::new(20).align(64));
    grow_by_one(&mut heap, large);
    assert!(
        neighbours
            .iter()
            .all(|&handle| heap.address(handle) % 64 == 0)
    );
    heap.expect_filled(neighbours.into_iter().chain([last]));
}

/// Gives back half of what holds the rest of the heap, and cuts a byte off the front of another block.
struct Cutter<L: Layout> {
    block: Handle<L>,
}

impl<L: Layout, C: Check> Owner<L, C> for Cutter<L> {
    type Tag = ();

    fn shrink(&mut self, heap: &mut Heap<'_, L, C>, wish: &Wish<(), L>) -> Answer {
        let cut = heap.shrink(self.block, 1..8);
        let given = heap.shrink(wish.handle, 0..wish.len / 2);
        cut.and(given).map_or(Answer::Refuse, |()| Answer::Agree)
    }
}

fn block_that_is_cut_while_it_grows_has_the_size_that_was_asked_for<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.heap::<L, C>();
    let block = heap.alloc(40).expect("room");
    heap.get_mut(block)
        .expect("live block")
        .copy_from_slice(&[7; 40]);
    heap.alloc_maximum_with(Request::new(0).shrinkable(()))
        .expect("room");
    for size in [100, 101, 102, 103] {
        let mut owner = Cutter { block };
        heap.with(&mut owner).resize(block, size).expect("room");
        let bytes = heap.get(block).expect("live block");
        assert_eq!(bytes.len(), size);
        assert_eq!(bytes[..7], [7; 7]);
        heap.check().expect("in order");
        let _ = heap.alloc_maximum_with(Request::new(0).shrinkable(()));
    }
}
