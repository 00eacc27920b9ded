//! Multipart uploads: parts wait in a folder of their own until they are joined into an object.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::{
    Attributes, Bucket, Fault, Incoming, NewObject, Object, Store, WriteCondition, blocking, files, object,
};
use crate::checksum::{self, Algorithm, Checksums, Kind};
use crate::event::{self, Happening, Origin};
use crate::{Error, clock};

/// Every part but the last has at least this many bytes.
const SMALLEST_PART: u64 = 5 * 1024 * 1024;

/// A part as it lies on disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    /// 1 to 10,000.
    pub(crate) number: u32,
    /// Bytes.
    pub(crate) size: u64,
    md5: [u8; 16],
    pub(crate) checksums: Checksums,
    pub(crate) last_modified_ms: u64,
    /// The data file's name in the upload's folder.
    file: String,
}

impl Part {
    pub(crate) fn etag(&self) -> String {
        hex::encode(self.md5)
    }
}

/// What an upload was begun with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct UploadRecord {
    pub(super) bucket: String,
    key: String,
    sequence: u64,
    initiated_ms: u64,
    attributes: Attributes,
    algorithm: Option<Algorithm>,
    kind: Option<Kind>,
}

/// An upload that is neither completed nor aborted.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) id: String,
    record: UploadRecord,
    parts: Mutex<BTreeMap<u32, Part>>,
    /// Held while it is completed or aborted, so that this happens once.
    finish: Arc<tokio::sync::Mutex<()>>,
}

impl Upload {
    pub(super) fn new(id: String, record: UploadRecord, parts: BTreeMap<u32, Part>) -> Self {
        Self { id, record, parts: Mutex::new(parts), finish: Arc::default() }
    }

    pub(crate) fn key(&self) -> &str {
        &self.record.key
    }

    pub(super) fn bucket_name(&self) -> &str {
        &self.record.bucket
    }

    /// Orders uploads by age.
    pub(crate) fn sequence(&self) -> u64 {
        self.record.sequence
    }

    pub(crate) fn initiated_ms(&self) -> u64 {
        self.record.initiated_ms
    }

    /// The checksum asked for when it was begun.
    pub(crate) fn checksum(&self) -> Option<(Algorithm, Kind)> {
        self.record.algorithm.zip(self.record.kind)
    }

    /// What every part is hashed with.
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.record.algorithm.unwrap_or(Algorithm::Crc64Nvme)
    }

    fn kind(&self) -> Kind {
        self.record.kind.unwrap_or(Kind::FullObject)
    }

    /// Removes data files that no part names: of parts being replaced when the process ended.
    pub(super) fn remove_strays(&self, folder: &Path) -> Result<(), Error> {
        let named: BTreeSet<String> = self.parts().into_iter().map(|part| part.file).collect();
        for path in files::entries(folder)? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.ends_with(".data") && !named.contains(name) {
                files::remove(&path)?;
            }
        }
        Ok(())
    }

    /// The parts in order of their numbers.
    pub(crate) fn parts(&self) -> Vec<Part> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// A part as the client names it on completion.
#[derive(Debug)]
pub(crate) struct CompletedPart {
    pub(crate) number: u32,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) checksums: Checksums,
}

/// What the client says of the whole on completion.
#[derive(Debug, Default)]
pub(crate) struct WholeChecksum {
    pub(crate) checksums: Checksums,
    pub(crate) kind: Option<Kind>,
    /// Bytes.
    pub(crate) size: Option<u64>,
}

/// All uploads under way.
#[derive(Debug, Default)]
pub(super) struct Uploads(RwLock<BTreeMap<String, Arc<Upload>>>);

impl Uploads {
    pub(super) fn new(uploads: impl IntoIterator<Item = Upload>) -> Self {
        Self(RwLock::new(uploads.into_iter().map(|upload| (upload.id.clone(), Arc::new(upload))).collect()))
    }
}

