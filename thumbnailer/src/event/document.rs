//! What an invocation's payload or a message's body may be: an S3 notification, an EventBridge event, either of them
//! in an SNS notification, or S3's test event.

use serde_json::Value;

use super::{EventError, ObjectEvent, eventbridge, notification, sns};

type Events = Vec<Result<ObjectEvent, EventError>>;

/// Where a document stands.
#[derive(Clone, Copy)]
struct Place {
    name: &'static str,
    /// Whether SNS may be wrapped around it here. Once at most, so that depth is bounded.
    may_be_sns: bool,
}

/// The events of a payload that is no batch.
pub(super) fn events(payload: &Value) -> Result<Events, EventError> {
    read(Place { name: "the payload", may_be_sns: true }, payload)
}

/// The events of a document that lies in `name`.
pub(super) fn within(name: &'static str, document: &Value) -> Result<Events, EventError> {
    read(Place { name, may_be_sns: true }, document)
}

fn read(place: Place, document: &Value) -> Result<Events, EventError> {
    let unknown = || EventError::Unknown { place: place.name, found: describe(document) };
    match document.get("Records") {
        Some(Value::Array(records)) if records.is_empty() => Err(unknown()),
        Some(Value::Array(records)) => Ok(records.iter().flat_map(|one| record(place, one)).collect()),
        Some(_) => Err(unknown()),
        None if is_test_event(document) => Ok(Vec::new()),
        // A payload that is one was taken for a sweep; within a message nobody would be told how that went.
        None if eventbridge::is_schedule(document) => Err(unknown()),
        None if eventbridge::is_event(document) => {
            Ok(eventbridge::event(document).transpose().into_iter().collect())
        }
        None if place.may_be_sns && sns::is_notification(document) => wrapped(sns::message(document)?),
        None => Err(unknown()),
    }
}

/// The events of one record, whatever it is.
fn record(place: Place, record: &Value) -> Events {
    let unknown = |found| vec![Err(EventError::Unknown { place: "the record", found })];
    match source(record) {
        Some("aws:s3") => notification::event(record).transpose().into_iter().collect(),
        Some("aws:sns") if place.may_be_sns => {
            sns::record(record).and_then(wrapped).unwrap_or_else(|error| vec![Err(error)])
        }
        Some("aws:sns") => unknown("an SNS notification within another".to_owned()),
        Some("aws:sqs") => unknown("an SQS message within a message".to_owned()),
        Some(other) => unknown(format!("of {other}, which is none of S3, SNS and SQS")),
        None if is_test_event(record) => Vec::new(),
        None => unknown(describe(record)),
    }
}

/// The events of what SNS was wrapped around.
fn wrapped(document: Value) -> Result<Events, EventError> {
    read(Place { name: "the SNS notification's Message", may_be_sns: false }, &document)
}

/// Which service a record comes from. SNS alone writes its fields with capitals.
pub(super) fn source(record: &Value) -> Option<&str> {
    record.get("eventSource").or_else(|| record.get("EventSource"))?.as_str()
}

/// What S3 sends when notifications are set up (Amazon S3 User Guide, "Event message structure").
fn is_test_event(document: &Value) -> bool {
    document.get("Event").and_then(Value::as_str) == Some("s3:TestEvent")
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
    let kind = object.get("Type").and_then(Value::as_str);
    match object.get("Records") {
        Some(Value::Array(_)) => "a list of no records".to_owned(),
        Some(_) => "an object whose Records are no list".to_owned(),
        None if kind == Some("Notification") => "an SNS notification within another".to_owned(),
        None if kind.is_some_and(|kind| kind.ends_with("Confirmation")) => {
            "SNS's wish to have a subscription confirmed".to_owned()
        }
        None if eventbridge::is_schedule(document) => {
            "a scheduled event, which has to invoke the function by itself".to_owned()
        }
        None if object.contains_key("invocationSchemaVersion") => {
            "an S3 Batch Operations invocation, which has to be answered directly".to_owned()
        }
        None => {
            let fields: Vec<&str> = object.keys().take(8).map(String::as_str).collect();
            format!("an object with the fields [{}]", fields.join(", "))
        }
    }
}
