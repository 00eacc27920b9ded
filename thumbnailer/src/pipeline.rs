//! One event's way: read the manifest, decide, fetch, derive, put the renditions, commit the manifest.
//!
//! The manifest is the only record of what was done. It is read first, so that settled work costs one read,
//! and written last by compare-and-swap, so that of several workers on one key the latest event wins and a
//! reader never sees a rendition named that is not there.

use std::sync::Arc;
use std::time::Instant;

use aws_sdk_s3::Client;
use imaging::Stop;
use manifest::{Manifest, Reason, State, check_source_key, source_digest};
use tokio::sync::Semaphore;

use crate::cdn::Cdn;
use crate::commit::{self, Present};
use crate::config::Config;
use crate::decide::{Decision, Fingerprints, decide, describes, stands_for};
use crate::error::Retryable;
use crate::event::{Change, ObjectEvent};
use crate::outcome::{Fate, Report};
use crate::renditions::{Made, Put, Target, derive_and_put};
use crate::source::{self, Content};
use crate::storage::pause;
use crate::{draft, retire, standing};

/// How often a manifest that others keep changing is decided upon anew.
const ATTEMPTS: u32 = 5;

/// The pipeline's fixed surroundings.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) s3: Client,
    pub(crate) config: Config,
    fingerprints: Fingerprints,
    /// As many permits as pictures may be derived at once.
    room: Arc<Semaphore>,
    /// Told of removals.
    pub(crate) cdn: Option<Cdn>,
}

/// One delivery of an event, and what comes of it on the way.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) event: &'a ObjectEvent,
    /// How often the event was delivered, this time included.
    pub(crate) receive_count: u32,
    /// Work that is still going on then is stopped.
    pub(crate) stop_at: Option<Instant>,
    pub(crate) report: &'a mut Report,
    /// Every version that was put.
    put: Vec<Put>,
}

impl<'a> Job<'a> {
    pub(crate) fn new(
        event: &'a ObjectEvent,
        receive_count: u32,
        stop_at: Option<Instant>,
        report: &'a mut Report,
    ) -> Self {
        Self { event, receive_count, stop_at, report, put: Vec::new() }
    }
}

/// What looking at the source came to.
enum Finding {
    /// There is nothing to write.
    Settled(Fate),
    /// The present manifest is right; that a later event was heard is to be written into it.
    Heard(Manifest),
    /// The manifest to be, but for what depends on the one it follows.
    Draft(Manifest),
    /// Someone else has written the manifest meanwhile.
    Raced,
}

impl Pipeline {
    pub(crate) fn new(s3: Client, config: Config) -> Self {
        let fingerprints = Fingerprints::of(&config);
        let room = Arc::new(Semaphore::new(config.record_concurrency));
        Self { s3, config, fingerprints, room, cdn: None }
    }

    /// Settles one event.
    pub(crate) async fn settle(&self, mut job: Job<'_>) -> Result<Fate, Retryable> {
        let event = job.event;
        if self.is_ours(event) {
            return Ok(Fate::Ignored);
        }
        self.check_bucket(&event.bucket)?;
        if let Err(error) = check_source_key(&event.key) {
            return Ok(unrecordable(event, &error.to_string(), job.report));
        }
        let (fate, stands) = self.bring_forward(&mut job).await?;
        let manifest = stands.as_ref().map(|stands| &stands.manifest);
        retire::tidy(&self.s3, &self.config.derived, &event.key, &job.put, manifest).await;
        if let Some(removal) = &stands
            && let Some(reference) = pending_removal(&removal.manifest, event)
        {
            self.finish_removal(removal, reference).await?;
        }
        Ok(fate)
    }

    /// Brings the manifest to where the event belongs; its fate, and the manifest that stands.
    async fn bring_forward(&self, job: &mut Job<'_>) -> Result<(Fate, Option<Present>), Retryable> {
        for attempt in 0..ATTEMPTS {
            pause(attempt).await;
            let mut present = self.read_manifest(job).await?;
            let decision = decide(present.as_ref().map(|present| &present.manifest), job.event);
            let finding = match decision {
                Decision::AlreadyDerived => Finding::Settled(Fate::AlreadyDerived),
                Decision::Superseded => Finding::Settled(Fate::Superseded),
                // Also what was made for a manifest that is no longer there: a removal may have swept it away.
                Decision::Replace | Decision::ReplaceIfCurrent => {
                    self.look_and_make(job, &mut present, decision).await?
                }
            };
            let (fate, draft) = match finding {
                Finding::Settled(fate) => return Ok((fate, present)),
                Finding::Raced => continue,
                Finding::Heard(same) => (Fate::AlreadyDerived, same),
                Finding::Draft(draft) => (fate_of(draft.state), draft),
            };
            let next =
                commit::succeed(draft, present.as_ref().map(|present| &present.manifest), &commit::now());
            if let Some(written) = self.swap(job, present.as_ref(), next).await? {
                return Ok((fate, Some(written)));
            }
        }
        Err(Retryable::Contended { key: job.event.key.clone(), times: ATTEMPTS })
    }

