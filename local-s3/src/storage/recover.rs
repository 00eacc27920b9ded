//! Opening a data directory: what is committed is indexed, what was left unfinished is removed or finished.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::batch;
use super::bucket::{BucketRecord, Versions};
use super::upload::{Part, Upload, UploadRecord, Uploads};
use super::view::Mark;
use super::{Bucket, Fault, Layout, Object, Store, Versioning, files};
use crate::clock::Sequence;
use crate::queue::{self, Queue, QueueSettings};
use crate::{Error, EventFaults, settings};

/// Buckets by name.
type Buckets = BTreeMap<String, Arc<Bucket>>;

impl Store {
    /// Opens what lies below `layout` and makes the buckets asked for.
    pub(crate) fn open(
        layout: Layout,
        region: &str,
        wanted: &[settings::Bucket],
        queue: QueueSettings,
        event_faults: Option<EventFaults>,
    ) -> Result<(Arc<Self>, Queue), Error> {
        for leftover in files::entries(&layout.tmp())? {
            files::remove(&leftover)?;
        }
        batch::replay(&layout)?;
        let trash = files::entries(&layout.trash())?;
        std::thread::spawn(move || batch::empty_trash(trash)); // takes seconds for thousands of files
        let (buckets, newest) = read_buckets(&layout)?;
        let uploads = read_uploads(&layout, &buckets)?;
        let kept = queue::Kept::read(&layout.queue())?;
        let seen = uploads.iter().map(Upload::sequence).max().max(kept.newest()).max(newest).unwrap_or(0);
        let sequence = Arc::new(Sequence::open(layout.sequence(), seen)?);
        let queue = Queue::open(layout.queue(), queue, event_faults, Arc::clone(&sequence), kept, |cause| {
            happened(&buckets, cause)
        })?;
        let store = Arc::new(Self {
            layout,
            region: region.to_owned(),
            sequence,
            buckets: RwLock::new(buckets),
            uploads: Uploads::new(uploads),
            unsettled: batch::Unsettled::default(),
            queue: queue.clone(),
        });
        store.make_wanted(wanted).map_err(|fault| match fault {
            Fault::Disk(error) => error,
            other => Error::Damaged { path: store.layout.buckets(), reason: other.to_string() },
        })?;
        Ok((store, queue))
    }

    fn make_wanted(&self, wanted: &[settings::Bucket]) -> Result<(), Fault> {
        for want in wanted {
            let bucket = match self.bucket(&want.name) {
                Err(Fault::NoSuchBucket) => self.create_bucket_now(&want.name)?,
                found => found?,
            };
            bucket.set_notify(want.notify);
            if want.versioned && bucket.versioning() != Versioning::Enabled {
                self.change_bucket_now(&bucket, |record| record.versioning = Versioning::Enabled)?;
            }
        }
        for bucket in self.buckets() {
            self.show_again(&bucket);
        }
        Ok(())
    }

    /// Written down at a clean end, so that the next start need not guess.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        self.settle()?;
        self.sequence.flush()
    }
}

/// Whether a staged event's change was committed before the process ended. A removal cannot be told from a version
/// that never was, so it is told again: consumers take removals as hints.
fn happened(buckets: &Buckets, cause: &queue::Cause) -> bool {
    if !cause.created {
        return true;
    }
    let newest = buckets.get(&cause.bucket).and_then(|bucket| bucket.newest(&cause.key));
    newest.is_some_and(|object| object.sequence >= cause.sequence)
}

fn read_buckets(layout: &Layout) -> Result<(Buckets, Option<u64>), Error> {
    let mut buckets = BTreeMap::new();
    let mut newest = None;
    for path in files::entries(&layout.buckets())? {
        if remove_unfinished(&path)? {
            continue;
        }
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        let bucket = Bucket::new(name, files::read_json::<BucketRecord>(&path)?);
        let mut former = HashSet::new();
        for folder in files::entries(&layout.store(name))? {
            for folder in files::entries(&folder)? {
                let Some((key, versions)) = read_versions(&folder, &mut former)? else {
                    continue;
                };
                newest = newest.max(versions.first().map(|object| object.sequence));
                bucket.objects_mut().insert(key, versions);
            }
        }
        bucket.view.lock().unwrap_or_else(PoisonError::into_inner).former = former;
        buckets.insert(name.to_owned(), Arc::new(bucket));
    }
    Ok((buckets, newest))
}

