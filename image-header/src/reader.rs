//! Checked reads: every position comes from a file and may lie anywhere.

use std::ops::Range;

/// Order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endian {
    Little,
    Big,
}

/// `N` bytes at `at`, if they are there.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

impl Endian {
    pub(crate) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let raw = array(bytes, at)?;
        Some(match self {
            Self::Little => u16::from_le_bytes(raw),
            Self::Big => u16::from_be_bytes(raw),
        })
    }

    pub(crate) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let raw = array(bytes, at)?;
        Some(match self {
            Self::Little => u32::from_le_bytes(raw),
            Self::Big => u32::from_be_bytes(raw),
        })
    }

    pub(crate) fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let raw = array(bytes, at)?;
        Some(match self {
            Self::Little => u64::from_le_bytes(raw),
            Self::Big => u64::from_be_bytes(raw),
        })
    }
}

/// A big-endian 16-bit number.
pub(crate) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Endian::Big.u16(bytes, at)
}

/// A big-endian 32-bit number.
pub(crate) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Endian::Big.u32(bytes, at)
}

/// A little-endian 16-bit number.
pub(crate) fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    Endian::Little.u16(bytes, at)
}

/// A little-endian 24-bit number.
pub(crate) fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = array(bytes, at)?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}

/// A little-endian 32-bit number.
pub(crate) fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Endian::Little.u32(bytes, at)
}

/// `start .. start + len` if it lies within `bytes` bytes.
pub(crate) fn range_within(bytes: usize, start: usize, len: usize) -> Option<Range<usize>> {
    let end = start.checked_add(len)?;
    (end <= bytes).then_some(start..end)
}

/// Position of the first 0xFF in `bytes` at or after `from`.
///
/// Looks at whole blocks without an early exit inside them, which compilers turn into vector compares:
/// entropy-coded data holds one 0xFF in some hundred bytes, and a file may have half a gigabyte of it.
pub(crate) fn find_ff(bytes: &[u8], from: usize) -> Option<usize> {
    memchr::memchr(0xFF, bytes.get(from..)?).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_end_at_the_end() {
        assert_eq!(be16(&[1, 2], 0), Some(0x0102));
        assert_eq!(be16(&[1, 2], 1), None);
        assert_eq!(be32(&[1, 2, 3, 4], usize::MAX), None);
        assert_eq!(le24(&[1, 2, 3], 0), Some(0x03_0201));
        assert_eq!(range_within(10, 4, 6), Some(4..10));
        assert_eq!(range_within(10, 4, 7), None);
        assert_eq!(range_within(10, 4, usize::MAX), None);
    }

    #[test]
    fn find_ff_agrees_with_a_plain_search() {
        let mut bytes = vec![0_u8; 200];
        assert_eq!(find_ff(&bytes, 0), None);
        for at in 0..bytes.len() {
            bytes[at] = 0xFF;
            for from in 0..=bytes.len() + 1 {
                let plain = (from..bytes.len()).find(|&i| bytes[i] == 0xFF);
                assert_eq!(find_ff(&bytes, from), plain, "at {at} from {from}");
            }
            bytes[at] = 0;
        }
    }
}
