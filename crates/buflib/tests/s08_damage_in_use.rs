//! S8: a heap with check words goes on being used after a bit of any header was flipped. Before a block in use suffers, an
//! operation must have reported damage: also where free blocks, which have no check word, are concerned, and where a
//! block in use seems to be free.

mod common;

use buflib::{
    Budget, Crc32, Error, Handle, Heap, Layout, Narrow, Ordered, Request, Standard, Wide,
};
use common::{Checked, Memory, flip, pattern, payload};

/// Blocks in use, the first of which is not damaged, and between them free ones that rest, that are cached, and that are merged.
fn mixed<L: Layout>(memory: &mut Memory) -> (Checked<'_, L, Crc32>, Vec<Handle<L>>) {
    let mut heap = memory.checked::<L, Crc32>();
    // Each with another padding, which is where free blocks have their kind.
    let granules = [2, 9, 3, 20, 5, 2, 3, 4, 2, 60, 5, 3, 2, 3, 4, 3, 3, 3];
    let sizes = granules
        .iter()
        .zip(0..)
        .map(|(&granules, pad)| payload::<L>(granules) - pad % 8);
    let mut handles: Vec<_> = sizes.map(|size| heap.filled(Request::new(size))).collect();
    handles.push(heap.filled(Request::new(5).immovable()));
    handles.push(heap.granules(4));
    for which in [9, 3, 1] {
        let freed = handles.remove(which);
        heap.free(freed).expect("live block");
    }
    heap.run(|heap| {
        heap.compact_step(Budget {
            bytes: 0,
            blocks: 6,
        })
    })
    .expect("sound metadata");
    for which in [11, 9, 6, 3] {
        let freed = handles.remove(which);
        heap.free(freed).expect("live block");
    }
    (heap, handles)
}

/// Which of the operations frees a block.
const FREES: usize = 2;

type Operation<L> = fn(&mut Heap<'_, L, Crc32>, &[Handle<L>]) -> Result<(), Error>;

/// What a program does next, an operation a call.
fn operations<L: Layout>() -> Vec<Operation<L>> {
    vec![
        |heap, _| heap.alloc(payload::<L>(3)).map(drop),
        |heap, handles| heap.resize(handles[2], payload::<L>(12)),
        |heap, handles| heap.free(handles[4]),
        |heap, _| heap.alloc(payload::<L>(4)).map(drop),
        |heap, _| heap.alloc(payload::<L>(1)).map(drop),
        |heap, _| {
            let budget = Budget {
                bytes: 100,
                blocks: 5,
            };
            heap.compact_step(budget).map(drop)
        },
        |heap, _| heap.alloc(payload::<L>(15)).map(drop),
        |heap, handles| heap.resize(handles[3], payload::<L>(6)),
        |heap, _| {
            let budget = Budget {
                bytes: 10_000,
                blocks: 100,
            };
            heap.compact_step(budget).map(drop)
        },
        |heap, _| heap.compact().map(drop),
    ]
}

/// Goes through the operations from the one numbered `first`, until one reports damage. What was not reported must have
/// done no harm: blocks are where their handles lead, and the one that is damaged where it was.
fn goes_on<L: Layout>(at: usize, bit: u32, first: usize) {
    let mut memory = Memory::new(3000);
    let (mut heap, handles) = mixed::<L>(&mut memory);
    let places = handles
        .iter()
        .map(|&handle| (handle, heap.address(handle), length(&heap, handle)));
    let mut places: Vec<_> = places.collect();
    heap.run_damaged(|heap| flip(heap, handles[0], 0, at, 1 << bit));
    let operations = operations::<L>();
    for nth in 0..operations.len() {
        let which = (first + nth) % operations.len();
        let result = heap.run_damaged(|heap| operations[which](heap, &handles));
        match result {
            Ok(()) if which == FREES => places.retain(|&(handle, ..)| handle != handles[4]),
            Ok(()) | Err(Error::Exhausted { .. }) => {}
            Err(_) => return,
        }
        for &(handle, address, len) in &places {
            if heap.get(handle).is_ok() {
                heap.expect_front(handle, len.min(length(&heap, handle)));
            } else {
                let bytes = bytes_at(&mut heap, handles[0], address, len);
                assert!(
                    bytes.into_iter().eq(pattern(handle).take(len)),
                    "contents of {handle}"
                );
            }
        }
    }
}

fn length<L: Layout>(heap: &Checked<'_, L, Crc32>, handle: Handle<L>) -> usize {
    heap.get(handle).expect("live block").len()
}

/// What is in the arena, wherever blocks are.
fn bytes_at<L: Layout>(
    heap: &mut Checked<'_, L, Crc32>,
    anchor: Handle<L>,
    address: usize,
    len: usize,
) -> Vec<u8> {
    heap.run_damaged(|heap| {
        let payload = heap.get_mut(anchor).expect("the first block").as_mut_ptr();
        let distance = address.wrapping_sub(payload.addr()) as isize;
        // SAFETY: bytes of the arena, which is one buffer, and nobody uses the heap meanwhile.
        unsafe { std::slice::from_raw_parts(payload.offset(distance), len) }.to_vec()
    })
}

fn every_header<L: Layout>() {
    let mut memory = Memory::new(3000);
    let (heap, handles) = mixed::<L>(&mut memory);
    let blocks = heap.seen();
    assert!(handles.len() > 7 && blocks.iter().filter(|block| block.handle.is_none()).count() > 5);
    drop(heap);
    for block in &blocks[1..] {
        for at in block.offset..block.offset + L::HEADER_BYTES {
            for bit in 0..8 {
                for first in (0..operations::<L>().len()).step_by(3) {
                    goes_on::<L>(at, bit, first);
                }
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "needs Tree Borrows")]
fn no_bit_of_a_header_harms_a_block_in_use_unreported() {
    every_header::<Narrow>();
    every_header::<Standard>();
    every_header::<Ordered>();
    every_header::<Wide>();
}
