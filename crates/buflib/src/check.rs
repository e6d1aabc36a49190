//! The check word: CRC-32C over a block's metadata, or nothing at all.

/// Whether a heap's metadata carries a check word.
///
/// The trait is sealed: [`Unchecked`] and [`Crc32`] are all there is.
#[allow(private_bounds)]
pub trait Check: sealed::Check {}

impl<C: sealed::Check> Check for C {}

/// No check word: metadata is checked for consistency only. Costs nothing.
#[derive(Clone, Copy, Debug)]
pub enum Unchecked {}

/// A CRC-32 (Castagnoli) over each block's header and table entry, kept beside the entry: one
/// entry's size more per block.
#[derive(Clone, Copy, Debug)]
pub enum Crc32 {}

pub(crate) mod sealed {
    pub trait Check: Copy + core::fmt::Debug + 'static {
        const ENABLED: bool;
        type Engine: Engine;
    }

    /// What computes check words on this machine.
    pub trait Engine: Copy + core::fmt::Debug + Send + Sync {
        fn find() -> Self;
        /// Whether a check word takes a few instructions, fit to be inlined.
        fn is_quick(self) -> bool;
        fn digest(self, words: &[u64]) -> u32;
    }
}

use sealed::Engine;

impl sealed::Check for Unchecked {
    const ENABLED: bool = false;
    type Engine = ();
}

impl sealed::Check for Crc32 {
    const ENABLED: bool = true;
    type Engine = machine::Crc;
}

impl Engine for () {
    #[inline(always)]
    fn find() {}
    #[inline(always)]
    fn is_quick(self) -> bool {
        true
    }
    #[inline(always)]
    fn digest(self, _: &[u64]) -> u32 {
        0
    }
}

/// The CRC-32C of words, lowest byte first.
pub(crate) fn digest(words: &[u64]) -> u32 {
    machine::Crc::find().digest(words)
}

/// What a CRC changes by if these bits of the words change: the CRC is linear.
pub(crate) const fn change(words: &[u64]) -> u32 {
    let mut crc = 0;
    let mut at = 0;
    while at < words.len() {
        crc = software::divide(words[at] ^ crc as u64);
        at += 1;
    }
    crc
}

mod software {
    /// CRC-32C, bits reflected.
    pub(super) const POLYNOMIAL: u32 = 0x82f6_3b78;

    /// Divides a word by the polynomial, bit by bit.
    pub(super) const fn divide(mut rest: u64) -> u32 {
        let mut bit = 0;
        while bit < 64 {
            rest = if rest & 1 == 1 {
                rest >> 1 ^ POLYNOMIAL as u64
            } else {
                rest >> 1
            };
            bit += 1;
        }
        rest as u32
    }

    /// What each value of each of the 16 nibbles of a word adds to the CRC: the CRC is linear, so
    /// the sixteen are independent of each other and are looked up side by side. A table of 1 KiB.
    static NIBBLES: [[u32; 16]; 16] = {
        let mut table = [[0; 16]; 16];
        let mut place = 0;
        while place < 16 {
            let mut value = 0;
            while value < 16 {
                table[place][value] = divide((value as u64) << (4 * place));
                value += 1;
            }
            place += 1;
        }
        table
    };

    /// Word by word, so that callers have them in registers also where the processor does it.
    #[inline(always)]
    pub(super) fn digest(words: &[u64]) -> u32 {
        !words.iter().fold(!0, |crc, &word| update(crc, word))
    }

    /// Takes eight bytes into the CRC, lowest first.
    #[cfg_attr(target_arch = "x86_64", cold)]
    #[inline(never)]
    fn update(crc: u32, word: u64) -> u32 {
        let mut rest = word ^ u64::from(crc);
        let mut crc = 0;
        for row in &NIBBLES {
            crc ^= row[(rest & 15) as usize];
            rest >>= 4;
        }
        crc
    }
}

/// The processor's own instruction, where it has one.
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod machine {
    use core::arch::asm;
    use core::arch::x86_64::__cpuid;
    use core::sync::atomic::{AtomicU8, Ordering};

    use super::{sealed::Engine, software};

    const PRESENT: u8 = 1;
    const ABSENT: u8 = 2;

    /// Whether the processor has the instruction; zero until it was asked.
    static SUPPORT: AtomicU8 = AtomicU8::new(0);

    /// Whether the processor has the instruction: true only if it does.
    #[derive(Clone, Copy, Debug)]
    pub struct Crc(bool);

    impl Engine for Crc {
        fn find() -> Self {
            match SUPPORT.load(Ordering::Relaxed) {
                0 => Self(detect()),
                support => Self(support == PRESENT),
            }
        }
        #[inline(always)]
        fn is_quick(self) -> bool {
            self.0
        }
        #[inline(always)]
        fn digest(self, words: &[u64]) -> u32 {
            if !self.0 {
                return software::digest(words);
            }
            let mut crc = u64::from(u32::MAX);
            for word in words {
                // SAFETY: the instruction is there, and changes nothing but its first operand.
                unsafe {
                    asm!("crc32 {0}, {1}", inout(reg) crc, in(reg) *word, options(pure, nomem, nostack, preserves_flags));
                };
            }
            !(crc as u32)
        }
    }

    #[cold]
    fn detect() -> bool {
        const SSE4_2: u32 = 1 << 20;
        #[allow(unused_unsafe, reason = "safe since Rust 1.94")]
        // SAFETY: every x86-64 processor has CPUID, and leaf 1.
        let present = unsafe { __cpuid(1) }.ecx & SSE4_2 != 0;
        SUPPORT.store(if present { PRESENT } else { ABSENT }, Ordering::Relaxed);
        present
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
mod machine {
    use super::{sealed::Engine, software};

    #[derive(Clone, Copy, Debug)]
    pub struct Crc;

    impl Engine for Crc {
        fn find() -> Self {
            Self
        }
        #[inline(always)]
        fn is_quick(self) -> bool {
            false
        }
        #[inline(always)]
        fn digest(self, words: &[u64]) -> u32 {
            software::digest(words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{change, digest, software};

    /// Both ways against the bit-by-bit definition.
    #[test]
    fn check_word_is_crc32c() {
        for words in [
            [0; 3],
            [u64::MAX; 3],
            [
                0x0706_0504_0302_0100,
                0x0f0e_0d0c_0b0a_0908,
                0x1716_1514_1312_1110,
            ],
        ] {
            let mut crc = !0u32;
            for byte in words.iter().flat_map(|word: &u64| word.to_le_bytes()) {
                crc ^= u32::from(byte);
                for _ in 0..8 {
                    crc = if crc & 1 == 1 {
                        crc >> 1 ^ software::POLYNOMIAL
                    } else {
                        crc >> 1
                    };
                }
            }
            assert_eq!(digest(&words), !crc);
            assert_eq!(software::digest(&words), !crc);
        }
    }

    #[test]
    fn change_of_words_changes_the_check_word_alike() {
        let words = [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210];
        for bit in 0..128 {
            let flip = 1u128 << bit | 1u128 << (bit * 7 % 128);
            let flip = [flip as u64, (flip >> 64) as u64];
            let changed = [words[0] ^ flip[0], words[1] ^ flip[1]];
            assert_eq!(digest(&changed), digest(&words) ^ change(&flip));
        }
    }

    /// The published check value of the polynomial is that of nine bytes; this is that of 32 zero
    /// bytes from RFC 3720.
    #[test]
    fn check_word_of_zeros_is_the_published_one() {
        assert_eq!(digest(&[0; 4]), 0x8a91_36aa);
    }
}
