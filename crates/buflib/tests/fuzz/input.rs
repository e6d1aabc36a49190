//! What a fuzzer's bytes stand for. When they are at an end, zeroes follow.

use super::super::common::world::{Op, What};

pub(crate) struct Input<'b>(pub(crate) &'b [u8]);

impl Input<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    pub(crate) fn word(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// As many as there are bytes for.
    pub(crate) fn ops(&mut self) -> Vec<Op> {
        let mut ops = Vec::new();
        while !self.0.is_empty() {
            ops.push(self.op());
        }
        ops
    }

    /// One of six bytes.
    pub(crate) fn op(&mut self) -> Op {
        let (what, which, size) = (self.byte(), self.byte(), self.word());
        Op {
            // Half of them are the first ones, which allocate, free and resize.
            what: match what & 0x7f {
                what if what < 64 => What::ALL[usize::from(what) % 8],
                what => What::ALL[usize::from(what) % What::ALL.len()],
            },
            which,
            size: match size >> 12 {
                0..=8 => size % 64,
                9..=14 => size % 400,
                _ => size % 4000,
            },
            more: self.word(),
            owned: what & 0x80 != 0,
        }
    }
}

/// Calls a function for the heap that a byte stands for.
macro_rules! on_heap {
    ($byte:expr, $function:ident($($argument:expr),*)) => {
        match $byte % 10 {
            0 => $function::<buflib::Standard, buflib::Unchecked>($($argument),*),
            1 => $function::<buflib::Standard, buflib::Crc32>($($argument),*),
            2 => $function::<buflib::Narrow, buflib::Unchecked>($($argument),*),
            3 => $function::<buflib::Narrow, buflib::Crc32>($($argument),*),
            4 => $function::<buflib::Wide, buflib::Unchecked>($($argument),*),
            5 => $function::<buflib::Wide, buflib::Crc32>($($argument),*),
            6 => $function::<buflib::Ordered, buflib::Unchecked>($($argument),*),
            7 => $function::<buflib::Ordered, buflib::Crc32>($($argument),*),
            8 => $function::<buflib::Small, buflib::Unchecked>($($argument),*),
            _ => $function::<buflib::Small, buflib::Crc32>($($argument),*),
        }
    };
}

pub(super) use on_heap;
