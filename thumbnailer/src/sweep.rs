//! The sweep: deletes, by exact version, what no manifest names and is past its grace.
//!
//! Versions are listed first, then the manifest of their source is read. So whatever a manifest names at that time
//! is kept, and whatever is committed later was put by its own worker after the listing, or so shortly before that its
//! grace protects it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_s3::Client;
use futures::{StreamExt, stream};
use manifest::{DerivedPlace, Manifest, Parsed, State};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::commit::{self, Present};
use crate::error::Retryable;
use crate::versions::{self, Marker, Version};

/// Manifests that are read at once.
const AT_ONCE: usize = 16;
/// With so many, what stands in the way is not one original's.
const MOST_TROUBLES: usize = 100;

/// What to sweep, and when something is past its grace.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Only keys of the derived place that begin so.
    pub prefix: String,
    /// Only keys of the derived place that come after this one: where an earlier sweep ended.
    pub after: Option<String>,
    /// How long what no manifest names is kept, counted from when it was put, and from when it was retired.
    /// Work that takes longer than this from its first rendition to its manifest would lose renditions: below an
    /// hour, sweep only while nothing is derived.
    pub grace: Duration,
    /// Count, but delete nothing.
    pub dry_run: bool,
    /// Begin no further page after this; there is always one.
    pub until: Option<Instant>,
}

impl Sweep {
    /// All of the place, with `grace`.
    pub fn new(grace: Duration) -> Self {
        Self { prefix: String::new(), after: None, grace, dry_run: false, until: None }
    }
}

/// What a sweep has come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Versions that were looked at, renditions only.
    pub seen: u64,
    /// Versions that were deleted, or would have been.
    pub deleted: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// Keys of originals of which something was kept because S3 or a manifest stood in the way, and what it was.
    pub troubles: BTreeMap<String, String>,
    /// The last key that was looked at, for [`Sweep::after`]; `None` when all were.
    pub next: Option<String>,
}

impl Swept {
    /// Notes that what belongs to `source` is kept, for its own `cause`; errs when it is not its own.
    fn keep(&mut self, source: String, cause: Retryable) -> Result<(), Retryable> {
        let everywhere = matches!(cause, Retryable::NoSuchBucket { .. } | Retryable::Unversioned { .. });
        if everywhere || self.troubles.len() >= MOST_TROUBLES {
            return Err(cause);
        }
        tracing::warn!(key = source, %cause, "its renditions are kept");
        self.troubles.insert(source, cause.to_string());
        Ok(())
    }
}

/// Sweeps the place `derived` page by page. `each` is told how far it has come after each page.
///
/// # Errors
///
/// [`Retryable`] when the bucket cannot be listed, or hardly anything of it be read or deleted. What was swept until
/// then is.
pub async fn sweep(
    s3: &Client,
    derived: &DerivedPlace,
    sweep: &Sweep,
    mut each: impl FnMut(&Swept),
) -> Result<Swept, Retryable> {
    let mut swept = Swept::default();
    let mut from = Some(sweep.after.clone().map_or_else(Marker::default, Marker::after));
    while let Some(marker) = from {
        let page = versions::page(s3, derived, &sweep.prefix, &marker).await?;
        sweep_page(s3, derived, sweep, page.versions, &mut swept).await?;
        swept.next = page.next.as_ref().map(|next| next.key.clone());
        each(&swept);
        if sweep.until.is_some_and(|until| Instant::now() >= until) {
            return Ok(swept);
        }
        from = page.next;
    }
    Ok(swept)
}

async fn sweep_page(
    s3: &Client,
    derived: &DerivedPlace,
    sweep: &Sweep,
    versions: Vec<Version>,
    swept: &mut Swept,
) -> Result<(), Retryable> {
    let now = SystemTime::now();
    let mut old: BTreeMap<String, Vec<Version>> = BTreeMap::new();
    for version in versions {
        let Some(Parsed::Rendition { key, .. }) = Parsed::from_derived_key(&version.key) else { continue };
        swept.seen += 1;
        if is_past(version.written, now, sweep.grace) {
            old.entry(key.to_owned()).or_default().push(version);
        }
    }
    let mut read = stream::iter(old)
        .map(|(source, versions)| async {
            let present = commit::read(s3, derived, &source).await;
            (source, versions, present)
        })
        .buffered(AT_ONCE);
    let mut doomed: BTreeMap<String, Vec<Version>> = BTreeMap::new();
    let mut spent = Vec::new();
    while let Some((source, versions, present)) = read.next().await {
        let present = match present {
            Ok(present) => present,
            Err(cause) => {
                swept.keep(source, cause)?;
                continue;
            }
        };
        let manifest = present.as_ref().map(|present| &present.manifest);
        for version in versions {
            let kept = version
                .path_of(&source)
                .is_none_or(|path| keeps(manifest, path, |since| !is_past(since, now, sweep.grace)));
            if !kept {
                doomed.entry(source.clone()).or_default().push(version);
            }
        }
        spent.extend(present.and_then(|present| without_spent(present, now, sweep.grace)));
    }
    let ids = |versions: &[Version]| -> Vec<(String, String)> {
        versions.iter().map(|version| (version.key.clone(), version.id.clone())).collect()
    };
    let all: Vec<(String, String)> = doomed.values().flat_map(|versions| ids(versions)).collect();
    // In one go; where that fails, original by original, so that one of them stops no other.
    let together = sweep.dry_run || versions::delete(s3, derived, &all).await.is_ok();
    for (source, versions) in doomed {
        if !together && let Err(cause) = versions::delete(s3, derived, &ids(&versions)).await {
            swept.keep(source, cause)?;
            continue;
        }
        swept.deleted += versions.len() as u64;
        swept.bytes += versions.iter().map(|version| version.bytes).sum::<u64>();
    }
    if sweep.dry_run {
        return Ok(());
    }
    for (present, next) in spent {
        // Whoever has written another manifest meanwhile has taken the list over.
        commit::swap(s3, derived, Some(&present), next).await?;
    }
    Ok(())
}

