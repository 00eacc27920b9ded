//! CRC-64/NVME: S3's checksum of whole objects, which those of parts add up to.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, checksum, checksum_combine};

/// A checksum and the bytes that it is of.
///
/// Source: Amazon S3 User Guide, "Checking object integrity": big-endian, base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crc {
    value: u64,
    bytes: u64,
}

impl Crc {
    /// Of nothing.
    pub(crate) const EMPTY: Self = Self { value: 0, bytes: 0 };

    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { value: checksum(CrcAlgorithm::Crc64Nvme, bytes), bytes: bytes.len() as u64 }
    }

    /// Of these bytes followed by those of `next`.
    pub(crate) fn then(self, next: Self) -> Self {
        if self.bytes == 0 {
            return next;
        }
        let value = checksum_combine(CrcAlgorithm::Crc64Nvme, self.value, next.value, next.bytes);
        Self { value, bytes: self.bytes + next.bytes }
    }

    /// As S3 writes it.
    pub(crate) fn base64(self) -> String {
        STANDARD.encode(self.value.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_check_value_is_the_catalogue_s() {
        // Source: reveng's catalogue of parametrised CRC algorithms, CRC-64/NVME: check 0xae8b14860a799888.
        assert_eq!(Crc::of(b"123456789").value, 0xae8b_1486_0a79_9888);
        assert_eq!(Crc::of(b"123456789").base64(), "rosUhgp5mIg=");
        assert_eq!(Crc::EMPTY, Crc::of(b""));
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole(bytes in prop::collection::vec(any::<u8>(), 0..500), cuts in prop::collection::vec(0usize..500, 0..4)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let whole = cuts.windows(2).map(|part| Crc::of(&bytes[part[0]..part[1]])).fold(Crc::EMPTY, Crc::then);
            prop_assert_eq!(whole, Crc::of(&bytes));
        }
    }
}
