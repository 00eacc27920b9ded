//! Objects, versions and uploads on disk, and an index of them in memory. The disk is the truth.

mod batch;
mod body;
mod bucket;
mod commit;
mod cors;
mod expire;
mod fault;
pub(crate) mod files;
mod folder;
mod incoming;
mod layout;
mod list;
mod object;
mod recover;
mod tags;
mod upload;
mod view;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

pub(crate) use batch::Removal;
pub(crate) use body::Opened;
pub(crate) use bucket::{Bucket, Versioning};
pub(crate) use commit::{NewObject, WriteCondition};
pub(crate) use cors::CorsRule;
pub(crate) use fault::Fault;
pub(crate) use incoming::{Incoming, broken_body};
pub(crate) use layout::Layout;
pub(crate) use list::{Listing, Marker};
pub(crate) use object::{Attributes, Headers, Object, Tag};
pub(crate) use upload::{CompletedPart, Upload, WholeChecksum};

use crate::clock::Sequence;
use crate::queue::Queue;
use upload::Uploads;

/// Everything stored below one data directory.
#[derive(Debug)]
pub(crate) struct Store {
    layout: Layout,
    region: String,
    sequence: Arc<Sequence>,
    buckets: RwLock<BTreeMap<String, Arc<Bucket>>>,
    uploads: Uploads,
    unsettled: batch::Unsettled,
    /// Where events go. Nothing else links storage and queue.
    queue: Queue,
}

impl Store {
    /// The region that buckets and events name.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    pub(crate) fn bucket(&self, name: &str) -> Result<Arc<Bucket>, Fault> {
        let buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        buckets.get(name).cloned().ok_or(Fault::NoSuchBucket)
    }

    /// All buckets, by name.
    pub(crate) fn buckets(&self) -> Vec<Arc<Bucket>> {
        self.buckets.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }
}

/// Runs file work off the async threads. A panic there is a fault of ours and answered as such.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Fault::Internal(error.to_string())),
    }
}
