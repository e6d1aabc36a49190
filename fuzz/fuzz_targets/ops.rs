//! Programs of operations on a heap beside its model, on each layout, with and without check words.
#![no_main]

use arbitrary::{Result, Unstructured};
use buflib::{Check, Crc32, Layout, Narrow, Standard, Unchecked, Wide};
use libfuzzer_sys::fuzz_target;

#[allow(dead_code, unused_imports, unused_macros)]
#[path = "../../crates/buflib/tests/common/mod.rs"]
mod common;

use common::{Memory, Model, Op};

fuzz_target!(|bytes: &[u8]| {
    let _ = program(&mut Unstructured::new(bytes));
});

fn program(bytes: &mut Unstructured<'_>) -> Result<()> {
    let len = bytes.int_in_range(200..=6000)?;
    let skew = bytes.int_in_range(0..=63)?;
    let kind = bytes.int_in_range(0..=5u8)?;
    let mut ops = Vec::new();
    while !bytes.is_empty() && ops.len() < 200 {
        ops.push(op(bytes)?);
    }
    match kind {
        0 => run::<Standard, Unchecked>(len, skew, ops),
        1 => run::<Standard, Crc32>(len, skew, ops),
        2 => run::<Narrow, Unchecked>(len, skew, ops),
        3 => run::<Narrow, Crc32>(len, skew, ops),
        4 => run::<Wide, Unchecked>(len, skew, ops),
        _ => run::<Wide, Crc32>(len, skew, ops),
    }
    Ok(())
}

fn run<L: Layout, C: Check>(len: usize, skew: usize, ops: Vec<Op>) {
    let mut memory = Memory::skewed(len, skew);
    Model::<L, C>::new(memory.heap()).run(ops);
}

fn op(bytes: &mut Unstructured<'_>) -> Result<Op> {
    Ok(match bytes.int_in_range(0..=15u8)? {
        0..=4 => Op::Alloc {
            size: size(bytes)?,
            align_log2: 0,
            immovable: false,
            named: false,
        },
        5 | 6 => Op::Alloc {
            size: size(bytes)?,
            align_log2: bytes.int_in_range(0..=8)?,
            immovable: bytes.arbitrary()?,
            named: bytes.arbitrary()?,
        },
        7..=10 => Op::Free(bytes.arbitrary::<u8>()?.into()),
        11 => Op::Resize(bytes.arbitrary::<u8>()?.into(), size(bytes)?),
        12 => Op::Grow(
            bytes.arbitrary::<u8>()?.into(),
            bytes.arbitrary::<i8>()?.into(),
        ),
        13 => Op::Step(bytes.arbitrary::<u16>()?.into(), bytes.int_in_range(0..=12)?),
        14 if bytes.ratio(1, 2)? => Op::Maximum,
        14 => Op::Compact,
        _ => Op::Stale,
    })
}

fn size(bytes: &mut Unstructured<'_>) -> Result<usize> {
    Ok(match bytes.int_in_range(0..=9u8)? {
        0..=5 => bytes.int_in_range(0..=63)?,
        6..=8 => bytes.int_in_range(0..=400)?,
        _ => bytes.int_in_range(0..=4000)?,
    })
}
