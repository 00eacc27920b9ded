//! A queue as SQS is one: at least once, in no promised order, with a visibility timeout and a dead-letter list.
//!
//! Each message is a small file, moved from `staged` (its change is not committed yet) to `ready`, and removed when
//! it has been dealt with or moved to `dead`. How often it was received is written down before each delivery, so that
//! a message that kills the process is counted too. Timers are not kept: after a restart everything is visible.

mod disk;
mod lambda;
mod message;
mod run;
mod settings;
mod state;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

pub(crate) use disk::{Kept, restore, sync_ready};
pub use lambda::{failed_ids, sqs_event};
pub(crate) use message::{Cause, Stored};
pub use message::{Depth, Message};
pub use settings::QueueSettings;
use state::State;

use crate::clock::{self, Sequence};
use crate::faults::{EventLayer, Sending};
use crate::{Error, EventFaultCounts, EventFaults, event};
use disk::Folder;

/// A handle on the queue; clones share it.
#[derive(Debug, Clone)]
pub struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    settings: QueueSettings,
    faults: Option<EventLayer>,
    sequence: Arc<Sequence>,
    state: Mutex<State>,
    /// Counts changes, so that waiters look again.
    changed: watch::Sender<u64>,
}

/// An event on disk whose change is not committed yet.
#[derive(Debug)]
pub(crate) struct Staged(Stored);

impl Queue {
    /// Takes up what `kept` holds; staged events are published if their change `happened`.
    pub(crate) fn open(
        root: PathBuf,
        settings: QueueSettings,
        faults: Option<EventFaults>,
        sequence: Arc<Sequence>,
        kept: Kept,
        happened: impl Fn(&Cause) -> bool,
    ) -> Result<Self, Error> {
        let faults = faults.map(EventLayer::new);
        let sending = |id: &str| faults.as_ref().map_or_else(Sending::default, |faults| faults.message(id));
        let mut state = State::default();
        for stored in kept.dead {
            state.bury(stored);
        }
        for stored in kept.ready {
            let sending = sending(&stored.id);
            state.add(stored, sending);
        }
        for stored in kept.staged {
            if stored.cause.as_ref().is_some_and(&happened) {
                disk::relocate(&root, &stored.id, Folder::Staged, Folder::Ready)?;
                let sending = sending(&stored.id);
                state.add(stored, sending);
            } else {
                disk::remove(&root, &stored.id, Folder::Staged)?;
            }
        }
        let (state, changed) = (Mutex::new(state), watch::Sender::new(0));
        Ok(Self(Arc::new(Shared { root, settings, faults, sequence, state, changed })))
    }

    /// Puts a message with any body into the queue and returns its id.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it cannot be written to disk; then it is not in the queue.
    pub fn send(&self, body: String) -> Result<String, Error> {
        let stored = self.stored(body, None)?;
        disk::write(&self.0.root, &stored, Folder::Ready)?;
        let id = stored.id.clone();
        let sending = self.sending(&id);
        self.state().add(stored, sending);
        self.notice();
        Ok(id)
    }

    /// How many messages are in which state.
    pub fn depth(&self) -> Depth {
        self.state().depth()
    }

    /// The messages that were received too often, oldest first.
    pub fn dead_letters(&self) -> Vec<Message> {
        let max = self.0.settings.max_receives;
        self.state().dead().map(|stored| stored.message(String::new(), max)).collect()
    }

    /// What was done to events on purpose so far; see [`Builder::event_faults`](crate::Builder::event_faults).
    pub fn event_faults(&self) -> EventFaultCounts {
        self.0.faults.as_ref().map(EventLayer::counts).unwrap_or_default()
    }

