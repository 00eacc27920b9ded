//! The workers behind the queue: execution environments of the function, which may die in the middle of anything.

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

/// The latest of an invocation's steps at which its worker dies. Most invocations have fewer.
const LATEST_DEATH: u32 = 30;

/// What the crew has seen and done.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Invocations.
    pub(crate) deliveries: u64,
    /// Workers that died before they had answered.
    pub(crate) killed: u64,
    /// Records by the word for their fate.
    pub(crate) fates: BTreeMap<&'static str, u64>,
    /// Every message's body, by its id.
    pub(crate) bodies: BTreeMap<String, String>,
}

/// Workers that share a queue.
pub(crate) struct Crew {
    environments: Arc<Mutex<Vec<Thumbnailer>>>,
    ledger: Arc<Mutex<Ledger>>,
    /// Of a thousand invocations, how many workers die.
    mortality: u64,
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
            mortality: 0,
            seed: 0,
            visibility_timeout,
        }
    }

    /// Lets `mortality` of a thousand workers die, at moments that follow from `seed`.
    pub(crate) fn mortal(self, mortality: u64, seed: u64) -> Self {
        Self { mortality, seed, ..self }
    }

    /// Works until `stop` resolves, and then ends what is being worked on.
    pub(crate) async fn work(&self, queue: &Queue, stop: impl Future<Output = ()> + Send) {
        let turn = Arc::new(AtomicU64::new(0));
        let (environments, ledger) = (Arc::clone(&self.environments), Arc::clone(&self.ledger));
        let (mortality, seed, hidden) = (self.mortality, self.seed, self.visibility_timeout);
        let deliver = move |batch: Vec<Message>| {
            let fortune = mix(seed ^ turn.fetch_add(1, Ordering::Relaxed));
            let dies = fortune % 1000 < mortality;
            let steps = dies.then(|| 1 + (mix(fortune) % u64::from(LATEST_DEATH)) as u32);
            let (environments, ledger) = (Arc::clone(&environments), Arc::clone(&ledger));
            async move { invoke(&environments, &ledger, batch, steps, hidden).await }
        };
        queue.run(deliver, stop).await;
    }

    /// What was seen so far, which is forgotten.
    pub(crate) fn ledger(&self) -> Ledger {
        std::mem::take(&mut *self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Hands a batch to a free environment, and answers the ids that failed. With `steps`, the worker dies after so many
/// of them, if it is not done by then.
async fn invoke(
    environments: &Mutex<Vec<Thumbnailer>>,
    ledger: &Mutex<Ledger>,
    batch: Vec<Message>,
    steps: Option<u32>,
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
    let answer = match steps {
        None => Some(work.await),
        Some(steps) => Mortal { work: Some(work), steps }.await,
    };
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

/// A future that is dropped after so many steps.
struct Mortal<F> {
    work: Option<Pin<Box<F>>>,
    steps: u32,
}

impl<F: Future> Future for Mortal<F> {
    /// `None` once it is dead.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.steps == 0 {
            self.work = None;
        }
        self.steps = self.steps.saturating_sub(1);
        match &mut self.work {
            Some(work) => work.as_mut().poll(context).map(Some),
            None => Poll::Ready(None),
        }
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
    async fn a_worker_dies_at_its_step_unless_it_is_done() {
        for (steps, end) in [(1, None), (2, None), (3, Some("done")), (9, Some("done"))] {
            let mortal = Mortal { work: Some(Box::pin(three_steps())), steps };
            assert_eq!(mortal.await, end, "{steps} steps");
        }
    }
}
