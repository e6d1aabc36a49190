//! B9: images that other machines have written. The files in `snapshots` were written by this very program, by
//! `cargo test --package buflib --test b09_snapshots_elsewhere -- --ignored` on each kind of machine
//! (`tools/everywhere.sh` runs it on all of them with `IMAGES=write`).
//!
//! All of it is about files, which an interpreter keeps programs from.

#![cfg(not(miri))]

#[macro_use]
mod common;

use std::any::type_name;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use buflib::{
    AttachError, Check, Crc32, Handle, Heap, Layout, Narrow, Ordered, Request, Small, Standard,
    Unchecked, Wide,
};
use common::{Checked, Memory, pattern};

on_every_heap!(
    image_is_the_same_on_every_machine_of_the_same_byte_order,
    image_of_another_machine_attaches_and_goes_on,
    image_of_another_byte_order_is_refused_and_says_so,
);

/// What machines differ in.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Machine {
    order: &'static str,
    bits: u32,
}

const EVERY: [Machine; 4] = [
    machine("little", 32),
    machine("little", 64),
    machine("big", 32),
    machine("big", 64),
];

const THIS: Machine = machine(
    if cfg!(target_endian = "little") {
        "little"
    } else {
        "big"
    },
    usize::BITS,
);

const fn machine(order: &'static str, bits: u32) -> Machine {
    Machine { order, bits }
}

impl Machine {
    /// Where the image of a kind of heap is that such a machine has written.
    fn path<L: Layout, C: Check>(self) -> PathBuf {
        let name = |full: &str| full.rsplit(':').next().unwrap_or_default().to_lowercase();
        let (layout, check) = (name(type_name::<L>()), name(type_name::<C>()));
        let Self { order, bits } = self;
        [env!("CARGO_MANIFEST_DIR"), "tests", "snapshots"]
            .iter()
            .collect::<PathBuf>()
            .join(format!("{order}-{bits}"))
            .join(format!("{layout}-{check}.image"))
    }

    /// The image in memory that starts at a page.
    fn image<L: Layout, C: Check>(self) -> Memory {
        let path = self.path::<L, C>();
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut image = Memory::new(bytes.len());
        image.bytes().copy_from_slice(&bytes);
        image
    }
}

/// A block of the image: its length, name, owner's tag, alignment, and whether it may never move.
type Shape = (usize, &'static str, Option<u32>, usize, bool);

const SHAPES: [Shape; 13] = [
    (0, "", None, 1, false),
    (33, "", None, 1, false),
    (5, "x", None, 1, false),
    (24, "", None, 1, false),
    (17, "", Some(0x0102_0304), 1, false),
    (40, "more than a granule", Some(7), 1, false),
    (90, "", None, 1, false),
    (20, "", None, 64, false),
    (13, "", None, 1, true),
    (60, "", None, 1, false),
    (36, "", None, 1, false),
    (0, "", None, 1, false),
    (48, "", None, 1, false),
];
/// Which of them are freed, first some that are merged and then some that rest.
const FREED: [usize; 3] = [3, 6, 1];
const RESTING: usize = 11;
const PINNED: usize = 9;
/// What is left of the block that is cut at the front.
const CUT: (usize, Range<usize>) = (10, 11..35);

fn request((len, name, tag, align, immovable): Shape) -> Request<'static> {
    let request = Request::new(len).name(name).align(align);
    let request = match tag {
        Some(tag) => request.shrinkable(tag),
        None => request,
    };
    if immovable {
        request.immovable()
    } else {
        request
    }
}

/// Blocks and free space of all kinds, the numbers of those that were freed among them.
fn fill<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>) -> Vec<Handle<L>> {
    let handles: Vec<_> = SHAPES.map(|shape| heap.filled(request(shape))).into();
    heap.shrink(handles[CUT.0], CUT.1).expect("to shrink");
    for _ in 0..2 {
        heap.pin(handles[PINNED]).expect("a pin");
    }
    for freed in FREED {
        heap.free(handles[freed]).expect("live block");
    }
    heap.compact().expect("compaction");
    heap.free(handles[RESTING]).expect("live block");
    handles
}

