//! A batch of a queue's messages. Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS".

use serde_json::Value;

use super::{EventError, Message, document};

/// The payload's records, if any of them comes from a queue.
pub(super) fn records(payload: &Value) -> Option<&[Value]> {
    let records = payload.get("Records")?.as_array()?;
    records.iter().any(|record| document::source(record) == Some("aws:sqs")).then_some(records)
}

/// One message, whatever it is.
///
/// Without an id it cannot be reported as failed, so that it fails the batch; its neighbours are worked on all the
/// same, and cost one read each when they come again.
pub(super) fn message(record: &Value) -> Message {
    let text = |field| record.get(field).and_then(Value::as_str);
    let id = text("messageId").unwrap_or_default();
    let events = match text("body") {
        _ if id.is_empty() => Err(malformed("it has no messageId")),
        None => Err(malformed("it has no body")),
        Some(body) => serde_json::from_str(body)
            .map_err(|error| EventError::NotJson { what: "message's body", cause: error.to_string() })
            .and_then(|body| document::within("the message's body", &body)),
    };
    Message {
        id: id.to_owned(),
        receive_count: receive_count(record),
        events: events.unwrap_or_else(|error| vec![Err(error)]),
    }
}

fn malformed(cause: &str) -> EventError {
    EventError::Malformed { what: "SQS message", cause: cause.to_owned() }
}

/// `ApproximateReceiveCount`, which SQS writes as a string.
fn receive_count(record: &Value) -> u32 {
    let count = record.get("attributes").and_then(|attributes| attributes.get("ApproximateReceiveCount"));
    count.and_then(Value::as_str).and_then(|count| count.parse().ok()).unwrap_or(1)
}
