//! A run of transfers: from items to outcomes.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt;
use indicatif::HumanBytes;
use manifest::{Markup, Sidecar};
use tokio::sync::Semaphore;

use super::about::{self, Texts};
use super::args::WayArgs;
use super::ask;
use super::causes::{Causes, Tally};
use super::compare::{Existing, compare};
use super::inspect::{Inspected, inspect};
use super::outcome::{Action, End, Outcome};
use super::plan::Item;
use super::wait;
use crate::accelerate;
use crate::cli::lazy;
use crate::config::state_folder;
use crate::console::Console;
use crate::failure::Failure;
use crate::state;
use crate::store::Store;
use crate::transfer::{Condition, Sent, Transfer, Transfers, named};
use crate::{FAILED, WELL};

/// Files that are looked at, at once.
const LOOKING: usize = 4;

/// Files that are on their way at once, most of them waiting for their renditions.
const UNDERWAY: usize = 64;

/// So many files with the same warning are told of together.
const MANY: usize = 4;

/// How often `--events` tell how far it has come.
const EVENT_EVERY: Duration = Duration::from_secs(1);

/// What all files of one run have in common.
pub(crate) struct Session {
    store: Store,
    way: WayArgs,
    /// How the markup is written, if it is wanted.
    markup: Option<Markup>,
    /// Set once the run has had the picture whose markup may be eager.
    has_first: AtomicBool,
    tell: Tell,
    console: Console,
    transfers: Transfers,
    /// A failure that every further file would meet.
    obstacle: Mutex<Option<Failure>>,
}

/// How results are told.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tell {
    /// A JSON object a file.
    pub(crate) json: bool,
    /// JSON objects of what happens meanwhile, too.
    pub(crate) events: bool,
    /// The markup goes to the terminal's clipboard.
    pub(crate) clipboard: bool,
}

/// One file, and what is to be done about it.
struct Job {
    item: Item,
    /// The first picture of the run, whose markup may be eager.
    is_first: bool,
    step: Result<Ready, End>,
}

/// A file that can be sent.
struct Ready {
    path: PathBuf,
    file: Inspected,
    existing: Existing,
    about: Sidecar,
    action: Action,
}

impl Session {
    /// # Errors
    ///
    /// A [`Failure`] when uploads shall be accelerated and cannot be.
    pub(crate) async fn new(
        store: Store,
        way: WayArgs,
        markup: Option<Markup>,
        tell: Tell,
        console: Console,
    ) -> Result<Self, Failure> {
        let folder = state_folder(|name| std::env::var(name).ok());
        // What a profile says is meant for Amazon's S3, which alone has it.
        let of_profile = store.settings.accelerate.filter(|_| store.endpoint.is_none());
        let wished = way.accelerate().or(of_profile);
        let store = accelerate::choose(store, wished, folder.as_deref()).await?;
        let journals = folder.map(|folder| state::journals(&folder));
        let transfers = Transfers::new(&store, journals, way.retry_for, way.part_bytes());
        let (has_first, obstacle) = (AtomicBool::new(false), Mutex::default());
        Ok(Self { store, way, markup, has_first, tell, console, transfers, obstacle })
    }

    /// How files get to the bucket.
    pub(crate) fn way(&self) -> &WayArgs {
        &self.way
    }

