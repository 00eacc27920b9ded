//! Entropy-coded bytes: bits from the highest, a zero after every `FF` (F.1.2.3).

#[derive(Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl BitWriter {
    pub(crate) fn put(&mut self, value: u16, count: u8) {
        self.held = self.held << count | u64::from(value);
        self.count += u32::from(count);
        while self.count >= 8 {
            self.count -= 8;
            self.byte((self.held >> self.count) as u8);
        }
        self.held &= (1 << self.count) - 1;
    }

    /// Fills the last byte with ones.
    pub(crate) fn align(&mut self) {
        if self.count > 0 {
            let missing = 8 - self.count as u8;
            self.put((1 << missing) - 1, missing);
        }
    }

    /// A marker between aligned bytes.
    pub(crate) fn marker(&mut self, code: u8) {
        self.align();
        self.bytes.extend([0xff, code]);
    }

    /// Whole bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }

    fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
        if byte == 0xff {
            self.bytes.push(0);
        }
    }
}
