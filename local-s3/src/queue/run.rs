//! Delivery: batches to the callback, and what its answer means.

use std::collections::HashSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::disk::{self, Folder};
use super::{Message, Queue, Stored};
use crate::{Error, clock};

impl Queue {
    /// Delivers batches to `deliver` until `stop` resolves, then waits for those in flight.
    ///
    /// `deliver` answers the ids of the messages that failed: they are delivered again after a wait, and go to the dead
    /// letters once received too often. If it panics, its whole batch failed. If it takes longer than the visibility
    /// timeout, the messages are delivered again meanwhile and its answer counts for nothing.
    pub async fn run<F, Fut>(&self, deliver: F, stop: impl Future<Output = ()> + Send)
    where
        F: Fn(Vec<Message>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Vec<String>> + Send + 'static,
    {
        let mut stop = pin!(stop);
        let deliver = Arc::new(deliver);
        let slots = Arc::new(Semaphore::new(self.0.settings.concurrency.max(1)));
        let mut deliveries = JoinSet::new();
        let mut changed = self.0.changed.subscribe();
        loop {
            let slot = tokio::select! {
                biased;
                () = &mut stop => break,
                slot = Arc::clone(&slots).acquire_owned() => slot,
            };
            while deliveries.try_join_next().is_some() {}
            changed.borrow_and_update();
            let batch = self.off_thread(Queue::receive).await;
            if batch.is_empty() {
                drop(slot);
                tokio::select! {
                    biased;
                    () = &mut stop => break,
                    _ = changed.changed() => {}
                    () = self.next_deadline() => {}
                }
                continue;
            }
            let (queue, deliver) = (self.clone(), Arc::clone(&deliver));
            deliveries.spawn(async move {
                let _slot = slot;
                queue.hand_over(&*deliver, batch).await;
            });
        }
        while deliveries.join_next().await.is_some() {}
    }

    /// Resolves when no message is visible, in flight or waiting: each is done or dead.
    pub async fn settled(&self) {
        let mut changed = self.0.changed.subscribe();
        loop {
            changed.borrow_and_update();
            if self.state().is_settled() {
                return;
            }
            if changed.changed().await.is_err() {
                return; // cannot be: we hold the sender
            }
        }
    }

    async fn hand_over<F, Fut>(&self, deliver: &F, batch: Vec<Message>)
    where
        F: Fn(Vec<Message>) -> Fut,
        Fut: Future<Output = Vec<String>>,
    {
        let receipts: Vec<(String, String)> =
            batch.iter().map(|message| (message.id.clone(), message.receipt.clone())).collect();
        // Called inside the guarded future: a callback may panic before it returns one.
        let answer = AssertUnwindSafe(async { deliver(batch).await }).catch_unwind().await;
        let failed: HashSet<String> = match answer {
            Ok(failed) => failed.into_iter().collect(),
            Err(_) => {
                tracing::error!(
                    messages = receipts.len(),
                    "the callback panicked; its batch will be delivered again"
                );
                receipts.iter().map(|(id, _)| id.clone()).collect()
            }
        };
        self.off_thread(move |queue| queue.settle(&receipts, &failed)).await;
        self.notice();
    }

    /// Runs file work where it holds up no other task.
    async fn off_thread<T: Default + Send + 'static>(
        &self,
        work: impl FnOnce(&Queue) -> T + Send + 'static,
    ) -> T {
        let queue = self.clone();
        tokio::task::spawn_blocking(move || work(&queue)).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the queue's file work was broken off");
            T::default()
        })
    }

    fn settle(&self, receipts: &[(String, String)], failed: &HashSet<String>) {
        for (id, receipt) in receipts {
            let settled = if failed.contains(id) { self.fail(id, receipt) } else { self.finish(id, receipt) };
            if let Err(error) = settled {
                // The message stays in flight and comes back after its visibility timeout.
                tracing::error!(%error, id, "a message could not be settled and will be delivered again");
            }
        }
    }

    /// Takes a batch, counting and hiding each message, and buries those received too often.
    fn receive(&self) -> Vec<Message> {
        let settings = &self.0.settings;
        let mut batch = Vec::new();
        let mut state = self.state();
        let now = Instant::now();
        let mut buried = false;
        while batch.len() < settings.batch_size.max(1) {
            let Some(stored) = state.first(now) else {
                break;
            };
            let id = stored.id.clone();
            let taken = if stored.receive_count >= settings.max_receives {
                buried = true;
                self.bury(&mut state, stored).map(|()| None)
            } else {
                self.count(stored).map(Some)
            };
            match taken {
                Ok(None) => {}
                Ok(Some(stored)) => {
                    let receipt = format!("{}-{}", stored.id, stored.receive_count);
                    batch.push(stored.message(receipt.clone(), settings.max_receives));
                    state.deliver(stored, receipt, now + settings.visibility_timeout);
                }
                Err(error) => {
                    tracing::error!(%error, id, "a message could not be received and will be tried again");
                    state.wait(&id, now + settings.longest_backoff);
                }
            }
        }
        drop(state);
        if buried {
            self.notice();
        }
        batch
    }

    fn count(&self, mut stored: Stored) -> Result<Stored, Error> {
        stored.receive_count += 1;
        if stored.first_receive_unix_ms == 0 {
            stored.first_receive_unix_ms = clock::unix_ms();
        }
        disk::rewrite(&self.0.root, &stored)?;
        Ok(stored)
    }

    fn bury(&self, state: &mut super::State, stored: Stored) -> Result<(), Error> {
        tracing::warn!(id = stored.id, receives = stored.receive_count, "a message goes to the dead letters");
        disk::relocate(&self.0.root, &stored.id, Folder::Ready, Folder::Dead)?;
        state.bury(stored);
        Ok(())
    }

    fn finish(&self, id: &str, receipt: &str) -> Result<(), Error> {
        let mut state = self.state();
        if state.in_flight(id, receipt).is_some() {
            disk::remove(&self.0.root, id, Folder::Ready)?;
            state.remove(id);
        }
        Ok(())
    }

    fn fail(&self, id: &str, receipt: &str) -> Result<(), Error> {
        let mut state = self.state();
        let Some(stored) = state.in_flight(id, receipt).cloned() else {
            return Ok(());
        };
        if stored.receive_count >= self.0.settings.max_receives {
            return self.bury(&mut state, stored);
        }
        state.wait(id, Instant::now() + self.0.settings.wait(stored.receive_count));
        Ok(())
    }

    /// Resolves when a hidden message becomes visible by itself; never, if none is hidden.
    async fn next_deadline(&self) {
        let deadline = self.state().next_deadline();
        match deadline {
            Some(at) => tokio::time::sleep_until(at.into()).await,
            None => std::future::pending().await,
        }
    }
}
