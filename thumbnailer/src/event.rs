//! What arrived, in any envelope, as [`ObjectEvent`]s. Pure: JSON in, events out.
//!
//! An invocation's payload is one of two documents today: an S3 notification as S3 hands it to a function
//! directly, or a batch of SQS messages whose bodies are such notifications. [`parse`] tells them apart and
//! keeps what belongs together: a [`Message`] is what can fail by itself, so an SQS message is one and a
//! direct invocation is one. What cannot be read is an [`EventError`] in its place, never a gap.
//!
//! The documents are read by small structs of our own, field by field: S3 raises the minor version of its
//! events when it adds fields, and emulators leave out those that nobody here reads.

use percent_encoding::percent_decode;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// What happened to an object, as its event tells it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ObjectEvent {
    /// Which way it changed.
    pub change: Change,
    /// The bucket's name.
    pub bucket: String,
    /// The key as the author chose it: decoded.
    pub key: String,
    /// Without quotation marks. Removals have none, or one that says nothing.
    pub etag: Option<String>,
    /// Hex digits that order the events of one key; see `manifest::sequencer`.
    pub sequencer: Option<String>,
}

/// Which way an object changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Change {
    /// Written, copied or completed from parts.
    Created,
    /// Something of it was removed. A hint only: it may have been an old version.
    Removed,
}

/// How the events travelled, which decides how failure is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// S3 invoked the function; failure is the invocation's error.
    Direct,
    /// A batch from a queue; failure is told by message.
    Sqs,
}

/// A whole invocation's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// How it travelled.
    pub envelope: Envelope,
    /// In the order of the payload.
    pub messages: Vec<Message>,
}

/// What succeeds or fails as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The queue's name for it; empty when the envelope is [`Envelope::Direct`].
    pub id: String,
    /// How many times it has been received, this one included; 1 when the envelope does not say.
    pub receive_count: u32,
    /// Its events, each read by itself. Those that ask for no work are left out.
    pub events: Vec<Result<ObjectEvent, EventError>>,
}

/// Why a payload or a record of it could not be read. Never acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EventError {
    /// No known envelope.
    #[error(
        "this payload is {found}; expected an S3 notification ({{\"Records\":[{{\"eventSource\":\"aws:s3\",…}}]}}), \
         a batch of SQS messages whose bodies are S3 notifications, or an s3:TestEvent"
    )]
    UnknownEnvelope {
        /// What it looks like instead.
        found: String,
    },
    /// A message's body is not JSON.
    #[error("the message's body is not JSON: {cause}")]
    NotJson {
        /// The parser's words.
        cause: String,
    },
    /// A record lacks what is needed of it.
    #[error("the record cannot be read as an S3 event: {cause}")]
    Malformed {
        /// Which field and why.
        cause: String,
    },
    /// A newer kind of record.
    #[error("the record's eventVersion is {version}; only 2.x is known. Update the thumbnailer")]
    Version {
        /// As it stands in the record.
        version: String,
    },
    /// An event that is nobody's business here and was not expected.
    #[error(
        "the record's eventName is {name}; ObjectCreated, ObjectRemoved and LifecycleExpiration events are handled. \
         Remove it from the bucket's notification configuration"
    )]
    UnknownName {
        /// As it stands in the record.
        name: String,
    },
    /// A key that S3 would not have sent.
    #[error("the record's key {key:?} {what}")]
    Key {
        /// As it stands in the record, still encoded.
        key: String,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// Reads an invocation's payload.
///
/// # Errors
///
/// [`EventError::UnknownEnvelope`]. What is wrong with one message or record lies in its place instead.
pub fn parse(payload: &Value) -> Result<Delivery, EventError> {
    if records_of(payload, "aws:sqs").is_none() {
        let events = notification(payload)?;
        let message = Message { id: String::new(), receive_count: 1, events };
        return Ok(Delivery { envelope: Envelope::Direct, messages: vec![message] });
    }
    let records = records_of(payload, "aws:sqs").unwrap_or_default();
    let messages = records.iter().map(message).collect::<Result<_, _>>()?;
    Ok(Delivery { envelope: Envelope::Sqs, messages })
}

/// The payload's records, if its first says that it comes from `source`.
fn records_of<'a>(payload: &'a Value, source: &str) -> Option<&'a [Value]> {
    let records = payload.get("Records")?.as_array()?;
    let named = records.first()?.get("eventSource")?.as_str()?;
    (named == source).then_some(records)
}

