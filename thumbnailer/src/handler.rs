//! One batch in, one verdict per record out.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use futures::{FutureExt, StreamExt, stream};
use serde_json::Value;

use crate::answer::{Verdict, answer};
use crate::cdn::Cdn;
use crate::config::Config;
use crate::error::{Error, Retryable, panic_message};
use crate::event::{self, Envelope, EventError, Message, ObjectEvent};
use crate::isolation::Isolation;
use crate::outcome::{Fate, Outcome, Report};
use crate::pipeline::{Job, Pipeline};
use crate::schedule;

/// Told of every record's end.
type Listener = Arc<dyn Fn(&Outcome) + Send + Sync>;
/// Told of every invocation's end.
type InvocationListener = Arc<dyn Fn(&[Outcome]) + Send + Sync>;

/// The function: payloads of S3's events in, renditions and manifests in the derived bucket.
///
/// Clones share everything.
#[derive(Clone)]
pub struct Thumbnailer {
    pipeline: Arc<Pipeline>,
    listener: Option<Listener>,
    invocation_listener: Option<InvocationListener>,
    isolation: Option<Isolation>,
}

impl fmt::Debug for Thumbnailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thumbnailer").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}

impl Thumbnailer {
    /// One that speaks to `s3`, from where it reads originals and where it writes what is derived.
    pub fn new(s3: Client, config: Config) -> Self {
        let pipeline = Arc::new(Pipeline::new(s3, config));
        Self { pipeline, listener: None, invocation_listener: None, isolation: None }
    }

    /// Has `listener` told of every record's end.
    #[must_use]
    pub fn on_outcome(self, listener: impl Fn(&Outcome) + Send + Sync + 'static) -> Self {
        Self { listener: Some(Arc::new(listener)), ..self }
    }

    /// Has `listener` told of every invocation's end, with what became of its records: of none where the payload
    /// could not be read.
    #[must_use]
    pub fn on_invocation(self, listener: impl Fn(&[Outcome]) + Send + Sync + 'static) -> Self {
        Self { invocation_listener: Some(Arc::new(listener)), ..self }
    }

    /// Has `cdn` told to forget what is removed.
    #[must_use]
    pub fn invalidating(self, cdn: Cdn) -> Self {
        let mut pipeline = Arc::unwrap_or_clone(self.pipeline);
        pipeline.cdn = Some(cdn);
        Self { pipeline: Arc::new(pipeline), ..self }
    }

    /// Has records whose message was received before worked on in a process of their own.
    #[must_use]
    pub fn isolated(self, isolation: Isolation) -> Self {
        Self { isolation: Some(isolation), ..self }
    }

    /// Settles an invocation's payload and says, as its envelope wants it said, what is not settled.
    ///
    /// A batch from SQS is answered with its `batchItemFailures`, a job of S3 Batch Operations with a result a task.
    /// Work that would go on past `deadline` is stopped in good order a little before it, and its records come again.
    ///
    /// A schedule's event sweeps the derived bucket, as far as there is time, and is answered with what came of it.
    ///
    /// # Errors
    ///
    /// [`Error::Envelope`] for a payload that cannot be read; [`Error::Unsettled`] when records are not settled and
    /// the envelope has no other way to say so; [`Error::Sweep`] when a sweep broke off.
    pub async fn handle(&self, payload: Value, deadline: Option<Instant>) -> Result<Value, Error> {
        let delivery = event::parse(&payload).inspect_err(|error| {
            tracing::error!(cause = %error, "payload not read");
            self.tell_invocation(&[]);
        })?;
        let deadline = deadline.map(Deadline::new);
        if delivery.envelope == Envelope::Sweep {
            return self.sweep(deadline).await;
        }
        // One that takes all the time there is leaves none to those behind it, so the largest come last.
        let mut messages: Vec<(usize, Message)> = delivery.messages.into_iter().enumerate().collect();
        messages.sort_by_key(|(_, message)| largest(message));
        let mut verdicts: Vec<(usize, Verdict)> = stream::iter(messages)
            .map(|(at, message)| async move { (at, self.message(message, deadline).await) }.boxed())
            .buffered(self.pipeline.config.record_concurrency)
            .collect()
            .await;
        verdicts.sort_by_key(|(at, _)| *at);
        let verdicts: Vec<Verdict> = verdicts.into_iter().map(|(_, verdict)| verdict).collect();
        self.tell_invocation(&verdicts);
        answer(&delivery.envelope, verdicts)
    }

    /// Sweeps until the deadline; the next run goes on from there.
    async fn sweep(&self, deadline: Option<Deadline>) -> Result<Value, Error> {
        let Config { derived, grace, .. } = &self.pipeline.config;
        // A page takes seconds at most.
        let until = deadline.and_then(|deadline| deadline.stop_work.checked_sub(Duration::from_secs(5)));
        schedule::run(&self.pipeline.s3, derived, *grace, until).boxed().await.map_err(|cause| {
            tracing::error!(%cause, "not swept");
            Error::Sweep(cause)
        })
    }

    fn tell_invocation(&self, verdicts: &[Verdict]) {
        if let Some(listener) = &self.invocation_listener {
            let outcomes: Vec<Outcome> =
                verdicts.iter().flat_map(|(_, outcomes)| outcomes).cloned().collect();
            listener(&outcomes);
        }
    }

    /// One message's records, one after the other.
    async fn message(&self, message: Message, deadline: Option<Deadline>) -> Verdict {
        let mut outcomes = Vec::with_capacity(message.events.len());
        for event in message.events {
            outcomes.push(self.record(event, message.receive_count, deadline).await);
        }
        (message.id, outcomes)
    }

