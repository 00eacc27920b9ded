//! What an S3 client may rely on, asked through the AWS SDK over HTTP; and what the queue promises.
#![allow(clippy::unwrap_used, missing_docs)]

mod auth;
mod batches;
mod bucket_settings;
mod buckets;
mod checksums;
mod conditions;
mod copies;
mod cors;
mod event_faults;
mod events;
mod faults;
mod forms;
mod keys;
mod listing;
mod multipart;
mod objects;
mod patience;
mod privacy;
mod queue;
mod recovery;
mod refusals;
mod signatures;
mod signing;
mod support;

mod versions;
mod web_pages;