    /// Puts `items` and shows each outcome to `each`; the answer is the exit status.
    ///
    /// # Errors
    ///
    /// When standard output takes no more, or `each` fails.
    pub(crate) async fn put(
        &self,
        items: Vec<Item>,
        about: &Sidecar,
        texts: &Texts,
        dry_run: bool,
        each: &mut dyn FnMut(&Outcome) -> std::io::Result<()>,
    ) -> anyhow::Result<u8> {
        *self.obstacle.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let mut jobs = self.look(items).await;
        self.compare(&mut jobs).await;
        self.describe(&mut jobs, about, texts, dry_run).await?;
        self.permit(&mut jobs, dry_run).await?;
        let sending =
            || jobs.iter().filter_map(|job| job.step.as_ref().ok()).filter(|ready| ready.action.sends());
        let bytes = sending().map(|ready| ready.file.stamp.bytes).sum();
        let (files, jobs_in_all) = (sending().count(), jobs.len());
        self.event(|| serde_json::json!({"event": "planned", "files": jobs_in_all, "to_send": files, "bytes": bytes}))?;
        if dry_run {
            let lines = jobs.into_iter().map(|job| self.planned(job)).collect::<Vec<_>>();
            let tally = self.report_all(futures::stream::iter(lines), each).await?;
            let counts = tally.text("would be sent", "cannot be sent");
            self.console.info(format_args!("{counts}; {}", HumanBytes(tally.bytes)));
            return Ok(if tally.failed > 0 { FAILED } else { WELL });
        }
        let first = jobs.iter_mut().find(|job| job.step.is_ok());
        if let Some(first) = first.filter(|_| !self.has_first.swap(true, Ordering::Relaxed)) {
            first.is_first = true;
        }
        let told = self.warn_of_many(&jobs);
        let begun = Instant::now();
        self.console.begin(jobs_in_all, bytes);
        let outcomes = futures::stream::iter(jobs).map(|job| self.settle(job, &told)).buffered(UNDERWAY);
        let tally = self.report_all(outcomes, each).await;
        self.console.finish();
        let tally = tally?;
        if jobs_in_all > 1 {
            let seconds = begun.elapsed().as_secs_f64();
            let counts = tally.text("sent", "failed");
            self.console.info(format_args!("{counts}; {} in {seconds:.1} s", HumanBytes(tally.bytes)));
        }
        Ok(if tally.failed > 0 { FAILED } else { WELL })
    }

    /// What each file is.
    async fn look(&self, items: Vec<Item>) -> Vec<Job> {
        let force = self.way.force;
        // One large file at a time is in memory.
        let large = &Semaphore::new(1);
        let looks = futures::stream::iter(items).map(|item| async move {
            let store = &self.store;
            let step = match &item.path {
                Ok(_) if store.derived.holds(&store.originals, &item.key) => {
                    let message = format!("'{}' is where the renditions lie", store.derived);
                    Err(End::Refused(Failure::new("key", message, "Choose another --to.")))
                }
                Ok(path) => {
                    let is_large = std::fs::metadata(path)
                        .is_ok_and(|metadata| metadata.len() > crate::transfer::USUAL_PART);
                    let _alone = if is_large { large.acquire().await.ok() } else { None };
                    let ready = |file| Ready {
                        path: path.clone(),
                        file,
                        existing: Existing::Nothing,
                        about: Sidecar::default(),
                        action: Action::New,
                    };
                    inspect(path, force).await.map(ready).map_err(End::Refused)
                }
                Err(failure) => Err(End::Refused(failure.clone())),
            };
            Job { item, is_first: false, step }
        });
        looks.buffered(LOOKING).collect().await
    }

    /// What lies under each key already.
    async fn compare(&self, jobs: &mut [Job]) {
        let ready = jobs.iter().filter_map(|job| {
            let ready = job.step.as_ref().ok()?;
            Some((job.item.key.clone(), ready.path.clone(), ready.file.stamp.bytes))
        });
        let found = compare(&self.store, &ready.collect::<Vec<_>>(), self.way.part_bytes()).await;
        self.note(jobs.iter_mut().filter(|job| job.step.is_ok()), found);
        if !self.way.raw_names {
            self.compare_decomposed(jobs).await;
        }
    }

