//! The documents between a queue and the function.

pub(crate) use local_s3::failed_ids;
use local_s3::{Message, sqs_event};
use serde_json::Value;

use crate::world::REGION;

/// What the function is invoked with for `batch`.
pub(crate) fn event(batch: &[Message]) -> Value {
    sqs_event(batch, REGION)
}

/// What a notification says of its only record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) key: String,
    pub(crate) sequencer: String,
}

/// Reads a notification as the function does; `None` when it has no event that asks for work.
pub(crate) fn told(body: &str) -> Option<Told> {
    let notification = serde_json::from_str(body).ok()?;
    let delivery = thumbnailer::parse(&notification).ok()?;
    let event = delivery.messages.into_iter().flat_map(|message| message.events).next()?.ok()?;
    Some(Told { key: event.key, sequencer: event.sequencer.unwrap_or_default() })
}
