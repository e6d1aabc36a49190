//! The parser of traces on any bytes, beside one that is written for nothing but to be right.

use std::collections::HashMap;
use std::path::Path;

use super::read::from_bytes;
use super::{Event, Op, Program, TraceError, parse::HEADER};

/// Reads what the bytes stand for: a compressed file, a plain one, or one behind a header.
pub(crate) fn trace(bytes: &[u8]) {
    let Some((&how, bytes)) = bytes.split_first() else {
        return;
    };
    let text = match how % 4 {
        0 => {
            let stream = from_bytes(bytes.to_vec(), Path::new("any.trace.zst"));
            return assert!(stream.map_or_else(|error| !error.to_string().is_empty(), |_| true));
        }
        1 => bytes.to_vec(),
        _ => [HEADER.as_bytes(), b"\n", bytes].concat(),
    };
    match (
        from_bytes(text.clone(), Path::new("any.trace")),
        expected(&text),
    ) {
        (Ok(program), Ok(expected)) => compare(&program, &expected),
        (Err(TraceError::Line { line, .. }), Err(expected)) => assert_eq!(line, expected),
        (found, _) => panic!("{found:?}"),
    }
}

/// An event, the size of its block before and after, and its alignment.
type Known = (Op, u64, u32, u32, u32);

/// What the text says, or the number of the first line that is wrong.
fn expected(text: &[u8]) -> Result<Vec<Known>, u32> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let mut known = Vec::new();
    // None for a block that was freed.
    let mut blocks: HashMap<u64, Option<(u32, u32)>> = HashMap::new();
    for (line, number) in text.split(|&byte| byte == b'\n').zip(1_u32..) {
        if number == 1 {
            let header = line.trim_ascii_end() == HEADER.as_bytes();
            if !header {
                return Err(1);
            }
        } else if line.first() != Some(&b'#') {
            known.push(event(line, &mut blocks).ok_or(number)?);
        }
    }
    Ok(known)
}

fn event(line: &[u8], blocks: &mut HashMap<u64, Option<(u32, u32)>>) -> Option<Known> {
    let fields: Vec<_> = line
        .split(u8::is_ascii_whitespace)
        .filter(|field| !field.is_empty())
        .collect();
    let number = |field: &[u8]| -> Option<u64> {
        let digits = field.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(field)
            .ok()?
            .parse()
            .ok()
            .filter(|_| digits)
    };
    let small = |field| u32::try_from(number(field)?).ok();
    match *fields {
        [b"a", id, size, ref align @ ..] => {
            let (id, size) = (number(id)?, small(size)?);
            let align = match *align {
                [] => 8,
                [align] => small(align)?,
                _ => return None,
            };
            let new = !blocks.contains_key(&id) && align.is_power_of_two();
            blocks.insert(id, Some((size, align)));
            new.then_some((Op::Alloc, id, 0, size, align))
        }
        [b"r", id, size] => {
            let (id, size) = (number(id)?, small(size)?);
            let block = blocks.get_mut(&id)?.as_mut()?;
            let old = std::mem::replace(&mut block.0, size);
            Some((Op::Resize, id, old, size, block.1))
        }
        [b"f", id] => {
            let id = number(id)?;
            let (old, align) = blocks.get_mut(&id)?.take()?;
            Some((Op::Free, id, old, 0, align))
        }
        _ => None,
    }
}

/// The events are those, no two live blocks share a slot, and the peaks are the largest sums.
fn compare(program: &Program, expected: &[Known]) {
    let found: Vec<_> = program.events().iter().map(seen).collect();
    let events = expected
        .iter()
        .map(|&(op, _, old, size, align)| (op, old as usize, size as usize, align as usize));
    assert_eq!(found, events.collect::<Vec<_>>());
    let mut slots: HashMap<u64, usize> = HashMap::new();
    let mut sizes: HashMap<u64, u32> = HashMap::new();
    let (mut peak, mut blocks_at_peak, mut most) = (0, 0, 0);
    for (event, &(op, id, _, size, _)) in program.events().iter().zip(expected) {
        assert!(event.slot() < program.slots());
        match op {
            Op::Alloc => {
                assert!(
                    slots.values().all(|&slot| slot != event.slot()),
                    "a slot twice"
                );
                slots.insert(id, event.slot());
            }
            Op::Resize => assert_eq!(slots.get(&id), Some(&event.slot())),
            Op::Free => assert_eq!(slots.remove(&id), Some(event.slot())),
        }
        sizes.insert(id, size);
        sizes.retain(|id, _| slots.contains_key(id));
        let live: u64 = sizes.values().map(|&size| u64::from(size)).sum();
        if live > peak {
            (peak, blocks_at_peak) = (live, sizes.len());
        }
        most = most.max(sizes.len());
    }
    assert_eq!(program.peak_payload(), peak);
    assert_eq!(program.peak_blocks(), blocks_at_peak as u64);
    assert_eq!(program.slots(), most);
}

fn seen(event: &Event) -> (Op, usize, usize, usize) {
    let layout = if event.op() == Op::Alloc {
        event.layout()
    } else {
        event.old_layout()
    };
    (event.op(), event.old_size(), event.size(), layout.align())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn what_was_fuzzed_is_read_as_it_was_meant() {
        let corpus = include_str!("../../../../fuzz/corpus/trace.txt");
        for line in corpus.lines() {
            trace(&hex::decode(line).unwrap());
        }
    }
}
