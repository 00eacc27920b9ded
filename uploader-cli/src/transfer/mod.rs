//! Bytes to S3: checked on their way, at the pace that the line bears, and from where they stopped.
//!
//! # Layout
//!
//! - `single`: a file in one PUT; `multipart`: a larger one in parts, across runs
//! - `parts`: how a file is cut; `crc`: checksums that add up; `journal`: what survives the program
//! - `pace`: how much is under way at once; `attempt`: trying again; `body`: what says how far it has come;
//!   `buffers`: memory for parts
//! - `present`: what lies under a key already

mod attempt;
mod body;
mod buffers;
mod crc;
mod journal;
mod multipart;
mod pace;
mod parts;
mod present;
mod single;

use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::SdkBody;
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::Failure;
use crate::store::Store;
use body::Flow;
pub(crate) use body::Meter;
use buffers::Buffers;
pub(crate) use crc::Crc;
pub(crate) use journal::Journal;
pub(crate) use pace::Pace;
pub(crate) use parts::USUAL as USUAL_PART;
pub(crate) use present::{Present, named};

/// MiB of files that are in memory at once, in parts or whole.
const MEMORY: usize = 64;

/// Parts up to this many bytes are held in memory while they are sent; larger ones are read twice.
const HELD: u64 = 16 << 20;

/// Bytes read at once of what is read twice.
const CHUNK: usize = 1 << 20;

/// The most requests under way at once, of whatever size.
const WIDEST: usize = 32;

/// What all transfers of one run have in common.
#[derive(Clone)]
pub(crate) struct Transfers {
    store: Store,
    pace: Pace,
    memory: Arc<Semaphore>,
    buffers: Buffers,
    /// Where journals lie; `None` where none can be kept.
    journals: Option<PathBuf>,
    /// How long an answer may fail to come before that is the end of it.
    patience: Duration,
    /// Bytes of a part, unless the file needs larger ones.
    part_bytes: u64,
}

/// One file on its way to its key.
pub(crate) struct Transfer<'a> {
    pub(crate) file: &'a Path,
    pub(crate) stamp: Stamp,
    pub(crate) key: &'a str,
    pub(crate) media_type: &'a str,
    /// Name and value, as they are sent.
    pub(crate) metadata: &'a [(String, String)],
    pub(crate) condition: &'a Condition,
    pub(crate) meter: Arc<dyn Meter>,
}

/// What the key must be like when the bytes get there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Nothing lies there.
    Absent,
    /// What lies there has this etag.
    Replaces(String),
}

/// What tells a file from what it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Bytes.
    pub(crate) bytes: u64,
    /// Nanoseconds since 1970; 0 where the file system doesn't say.
    pub(crate) modified: i128,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified =
            metadata.modified().ok().map_or(0, |time| match time.duration_since(SystemTime::UNIX_EPOCH) {
                Ok(after) => i128::try_from(after.as_nanos()).unwrap_or(i128::MAX),
                Err(before) => -i128::try_from(before.duration().as_nanos()).unwrap_or(i128::MAX),
            });
        Self { bytes: metadata.len(), modified }
    }
}

/// An original as it lies in its bucket: what names *our* upload among others of the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Without quotation marks.
    pub(crate) etag: String,
    /// Where the bucket has versions.
    pub(crate) version_id: Option<String>,
    /// CRC-64/NVME, base64, where it is known.
    pub(crate) crc64nvme: Option<String>,
}

impl From<Present> for Sent {
    fn from(present: Present) -> Self {
        Self { etag: present.etag, version_id: present.version_id, crc64nvme: present.crc64nvme }
    }
}

impl Transfers {
    pub(crate) fn new(store: &Store, journals: Option<PathBuf>, patience: Duration, part_bytes: u64) -> Self {
        Self {
            store: store.clone(),
            pace: Pace::new(WIDEST),
            memory: Arc::new(Semaphore::new(MEMORY)),
            buffers: Buffers::default(),
            journals,
            patience,
            part_bytes,
        }
    }

