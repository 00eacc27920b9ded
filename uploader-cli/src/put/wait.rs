//! Waits for the manifest of our own upload.

use std::time::Duration;

use manifest::{Manifest, Sidecar, State, manifest_key};
use tokio::time::Instant;

use super::about;
use crate::failure::Failure;
use crate::manifests;
use crate::store::Store;
use crate::transfer::Sent;

/// The first pause between two looks; a laptop is done with a small picture in about that time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause: what a person hardly notices at the end of a long wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// `failed` is written before a last attempt, which may still succeed; after this long it is believed.
const FAILED_IS_FINAL_AFTER: Duration = Duration::from_secs(15);

/// What one look at the derived bucket showed.
enum Look {
    /// The manifest of our upload.
    Ours(Box<Manifest>),
    /// The manifest of an upload before or after ours.
    Other(Box<Manifest>),
    /// No manifest, or one that we may not know of.
    Nothing,
    /// Something that may pass.
    Trouble(Failure),
}

/// The manifest of the upload `sent` under `key`, as soon as it says how that ended.
///
/// # Errors
///
/// A [`Failure`] when `patience` has run out, or something that waiting cannot mend.
pub(super) async fn for_manifest(
    store: &Store,
    key: &str,
    sent: &Sent,
    said: &Sidecar,
    patience: Duration,
) -> Result<Manifest, Failure> {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut failed_since: Option<Instant> = None;
    loop {
        let seen = look(store, key, sent, said).await?;
        if let Look::Ours(manifest) = &seen {
            let since = *failed_since.get_or_insert_with(Instant::now);
            let settled = manifest.state != State::Failed
                || since.elapsed() >= FAILED_IS_FINAL_AFTER
                || begun.elapsed() >= patience;
            if settled {
                return Ok(Manifest::clone(manifest));
            }
        }
        let left = patience.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(out_of_patience(store, key, sent, patience, seen).await);
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

/// Whether the manifest of the upload `sent` is there and says how that ended.
///
/// # Errors
///
/// A [`Failure`] that waiting cannot mend.
pub(super) async fn is_settled(
    store: &Store,
    key: &str,
    sent: &Sent,
    said: &Sidecar,
) -> Result<bool, Failure> {
    Ok(matches!(look(store, key, sent, said).await?, Look::Ours(manifest) if manifest.state != State::Failed))
}

async fn look(store: &Store, key: &str, sent: &Sent, said: &Sidecar) -> Result<Look, Failure> {
    match manifests::read(store, key).await {
        Ok(None) => Ok(Look::Nothing),
        Ok(Some(manifest)) if is_ours(store, &manifest, sent, said) => Ok(Look::Ours(Box::new(manifest))),
        Ok(Some(manifest)) => Ok(Look::Other(Box::new(manifest))),
        Err(failure) if failure.is_final() || failure.code == manifests::NOT_OURS => Err(failure),
        Err(failure) => Ok(Look::Trouble(failure)),
    }
}

fn is_ours(store: &Store, manifest: &Manifest, sent: &Sent, said: &Sidecar) -> bool {
    let source = &manifest.source;
    if source.bucket != store.originals {
        return false;
    }
    match (&sent.version_id, &source.version_id) {
        (Some(ours), Some(theirs)) => ours == theirs,
        // The same bytes have the same etag: a removal is that of an earlier upload, until the event of ours comes.
        // Nor is what was said then what is said now.
        _ => {
            manifest.state != State::Removed
                && source.etag.trim_matches('"') == sent.etag
                && (manifest.state != State::Derived || about::is_in(said, &told_by(manifest)))
        }
    }
}

fn told_by(manifest: &Manifest) -> Sidecar {
    Sidecar {
        alt: manifest.alt.clone(),
        caption: manifest.caption.clone(),
        focal_point: manifest.focal_point,
    }
}

/// Says what there is instead of a manifest of ours.
async fn out_of_patience(store: &Store, key: &str, sent: &Sent, patience: Duration, last: Look) -> Failure {
    let waited = patience.as_secs();
    let place = format!("{}/{}", store.derived, manifest_key(key));
    let later = "The upload itself is there; look for the manifest later, or give a longer --timeout.";
    if is_superseded(store, key, sent).await {
        return Failure::new(
            "superseded",
            format!("another upload has replaced this one under '{key}'"),
            "Upload the file again, or under another key with --to.",
        );
    }
    match last {
        Look::Trouble(failure) => Failure {
            message: format!("no manifest could be read within {waited} s: {}", failure.message),
            concerns_all: false,
            ..failure
        },
        Look::Other(manifest) => Failure::new(
            "timeout",
            format!(
                "after {waited} s, {place} is still that of another upload (written {})",
                manifest.written
            ),
            later,
        ),
        Look::Nothing | Look::Ours(_) => Failure::new(
            "timeout",
            format!("after {waited} s there is no {place}"),
            match &store.endpoint {
                Some(endpoint) => format!("Is `thumbnailer up` running at {endpoint}? {later}"),
                None => later.to_owned(),
            },
        ),
    }
}

/// Whether the original under `key` is no longer what we sent. If that cannot be told, it is not.
async fn is_superseded(store: &Store, key: &str, sent: &Sent) -> bool {
    let answer = store.client.head_object().bucket(&store.originals).key(key).send().await;
    answer.is_ok_and(|current| match (&sent.version_id, current.version_id()) {
        (Some(ours), Some(theirs)) => ours != theirs,
        _ => current.e_tag().is_some_and(|etag| etag.trim_matches('"') != sent.etag),
    })
}
