//! Attaching to any bytes and, if that goes well, using them.

use std::sync::OnceLock;

use buflib::{Check, Heap, Layout, Request};

use super::super::common::world::{What, run_attached};
use super::super::common::{Memory, RECORD, seal};
use super::input::{Input, on_heap};

/// Attaches to what the bytes stand for: an image, raw or a right one with changes, and a program.
pub(crate) fn attach(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (heap, how) = (input.byte(), input.byte());
    let mut ops: Vec<_> = (0..how & 7).map(|_| input.op()).collect();
    for op in &mut ops {
        // Who answers for the blocks, and whether one is immovable without its pins, is not known.
        op.owned = false;
        if op.what == What::Unpin {
            op.what = What::Look;
        }
    }
    let mut image = if how & 8 == 0 {
        input.0.to_vec()
    } else {
        let mut image = on_heap!(heap, right()).to_vec();
        patch(&mut image, &mut input);
        image
    };
    if how & 16 == 0 && image.len() >= RECORD {
        seal(&mut image);
    }
    let skew = usize::from(how >> 5) * 8 % 64;
    on_heap!(heap, run_attached(&image, skew, &ops));
}

/// Changes bytes and whole words.
fn patch(image: &mut [u8], input: &mut Input<'_>) {
    while !input.0.is_empty() {
        let (at, kind) = (usize::from(input.word()) % image.len(), input.byte());
        match kind & 3 {
            0 => image[at] ^= 1 << (kind >> 5),
            1 => image[at] = input.byte(),
            2 => image[at] = image[at].wrapping_add(kind >> 2),
            _ => {
                let from = usize::from(input.word()) % image.len();
                let len = usize::from(kind >> 2 & 15).min(image.len() - at.max(from));
                image.copy_within(from..from + len, at);
            }
        }
    }
}

/// The image of a heap with blocks of all kinds, made once for each name of a layout, with and without check words.
fn right<L: Layout, C: Check>() -> &'static [u8] {
    const NAMES: [&str; 3] = ["narrow", "standard", "wide"];
    static IMAGES: [[OnceLock<Vec<u8>>; 2]; NAMES.len()] =
        [const { [const { OnceLock::new() }; 2] }; NAMES.len()];
    let name = NAMES.iter().position(|name| *name == L::NAME);
    let images = &IMAGES[name.expect("a layout")];
    images[usize::from(C::ENABLED)].get_or_init(|| image::<L, C>().expect("room"))
}

fn image<L: Layout, C: Check>() -> Result<Vec<u8>, buflib::Error> {
    let mut memory = Memory::new(900);
    let mut heap: Heap<'_, L, C> = memory.heap();
    let requests = [
        Request::new(10),
        Request::new(30).name("named"),
        Request::new(0),
        Request::new(20).immovable(),
        Request::new(70),
        Request::new(5).owner(7_u32),
        Request::new(16).align(32),
        Request::new(40).shrinkable(8_u32).name("s"),
        Request::new(9),
    ];
    let mut handles = Vec::new();
    for request in requests {
        handles.push(heap.alloc_with(request)?);
    }
    for &handle in &handles {
        heap.get_mut(handle)?.fill(handle.number() as u8);
    }
    heap.free(handles[2])?;
    heap.free(handles[4])?;
    heap.pin(handles[8])?.keep();
    heap.shrink(handles[7], 3..30)?;
    let mut image = vec![0; heap.image_bytes()];
    heap.save_into(&mut image).expect("room");
    Ok(image)
}
