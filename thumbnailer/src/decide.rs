//! What a manifest's present state and an event mean for each other. Pure.

use std::cmp::Ordering;

use manifest::{Manifest, State, sequencer};
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::event::ObjectEvent;
use crate::source::Current;

/// What to do with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: the manifest stands for this event.
    AlreadyDerived,
    /// Nothing: the manifest stands for a later one.
    Superseded,
    /// Work; the event is later than what the manifest stands for.
    Replace,
    /// Work, and the source has to be shown current *after* this manifest was read, because no sequencer
    /// tells which of the two is later.
    ReplaceIfCurrent,
}

/// Weighs `event` against the manifest that is there.
///
/// S3 delivers at least once and in any order; sequencers order the events of one key in one bucket and mean
/// nothing across buckets. An event without a sequencer can only be trusted for what the source is now.
pub fn decide(present: Option<&Manifest>, event: &ObjectEvent) -> Decision {
    let Some(present) = present else {
        return Decision::Replace;
    };
    if present.source.bucket != event.bucket || event.sequencer.is_none() {
        return Decision::ReplaceIfCurrent;
    }
    match sequencer::compare(event.sequencer.as_deref(), present.source.sequencer.as_deref()) {
        Ordering::Greater => Decision::Replace,
        Ordering::Less => Decision::Superseded,
        Ordering::Equal if present.state == State::Failed => Decision::Replace,
        Ordering::Equal => Decision::AlreadyDerived,
    }
}

/// What a manifest's `preset.fingerprint` has to be for its work not to be done again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprints {
    /// Of what is derived: the preset and the encoders' revisions.
    pub(crate) derived: String,
    /// Of what is rejected: the limits and this version as well, since others may let it pass.
    pub(crate) rejected: String,
}

impl Fingerprints {
    pub(crate) fn of(config: &Config) -> Self {
        let derived = config.preset.fingerprint();
        let bounds = format!("{derived} {:?} {}", config.limits, env!("CARGO_PKG_VERSION"));
        let rejected = hex::encode(&Sha256::digest(bounds)[..8]);
        Self { derived, rejected }
    }
}

/// Whether `present` is of the object `current` in `bucket`, and settled. Asked when an event was only a hint to look
/// at the source again: that it hints at is no reason to do work again that stands.
pub(crate) fn stands_for(present: &Manifest, bucket: &str, current: &Current) -> bool {
    let Manifest { state, source, .. } = present;
    // The same bytes may have been uploaded with another text beside them.
    let same_version = match (&source.version_id, &current.version_id) {
        (Some(before), Some(now)) => before == now,
        _ => true,
    };
    let same_object = source.bucket == bucket && source.etag == current.etag && same_version;
    same_object && matches!(state, State::Derived | State::Rejected)
}

