//! What is uploaded: tiny photographs, and files that are rejected.

use anyhow::{Context as _, ensure};
use fixtures::{Expectation, jpeg::Jpeg, pixels};
use sha2::{Digest, Sha256};

/// Few, so that a history often comes back to a picture it had before.
const PICTURES: u8 = 4;
const REJECTED: u8 = 2;

/// Which of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Content {
    Picture(u8),
    Rejected(u8),
}

impl Content {
    /// One at random: mostly pictures.
    pub(crate) fn random(random: &mut fastrand::Rng) -> Self {
        if random.u8(..100) < 85 {
            Self::Picture(random.u8(..PICTURES))
        } else {
            Self::Rejected(random.u8(..REJECTED))
        }
    }

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..PICTURES).map(Self::Picture).chain((0..REJECTED).map(Self::Rejected))
    }
}

impl std::fmt::Display for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Picture(n) => write!(f, "picture {}", char::from(b'A' + n)),
            Self::Rejected(n) => write!(f, "broken file {}", char::from(b'X' + n)),
        }
    }
}

/// A file's bytes and their digest.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    /// 64 hex digits.
    pub(crate) sha256: String,
}

impl File {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Self { bytes, sha256 }
    }
}

/// The files, made once.
#[derive(Debug)]
pub(crate) struct Pictures {
    pictures: Vec<File>,
    rejected: Vec<File>,
}

impl Pictures {
    pub(crate) fn make() -> anyhow::Result<Self> {
        let pictures = (0..PICTURES).map(|n| photograph(16, 12, u64::from(n))).collect();
        let broken = fixtures::broken().into_iter();
        let broken =
            broken.filter(|file| file.expectation == Expectation::Rejected && file.bytes.len() < 2000);
        let rejected: Vec<File> =
            broken.map(|file| File::new(file.bytes)).take(usize::from(REJECTED)).collect();
        ensure!(
            rejected.len() == usize::from(REJECTED),
            "fixtures have too few small files that are rejected"
        );
        Ok(Self { pictures, rejected })
    }

    pub(crate) fn file(&self, content: Content) -> anyhow::Result<&File> {
        let file = match content {
            Content::Picture(n) => self.pictures.get(usize::from(n)),
            Content::Rejected(n) => self.rejected.get(usize::from(n)),
        };
        file.with_context(|| format!("there is no {content}"))
    }
}

/// A photograph-like JPEG, another one for each `seed`.
pub(crate) fn photograph(width: u32, height: u32, seed: u64) -> File {
    File::new(Jpeg::new(&pixels::camera_like(width, height, seed)).quality(85).encode())
}
