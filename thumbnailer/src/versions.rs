//! Versions of derived objects: found by listing, deleted by their exact ids.
//!
//! A deletion by id takes away just what was seen, whoever writes the same key meanwhile. That is why the derived
//! bucket is versioned.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::operation::list_object_versions::builders::ListObjectVersionsFluentBuilder;
use aws_sdk_s3::types::{BucketVersioningStatus, Delete, EncodingType, ObjectIdentifier};
use manifest::{DerivedPlace, Parsed};
use percent_encoding::percent_decode_str;

use crate::error::Retryable;
use crate::storage::{Refusal, persist};

const NEEDS_LIST: &str = "s3:ListBucketVersions on the derived bucket";
const NEEDS_DELETE: &str = "s3:DeleteObjectVersion on the derived bucket's objects";
const NEEDS_VERSIONING: &str = "s3:GetBucketVersioning on the derived bucket";

/// S3's most for one `DeleteObjects`.
const MOST: usize = 1000;
/// The id of what was written while the bucket had no versions.
const NO_VERSION: &str = "null";

/// One version of an object of the derived bucket, or a delete marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// The object's key, as the derived place calls it.
    pub(crate) key: String,
    pub(crate) id: String,
    /// By S3's clock, in whole seconds.
    pub(crate) written: SystemTime,
    /// Zero for a delete marker.
    pub(crate) bytes: u64,
    /// Whether it is what a GET without a version finds.
    pub(crate) latest: bool,
}

impl Version {
    /// The path below its source's key, if it is a rendition of `source`.
    pub(crate) fn path_of(&self, source: &str) -> Option<&str> {
        match Parsed::from_derived_key(&self.key)? {
            Parsed::Rendition { key, .. } if key == source => self.key.get(source.len() + 1..),
            _ => None,
        }
    }
}

/// Where a listing goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marker {
    /// After this key, or after this version of it.
    pub(crate) key: String,
    version: Option<String>,
}

impl Marker {
    /// After all versions of `key`.
    pub(crate) fn after(key: impl Into<String>) -> Self {
        Self { key: key.into(), version: None }
    }
}

/// A page of a listing.
pub(crate) struct Page {
    pub(crate) versions: Vec<Version>,
    /// Where the next page begins; `None` at the end.
    pub(crate) next: Option<Marker>,
}

/// All versions of keys that begin with `prefix`.
pub(crate) async fn list(
    s3: &Client,
    derived: &DerivedPlace,
    prefix: &str,
) -> Result<Vec<Version>, Retryable> {
    let mut all = Vec::new();
    let mut from = Some(Marker::default());
    while let Some(marker) = from {
        let page = page(s3, derived, prefix, &marker).await?;
        all.extend(page.versions);
        from = page.next;
    }
    Ok(all)
}

/// Up to a thousand versions of keys that begin with `prefix`, from `marker` on, in the order of their keys.
pub(crate) async fn page(
    s3: &Client,
    derived: &DerivedPlace,
    prefix: &str,
    marker: &Marker,
) -> Result<Page, Retryable> {
    persist(|| page_once(s3, derived, prefix, marker)).await
}

async fn page_once(
    s3: &Client,
    derived: &DerivedPlace,
    prefix: &str,
    marker: &Marker,
) -> Result<Page, Retryable> {
    let doing = || format!("listing the versions of s3://{derived}/{prefix}*");
    let listed = listing(s3, derived, prefix, marker)
        .send()
        .await
        .map_err(|error| Refusal::of(&error).retryable(doing(), NEEDS_LIST))?;
    let whole = |key: Option<&str>, id: Option<&str>| -> Result<(String, String), Retryable> {
        let unreadable = || Retryable::Storage { doing: doing(), cause: "an entry lacks its key".to_owned() };
        Ok((decoded(derived, key).ok_or_else(unreadable)?, id.unwrap_or(NO_VERSION).to_owned()))
    };
    let mut versions = Vec::with_capacity(listed.versions().len());
    for entry in listed.versions() {
        let (key, id) = whole(entry.key(), entry.version_id())?;
        let bytes = entry.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        let latest = entry.is_latest().unwrap_or(false);
        versions.push(Version { key, id, written: time(entry.last_modified()), bytes, latest });
    }
    for entry in listed.delete_markers() {
        let (key, id) = whole(entry.key(), entry.version_id())?;
        let latest = entry.is_latest().unwrap_or(false);
        versions.push(Version { key, id, written: time(entry.last_modified()), bytes: 0, latest });
    }
    // Delete markers are listed apart; who reads on by key wants them in their places.
    versions.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(Page { versions, next: next(doing, derived, &listed)? })
}

