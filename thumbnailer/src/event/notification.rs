//! A record of an S3 notification. Source: Amazon S3 User Guide, "Event message structure".

use serde::Deserialize;
use serde_json::Value;

use super::entity::Entity;
use super::{Change, EventError, ObjectEvent, key};

const WHAT: &str = "S3 record";

/// What is read of a record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with `eventName` and `s3`")]
struct Record {
    event_version: Option<String>,
    event_name: String,
    s3: Entity,
}

/// A record's event; `None` when it asks for no work.
pub(super) fn event(record: &Value) -> Result<Option<ObjectEvent>, EventError> {
    let record = Record::deserialize(record).map_err(EventError::malformed(WHAT))?;
    // Minor versions add fields: 2.2 came with replication, 2.3 with lifecycle rules.
    if let Some(version) = record.event_version
        && version.split('.').next() != Some("2")
    {
        return Err(EventError::Version { what: WHAT, version, known: "2.x" });
    }
    match change(&record.event_name)? {
        None => Ok(None),
        Some(change) => record.s3.into_event(change, key::decode).map(Some),
    }
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
