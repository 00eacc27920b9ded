//! One event's way: read the manifest, decide, fetch, derive, put the renditions, commit the manifest.
//!
//! The manifest is the only record of what was done. It is read first, so that settled work costs one read,
//! and written last by compare-and-swap, so that of several workers on one key the latest event wins and a
//! reader never sees a rendition named that is not there.

use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use image_header::Rejection;
use imaging::Stop;
use manifest::{
    Manifest, Placeholder, PresetInfo, Reason, SCHEMA, SourceRecord, State, check_source_key, source_digest,
};

use crate::cdn::Cdn;
use crate::commit::{self, Present};
use crate::config::Config;
use crate::decide::{Decision, decide, describes};
use crate::error::Retryable;
use crate::event::{Change, ObjectEvent};
use crate::outcome::{Fate, Report};
use crate::renditions::{Made, Target, derive_and_put};
use crate::source::{self, Facts};

/// How often a manifest that others keep changing is decided upon anew.
const ATTEMPTS: u32 = 5;

/// The pipeline's fixed surroundings.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) s3: Client,
    pub(crate) config: Config,
    /// The preset's, computed once.
    pub(crate) fingerprint: String,
    /// Told of removals.
    pub(crate) cdn: Option<Cdn>,
}

/// What looking at the source came to.
enum Finding {
    /// There is nothing to write.
    Settled(Fate),
    /// The manifest to be, but for what depends on the one it follows.
    Draft(Box<Manifest>),
}

impl Pipeline {
    /// Settles one event. Work that is still going on at `stop_at` is stopped.
    pub(crate) async fn settle(
        &self,
        event: &ObjectEvent,
        stop_at: Option<Instant>,
        report: &mut Report,
    ) -> Result<Fate, Retryable> {
        self.check_bucket(&event.bucket)?;
        if let Err(error) = check_source_key(&event.key) {
            return Ok(unrecordable(event, &error.to_string(), report));
        }

        let mut draft = None;
        for attempt in 0..ATTEMPTS {
            pause(attempt).await;
            let present = self.read_manifest(&event.key, report).await?;
            match decide(present.as_ref().map(|present| &present.manifest), event) {
                Decision::AlreadyDerived => return Ok(Fate::AlreadyDerived),
                Decision::Superseded => return Ok(Fate::Superseded),
                Decision::Replace => {}
                Decision::ReplaceIfCurrent => draft = None,
            }
            let made = match draft.take() {
                Some(made) => made,
                None => match self.look_and_make(event, present.as_ref(), stop_at, report).await? {
                    Finding::Settled(fate) => return Ok(fate),
                    Finding::Draft(made) => made,
                },
            };
            if self.commit(&made, present.as_ref(), report).await? {
                if let (State::Removed, Some(cdn)) = (made.state, &self.cdn) {
                    cdn.forget(&event.key, made.source.sequencer.as_deref().unwrap_or_default()).await?;
                }
                return Ok(fate_of(made.state));
            }
            draft = Some(made);
        }
        Err(Retryable::Contended { key: event.key.clone(), times: ATTEMPTS })
    }

    /// Refuses events of buckets that are not ours: of the derived bucket above all, where each rendition
    /// would be taken for an original, and so on without end.
    fn check_bucket(&self, bucket: &str) -> Result<(), Retryable> {
        let refuse = |why: String| Err(Retryable::Bucket { bucket: bucket.to_owned(), why });
        if bucket == self.config.derived_bucket {
            return refuse("where renditions are written".to_owned());
        }
        match &self.config.originals_bucket {
            Some(originals) if originals != bucket => refuse(format!("but originals lie in {originals}")),
            _ => Ok(()),
        }
    }

    /// Finds out what the source is now and makes of it what the manifest will name.
    async fn look_and_make(
        &self,
        event: &ObjectEvent,
        present: Option<&Present>,
        stop_at: Option<Instant>,
        report: &mut Report,
    ) -> Result<Finding, Retryable> {
        let told = match event.change {
            // Only with both does an event speak for one state of the object.
            Change::Created if event.sequencer.is_some() => event.etag.clone(),
            Change::Created | Change::Removed => None,
        };
        let etag = match told {
            Some(etag) => etag,
            None => {
                let Some(etag) = source::current_etag(&self.s3, &event.bucket, &event.key).await? else {
                    return Ok(gone(event, present));
                };
                let known =
                    |present: &Present| describes(&present.manifest, &event.bucket, &etag, &self.fingerprint);
                if present.is_some_and(known) {
                    return Ok(Finding::Settled(Fate::AlreadyDerived));
                }
                etag
            }
        };
        self.make(event, etag, stop_at, report).await
    }

