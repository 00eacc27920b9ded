//! What goes when a manifest no longer names it: a worker's own versions after a lost race, and everything of an
//! original that is gone. What pages may still show is left to the sweep, which knows of a grace.

use aws_sdk_s3::Client;
use manifest::{DerivedPlace, Manifest, manifest_key, rendition_key};

use crate::commit::{self, Present};
use crate::error::Retryable;
use crate::renditions::Put;
use crate::{source, versions};

/// Deletes those of the versions `put` whose paths the manifest that `stands` neither names nor has retired.
///
/// They are this worker's own: whoever commits a path later has put it by itself. What cannot be deleted now is
/// the sweep's.
pub(crate) async fn tidy(
    s3: &Client,
    derived: &DerivedPlace,
    key: &str,
    put: &[Put],
    stands: Option<&Manifest>,
) {
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
    match versions::delete(s3, derived, &own).await {
        Ok(()) => tracing::debug!(key, versions = own.len(), "deleted what lost the race"),
        Err(cause) => {
            tracing::warn!(key, versions = own.len(), %cause, "left to the sweep: what lost the race");
        }
    }
}

/// Deletes all renditions of an original that is gone, and its earlier manifests, as far as they were there while it
/// was; the record of the removal as it stands then. `None` if the original is back, or somebody else has written the
/// manifest: then they settle what stays.
///
/// The order is what makes it safe. What is listed first and deleted last was put before the original was seen gone.
/// In between the record is written again, so that whoever began before that and means to commit what they have put
/// finds another manifest than they know, and makes it anew.
pub(crate) async fn erase(
    s3: &Client,
    derived: &DerivedPlace,
    removal: &Present,
) -> Result<Option<Present>, Retryable> {
    let (originals, key) = (&removal.manifest.source.bucket, &removal.manifest.source.key);
    let mut doomed = Vec::new();
    for folder in versions::source_folders(s3, derived, key).await? {
        let listed = versions::list(s3, derived, &folder).await?;
        doomed.extend(listed.into_iter().filter(|version| version.path_of(key).is_some()));
    }
    let manifests = versions::list(s3, derived, &manifest_key(key)).await?;
    doomed.extend(manifests.into_iter().filter(|one| one.key == manifest_key(key) && !one.latest));
    if source::current(s3, originals, key).await?.is_some() {
        return Ok(None);
    }
    let again = Manifest { written: commit::now(), ..removal.manifest.clone() };
    let Some(fenced) = commit::swap(s3, derived, Some(removal), again).await? else {
        return taken_over(s3, derived, key).await.map(|()| None);
    };
    let doomed: Vec<(String, String)> = doomed.into_iter().map(|version| (version.key, version.id)).collect();
    versions::delete(s3, derived, &doomed).await?;
    Ok(Some(fenced))
}

/// Takes what was deleted off the record of a removal, so that a replay has nothing to finish.
pub(crate) async fn close(s3: &Client, derived: &DerivedPlace, removal: &Present) -> Result<(), Retryable> {
    let mut next = removal.manifest.clone();
    next.pending = None;
    next.retired.clear();
    next.written = commit::now();
    match commit::swap(s3, derived, Some(removal), next).await? {
        Some(_) => Ok(()),
        None => taken_over(s3, derived, &removal.manifest.source.key).await,
    }
}

/// Errs if the manifest that somebody else has written still records an unfinished removal: whether they will come to
/// its end is not known.
async fn taken_over(s3: &Client, derived: &DerivedPlace, key: &str) -> Result<(), Retryable> {
    match commit::read(s3, derived, key).await? {
        Some(stands) if stands.manifest.pending.is_some() => {
            Err(Retryable::Contended { key: key.to_owned(), times: 1 })
        }
        _ => Ok(()),
    }
}
