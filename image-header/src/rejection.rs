//! Why a source cannot be derived: the image's fault, recorded and never retried.

use thiserror::Error;

/// The image's fault: repeating the work would end the same way.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The first bytes belong to no image format that is known here.
    #[error("this is not an image file")]
    NotAnImage,
    /// An image, but of a kind that is not read (yet).
    #[error("{what} is not supported")]
    Unsupported {
        /// The kind, in words: "AVIF", "a JPEG of 12 bits a sample".
        what: String,
    },
    /// The structure is broken or too much of the picture is missing.
    #[error("the file is damaged: {what}")]
    Damaged {
        /// What is wrong and where.
        what: String,
    },
    /// Larger than a limit allows.
    #[error("{limit} is {value}, more than the {allowed} that are allowed")]
    LimitExceeded {
        /// What is limited, with its unit: "the number of pixels".
        limit: &'static str,
        /// What the file asks for.
        value: u64,
        /// The bound.
        allowed: u64,
    },
    /// Decoding or encoding ended in a panic, which was caught.
    #[error("the picture could not be processed; the thumbnailer has a fault that this file brings out")]
    Panicked {
        /// The panic's message, for logs.
        what: String,
    },
}

impl Rejection {
    /// A [`Rejection::Damaged`] that says `what`.
    pub fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }

    /// A [`Rejection::Unsupported`] that names `what`.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }

    /// Errs when `value` is above `allowed`.
    ///
    /// # Errors
    ///
    /// [`Rejection::LimitExceeded`].
    pub fn check(limit: &'static str, value: u64, allowed: u64) -> Result<(), Self> {
        if value > allowed {
            return Err(Self::LimitExceeded { limit, value, allowed });
        }
        Ok(())
    }

    /// The reason as a stable word for machines: what metrics and the manifest's `reason.code` carry.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotAnImage => "not-an-image",
            Self::Unsupported { .. } => "unsupported",
            Self::Damaged { .. } => "damaged",
            Self::LimitExceeded { .. } => "too-large",
            Self::Panicked { .. } => "panicked",
        }
    }

    /// What the author can do about it, in one sentence.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Empty => "Upload the file again; it arrived without content.",
            Self::NotAnImage => "Upload a JPEG, PNG, WebP, GIF, BMP or TIFF file.",
            Self::Unsupported { .. } => "Export the picture as an 8-bit JPEG or as PNG and upload that.",
            Self::Damaged { .. } => "Export or copy the picture again from its source and upload that.",
            Self::LimitExceeded { .. } => {
                "Export the picture smaller, or ask the operator to raise the limit."
            }
            Self::Panicked { .. } => {
                "Export the picture again as JPEG or PNG; if that fails too, report the file to the operator."
            }
        }
    }
}
