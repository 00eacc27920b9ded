//! Why something could not be read, in words for the operator who finds it in the log.

use thiserror::Error;

/// Why a payload or a record of it could not be read. Never acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EventError {
    /// No known document.
    #[error(
        "{place} is {found}; expected an S3 notification ({{\"Records\":[{{\"eventSource\":\"aws:s3\",…}}]}}), an \
         EventBridge event of S3's, either of them in an SNS notification, in an SQS message or in both, an S3 Batch \
         Operations invocation, or an s3:TestEvent. Correct what sends it"
    )]
    Unknown {
        /// Where it stood: the payload, a message's body, …
        place: &'static str,
        /// What it looks like instead.
        found: String,
    },
    /// A message's content is not JSON.
    #[error("the {what} is not JSON: {cause}")]
    NotJson {
        /// Which content.
        what: &'static str,
        /// The parser's words.
        cause: String,
    },
    /// A record lacks what is needed of it.
    #[error("the {what} cannot be read: {cause}")]
    Malformed {
        /// Which kind of record.
        what: &'static str,
        /// Which field and why.
        cause: String,
    },
    /// A newer kind of document.
    #[error("the {what}'s version is {version}; only {known} is known. Update the thumbnailer")]
    Version {
        /// Which kind of document.
        what: &'static str,
        /// As it stands in the document.
        version: String,
        /// Those that are known.
        known: &'static str,
    },
    /// An event that is nobody's business here and was not expected.
    #[error(
        "the S3 record's eventName is {name}; ObjectCreated, ObjectRemoved and LifecycleExpiration events are handled. \
         Remove it from the bucket's notification configuration"
    )]
    UnknownName {
        /// As it stands in the record.
        name: String,
    },
    /// An event of EventBridge's that is nobody's business here and was not expected.
    #[error(
        "the EventBridge event is {detail_type:?} of {origin:?}; \"Object Created\" and \"Object Deleted\" of \"aws.s3\" \
         are handled. Narrow the rule's event pattern to them"
    )]
    UnknownDetailType {
        /// The event's source.
        origin: String,
        /// As it stands in the event.
        detail_type: String,
    },
    /// A key that S3 would not have sent.
    #[error("the key {key:?} {what}")]
    Key {
        /// As it stands in the record, still encoded.
        key: String,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl EventError {
    /// [`EventError::Malformed`] for a parser's error.
    pub(super) fn malformed(what: &'static str) -> impl Fn(serde_json::Error) -> Self {
        move |error| Self::Malformed { what, cause: error.to_string() }
    }
}
