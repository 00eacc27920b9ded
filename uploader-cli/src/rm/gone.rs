//! Waits until the manifest says that an original's renditions are gone.

use std::time::Duration;

use manifest::{Manifest, State, manifest_key};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::manifests;
use crate::place::Place;
use crate::store::Store;

/// The first pause between two looks.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest: what a person hardly notices at the end of a long wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Returns once the manifest of what was at `place` says `removed`, and not the one that was there `before`.
///
/// # Errors
///
/// A [`Failure`] when `patience` has run out, or something that waiting cannot mend.
pub(super) async fn for_removal(
    store: &Store,
    place: &Place,
    before: Option<&Manifest>,
    patience: Duration,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let trouble = match manifests::read(store, &place.key).await {
            Ok(Some(manifest)) if Some(&manifest) != before && is_removed(&manifest) => return Ok(()),
            Ok(_) => None,
            Err(failure) if failure.is_final() => return Err(failure),
            Err(failure) => Some(failure),
        };
        let left = patience.saturating_sub(begun.elapsed());
        if left.is_zero() {
            let what = trouble.map_or_else(
                || format!("{}/{} does not say so", store.derived, manifest_key(&place.key)),
                |failure| failure.message,
            );
            return Err(Failure::new(
                "timeout",
                format!(
                    "the original is deleted, but after {} s its renditions may still be there: {what}",
                    patience.as_secs()
                ),
                "Look again later with `uploader status`, or give a longer --timeout.",
            ));
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

/// Whether the removal is finished: what is `pending` still deletes.
fn is_removed(manifest: &Manifest) -> bool {
    manifest.state == State::Removed && manifest.pending.is_none()
}
