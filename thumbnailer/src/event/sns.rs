//! What SNS wraps around a message. Sources: Amazon SNS Developer Guide, "Parsing Amazon SNS message formats"; AWS
//! Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications".

use serde::Deserialize;
use serde_json::Value;

use super::EventError;

const WHAT: &str = "SNS notification";

/// What is read of a notification.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object with its `Message`")]
struct Notification {
    message: String,
}

/// Whether a document is a notification as SNS sends it to a queue without raw delivery.
pub(super) fn is_notification(document: &Value) -> bool {
    document.get("Type").and_then(Value::as_str) == Some("Notification")
}

/// The document within a notification.
pub(super) fn message(notification: &Value) -> Result<Value, EventError> {
    let Notification { message } =
        Notification::deserialize(notification).map_err(EventError::malformed(WHAT))?;
    serde_json::from_str(&message)
        .map_err(|error| EventError::NotJson { what: "SNS notification's Message", cause: error.to_string() })
}

/// The document within a record of SNS's invocation of a function.
pub(super) fn record(record: &Value) -> Result<Value, EventError> {
    message(record.get("Sns").unwrap_or(&Value::Null))
}
