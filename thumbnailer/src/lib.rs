//! S3 events in, derived objects out.
//!
//! [`Thumbnailer::handle`] takes an invocation's payload as Lambda hands it over, and leaves in the derived
//! bucket, for each original that was written, its renditions and a manifest that names them. The binary
//! `bootstrap` runs it as a Lambda function; `thumbnailer up` runs it on a laptop.
//!
//! # Layout
//!
//! In the order of an event's way: `event` (what arrived), `handler` (a batch, one verdict a record),
//! `pipeline` (one event, from manifest to manifest), `answer` (what the envelope is told). The pipeline's helpers,
//! one noun each: `decide` (is there work), `source` (the original), `standing` (what need not be
//! derived again), `renditions` (deriving and putting), `draft` (what the manifest will say), `commit` (the manifest),
//! `retire` (what goes at once), `sweep` and `schedule` (what goes later), `versions` (how it goes), `cdn` (what readers
//! must not get any more), `storage` (what S3's refusals mean).
//! `isolation` takes a record that came before through all of it in a process of its own. Beside it `config` and
//! `client` (what the environment says), `outcome` and `error` (how it ended), `metrics` (what CloudWatch is told).

mod answer;
mod cdn;
mod client;
mod commit;
mod config;
mod decide;
mod draft;
mod error;
mod event;
mod handler;
mod isolation;
mod metrics;
mod outcome;
mod pipeline;
mod renditions;
mod retire;
mod schedule;
mod source;
mod standing;
mod storage;
mod sweep;
mod versions;

pub use cdn::Cdn;
pub use client::client_from_env;
pub use config::{Config, ConfigError};
pub use decide::{Decision, decide};
pub use error::{Error, Retryable};
pub use event::{Change, Delivery, Envelope, EventError, Message, ObjectEvent, parse};
pub use handler::Thumbnailer;
pub use isolation::{Isolation, RECORD_VARIABLE, settle_record};
pub use metrics::{Invocation, embedded_metrics, memory_high_water};
pub use outcome::{Fate, Outcome, Report, Stages};
pub use sweep::{Sweep, Swept, sweep};