/// The request for a listing's page.
fn listing(
    s3: &Client,
    derived: &DerivedPlace,
    prefix: &str,
    marker: &Marker,
) -> ListObjectVersionsFluentBuilder {
    s3.list_object_versions()
        .bucket(derived.bucket())
        .prefix(derived.key(prefix))
        // Keys may hold what XML cannot.
        .encoding_type(EncodingType::Url)
        .set_key_marker(Some(&marker.key).filter(|key| !key.is_empty()).map(|key| derived.key(key)))
        .set_version_id_marker(marker.version.clone())
}

/// Where a listing that was cut off says it goes on. One that does not say would begin anew for ever.
fn next(
    doing: impl Fn() -> String,
    derived: &DerivedPlace,
    listed: &ListObjectVersionsOutput,
) -> Result<Option<Marker>, Retryable> {
    if listed.is_truncated() != Some(true) {
        return Ok(None);
    }
    let lost = || Retryable::Storage { doing: doing(), cause: "it does not say where it goes on".to_owned() };
    let key = decoded(derived, listed.next_key_marker()).filter(|key| !key.is_empty()).ok_or_else(lost)?;
    Ok(Some(Marker { key, version: listed.next_version_id_marker().map(str::to_owned) }))
}

/// The folders of the sources that the original `key` has or had, such as `key/0123456789abcdef/`: other originals may
/// lie below the same key, and are not looked at.
pub(crate) async fn source_folders(
    s3: &Client,
    derived: &DerivedPlace,
    key: &str,
) -> Result<Vec<String>, Retryable> {
    let prefix = format!("{key}/");
    let mut folders = Vec::new();
    let mut from = Some(Marker::default());
    while let Some(marker) = from {
        let page = persist(|| folders_once(s3, derived, &prefix, &marker)).await?;
        folders.extend(page.0.into_iter().filter(|folder| is_source_folder(&prefix, folder)));
        from = page.1;
    }
    Ok(folders)
}

async fn folders_once(
    s3: &Client,
    derived: &DerivedPlace,
    prefix: &str,
    marker: &Marker,
) -> Result<(Vec<String>, Option<Marker>), Retryable> {
    let doing = || format!("listing the folders of s3://{derived}/{prefix}");
    let listed = listing(s3, derived, prefix, marker)
        .delimiter("/")
        .send()
        .await
        .map_err(|error| Refusal::of(&error).retryable(doing(), NEEDS_LIST))?;
    let folders =
        listed.common_prefixes().iter().filter_map(|folder| decoded(derived, folder.prefix())).collect();
    Ok((folders, next(doing, derived, &listed)?))
}

