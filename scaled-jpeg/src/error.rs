//! What can be wrong with a file.

use thiserror::Error;

/// Why there are no planes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The file is not as ITU-T T.81 says.
    #[error("the JPEG is damaged: {0}")]
    Damaged(String),
    /// It is sound, but of a kind that is not decoded.
    #[error("{0} are not supported")]
    Unsupported(&'static str),
    /// Decoding would take more than [`Options::memory`](crate::Options::memory).
    #[error("decoding takes {needed} bytes, {allowed} are allowed")]
    TooLarge {
        /// Bytes.
        needed: u64,
        /// Bytes.
        allowed: u64,
    },
    /// [`Options::cancel`](crate::Options::cancel) said so.
    #[error("decoding was cancelled")]
    Cancelled,
}

impl Error {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    /// What is wrong, without saying again that the file is damaged.
    pub(crate) fn what(self) -> String {
        match self {
            Self::Damaged(what) => what,
            other => other.to_string(),
        }
    }
}

/// What a damaged file lacks.
#[derive(Debug, Clone, PartialEq)]
pub struct Damage {
    /// Share of the picture's blocks that were decoded from the file's data, 0 to 1. Rows in which data are no code do
    /// not count. In a progressive file: by its first scan, which shows the whole picture already, if less sharp.
    pub decoded: f64,
    /// What was wrong first, in words.
    pub what: String,
}
