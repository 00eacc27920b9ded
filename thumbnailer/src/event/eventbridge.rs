//! An event of EventBridge's. Sources: Amazon S3 User Guide, "EventBridge event message structure" and "Using
//! EventBridge"; Amazon EventBridge User Guide, "Creating a rule that runs on a schedule".

use serde::Deserialize;
use serde_json::Value;

use super::entity::Entity;
use super::{Change, EventError, ObjectEvent};

const WHAT: &str = "EventBridge event";

/// What is read of an event.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", expecting = "an object with `source` and `detail-type`")]
struct Event {
    source: String,
    detail_type: String,
    #[serde(default)]
    detail: Value,
}

/// Whether a document is an event of EventBridge's, whatever it tells of.
pub(super) fn is_event(document: &Value) -> bool {
    document.get("detail-type").is_some()
}

/// Whether an event says only that it is time: from a rule with a schedule, or from EventBridge Scheduler.
pub(super) fn is_schedule(document: &Value) -> bool {
    let says = |field, text| document.get(field).and_then(Value::as_str) == Some(text);
    says("detail-type", "Scheduled Event")
        && (says("source", "aws.events") || says("source", "aws.scheduler"))
}

/// What an event tells of an object; `None` when it asks for no work.
pub(super) fn event(document: &Value) -> Result<Option<ObjectEvent>, EventError> {
    let Event { source, detail_type, detail } =
        Event::deserialize(document).map_err(EventError::malformed(WHAT))?;
    let change = match (source.as_str(), detail_type.as_str()) {
        ("aws.s3", "Object Created") => Change::Created,
        // The reason may be a request or a lifecycle rule, and what was deleted may be an old version.
        ("aws.s3", "Object Deleted") => Change::Removed,
        ("aws.s3", name) if leaves_content_alone(name) => return Ok(None),
        _ => return Err(EventError::UnknownDetailType { origin: source, detail_type }),
    };
    if let Some(version) = detail.get("event-version").and_then(Value::as_str)
        && version.split('.').next() != Some("1")
    {
        return Err(EventError::Version { what: WHAT, version: version.to_owned(), known: "1.x" });
    }
    let entity = Entity::deserialize(&detail).map_err(EventError::malformed(WHAT))?;
    entity.into_event(change, raw).map(Some)
}

/// EventBridge's keys are as the author chose them: `+` is a plus, `%20` three characters.
fn raw(key: &str) -> Result<String, EventError> {
    if key.is_empty() {
        return Err(EventError::Key { key: String::new(), what: "is empty" });
    }
    Ok(key.to_owned())
}

/// A bucket sends EventBridge every kind of event, so that a wide rule lets these through.
fn leaves_content_alone(detail_type: &str) -> bool {
    matches!(
        detail_type,
        "Object Restore Initiated"
            | "Object Restore Completed"
            | "Object Restore Expired"
            | "Object Storage Class Changed"
            | "Object Access Tier Changed"
            | "Object ACL Updated"
            | "Object Tags Added"
            | "Object Tags Deleted"
    )
}
