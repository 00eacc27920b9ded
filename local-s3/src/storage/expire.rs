//! Lifecycle rules, as far as there are any: noncurrent versions expire when the program says so.

use std::sync::Arc;

use super::{Bucket, Fault, Store, blocking};
use crate::event::{Happening, Origin};

impl Store {
    /// Removes every version and delete marker that is not its key's newest, and tells the queue of each. Returns how
    /// many there were.
    pub(crate) async fn expire_noncurrent(self: &Arc<Self>, bucket: &Arc<Bucket>) -> Result<usize, Fault> {
        let keys: Vec<String> = {
            let objects = bucket.objects();
            objects.iter().filter(|(_, versions)| versions.len() > 1).map(|(key, _)| key.clone()).collect()
        };
        let mut expired = 0;
        for key in keys {
            let guard = bucket.lock(&key).await;
            let (store, bucket) = (Arc::clone(self), Arc::clone(bucket));
            expired += blocking(move || {
                let _guard = guard;
                store.expire_noncurrent_of(&bucket, &key)
            })
            .await?;
        }
        Ok(expired)
    }

    fn expire_noncurrent_of(&self, bucket: &Bucket, key: &str) -> Result<usize, Fault> {
        let noncurrent: Vec<String> = match bucket.objects().get(key) {
            Some(versions) => versions.iter().skip(1).map(|old| old.version_name().to_owned()).collect(),
            None => Vec::new(), // removed since it was looked up
        };
        let origin = Origin::lifecycle(self.sequence.next()?);
        // The oldest first, so that a fault on the way leaves the newer ones.
        for version in noncurrent.iter().rev() {
            self.delete_version(bucket, key, version, Happening::Expiration, &origin)?;
        }
        Ok(noncurrent.len())
    }
}
