//! The manifest as the commit record: read it, let one document succeed another, write it by compare-and-swap.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use manifest::{DerivedPlace, Manifest, RenditionInfo, Retired, State, manifest_key};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::Retryable;
use crate::storage::{Refusal, persist};

const NEEDS_READ: &str = "s3:ListBucket on the derived bucket and s3:GetObject on its objects";
const NEEDS_WRITE: &str = "s3:PutObject on the derived bucket's objects";

/// The manifest that was found, with what a conditional write needs to name it.
#[derive(Debug, Clone)]
pub(crate) struct Present {
    pub(crate) manifest: Manifest,
    etag: String,
}

/// Reads the manifest of `key`; `None` when there is none yet.
pub(crate) async fn read(
    s3: &Client,
    derived: &DerivedPlace,
    key: &str,
) -> Result<Option<Present>, Retryable> {
    persist(|| read_once(s3, derived, key)).await
}

async fn read_once(s3: &Client, derived: &DerivedPlace, key: &str) -> Result<Option<Present>, Retryable> {
    let doing = || format!("reading the manifest s3://{derived}/{}", manifest_key(key));
    let object =
        match s3.get_object().bucket(derived.bucket()).key(derived.key(&manifest_key(key))).send().await {
            Ok(object) => object,
            Err(error) => {
                return match Refusal::of(&error) {
                    Refusal::NoSuchKey => Ok(None),
                    refusal => Err(refusal.retryable(doing(), NEEDS_READ)),
                };
            }
        };
    let etag = object.e_tag().unwrap_or_default().to_owned();
    let body = object.body.collect().await.map_err(|error| Retryable::Storage {
        doing: doing(),
        cause: format!("the body broke off: {error}"),
    })?;
    let manifest = Manifest::parse(&body.into_bytes())
        .map_err(|error| Retryable::Manifest { key: key.to_owned(), cause: error.to_string() })?;
    Ok(Some(Present { manifest, etag }))
}

/// Writes `next` if the manifest is still `present`, and answers what stands then; `None` when someone else was
/// quicker.
pub(crate) async fn swap(
    s3: &Client,
    derived: &DerivedPlace,
    present: Option<&Present>,
    next: Manifest,
) -> Result<Option<Present>, Retryable> {
    if let Some(etag) = persist(|| swap_once(s3, derived, present, &next)).await? {
        return Ok(Some(Present { manifest: next, etag }));
    }
    // Perhaps it was written, its answer lost, and the SDK's second attempt refused for want of the first's condition.
    let stands = read(s3, derived, &next.source.key).await?;
    Ok(stands.filter(|stands| stands.manifest == next))
}

/// The etag of what was written, if it was.
async fn swap_once(
    s3: &Client,
    derived: &DerivedPlace,
    present: Option<&Present>,
    next: &Manifest,
) -> Result<Option<String>, Retryable> {
    let key = manifest_key(&next.source.key);
    let put = s3
        .put_object()
        .bucket(derived.bucket())
        .key(derived.key(&key))
        .content_type("application/json")
        .cache_control("no-cache")
        .body(ByteStream::from(next.to_json()));
    let put = match present {
        None => put.if_none_match("*"),
        Some(present) => put.if_match(&present.etag),
    };
    match put.send().await {
        Ok(put) => Ok(Some(put.e_tag().unwrap_or_default().to_owned())),
        Err(error) => match Refusal::of(&error) {
            Refusal::Precondition | Refusal::NoSuchKey => Ok(None),
            refusal => {
                Err(refusal.retryable(format!("writing the manifest s3://{derived}/{key}"), NEEDS_WRITE))
            }
        },
    }
}

/// `draft` as the document that follows `present`: it records what it retires, and work without a sequencer
/// keeps the one that is there as its lower bound.
pub(crate) fn succeed(draft: Manifest, present: Option<&Manifest>, now: &str) -> Manifest {
    let mut next = draft;
    next.written = now.to_owned();
    let Some(present) = present else { return next };
    next.retired = retire(present, &next.renditions, now);
    if present.source.bucket == next.source.bucket {
        let sequencer = next.source.sequencer.or_else(|| present.source.sequencer.clone());
        if next.state == State::Removed {
            next.source = present.source.clone();
        }
        next.source.sequencer = sequencer;
    }
    next
}