/// A key's versions, newest first, with its folder cleaned of what is no version; those bytes go to `former`.
fn read_versions(folder: &Path, former: &mut HashSet<Mark>) -> Result<Option<(String, Versions)>, Error> {
    let mut versions: Versions = Vec::new();
    let (mut documents, mut data) = (Vec::new(), Vec::new());
    for path in files::entries(folder)? {
        match path.extension().and_then(|extension| extension.to_str()) {
            _ if remove_unfinished(&path)? => {}
            Some("json") => {
                let object: Object = files::read_json(&path)?;
                documents.push((path, object));
            }
            Some("data") => data.push(path),
            _ => {}
        }
    }
    let whole: BTreeSet<PathBuf> = data.iter().map(|path| path.with_extension("json")).collect();
    for (path, object) in documents {
        // A version without its bytes is none, and must not oust one that is whole.
        if object.delete_marker || whole.contains(&path) {
            versions.push(Arc::new(object));
        } else {
            tracing::warn!(key = object.key, path = %path.display(), "a version has lost its bytes and is dropped");
            files::remove(&path)?;
        }
    }
    versions.sort_by_key(|object: &Arc<Object>| std::cmp::Reverse(object.sequence));
    // A null version that another one replaced, just before the process ended.
    let mut null_seen = false;
    let mut replaced = Vec::new();
    versions.retain(|object| {
        let stays = object.version_id.is_some() || !std::mem::replace(&mut null_seen, true);
        if !stays {
            replaced.push(object.sequence);
        }
        stays
    });
    for sequence in replaced {
        files::remove(&folder.join(format!("{}.json", crate::event::sequencer(sequence))))?;
    }
    let committed: BTreeSet<String> =
        versions.iter().map(|object| crate::event::sequencer(object.sequence)).collect();
    for path in data {
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if !committed.contains(name) {
            former.extend(Mark::of(&path));
            files::remove(&path)?;
        }
    }
    match versions.first() {
        Some(object) => Ok(Some((object.key.clone(), versions))),
        None => {
            let _ = std::fs::remove_dir(folder); // only if it is empty
            Ok(None)
        }
    }
}

fn read_uploads(layout: &Layout, buckets: &Buckets) -> Result<Vec<Upload>, Error> {
    let mut uploads = Vec::new();
    for folder in files::entries(&layout.uploads())? {
        let record = folder.join("upload.json");
        let id = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if !record.exists() {
            remove_folder(&folder)?;
            continue;
        }
        let record: UploadRecord = files::read_json(&record)?;
        let mut parts: BTreeMap<u32, Part> = BTreeMap::new();
        for path in files::entries(&folder)? {
            let is_part = path.extension().is_some_and(|extension| extension == "json");
            if !remove_unfinished(&path)? && is_part && !path.ends_with("upload.json") {
                let part: Part = files::read_json(&path)?;
                parts.insert(part.number, part);
            }
        }
        let upload = Upload::new(id, record, parts);
        if is_over(buckets.get(upload.bucket_name()).map(AsRef::as_ref), &upload) {
            remove_folder(&folder)?;
        } else {
            upload.remove_strays(&folder)?;
            uploads.push(upload);
        }
    }
    Ok(uploads)
}

/// Whether the upload's object is there already, or its bucket is gone.
fn is_over(bucket: Option<&Bucket>, upload: &Upload) -> bool {
    bucket.is_none_or(|bucket| bucket.completed(upload.key(), &upload.id).is_some())
}

fn remove_folder(folder: &Path) -> Result<(), Error> {
    std::fs::remove_dir_all(folder).map_err(Error::io("remove", folder))
}

fn remove_unfinished(path: &Path) -> Result<bool, Error> {
    let unfinished = files::is_unfinished(path);
    if unfinished {
        files::remove(path)?;
    }
    Ok(unfinished)
}
