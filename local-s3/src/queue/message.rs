use serde::{Deserialize, Serialize};

/// A message as the callback gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same on every delivery; what the callback answers with if it failed.
    pub id: String,
    /// Another on every delivery; empty for dead letters.
    pub receipt: String,
    /// For events: S3's notification document, `{"Records":[…]}`.
    pub body: String,
    /// How often it has been delivered, this time included.
    pub receive_count: u32,
    /// When it was sent, in milliseconds since 1970.
    pub sent_unix_ms: u64,
    /// When it was first delivered, in milliseconds since 1970.
    pub first_receive_unix_ms: u64,
    /// After how many receives it goes to the dead letters.
    pub max_receives: u32,
}

/// How many messages are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Waiting, including those that back off after a failure.
    pub visible: usize,
    /// Delivered and not yet answered.
    pub in_flight: usize,
    /// Received too often.
    pub dead: usize,
}

/// Which change a staged event tells of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cause {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) sequence: u64,
    /// Created, or else removed.
    pub(crate) created: bool,
}

/// A message as it lies on disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) sent_unix_ms: u64,
    pub(crate) receive_count: u32,
    /// 0 before the first delivery.
    pub(crate) first_receive_unix_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<Cause>,
}

impl Stored {
    pub(crate) fn message(&self, receipt: String, max_receives: u32) -> Message {
        Message {
            id: self.id.clone(),
            receipt,
            body: self.body.clone(),
            receive_count: self.receive_count,
            sent_unix_ms: self.sent_unix_ms,
            first_receive_unix_ms: self.first_receive_unix_ms,
            max_receives,
        }
    }
}