    /// Looks for the keys in NFD that programs which keep names as they are have stored. A picture that has such a key keeps
    /// it, so that it is not uploaded twice.
    async fn compare_decomposed(&self, jobs: &mut [Job]) {
        let is_absent = |job: &Job| {
            !job.item.key.is_ascii()
                && job.step.as_ref().is_ok_and(|ready| matches!(ready.existing, Existing::Nothing))
        };
        let mut absent: Vec<(&mut Job, String)> = Vec::new();
        for job in jobs.iter_mut().filter(|job| is_absent(job)) {
            if let Some(other) =
                cli_support::spellings(&job.item.key).pop().filter(|key| *key != job.item.key)
            {
                absent.push((job, other));
            }
        }
        let ready = absent.iter().filter_map(|(job, key)| {
            let ready = job.step.as_ref().ok()?;
            Some((key.clone(), ready.path.clone(), ready.file.stamp.bytes))
        });
        let found = compare(&self.store, &ready.collect::<Vec<_>>(), self.way.part_bytes()).await;
        for ((job, key), found) in absent.iter_mut().zip(&found) {
            if matches!(found, Ok(Existing::Same(_) | Existing::Other(_))) {
                job.item.key = std::mem::take(key);
            }
        }
        self.note(absent.into_iter().map(|(job, _)| job), found);
    }

