//! Codes to bytes, with a 0 after every 0xFF (T.81 F.1.2.3).

/// Collects bits and writes them eight bytes at a time.
pub(crate) struct BitWriter {
    file: Vec<u8>,
    waiting: Waiting,
}

/// Bits that do not make eight bytes yet.
#[derive(Clone, Copy)]
pub(crate) struct Waiting {
    /// The low 64 − `free` bits; what stands above them has been written.
    bits: u64,
    free: u32,
}

impl Waiting {
    /// Appends the low `length` bits of `bits`, which has no others; `length` ≤ 32.
    #[inline(always)]
    pub(crate) fn put(&mut self, file: &mut Vec<u8>, bits: u32, length: u32) {
        if length < self.free {
            self.bits = self.bits << length | u64::from(bits);
            self.free -= length;
        } else {
            let left = length - self.free;
            // In two steps, as 64 places at once are no shift.
            let word = (self.bits << (self.free / 2)) << (self.free - self.free / 2);
            write(file, word | u64::from(bits) >> left);
            self.bits = u64::from(bits);
            self.free = 64 - left;
        }
    }
}

#[inline(always)]
fn write(file: &mut Vec<u8>, word: u64) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let has_ff = (!word).wrapping_sub(ONES) & word & (ONES << 7) != 0;
    if has_ff {
        write_stuffed(file, &word.to_be_bytes());
    } else {
        file.extend_from_slice(&word.to_be_bytes());
    }
}

#[cold]
#[inline(never)]
fn write_stuffed(file: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        file.push(byte);
        if byte == 0xFF {
            file.push(0);
        }
    }
}

impl BitWriter {
    pub(crate) fn new(file: Vec<u8>) -> Self {
        Self { file, waiting: Waiting { bits: 0, free: 64 } }
    }

    /// Appends the low `length` bits of `bits`, which has no others; `length` ≤ 32.
    #[inline(always)]
    pub(crate) fn put(&mut self, bits: u32, length: u32) {
        self.waiting.put(&mut self.file, bits, length);
    }

    /// For loops that keep what waits in registers, and hand it back by [`BitWriter::set_waiting`].
    pub(crate) fn parts(&mut self) -> (&mut Vec<u8>, Waiting) {
        (&mut self.file, self.waiting)
    }

    pub(crate) fn set_waiting(&mut self, waiting: Waiting) {
        self.waiting = waiting;
    }

    /// The file, the last byte filled up with ones.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let Waiting { bits, free } = self.waiting;
        if free < 64 {
            let padded = bits << free | ((1 << free) - 1);
            write_stuffed(&mut self.file, &padded.to_be_bytes()[..(64 - free).div_ceil(8) as usize]);
        }
        self.file
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slowly(codes: &[(u32, u32)]) -> Vec<u8> {
        let mut bits: Vec<bool> = Vec::new();
        for &(code, length) in codes {
            bits.extend((0..length).rev().map(|at| code >> at & 1 == 1));
        }
        bits.resize(bits.len().next_multiple_of(8), true);
        let mut bytes = Vec::new();
        for byte in bits.chunks(8) {
            bytes.push(byte.iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit)));
            if bytes.ends_with(&[0xFF]) {
                bytes.push(0);
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn bits_come_out_in_order_and_stuffed(
            codes in prop::collection::vec((prop_oneof![any::<u32>(), Just(u32::MAX)], 0u32..=32), 0..200)
        ) {
            let codes: Vec<_> = codes.into_iter()
                .map(|(bits, length)| ((u64::from(bits) & ((1 << length) - 1)) as u32, length)).collect();
            let mut writer = BitWriter::new(Vec::new());
            codes.iter().for_each(|&(bits, length)| writer.put(bits, length));
            prop_assert_eq!(writer.finish(), slowly(&codes));
        }
    }
}
