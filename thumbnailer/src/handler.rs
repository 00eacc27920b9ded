//! One batch in, one verdict per record out.

use std::any::Any;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use futures::{FutureExt, StreamExt, stream};
use serde_json::Value;

use crate::answer::answer;
use crate::config::Config;
use crate::error::{Error, Retryable};
use crate::event::{self, EventError, Message, ObjectEvent};
use crate::outcome::{Fate, Outcome, Report};
use crate::pipeline::Pipeline;

/// Told of every record's end.
type Listener = Arc<dyn Fn(&Outcome) + Send + Sync>;

/// The function: payloads of S3's events in, renditions and manifests in the derived bucket.
///
/// Clones share everything.
#[derive(Clone)]
pub struct Thumbnailer {
    pipeline: Arc<Pipeline>,
    listener: Option<Listener>,
}

impl fmt::Debug for Thumbnailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thumbnailer").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}

impl Thumbnailer {
    /// One that speaks to `s3`, from where it reads originals and where it writes what is derived.
    pub fn new(s3: Client, config: Config) -> Self {
        let fingerprint = config.preset.fingerprint();
        Self { pipeline: Arc::new(Pipeline { s3, config, fingerprint }), listener: None }
    }

    /// Has `listener` told of every record's end.
    #[must_use]
    pub fn on_outcome(self, listener: impl Fn(&Outcome) + Send + Sync + 'static) -> Self {
        Self { listener: Some(Arc::new(listener)), ..self }
    }

    /// Settles an invocation's payload and says, as its envelope wants it said, what is not settled.
    ///
    /// A batch from SQS is answered with its `batchItemFailures`, a job of S3 Batch Operations with a result a task.
    /// Work that would go on past `deadline` is stopped in good order a little before it, and its records come again.
    ///
    /// # Errors
    ///
    /// [`Error::Envelope`] for a payload that cannot be read; [`Error::Unsettled`] when records are not settled and
    /// the envelope has no other way to say so.
    pub async fn handle(&self, payload: Value, deadline: Option<Instant>) -> Result<Value, Error> {
        let delivery = event::parse(&payload)
            .inspect_err(|error| tracing::error!(cause = %error, "payload not read"))?;
        let deadline = deadline.map(Deadline::new);
        let verdicts: Vec<(String, Vec<Outcome>)> = stream::iter(delivery.messages)
            .map(|message| self.message(message, deadline))
            .buffered(self.pipeline.config.record_concurrency)
            .collect()
            .await;
        answer(&delivery.envelope, verdicts)
    }

    /// One message's records, one after the other.
    async fn message(&self, message: Message, deadline: Option<Deadline>) -> (String, Vec<Outcome>) {
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
            Ok(event) => self.settle(&event, deadline, &mut report).await,
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

    /// The pipeline, within the deadline and with its panics caught.
    async fn settle(
        &self,
        event: &ObjectEvent,
        deadline: Option<Deadline>,
        report: &mut Report,
    ) -> Result<Fate, Retryable> {
        let stop_at = deadline.map(|deadline| deadline.stop_work);
        let work = AssertUnwindSafe(self.pipeline.settle(event, stop_at, report)).catch_unwind();
        let settled = match deadline {
            None => work.await,
            Some(deadline) => {
                let late = |_| Retryable::Deadline { doing: format!("working on {}", event.key) };
                tokio::time::timeout_at(deadline.give_up.into(), work).await.map_err(late)?
            }
        };
        settled.unwrap_or_else(|panic| Err(Retryable::Fault { what: panic_message(&*panic) }))
    }
}

/// When to stop, so that there is time left to say so.
#[derive(Debug, Clone, Copy)]
struct Deadline {
    /// Deriving ends here by itself.
    stop_work: Instant,
    /// Waiting for anything else, such as S3, ends here.
    give_up: Instant,
}

impl Deadline {
    fn new(deadline: Instant) -> Self {
        let left = deadline.saturating_duration_since(Instant::now());
        let margin = (left / 10).clamp(Duration::from_millis(200), Duration::from_secs(3));
        let before = |margin| deadline.checked_sub(margin).unwrap_or(deadline);
        Self { stop_work: before(margin), give_up: before(margin / 2) }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("without a message"))
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