    /// Fetches the source as `etag`, derives it and puts its renditions.
    async fn make(
        &self,
        event: &ObjectEvent,
        etag: String,
        stop_at: Option<Instant>,
        report: &mut Report,
    ) -> Result<Finding, Retryable> {
        // What an earlier attempt put is not what the manifest will name.
        (report.renditions, report.bytes_out) = (0, 0);
        let started = Instant::now();
        let limit = self.config.limits.source_bytes;
        let fetched = source::fetch(&self.s3, &event.bucket, &event.key, &etag, limit).await?;
        report.stages.fetch += started.elapsed();
        let Some(source) = fetched else {
            return Ok(Finding::Settled(Fate::Superseded));
        };
        report.source_bytes = source.facts.bytes;

        let mut draft = draft(event, etag, source.facts);
        match source.content {
            Err(rejection) => reject(&mut draft, &rejection),
            Ok(content) => {
                let target = Target {
                    s3: &self.s3,
                    bucket: &self.config.derived_bucket,
                    key: &event.key,
                    source16: source_digest(&content.sha256),
                };
                let stop = stop_at.map_or_else(Stop::new, Stop::at);
                let Config { preset, limits, .. } = &self.config;
                let made = derive_and_put(&target, content.bytes, preset, limits, stop, report).await?;
                draft.source.sha256 = Some(content.sha256);
                self.describe(&mut draft, made);
            }
        }
        report.width = draft.source.width.unwrap_or(0);
        report.height = draft.source.height.unwrap_or(0);
        report.reason = draft.reason.clone();
        report.warnings = draft.warnings.clone();
        Ok(Finding::Draft(Box::new(draft)))
    }

    /// Enters into `draft` what was made.
    fn describe(&self, draft: &mut Manifest, made: Made) {
        if let Some(info) = &made.info {
            let (width, height) = info.displayed();
            draft.source.media_type = Some(info.format.media_type().to_owned());
            draft.source.width = Some(width);
            draft.source.height = Some(height);
        }
        match made.result {
            Err(rejection) => reject(draft, &rejection),
            Ok((derived, renditions)) => {
                let [red, green, blue] = derived.color;
                draft.preset = Some(PresetInfo { fingerprint: self.fingerprint.clone() });
                draft.renditions = renditions;
                draft.placeholder = Some(Placeholder {
                    thumbhash: aws_smithy_types::base64::encode(&derived.thumbhash),
                    color: format!("#{red:02x}{green:02x}{blue:02x}"),
                });
                draft.warnings.extend(derived.warnings);
            }
        }
    }

    async fn read_manifest(&self, key: &str, report: &mut Report) -> Result<Option<Present>, Retryable> {
        let started = Instant::now();
        let present = commit::read(&self.s3, &self.config.derived_bucket, key).await;
        report.stages.commit += started.elapsed();
        present
    }

    /// Writes the manifest; false when it is no longer the one that was decided upon.
    async fn commit(
        &self,
        draft: &Manifest,
        present: Option<&Present>,
        report: &mut Report,
    ) -> Result<bool, Retryable> {
        let started = Instant::now();
        let next = commit::succeed(draft, present.map(|present| &present.manifest), &commit::now());
        let written = commit::swap(&self.s3, &self.config.derived_bucket, present, &next).await;
        report.stages.commit += started.elapsed();
        written
    }
}

/// The manifest of a source of which nothing is known but what S3 says.
fn draft(event: &ObjectEvent, etag: String, facts: Facts) -> Manifest {
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
        alt: facts.alt,
        caption: facts.caption,
        warnings: facts.warnings,
        reason: None,
        retired: Vec::new(),
    }
}

fn reject(draft: &mut Manifest, rejection: &Rejection) {
    draft.state = State::Rejected;
    draft.reason = Some(Reason {
        code: rejection.code().to_owned(),
        message: rejection.to_string(),
        remedy: rejection.remedy().to_owned(),
    });
}

/// What it means that there is no source.
///
/// A removal is recorded even where there was no manifest: a slower worker on an earlier event may be about to
/// write one, and has to find that it is late.
fn gone(event: &ObjectEvent, present: Option<&Present>) -> Finding {
    if event.change == Change::Created {
        return Finding::Settled(Fate::Superseded);
    }
    let known = |present: &Present| {
        present.manifest.state == State::Removed
            && present.manifest.source.bucket == event.bucket
            && event.sequencer.is_none()
    };
    // Another bucket's picture may live under the same key.
    let elsewhere = |present: &Present| present.manifest.source.bucket != event.bucket;
    if present.is_some_and(known) {
        return Finding::Settled(Fate::AlreadyDerived);
    }
    if present.is_some_and(elsewhere) {
        return Finding::Settled(Fate::Superseded);
    }
    let facts = Facts { version_id: None, bytes: 0, alt: None, caption: None, warnings: Vec::new() };
    let mut draft = draft(event, String::new(), facts);
    draft.state = State::Removed;
    Finding::Draft(Box::new(draft))
}

/// A key that leaves no room for the names of its renditions: nothing can be recorded under it, so that this
/// is the only rejection that is told by the log alone.
fn unrecordable(event: &ObjectEvent, message: &str, report: &mut Report) -> Fate {
    let remedy = "Upload the file under a shorter name.";
    tracing::error!(bucket = event.bucket, key = event.key, "{message}; nothing can be derived. {remedy}");
    report.reason = Some(Reason {
        code: "key-too-long".to_owned(),
        message: message.to_owned(),
        remedy: remedy.to_owned(),
    });
    Fate::Rejected
}

fn fate_of(state: State) -> Fate {
    match state {
        State::Derived => Fate::Derived,
        State::Removed => Fate::Removed,
        State::Rejected | State::Failed => Fate::Rejected,
    }
}

/// Waits before another attempt, each time longer and never twice the same, so that racing workers part.
async fn pause(attempt: u32) {
    if attempt > 0 {
        let most = 25_u64 << attempt;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(most / 2..=most))).await;
    }
}