fn is_past(since: SystemTime, now: SystemTime, grace: Duration) -> bool {
    now.duration_since(since).is_ok_and(|age| age >= grace)
}

/// Whether `manifest` keeps the rendition at `path`. `young` says of when it was retired whether that is within the
/// grace.
fn keeps(manifest: Option<&Manifest>, path: &str, young: impl Fn(SystemTime) -> bool) -> bool {
    let Some(manifest) = manifest else { return false };
    // Its upload is not settled; until it is, pages show what was there before.
    let unsettled = manifest.state == State::Failed;
    let named = manifest.renditions.iter().any(|rendition| rendition.path == path);
    let retired = manifest.retired.iter().find(|retired| retired.path == path);
    unsettled || named || retired.is_some_and(|retired| moment(&retired.since).is_none_or(young))
}

/// `present` without what it retired long ago, if there is any: nothing of it is left to be remembered.
fn without_spent(present: Present, now: SystemTime, grace: Duration) -> Option<(Present, Manifest)> {
    if !matches!(present.manifest.state, State::Derived | State::Rejected) {
        return None;
    }
    let mut next = present.manifest.clone();
    next.retired.retain(|retired| moment(&retired.since).is_none_or(|since| !is_past(since, now, grace)));
    (next.retired.len() < present.manifest.retired.len()).then_some((present, next))
}

/// A manifest's time; `None` when it is none, and so nothing that could have passed.
fn moment(rfc3339: &str) -> Option<SystemTime> {
    OffsetDateTime::parse(rfc3339, &Rfc3339).ok().map(SystemTime::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const NAMED: &str = "0123456789abcdef/1-01234567.webp";
    const RETIRED: &str = "0123456789abcdef/2-01234567.webp";
    const STRANGE: &str = "0123456789abcdef/3-01234567.webp";

    fn document(state: &str, since: &str) -> Manifest {
        let json = serde_json::json!({
            "schema": 1, "state": state, "written": "2026-01-01T00:00:00Z",
            "source": { "bucket": "b", "key": "k", "etag": "e", "bytes": 1 },
            "renditions": [{
                "path": NAMED, "variant": "default", "media_type": "image/webp",
                "width": 1, "height": 1, "bytes": 1, "sha256": "",
            }],
            "retired": [{ "path": RETIRED, "since": since }],
        });
        Manifest::parse(json.to_string().as_bytes()).unwrap()
    }

    fn kept(manifest: Option<&Manifest>, now: &str) -> Vec<&'static str> {
        let (now, day) = (moment(now).unwrap(), Duration::from_secs(86_400));
        let young = |since| !is_past(since, now, day);
        [NAMED, RETIRED, STRANGE].into_iter().filter(|path| keeps(manifest, path, young)).collect()
    }

    #[test]
    fn a_manifest_keeps_what_it_names_and_for_a_while_what_it_named() {
        let derived = document("derived", "2026-01-01T00:00:00Z");
        assert_eq!(kept(Some(&derived), "2026-01-01T23:59:59Z"), [NAMED, RETIRED]);
        assert_eq!(kept(Some(&derived), "2026-01-02T00:00:00Z"), [NAMED]);
        assert!(kept(None, "2026-01-02T00:00:00Z").is_empty());
    }

    #[test]
    fn what_is_unsettled_or_cannot_be_read_is_kept() {
        let failed = document("failed", "2026-01-01T00:00:00Z");
        assert_eq!(kept(Some(&failed), "2027-01-01T00:00:00Z"), [NAMED, RETIRED, STRANGE]);
        let timeless = document("derived", "long ago");
        assert_eq!(kept(Some(&timeless), "2027-01-01T00:00:00Z"), [NAMED, RETIRED]);
    }

    #[test]
    fn a_clock_that_went_back_makes_nothing_old() {
        let (early, late) =
            (moment("2026-01-01T00:00:00Z").unwrap(), moment("2026-02-01T00:00:00Z").unwrap());
        assert!(!is_past(late, early, Duration::ZERO));
        assert!(is_past(early, late, Duration::from_secs(86_400)));
    }
}