impl Store {
    /// Begins an upload.
    pub(crate) async fn create_upload(
        self: &Arc<Self>,
        target: &Arc<Bucket>,
        key: String,
        attributes: Attributes,
        checksum: Option<(Algorithm, Kind)>,
    ) -> Result<Arc<Upload>, Fault> {
        let (store, target) = (Arc::clone(self), Arc::clone(target));
        blocking(move || {
            let bucket = target.name().to_owned();
            let sequence = store.sequence.next()?;
            let id = object::version_id(&format!("{bucket}/{key}"), sequence);
            let (algorithm, kind) = checksum.unzip();
            let initiated_ms = clock::unix_ms();
            let record = UploadRecord { bucket, key, sequence, initiated_ms, attributes, algorithm, kind };
            let folder = store.layout.upload(&id);
            files::create_dir_all(&folder)?;
            let path = folder.join("upload.json");
            files::replace(&path, &files::to_json(&path, &record)?)?;
            let upload = Arc::new(Upload::new(id.clone(), record, BTreeMap::new()));
            store.uploads.0.write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&upload));
            if target.is_deleted() {
                store.forget_upload(&upload.id)?; // the bucket went away before it could be dropped with it
                return Err(Fault::NoSuchBucket);
            }
            Ok(upload)
        })
        .await
    }

    /// The upload of this id, if it is one of this key.
    pub(crate) fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<Arc<Upload>, Fault> {
        let uploads = self.uploads.0.read().unwrap_or_else(PoisonError::into_inner);
        let upload = uploads.get(id).cloned().ok_or(Fault::NoSuchUpload)?;
        if upload.record.bucket != bucket || upload.record.key != key {
            return Err(Fault::NoSuchUpload);
        }
        Ok(upload)
    }

    /// A bucket's uploads by `key\0id-in-order-of-time`, so that they list by key and then by age.
    pub(crate) fn uploads_in(&self, bucket: &str) -> Vec<Arc<Upload>> {
        let uploads = self.uploads.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<_> =
            uploads.values().filter(|upload| upload.record.bucket == bucket).cloned().collect();
        found.sort_by(|one, other| {
            (&one.record.key, one.record.sequence).cmp(&(&other.record.key, other.record.sequence))
        });
        found
    }

    /// Adds a part, or replaces it.
    pub(crate) async fn put_part(
        self: &Arc<Self>,
        upload: &Arc<Upload>,
        number: u32,
        body: Incoming,
    ) -> Result<Part, Fault> {
        let guard = Arc::clone(&upload.finish).lock_owned().await;
        let (store, upload) = (Arc::clone(self), Arc::clone(upload));
        blocking(move || {
            let _guard = guard;
            store.upload(&upload.record.bucket, &upload.record.key, &upload.id)?; // completed or aborted meanwhile?
            let folder = store.layout.upload(&upload.id);
            let file = format!("{number:05}-{}.data", event::sequencer(store.sequence.next()?));
            let part = Part {
                number,
                size: body.size,
                md5: body.md5,
                checksums: body.checksums.clone(),
                last_modified_ms: clock::unix_ms(),
                file,
            };
            body.place(&folder.join(&part.file))?;
            let path = folder.join(format!("{number:05}.json"));
            files::replace(&path, &files::to_json(&path, &part)?)?;
            let mut parts = upload.parts.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(old) = parts.insert(number, part.clone()) {
                files::remove(&folder.join(&old.file))?;
            }
            Ok(part)
        })
        .await
    }

    /// Drops an upload and its parts.
    pub(crate) async fn abort_upload(self: &Arc<Self>, upload: &Arc<Upload>) -> Result<(), Fault> {
        let guard = Arc::clone(&upload.finish).lock_owned().await;
        let (store, upload) = (Arc::clone(self), Arc::clone(upload));
        blocking(move || {
            let _guard = guard;
            Ok(store.forget_upload(&upload.id)?)
        })
        .await
    }

    fn forget_upload(&self, id: &str) -> Result<(), Error> {
        self.uploads.0.write().unwrap_or_else(PoisonError::into_inner).remove(id);
        let folder = self.layout.upload(id);
        // Without its record the folder is a leftover, whatever else of it survives a crash.
        files::remove(&folder.join("upload.json"))?;
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("remove", &folder)(error))
            }
            _ => Ok(()),
        }
    }

    /// Joins the named parts into an object.
    pub(crate) async fn complete_upload(
        self: &Arc<Self>,
        bucket: &Arc<Bucket>,
        upload: &Arc<Upload>,
        named: Vec<CompletedPart>,
        whole: WholeChecksum,
        condition: WriteCondition,
        origin: Origin,
    ) -> Result<Arc<Object>, Fault> {
        let (store, bucket, upload) = (Arc::clone(self), Arc::clone(bucket), Arc::clone(upload));
        // A task of its own: what has begun is finished though the caller hangs up.
        let task = tokio::spawn(async move {
            let _guard = Arc::clone(&upload.finish).lock_owned().await;
            if let Err(gone) = store.upload(bucket.name(), upload.key(), &upload.id) {
                return bucket.completed(upload.key(), &upload.id).ok_or(gone);
            }
            let parts = choose(&upload, &named)?;
            let new = {
                let (store, upload) = (Arc::clone(&store), Arc::clone(&upload));
                blocking(move || store.join(&upload, &parts, &whole)).await?
            };
            let happening = Happening::CompleteMultipartUpload;
            let object = store.put(&bucket, upload.key(), new, condition, happening, origin).await?;
            blocking(move || {
                if let Err(error) = store.forget_upload(&upload.id) {
                    tracing::warn!(%error, id = upload.id, "a completed upload's parts were left behind");
                }
                Ok(object)
            })
            .await
        });
        task.await.unwrap_or_else(|error| Err(Fault::Internal(error.to_string())))
    }

    fn join(&self, upload: &Upload, parts: &[Part], whole: &WholeChecksum) -> Result<NewObject, Fault> {
        let size: u64 = parts.iter().map(|part| part.size).sum();
        if whole.size.is_some_and(|said| said != size) {
            return Err(Fault::InvalidRequest(format!(
                "x-amz-mp-object-size is not the parts' sum, {size} bytes"
            )));
        }
        let (algorithm, kind) = (upload.algorithm(), upload.kind());
        if whole.kind.is_some_and(|said| said != kind) {
            return Err(Fault::InvalidRequest(format!(
                "the upload was begun with the checksum type {}",
                kind.name()
            )));
        }
        let digests: Vec<(String, u64)> = parts
            .iter()
            .map(|part| (part.checksums.get(&algorithm).cloned().unwrap_or_default(), part.size))
            .collect();
        let combined = checksum::combine(algorithm, kind, &digests)
            .ok_or_else(|| Fault::Internal("a part's stored checksum is damaged".into()))?;
        for (said_algorithm, said) in &whole.checksums {
            // Of a composite, clients send the digest with or without its count of parts.
            let digest = combined.split('-').next().unwrap_or_default();
            if *said_algorithm != algorithm || (said != &combined && said != digest) {
                return Err(Fault::BadDigest(said_algorithm.name()));
            }
        }
        let folder = self.layout.upload(&upload.id);
        let paths: Vec<PathBuf> = parts.iter().map(|part| folder.join(&part.file)).collect();
        let body = Incoming::join(&self.layout, &paths)?;
        if body.size != size {
            return Err(Fault::Internal(format!("the parts of upload {} are not whole on disk", upload.id)));
        }
        let md5s: Vec<[u8; 16]> = parts.iter().map(|part| part.md5).collect();
        Ok(NewObject {
            body,
            etag: checksum::multipart_etag(&md5s),
            attributes: upload.record.attributes.clone(),
            checksums: Checksums::from([(algorithm, combined)]),
            checksum_kind: Some(kind),
            parts: parts.iter().map(|part| part.size).collect(),
            part_checksums: match upload.checksum() {
                Some(_) => digests.into_iter().map(|(digest, _)| digest).collect(),
                None => Vec::new(),
            },
            upload_id: Some(upload.id.clone()),
        })
    }
}

