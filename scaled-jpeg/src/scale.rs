//! Scales that a component can be decoded at.

/// A scale of N/8: each block of 8 × 8 samples becomes one of N × N, by an inverse DCT of N points a side over the
/// block's N × N lowest frequencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scale {
    /// 1/8: a sample a block, its mean.
    Eighth,
    /// 2/8.
    Quarter,
    /// 3/8.
    ThreeEighths,
    /// 4/8.
    Half,
    /// 6/8.
    ThreeQuarters,
    /// 8/8.
    Full,
}

impl Scale {
    /// All of them, smallest first.
    pub const ALL: [Self; 6] =
        [Self::Eighth, Self::Quarter, Self::ThreeEighths, Self::Half, Self::ThreeQuarters, Self::Full];

    /// N of N/8.
    pub const fn numerator(self) -> u32 {
        match self {
            Self::Eighth => 1,
            Self::Quarter => 2,
            Self::ThreeEighths => 3,
            Self::Half => 4,
            Self::ThreeQuarters => 6,
            Self::Full => 8,
        }
    }

    /// Samples that a side of `samples` has at this scale: ⌈samples × N / 8⌉.
    pub const fn of(self, samples: u32) -> u32 {
        (samples as u64 * self.numerator() as u64).div_ceil(8) as u32
    }
}
