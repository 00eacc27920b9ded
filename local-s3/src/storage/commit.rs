//! The moment a change becomes real: writing and removing versions.

use std::sync::Arc;

use s3s::dto::ETagCondition;

use super::{Attributes, Bucket, Fault, Incoming, Object, Store, Versioning, blocking, files, object};
use crate::checksum::{Checksums, Kind};
use crate::event::{Event, Happening, Origin};
use crate::queue::{Cause, Staged};
use crate::{Error, clock};

/// What must hold of the newest version for a write or removal to happen.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriteCondition {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
    /// Bytes. Holds too if there is nothing to compare with.
    pub(crate) if_size: Option<u64>,
    /// In whole seconds since 1970. Holds too if there is nothing to compare with.
    pub(crate) if_modified_at: Option<u64>,
}

impl WriteCondition {
    /// A condition on ETags alone.
    pub(crate) fn of_etags(if_match: Option<ETagCondition>, if_none_match: Option<ETagCondition>) -> Self {
        Self { if_match, if_none_match, ..Self::default() }
    }

    /// Checks the version that a write replaces or a removal removes.
    pub(super) fn check(&self, found: Option<&Object>) -> Result<(), Fault> {
        if let Some(object) = found {
            let same_size = self.if_size.is_none_or(|size| size == object.size);
            let same_time = self.if_modified_at.is_none_or(|at| at == object.last_modified_ms / 1000);
            if !same_size || !same_time {
                return Err(Fault::PreconditionFailed);
            }
        }
        let current = found.filter(|object| !object.delete_marker);
        let equals = |condition: &ETagCondition, object: &Object| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == object.etag,
        };
        if let Some(condition) = &self.if_match {
            let object = current.ok_or(Fault::NoSuchKey)?;
            if !equals(condition, object) {
                return Err(Fault::PreconditionFailed);
            }
        }
        if let (Some(condition), Some(object)) = (&self.if_none_match, current)
            && equals(condition, object)
        {
            return Err(Fault::PreconditionFailed);
        }
        Ok(())
    }
}

/// An object about to be.
#[derive(Debug)]
pub(crate) struct NewObject {
    pub(crate) body: Incoming,
    pub(crate) etag: String,
    pub(crate) attributes: Attributes,
    pub(crate) checksums: Checksums,
    pub(crate) checksum_kind: Option<Kind>,
    pub(crate) parts: Vec<u64>,
    pub(crate) part_checksums: Vec<String>,
    pub(crate) upload_id: Option<String>,
}

impl NewObject {
    /// An object that arrived in one piece.
    pub(crate) fn whole(body: Incoming, attributes: Attributes) -> Self {
        Self {
            etag: body.etag(),
            attributes,
            checksums: body.checksums.clone(),
            checksum_kind: Some(Kind::FullObject),
            parts: Vec::new(),
            part_checksums: Vec::new(),
            upload_id: None,
            body,
        }
    }
}

/// What a removal did.
#[derive(Debug, Default)]
pub(crate) struct Deleted {
    /// The version removed, or the delete marker's.
    pub(crate) version_id: Option<String>,
    /// Whether that version is, or was, a delete marker.
    pub(crate) delete_marker: bool,
}

impl Store {
    /// Makes `new` the newest version of `key`, if `condition` holds, and tells the queue.
    pub(crate) async fn put(
        self: &Arc<Self>,
        bucket: &Arc<Bucket>,
        key: &str,
        new: NewObject,
        condition: WriteCondition,
        happening: Happening,
        origin: Origin,
    ) -> Result<Arc<Object>, Fault> {
        let guard = bucket.lock(key).await;
        let (store, bucket, key) = (Arc::clone(self), Arc::clone(bucket), key.to_owned());
        // The work goes on though the caller hangs up: what has begun is finished under its lock.
        blocking(move || {
            let _guard = guard;
            store.put_now(&bucket, key, new, &condition, happening, &origin)
        })
        .await
    }