/// Whether `present` already says all there is to say of the object `current` in `bucket`.
pub(crate) fn describes(
    present: &Manifest,
    bucket: &str,
    current: &Current,
    fingerprints: &Fingerprints,
) -> bool {
    let made_by =
        |fingerprint: &String| present.preset.as_ref().is_some_and(|made| made.fingerprint == *fingerprint);
    let settled = match present.state {
        State::Derived => made_by(&fingerprints.derived),
        State::Rejected => made_by(&fingerprints.rejected),
        State::Failed | State::Removed => false,
    };
    settled && stands_for(present, bucket, current)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::event::Change;
    use manifest::{PresetInfo, SCHEMA, SourceRecord};
    use proptest::prelude::*;

    fn present(state: State, bucket: &str, sequencer: Option<&str>) -> Manifest {
        Manifest {
            schema: SCHEMA,
            state,
            written: "2026-01-01T00:00:00Z".into(),
            source: SourceRecord {
                bucket: bucket.into(),
                key: "k".into(),
                etag: "e".into(),
                sequencer: sequencer.map(str::to_owned),
                ..SourceRecord::default()
            },
            preset: Some(PresetInfo { fingerprint: "f".into() }),
            renditions: Vec::new(),
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

    fn event(bucket: &str, sequencer: Option<&str>) -> ObjectEvent {
        ObjectEvent {
            change: Change::Created,
            bucket: bucket.into(),
            key: "k".into(),
            etag: Some("e".into()),
            sequencer: sequencer.map(str::to_owned),
            version_id: None,
            size: None,
        }
    }

    #[test]
    fn the_first_event_is_work() {
        assert_eq!(decide(None, &event("b", Some("1"))), Decision::Replace);
        assert_eq!(decide(None, &event("b", None)), Decision::Replace);
    }

    #[test]
    fn only_a_later_event_replaces() {
        let derived = present(State::Derived, "b", Some("0A"));
        assert_eq!(decide(Some(&derived), &event("b", Some("0B"))), Decision::Replace);
        assert_eq!(decide(Some(&derived), &event("b", Some("09"))), Decision::Superseded);
        assert_eq!(decide(Some(&derived), &event("b", Some("0a00"))), Decision::AlreadyDerived);
        // A manifest from work without a sequencer sorts below every event.
        assert_eq!(
            decide(Some(&present(State::Derived, "b", None)), &event("b", Some("0"))),
            Decision::Replace
        );
    }

    #[test]
    fn a_failure_is_tried_again_by_its_own_event_only() {
        let failed = present(State::Failed, "b", Some("0A"));
        assert_eq!(decide(Some(&failed), &event("b", Some("0A"))), Decision::Replace);
        assert_eq!(decide(Some(&failed), &event("b", Some("09"))), Decision::Superseded);
        for settled in [State::Derived, State::Rejected, State::Removed] {
            let there = present(settled, "b", Some("0A"));
            assert_eq!(decide(Some(&there), &event("b", Some("0A"))), Decision::AlreadyDerived);
        }
    }

    #[test]
    fn what_no_sequencer_orders_has_to_be_current() {
        let other = present(State::Derived, "other", Some("FF"));
        assert_eq!(decide(Some(&other), &event("b", Some("01"))), Decision::ReplaceIfCurrent);
        let same = present(State::Derived, "b", Some("FF"));
        assert_eq!(decide(Some(&same), &event("b", None)), Decision::ReplaceIfCurrent);
    }

    #[test]
    fn a_hint_changes_nothing_where_the_manifest_describes_the_source() {
        let (ours, others) = (fingerprints("f", "g"), fingerprints("g", "f"));
        let derived = present(State::Derived, "b", None);
        assert!(describes(&derived, "b", &current("e"), &ours));
        assert!(!describes(&derived, "b", &current("e"), &others));
        assert!(!describes(&derived, "b", &current("another etag"), &ours));
        assert!(!describes(&derived, "other", &current("e"), &ours));
        assert!(!describes(&present(State::Rejected, "b", None), "b", &current("e"), &ours));
        assert!(describes(&present(State::Rejected, "b", None), "b", &current("e"), &others));
        assert!(!describes(&present(State::Removed, "b", None), "b", &current("e"), &ours));
        assert!(!describes(&present(State::Failed, "b", None), "b", &current("e"), &ours));
    }

    fn current(etag: &str) -> Current {
        Current { etag: etag.to_owned(), version_id: None }
    }

    #[test]
    fn another_version_of_the_same_bytes_is_another_object() {
        let mut there = present(State::Derived, "b", None);
        let version = |id: &str| Current { version_id: Some(id.to_owned()), ..current("e") };
        // One from before versions were kept, or not known.
        assert!(stands_for(&there, "b", &version("1")));
        there.source.version_id = Some("1".to_owned());
        assert!(stands_for(&there, "b", &version("1")) && stands_for(&there, "b", &current("e")));
        assert!(!stands_for(&there, "b", &version("2")));
        there.state = State::Failed;
        assert!(!stands_for(&there, "b", &version("1")));
    }

    fn fingerprints(derived: &str, rejected: &str) -> Fingerprints {
        Fingerprints { derived: derived.into(), rejected: rejected.into() }
    }

    #[test]
    fn wider_limits_let_a_rejection_be_looked_at_again() {
        let config = Config::new("derived").unwrap();
        let mut wider = config.clone();
        wider.limits.pixels += 1;
        let (before, after) = (Fingerprints::of(&config), Fingerprints::of(&wider));
        assert_eq!(before.derived, after.derived);
        assert_ne!(before.rejected, after.rejected);
    }

    proptest! {
        /// Whatever order events of one key arrive in, with repeats, the latest is what stays.
        #[test]
        fn the_latest_event_wins_in_any_order(mut arrivals in prop::collection::vec("[0-9A-F]{1,6}", 1..12)) {
            arrivals.extend_from_within(..arrivals.len() / 2);
            let mut there: Option<Manifest> = None;
            for sequencer in &arrivals {
                if decide(there.as_ref(), &event("b", Some(sequencer))) == Decision::Replace {
                    there = Some(present(State::Derived, "b", Some(sequencer)));
                }
            }
            let latest = arrivals.iter().max_by(|a, b| sequencer::compare(Some(a), Some(b))).unwrap();
            let kept = there.unwrap().source.sequencer;
            prop_assert_eq!(sequencer::compare(kept.as_deref(), Some(latest)), Ordering::Equal);
        }

        #[test]
        fn a_settled_event_is_settled(sequencer in ".{0,20}") {
            let there = present(State::Derived, "b", Some(&sequencer));
            prop_assert_eq!(decide(Some(&there), &event("b", Some(&sequencer))), Decision::AlreadyDerived);
        }
    }
}
