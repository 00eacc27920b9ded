//! What goes when a manifest no longer names it: a worker's own versions after a lost race, and everything of an
//! original that is gone. What pages may still show is left to the sweep, which knows of a grace.

use aws_sdk_s3::Client;
use manifest::{Manifest, rendition_key};

use crate::commit::{self, Present};
use crate::error::Retryable;
use crate::renditions::Put;
use crate::{source, versions};

/// Deletes those of the versions `put` whose paths the manifest that `stands` neither names nor has retired.
///
/// They are this worker's own: whoever commits a path later has put it by itself. What cannot be deleted now is
/// the sweep's.
pub(crate) async fn tidy(s3: &Client, bucket: &str, key: &str, put: &[Put], stands: Option<&Manifest>) {
    let named = |path: &str| {
        stands.is_some_and(|manifest| {
            manifest.renditions.iter().any(|rendition| rendition.path == path)
                || manifest.retired.iter().any(|retired| retired.path == path)
        })
    };
    let own: Vec<(String, String)> = put
        .iter()
        .filter(|put| !named(&put.path))
        .filter_map(|put| Some((rendition_key(key, &put.path), put.version.clone()?)))
        .collect();
    if own.is_empty() {
        return;
    }
    match versions::delete(s3, bucket, &own).await {
        Ok(()) => tracing::debug!(key, versions = own.len(), "deleted what lost the race"),
        Err(cause) => {
            tracing::warn!(key, versions = own.len(), %cause, "left to the sweep: what lost the race");
        }
    }
}

/// Deletes all renditions of an original that is gone, as far as they were there while it was; answers false if the
/// original is back, when its own event settles what stays.
///
/// The versions are listed before the original is looked at: a worker on an upload that came later has put its own
/// after the listing, and one whose upload was there before finds the removal recorded.
pub(crate) async fn erase(s3: &Client, bucket: &str, removed: &Manifest) -> Result<bool, Retryable> {
    let (originals, key) = (&removed.source.bucket, &removed.source.key);
    let listed = versions::list(s3, bucket, &format!("{key}/")).await?;
    if source::current_etag(s3, originals, key).await?.is_some() {
        return Ok(false);
    }
    let stands = commit::read(s3, bucket, key).await?;
    let named = |path: &str| {
        let mut renditions = stands.iter().flat_map(|present| &present.manifest.renditions);
        renditions.any(|rendition| rendition.path == path)
    };
    let doomed: Vec<(String, String)> = listed
        .into_iter()
        .filter(|version| version.path_of(key).is_some_and(|path| !named(path)))
        .map(|version| (version.key, version.id))
        .collect();
    versions::delete(s3, bucket, &doomed).await?;
    Ok(true)
}

/// Takes what was deleted off the record of a removal, so that a replay has nothing to finish.
pub(crate) async fn close(s3: &Client, bucket: &str, removal: &Present) -> Result<(), Retryable> {
    let mut next = removal.manifest.clone();
    next.retired.clear();
    next.written = commit::now();
    // Whoever has written another manifest meanwhile has taken the record over.
    commit::swap(s3, bucket, Some(removal), next).await?;
    Ok(())
}