/// Everything that can be seen of the blocks is what it was made to be.
fn expect_all<L: Layout, C: Check>(heap: &Heap<'_, L, C>, handles: &[Handle<L>]) {
    for (at, (&handle, &(len, name, tag, align, immovable))) in
        handles.iter().zip(&SHAPES).enumerate()
    {
        if at == RESTING || FREED.contains(&at) {
            assert!(heap.get(handle).is_err(), "{handle} was freed");
            continue;
        }
        let kept = if at == CUT.0 { CUT.1 } else { 0..len };
        let bytes: Vec<_> = pattern(handle).take(kept.end).skip(kept.start).collect();
        let found = heap.get(handle).expect("live block");
        assert_eq!(found, bytes, "{handle}");
        assert_eq!(found.as_ptr().addr() % align, 0, "{handle}");
        assert_eq!(
            heap.name(handle),
            Ok(Some(name).filter(|name| !name.is_empty()))
        );
        assert_eq!(heap.tag::<u32>(handle), Ok(tag));
        assert_eq!(heap.pin_count(handle), Ok(if at == PINNED { 2 } else { 0 }));
        let mut blocks = heap.blocks().map(|block| block.expect("sound metadata"));
        let block = blocks
            .find(|block| block.handle == Some(handle))
            .expect("live block");
        assert_eq!(block.immovable, immovable || at == PINNED, "{handle}");
    }
    assert_eq!(heap.stats().live, SHAPES.len() - FREED.len() - 1);
}

/// The image that this machine writes, and the handles of what is in it.
fn written<L: Layout, C: Check>() -> (Memory, Vec<Handle<L>>) {
    let mut memory = Memory::new(1600);
    let mut heap = memory.checked::<L, C>();
    let handles = fill(&mut heap);
    expect_all(&heap, &handles);
    // Little is free in a small image.
    heap.run(|heap| heap.give_end(usize::MAX).map(drop))
        .expect("sound");
    let mut image = Memory::new(heap.image_bytes());
    heap.save_into(image.bytes()).expect("room");
    (image, handles)
}

fn image_is_the_same_on_every_machine_of_the_same_byte_order<L: Layout, C: Check>() {
    let (mut here, _) = written::<L, C>();
    for machine in EVERY {
        let mut there = machine.image::<L, C>();
        let same = there.bytes() == here.bytes();
        assert_eq!(same, machine.order == THIS.order, "{machine:?}");
    }
}

fn image_of_another_machine_attaches_and_goes_on<L: Layout, C: Check>() {
    // What is in all of them; that handles are the same is a part of it.
    let (_, handles) = written::<L, C>();
    for machine in EVERY
        .into_iter()
        .filter(|machine| machine.order == THIS.order)
    {
        let mut image = machine.image::<L, C>();
        let mut heap = match Heap::<L, C>::attach(image.bytes()) {
            Ok(heap) => Checked::of(heap),
            Err(error) => panic!("{machine:?}: {error}"),
        };
        expect_all(&heap, &handles);
        heap.compact().expect("compaction");
        expect_all(&heap, &handles);
        go_on(&mut heap, &handles);

        // The same in more memory.
        let mut memory = Memory::new(4096);
        let mut image = machine.image::<L, C>();
        let mut heap = Heap::<L, C>::attach(image.bytes()).expect("as before");
        for at in [PINNED, PINNED] {
            heap.unpin(handles[at]).expect("a pin");
        }
        heap.free(handles[8]).expect("live block");
        let mut heap = Checked::of(heap.copy_to_bytes(memory.bytes()).expect("room"));
        go_on(&mut heap, &handles);
        let new = heap.filled(Request::new(2000));
        heap.expect_filled([new]);
    }
}

/// Blocks change their size, go and come.
fn go_on<L: Layout, C: Check>(heap: &mut Checked<'_, L, C>, handles: &[Handle<L>]) {
    heap.free(handles[5]).expect("live block");
    heap.resize(handles[12], 20).expect("to shrink");
    heap.expect_front(handles[12], 20);
    let free = heap.allocatable().expect("sound").expect("room");
    let new = heap.filled(Request::new(free));
    heap.expect_filled([handles[0], handles[2], handles[4], handles[7], new]);
    heap.free(new).expect("live block");
}

fn image_of_another_byte_order_is_refused_and_says_so<L: Layout, C: Check>() {
    for machine in EVERY
        .into_iter()
        .filter(|machine| machine.order != THIS.order)
    {
        let mut image = machine.image::<L, C>();
        let before = image.bytes().to_vec();
        let error = Heap::<L, C>::attach(image.bytes())
            .map(drop)
            .expect_err("another byte order");
        assert_eq!(error, AttachError::ByteOrder);
        assert!(error.to_string().contains("byte order"), "{error}");
        assert_eq!(image.bytes(), before, "unchanged");
    }
}

fn write<L: Layout, C: Check>() {
    let path = THIS.path::<L, C>();
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, written::<L, C>().0.bytes()).expect("a file");
}

#[test]
#[ignore = "writes the images of this kind of machine"]
fn write_images() {
    write::<Narrow, Unchecked>();
    write::<Narrow, Crc32>();
    write::<Standard, Unchecked>();
    write::<Standard, Crc32>();
    write::<Ordered, Unchecked>();
    write::<Small, Crc32>();
    write::<Wide, Unchecked>();
    write::<Wide, Crc32>();
}