    fn put_now(
        &self,
        bucket: &Bucket,
        key: String,
        new: NewObject,
        condition: &WriteCondition,
        happening: Happening,
        origin: &Origin,
    ) -> Result<Arc<Object>, Fault> {
        if bucket.is_deleted() {
            return Err(Fault::NoSuchBucket);
        }
        condition.check(bucket.newest(&key).as_deref())?;
        let sequence = self.sequence.next()?;
        let object = Object {
            sequence,
            version_id: self.new_version_id(bucket, sequence),
            delete_marker: false,
            size: new.body.size,
            etag: new.etag,
            last_modified_ms: clock::unix_ms(),
            attributes: new.attributes,
            checksums: new.checksums,
            checksum_kind: new.checksum_kind,
            parts: new.parts,
            part_checksums: new.part_checksums,
            upload_id: new.upload_id,
            key,
        };
        files::create_dir_all(&self.layout.versions(bucket.name(), &object.key))?;
        let data = self.layout.data(bucket.name(), &object.key, sequence);
        new.body.place(&data)?;
        self.commit(bucket, object, happening, origin).inspect_err(|_| {
            let _ = files::remove(&data);
        })
    }

    /// Writes a version's JSON, which is the commit; the event is on disk before it, and in the queue after it. An
    /// error means that nothing was committed: whatever fails later is logged, and mended by the next start.
    fn commit(
        &self,
        bucket: &Bucket,
        object: Object,
        happening: Happening,
        origin: &Origin,
    ) -> Result<Arc<Object>, Fault> {
        let staged = self.stage(bucket, &object, happening, origin)?;
        let path = self.layout.version(bucket.name(), &object.key, object.sequence);
        let written = files::to_json(&path, &object).and_then(|json| files::replace(&path, &json));
        if let Err(error) = written {
            self.unstage(staged);
            return Err(error.into());
        }
        let object = Arc::new(object);
        let replaced = {
            let mut objects = bucket.objects_mut();
            let versions = objects.entry(object.key.clone()).or_default();
            let replaced = match object.version_id {
                None => {
                    versions.iter().position(|old| old.version_id.is_none()).map(|at| versions.remove(at))
                }
                Some(_) => None,
            };
            versions.insert(0, Arc::clone(&object));
            replaced
        };
        self.publish(staged);
        self.show(bucket, &object.key);
        if let Some(old) = replaced {
            match self.uncommit(bucket, &old) {
                Ok(()) => self.remove_data(bucket, &old),
                Err(error) => tracing::error!(%error, key = old.key, "a replaced version was left behind"),
            }
        }
        Ok(object)
    }

    fn new_version_id(&self, bucket: &Bucket, sequence: u64) -> Option<String> {
        (bucket.versioning() == Versioning::Enabled).then(|| object::version_id(bucket.name(), sequence))
    }

    /// Removes a version by name for good; without one, removes the object or hides it behind a delete marker, as
    /// the bucket's versioning says. `None` if there was nothing to do.
    pub(crate) async fn delete(
        self: &Arc<Self>,
        bucket: &Arc<Bucket>,
        key: &str,
        version: Option<&str>,
        condition: WriteCondition,
        origin: Origin,
    ) -> Result<Option<Deleted>, Fault> {
        let guard = bucket.lock(key).await;
        let (store, bucket) = (Arc::clone(self), Arc::clone(bucket));
        let (key, version) = (key.to_owned(), version.map(str::to_owned));
        blocking(move || {
            let _guard = guard;
            if bucket.is_deleted() {
                return Err(Fault::NoSuchBucket);
            }
            condition.check(bucket.named(&key, version.as_deref()).as_deref())?;
            match (version, bucket.versioning()) {
                (Some(version), _) => {
                    store.delete_version(&bucket, &key, &version, Happening::Delete, &origin)
                }
                (None, Versioning::Off) => {
                    let deleted = store.delete_version(&bucket, &key, "null", Happening::Delete, &origin)?;
                    Ok(deleted.map(|_| Deleted::default())) // an unversioned bucket does not speak of versions
                }
                (None, Versioning::Enabled | Versioning::Suspended) => {
                    store.add_delete_marker(&bucket, key, &origin).map(Some)
                }
            }
        })
        .await
    }

    pub(super) fn new_delete_marker(&self, bucket: &Bucket, key: String) -> Result<Object, Error> {
        let sequence = self.sequence.next()?;
        Ok(Object {
            sequence,
            version_id: self.new_version_id(bucket, sequence),
            delete_marker: true,
            size: 0,
            etag: String::new(),
            last_modified_ms: clock::unix_ms(),
            attributes: Attributes::default(),
            checksums: Checksums::new(),
            checksum_kind: None,
            parts: Vec::new(),
            part_checksums: Vec::new(),
            upload_id: None,
            key,
        })
    }

