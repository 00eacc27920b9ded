//! What became of a record.

use std::time::Duration;

use manifest::Reason;
use serde::{Deserialize, Serialize};

use crate::error::Retryable;

/// Where a record's way ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The manifest was written, after the renditions that it names, as far as they were not there already.
    Derived,
    /// The manifest said already what this record would have led to; nothing was written.
    AlreadyDerived,
    /// The source has changed since, or newer work is recorded; nothing was written.
    Superseded,
    /// The image's fault, recorded in the manifest.
    Rejected,
    /// The source is gone, recorded in the manifest.
    Removed,
    /// Not an original: it lies where renditions do. Nothing was read or written.
    Ignored,
    /// Not settled: to be delivered again.
    Retryable(Retryable),
}

impl Fate {
    /// All that settle a record.
    pub(crate) const SETTLED: [Self; 6] =
        [Self::Derived, Self::AlreadyDerived, Self::Superseded, Self::Rejected, Self::Removed, Self::Ignored];

    /// Whether the record is settled and need not come again.
    pub fn is_success(&self) -> bool {
        !matches!(self, Self::Retryable(_))
    }

    /// One word, as logs and tables show it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Derived => "derived",
            Self::AlreadyDerived => "already-derived",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
            Self::Removed => "removed",
            Self::Ignored => "ignored",
            Self::Retryable(_) => "retryable",
        }
    }
}

/// What became of a record, and what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The originals bucket; empty when the record could not be read.
    pub bucket: String,
    /// The source's key; empty when the record could not be read.
    pub key: String,
    /// Where it ended.
    pub fate: Fate,
    /// How often the record's message has been received, this time included.
    pub receive_count: u32,
    /// Everything else.
    pub report: Report,
    /// From the record's turn to its fate.
    pub elapsed: Duration,
}

/// What was learnt and done on the way. Zeroes where it did not come to that.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Report {
    /// Bytes of the source that were read.
    pub source_bytes: u64,
    /// Pixels of the source as displayed.
    pub width: u32,
    /// Pixels of the source as displayed.
    pub height: u32,
    /// How many renditions were put; none if only what is said beside the picture has changed.
    pub renditions: usize,
    /// Bytes of those.
    pub bytes_out: u64,
    /// Why the image was rejected.
    pub reason: Option<Reason>,
    /// Whether `failed` was committed, because this was the last time that the record was to come.
    pub failed: bool,
    /// What went less than well with the image.
    pub warnings: Vec<String>,
    /// Where the time went.
    pub stages: Stages,
}

/// Where the time went. Stages overlap: renditions are put while later ones are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stages {
    /// Reading and hashing the source.
    pub fetch: Duration,
    /// Decoding.
    pub decode: Duration,
    /// Resizing and colour.
    pub resize: Duration,
    /// Encoding.
    pub encode: Duration,
    /// Putting renditions, summed over them.
    pub put: Duration,
    /// Reading and writing manifests.
    pub commit: Duration,
}
