//! B11: all that a heap does while it is used with an owner is observed, with true values.

#[macro_use]
mod common;

use buflib::{Answer, Check, Error, Event, Handle, Layout, Request};
use common::{Checked, Memory, Recorder, arena_bytes, owned_payload, payload};

on_every_heap!(
    what_a_program_asks_for_is_observed,
    moves_are_observed_with_the_offsets_of_the_blocks,
    refused_moves_are_observed,
    requests_to_shrink_are_observed_with_their_answer,
    failures_are_observed_with_their_error,
    nothing_is_observed_of_what_is_done_without_the_owner,
    figures_agree_with_what_was_observed,
);

fn what_a_program_asks_for_is_observed<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let mut owner = Recorder::default();
    let (a, b, all, bytes) = heap.with(&mut owner, |with| {
        let a = with.alloc(10).expect("room");
        let b = with.alloc_with(Request::new(100).name("b").owner(1_u32));
        let b = b.expect("room");
        with.resize(a, 20).expect("room");
        with.shrink(b, 11..60).expect("a part");
        let (all, bytes) = with.alloc_maximum().expect("room");
        with.free(all).expect("live block");
        let (again, _) = with
            .alloc_maximum_with(Request::new(0).align(64))
            .expect("room");
        with.free(again).expect("live block");
        with.free(a).expect("live block");
        (a, b, all, bytes)
    });
    let events: Vec<_> = owner
        .events()
        .into_iter()
        .filter(|event| !matches!(event, Event::Moved { .. }))
        .collect();
    let expected = [
        Event::Allocated {
            handle: a,
            bytes: 10,
        },
        Event::Allocated {
            handle: b,
            bytes: 100,
        },
        Event::Resized {
            handle: a,
            bytes: 20,
        },
        Event::Shrunk {
            handle: b,
            start: 11,
            bytes: 49,
        },
        Event::Allocated { handle: all, bytes },
        Event::Freed { handle: all },
    ];
    assert_eq!(events[..6], expected);
    assert!(matches!(
        events[6..],
        [Event::Allocated { .. }, Event::Freed { .. }, Event::Freed { handle }] if handle == a
    ));
}

fn offset<L: Layout, C: Check>(heap: &Checked<'_, L, C>, handle: Handle<L>) -> usize {
    let seen = heap.seen();
    let block = seen.iter().find(|block| block.handle == Some(handle));
    block.expect("listed block").offset
}

fn moves_are_observed_with_the_offsets_of_the_blocks<L: Layout, C: Check>() {
    let mut memory = Memory::new(4096);
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(6);
    let handles = [
        heap.granules(3),
        heap.filled(Request::new(30).owner(1_u32)),
        heap.filled(Request::new(30).align(64)),
        heap.granules(9),
    ];
    let before = handles.map(|handle| offset(&heap, handle));
    heap.free(front).expect("live block");
    let mut owner = Recorder::default();
    heap.with(&mut owner, |with| with.compact())
        .expect("compaction");
    let after = handles.map(|handle| offset(&heap, handle));
    let moved: Vec<_> = (0..4)
        .filter(|&which| before[which] != after[which])
        .map(|which| Event::Moved {
            handle: handles[which],
            from: before[which],
            to: after[which],
        })
        .collect();
    assert!(moved.len() >= 2);
    assert_eq!(owner.events(), moved);
    heap.expect_filled(handles);
}

fn refused_moves_are_observed<L: Layout, C: Check>() {
    let mut memory = Memory::new(2048);
    let mut heap = memory.checked::<L, C>();
    let front = heap.granules(6);
    let still = heap.filled(Request::new(30).owner(1_u32));
    heap.free(front).expect("live block");
    let mut owner = Recorder::refusing([still]);
    heap.with(&mut owner, |with| with.compact())
        .expect("compaction");
    assert_eq!(owner.events(), [Event::MoveRefused { handle: still }]);
}

