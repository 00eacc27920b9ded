//! Manifests to be: what an event and its source come to, before it is known which manifest they follow. Pure.

use std::cmp::Ordering;

use image_header::{Rejection, SourceInfo};
use imaging::Derived;
use manifest::{
    Manifest, Placeholder, PresetInfo, Reason, RenditionInfo, SCHEMA, SourceRecord, State, sequencer,
};

use crate::error::Retryable;
use crate::event::ObjectEvent;
use crate::source::Facts;

/// The code of what failed with a known cause.
const GIVEN_UP: &str = "failed";

/// The manifest of a source of which nothing is known but what S3 says.
pub(crate) fn of_source(event: &ObjectEvent, etag: String, facts: Facts) -> Manifest {
    Manifest {
        schema: SCHEMA,
        state: State::Derived,
        written: String::new(),
        source: SourceRecord {
            bucket: event.bucket.clone(),
            key: event.key.clone(),
            etag,
            version_id: facts.version_id,
            bytes: facts.bytes,
            sequencer: event.sequencer.clone(),
            ..SourceRecord::default()
        },
        preset: None,
        renditions: Vec::new(),
        placeholder: None,
        alt: facts.sidecar.alt,
        caption: facts.sidecar.caption,
        focal_point: facts.sidecar.focal_point,
        warnings: facts.warnings,
        reason: None,
        pending: None,
        retired: Vec::new(),
    }
}

/// The record that the source is gone, as of `now`, and that its renditions have yet to go.
pub(crate) fn of_removal(event: &ObjectEvent, now: String) -> Manifest {
    let nothing = of_source(event, String::new(), Facts::default());
    Manifest { state: State::Removed, pending: Some(now), ..nothing }
}

/// Enters what the source's header says.
pub(crate) fn describe(draft: &mut Manifest, info: &SourceInfo) {
    let (width, height) = info.displayed();
    draft.source.media_type = Some(info.format.media_type().to_owned());
    draft.source.width = Some(width);
    draft.source.height = Some(height);
}

/// Enters what was derived.
pub(crate) fn fulfil(
    draft: &mut Manifest,
    derived: Derived,
    renditions: Vec<RenditionInfo>,
    fingerprint: &str,
) {
    let [red, green, blue] = derived.color;
    draft.preset = Some(PresetInfo { fingerprint: fingerprint.to_owned() });
    draft.renditions = renditions;
    draft.placeholder = Some(Placeholder {
        thumbhash: aws_smithy_types::base64::encode(&derived.thumbhash),
        color: format!("#{red:02x}{green:02x}{blue:02x}"),
    });
    draft.warnings.extend(derived.warnings);
}

/// Enters what `present` names, which is what would be derived.
pub(crate) fn keep(draft: &mut Manifest, present: &Manifest) {
    let Manifest { source, preset, renditions, placeholder, .. } = present.clone();
    draft.source.media_type = source.media_type;
    draft.source.width = source.width;
    draft.source.height = source.height;
    draft.preset = preset;
    draft.renditions = renditions;
    draft.placeholder = placeholder;
}

/// Enters that the image is at fault.
pub(crate) fn reject(draft: &mut Manifest, rejection: &Rejection, fingerprint: &str) {
    draft.state = State::Rejected;
    draft.preset = Some(PresetInfo { fingerprint: fingerprint.to_owned() });
    draft.reason = Some(Reason {
        code: rejection.code().to_owned(),
        message: rejection.to_string(),
        remedy: rejection.remedy().to_owned(),
    });
}

/// `draft` as it stands while the last attempt at it goes on: if that kills the process, this is what is left.
pub(crate) fn unfinished(draft: &Manifest, receive_count: u32) -> Manifest {
    let message = format!("none of {receive_count} attempts at the picture came to an end");
    failed(draft, "unfinished", message)
}

/// `draft` as it stands when the last attempt at it has failed.
pub(crate) fn given_up(draft: &Manifest, cause: &Retryable) -> Manifest {
    failed(draft, GIVEN_UP, cause.to_string())
}

/// Whether `present` says just that already.
pub(crate) fn is_given_up(present: &Manifest, cause: &Retryable) -> bool {
    present
        .reason
        .as_ref()
        .is_some_and(|reason| reason.code == GIVEN_UP && reason.message == cause.to_string())
}

fn failed(draft: &Manifest, code: &str, message: String) -> Manifest {
    let remedy = "Upload the picture again. If that fails too, the operator finds the cause in the function's log and \
                  the event in the dead-letter queue.";
    let reason = Reason { code: code.to_owned(), message, remedy: remedy.to_owned() };
    Manifest { state: State::Failed, reason: Some(reason), ..draft.clone() }
}

/// `present` with the sequencer of an `event` that is later and changes nothing else; `None` if it is not later.
///
/// That it was heard has to be written down: a slow worker on an event in between would find itself the latest.
pub(crate) fn heard(event: &ObjectEvent, present: &Manifest) -> Option<Manifest> {
    let later = sequencer::compare(event.sequencer.as_deref(), present.source.sequencer.as_deref());
    if later != Ordering::Greater {
        return None;
    }
    let mut next = present.clone();
    next.source.sequencer = event.sequencer.clone();
    Some(next)
}
