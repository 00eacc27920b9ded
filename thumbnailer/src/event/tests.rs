#![allow(clippy::unwrap_used)]

mod batch;
mod depth;
mod eventbridge;
mod keys;
mod notification;
mod properties;
mod sqs;

use super::*;
use serde_json::json;

/// A record of S3's.
fn record(name: &str, key: &str) -> Value {
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name,
        "s3": { "bucket": { "name": "originals" },
                "object": { "key": key, "eTag": "0123abcd", "sequencer": "0055AED6DCD90281E5" } }
    })
}

/// A notification of one creation.
fn created(key: &str) -> Value {
    json!({ "Records": [record("ObjectCreated:Put", key)] })
}

/// An event of EventBridge's.
fn bridged(detail_type: &str, key: &str) -> Value {
    json!({
        "version": "0", "detail-type": detail_type, "source": "aws.s3",
        "detail": { "version": "0", "bucket": { "name": "originals" },
                    "object": { "key": key, "etag": "0123abcd", "sequencer": "0055AED6DCD90281E5" } }
    })
}

/// `document` within an SNS notification, as a queue receives it.
fn notified(document: &Value) -> Value {
    json!({ "Type": "Notification", "TopicArn": "arn:aws:sns:eu-central-1:1:t", "Message": document.to_string() })
}

/// `document` within a record of SNS's, as a function receives it.
fn sns_record(document: &Value) -> Value {
    json!({ "EventSource": "aws:sns", "EventVersion": "1.0", "Sns": notified(document) })
}

/// Messages `m0`, `m1`, … of a queue.
fn batch(bodies: &[Value]) -> Value {
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(n, body)| {
            json!({ "messageId": format!("m{n}"), "eventSource": "aws:sqs", "body": body.to_string(),
                    "attributes": { "ApproximateReceiveCount": "3" } })
        })
        .collect();
    json!({ "Records": records })
}

/// A job's invocation.
fn invocation(tasks: &[Value]) -> Value {
    json!({ "invocationSchemaVersion": "1.0", "invocationId": "i", "job": { "id": "j" }, "tasks": tasks })
}

/// The events of a payload's only message.
fn events(payload: &Value) -> Result<Vec<Result<ObjectEvent, EventError>>, EventError> {
    let mut messages = parse(payload)?.messages;
    assert_eq!(messages.len(), 1, "{payload}");
    Ok(messages.remove(0).events)
}

/// The only event of a payload.
fn only(payload: &Value) -> Result<ObjectEvent, EventError> {
    let mut events = events(payload)?;
    assert_eq!(events.len(), 1, "{payload}");
    events.remove(0)
}

#[test]
fn unknown_payloads_are_described() {
    for (payload, word) in [
        (json!({ "Records": [] }), "no records"),
        (json!({ "Records": {} }), "no list"),
        (json!({ "hello": 1 }), "hello"),
        (json!({ "sweep": true }), "sweep"),
        (json!({ "sweep": {}, "hello": 1 }), "hello"),
        (json!({ "Type": "SubscriptionConfirmation" }), "subscription"),
        (json!(["Records"]), "array"),
        (json!("text"), "string"),
        (json!(7), "number"),
        (json!(null), "null"),
    ] {
        let error = parse(&payload).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("expected an S3 notification"), "{error}");
    }
}

#[test]
fn a_schedule_and_a_wish_are_sweeps() {
    for payload in [
        json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} }),
        json!({ "source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}" }),
        json!({ "sweep": {} }),
    ] {
        let Delivery { envelope, messages } = parse(&payload).unwrap();
        assert_eq!((envelope, messages.len()), (Envelope::Sweep, 0), "{payload}");
    }
}
