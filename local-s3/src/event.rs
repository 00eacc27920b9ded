//! What S3 says about a change: the notification document, version 2.1 (2.3 for lifecycle rules).

use serde_json::{Map, Value, json};

use crate::key;

/// What happened to an object, as notifications name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    Put,
    Post,
    Copy,
    CompleteMultipartUpload,
    Delete,
    DeleteMarkerCreated,
    /// A lifecycle rule removed it.
    Expiration,
}

impl Happening {
    fn name(self) -> &'static str {
        match self {
            Happening::Put => "ObjectCreated:Put",
            Happening::Post => "ObjectCreated:Post",
            Happening::Copy => "ObjectCreated:Copy",
            Happening::CompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
            Happening::Delete => "ObjectRemoved:Delete",
            Happening::DeleteMarkerCreated => "ObjectRemoved:DeleteMarkerCreated",
            Happening::Expiration => "LifecycleExpiration:Delete",
        }
    }

    pub(crate) fn is_created(self) -> bool {
        !matches!(self, Happening::Delete | Happening::DeleteMarkerCreated | Happening::Expiration)
    }

    /// The version of the document that tells of it.
    fn document_version(self) -> &'static str {
        if self == Happening::Expiration { "2.3" } else { "2.1" }
    }
}

/// Who asked for a change.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    pub(crate) request_id: String,
    pub(crate) source_ip: String,
    /// As notifications name it, `AWS:` and all.
    pub(crate) principal: String,
}

impl Origin {
    /// S3 itself, by a lifecycle rule.
    pub(crate) fn lifecycle(sequence: u64) -> Self {
        let s3 = "s3.amazonaws.com".to_owned();
        Self { request_id: sequencer(sequence), source_ip: s3.clone(), principal: s3 }
    }
}

/// Everything a notification says.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) happening: Happening,
    pub(crate) region: &'a str,
    pub(crate) unix_ms: u64,
    pub(crate) origin: &'a Origin,
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    /// Bytes; for created objects only.
    pub(crate) size: Option<u64>,
    /// Without quotes.
    pub(crate) etag: Option<&'a str>,
    pub(crate) version_id: Option<&'a str>,
    pub(crate) sequence: u64,
}

/// A sequencer as S3 writes it: upper-case hex.
pub(crate) fn sequencer(sequence: u64) -> String {
    format!("{sequence:016X}")
}

/// `2026-01-31T12:00:00.000Z`.
pub(crate) fn iso_time(unix_ms: u64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_ms) * 1_000_000)
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    let (date, clock) = (time.date(), time.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second(),
        clock.millisecond()
    )
}

impl Event<'_> {
    /// The notification document `{"Records":[…]}`.
    /// Source: "Event message structure" in Amazon S3's user guide.
    pub(crate) fn to_json(&self) -> String {
        let mut object = Map::new();
        object.insert("key".into(), key::form_encoded(self.key).into());
        if let Some(size) = self.size {
            object.insert("size".into(), size.into());
        }
        if let Some(etag) = self.etag {
            object.insert("eTag".into(), etag.into());
        }
        if let Some(version_id) = self.version_id {
            object.insert("versionId".into(), version_id.into());
        }
        object.insert("sequencer".into(), sequencer(self.sequence).into());
        let principal = &self.origin.principal;
        json!({ "Records": [{
            "eventVersion": self.happening.document_version(),
            "eventSource": "aws:s3",
            "awsRegion": self.region,
            "eventTime": iso_time(self.unix_ms),
            "eventName": self.happening.name(),
            "userIdentity": { "principalId": principal },
            "requestParameters": { "sourceIPAddress": self.origin.source_ip },
            "responseElements": {
                "x-amz-request-id": self.origin.request_id,
                "x-amz-id-2": format!("local-s3/{}", self.origin.request_id),
            },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "local-s3",
                "bucket": {
                    "name": self.bucket,
                    "ownerIdentity": { "principalId": principal },
                    "arn": format!("arn:aws:s3:::{}", self.bucket),
                },
                "object": Value::Object(object),
            },
        }] })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn times_are_utc_with_milliseconds() {
        assert_eq!(iso_time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso_time(1_709_210_096_789), "2024-02-29T12:34:56.789Z");
    }

    #[test]
    fn a_removal_says_neither_size_nor_etag() {
        let event = Event {
            happening: Happening::Delete,
            region: "us-east-1",
            unix_ms: 0,
            origin: &Origin::default(),
            bucket: "originals",
            key: "a b.jpg",
            size: None,
            etag: None,
            version_id: None,
            sequence: 0x17_0000_ABCD,
        };
        let document: Value = serde_json::from_str(&event.to_json()).unwrap();
        let record = &document["Records"][0];
        assert_eq!(record["eventName"], "ObjectRemoved:Delete");
        assert_eq!(record["s3"]["object"], json!({ "key": "a+b.jpg", "sequencer": "000000170000ABCD" }));
    }
}
