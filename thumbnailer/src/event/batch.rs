//! An invocation by a job of S3 Batch Operations. Source: Amazon S3 User Guide, "Invoke AWS Lambda function".
//!
//! Schema 1.0 names a task's bucket by its ARN; 2.0, which a job has to ask for, by its name. Either carries keys
//! form-encoded, as the job's manifest has to.

use serde::Deserialize;
use serde_json::Value;

use super::entity::filled;
use super::{Change, Delivery, Envelope, EventError, Message, ObjectEvent, key};

const WHAT: &str = "S3 Batch Operations task";

/// What is read of an invocation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    invocation_schema_version: String,
    invocation_id: String,
    tasks: Vec<Value>,
}

/// What is read of a task, besides its id.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with `taskId` and `s3Key`")]
struct Task {
    s3_key: String,
    s3_version_id: Option<String>,
    s3_bucket: Option<String>,
    s3_bucket_arn: Option<String>,
}

/// Whether a payload is such an invocation.
pub(super) fn is_invocation(payload: &Value) -> bool {
    payload.get("invocationSchemaVersion").is_some()
}

/// The invocation's tasks, one message each.
pub(super) fn delivery(payload: &Value) -> Result<Delivery, EventError> {
    let Invocation { invocation_schema_version: schema, invocation_id, tasks } =
        Invocation::deserialize(payload).map_err(EventError::malformed("S3 Batch Operations invocation"))?;
    if !matches!(schema.split('.').next(), Some("1" | "2")) {
        let what = "S3 Batch Operations invocation";
        return Err(EventError::Version { what, version: schema, known: "1.x and 2.x" });
    }
    let messages = tasks.iter().map(message).collect();
    Ok(Delivery { envelope: Envelope::Batch { schema, invocation_id }, messages })
}

/// One task, whatever it is. One without an id is given no result, which the job is told to take for a failure.
fn message(task: &Value) -> Message {
    let id = task.get("taskId").and_then(Value::as_str).unwrap_or_default();
    let event = if id.is_empty() {
        Err(EventError::Malformed { what: WHAT, cause: "it has no taskId".to_owned() })
    } else {
        event(task)
    };
    Message { id: id.to_owned(), receive_count: 1, events: vec![event] }
}

/// The work that a task asks for: of its object's present state, whatever version the job's manifest names.
fn event(task: &Value) -> Result<ObjectEvent, EventError> {
    let Task { s3_key, s3_version_id, s3_bucket, s3_bucket_arn } =
        Task::deserialize(task).map_err(EventError::malformed(WHAT))?;
    let bucket = match (filled(s3_bucket), s3_bucket_arn) {
        (Some(name), _) => name,
        (None, Some(arn)) => bucket_of(&arn)?,
        (None, None) => {
            let cause = "it has neither s3Bucket nor s3BucketArn".to_owned();
            return Err(EventError::Malformed { what: WHAT, cause });
        }
    };
    Ok(ObjectEvent {
        change: Change::Created,
        bucket,
        key: key::decode(&s3_key)?,
        etag: None,
        sequencer: None,
        version_id: filled(s3_version_id),
        size: None,
    })
}

/// The bucket of `arn:aws:s3:::NAME`. In other partitions it is `aws-cn` and the like, and some jobs fill in region
/// and account.
fn bucket_of(arn: &str) -> Result<String, EventError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "s3", _, _, name] if !name.is_empty() && !name.contains(['/', ':']) => Ok(name.to_owned()),
        _ => {
            let cause = format!("its s3BucketArn is {arn:?}, which names no bucket");
            Err(EventError::Malformed { what: WHAT, cause })
        }
    }
}