    /// Notes for each job what exists under its key.
    fn note<'a>(&self, jobs: impl Iterator<Item = &'a mut Job>, found: Vec<Result<Existing, Failure>>) {
        for (job, found) in jobs.zip(found) {
            match found {
                Ok(existing) => {
                    if let Ok(ready) = &mut job.step {
                        ready.existing = existing;
                    }
                }
                Err(failure) => job.step = Err(End::Failed(self.noted(failure))),
            }
        }
    }

    /// What is said about each picture, and so what is to be done.
    async fn describe(
        &self,
        jobs: &mut [Job],
        said_of_all: &Sidecar,
        texts: &Texts,
        dry_run: bool,
    ) -> std::io::Result<()> {
        let files: Vec<_> = jobs
            .iter()
            .filter_map(|job| Some((job.item.path.as_deref().ok()?, job.item.key.as_str())))
            .collect();
        for unused in texts.unused(&files) {
            self.console.warning(unused);
        }
        for job in &mut *jobs {
            if let Ok(ready) = &mut job.step {
                ready.about = match said_of_all {
                    said if *said == Sidecar::default() => texts.about(&ready.path, &job.item.key),
                    said => said.clone(),
                };
            }
        }
        if self.markup.is_some() && !self.way.no_wait && !dry_run && !self.tell.json && self.console.can_ask()
        {
            let untold = jobs.iter_mut().filter_map(|job| {
                let ready = job.step.as_mut().ok()?;
                let said = match &ready.existing {
                    Existing::Same(present) => about::has_alt(&present.metadata),
                    _ => false,
                };
                (!said && ready.about.alt.is_none()).then_some((job.item.name.as_str(), &mut ready.about.alt))
            });
            ask::for_alt_texts(&self.console, untold.collect()).await?;
        }
        for ready in jobs.iter_mut().filter_map(|job| job.step.as_mut().ok()) {
            ready.action = match &ready.existing {
                Existing::Nothing => Action::New,
                Existing::Same(present) if about::is_said_by(&ready.about, &present.metadata) => {
                    Action::Unchanged
                }
                Existing::Same(_) => Action::Described,
                Existing::Other(_) => Action::Replaced,
            };
        }
        Ok(())
    }

    /// Nothing is replaced unasked.
    async fn permit(&self, jobs: &mut [Job], dry_run: bool) -> std::io::Result<()> {
        let replaces = |job: &Job| job.step.as_ref().is_ok_and(|ready| ready.action == Action::Replaced);
        let names: Vec<&str> =
            jobs.iter().filter(|job| replaces(job)).map(|job| job.item.key.as_str()).collect();
        if names.is_empty() || self.way.overwrite || dry_run {
            return Ok(());
        }
        if self.console.can_ask() && ask::whether_to_replace(&self.console, &names).await? {
            return Ok(());
        }
        for job in jobs.iter_mut().filter(|job| replaces(job)) {
            let message =
                format!("another picture lies under '{}' in bucket '{}'", job.item.key, self.store.originals);
            let remedy = "To replace it, give --overwrite; to keep both, choose another folder with --to or rename the file.";
            job.step = Err(End::Refused(Failure::new("exists", message, remedy)));
        }
        Ok(())
    }

    fn planned(&self, job: Job) -> Outcome {
        let mut outcome = Outcome::new(&job.item, &self.store.originals);
        match job.step {
            Ok(ready) => {
                outcome.looked_at(&ready.file, ready.action);
                outcome.ended(End::Planned)
            }
            Err(end) => outcome.ended(end),
        }
    }

    /// Says once what would be said of many files. What is said so is not said again.
    fn warn_of_many(&self, jobs: &[Job]) -> Arc<HashSet<String>> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for warning in
            jobs.iter().filter_map(|job| job.step.as_ref().ok()).flat_map(|ready| &ready.file.warnings)
        {
            *counts.entry(warning).or_default() += 1;
        }
        let many = counts.into_iter().filter(|(_, count)| *count >= MANY);
        let told = many.map(|(warning, count)| {
            self.console.warning(format_args!("of {count} files: {warning}"));
            warning.to_owned()
        });
        Arc::new(told.collect())
    }

    /// One file, from the disk to its markup.
    async fn settle(&self, job: Job, told: &Arc<HashSet<String>>) -> Outcome {
        let mut outcome = Outcome::new(&job.item, &self.store.originals);
        outcome.told = Arc::clone(told);
        let ready = match job.step {
            Ok(ready) => ready,
            Err(end) => return outcome.ended(end),
        };
        outcome.looked_at(&ready.file, ready.action);
        let bytes = if ready.action.sends() { ready.file.stamp.bytes } else { 0 };
        if let Some(failure) = self.obstacle() {
            return outcome.ended(End::Failed(failure));
        }
        let line = Arc::new(self.console.file(&outcome.file, bytes));
        let sent = match self.send(&job.item.key, &ready, Arc::clone(&line)).await {
            Ok(sent) => sent,
            Err(failure) => return outcome.ended(End::Failed(self.noted(failure))),
        };
        outcome.sent = Some(sent.clone());
        if self.way.no_wait {
            return outcome.ended(End::Uploaded);
        }
        line.waiting();
        let markup = self.markup.as_ref().map(|markup| Markup {
            alt: ready.about.alt.clone().or_else(|| markup.alt.clone()),
            ..if job.is_first { markup.clone() } else { lazy(markup) }
        });
        let end = match wait::for_manifest(&self.store, &job.item.key, &sent, &ready.about, self.way.timeout)
            .await
        {
            Ok(manifest) => End::of_manifest(&manifest, markup.as_ref()),
            Err(failure) => End::Failed(self.noted(failure)),
        };
        outcome.ended(end)
    }

    /// Returns the failure that every further file would meet, if one was noted in this run.
    fn obstacle(&self) -> Option<Failure> {
        self.obstacle.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes `failure` if every further file would meet it.
    fn noted(&self, failure: Failure) -> Failure {
        if failure.concerns_all {
            let mut obstacle = self.obstacle.lock().unwrap_or_else(PoisonError::into_inner);
            obstacle.get_or_insert_with(|| failure.clone());
        }
        failure
    }

    /// Returns `true` if the last run met a failure that a person must fix, such as expired credentials. A network that
    /// is down may come back by itself.
    pub(crate) fn needs_a_person(&self) -> bool {
        self.obstacle().is_some_and(|failure| !failure.may_pass())
    }

    /// Brings the file, or what is said about it, to the bucket, if it isn't there.
    async fn send(
        &self,
        key: &str,
        ready: &Ready,
        line: Arc<crate::console::FileLine>,
    ) -> Result<Sent, Failure> {
        let (condition, present) = match &ready.existing {
            Existing::Nothing => (Condition::Absent, None),
            Existing::Other(present) => (Condition::Replaces(present.etag.clone()), None),
            Existing::Same(present) => (Condition::Absent, Some(present)),
        };
        if let Some(present) = present {
            self.transfers.discard(key, &ready.path).await?;
            let there: Sent = present.clone().into();
            // What was never derived, or failed, gets another chance by a copy onto itself, which sends another event.
            let needs_event = ready.action == Action::Described
                || (!self.way.no_wait && !wait::is_settled(&self.store, key, &there, &ready.about).await?);
            return if needs_event { self.rewrite(key, ready, present).await } else { Ok(there) };
        }
        let metadata = about::metadata(&ready.about, &std::collections::HashMap::new())?;
        let transfer = Transfer {
            file: &ready.path,
            stamp: ready.file.stamp,
            key,
            media_type: ready.file.media_type,
            metadata: &metadata,
            condition: &condition,
            meter: line,
        };
        self.transfers.send(&transfer).await
    }

    /// Says something else about what lies under `key`: a copy onto itself, as S3 has no other way.
    async fn rewrite(
        &self,
        key: &str,
        ready: &Ready,
        present: &crate::transfer::Present,
    ) -> Result<Sent, Failure> {
        let store = &self.store;
        let metadata = about::metadata(&ready.about, &present.metadata)?;
        let source = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);
        let request = store.client.copy_object().bucket(&store.originals).key(key);
        let answer = request
            .copy_source(format!("{}/{source}", store.originals))
            .copy_source_if_match(format!("\"{}\"", present.etag))
            .metadata_directive(aws_sdk_s3::types::MetadataDirective::Replace)
            .set_metadata(Some(metadata.into_iter().collect()))
            .content_type(present.media_type.as_deref().unwrap_or(ready.file.media_type))
            .send()
            .await
            .map_err(|error| Failure::of_request(&error, &store.originals, store))?;
        let etag = answer.copy_object_result().and_then(|result| result.e_tag()).unwrap_or(&present.etag);
        Ok(Sent {
            etag: etag.trim_matches('"').to_owned(),
            version_id: named(answer.version_id()),
            crc64nvme: present.crc64nvme.clone(),
        })
    }

    /// Tells of each outcome as it comes.
    async fn report_all(
        &self,
        outcomes: impl futures::Stream<Item = Outcome>,
        each: &mut dyn FnMut(&Outcome) -> std::io::Result<()>,
    ) -> anyhow::Result<Tally> {
        let mut causes = Causes::default();
        let mut outcomes = std::pin::pin!(outcomes);
        let mut ticks = tokio::time::interval(EVENT_EVERY);
        let mut snippets = Vec::new();
        loop {
            tokio::select! {
                outcome = outcomes.next() => {
                    let Some(outcome) = outcome else { break };
                    self.console.advance();
                    each(&outcome)?;
                    let words = causes.add(&outcome);
                    outcome.report(&self.console, &self.store, words, self.tell.json)?;
                    snippets.extend(outcome.markup().map(str::to_owned));
                }
                _ = ticks.tick(), if self.tell.events => {
                    let [gone, bytes, settled, files] = self.console.standing();
                    self.event(|| serde_json::json!({
                        "event": "progress", "bytes": gone, "of_bytes": bytes, "settled": settled, "files": files,
                    }))?;
                }
            }
        }
        if self.tell.clipboard && !snippets.is_empty() {
            ask::to_clipboard(&self.console, &snippets.join("\n"));
        }
        for line in causes.lines() {
            self.console.error(line);
        }
        Ok(causes.tally())
    }

    fn event(&self, event: impl FnOnce() -> serde_json::Value) -> std::io::Result<()> {
        if self.tell.events { self.console.document(&event().to_string()) } else { Ok(()) }
    }
}
