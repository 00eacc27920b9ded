use std::sync::Arc;

use super::{Bucket, Fault, Object, Store, Tag, blocking, files};

impl Store {
    /// Replaces a version's tags. S3 sends no `ObjectCreated` event for it, and neither do we.
    pub(crate) async fn set_tags(
        self: &Arc<Self>,
        bucket: &Arc<Bucket>,
        key: &str,
        version: Option<&str>,
        tags: Vec<Tag>,
    ) -> Result<Arc<Object>, Fault> {
        let guard = bucket.lock(key).await;
        let (store, bucket) = (Arc::clone(self), Arc::clone(bucket));
        let (key, version) = (key.to_owned(), version.map(str::to_owned));
        blocking(move || {
            let _guard = guard;
            let mut object = Object::clone(&*bucket.find(&key, version.as_deref())?);
            object.attributes.tags = tags;
            let path = store.layout.version(bucket.name(), &key, object.sequence);
            files::replace(&path, &files::to_json(&path, &object)?)?;
            let object = Arc::new(object);
            if let Some(versions) = bucket.objects_mut().get_mut(&key) {
                for version in versions.iter_mut().filter(|version| version.sequence == object.sequence) {
                    *version = Arc::clone(&object);
                }
            }
            Ok(object)
        })
        .await
    }
}
