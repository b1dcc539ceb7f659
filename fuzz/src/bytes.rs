//! Reading an input as a series of small decisions. An input that is used up goes on with zeros, so that every input
//! means something.

/// What is left of an input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// One of `count` choices, numbered from 0.
    pub(crate) fn choice(&mut self, count: u8) -> u8 {
        self.byte() % count
    }

    /// A number of eight bytes, or an interesting one that costs a single byte.
    pub(crate) fn number(&mut self) -> i64 {
        const INTERESTING: [i64; 16] = [
            0,
            1,
            2,
            -1,
            63,
            64,
            65,
            255,
            256,
            65_536,
            i64::MAX,
            i64::MIN,
            i64::MAX - 1,
            i64::MAX / 2,
            1 << 32,
            -256,
        ];
        match self.byte() {
            at @ 0..=15 => INTERESTING[usize::from(at)],
            16..=31 => i64::from_le_bytes(std::array::from_fn(|_| self.byte())),
            small => i64::from(small) - 32,
        }
    }

    /// As many bytes as a length in front of them says, or what there is.
    pub(crate) fn some(&mut self) -> &'a [u8] {
        let length = usize::from(u16::from_le_bytes([self.byte(), self.byte() & 0x0f]));
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Everything that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
