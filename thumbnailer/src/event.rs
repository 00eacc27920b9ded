//! What arrived, in any envelope, as [`ObjectEvent`]s. Pure: JSON in, events out.
//!
//! [`parse`] tells from an invocation's payload how it travelled:
//!
//! | [`Envelope`] | what it holds | its keys are |
//! |---|---|---|
//! | `Direct` | S3 notifications, bare or in SNS notifications | form-encoded |
//! | `EventBridge` | one event of EventBridge's | raw |
//! | `Sqs` | messages, each with either of these, bare or in an SNS notification | as within |
//! | `Batch` | tasks of an S3 Batch Operations job | form-encoded |
//! | `Sweep` | a scheduled run | |
//!
//! It keeps what belongs together: a [`Message`] is what can fail by itself, so an SQS message is one, a task is
//! one, and a direct invocation is one. What cannot be read is an [`EventError`] in its place, never a gap.
//! Nothing is unwrapped deeper than SQS, SNS, S3.
//!
//! The documents are read by small structs of our own, field by field: AWS raises the minor version of its
//! events when it adds fields, and emulators leave out those that nobody here reads.

mod batch;
mod document;
mod entity;
mod error;
mod eventbridge;
mod key;
mod notification;
mod sns;
mod sqs;

use serde_json::Value;

pub use error::EventError;

/// What happened to an object, as its event tells it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ObjectEvent {
    /// Which way it changed.
    pub change: Change,
    /// The bucket's name.
    pub bucket: String,
    /// The key as the author chose it: decoded.
    pub key: String,
    /// Without quotation marks. Removals have none, or one that says nothing; tasks of Batch Operations none.
    pub etag: Option<String>,
    /// Hex digits that order the events of one key; see `manifest::sequencer`. Tasks of Batch Operations have none.
    pub sequencer: Option<String>,
    /// The version that was written or removed; `None` in a bucket without versions.
    pub version_id: Option<String>,
    /// Bytes of the object; `None` where the event does not say.
    pub size: Option<u64>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Envelope {
    /// S3 or SNS invoked the function; failure is the invocation's error.
    Direct,
    /// A rule of EventBridge's invoked the function; failure is the invocation's error.
    EventBridge,
    /// A batch from a queue; failure is told by message.
    Sqs,
    /// A job of S3 Batch Operations; every task is given a result.
    Batch {
        /// `invocationSchemaVersion`, which the answer repeats.
        schema: String,
        /// Which the answer repeats.
        invocation_id: String,
    },
    /// A schedule, or a person: retired renditions are to be swept. There are no messages.
    Sweep,
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
    /// The queue's name for it, or the job's name for the task. Empty when the envelope names none, and for what
    /// came without the name that it ought to have: that one's events are a single error.
    pub id: String,
    /// How many times it has been received, this one included; 1 when the envelope does not say.
    pub receive_count: u32,
    /// Its events, each read by itself. Those that ask for no work are left out.
    pub events: Vec<Result<ObjectEvent, EventError>>,
}

/// Reads an invocation's payload.
///
/// # Errors
///
/// An [`EventError`] for a payload in no known envelope. What is wrong with one message, record or task lies in its
/// place instead.
pub fn parse(payload: &Value) -> Result<Delivery, EventError> {
    // First what has records, so that none of them is passed over for what else the payload may say.
    if let Some(records) = sqs::records(payload) {
        let messages = records.iter().map(sqs::message).collect();
        return Ok(Delivery { envelope: Envelope::Sqs, messages });
    }
    let has_records = payload.get("Records").is_some();
    if !has_records && batch::is_invocation(payload) {
        return batch::delivery(payload);
    }
    if !has_records && (eventbridge::is_schedule(payload) || is_sweep(payload)) {
        return Ok(Delivery { envelope: Envelope::Sweep, messages: Vec::new() });
    }
    let is_event = !has_records && eventbridge::is_event(payload);
    let envelope = if is_event { Envelope::EventBridge } else { Envelope::Direct };
    let message = Message { id: String::new(), receive_count: 1, events: document::events(payload)? };
    Ok(Delivery { envelope, messages: vec![message] })
}

/// `{"sweep":{}}`: how a person, or a schedule with an input of its own, asks for a sweep.
fn is_sweep(payload: &Value) -> bool {
    let Some(fields) = payload.as_object() else { return false };
    fields.len() == 1 && fields.get("sweep").is_some_and(Value::is_object)
}

#[cfg(test)]
mod tests;
