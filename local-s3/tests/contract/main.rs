//! What an S3 client may rely on, asked through the AWS SDK over HTTP; and what the queue promises.
#![allow(clippy::unwrap_used, missing_docs)]

mod auth;
mod buckets;
mod checksums;
mod conditions;
mod copies;
mod event_faults;
mod events;
mod faults;
mod forms;
mod keys;
mod listing;
mod multipart;
mod objects;
mod patience;
mod queue;
mod recovery;
mod support;
mod versions;
