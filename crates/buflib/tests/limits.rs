//! The limits of each layout: numbers of handles, arenas, and how they are said to be reached.

mod common;

#[cfg(target_pointer_width = "64")]
use buflib::Wide;
use buflib::{Error, Heap, Layout, Narrow, Standard, Unchecked};
use common::{arena_bytes, block_bytes, entry_bytes};

/// Optimised or not, tests are built so that a sum that overflows is found.
#[test]
fn overflow_is_found() {
    let most = std::hint::black_box(usize::MAX);
    let sum = std::panic::catch_unwind(|| most + std::hint::black_box(1));
    assert!(
        sum.is_err(),
        "with optimisation: cargo test --profile trial"
    );
}

#[test]
fn limits_are_as_documented() {
    assert_eq!(
        (Narrow::MAX_HANDLES, Standard::MAX_HANDLES),
        (32_763, 4_194_303)
    );
    fn arena<L: Layout>() -> usize {
        L::MAX_ARENA_BYTES
    }
    assert!(arena::<Narrow>() >= 256 << 10);
    assert!(arena::<Standard>() >= 1 << 30);
    // No buffer is larger.
    #[cfg(target_pointer_width = "32")]
    assert!(arena::<buflib::Wide>() >= isize::MAX as usize);
    #[cfg(target_pointer_width = "64")]
    {
        assert!(arena::<Wide>() >= 1 << 52);
        assert_eq!(Wide::MAX_HANDLES, (1 << 40) - 1);
    }
}

/// 32,767 empty blocks would take 384 KiB, so the arena of the narrow layout is always full before
/// its table is: what is reached is as many blocks as its arena has room for.
#[test]
#[cfg_attr(miri, ignore = "slow")]
fn narrow_arena_is_full_before_its_handles_are_used_up() {
    let cost = block_bytes::<Narrow>(0) + entry_bytes::<Narrow, Unchecked>();
    let arena = Narrow::MAX_ARENA_BYTES;
    let most = (arena - Narrow::HEADER_BYTES) / cost;
    assert!(most < Narrow::MAX_HANDLES);

    let mut memory = vec![0; arena];
    let mut heap = Heap::<Narrow>::from_bytes(&mut memory).expect("a heap");
    let error = loop {
        if let Err(error) = heap.alloc(0) {
            break error;
        }
    };
    assert!(
        matches!(error, Error::Exhausted { requested: 0, .. }),
        "{error}"
    );
    // The start may have had to be aligned.
    assert!(
        (most - 1..=most).contains(&heap.stats().live),
        "{} blocks instead of {most}",
        heap.stats().live
    );
    heap.check().expect("sound metadata");
}

/// The table of the standard layout is full before an arena of 64 MiB is.
#[test]
#[cfg_attr(miri, ignore = "slow")]
fn standard_table_is_full_after_4_194_303_handles() {
    let limit = Standard::MAX_HANDLES;
    let room = arena_bytes::<Standard, Unchecked>(limit, limit) + (1 << 20);
    let mut memory = vec![0; room];
    let mut heap = Heap::<Standard>::from_bytes(&mut memory).expect("a heap");
    for number in 1..=limit {
        assert_eq!(heap.alloc(0).map(|handle| handle.number()), Ok(number));
    }
    assert!(heap.available() > 1000);
    let before = heap.stats();
    assert_eq!(heap.alloc(0), Err(Error::HandlesExhausted { limit }));
    assert_eq!(heap.alloc_maximum(), Err(Error::HandlesExhausted { limit }));
    assert_eq!(heap.allocatable(), Ok(None));
    assert_eq!(heap.stats(), before);
    heap.check().expect("sound metadata");

    // What is there goes on working, and a number that was freed is given out again.
    let handle = heap
        .blocks()
        .nth(1000)
        .and_then(|block| block.ok()?.handle)
        .expect("a block");
    heap.resize(handle, 100).expect("room");
    heap.free(handle).expect("live block");
    assert_eq!(
        heap.alloc(500).map(|again| again.number()),
        Ok(handle.number())
    );
    assert_eq!(heap.alloc(0), Err(Error::HandlesExhausted { limit }));
}

/// Offsets of more than 32 bits. Memory is reserved, and touched at a few places only; where there is
/// not enough to reserve, there is nothing to test.
#[test]
#[cfg(all(target_pointer_width = "64", not(miri)))]
fn wide_heap_of_8_gib_uses_all_of_it() {
    use buflib::Crc32;
    const LEN: usize = 8 << 30;
    // A larger alignment would have the bytes zeroed, and so touched, one by one.
    let pages = std::alloc::Layout::from_size_align(LEN, 16).expect("a layout");
    // SAFETY: the size is not zero.
    let start = unsafe { std::alloc::alloc_zeroed(pages) };
    if start.is_null() {
        eprintln!("no 8 GiB to be had");
        return;
    }
    // SAFETY: so many bytes were just allocated, zeroed, and belong to nobody else.
    let memory = unsafe { std::slice::from_raw_parts_mut(start, LEN) };
    let mut heap = Heap::<Wide, Crc32>::from_bytes(memory).expect("a heap of 8 GiB");
    let most = heap.allocatable().expect("allocatable").expect("room");
    assert!(most + 64 > LEN, "{most} of {LEN}");

    let large = heap.alloc(5 << 30).expect("room");
    let handles = [100, 2 << 30, 200].map(|size| heap.alloc(size).expect("room"));
    for handle in [handles[0], handles[2]] {
        heap.get_mut(handle)
            .expect("new block")
            .fill(handle.number() as u8);
    }
    let far = |heap: &Heap<'_, Wide, Crc32>, handle| {
        heap.get(handle)
            .map(|bytes| bytes.as_ptr().addr() - start.addr())
    };
    assert!(far(&heap, handles[0]).is_ok_and(|offset| offset > 5 << 30));
    assert!(far(&heap, handles[2]).is_ok_and(|offset| offset > 7 << 30));
    heap.check().expect("sound metadata");

    // Everything comes down by more than 4 GiB; the large block in between is not in the way.
    heap.free(large).expect("live block");
    heap.free(handles[1]).expect("live block");
    assert_eq!(heap.compact().expect("compaction").moves, 2);
    heap.check().expect("sound metadata");
    for handle in [handles[0], handles[2]] {
        assert!(far(&heap, handle).is_ok_and(|offset| offset < 4096));
        assert!(
            heap.get(handle)
                .expect("live block")
                .iter()
                .all(|&byte| byte == handle.number() as u8)
        );
    }
    // SAFETY: allocated above with this layout, and the heap is used no more.
    unsafe { std::alloc::dealloc(start, pages) };
}

/// More blocks than other layouts can number. Takes 400 MB and too long without optimisation.
#[test]
#[cfg(target_pointer_width = "64")]
#[cfg_attr(any(debug_assertions, miri), ignore = "slow without optimisation")]
fn wide_heap_holds_16_million_blocks() {
    const BLOCKS: usize = 16 << 20;
    let mut memory = vec![0; arena_bytes::<Wide, Unchecked>(BLOCKS, BLOCKS) + 64];
    let mut heap = Heap::<Wide>::from_bytes(&mut memory).expect("a heap");
    for number in 1..=BLOCKS {
        assert_eq!(heap.alloc(0).map(|handle| handle.number()), Ok(number));
    }
    heap.check().expect("sound metadata");
    assert_eq!(heap.stats().live, BLOCKS);
}
