//! S3 in the process: storage, wire, event notifications, a queue with redelivery.
//!
//! A laptop runs the same pipeline as the cloud does, so it needs the same surroundings: buckets that speak
//! S3's protocol, notifications about what was written, and a queue that delivers them at least once. This crate is
//! those surroundings. It knows nothing of what the objects mean; the program hands it a callback and is called
//! with batches of messages, exactly as a queue would hand them to a function.
//!
//! ```no_run
//! # async fn example() -> Result<(), local_s3::Error> {
//! use local_s3::{Bucket, Server};
//!
//! let server = Server::builder()
//!     .data_dir(".data")
//!     .bucket(Bucket::new("originals").versioned(true).notify(true))
//!     .start()
//!     .await?;
//! println!("S3 at {}", server.endpoint_url());
//! server
//!     .queue()
//!     .run(
//!         |batch| async move {
//!             for message in &batch {
//!                 println!("{}", message.body);
//!             }
//!             Vec::new() // nothing failed
//!         },
//!         async { tokio::signal::ctrl_c().await.unwrap_or(()) },
//!     )
//!     .await;
//! server.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! - `server` binds, accepts and stops; `settings` is what can be asked of it.
//! - `wire` turns S3 requests into calls on the storage and its answers into S3 responses, one noun a file.
//! - `storage` keeps objects, versions and uploads on disk, and an index of them in memory.
//! - `event` writes the JSON that S3 sends about a change.
//! - `queue` holds those messages until a callback has dealt with them.
//! - `faults` decides what goes wrong on purpose: with requests (`wire::inflict` does it, and `line` is the connection
//!   it may break) and with events on their way into the queue.
//! - `form` parses browsers' forms and their policies; `checksum` and `key` are pure helpers.
//!
//! On disk, everything that counts lies under `DIR/.s3`; `DIR/<bucket>/<key>` is a readable view of hard links
//! that nothing reads back. Its files are write-protected, because they are the stored objects: copy one to edit it.

mod checksum;
mod clock;
mod error;
mod event;
mod faults;
mod form;
mod key;
mod line;
mod queue;
mod requests;
mod server;
mod settings;
mod storage;
mod wire;

pub use error::Error;
pub use faults::{EventFaultCounts, EventFaults, Fault, FaultCounts, FaultRates, FaultRequest, Faults};
pub use queue::{Depth, Message, Queue, QueueSettings, failed_ids, sqs_event};
pub use requests::RequestCounts;
pub use server::Server;
pub use settings::{Bucket, Builder};
pub use wire::{InvalidOrigin, WebOrigin};
