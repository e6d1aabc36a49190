//! What a timed program does with its blocks: write their first and last word.

use std::ptr::NonNull;

/// Writes the first and the last 8 bytes of a block, or what there is of a shorter one.
///
/// # Safety
///
/// `data` must be valid for writes of `size` bytes.
#[inline]
pub(crate) unsafe fn touch(data: NonNull<u8>, size: usize) {
    const WORD: u64 = 0x5aa5_5aa5_5aa5_5aa5;
    match size {
        8.. => {
            // SAFETY: both words are within the block; they may overlap.
            unsafe {
                data.cast::<u64>().write_unaligned(WORD);
                data.add(size - 8).cast::<u64>().write_unaligned(WORD);
            }
        }
        4..8 => {
            // SAFETY: as above, with half words.
            unsafe {
                data.cast::<u32>().write_unaligned(WORD as u32);
                data.add(size - 4)
                    .cast::<u32>()
                    .write_unaligned(WORD as u32);
            }
        }
        1..4 => {
            // SAFETY: first, middle and last of one to three bytes.
            unsafe {
                data.write(WORD as u8);
                data.add(size / 2).write(WORD as u8);
                data.add(size - 1).write(WORD as u8);
            }
        }
        0 => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_last_word_are_written_and_nothing_else() {
        for size in 0..40 {
            let mut bytes = vec![0u8; size + 16];
            let data = NonNull::new(bytes.as_mut_ptr()).unwrap();
            // SAFETY: the buffer is longer than `size`.
            unsafe { touch(data, size) };
            for (at, &byte) in bytes.iter().enumerate() {
                let written = at < size && (at < 8 || at + 8 >= size);
                assert_eq!(byte != 0, written, "byte {at} of {size}");
            }
        }
    }
}
