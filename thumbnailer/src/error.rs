//! The world's faults: what is retried, and in the end lies in the dead-letter queue with its cause in words.

use std::any::Any;

use thiserror::Error;

use crate::event::EventError;

/// Why a record was not settled although its image may be fine. Repeating the work later may succeed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Retryable {
    /// The record could not be read.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The event names a bucket that this function does not serve.
    #[error(
        "the event comes from bucket {bucket}, {why}. Correct the notification configuration or ORIGINALS_BUCKET"
    )]
    Bucket {
        /// The event's bucket.
        bucket: String,
        /// Why it is refused.
        why: String,
    },
    /// S3 said 403, which is also its answer for a missing key to whoever may not list the bucket.
    #[error(
        "access denied while {doing} ({said}): the function needs {needs}. A missing key looks the same to a function \
         without s3:ListBucket"
    )]
    Denied {
        /// What was attempted, with bucket and key.
        doing: String,
        /// S3's message.
        said: String,
        /// The permissions that would help.
        needs: &'static str,
    },
    /// The bucket is not there.
    #[error("no such bucket while {doing}. Create it or correct the configuration")]
    NoSuchBucket {
        /// What was attempted, with bucket and key.
        doing: String,
    },
    /// Any other answer of S3, or none.
    #[error("S3 failed while {doing}: {cause}")]
    Storage {
        /// What was attempted, with bucket and key.
        doing: String,
        /// S3's code and message, or the connection's error.
        cause: String,
    },
    /// Versions cannot be told apart, so that none can be deleted safely.
    #[error(
        "bucket {bucket} keeps no versions, so that nothing can be deleted from it without risk to newer work. Turn its \
         versioning on"
    )]
    Unversioned {
        /// The derived bucket.
        bucket: String,
    },
    /// Others kept writing the manifest in between.
    #[error("the manifest of {key} was changed by others {times} times in a row while it was to be written")]
    Contended {
        /// The source's key.
        key: String,
        /// How often.
        times: u32,
    },
    /// The manifest is there but cannot be read.
    #[error("the manifest of {key} cannot be read: {cause}")]
    Manifest {
        /// The source's key.
        key: String,
        /// Why.
        cause: String,
    },
    /// The time given was used up; the work was stopped in good order.
    #[error("stopped before the deadline while {doing}. Raise the function's time-out or its memory")]
    Deadline {
        /// What was going on.
        doing: String,
    },
    /// Ours: a bug, a caught panic outside of the picture's own work.
    #[error("internal fault: {what}")]
    Fault {
        /// What is known of it.
        what: String,
    },
    /// The CDN goes on serving what was removed.
    #[error("CloudFront's distribution {distribution} could not be told to forget {key}: {cause}")]
    Cdn {
        /// The source's key.
        key: String,
        /// The distribution's id.
        distribution: String,
        /// CloudFront's words, and what to do.
        cause: String,
    },
    /// The process that had the record to itself ended without a verdict.
    #[error("the process that worked on {key} {how}")]
    Died {
        /// The source's key.
        key: String,
        /// By which signal or exit code, what that means and what to do.
        how: String,
    },
    /// The process that had the record to itself could not settle it.
    #[error("{cause}")]
    Isolated {
        /// Any other of these, in its words.
        cause: String,
    },
}

/// Why an invocation as a whole failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The payload is in no known envelope.
    #[error(transparent)]
    Envelope(#[from] EventError),
    /// Records are unsettled, and the envelope has no other way to say so. All of them come again; those that are
    /// done cost one read.
    #[error("{failed} of {of} records are not settled; the first because {first}")]
    Unsettled {
        /// How many are not settled.
        failed: usize,
        /// How many there were.
        of: usize,
        /// The first one's cause.
        first: Retryable,
    },
    /// The sweep broke off. What was deleted until then is, and the next one finds the rest.
    #[error("the sweep broke off: {0}")]
    Sweep(Retryable),
}

/// What a caught panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}
