//! Deriving on a thread of its own, with each rendition put as soon as it is encoded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use image_header::{Limits, Rejection, SourceInfo};
use imaging::{DeriveError, Derived, Preset, Rendition, Stop};
use manifest::{DerivedPlace, RenditionInfo, rendition_key, rendition_path};
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, mpsc};

use crate::error::{Retryable, panic_message};
use crate::outcome::Report;
use crate::storage::{Refusal, persist};

/// Encoded renditions that may wait to be put; the encoder pauses when there are more.
const WAITING: usize = 2;
/// Renditions being put at once.
const IN_FLIGHT: usize = 4;
/// Keys of renditions never change their content.
const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// What came of a source's bytes.
pub(crate) struct Made {
    /// What the header says; `None` when it could not be read.
    pub(crate) info: Option<SourceInfo>,
    pub(crate) result: Result<(Derived, Vec<RenditionInfo>), Rejection>,
}

/// A version that this worker has put, and so may delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Put {
    /// Below the source's key.
    pub(crate) path: String,
    /// The version's id, where the bucket has versions.
    pub(crate) version: Option<String>,
}

/// Where the renditions go.
pub(crate) struct Target<'a> {
    pub(crate) s3: &'a Client,
    pub(crate) derived: &'a DerivedPlace,
    /// The source's key.
    pub(crate) key: &'a str,
    /// First 16 hex digits of the source's SHA-256.
    pub(crate) source16: &'a str,
    /// As many permits as pictures may be derived at once.
    pub(crate) room: &'a Arc<Semaphore>,
}

/// Probes, plans and derives `source` on a blocking thread and puts what it yields, overlapping.
///
/// `put` gets to know of each version that was put, however it ends. The thread is never abandoned: whatever goes
/// wrong here, it is told to stop and waited for; when this future is dropped, it is told to stop, and the next
/// one's does not begin before it has, since both together might need more memory than there is.
pub(crate) async fn derive_and_put(
    target: &Target<'_>,
    source: Bytes,
    preset: &Preset,
    limits: &Limits,
    stop: Stop,
    put: &mut Vec<Put>,
    report: &mut Report,
) -> Result<Made, Retryable> {
    let fault = |what: String| Retryable::Fault { what };
    let room = Arc::clone(target.room).acquire_owned().await.map_err(|error| fault(error.to_string()))?;
    let (sender, mut encoded) = mpsc::channel(WAITING);
    let guard = StopOnDrop(stop.clone());
    let work = tokio::task::spawn_blocking({
        let (preset, limits) = (preset.clone(), *limits);
        move || {
            let _room = room;
            derive(&source, &preset, &limits, &stop, &sender)
        }
    });

    let mut named = Vec::new();
    let mut failure = None;
    let mut puts = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(done) = puts.next(), if !puts.is_empty() => match done {
                Ok(Done { index, info, version, took }) => {
                    report.stages.put += took;
                    report.bytes_out += info.bytes;
                    report.renditions += 1;
                    put.push(Put { path: info.path.clone(), version });
                    named.push((index, info));
                }
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            },
            Some((index, rendition)) = encoded.recv(), if puts.len() < IN_FLIGHT => {
                puts.push(put_one(target, index, rendition));
            }
            else => break,
        }
    }
    if failure.is_some() {
        guard.0.stop();
    }
    drop(encoded);

    let (info, result) =
        work.await.map_err(|error| fault(format!("the deriving thread of {}: {error}", target.key)))?;
    if let Some(error) = failure {
        return Err(error);
    }
    named.sort_by_key(|(index, _)| *index);
    let named = named.into_iter().map(|(_, info)| info).collect();
    let result = match result {
        Ok(derived) => {
            report.stages.decode = derived.timings.decode;
            report.stages.resize = derived.timings.resize + derived.timings.color;
            report.stages.encode = derived.timings.encode;
            Ok((derived, named))
        }
        Err(DeriveError::Rejected(rejection)) => Err(rejection),
        Err(DeriveError::Stopped) => {
            return Err(Retryable::Deadline { doing: format!("deriving {}", target.key) });
        }
        Err(DeriveError::Sink(Closed)) => {
            return Err(fault(format!("nobody took the renditions of {}", target.key)));
        }
        Err(DeriveError::Fault(what)) => return Err(fault(what)),
    };
    Ok(Made { info, result })
}

struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Nobody takes renditions any more.
struct Closed;

/// The picture's own work: synchronous and CPU-bound.
fn derive(
    source: &[u8],
    preset: &Preset,
    limits: &Limits,
    stop: &Stop,
    sender: &mpsc::Sender<(usize, Rendition)>,
) -> (Option<SourceInfo>, Result<Derived, DeriveError<Closed>>) {
    let info = match guarded(|| image_header::probe(source, limits)) {
        Ok(info) => info,
        Err(rejection) => return (None, Err(DeriveError::Rejected(rejection))),
    };
    let plan = match guarded(|| imaging::plan(&info, preset, limits)) {
        Ok(plan) => plan,
        Err(rejection) => return (Some(info), Err(DeriveError::Rejected(rejection))),
    };
    let mut index = 0;
    let result = imaging::derive(source, &plan, stop, |rendition| {
        sender.blocking_send((index, rendition)).map_err(|_| Closed)?;
        index += 1;
        Ok(())
    });
    (Some(info), result)
}

/// `work`, with its panic caught: the image's fault, as in [`imaging::derive`].
fn guarded<T>(work: impl FnOnce() -> Result<T, Rejection>) -> Result<T, Rejection> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Rejection::Panicked { what: panic_message(&*panic) }))
}

/// A rendition that lies in the derived bucket.
struct Done {
    /// Which it was in the plan's order.
    index: usize,
    info: RenditionInfo,
    version: Option<String>,
    took: Duration,
}

/// Puts one rendition, always: that one is there already does not say that it is whole.
async fn put_one(target: &Target<'_>, index: usize, rendition: Rendition) -> Result<Done, Retryable> {
    let started = Instant::now();
    let Rendition { spec, bytes } = rendition;
    let sha256 = Sha256::digest(&bytes);
    let info = RenditionInfo {
        path: rendition_path(target.source16, spec.width, spec.spec(), spec.format.extension()),
        variant: "default".to_owned(),
        media_type: spec.format.media_type().to_owned(),
        width: spec.width,
        height: spec.height,
        bytes: bytes.len() as u64,
        sha256: hex::encode(sha256),
    };
    let key = rendition_key(target.key, &info.path);
    let checksum = aws_smithy_types::base64::encode(sha256);
    let bytes = Bytes::from(bytes);
    let send = || async {
        let put = target
            .s3
            .put_object()
            .bucket(target.derived.bucket())
            .key(target.derived.key(&key))
            .content_type(&info.media_type)
            .cache_control(CACHE_CONTROL)
            .checksum_sha256(&checksum)
            .body(ByteStream::from(bytes.clone()))
            .send()
            .await;
        put.map_err(|error| {
            Refusal::of(&error).retryable(
                format!("writing s3://{}/{key}", target.derived),
                "s3:PutObject on the derived bucket's objects",
            )
        })
    };
    let version = persist(send).await?.version_id().map(str::to_owned);
    Ok(Done { index, info, version, took: started.elapsed() })
}
