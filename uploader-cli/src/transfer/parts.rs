//! How a file is cut into parts.

use std::ops::Range;

/// Files up to this many bytes go in one PUT, and are the usual size of a part.
pub(crate) const USUAL: u64 = 8 << 20;

/// S3's bounds: parts of one upload, bytes of every part but the last, bytes of one part, bytes of an object.
///
/// Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits" (objects: 10,000 parts of 5 GiB).
pub(crate) const MOST: u64 = 10_000;
pub(crate) const SMALLEST: u64 = 5 << 20;
pub(crate) const LARGEST: u64 = 5 << 30;
pub(crate) const LARGEST_OBJECT: u64 = MOST * LARGEST;

/// The cut of one file: parts of equal size, the last one what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Bytes of a part.
    pub(crate) part: u64,
}

impl Cut {
    /// Parts of `wished` bytes, or larger ones where there would be more than S3 takes.
    pub(crate) fn new(bytes: u64, wished: u64) -> Self {
        const MIB: u64 = 1 << 20;
        let least = bytes.div_ceil(MOST).next_multiple_of(MIB);
        Self { bytes, part: wished.clamp(SMALLEST, LARGEST).max(least) }
    }

    /// How many parts there are.
    pub(crate) fn count(self) -> u32 {
        u32::try_from(self.bytes.div_ceil(self.part)).unwrap_or(u32::MAX).max(1)
    }

    /// The bytes of part `number`, counted from 1.
    pub(crate) fn range(self, number: u32) -> Range<u64> {
        let start = u64::from(number - 1) * self.part;
        start..(start + self.part).min(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_largest_object_that_s3_takes_fits() {
        let cut = Cut::new(LARGEST_OBJECT, USUAL);
        assert_eq!((cut.part, cut.count()), (LARGEST, 10_000));
        assert_eq!(Cut::new(2 << 30, USUAL).part, USUAL);
        assert_eq!(Cut::new(USUAL + 1, USUAL).range(2), USUAL..USUAL + 1);
    }

    proptest! {
        #[test]
        fn parts_cover_the_file_once_within_s3s_bounds(bytes in 1..=LARGEST_OBJECT, wished in 0..LARGEST * 2) {
            let cut = Cut::new(bytes, wished);
            let count = cut.count();
            prop_assert!(u64::from(count) <= MOST);
            prop_assert!((SMALLEST..=LARGEST).contains(&cut.part));
            prop_assert_eq!(cut.range(1).start, 0);
            prop_assert_eq!(cut.range(count).end, bytes);
            for number in [1, count / 2, count - 1].into_iter().filter(|number| (1..count).contains(number)) {
                prop_assert_eq!(cut.range(number).end, cut.range(number + 1).start);
                prop_assert_eq!(cut.range(number).end - cut.range(number).start, cut.part);
            }
        }
    }
}