    /// Makes every dead letter visible again, with its receive count at zero. Returns how many there were.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if one cannot be moved; it and those after it stay dead.
    pub fn redrive(&self) -> Result<usize, Error> {
        let mut state = self.state();
        let mut count = 0;
        while let Some(mut stored) = state.exhume() {
            let dead = stored.clone();
            stored.receive_count = 0;
            stored.first_receive_unix_ms = 0;
            let moved = disk::write(&self.0.root, &stored, Folder::Ready)
                .and_then(|()| disk::remove(&self.0.root, &stored.id, Folder::Dead));
            if let Err(error) = moved {
                state.bury(dead);
                return Err(error);
            }
            let sending = self.sending(&stored.id);
            state.add(stored, sending);
            count += 1;
        }
        drop(state);
        self.notice();
        Ok(count)
    }

    /// Writes an event down before the change it tells of.
    pub(crate) fn stage(&self, body: String, cause: Cause) -> Result<Staged, Error> {
        let stored = self.stored(body, Some(cause))?;
        disk::write(&self.0.root, &stored, Folder::Staged)?;
        Ok(Staged(stored))
    }

    /// Makes a message of an event without writing it down: its change is recorded together with it.
    pub(crate) fn draft(&self, body: String, cause: Cause) -> Result<Stored, Error> {
        self.stored(body, Some(cause))
    }

    /// Makes events visible that a record on disk holds; their own files may reach the disk later. Returns whether
    /// those could be written.
    pub(crate) fn publish_recorded(&self, recorded: Vec<Stored>) -> bool {
        let mut complete = true;
        for stored in &recorded {
            if let Err(error) = disk::write_recorded(&self.0.root, stored) {
                tracing::error!(%error, id = stored.id, "an event's file could not be written; it may be told twice");
                complete = false;
            }
        }
        let sent: Vec<_> = recorded.into_iter().flat_map(|stored| self.copies(stored)).collect();
        let mut state = self.state();
        sent.into_iter().for_each(|(stored, sending)| state.add(stored, sending));
        drop(state);
        self.notice();
        complete
    }

    /// The change is committed: its event becomes visible. If its file cannot be moved it is visible all the same,
    /// and once more after a restart.
    pub(crate) fn publish(&self, staged: Staged) {
        if let Err(error) = disk::relocate(&self.0.root, &staged.0.id, Folder::Staged, Folder::Ready) {
            tracing::error!(%error, id = staged.0.id, "an event's file could not be moved into the queue");
        }
        let sent = self.copies(staged.0);
        let mut state = self.state();
        sent.into_iter().for_each(|(stored, sending)| state.add(stored, sending));
        drop(state);
        self.notice();
    }

    /// How a message goes into the queue that no change just caused.
    fn sending(&self, id: &str) -> Sending {
        self.0.faults.as_ref().map(|faults| faults.message(id)).unwrap_or_default()
    }

    /// An event's messages: itself, and whatever more of it there shall be.
    fn copies(&self, original: Stored) -> Vec<(Stored, Sending)> {
        let (Some(faults), Some(cause)) = (&self.0.faults, &original.cause) else {
            return vec![(original, Sending::default())];
        };
        let mut sendings = faults.event(&cause.bucket, &cause.key).into_iter();
        let first = sendings.next().unwrap_or_default();
        let mut sent = Vec::with_capacity(1 + sendings.len());
        for sending in sendings {
            let copy = self.stored(original.body.clone(), original.cause.clone());
            match copy.and_then(|copy| disk::write(&self.0.root, &copy, Folder::Ready).map(|()| copy)) {
                Ok(copy) => sent.push((copy, sending)),
                Err(error) => tracing::error!(%error, "an event could not be sent a second time"),
            }
        }
        sent.push((original, first));
        sent
    }

    /// The change was not committed: its event is forgotten.
    pub(crate) fn unstage(&self, staged: Staged) -> Result<(), Error> {
        disk::remove(&self.0.root, &staged.0.id, Folder::Staged)
    }

    fn stored(&self, body: String, cause: Option<Cause>) -> Result<Stored, Error> {
        Ok(Stored {
            id: event::sequencer(self.0.sequence.next()?),
            body,
            sent_unix_ms: clock::unix_ms(),
            receive_count: 0,
            first_receive_unix_ms: 0,
            cause,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notice(&self) {
        self.0.changed.send_modify(|changes| *changes = changes.wrapping_add(1));
    }
}
