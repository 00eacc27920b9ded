//! Faults on purpose: what S3 and its network do to requests, and what its notifications do, at will and repeatably.
//!
//! Requests and answers pass through unchanged or meet one [`Fault`] each, decided here and done by `wire`. Events
//! are repeated, delayed and shuffled on their way into the queue as [`EventFaults`] say.

mod chance;
mod counts;
mod events;
mod fault;
mod rates;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::{Request, Uri};
use percent_encoding::percent_decode_str;
use tokio::sync::watch;

use chance::Chance;
pub use counts::FaultCounts;
pub use events::{EventFaultCounts, EventFaults};
pub(crate) use events::{EventLayer, Sending};
pub use fault::{Fault, FaultRequest};
pub use rates::FaultRates;

/// Which requests meet which fault. Clones share state, so that a test keeps one and gives the server the other.
#[derive(Clone)]
pub struct Faults(Arc<Shared>);

struct Shared {
    source: Source,
    paused: AtomicBool,
    state: Mutex<State>,
    /// How many requests are held right now.
    held: watch::Sender<usize>,
}

enum Source {
    Seeded(u64, FaultRates),
    Scripted(Box<Script>),
}

type Script = dyn Fn(&FaultRequest<'_>) -> Option<Fault> + Send + Sync;

#[derive(Default)]
struct State {
    counts: FaultCounts,
    /// How often each request was asked for, by what its name hashes to.
    asked: HashMap<u128, u64>,
}

/// Keeps a request counted as held; dropped when its client goes away.
pub(crate) struct Held(Arc<Shared>);

impl Faults {
    /// Faults at random, as often as `rates` say. What a request meets depends only on the seed, on the request
    /// (method, bucket, key and query) and on how often it was asked for before: not on what else goes on, and anew
    /// for every retry.
    pub fn seeded(seed: u64, rates: FaultRates) -> Self {
        Self::new(Source::Seeded(seed, rates))
    }

    /// Faults where `script` says so. It is called once for each request, before anything is done about it.
    pub fn scripted(script: impl Fn(&FaultRequest<'_>) -> Option<Fault> + Send + Sync + 'static) -> Self {
        Self::new(Source::Scripted(Box::new(script)))
    }

    fn new(source: Source) -> Self {
        Self(Arc::new(Shared {
            source,
            paused: AtomicBool::new(false),
            state: Mutex::default(),
            held: watch::Sender::new(0),
        }))
    }

    /// From now on, requests pass as if there were no faults; nor are they counted.
    pub fn pause(&self) {
        self.0.paused.store(true, Ordering::SeqCst);
    }

    /// Ends [`Faults::pause`].
    pub fn resume(&self) {
        self.0.paused.store(false, Ordering::SeqCst);
    }

    /// What was asked for and what it met so far.
    pub fn counts(&self) -> FaultCounts {
        self.state().counts.clone()
    }

    /// Resolves once a request is held by [`Fault::Stall`]: at once, if one is already.
    pub async fn stalled(&self) {
        // It cannot fail: the sender is ours.
        let _ = self.0.held.subscribe().wait_for(|held| *held > 0).await;
    }

    /// What `request` shall meet, having counted it.
    pub(crate) fn strike<B>(&self, request: &Request<B>) -> Option<Fault> {
        if self.0.paused.load(Ordering::SeqCst) {
            return None;
        }
        let method = request.method().as_str();
        let (bucket, key) = named(request.uri());
        let query = request.uri().query().unwrap_or_default();
        let attempt = attempt(request);
        let seed = match self.0.source {
            Source::Seeded(seed, _) => seed,
            Source::Scripted(_) => 0,
        };
        let name = Chance::of(seed, [method, &bucket, &key, query].map(str::as_bytes));
        let (occurrence, number) = self.count(name.id(), attempt);
        let fault = match &self.0.source {
            Source::Seeded(_, rates) => rates.pick(&name.again(occurrence)),
            Source::Scripted(script) => script(&FaultRequest {
                method,
                bucket: &bucket,
                key: &key,
                query,
                occurrence,
                attempt,
                number,
            }),
        };
        let fault = fault.filter(|fault| fault.befits(method))?;
        self.state().counts.add(&fault);
        tracing::debug!(?fault, method, bucket, key, query, occurrence, attempt, "a request meets a fault");
        Some(fault)
    }

    /// Counts a request; returns how often it was asked for before, and how many requests there were before.
    fn count(&self, id: u128, attempt: u32) -> (u64, u64) {
        let mut state = self.state();
        let number = state.counts.attempts;
        state.counts.attempts += 1;
        state.counts.requests += u64::from(attempt <= 1);
        let asked = state.asked.entry(id).or_default();
        let occurrence = *asked;
        *asked += 1;
        (occurrence, number)
    }

    /// Counts a request as held.
    pub(crate) fn hold(&self) -> Held {
        self.0.held.send_modify(|held| *held += 1);
        Held(Arc::clone(&self.0))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.held.send_modify(|held| *held = held.saturating_sub(1));
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Faults");
        match &self.0.source {
            Source::Seeded(seed, rates) => shown.field("seed", seed).field("rates", rates),
            Source::Scripted(_) => shown.field("script", &"…"),
        };
        shown.field("counts", &self.counts()).finish()
    }
}

/// Bucket and decoded key of a path-style address; empty where there is none.
fn named(uri: &Uri) -> (String, String) {
    let path = uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    (decoded(bucket), decoded(key))
}

/// The SDK's count of its attempts: `amz-sdk-request: attempt=2; max=3`. 1 for clients that don't say.
fn attempt<B>(request: &Request<B>) -> u32 {
    let said = request.headers().get("amz-sdk-request").and_then(|value| value.to_str().ok());
    let attempt = said.and_then(|said| said.split(';').find_map(|part| part.trim().strip_prefix("attempt=")));
    attempt.and_then(|attempt| attempt.parse().ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn request(method: &str, target: &str) -> Request<()> {
        Request::builder().method(method).uri(target).body(()).unwrap()
    }

    #[test]
    fn a_request_is_told_by_its_decoded_name() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let faults = Faults::scripted(move |request| {
            let said = (request.bucket.to_owned(), request.key.to_owned(), request.query.to_owned());
            kept.lock().unwrap().push((said, request.occurrence, request.number));
            None
        });
        for target in ["/b/a%20b/%C3%BC?x-id=1", "/b/a%20b/%C3%BC?x-id=1", "/b?list-type=2", "/"] {
            assert_eq!(faults.strike(&request("GET", target)), None);
        }
        let said = |bucket: &str, key: &str, query: &str| (bucket.into(), key.into(), query.into());
        let object = said("b", "a b/ü", "x-id=1");
        let expected = [
            (object.clone(), 0, 0),
            (object, 1, 1),
            (said("b", "", "list-type=2"), 0, 2),
            (said("", "", ""), 0, 3),
        ];
        assert_eq!(*seen.lock().unwrap(), expected);
    }

    #[test]
    fn attempts_are_counted_apart_from_requests_and_not_while_paused() {
        let faults = Faults::scripted(|request| (request.attempt == 2).then_some(Fault::SlowDown));
        let mut retry = request("PUT", "/b/a");
        retry.headers_mut().insert("amz-sdk-request", "attempt=2; max=3".parse().unwrap());
        assert_eq!(faults.strike(&request("PUT", "/b/a")), None);
        assert_eq!(faults.strike(&retry), Some(Fault::SlowDown));
        faults.pause();
        assert_eq!(faults.strike(&retry), None);
        let counts = faults.counts();
        assert_eq!((counts.requests, counts.attempts, counts.slow_down), (1, 2, 1));
        faults.resume();
        assert_eq!(faults.strike(&retry), Some(Fault::SlowDown));
    }

    #[test]
    fn only_writes_conflict() {
        let faults = Faults::scripted(|_| Some(Fault::Conflict));
        let met = ["GET", "HEAD", "PUT", "POST", "DELETE"]
            .map(|method| faults.strike(&request(method, "/b/a")).is_some());
        assert_eq!(met, [false, false, true, true, true]);
        assert_eq!(faults.counts().conflict, 3);
    }

    #[test]
    fn a_seed_decides_alike_in_any_order_and_anew_for_each_retry() {
        let rates = FaultRates { slow_down: 0.3, reset: 0.3, ..FaultRates::default() };
        let targets: Vec<String> = (0..100).flat_map(|key| vec![format!("/b/{key}"); 5]).collect();
        let decide = |seed: u64, backwards: bool| {
            let faults = Faults::seeded(seed, rates);
            let mut met: HashMap<&str, Vec<Option<Fault>>> = HashMap::new();
            let mut order: Vec<&String> = targets.iter().collect();
            if backwards {
                order.reverse();
            }
            for target in order {
                met.entry(target).or_default().push(faults.strike(&request("PUT", target)));
            }
            met
        };
        let one = decide(7, false);
        assert_eq!(one, decide(7, true));
        assert_ne!(one, decide(8, false));
        assert!(one.values().any(|met| met.windows(2).any(|pair| pair[0] != pair[1])));
    }
}
