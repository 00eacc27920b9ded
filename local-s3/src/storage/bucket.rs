use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use s3s::path::check_bucket_name;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;

use super::view::View;
use super::{CorsRule, Fault, Object, Store, Tag, blocking, files};
use crate::{Error, clock};

/// How many writers of different keys may commit at once.
const LOCKS: usize = 64;

/// A key's versions, newest first.
pub(super) type Versions = Vec<Arc<Object>>;

/// Whether a bucket keeps versions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Versioning {
    #[default]
    Off,
    Enabled,
    Suspended,
}

/// The settings of a bucket as its file says them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct BucketRecord {
    created_ms: u64,
    pub(crate) versioning: Versioning,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cors: Option<Vec<CorsRule>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tags: Option<Vec<Tag>>,
}

/// A bucket and the index of its objects.
#[derive(Debug)]
pub(crate) struct Bucket {
    name: String,
    record: RwLock<BucketRecord>,
    notify: AtomicBool,
    deleted: AtomicBool,
    objects: RwLock<BTreeMap<String, Versions>>,
    locks: Vec<Arc<tokio::sync::Mutex<()>>>,
    pub(super) view: Mutex<View>,
}

impl Bucket {
    pub(super) fn new(name: &str, record: BucketRecord) -> Self {
        Self {
            name: name.to_owned(),
            record: RwLock::new(record),
            notify: AtomicBool::new(false),
            deleted: AtomicBool::new(false),
            objects: RwLock::default(),
            locks: (0..LOCKS).map(|_| Arc::default()).collect(),
            view: Mutex::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn record(&self) -> RwLockReadGuard<'_, BucketRecord> {
        self.record.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn created_ms(&self) -> u64 {
        self.record().created_ms
    }

    pub(crate) fn versioning(&self) -> Versioning {
        self.record().versioning
    }

    pub(crate) fn cors(&self) -> Option<Vec<CorsRule>> {
        self.record().cors.clone()
    }

    pub(crate) fn tags(&self) -> Option<Vec<Tag>> {
        self.record().tags.clone()
    }

    pub(crate) fn notifies(&self) -> bool {
        self.notify.load(Ordering::Relaxed)
    }

    pub(super) fn set_notify(&self, yes: bool) {
        self.notify.store(yes, Ordering::Relaxed);
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    pub(super) fn objects(&self) -> RwLockReadGuard<'_, BTreeMap<String, Versions>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn objects_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Versions>> {
        self.objects.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps other writers of `key` out until the guard is dropped.
    pub(super) async fn lock(&self, key: &str) -> OwnedMutexGuard<()> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let slot = (hasher.finish() % LOCKS as u64) as usize;
        Arc::clone(&self.locks[slot]).lock_owned().await
    }

    /// Keeps all other writers out until the guards are dropped.
    pub(super) async fn lock_all(&self) -> Vec<OwnedMutexGuard<()>> {
        let mut guards = Vec::with_capacity(LOCKS);
        for lock in &self.locks {
            guards.push(Arc::clone(lock).lock_owned().await);
        }
        guards
    }

    /// The newest version of a key, which may be a delete marker.
    pub(crate) fn newest(&self, key: &str) -> Option<Arc<Object>> {
        self.objects().get(key).and_then(|versions| versions.first()).cloned()
    }

    /// Returns the version of this name, which may be a delete marker; without a name, the newest one.
    pub(super) fn named(&self, key: &str, version: Option<&str>) -> Option<Arc<Object>> {
        let objects = self.objects();
        let versions = objects.get(key)?;
        match version {
            None => versions.first().cloned(),
            Some(name) => versions.iter().find(|object| object.is_version(name)).cloned(),
        }
    }

    /// The version that an upload became, if it is there still.
    pub(crate) fn completed(&self, key: &str, upload_id: &str) -> Option<Arc<Object>> {
        let objects = self.objects();
        let versions = objects.get(key)?;
        versions.iter().find(|object| object.upload_id.as_deref() == Some(upload_id)).cloned()
    }

    /// The version to read: the newest one, or the one named.
    pub(crate) fn find(&self, key: &str, version: Option<&str>) -> Result<Arc<Object>, Fault> {
        let found = match version {
            None => self.newest(key).ok_or(Fault::NoSuchKey)?,
            Some(name) => {
                let objects = self.objects();
                let versions = objects.get(key).ok_or(Fault::NoSuchVersion)?;
                versions.iter().find(|object| object.is_version(name)).cloned().ok_or(Fault::NoSuchVersion)?
            }
        };
        if found.delete_marker {
            return Err(Fault::DeleteMarker {
                version_id: found.version_name().to_owned(),
                asked_for: version.is_some(),
                last_modified_ms: found.last_modified_ms,
            });
        }
        Ok(found)
    }
}

impl Store {
    /// Creates a bucket.
    pub(crate) async fn create_bucket(self: &Arc<Self>, name: &str) -> Result<Arc<Bucket>, Fault> {
        let (store, name) = (Arc::clone(self), name.to_owned());
        blocking(move || store.create_bucket_now(&name)).await
    }

    pub(super) fn create_bucket_now(&self, name: &str) -> Result<Arc<Bucket>, Fault> {
        // No label of a host name begins or ends with a hyphen.
        if !check_bucket_name(name) || name.contains(".-") || name.contains("-.") {
            return Err(Error::BucketName(name.to_owned()).into());
        }
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        if buckets.contains_key(name) {
            return Err(Fault::BucketExists);
        }
        self.check_view_is_free(name)?;
        let record = BucketRecord { created_ms: clock::unix_ms(), ..BucketRecord::default() };
        self.write_record(name, &record)?;
        let bucket = Arc::new(Bucket::new(name, record));
        buckets.insert(name.to_owned(), Arc::clone(&bucket));
        Ok(bucket)
    }

    fn write_record(&self, name: &str, record: &BucketRecord) -> Result<(), Error> {
        let path = self.layout.bucket(name);
        files::replace(&path, &files::to_json(&path, record)?)
    }

    /// Deletes a bucket without objects, and drops its unfinished uploads.
    pub(crate) async fn delete_bucket(self: &Arc<Self>, name: &str) -> Result<(), Fault> {
        let bucket = self.bucket(name)?;
        let guards = bucket.lock_all().await;
        if !bucket.objects().is_empty() {
            return Err(Fault::BucketNotEmpty);
        }
        let unfinished = self.uploads_in(name);
        let store = Arc::clone(self);
        blocking(move || {
            let _guards = guards;
            store.settle()?; // a record must not outlive its bucket: another one may take the name
            files::remove(&store.layout.bucket(bucket.name()))?;
            files::sync_parent(&store.layout.bucket(bucket.name()));
            bucket.deleted.store(true, Ordering::Release);
            store.buckets.write().unwrap_or_else(PoisonError::into_inner).remove(bucket.name());
            let _ = std::fs::remove_dir_all(store.layout.store(bucket.name()));
            let _ = std::fs::remove_dir(store.layout.view(bucket.name()));
            Ok(())
        })
        .await?;
        // Without the locks: who completes an upload takes them in the other order. The bucket is gone either way.
        for upload in unfinished {
            if let Err(error) = self.abort_upload(&upload).await {
                tracing::warn!(%error, upload = upload.id, "an upload of a deleted bucket was left behind");
            }
        }
        Ok(())
    }

    /// Changes the settings of a bucket, durably.
    pub(crate) async fn change_bucket(
        self: &Arc<Self>,
        name: &str,
        change: impl FnOnce(&mut BucketRecord) + Send + 'static,
    ) -> Result<(), Fault> {
        let bucket = self.bucket(name)?;
        let guards = bucket.lock_all().await;
        let store = Arc::clone(self);
        blocking(move || {
            let _guards = guards;
            store.change_bucket_now(&bucket, change)
        })
        .await
    }

    pub(super) fn change_bucket_now(
        &self,
        bucket: &Bucket,
        change: impl FnOnce(&mut BucketRecord),
    ) -> Result<(), Fault> {
        if bucket.is_deleted() {
            return Err(Fault::NoSuchBucket);
        }
        let mut record = bucket.record().clone();
        change(&mut record);
        self.write_record(bucket.name(), &record)?;
        *bucket.record.write().unwrap_or_else(PoisonError::into_inner) = record;
        Ok(())
    }
}