/// A message of a queue. One without an id could not be reported as failed, so that it fails the batch.
fn message(record: &Value) -> Result<Message, EventError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Sqs {
        message_id: String,
        body: String,
        #[serde(default)]
        attributes: Value,
    }
    let sqs = Sqs::deserialize(record).map_err(|error| EventError::UnknownEnvelope {
        found: format!("a batch with a record that is no SQS message ({error})"),
    })?;
    let receive_count = sqs
        .attributes
        .get("ApproximateReceiveCount")
        .and_then(Value::as_str)
        .and_then(|count| count.parse().ok())
        .unwrap_or(1);
    let events = serde_json::from_str(&sqs.body)
        .map_err(|error| EventError::NotJson { cause: error.to_string() })
        .and_then(|body| notification(&body))
        .unwrap_or_else(|error| vec![Err(error)]);
    Ok(Message { id: sqs.message_id, receive_count, events })
}

/// An S3 notification, or the test event that S3 sends when notifications are set up.
fn notification(document: &Value) -> Result<Vec<Result<ObjectEvent, EventError>>, EventError> {
    if document.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    let records = records_of(document, "aws:s3")
        .ok_or_else(|| EventError::UnknownEnvelope { found: describe(document) })?;
    Ok(records.iter().filter_map(|record| object_event(record).transpose()).collect())
}

/// What a document looks like, for the operator who has to find out who sends it.
fn describe(document: &Value) -> String {
    let Some(object) = document.as_object() else {
        return match document {
            Value::Null => "null",
            Value::Array(_) => "a JSON array",
            Value::String(_) => "a JSON string",
            _ => "a JSON number or boolean",
        }
        .to_owned();
    };
    if object.get("Type").is_some_and(|kind| kind == "Notification") {
        return "an SNS notification, which is not read yet".to_owned();
    }
    if object.contains_key("detail-type") {
        return "an EventBridge event, which is not read yet".to_owned();
    }
    if object.contains_key("invocationSchemaVersion") {
        return "an S3 Batch Operations task, which is not read yet".to_owned();
    }
    match object.get("Records") {
        Some(Value::Array(records)) if records.is_empty() => "a list of no records".to_owned(),
        Some(_) => "a list of records that come neither from S3 nor from SQS".to_owned(),
        None => {
            let fields: Vec<&str> = object.keys().take(8).map(String::as_str).collect();
            format!("an object with the fields [{}]", fields.join(", "))
        }
    }
}

/// What is read of one record of a notification.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_version: Option<String>,
    event_name: String,
    s3: Entity,
}

#[derive(Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
    #[serde(rename = "eTag")]
    etag: Option<String>,
    sequencer: Option<String>,
}

/// One record's event; `None` when it asks for no work.
fn object_event(record: &Value) -> Result<Option<ObjectEvent>, EventError> {
    if record.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(None);
    }
    let record =
        Record::deserialize(record).map_err(|error| EventError::Malformed { cause: error.to_string() })?;
    if let Some(version) = record.event_version
        && version.split('.').next() != Some("2")
    {
        return Err(EventError::Version { version });
    }
    let Some(change) = change(&record.event_name)? else {
        return Ok(None);
    };
    let Object { key, etag, sequencer } = record.s3.object;
    Ok(Some(ObjectEvent {
        change,
        bucket: record.s3.bucket.name,
        key: decode_key(&key)?,
        etag: etag.map(|etag| etag.trim_matches('"').to_owned()).filter(|etag| !etag.is_empty()),
        sequencer: sequencer.filter(|sequencer| !sequencer.is_empty()),
    }))
}

/// What an event's name means; `None` for those that leave the object's content as it was.
fn change(name: &str) -> Result<Option<Change>, EventError> {
    let family = name.strip_prefix("s3:").unwrap_or(name).split(':').next().unwrap_or_default();
    match family {
        "ObjectCreated" => Ok(Some(Change::Created)),
        "ObjectRemoved" | "LifecycleExpiration" => Ok(Some(Change::Removed)),
        "ObjectRestore"
        | "ObjectTagging"
        | "ObjectAcl"
        | "ObjectAnnotation"
        | "LifecycleTransition"
        | "IntelligentTiering"
        | "Replication"
        | "ReducedRedundancyLostObject"
        | "TestEvent" => Ok(None),
        _ => Err(EventError::UnknownName { name: name.to_owned() }),
    }
}

/// Decodes a notification's key, once: `+` is a space, `%XX` a byte (form encoding, as S3 applies it).
fn decode_key(encoded: &str) -> Result<String, EventError> {
    let error = |what| EventError::Key { key: encoded.to_owned(), what };
    if encoded.is_empty() {
        return Err(error("is empty"));
    }
    let escapes_are_whole = encoded
        .split('%')
        .skip(1)
        .all(|rest| rest.len() >= 2 && rest.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit));
    if !escapes_are_whole {
        return Err(error("has a % that is not followed by two hex digits"));
    }
    let spaced = encoded.replace('+', " ");
    let key = percent_decode(spaced.as_bytes())
        .decode_utf8()
        .map_err(|_| error("is not UTF-8 once its %XX are decoded"))?;
    Ok(key.into_owned())
}

#[cfg(test)]
mod tests;
