use std::collections::BTreeMap;
use std::time::Instant;

use super::{Depth, Stored};

/// The messages in memory, by id, which is the order of their sending.
#[derive(Debug, Default)]
pub(super) struct State {
    live: BTreeMap<String, Live>,
    dead: BTreeMap<String, Stored>,
}

#[derive(Debug)]
struct Live {
    stored: Stored,
    status: Status,
}

#[derive(Debug)]
enum Status {
    Visible,
    /// Failed, and visible again at that time.
    Waiting(Instant),
    /// Delivered under that receipt, and visible again at that time.
    InFlight(String, Instant),
}

impl Live {
    fn is_available(&self, now: Instant) -> bool {
        match self.status {
            Status::Visible => true,
            Status::Waiting(until) | Status::InFlight(_, until) => until <= now,
        }
    }
}

impl State {
    pub(super) fn add(&mut self, stored: Stored) {
        self.live.insert(stored.id.clone(), Live { stored, status: Status::Visible });
    }

    pub(super) fn bury(&mut self, stored: Stored) {
        self.live.remove(&stored.id);
        self.dead.insert(stored.id.clone(), stored);
    }

    /// Takes the oldest dead letter out.
    pub(super) fn exhume(&mut self) -> Option<Stored> {
        self.dead.pop_first().map(|(_, stored)| stored)
    }

    pub(super) fn dead(&self) -> impl Iterator<Item = &Stored> {
        self.dead.values()
    }

    /// The oldest messages that may be delivered now.
    pub(super) fn available(&self, now: Instant, limit: usize) -> Vec<Stored> {
        self.live
            .values()
            .filter(|live| live.is_available(now))
            .take(limit)
            .map(|live| live.stored.clone())
            .collect()
    }

    pub(super) fn deliver(&mut self, stored: Stored, receipt: String, until: Instant) {
        self.live.insert(stored.id.clone(), Live { stored, status: Status::InFlight(receipt, until) });
    }

    /// The message, if this receipt is still the one it is in flight under.
    pub(super) fn in_flight(&self, id: &str, receipt: &str) -> Option<&Stored> {
        self.live
            .get(id)
            .filter(|live| matches!(&live.status, Status::InFlight(held, _) if held == receipt))
            .map(|live| &live.stored)
    }

    pub(super) fn wait(&mut self, id: &str, until: Instant) {
        if let Some(live) = self.live.get_mut(id) {
            live.status = Status::Waiting(until);
        }
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.live.remove(id);
    }

    /// When the next hidden message becomes visible by itself.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let until = |live: &Live| match live.status {
            Status::Visible => None,
            Status::Waiting(until) | Status::InFlight(_, until) => Some(until),
        };
        self.live.values().filter_map(until).min()
    }

    pub(super) fn is_settled(&self) -> bool {
        self.live.is_empty()
    }

    pub(super) fn depth(&self) -> Depth {
        let now = Instant::now();
        let in_flight = self
            .live
            .values()
            .filter(|live| matches!(live.status, Status::InFlight(..)) && !live.is_available(now))
            .count();
        Depth { visible: self.live.len() - in_flight, in_flight, dead: self.dead.len() }
    }
}