fn requests_to_shrink_are_observed_with_their_answer<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let handles = [1, 2].map(|tag| {
        let request = Request::new(owned_payload::<L>(10)).shrinkable(tag as u32);
        heap.filled(request)
    });
    let vacant = heap.granules(10);
    heap.free(vacant).expect("live block");
    let mut owner = Recorder::new(|heap, wish| match wish.tag {
        1 => Answer::Refuse,
        // What is done in here is not observed.
        _ => heap
            .free(wish.handle)
            .map_or(Answer::Refuse, |()| Answer::Agree),
    });
    let new = heap
        .with(&mut owner, |with| with.alloc(payload::<L>(20)))
        .expect("room");
    let bytes = 10 * L::GRANULE_BYTES;
    let asked = |which: usize, answer| Event::ShrinkAsked {
        handle: handles[which],
        bytes,
        answer,
    };
    let wished: Vec<_> = owner.wishes().iter().map(|wish| wish.bytes).collect();
    assert_eq!(wished, [bytes; 2]);
    let expected = [
        asked(0, Answer::Refuse),
        asked(1, Answer::Agree),
        Event::Allocated {
            handle: new,
            bytes: payload::<L>(20),
        },
    ];
    assert_eq!(owner.events(), expected);
}

fn failures_are_observed_with_their_error<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let stale = heap.granules(3);
    heap.free(stale).expect("live block");
    let live = heap.filled(Request::new(10));
    heap.pin(live).expect("room");
    let mut owner = Recorder::default();
    let mut errors: Vec<Error> = Vec::new();
    heap.with(&mut owner, |with| {
        errors.extend(with.alloc(5000).err());
        errors.extend(with.alloc_with(Request::new(1).align(3)).err());
        errors.extend(with.alloc_maximum_with(Request::new(1).align(3)).err());
        errors.extend(with.free(stale).err());
        errors.extend(with.free(live).err());
        errors.extend(with.resize(live, 5000).err());
        errors.extend(with.resize(stale, 1).err());
        errors.extend(with.shrink(live, 5..11).err());
    });
    assert_eq!(errors.len(), 8);
    let expected: Vec<_> = errors
        .into_iter()
        .map(|error| Event::Failed { error })
        .collect();
    assert_eq!(owner.events(), expected);
}

fn nothing_is_observed_of_what_is_done_without_the_owner<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let mut owner = Recorder::default();
    heap.with(&mut owner, |with| {
        let handle = with.heap().alloc(10).expect("room");
        with.heap().resize(handle, 20).expect("room");
        with.heap().free(handle).expect("live block");
        assert_eq!(with.owner().heard, []);
    });
    heap.granules(3);
    assert_eq!(owner.heard, []);
}

fn figures_agree_with_what_was_observed<L: Layout, C: Check>() {
    let mut memory = Memory::new(3000);
    let mut heap = memory.checked::<L, C>();
    let mut random = fastrand::Rng::with_seed(11);
    let mut owner = Recorder::new(|heap, wish| match wish.bytes % 3 {
        0 => Answer::Refuse,
        _ => heap
            .shrink(wish.handle, 0..wish.len / 2)
            .map_or(Answer::Refuse, |()| Answer::Agree),
    });
    let mut live = Vec::new();
    for _ in 0..if cfg!(miri) { 20 } else { 600 } {
        let size = random.usize(..300);
        let request = Request::new(size);
        let request = match random.u8(..3) {
            0 => request,
            1 => request.owner(1_u32),
            _ => request.shrinkable(2_u32),
        };
        heap.with(&mut owner, |with| match with.alloc_with(request) {
            Ok(handle) => live.push(handle),
            Err(_) if live.is_empty() => {}
            Err(_) => {
                let handle = live.swap_remove(random.usize(..live.len()));
                if random.bool() {
                    with.owner().still.insert(handle);
                }
                with.free(handle).expect("live block");
            }
        });
        owner.still.extend(live.first());
    }
    owner.expect_pairs();
    let count = |is: fn(&Event<L>) -> bool| owner.events().iter().filter(|event| is(event)).count();
    let stats = heap.stats();
    let moved = count(|event| matches!(event, Event::Moved { .. }));
    let refused = count(|event| matches!(event, Event::MoveRefused { .. }));
    let unshrunk = |event: &Event<L>| {
        matches!(
            event,
            Event::ShrinkAsked {
                answer: Answer::Refuse,
                ..
            }
        )
    };
    assert_eq!((stats.moves, stats.refused_moves), (moved, refused));
    assert_eq!(stats.refused_shrinks, count(unshrunk));
    let allocated = count(|event| matches!(event, Event::Allocated { .. }));
    let freed = count(|event| matches!(event, Event::Freed { .. }));
    assert_eq!(stats.live, allocated - freed);
    assert!(cfg!(miri) || (moved > 50 && refused > 5 && freed > 20));
}