/// The stored parts that `named` means, if they may become an object.
fn choose(upload: &Upload, named: &[CompletedPart]) -> Result<Vec<Part>, Fault> {
    if named.is_empty() {
        return Err(Fault::InvalidRequest("you must specify at least one part".into()));
    }
    if !named.is_sorted_by(|one, next| one.number < next.number) {
        return Err(Fault::InvalidPartOrder);
    }
    let stored = upload.parts.lock().unwrap_or_else(PoisonError::into_inner);
    let mut chosen = Vec::with_capacity(named.len());
    for name in named {
        let part = stored.get(&name.number).filter(|part| part.etag() == name.etag).ok_or_else(|| {
            Fault::InvalidPart(format!("part {} was not uploaded with that ETag", name.number))
        })?;
        for (algorithm, said) in &name.checksums {
            if part.checksums.get(algorithm).is_some_and(|stored| stored != said) {
                return Err(Fault::InvalidPart(format!(
                    "part {} has another {}",
                    name.number,
                    algorithm.name()
                )));
            }
        }
        chosen.push(part.clone());
    }
    match chosen.split_last() {
        Some((_, but_last)) => match but_last.iter().find(|part| part.size < SMALLEST_PART) {
            Some(part) => Err(Fault::PartTooSmall(part.number)),
            None => Ok(chosen),
        },
        None => Ok(chosen),
    }
}