/// What was retired before, and what `present` names, less what the new document names.
fn retire(present: &Manifest, named: &[RenditionInfo], now: &str) -> Vec<Retired> {
    let retired_now = |path: &String| Retired { path: path.clone(), since: now.to_owned() };
    let fresh = present.renditions.iter().map(|old| retired_now(&old.path));
    let before = present.retired.iter().map(|entry| match present.state {
        // While an upload is unsettled, pages show what was there before it; only now can they move on.
        State::Failed => retired_now(&entry.path),
        _ => entry.clone(),
    });
    let mut retired: Vec<Retired> = Vec::new();
    for entry in before.chain(fresh) {
        let again = named.iter().any(|new| new.path == entry.path);
        if !again && retired.iter().all(|known| known.path != entry.path) {
            retired.push(entry);
        }
    }
    retired
}

/// The present time: RFC 3339, UTC, microseconds. Fine enough that a document that is written again has other bytes,
/// and so another etag.
pub(crate) fn now() -> String {
    let now = OffsetDateTime::now_utc().truncate_to_microsecond();
    now.format(&Rfc3339).unwrap_or_else(|_| now.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use manifest::{SCHEMA, SourceRecord};

    fn document(state: State, sequencer: Option<&str>, paths: &[&str]) -> Manifest {
        let rendition = |path: &&str| RenditionInfo {
            path: (*path).to_owned(),
            variant: "default".into(),
            media_type: "image/webp".into(),
            width: 1,
            height: 1,
            bytes: 1,
            sha256: String::new(),
        };
        Manifest {
            schema: SCHEMA,
            state,
            written: String::new(),
            source: SourceRecord {
                bucket: "b".into(),
                key: "k".into(),
                etag: format!("etag of {}", paths.concat()),
                sequencer: sequencer.map(str::to_owned),
                ..SourceRecord::default()
            },
            preset: None,
            renditions: paths.iter().map(rendition).collect(),
            placeholder: None,
            alt: None,
            caption: None,
            focal_point: None,
            warnings: Vec::new(),
            reason: None,
            pending: None,
            retired: Vec::new(),
        }
    }

    fn retired(manifest: &Manifest) -> Vec<(&str, &str)> {
        manifest.retired.iter().map(|entry| (entry.path.as_str(), entry.since.as_str())).collect()
    }

    #[test]
    fn what_is_no_longer_named_is_retired_once() {
        let first = document(State::Derived, Some("1"), &["a", "b"]);
        let second = succeed(document(State::Derived, Some("2"), &["b", "c"]), Some(&first), "t2");
        assert_eq!(retired(&second), [("a", "t2")]);
        let third = succeed(document(State::Derived, Some("3"), &["d"]), Some(&second), "t3");
        assert_eq!(retired(&third), [("a", "t2"), ("b", "t3"), ("c", "t3")]);
        let back = succeed(document(State::Derived, Some("4"), &["a"]), Some(&third), "t4");
        assert_eq!(retired(&back), [("b", "t3"), ("c", "t3"), ("d", "t4")]);
    }

    #[test]
    fn the_grace_of_what_a_failure_retired_begins_when_it_is_settled() {
        let first = document(State::Derived, Some("1"), &["a"]);
        let failed = succeed(document(State::Failed, Some("2"), &[]), Some(&first), "t2");
        assert_eq!(retired(&failed), [("a", "t2")]);
        let settled = succeed(document(State::Derived, Some("2"), &["b"]), Some(&failed), "t9");
        assert_eq!(retired(&settled), [("a", "t9")]);
    }

    #[test]
    fn work_without_a_sequencer_keeps_the_lower_bound() {
        let first = document(State::Derived, Some("A"), &["a"]);
        let next = succeed(document(State::Derived, None, &["a"]), Some(&first), "t");
        assert_eq!(next.source.sequencer.as_deref(), Some("A"));
        let mut elsewhere = document(State::Derived, None, &["a"]);
        elsewhere.source.bucket = "another".into();
        assert_eq!(succeed(elsewhere, Some(&first), "t").source.sequencer, None);
    }

    #[test]
    fn a_removal_remembers_what_was_there() {
        let first = document(State::Derived, Some("A"), &["a"]);
        let next = succeed(document(State::Removed, Some("B"), &[]), Some(&first), "t");
        assert_eq!((next.source.etag.as_str(), next.source.sequencer.as_deref()), ("etag of a", Some("B")));
        assert_eq!(retired(&next), [("a", "t")]);
        assert!(next.renditions.is_empty());
    }
}