    /// One record, whatever happens in it.
    async fn record(
        &self,
        event: Result<ObjectEvent, EventError>,
        receive_count: u32,
        deadline: Option<Deadline>,
    ) -> Outcome {
        let started = Instant::now();
        let mut report = Report::default();
        let (bucket, key) = match &event {
            Ok(event) => (event.bucket.clone(), event.key.clone()),
            Err(_) => Default::default(),
        };
        let fate = match event {
            Ok(event) => self.settle(&event, receive_count, deadline, &mut report).await,
            Err(error) => Err(error.into()),
        }
        .unwrap_or_else(Fate::Retryable);
        let outcome = Outcome { bucket, key, fate, receive_count, report, elapsed: started.elapsed() };
        log(&outcome);
        if let Some(listener) = &self.listener {
            listener(&outcome);
        }
        outcome
    }

    /// One event in this process, within `deadline` and with its panics caught.
    pub(crate) async fn settle_here(
        &self,
        event: &ObjectEvent,
        receive_count: u32,
        deadline: Option<Instant>,
        report: &mut Report,
    ) -> Result<Fate, Retryable> {
        self.settle(event, receive_count, deadline.map(Deadline::new), report).await
    }

    /// One event; what fails for the last time is recorded, so that the author hears of it.
    async fn settle(
        &self,
        event: &ObjectEvent,
        receive_count: u32,
        deadline: Option<Deadline>,
        report: &mut Report,
    ) -> Result<Fate, Retryable> {
        let settled = self.work(event, receive_count, deadline, report).await;
        if let Err(cause) = &settled
            && self.pipeline.is_last(receive_count)
        {
            let mut job = Job::new(event, receive_count, None, report);
            let record = self.pipeline.record_failure(&mut job, cause).boxed();
            let recorded = guarded(record, deadline.map(|deadline| deadline.end), &event.key).await;
            if let Err(cause) = recorded {
                tracing::warn!(key = event.key, %cause, "that the picture failed could not be recorded");
            }
        }
        settled
    }

    /// The pipeline: in a process of its own for what came before, where there is one to be had.
    async fn work(
        &self,
        event: &ObjectEvent,
        receive_count: u32,
        deadline: Option<Deadline>,
        report: &mut Report,
    ) -> Result<Fate, Retryable> {
        let give_up = deadline.map(|deadline| deadline.give_up);
        if let Some(isolation) = self.isolation.as_ref().filter(|_| receive_count > 1) {
            let (fate, told) = isolation.run(event, receive_count, give_up).await?;
            *report = told;
            return Ok(fate);
        }
        let stop_at = deadline.map(|deadline| deadline.stop_work);
        // On the heap, since it is large, and nested deeper than the compiler follows.
        let work = self.pipeline.settle(Job::new(event, receive_count, stop_at, report)).boxed();
        guarded(work, give_up, &event.key).await
    }
}

/// Bytes of the largest object that a message tells of.
fn largest(message: &Message) -> u64 {
    message.events.iter().flatten().filter_map(|event| event.size).max().unwrap_or(0)
}

/// `work` until `until`, with its panics caught.
async fn guarded<T>(
    work: impl Future<Output = Result<T, Retryable>>,
    until: Option<Instant>,
    key: &str,
) -> Result<T, Retryable> {
    let work = AssertUnwindSafe(work).catch_unwind();
    let done = match until {
        None => work.await,
        Some(until) => {
            let late = |_| Retryable::Deadline { doing: format!("working on {key}") };
            tokio::time::timeout_at(until.into(), work).await.map_err(late)?
        }
    };
    done.unwrap_or_else(|panic| Err(Retryable::Fault { what: format!("panic: {}", panic_message(&*panic)) }))
}

/// When to stop, so that there is time left to say so.
#[derive(Debug, Clone, Copy)]
struct Deadline {
    /// Deriving ends here by itself.
    stop_work: Instant,
    /// Waiting for anything else, such as S3, ends here.
    give_up: Instant,
    /// Nothing goes on past this.
    end: Instant,
}

impl Deadline {
    fn new(deadline: Instant) -> Self {
        let left = deadline.saturating_duration_since(Instant::now());
        let margin = (left / 10).clamp(Duration::from_millis(200), Duration::from_secs(3));
        let before = |margin| deadline.checked_sub(margin).unwrap_or(deadline);
        Self { stop_work: before(margin), give_up: before(margin / 2), end: before(margin / 8) }
    }
}

/// One line a record.
fn log(outcome: &Outcome) {
    let Outcome { bucket, key, fate, receive_count, report, elapsed } = outcome;
    let ms = |duration: Duration| duration.as_millis() as u64;
    macro_rules! line {
        ($level:ident, $($cause:tt)*) => {
            tracing::$level!(
                fate = fate.word(), bucket, key, receive_count,
                bytes = report.source_bytes, width = report.width, height = report.height,
                renditions = report.renditions, bytes_out = report.bytes_out,
                fetch_ms = ms(report.stages.fetch), decode_ms = ms(report.stages.decode),
                resize_ms = ms(report.stages.resize), encode_ms = ms(report.stages.encode),
                put_ms = ms(report.stages.put), commit_ms = ms(report.stages.commit), total_ms = ms(*elapsed),
                $($cause)*
            )
        };
    }
    match (fate, &report.reason) {
        (Fate::Retryable(cause), _) => line!(error, cause = %cause, "record not settled"),
        (_, Some(reason)) => line!(warn, reason = reason.code, cause = reason.message, "record settled"),
        _ => line!(info, "record settled"),
    }
}
