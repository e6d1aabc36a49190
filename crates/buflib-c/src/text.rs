//! Lines of text for programs that have no formatting of their own.

/// A line in memory of the caller's, always closed with a zero.
pub(crate) struct Line<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> Line<'b> {
    /// An empty line; none if there is not even room for the zero.
    pub(crate) fn new(buffer: &'b mut [u8]) -> Option<Self> {
        *buffer.first_mut()? = 0;
        Some(Self { buffer, len: 0 })
    }

    /// Appends bytes, as many as there is room for.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> &mut Self {
        for &byte in bytes {
            let (Some(closing), true) = (self.len.checked_add(1), byte != 0) else {
                break;
            };
            // The zero first: the line is closed whatever happens.
            let Some(to) = self.buffer.get_mut(closing) else {
                break;
            };
            *to = 0;
            if let Some(to) = self.buffer.get_mut(self.len) {
                *to = byte;
            }
            self.len = closing;
        }
        self
    }

    /// Appends a number in so many columns at least.
    pub(crate) fn number(&mut self, value: usize, width: usize) -> &mut Self {
        self.digits(value, 10, width, b' ')
    }

    /// Appends an address.
    pub(crate) fn address(&mut self, value: usize) -> &mut Self {
        self.push(b"0x");
        self.digits(value, 16, 2 * size_of::<usize>(), b'0')
    }

    fn digits(&mut self, value: usize, base: usize, width: usize, fill: u8) -> &mut Self {
        const MOST: usize = 24;
        let mut digits = [fill; MOST];
        let (mut value, mut used) = (value, 0);
        for digit in digits.iter_mut().rev() {
            let which = value % base;
            *digit = b"0123456789abcdef".get(which).copied().unwrap_or(b'?');
            used += 1;
            value /= base;
            if value == 0 {
                break;
            }
        }
        let width = width.max(used).min(MOST);
        let digits = digits.last_chunk::<MOST>().map_or(&[][..], |digits| digits);
        self.push(digits.get(MOST - width..).unwrap_or_default())
    }

    pub(crate) fn as_ptr(&self) -> *const core::ffi::c_char {
        self.buffer.as_ptr().cast()
    }
}
