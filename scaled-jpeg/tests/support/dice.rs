//! Choices: by a seed, or first by a fuzzer's bytes.

pub(crate) struct Dice<'a> {
    bytes: &'a [u8],
    random: fastrand::Rng,
}

impl<'a> Dice<'a> {
    pub(crate) fn seeded(seed: u64) -> Dice<'static> {
        Dice { bytes: &[], random: fastrand::Rng::with_seed(seed) }
    }

    /// Led by `bytes`; where they end, by a seed which their number is.
    pub(crate) fn led(bytes: &'a [u8]) -> Self {
        Self { bytes, random: fastrand::Rng::with_seed(bytes.len() as u64) }
    }

    /// A number in `0..limit`; 0 if `limit` is.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        let size = match limit {
            0 | 1 => return 0,
            2..=256 => 1,
            257..=65_536 => 2,
            _ => 4,
        };
        match self.bytes.split_at_checked(size) {
            Some((bytes, rest)) => {
                self.bytes = rest;
                bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)) % limit
            }
            None => self.random.u32(..limit),
        }
    }

    /// A number in `-limit..=limit`.
    pub(crate) fn within(&mut self, limit: i32) -> i32 {
        self.below(2 * limit as u32 + 1) as i32 - limit
    }

    pub(crate) fn one_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u32) as usize]
    }
}
