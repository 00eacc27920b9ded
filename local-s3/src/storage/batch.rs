//! Removals of many objects at once, made durable by one file.
//!
//! The record of a batch says which versions are gone, which delete markers are new and which events tell of it. Once
//! it is on disk the batch is committed; files are then changed without waiting for the disk. A record is removed
//! after those changes have reached the disk too. Records that a start finds are applied again: see [`replay`].

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::commit::Deleted;
use super::{Bucket, Fault, Layout, Object, Store, Versioning, WriteCondition, blocking, files};
use crate::Error;
use crate::event::{self, Happening, Origin};
use crate::queue::{self, Stored};

/// One object to remove.
#[derive(Debug)]
pub(crate) struct Removal {
    pub(crate) key: String,
    /// The version to remove for good.
    pub(crate) version: Option<String>,
    pub(crate) condition: WriteCondition,
}

/// The result for one [`Removal`]: `None` if there was nothing to remove.
type Outcome = Result<Option<Deleted>, Fault>;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    bucket: String,
    removed: Vec<Gone>,
    markers: Vec<Object>,
    events: Vec<Stored>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Gone {
    key: String,
    sequence: u64,
}

impl Record {
    fn keys(&self) -> BTreeSet<&str> {
        let removed = self.removed.iter().map(|gone| gone.key.as_str());
        removed.chain(self.markers.iter().map(|marker| marker.key.as_str())).collect()
    }

    /// Writes and removes every file once more, durably.
    fn redo(&self, layout: &Layout) -> Result<(), Error> {
        if layout.bucket(&self.bucket).exists() {
            for marker in &self.markers {
                let path = layout.version(&self.bucket, &marker.key, marker.sequence);
                files::create_dir_all(&layout.versions(&self.bucket, &marker.key))?;
                files::replace(&path, &files::to_json(&path, marker)?)?;
            }
            for gone in &self.removed {
                let path = layout.version(&self.bucket, &gone.key, gone.sequence);
                files::remove(&path)?; // a start removes the bytes that no version names
                files::sync_parent(&path);
            }
        }
        queue::restore(&layout.queue(), &self.events)
    }
}

/// Committed batches whose changes may not have reached the disk yet, oldest first.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    batches: Mutex<VecDeque<Arc<Batch>>>,
    settling: Mutex<()>,
    /// Files that settled batches have moved aside, to be deleted.
    trash: Mutex<Vec<PathBuf>>,
}

