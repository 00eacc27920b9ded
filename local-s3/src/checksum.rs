//! S3's checksums: which there are, how a body is hashed, and how those of parts combine.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::CrcAlgorithm;
use s3s::crypto::{Checksum, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use serde::{Deserialize, Serialize};

/// The algorithms of `x-amz-checksum-*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    #[serde(rename = "CRC32")]
    Crc32,
    #[serde(rename = "CRC32C")]
    Crc32c,
    #[serde(rename = "CRC64NVME")]
    Crc64Nvme,
    #[serde(rename = "SHA1")]
    Sha1,
    #[serde(rename = "SHA256")]
    Sha256,
}

/// Base64 digests by algorithm, as they stand in headers.
pub(crate) type Checksums = BTreeMap<Algorithm, String>;

/// Whether a multipart object's checksum is one of its bytes or one of its parts' checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    #[serde(rename = "FULL_OBJECT")]
    FullObject,
    #[serde(rename = "COMPOSITE")]
    Composite,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::FullObject => "FULL_OBJECT",
            Kind::Composite => "COMPOSITE",
        }
    }
}

impl Algorithm {
    pub(crate) const ALL: [Algorithm; 5] =
        [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme, Algorithm::Sha1, Algorithm::Sha256];

    /// As `x-amz-checksum-algorithm` names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "CRC32",
            Algorithm::Crc32c => "CRC32C",
            Algorithm::Crc64Nvme => "CRC64NVME",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
        }
    }

    /// The header or trailer that carries it, in lower case.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "x-amz-checksum-crc32",
            Algorithm::Crc32c => "x-amz-checksum-crc32c",
            Algorithm::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Algorithm::Sha1 => "x-amz-checksum-sha1",
            Algorithm::Sha256 => "x-amz-checksum-sha256",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn from_header(header: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.header().eq_ignore_ascii_case(header))
    }

    /// Bytes of a digest.
    fn width(self) -> usize {
        match self {
            Algorithm::Crc32 | Algorithm::Crc32c => 4,
            Algorithm::Crc64Nvme => 8,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
        }
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Algorithm::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Algorithm::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Algorithm::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Algorithm::Sha1 | Algorithm::Sha256 => None,
        }
    }

    /// What a multipart upload uses if it asks for none.
    pub(crate) fn default_kind(self) -> Kind {
        match self {
            Algorithm::Crc64Nvme => Kind::FullObject,
            _ => Kind::Composite,
        }
    }

    /// Whether a multipart upload may ask for it: hashes cannot be combined, and CRC64NVME has no composite form.
    pub(crate) fn allows(self, kind: Kind) -> bool {
        match kind {
            Kind::FullObject => self.crc().is_some(),
            Kind::Composite => self != Algorithm::Crc64Nvme,
        }
    }

    /// Whether `text` is base64 of a digest's length.
    pub(crate) fn is_digest(self, text: &str) -> bool {
        BASE64.decode(text).is_ok_and(|bytes| bytes.len() == self.width())
    }
}

enum Running {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64Nvme(Crc64Nvme),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Running {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc32 => Running::Crc32(Crc32::new()),
            Algorithm::Crc32c => Running::Crc32c(Crc32c::new()),
            Algorithm::Crc64Nvme => Running::Crc64Nvme(Crc64Nvme::new()),
            Algorithm::Sha1 => Running::Sha1(Sha1::new()),
            Algorithm::Sha256 => Running::Sha256(Sha256::new()),
        }
    }

    fn update(&mut self, data: &[u8]) {
        match self {
            Running::Crc32(hash) => hash.update(data),
            Running::Crc32c(hash) => hash.update(data),
            Running::Crc64Nvme(hash) => hash.update(data),
            Running::Sha1(hash) => hash.update(data),
            Running::Sha256(hash) => hash.update(data),
        }
    }

    fn finish(self) -> String {
        match self {
            Running::Crc32(hash) => BASE64.encode(hash.finalize()),
            Running::Crc32c(hash) => BASE64.encode(hash.finalize()),
            Running::Crc64Nvme(hash) => BASE64.encode(hash.finalize()),
            Running::Sha1(hash) => BASE64.encode(hash.finalize()),
            Running::Sha256(hash) => BASE64.encode(hash.finalize()),
        }
    }
}