/// Whether `folder` is `prefix` and 16 hex digits.
fn is_source_folder(prefix: &str, folder: &str) -> bool {
    let name = folder.strip_prefix(prefix).and_then(|name| name.strip_suffix('/'));
    name.is_some_and(|name| name.len() == 16 && name.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// What a key is called here that a listing encodes: some servers write a space as `+`, and none leaves a plus sign as
/// it is.
fn decoded(derived: &DerivedPlace, key: Option<&str>) -> Option<String> {
    let spaced = key?.replace('+', " ");
    let key = percent_decode_str(&spaced).decode_utf8().ok()?;
    derived.relative(&key).map(str::to_owned)
}

/// When it was written; without a time it counts as just written, so that nothing is taken for old.
fn time(at: Option<&aws_sdk_s3::primitives::DateTime>) -> SystemTime {
    let seconds = at.and_then(|at| u64::try_from(at.secs()).ok());
    seconds
        .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
        .unwrap_or_else(SystemTime::now)
}

/// Deletes exactly these versions; those that are gone already are no error.
pub(crate) async fn delete(
    s3: &Client,
    derived: &DerivedPlace,
    versions: &[(String, String)],
) -> Result<(), Retryable> {
    if versions.iter().any(|(_, id)| id == NO_VERSION) {
        check_versioned(s3, derived.bucket()).await?;
    }
    // XML, in which a batch is written, has no control characters.
    let (plain, odd): (Vec<_>, Vec<_>) =
        versions.iter().cloned().partition(|(key, _)| !key.chars().any(char::is_control));
    for some in plain.chunks(MOST) {
        persist(|| delete_batch(s3, derived, some)).await?;
    }
    for (key, id) in &odd {
        persist(|| delete_one(s3, derived, key, id)).await?;
    }
    Ok(())
}

async fn delete_one(s3: &Client, derived: &DerivedPlace, key: &str, id: &str) -> Result<(), Retryable> {
    match s3.delete_object().bucket(derived.bucket()).key(derived.key(key)).version_id(id).send().await {
        Ok(_) => Ok(()),
        Err(error) => Err(Refusal::of(&error)
            .retryable(format!("deleting a version of s3://{derived}/{key}"), NEEDS_DELETE)),
    }
}

async fn delete_batch(
    s3: &Client,
    derived: &DerivedPlace,
    versions: &[(String, String)],
) -> Result<(), Retryable> {
    let doing = |key: &str| format!("deleting versions of s3://{}/{key}", derived.bucket());
    let first = derived.key(versions.first().map_or("", |(key, _)| key.as_str()));
    let fault = |error: BuildError| Retryable::Fault { what: format!("{}: {error}", doing(&first)) };
    let mut delete = Delete::builder().quiet(true);
    for (key, id) in versions {
        delete = delete.objects(
            ObjectIdentifier::builder().key(derived.key(key)).version_id(id).build().map_err(fault)?,
        );
    }
    let answer = s3
        .delete_objects()
        .bucket(derived.bucket())
        .delete(delete.build().map_err(fault)?)
        .send()
        .await
        .map_err(|error| Refusal::of(&error).retryable(doing(&first), NEEDS_DELETE))?;
    let Some(error) = answer.errors().iter().find(|error| error.code() != Some("NoSuchVersion")) else {
        return Ok(());
    };
    let doing = doing(error.key().unwrap_or(&first));
    let said = error.message().unwrap_or("no further message").to_owned();
    Err(match error.code() {
        Some("AccessDenied") => Retryable::Denied { doing, said, needs: NEEDS_DELETE },
        code => Retryable::Storage { doing, cause: format!("{}: {said}", code.unwrap_or("no code")) },
    })
}

/// Errs unless `bucket` keeps versions: only then does the id `null` mean one old version, and not whatever lies there.
async fn check_versioned(s3: &Client, bucket: &str) -> Result<(), Retryable> {
    let doing = || format!("asking whether {bucket} keeps versions");
    let answer = s3.get_bucket_versioning().bucket(bucket).send().await;
    let answer = answer.map_err(|error| Refusal::of(&error).retryable(doing(), NEEDS_VERSIONING))?;
    if answer.status() == Some(&BucketVersioningStatus::Enabled) {
        return Ok(());
    }
    Err(Retryable::Unversioned { bucket: bucket.to_owned() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_version_belongs_to_its_own_source_only() {
        let version = |key: &str| Version {
            key: key.to_owned(),
            id: "1".to_owned(),
            written: SystemTime::UNIX_EPOCH,
            bytes: 1,
            latest: true,
        };
        let path = "0123456789abcdef/320-01234567.webp";
        let rendition = version(&format!("a/b.jpg/{path}"));
        assert_eq!(rendition.path_of("a/b.jpg"), Some(path));
        assert_eq!(rendition.path_of("a"), None);
        assert_eq!(version("a/b.jpg/manifest.json").path_of("a/b.jpg"), None);
        assert_eq!(version("a/b.jpg/notes.txt").path_of("a/b.jpg"), None);
    }

    #[test]
    fn only_folders_of_sources_are_looked_into() {
        let of = |folder| is_source_folder("a/", folder);
        assert!(of("a/0123456789abcdef/"));
        assert!(
            !of("a/b/")
                && !of("a/0123456789abcdef")
                && !of("a/0123456789abcdeg/")
                && !of("b/0123456789abcdef/")
        );
    }

    #[test]
    fn keys_of_a_listing_are_decoded_once() {
        let (whole, part) = (DerivedPlace::of_bucket("b"), DerivedPlace::new("b", "a").unwrap());
        assert_eq!(decoded(&whole, Some("a+b%2Bc%20d%2525")).as_deref(), Some("a b+c d%25"));
        assert_eq!(decoded(&whole, Some("%FF")), None);
        assert_eq!(decoded(&whole, None), None);
        assert_eq!(decoded(&part, Some("a%2Fb")).as_deref(), Some("b"));
        assert_eq!(decoded(&part, Some("b")), None);
    }
}