    fn add_delete_marker(&self, bucket: &Bucket, key: String, origin: &Origin) -> Result<Deleted, Fault> {
        let marker = self.new_delete_marker(bucket, key)?;
        files::create_dir_all(&self.layout.versions(bucket.name(), &marker.key))?;
        let hidden = marker.key.clone();
        self.hide(bucket, &hidden);
        let marker = self
            .commit(bucket, marker, Happening::DeleteMarkerCreated, origin)
            .inspect_err(|_| self.show(bucket, &hidden))?;
        Ok(Deleted { version_id: Some(marker.version_name().to_owned()), delete_marker: true })
    }

    pub(super) fn delete_version(
        &self,
        bucket: &Bucket,
        key: &str,
        version: &str,
        happening: Happening,
        origin: &Origin,
    ) -> Result<Option<Deleted>, Fault> {
        let Some(object) = bucket.named(key, Some(version)) else { return Ok(None) };
        let removal = Object { sequence: self.sequence.next()?, ..Object::clone(&object) };
        let staged = self.stage(bucket, &removal, happening, origin)?;
        if bucket.newest(key).is_some_and(|newest| newest.sequence == object.sequence) {
            self.hide(bucket, key);
        }
        if let Err(error) = self.uncommit(bucket, &object) {
            self.unstage(staged);
            self.show(bucket, key);
            return Err(error.into());
        }
        {
            let mut objects = bucket.objects_mut();
            if let Some(versions) = objects.get_mut(key) {
                versions.retain(|kept| kept.sequence != object.sequence);
                if versions.is_empty() {
                    objects.remove(key);
                }
            }
        }
        self.remove_data(bucket, &object);
        self.publish(staged);
        self.show(bucket, key);
        Ok(Some(Deleted {
            version_id: Some(object.version_name().to_owned()),
            delete_marker: object.delete_marker,
        }))
    }

    /// Removes a version's JSON, which ends it.
    fn uncommit(&self, bucket: &Bucket, object: &Object) -> Result<(), Error> {
        self.settle_marker(object.sequence)?;
        let json = self.layout.version(bucket.name(), &object.key, object.sequence);
        files::remove(&json)?;
        files::sync_parent(&json);
        Ok(())
    }

    /// Removes the bytes of a version that is no more. Should they stay, the next start removes them.
    fn remove_data(&self, bucket: &Bucket, object: &Object) {
        if let Err(error) = files::remove(&self.layout.data(bucket.name(), &object.key, object.sequence)) {
            tracing::warn!(%error, key = object.key, "a removed version's bytes were left behind");
        }
        let _ = std::fs::remove_dir(self.layout.versions(bucket.name(), &object.key)); // only if it is empty
    }

    fn publish(&self, staged: Option<Staged>) {
        if let Some(staged) = staged {
            self.queue.publish(staged);
        }
    }

    fn unstage(&self, staged: Option<Staged>) {
        if let Some(Err(error)) = staged.map(|staged| self.queue.unstage(staged)) {
            tracing::warn!(%error, "the event of a change that failed was left behind");
        }
    }

    /// Writes the event down where a restart finds it, if the bucket notifies.
    fn stage(
        &self,
        bucket: &Bucket,
        object: &Object,
        happening: Happening,
        origin: &Origin,
    ) -> Result<Option<Staged>, Fault> {
        let event = self.event(bucket, object, happening, origin);
        Ok(event.map(|(body, cause)| self.queue.stage(body, cause)).transpose()?)
    }

    /// Returns the event of a change and the change it tells of, if the bucket notifies.
    pub(super) fn event(
        &self,
        bucket: &Bucket,
        object: &Object,
        happening: Happening,
        origin: &Origin,
    ) -> Option<(String, Cause)> {
        if !bucket.notifies() {
            return None;
        }
        let created = happening.is_created();
        let event = Event {
            happening,
            region: &self.region,
            unix_ms: clock::unix_ms(),
            origin,
            bucket: bucket.name(),
            key: &object.key,
            size: created.then_some(object.size),
            etag: created.then_some(object.etag.as_str()),
            version_id: object.version_id.as_deref(),
            sequence: object.sequence,
        };
        let cause = Cause {
            bucket: bucket.name().to_owned(),
            key: object.key.clone(),
            sequence: object.sequence,
            created,
        };
        Some((event.to_json(), cause))
    }
}