/// Hashes a body as it passes: always MD5, which is the ETag, and the checksums asked for.
pub(crate) struct Hasher {
    md5: Md5,
    running: Vec<(Algorithm, Running)>,
}

impl Hasher {
    pub(crate) fn new(algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        let mut running: Vec<(Algorithm, Running)> = Vec::new();
        for algorithm in algorithms {
            if running.iter().all(|(present, _)| *present != algorithm) {
                running.push((algorithm, Running::new(algorithm)));
            }
        }
        Self { md5: Md5::new(), running }
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        self.md5.update(data);
        for (_, hash) in &mut self.running {
            hash.update(data);
        }
    }

    pub(crate) fn finish(self) -> ([u8; 16], Checksums) {
        let checksums =
            self.running.into_iter().map(|(algorithm, hash)| (algorithm, hash.finish())).collect();
        (self.md5.finalize(), checksums)
    }
}

/// The ETag of a multipart object: the MD5 of its parts' MD5s, and their number.
pub(crate) fn multipart_etag(parts: &[[u8; 16]]) -> String {
    format!("{}-{}", hex::encode(Md5::checksum(&parts.concat())), parts.len())
}

/// A multipart object's checksum from its parts' `(digest, bytes)`; `None` if a digest is not one.
pub(crate) fn combine(algorithm: Algorithm, kind: Kind, parts: &[(String, u64)]) -> Option<String> {
    let raw: Vec<Vec<u8>> =
        parts.iter().map(|(digest, _)| BASE64.decode(digest).ok()).collect::<Option<_>>()?;
    match kind {
        Kind::Composite => {
            let mut hash = Running::new(algorithm);
            raw.iter().for_each(|digest| hash.update(digest));
            Some(format!("{}-{}", hash.finish(), parts.len()))
        }
        Kind::FullObject => {
            let crc = algorithm.crc()?;
            let mut whole = 0;
            for (index, (digest, (_, bytes))) in raw.iter().zip(parts).enumerate() {
                let part = digest.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
                whole = if index == 0 { part } else { crc_fast::checksum_combine(crc, whole, part, *bytes) };
            }
            Some(BASE64.encode(&whole.to_be_bytes()[8 - algorithm.width()..]))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn digest(algorithm: Algorithm, data: &[u8]) -> String {
        let mut hasher = Hasher::new([algorithm]);
        hasher.update(data);
        hasher.finish().1.remove(&algorithm).unwrap()
    }

    /// The check values of the CRC catalogue and FIPS 180, for "123456789".
    #[test]
    fn known_answers() {
        let known = [
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Crc64Nvme, "ae8b14860a799888"),
            (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (Algorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ];
        for (algorithm, hex) in known {
            assert_eq!(hex::encode(BASE64.decode(digest(algorithm, b"123456789")).unwrap()), hex);
        }
    }

    #[test]
    fn names_and_headers_are_found_again() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
            assert_eq!(Algorithm::from_header(algorithm.header()), Some(algorithm));
        }
    }

    #[test]
    fn a_composite_counts_its_parts() {
        let parts = [(digest(Algorithm::Sha256, b"a"), 1), (digest(Algorithm::Sha256, b"b"), 1)];
        let combined = combine(Algorithm::Sha256, Kind::Composite, &parts).unwrap();
        assert!(combined.ends_with("=-2"), "{combined}");
    }

    proptest! {
        #[test]
        fn parts_combine_to_the_whole(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 1..6)) {
            for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
                let digests: Vec<(String, u64)> =
                    parts.iter().map(|part| (digest(algorithm, part), part.len() as u64)).collect();
                let combined = combine(algorithm, Kind::FullObject, &digests).unwrap();
                prop_assert_eq!(combined, digest(algorithm, &parts.concat()));
            }
        }
    }
}
