//! The workers behind the queue: execution environments of the function, which may die or doze off in the middle of
//! anything.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use local_s3::{Message, Queue};
use thumbnailer::{Config, Outcome, Thumbnailer};

use crate::history::mix;
use crate::sqs;
use crate::world::World;

/// The latest of an invocation's steps at which something happens to its worker. Some invocations have fewer.
const LATEST: u64 = 30;
/// The longest of short and of long dozes, in milliseconds. The longest outlast the visibility timeout, so that
/// the message is worked on twice at once.
const DOZES: [u64; 4] = [20, 100, 400, 1200];

/// What the crew has seen and done.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Invocations.
    pub(crate) deliveries: u64,
    /// Workers that died before they had answered.
    pub(crate) killed: u64,
    /// Workers that stood still for a while, as frozen and throttled environments do.
    pub(crate) dozed: u64,
    /// Records by the word for their fate.
    pub(crate) fates: BTreeMap<&'static str, u64>,
    /// Every message's body, by its id.
    pub(crate) bodies: BTreeMap<String, String>,
}

/// Of a thousand invocations, in how many something happens to the worker.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Frailty {
    pub(crate) die: u64,
    pub(crate) doze: u64,
}

/// What happens to a worker after so many steps of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accident {
    Death,
    Doze(Duration),
}

impl Frailty {
    /// What `fortune` has in store for an invocation.
    fn accident(self, fortune: u64) -> Option<(u64, Accident)> {
        let mut random = fastrand::Rng::with_seed(fortune);
        let thousandth = random.u64(..1000);
        let steps = random.u64(1..=LATEST);
        if thousandth < self.die {
            return Some((steps, Accident::Death));
        }
        let most = DOZES[random.usize(..DOZES.len())];
        let doze = Duration::from_millis(random.u64(1..=most));
        (thousandth < self.die + self.doze).then_some((steps, Accident::Doze(doze)))
    }
}

/// Workers that share a queue.
pub(crate) struct Crew {
    environments: Arc<Mutex<Vec<Thumbnailer>>>,
    ledger: Arc<Mutex<Ledger>>,
    frailty: Frailty,
    seed: u64,
    /// How long it takes until a dead worker's messages come again.
    visibility_timeout: Duration,
}

impl Crew {
    /// As many environments as the queue has batches in flight.
    pub(crate) fn hire(world: &World, config: &Config, workers: usize, visibility_timeout: Duration) -> Self {
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let environment = |_| {
            let ledger = Arc::clone(&ledger);
            Thumbnailer::new(world.client(), config.clone()).on_outcome(move |outcome: &Outcome| {
                let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
                *ledger.fates.entry(outcome.fate.word()).or_default() += 1;
            })
        };
        let environments = (0..workers).map(environment).collect();
        Self {
            environments: Arc::new(Mutex::new(environments)),
            ledger,
            frailty: Frailty::default(),
            seed: 0,
            visibility_timeout,
        }
    }

    /// Lets workers die and doze as `frailty` says, at moments that follow from `seed`.
    pub(crate) fn frail(self, frailty: Frailty, seed: u64) -> Self {
        Self { frailty, seed, ..self }
    }

    /// Works until `stop` resolves, and then ends what is being worked on.
    pub(crate) async fn work(&self, queue: &Queue, stop: impl Future<Output = ()> + Send) {
        let turn = Arc::new(AtomicU64::new(0));
        let (environments, ledger) = (Arc::clone(&self.environments), Arc::clone(&self.ledger));
        let (frailty, seed, hidden) = (self.frailty, self.seed, self.visibility_timeout);
        let deliver = move |batch: Vec<Message>| {
            let accident = frailty.accident(mix(seed ^ turn.fetch_add(1, Ordering::Relaxed)));
            let (environments, ledger) = (Arc::clone(&environments), Arc::clone(&ledger));
            async move { invoke(&environments, &ledger, batch, accident, hidden).await }
        };
        queue.run(deliver, stop).await;
    }

    /// What was seen so far, which is forgotten.
    pub(crate) fn ledger(&self) -> Ledger {
        std::mem::take(&mut *self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Hands a batch to a free environment, and answers the ids that failed. An accident happens after its number of
/// steps, if the worker is not done by then.
async fn invoke(
    environments: &Mutex<Vec<Thumbnailer>>,
    ledger: &Mutex<Ledger>,
    batch: Vec<Message>,
    accident: Option<(u64, Accident)>,
    hidden: Duration,
) -> Vec<String> {
    let lock = || ledger.lock().unwrap_or_else(PoisonError::into_inner);
    {
        let mut ledger = lock();
        ledger.deliveries += 1;
        for message in &batch {
            ledger.bodies.entry(message.id.clone()).or_insert_with(|| message.body.clone());
        }
    }
    let all = || batch.iter().map(|message| message.id.clone()).collect::<Vec<_>>();
    let environment = environments.lock().unwrap_or_else(PoisonError::into_inner).pop();
    // There is one for each batch that the queue has in flight.
    let Some(environment) = environment else { return all() };
    let work = Box::pin(environment.handle(sqs::event(&batch), None));
    let mut work = Frail { work, steps_left: accident.map(|(steps, _)| steps) };
    let mut answer = (&mut work).await;
    if answer.is_none()
        && let Some((_, Accident::Doze(doze))) = accident
    {
        lock().dozed += 1;
        tokio::time::sleep(doze).await;
        answer = (&mut work).await;
    }
    drop(work);
    environments.lock().unwrap_or_else(PoisonError::into_inner).push(environment.clone());
    match answer {
        Some(Ok(answer)) => sqs::failed_ids(&answer),
        Some(Err(_)) => all(),
        None => {
            lock().killed += 1;
            tokio::time::sleep(hidden).await;
            all()
        }
    }
}

/// Work that is left alone once, after so many steps.
struct Frail<F> {
    work: Pin<Box<F>>,
    /// `None` when nothing happens any more.
    steps_left: Option<u64>,
}

impl<F: Future> Future for Frail<F> {
    /// `None` when it was left alone.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.steps_left {
            Some(0) => {
                self.steps_left = None;
                return Poll::Ready(None);
            }
            Some(steps) => self.steps_left = Some(steps - 1),
            None => {}
        }
        self.work.as_mut().poll(context).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ready at its third poll.
    async fn three_steps() -> &'static str {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        "done"
    }

    #[tokio::test]
    async fn work_is_left_alone_at_its_step_and_can_go_on() {
        for (steps, first) in [(1, None), (2, None), (3, Some("done")), (9, Some("done"))] {
            let mut work = Frail { work: Box::pin(three_steps()), steps_left: Some(steps) };
            assert_eq!((&mut work).await, first, "{steps} steps");
            if first.is_none() {
                assert_eq!(work.await, Some("done"), "{steps} steps");
            }
        }
    }

    #[test]
    fn accidents_are_as_frequent_as_they_are_meant_to_be() {
        let frailty = Frailty { die: 100, doze: 300 };
        let all: Vec<_> = (0..10_000).map(|n| frailty.accident(mix(n))).collect();
        let deaths = all.iter().flatten().filter(|(_, accident)| *accident == Accident::Death).count();
        let dozes = all.iter().flatten().count() - deaths;
        assert!((850..1150).contains(&deaths) && (2800..3200).contains(&dozes), "{deaths}, {dozes}");
        assert!((0..1000).all(|n| Frailty::default().accident(mix(n)).is_none()));
    }
}
