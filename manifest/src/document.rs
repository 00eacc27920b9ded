//! The manifest document, schema 1: the commit record of one source's derivation.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::FocalPoint;

/// The schema this crate writes. Readers ignore fields that they don't know.
pub const SCHEMA: u32 = 1;

/// A document that is no manifest, or none that this version can read.
#[derive(Debug, Error)]
pub enum ParseError {
    /// The text is no JSON, or lacks what every manifest has.
    #[error("this is not a manifest: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A schema later than [`SCHEMA`].
    #[error("the manifest has schema {schema} and was written by a newer version; update this program")]
    Newer {
        /// The document's schema.
        schema: u32,
    },
    /// A schema that never was.
    #[error("the manifest has schema {schema}, which no version writes")]
    Unknown {
        /// The document's schema.
        schema: u32,
    },
}

/// How far a source has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The renditions are there.
    Derived,
    /// The image's fault; `reason` says which.
    Rejected,
    /// Ours or the world's fault; a later attempt may replace it.
    Failed,
    /// The source is gone.
    Removed,
}

/// `manifest.json`. Whoever reads it needs nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`] when written here.
    pub schema: u32,
    /// How far the source has come.
    pub state: State,
    /// When this manifest was written: RFC 3339, UTC.
    pub written: String,
    /// What it was derived from.
    pub source: SourceRecord,
    /// By which settings it was derived or rejected; absent when it came to neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<PresetInfo>,
    /// What lies in the derived bucket, largest width first, in the preset's order of formats.
    #[serde(default)]
    pub renditions: Vec<RenditionInfo>,
    /// What to show before a rendition has loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Placeholder>,
    /// Text that stands for the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
    /// Text beside the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// What stays in view where a page crops the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focal_point: Option<FocalPoint>,
    /// What went less than well, in words: a truncated source, a profile that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why there is nothing, for `rejected` and `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Of a removal whose deletions are not finished: what tells it from other removals of the same key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<String>,
    /// Renditions of earlier manifests that this one does not name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Retired>,
}

impl Manifest {
    /// The document's bytes: indented JSON that ends in a newline, fit for people and `diff`.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).expect("text keys and whole numbers are always JSON");
        json.push(b'\n');
        json
    }

    /// Reads a document; fields that this version doesn't know are ignored.
    ///
    /// # Errors
    ///
    /// [`ParseError`] when it isn't a manifest, or one of another schema.
    pub fn parse(json: &[u8]) -> Result<Self, ParseError> {
        /// What documents of every schema have in common, so that a newer one is named as such.
        #[derive(Deserialize)]
        struct Head {
            schema: u32,
        }
        let Head { schema } = serde_json::from_slice(json)?;
        match schema {
            SCHEMA => Ok(serde_json::from_slice(json)?),
            schema if schema > SCHEMA => Err(ParseError::Newer { schema }),
            schema => Err(ParseError::Unknown { schema }),
        }
    }
}

/// The original, as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceRecord {
    /// The originals bucket.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// The object's etag, without quotation marks.
    pub etag: String,
    /// The object's version, where the bucket has versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// SHA-256 of the bytes, 64 hex digits; absent when they were never read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Bytes of the file.
    pub bytes: u64,
    /// Media type by content, not by name; absent when it is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Pixels, after orientation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels, after orientation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// The event's sequencer, or the lower bound that it replaced; absent sorts lowest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<String>,
}

/// Which settings the renditions were made by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetInfo {
    /// Of what was derived, changes whenever the preset or an encoder's revision does; of what was rejected, also
    /// when the limits or this program do.
    pub fingerprint: String,
}

/// One rendition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenditionInfo {
    /// Path below the folder of the manifest: `<source>/<width>-<spec>.<ext>`.
    pub path: String,
    /// Which crop or art direction; `default` today.
    pub variant: String,
    /// Such as `image/webp`.
    pub media_type: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file, 64 hex digits.
    pub sha256: String,
}

/// What to show before a rendition has loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placeholder {
    /// ThumbHash, base64 (standard alphabet, padded).
    pub thumbhash: String,
    /// Dominant colour, `#rrggbb`.
    pub color: String,
}

/// Why there are no renditions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// A stable word for machines.
    pub code: String,
    /// What happened, for people.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// A rendition that an earlier manifest named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired {
    /// Path below the folder of the manifest.
    pub path: String,
    /// When it was retired: RFC 3339, UTC.
    pub since: String,
}
