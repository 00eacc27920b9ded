//! Lossless WebP streams for tests, written bit by bit.

/// Bits, the lowest of a byte first.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    len: usize,
}

impl Writer {
    /// Appends the `count` low bits of `value`.
    pub(crate) fn put(&mut self, value: u32, count: usize) -> &mut Self {
        for bit in 0..count {
            if self.len.is_multiple_of(8) {
                self.bytes.push(0);
            }
            self.bytes[self.len / 8] |= ((value >> bit & 1) as u8) << (self.len % 8);
            self.len += 1;
        }
        self
    }

    /// A code of this symbol only.
    pub(crate) fn single(&mut self, symbol: u32) {
        self.put(0b101, 3).put(symbol, 8);
    }

    /// A code of `longest` + 1 symbols, of 1, 2, … `longest` and again `longest` bits (8 to 15).
    pub(crate) fn ladder(&mut self, longest: u32) {
        // All 19 lengths of lengths: sixteen lengths in 4 bits each, no repetitions.
        self.put(0, 1).put(15, 4).put(0, 6);
        for symbol in [0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] {
            self.put(if symbol == 16 { 0 } else { 4 }, 3);
        }
        // So many lengths are given, less 2, in 4 bits; codes are written from their highest bit.
        self.put(1, 1).put(1, 3).put(longest - 1, 4);
        for length in (1..=longest).chain([longest]) {
            self.put(length.reverse_bits() >> 28, 4);
        }
    }

    pub(crate) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

/// How a stream of 4 × 4 pixels, of which nothing is there but what comes before them, wastes memory.
#[derive(Clone, Copy)]
pub(crate) struct Bomb {
    /// The number of groups that the entropy image's only pixel asks for, up to 65,536.
    pub(crate) groups: u32,
    /// The longest codes: of 8 bits or more.
    pub(crate) longest: u32,
    /// Bits of the colour cache; 0 for none.
    pub(crate) cache: u32,
}

impl Bomb {
    /// The payload of a `VP8L` chunk.
    pub(crate) fn chunk(self) -> Vec<u8> {
        let mut writer = Writer::default();
        // Signature, width and height less 1, no alpha, version 0.
        writer.put(0x2F, 8).put(3, 14).put(3, 14).put(0, 4);
        self.stream(&mut writer)
    }

    /// What follows an `ALPH` chunk's first byte.
    pub(crate) fn alpha(self) -> Vec<u8> {
        self.stream(&mut Writer::default())
    }

    fn stream(self, writer: &mut Writer) -> Vec<u8> {
        // No transform.
        writer.put(0, 1);
        match self.cache {
            0 => writer.put(0, 1),
            bits => writer.put(1, 1).put(bits, 4),
        };
        // An entropy image of blocks of 4 × 4 pixels, without a colour cache: green, red, and the rest.
        writer.put(1, 1).put(0, 3).put(0, 1);
        for symbol in [(self.groups - 1) & 255, (self.groups - 1) >> 8, 0, 255, 0] {
            writer.single(symbol);
        }
        for _ in 0..self.groups * 5 {
            writer.ladder(self.longest);
        }
        writer.finish()
    }
}