    /// Sends one file.
    ///
    /// # Errors
    ///
    /// A [`Failure`] of the file or of S3. What has arrived of a large file stays, for the next run to go on with.
    pub(crate) async fn send(&self, transfer: &Transfer<'_>) -> Result<Sent, Failure> {
        if transfer.stamp.bytes <= USUAL_PART.min(self.part_bytes) {
            single::send(self, transfer).await
        } else {
            multipart::send(self, transfer).await
        }
    }

    /// Ends what an earlier run may have begun of `file` under `key`: its bytes are there by other ways.
    ///
    /// # Errors
    ///
    /// A [`Failure`] of S3.
    pub(crate) async fn discard(&self, key: &str, file: &Path) -> Result<(), Failure> {
        let Some(folder) = &self.journals else {
            return Ok(());
        };
        let endpoint = self.store.endpoint.as_deref().unwrap_or_default();
        match Journal::existing(folder, endpoint, &self.store.originals, key, file) {
            Some(journal) => abort(&self.store, journal).await,
            None => Ok(()),
        }
    }

    /// Waits until `bytes` more may be in memory.
    async fn room(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let mib = bytes.div_ceil(1 << 20).clamp(1, MEMORY as u64) as u32;
        Arc::clone(&self.memory).acquire_many_owned(mib).await.ok()
    }

    /// `bytes` as a request's body.
    fn body(&self, bytes: &Bytes, flow: &Flow) -> SdkBody {
        if self.store.signs_payload() {
            // What is in memory as one piece is signed, too.
            return SdkBody::from(bytes.clone());
        }
        SdkBody::from_body_1_x(flow.body(bytes.clone()))
    }
}

/// Ends the upload that `journal` knows of, on the server and here.
///
/// # Errors
///
/// A [`Failure`] of S3; the journal stays.
pub(crate) async fn abort(store: &Store, journal: Journal) -> Result<(), Failure> {
    if let (Some(plan), Some(id)) = (journal.plan(), journal.upload_id()) {
        multipart::abort(store, &plan.key, id).await?;
    }
    // If it stays, the next run finds that the server has nothing.
    journal.finish().ok();
    Ok(())
}

impl Transfer<'_> {
    fn metadata(&self) -> HashMap<String, String> {
        self.metadata.iter().cloned().collect()
    }

    fn if_none_match(&self) -> Option<String> {
        matches!(self.condition, Condition::Absent).then(|| "*".to_owned())
    }

    fn if_match(&self) -> Option<String> {
        match self.condition {
            Condition::Replaces(etag) => Some(format!("\"{etag}\"")),
            Condition::Absent => None,
        }
    }

    fn taken(&self, store: &Store) -> Failure {
        let bucket = &store.originals;
        let message = match self.condition {
            Condition::Absent => format!("another picture lies under '{}' in bucket '{bucket}'", self.key),
            Condition::Replaces(_) => {
                format!(
                    "what lies under '{}' in bucket '{bucket}' was changed by somebody else just now",
                    self.key
                )
            }
        };
        let remedy = "To replace it, give --overwrite; to keep both, choose another folder with --to or rename the file.";
        Failure::new("PreconditionFailed", message, remedy)
    }
}

fn changed() -> Failure {
    Failure::new(
        "changed",
        "the file changed while it was sent",
        "Run the command again when nobody writes to it.",
    )
}

fn unreadable(error: &io::Error) -> Failure {
    let message = format!("the file cannot be read: {error}");
    Failure::new("unreadable", message, "Check the file and the disk that it is on.")
}

/// S3 says that it holds other bytes than were sent.
fn mixed_up(theirs: &str, ours: &str) -> Failure {
    Failure::new(
        "BadDigest",
        format!("S3 holds bytes with the checksum {theirs}, the file's is {ours}"),
        "Run the command again with --overwrite.",
    )
}

/// Reads on a thread that may wait.
async fn blocking<T: Send + 'static>(read: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
}