    /// Whether the event tells of a rendition or a manifest in a bucket that has the originals, too: each would be
    /// taken for an original, and so on without end. Nobody is to hear of it again.
    fn is_ours(&self, event: &ObjectEvent) -> bool {
        let derived = &self.config.derived;
        !derived.prefix().is_empty() && derived.holds(&event.bucket, &event.key)
    }

    /// Refuses events of buckets that are not ours: of a derived bucket above all, whose renditions would be taken for
    /// originals.
    fn check_bucket(&self, bucket: &str) -> Result<(), Retryable> {
        let refuse = |why: String| Err(Retryable::Bucket { bucket: bucket.to_owned(), why });
        let derived = &self.config.derived;
        if bucket == derived.bucket() && derived.prefix().is_empty() {
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
        job: &mut Job<'_>,
        present: &mut Option<Present>,
        decision: Decision,
    ) -> Result<Finding, Retryable> {
        let event = job.event;
        let told = match event.change {
            // Only with both does an event speak for one state of the object.
            Change::Created if event.sequencer.is_some() => event.etag.clone(),
            Change::Created | Change::Removed => None,
        };
        let etag = match told {
            Some(etag) => etag,
            None => {
                let present = present.as_ref().map(|present| &present.manifest);
                let Some(current) = source::current(&self.s3, &event.bucket, &event.key).await? else {
                    if present.is_none() && source::is_folder_key(&event.key) {
                        return Ok(Finding::Settled(Fate::Ignored));
                    }
                    return Ok(gone(event, present));
                };
                let known = |known: &&Manifest| match event.change {
                    Change::Removed => stands_for(known, &event.bucket, &current),
                    Change::Created => describes(known, &event.bucket, &current, &self.fingerprints),
                };
                if let Some(known) = present.filter(known) {
                    let nothing_new = Finding::Settled(Fate::AlreadyDerived);
                    return Ok(draft::heard(event, known).map_or(nothing_new, Finding::Heard));
                }
                current.etag
            }
        };
        self.make(job, present, decision, etag).await
    }

    /// Fetches the source as `etag`, derives it and puts its renditions.
    async fn make(
        &self,
        job: &mut Job<'_>,
        present: &mut Option<Present>,
        decision: Decision,
        etag: String,
    ) -> Result<Finding, Retryable> {
        let event = job.event;
        // What an earlier attempt put is not what the manifest will name.
        (job.report.renditions, job.report.bytes_out) = (0, 0);
        let started = Instant::now();
        let limit = self.config.limits.source_bytes;
        let fetched = source::fetch(&self.s3, &event.bucket, &event.key, &etag, limit).await?;
        job.report.stages.fetch += started.elapsed();
        let Some(source) = fetched else {
            return Ok(Finding::Settled(Fate::Superseded));
        };
        job.report.source_bytes = source.facts.bytes;
        // Where renditions of a picture exist under the same key, the rejection has to replace them.
        let has_pictures = present.as_ref().is_some_and(|present| present.manifest.state != State::Rejected);
        if source.facts.is_folder && !has_pictures {
            return Ok(Finding::Settled(Fate::Ignored));
        }

        let mut draft = draft::of_source(event, etag, source.facts);
        match source.content {
            Err(rejection) => draft::reject(&mut draft, &rejection, &self.fingerprints.rejected),
            Ok(content) => {
                draft.source.sha256 = Some(content.sha256.clone());
                let before = present.as_ref().map(|present| &present.manifest);
                if let Some(before) = before.filter(|_| decision == Decision::Replace)
                    && standing::covers(before, &draft, &self.fingerprints.derived)
                    && standing::is_whole(&self.s3, &self.config.derived, before).await
                {
                    draft::keep(&mut draft, before);
                } else {
                    // Work on an upload that a manifest stands for already would only take that manifest away.
                    if decision == Decision::Replace
                        && self.is_last(job.receive_count)
                        && !self.announce_failure(job, present, &draft).await?
                    {
                        return Ok(Finding::Raced);
                    }
                    self.derive(job, &mut draft, content).await?;
                }
            }
        }
        job.report.failed = false;
        job.report.width = draft.source.width.unwrap_or(0);
        job.report.height = draft.source.height.unwrap_or(0);
        job.report.reason = draft.reason.clone();
        job.report.warnings = draft.warnings.clone();
        Ok(Finding::Draft(draft))
    }

    /// Makes the renditions of `content`, puts them and enters them into `draft`.
    async fn derive(
        &self,
        job: &mut Job<'_>,
        draft: &mut Manifest,
        content: Content,
    ) -> Result<(), Retryable> {
        let target = Target {
            s3: &self.s3,
            derived: &self.config.derived,
            key: &job.event.key,
            source16: source_digest(&content.sha256),
            room: &self.room,
        };
        let stop = job.stop_at.map_or_else(Stop::new, Stop::at);
        let Config { preset, limits, .. } = &self.config;
        let Made { info, result } =
            derive_and_put(&target, content.bytes, preset, limits, stop, &mut job.put, job.report).await?;
        if let Some(info) = &info {
            draft::describe(draft, info);
        }
        match result {
            Ok((derived, renditions)) => {
                draft::fulfil(draft, derived, renditions, &self.fingerprints.derived);
            }
            Err(rejection) => draft::reject(draft, &rejection, &self.fingerprints.rejected),
        }
        Ok(())
    }

    /// Whether the queue will not deliver again what it has delivered so often.
    pub(crate) fn is_last(&self, receive_count: u32) -> bool {
        receive_count >= self.config.max_receives
    }

    /// Commits `failed` before the work that may kill the process; false if someone else was quicker.
    async fn announce_failure(
        &self,
        job: &mut Job<'_>,
        present: &mut Option<Present>,
        draft: &Manifest,
    ) -> Result<bool, Retryable> {
        let before = present.as_ref().map(|present| &present.manifest);
        let next = commit::succeed(draft::unfinished(draft, job.receive_count), before, &commit::now());
        *present = self.swap(job, present.as_ref(), next).await?;
        job.report.failed = present.is_some();
        Ok(present.is_some())
    }

    /// Records as `failed` what ended by `cause` and will not be delivered again.
    pub(crate) async fn record_failure(&self, job: &mut Job<'_>, cause: &Retryable) -> Result<(), Retryable> {
        // A page whose original is said to be gone stays as it is until that is certain.
        if job.event.change == Change::Removed
            || self.is_ours(job.event)
            || self.check_bucket(&job.event.bucket).is_err()
        {
            return Ok(());
        }
        for attempt in 0..ATTEMPTS {
            pause(attempt).await;
            let present = self.read_manifest(job).await?;
            let before = present.as_ref().map(|present| &present.manifest);
            if decide(before, job.event) != Decision::Replace {
                return Ok(());
            }
            let announced = before.filter(|before| {
                before.state == State::Failed && before.source.sequencer == job.event.sequencer
            });
            job.report.failed = announced.is_some();
            if announced.is_some_and(|announced| draft::is_given_up(announced, cause)) {
                return Ok(());
            }
            let draft = announced.cloned().unwrap_or_else(|| {
                let etag = job.event.etag.clone().unwrap_or_default();
                draft::of_source(job.event, etag, source::Facts::default())
            });
            let next = commit::succeed(draft::given_up(&draft, cause), before, &commit::now());
            if self.swap(job, present.as_ref(), next).await?.is_some() {
                job.report.failed = true;
                return Ok(());
            }
        }
        Err(Retryable::Contended { key: job.event.key.clone(), times: ATTEMPTS })
    }

    /// Deletes what is left of an original that is gone, here and from the CDN.
    async fn finish_removal(&self, removal: &Present, reference: &str) -> Result<(), Retryable> {
        let derived = &self.config.derived;
        let Some(removal) = retire::erase(&self.s3, derived, removal).await? else { return Ok(()) };
        if let Some(cdn) = &self.cdn {
            cdn.forget(&removal.manifest.source.key, reference).await?;
        }
        retire::close(&self.s3, derived, &removal).await
    }

    async fn read_manifest(&self, job: &mut Job<'_>) -> Result<Option<Present>, Retryable> {
        let started = Instant::now();
        let present = commit::read(&self.s3, &self.config.derived, &job.event.key).await;
        job.report.stages.commit += started.elapsed();
        present
    }

    /// Writes `next` if the manifest is still `present`; `None` when it is not.
    async fn swap(
        &self,
        job: &mut Job<'_>,
        present: Option<&Present>,
        next: Manifest,
    ) -> Result<Option<Present>, Retryable> {
        let started = Instant::now();
        let written = commit::swap(&self.s3, &self.config.derived, present, next).await;
        job.report.stages.commit += started.elapsed();
        written
    }
}

/// What it means that there is no source.
///
/// A removal is recorded even where there was no manifest: a slower worker on an earlier event may be about to
/// write one, and has to find that it is late.
fn gone(event: &ObjectEvent, present: Option<&Manifest>) -> Finding {
    match present {
        // Another bucket's picture lives under the same key. That this one is gone is written into its manifest all the
        // same, as a new time: a slow worker on what is gone would otherwise take it over.
        Some(present) if present.source.bucket != event.bucket && event.change == Change::Removed => {
            Finding::Heard(present.clone())
        }
        Some(present) if present.source.bucket != event.bucket => Finding::Settled(Fate::Superseded),
        Some(present) if present.state == State::Removed && event.sequencer.is_none() => {
            Finding::Settled(Fate::AlreadyDerived)
        }
        // A creation that was overtaken; its source's removal has an event of its own.
        _ if event.change == Change::Created && event.sequencer.is_some() => {
            Finding::Settled(Fate::Superseded)
        }
        None if event.change == Change::Created => Finding::Settled(Fate::Superseded),
        _ => Finding::Draft(draft::of_removal(event, commit::now())),
    }
}

/// What names the removal that `manifest` records, if it is of the event's bucket and not finished.
fn pending_removal<'a>(manifest: &'a Manifest, event: &ObjectEvent) -> Option<&'a str> {
    let ours = manifest.state == State::Removed && manifest.source.bucket == event.bucket;
    manifest.pending.as_deref().filter(|_| ours)
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
