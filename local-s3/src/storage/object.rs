use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::crypto::{Checksum, Sha256};
use serde::{Deserialize, Serialize};

use crate::checksum::{Checksums, Kind};

/// One version of an object, or a delete marker: what its JSON file says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) key: String,
    /// Orders versions; also the sequencer of the event that told of it.
    pub(crate) sequence: u64,
    /// `None` is the null version, of which a key has at most one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version_id: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) delete_marker: bool,
    /// Bytes.
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) last_modified_ms: u64,
    #[serde(default)]
    pub(crate) attributes: Attributes,
    #[serde(default)]
    pub(crate) checksums: Checksums,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checksum_kind: Option<Kind>,
    /// Sizes of the parts it was uploaded in, in bytes; empty unless it was a multipart upload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<u64>,
    /// Checksums of the parts, if the upload was begun with an algorithm: the one of `checksums`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) part_checksums: Vec<String>,
    /// The multipart upload that became it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upload_id: Option<String>,
}

/// What an uploader attached to an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attributes {
    #[serde(flatten)]
    pub(crate) headers: Headers,
    /// `x-amz-meta-*`, names without the prefix.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<Tag>,
}

/// HTTP headers that are stored and sent back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Headers {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_language: Option<String>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) website_redirect_location: Option<String>,
}

/// An object's tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl Object {
    /// As version lists and `versionId` name it.
    pub(crate) fn version_name(&self) -> &str {
        self.version_id.as_deref().unwrap_or("null")
    }

    /// Whether `name` means this version.
    pub(crate) fn is_version(&self, name: &str) -> bool {
        self.version_name() == name
    }
}

/// An opaque version id: nothing about order or time can be read from it.
pub(crate) fn version_id(bucket: &str, sequence: u64) -> String {
    let mut hash = Sha256::new();
    hash.update(bucket.as_bytes());
    hash.update(&sequence.to_be_bytes());
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..24]).replace('-', ".")
}
