//! The object that an event is about: the same fields in S3's notifications and in EventBridge's events, which spell
//! some of them differently.

use serde::Deserialize;
use serde_json::Value;

use super::{Change, EventError, ObjectEvent};

/// `s3` of a notification's record, `detail` of an EventBridge event.
#[derive(Deserialize)]
#[serde(expecting = "an object with `bucket` and `object`")]
pub(super) struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
#[serde(expecting = "a bucket with its `name`")]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with its `key`")]
struct Object {
    key: String,
    #[serde(rename = "eTag", alias = "etag")]
    etag: Option<String>,
    sequencer: Option<String>,
    #[serde(rename = "versionId", alias = "version-id")]
    version_id: Option<String>,
    /// A number. Anything else is passed over: nothing depends on it.
    size: Option<Value>,
}

impl Entity {
    /// As an event; `decode` knows how the document at hand writes keys.
    pub(super) fn into_event(
        self,
        change: Change,
        decode: impl FnOnce(&str) -> Result<String, EventError>,
    ) -> Result<ObjectEvent, EventError> {
        let Object { key, etag, sequencer, version_id, size } = self.object;
        Ok(ObjectEvent {
            change,
            bucket: self.bucket.name,
            key: decode(&key)?,
            etag: filled(etag.map(|etag| etag.trim_matches('"').to_owned())),
            sequencer: filled(sequencer),
            version_id: filled(version_id),
            size: size.as_ref().and_then(Value::as_u64),
        })
    }
}

/// Emulators write "" where AWS leaves a field out.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