impl Unsettled {
    fn batches(&self) -> MutexGuard<'_, VecDeque<Arc<Batch>>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn oldest(&self) -> Option<Arc<Batch>> {
        self.batches().front().cloned()
    }

    fn trash(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.trash.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Batch {
    path: PathBuf,
    record: Record,
    /// Every file could be written.
    complete: bool,
}

impl Store {
    /// Removes many objects as [`Store::delete`] would one by one. Either all of them are durably removed, except
    /// those whose condition fails, or none.
    pub(crate) async fn delete_batch(
        self: &Arc<Self>,
        bucket: &Arc<Bucket>,
        removals: Vec<Removal>,
        origin: Origin,
    ) -> Result<Vec<Outcome>, Fault> {
        let guards = bucket.lock_all().await;
        let (store, bucket) = (Arc::clone(self), Arc::clone(bucket));
        let outcomes = blocking(move || {
            let _guards = guards;
            store.delete_batch_now(&bucket, &removals, &origin)
        })
        .await?;
        let store = Arc::clone(self);
        tokio::task::spawn_blocking(move || match store.settle() {
            Ok(()) => {
                let trash = std::mem::take(&mut *store.unsettled.trash());
                empty_trash(trash);
            }
            Err(error) => {
                tracing::warn!(%error, "removals are committed but not settled; the next start will finish them");
            }
        });
        Ok(outcomes)
    }

    fn delete_batch_now(
        &self,
        bucket: &Bucket,
        removals: &[Removal],
        origin: &Origin,
    ) -> Result<Vec<Outcome>, Fault> {
        if bucket.is_deleted() {
            return Err(Fault::NoSuchBucket);
        }
        let mut outcomes = Vec::with_capacity(removals.len());
        let mut rest = removals;
        while !rest.is_empty() {
            // A key that comes again sees the result of its first removal, so it goes into the next record.
            let mut keys = BTreeSet::new();
            let fresh = rest.iter().take_while(|removal| keys.insert(removal.key.as_str())).count();
            let (now, later) = rest.split_at(fresh);
            outcomes.extend(self.commit_batch(bucket, now, origin)?);
            rest = later;
        }
        Ok(outcomes)
    }

    fn commit_batch(
        &self,
        bucket: &Bucket,
        removals: &[Removal],
        origin: &Origin,
    ) -> Result<Vec<Outcome>, Fault> {
        let mut record = Record { bucket: bucket.name().to_owned(), ..Record::default() };
        let mut outcomes = Vec::with_capacity(removals.len());
        for removal in removals {
            outcomes.push(match self.plan(bucket, removal, origin, &mut record) {
                Err(Fault::Disk(error)) => return Err(error.into()),
                outcome => outcome,
            });
        }
        if record.removed.is_empty() && record.markers.is_empty() {
            return Ok(outcomes);
        }
        let path = self.layout.batches().join(format!("{}.json", event::sequencer(self.sequence.next()?)));
        // Hidden before the commit: a crash in between shows too little, which the next start corrects.
        let keys = record.keys();
        keys.iter().for_each(|key| self.hide(bucket, key));
        let written = files::to_json(&path, &record).and_then(|json| files::replace(&path, &json)); // the commit
        if let Err(error) = written {
            keys.iter().for_each(|key| self.show(bucket, key));
            return Err(error.into());
        }
        let applied = self.apply(bucket, &path, &record);
        let complete = self.queue.publish_recorded(record.events.clone()) && applied;
        self.unsettled.batches().push_back(Arc::new(Batch { path, record, complete }));
        Ok(outcomes)
    }

    /// Adds to the record what one removal changes.
    fn plan(&self, bucket: &Bucket, removal: &Removal, origin: &Origin, record: &mut Record) -> Outcome {
        let key = removal.key.as_str();
        removal.condition.check(bucket.named(key, removal.version.as_deref()).as_deref())?;
        let versioning = bucket.versioning();
        if removal.version.is_none() && versioning != Versioning::Off {
            let marker = self.new_delete_marker(bucket, key.to_owned())?;
            if marker.version_id.is_none()
                && let Some(replaced) = bucket.named(key, Some("null"))
            {
                record.removed.push(Gone { key: key.to_owned(), sequence: replaced.sequence });
            }
            self.note(bucket, &marker, Happening::DeleteMarkerCreated, origin, record)?;
            let version_id = Some(marker.version_name().to_owned());
            record.markers.push(marker);
            return Ok(Some(Deleted { version_id, delete_marker: true }));
        }
        let version = removal.version.as_deref().unwrap_or("null");
        let Some(object) = bucket.named(key, Some(version)) else { return Ok(None) };
        let told = Object { sequence: self.sequence.next()?, ..Object::clone(&object) };
        self.note(bucket, &told, Happening::Delete, origin, record)?;
        record.removed.push(Gone { key: key.to_owned(), sequence: object.sequence });
        if removal.version.is_none() {
            return Ok(Some(Deleted::default())); // an unversioned bucket does not speak of versions
        }
        Ok(Some(Deleted {
            version_id: Some(object.version_name().to_owned()),
            delete_marker: object.delete_marker,
        }))
    }

    fn note(
        &self,
        bucket: &Bucket,
        object: &Object,
        happening: Happening,
        origin: &Origin,
        record: &mut Record,
    ) -> Result<(), Fault> {
        if let Some((body, cause)) = self.event(bucket, object, happening, origin) {
            record.events.push(self.queue.draft(body, cause)?);
        }
        Ok(())
    }

    /// Changes memory, the view and the files as a committed record says. Returns whether the files could be written.
    fn apply(&self, bucket: &Bucket, path: &Path, record: &Record) -> bool {
        let mut complete = true;
        {
            let mut objects = bucket.objects_mut();
            for gone in &record.removed {
                if let Some(versions) = objects.get_mut(&gone.key) {
                    versions.retain(|kept| kept.sequence != gone.sequence);
                    if versions.is_empty() {
                        objects.remove(&gone.key);
                    }
                }
            }
            for marker in &record.markers {
                objects.entry(marker.key.clone()).or_default().insert(0, Arc::new(marker.clone()));
            }
        }
        for marker in &record.markers {
            if let Err(error) = write_marker(&self.layout, bucket.name(), marker) {
                tracing::error!(%error, key = marker.key, "a delete marker is committed but has no file yet");
                complete = false;
            }
        }
        complete &= self.discard(bucket, path, record);
        record.keys().iter().for_each(|key| self.show(bucket, key));
        complete
    }

    /// Moves the files of removed versions aside, because a rename is much faster than the removal of a file that was
    /// synced. Returns whether all could be moved.
    fn discard(&self, bucket: &Bucket, path: &Path, record: &Record) -> bool {
        let trash = self.trash(path);
        let mut complete = std::fs::create_dir_all(&trash).is_ok();
        for gone in &record.removed {
            let folder = self.layout.versions(bucket.name(), &gone.key);
            let name = event::sequencer(gone.sequence);
            if !bucket.objects().contains_key(&gone.key) {
                complete &= discard(&folder, &trash.join(&name));
                continue;
            }
            for ending in ["json", "data"] {
                let file = format!("{name}.{ending}");
                complete &= discard(&folder.join(&file), &trash.join(&file));
            }
        }
        complete
    }

    fn trash(&self, record: &Path) -> PathBuf {
        self.layout.trash().join(record.file_stem().unwrap_or_default())
    }

    /// Waits until every committed batch has reached the disk, and removes its record.
    pub(super) fn settle(&self) -> Result<(), Error> {
        let _one_at_a_time = self.unsettled.settling.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(batch) = self.unsettled.oldest() {
            let (layout, record) = (&self.layout, &batch.record);
            if !batch.complete {
                record.redo(layout)?;
            }
            let mut folders = BTreeSet::new();
            for marker in &record.markers {
                files::sync(&layout.version(&record.bucket, &marker.key, marker.sequence))?;
                add_folders(layout, &record.bucket, &marker.key, &mut folders);
            }
            for gone in &record.removed {
                add_folders(layout, &record.bucket, &gone.key, &mut folders);
            }
            folders.iter().for_each(|folder| files::sync_folder(folder));
            queue::sync_ready(&layout.queue(), &record.events)?;
            files::remove(&batch.path)?;
            files::sync_parent(&batch.path);
            self.unsettled.batches().pop_front();
            self.unsettled.trash().push(self.trash(&batch.path));
        }
        Ok(())
    }

    /// Settles all batches if one of them created this version: its record would bring it back.
    pub(super) fn settle_marker(&self, sequence: u64) -> Result<(), Error> {
        let creates =
            |batch: &Arc<Batch>| batch.record.markers.iter().any(|marker| marker.sequence == sequence);
        let is_recorded = self.unsettled.batches().iter().any(creates);
        if is_recorded { self.settle() } else { Ok(()) }
    }
}

/// Deletes what batches have moved aside. Whatever is left, the next start deletes.
pub(super) fn empty_trash(trash: Vec<PathBuf>) {
    for folder in trash {
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// Moves a file or folder aside. That it does not exist is fine.
fn discard(path: &Path, to: &Path) -> bool {
    match std::fs::rename(path, to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::error!(%error, path = %path.display(), "a removed version was left behind");
            false
        }
        _ => true,
    }
}

/// Adds the folder of a key, or the one above it that has lost it.
fn add_folders(layout: &Layout, bucket: &str, key: &str, folders: &mut BTreeSet<PathBuf>) {
    let folder = layout.versions(bucket, key);
    let above = folder.ancestors().skip(1).take(2).map(Path::to_path_buf);
    folders.extend(above);
    if folder.is_dir() {
        folders.insert(folder);
    }
}

fn write_marker(layout: &Layout, bucket: &str, marker: &Object) -> Result<(), Error> {
    let folder = layout.versions(bucket, &marker.key);
    std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    let path = layout.version(bucket, &marker.key, marker.sequence);
    let json = files::to_json(&path, marker)?;
    std::fs::write(&path, json).map_err(Error::io("write", &path))
}

/// Applies the batches that an earlier run committed and did not settle. Its files may be missing, stale or torn, so
/// all of them are written again. Their events may be told twice.
pub(super) fn replay(layout: &Layout) -> Result<(), Error> {
    for path in files::entries(&layout.batches())? {
        if files::is_unfinished(&path) {
            files::remove(&path)?;
            continue;
        }
        let record: Record = files::read_json(&path)?;
        record.redo(layout)?;
        files::remove(&path)?;
        files::sync_parent(&path);
    }
    Ok(())
}
