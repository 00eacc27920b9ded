//! How far an original has come, by what its bucket and its manifest say.

use std::fmt;

use manifest::{Manifest, State};
use serde::Serialize;

use crate::original::Original;

/// How far an original has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Standing {
    /// Its renditions are there.
    Derived,
    /// It is there; its own manifest isn't yet.
    Uploaded,
    /// Nothing can be derived from it.
    Rejected,
    /// Something else went wrong; a later attempt may still succeed.
    Failed,
    /// It is gone; its manifest isn't yet.
    Removing,
    /// It and its renditions are gone.
    Removed,
    /// There never was such a key.
    Missing,
    /// It could not be looked up.
    Unknown,
}

/// What is known of the original itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen<'a> {
    There(&'a Original),
    Gone,
    /// We may not look.
    Unknown,
}

impl Standing {
    /// What comes of an original that was `seen` and its `manifest`.
    pub(crate) fn new(seen: Seen<'_>, manifest: Option<&Manifest>) -> Self {
        match (seen, manifest) {
            (Seen::There(original), Some(manifest)) if !describes(manifest, original) => Self::Uploaded,
            (Seen::There(_), None) => Self::Uploaded,
            (Seen::Gone, Some(manifest)) if manifest.state == State::Removed => Self::Removed,
            (Seen::Gone, Some(_)) => Self::Removing,
            (Seen::Gone, None) => Self::Missing,
            (Seen::Unknown, None) => Self::Unknown,
            (Seen::There(_) | Seen::Unknown, Some(manifest)) => match manifest.state {
                State::Derived => Self::Derived,
                State::Rejected => Self::Rejected,
                State::Failed => Self::Failed,
                State::Removed => Self::Removed,
            },
        }
    }

    /// Whether a person has to do something about it.
    pub(crate) fn is_trouble(self) -> bool {
        matches!(self, Self::Rejected | Self::Failed | Self::Missing | Self::Unknown)
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Derived => "derived",
            Self::Uploaded => "uploaded",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Removing => "removing",
            Self::Removed => "removed",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        })
    }
}

/// Whether `manifest` is that of `original` and not of an earlier upload under the same key.
fn describes(manifest: &Manifest, original: &Original) -> bool {
    let source = &manifest.source;
    match (&original.version_id, &source.version_id) {
        (Some(ours), Some(theirs)) => ours == theirs,
        // The same bytes have the same etag: a removal is that of an earlier upload.
        _ => manifest.state != State::Removed && source.etag.trim_matches('"') == original.etag,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(state: &str, etag: &str, version_id: Option<&str>) -> Manifest {
        let json = serde_json::json!({
            "schema": 1, "state": state, "written": "2026-11-22T08:00:00Z",
            "source": { "bucket": "originals", "key": "x.jpg", "etag": etag, "version_id": version_id, "bytes": 1 },
        });
        Manifest::parse(json.to_string().as_bytes()).unwrap()
    }

    fn original(version_id: Option<&str>) -> Original {
        Original::new(Some("\"e\""), version_id, Some(1), None)
    }

    #[test]
    fn a_manifest_counts_only_for_its_own_upload() {
        for (version_id, manifest, expected) in [
            (None, manifest("derived", "e", None), Standing::Derived),
            (None, manifest("derived", "other", None), Standing::Uploaded),
            (None, manifest("removed", "e", None), Standing::Uploaded),
            (None, manifest("rejected", "e", Some("1")), Standing::Rejected),
            (Some("1"), manifest("failed", "e", Some("1")), Standing::Failed),
            (Some("2"), manifest("derived", "e", Some("1")), Standing::Uploaded),
            (Some("null"), manifest("derived", "e", None), Standing::Derived),
        ] {
            let original = original(version_id);
            assert_eq!(Standing::new(Seen::There(&original), Some(&manifest)), expected, "{manifest:?}");
        }
    }

    #[test]
    fn what_is_gone_or_unseen_is_what_the_manifest_says() {
        let (derived, removed) = (manifest("derived", "e", None), manifest("removed", "e", None));
        assert_eq!(Standing::new(Seen::There(&original(None)), None), Standing::Uploaded);
        assert_eq!(Standing::new(Seen::Gone, Some(&derived)), Standing::Removing);
        assert_eq!(Standing::new(Seen::Gone, Some(&removed)), Standing::Removed);
        assert_eq!(Standing::new(Seen::Gone, None), Standing::Missing);
        assert_eq!(Standing::new(Seen::Unknown, Some(&derived)), Standing::Derived);
        assert_eq!(Standing::new(Seen::Unknown, None), Standing::Unknown);
    }
}
