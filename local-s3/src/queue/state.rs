use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use super::{Depth, Stored};
use crate::faults::Sending;

/// The messages in memory.
#[derive(Debug, Default)]
pub(super) struct State {
    live: HashMap<String, Live>,
    /// Those that may be delivered, in the order they shall be: by rank, then by id, which is the order of sending.
    visible: BTreeSet<(u64, String)>,
    /// The others, by when they become visible by themselves.
    hidden: BTreeSet<(Instant, String)>,
    dead: BTreeMap<String, Stored>,
}

#[derive(Debug)]
struct Live {
    stored: Stored,
    rank: u64,
    /// What it was delivered under and not yet answered.
    receipt: Option<String>,
    /// It is hidden until then.
    until: Option<Instant>,
}

impl State {
    /// Adds a message that was not there before.
    pub(super) fn add(&mut self, stored: Stored, sending: Sending) {
        let until = (!sending.delay.is_zero()).then(|| Instant::now() + sending.delay);
        let id = stored.id.clone();
        self.live.insert(id.clone(), Live { stored, rank: sending.rank, receipt: None, until: None });
        match until {
            Some(until) => self.hide(&id, None, until),
            None => {
                self.visible.insert((sending.rank, id));
            }
        }
    }

    pub(super) fn bury(&mut self, stored: Stored) {
        self.remove(&stored.id);
        self.dead.insert(stored.id.clone(), stored);
    }

    /// Takes the oldest dead letter out.
    pub(super) fn exhume(&mut self) -> Option<Stored> {
        self.dead.pop_first().map(|(_, stored)| stored)
    }

    pub(super) fn dead(&self) -> impl Iterator<Item = &Stored> {
        self.dead.values()
    }

    /// The first message to be delivered now.
    pub(super) fn first(&mut self, now: Instant) -> Option<Stored> {
        while self.hidden.first().is_some_and(|(until, _)| *until <= now) {
            if let Some((_, id)) = self.hidden.pop_first()
                && let Some(live) = self.live.get_mut(&id)
            {
                live.until = None;
                self.visible.insert((live.rank, id));
            }
        }
        let (_, id) = self.visible.first()?;
        self.live.get(id).map(|live| live.stored.clone())
    }

    pub(super) fn deliver(&mut self, stored: Stored, receipt: String, until: Instant) {
        let id = stored.id.clone();
        if let Some(live) = self.live.get_mut(&id) {
            live.stored = stored;
        }
        self.hide(&id, Some(receipt), until);
    }

    /// The message, if this receipt is still the one it is in flight under.
    pub(super) fn in_flight(&self, id: &str, receipt: &str) -> Option<&Stored> {
        let live = self.live.get(id)?;
        (live.receipt.as_deref() == Some(receipt)).then_some(&live.stored)
    }

    /// Hides a message that is not in flight, or no longer.
    pub(super) fn wait(&mut self, id: &str, until: Instant) {
        self.hide(id, None, until);
    }

    fn hide(&mut self, id: &str, receipt: Option<String>, until: Instant) {
        let Some(mut live) = self.take(id) else { return };
        (live.receipt, live.until) = (receipt, Some(until));
        self.live.insert(id.to_owned(), live);
        self.hidden.insert((until, id.to_owned()));
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.take(id);
    }

    fn take(&mut self, id: &str) -> Option<Live> {
        let live = self.live.remove(id)?;
        match live.until {
            Some(until) => self.hidden.remove(&(until, id.to_owned())),
            None => self.visible.remove(&(live.rank, id.to_owned())),
        };
        Some(live)
    }

    /// When the next hidden message becomes visible by itself.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.hidden.first().map(|(until, _)| *until)
    }

    pub(super) fn is_settled(&self) -> bool {
        self.live.is_empty()
    }

    pub(super) fn depth(&self) -> Depth {
        let now = Instant::now();
        let is_in_flight =
            |live: &&Live| live.receipt.is_some() && live.until.is_some_and(|until| until > now);
        let in_flight = self.live.values().filter(is_in_flight).count();
        Depth { visible: self.live.len() - in_flight, in_flight, dead: self.dead.len() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Add { rank: u64 },
        Pass { seconds: u64 },
        Deliver { seconds: u64 },
        Wait { id: usize, seconds: u64 },
        Remove { id: usize },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..3_u64).prop_map(|rank| Step::Add { rank }),
            2 => (0..4_u64).prop_map(|seconds| Step::Pass { seconds }),
            3 => (0..6_u64).prop_map(|seconds| Step::Deliver { seconds }),
            1 => (0..20_usize, 0..6_u64).prop_map(|(id, seconds)| Step::Wait { id, seconds }),
            1 => (0..20_usize).prop_map(|id| Step::Remove { id }),
        ]
    }

    /// What a message should be, looked up the slow way.
    struct Known {
        rank: u64,
        until: Option<Instant>,
        receipt: Option<String>,
    }

    fn name(id: usize) -> String {
        format!("{id:04}")
    }

    fn stored(id: usize) -> Stored {
        Stored {
            id: name(id),
            body: String::new(),
            sent_unix_ms: 0,
            receive_count: 0,
            first_receive_unix_ms: 0,
            cause: None,
        }
    }

    proptest! {
        #[test]
        fn the_lowest_that_may_be_delivered_comes_first(steps in prop::collection::vec(step(), 0..80)) {
            let (mut state, mut known) = (State::default(), BTreeMap::<String, Known>::new());
            let (mut now, mut added, mut receipts) = (Instant::now(), 0, 0);
            for step in steps {
                match step {
                    Step::Add { rank } => {
                        state.add(stored(added), Sending { delay: Duration::ZERO, rank });
                        known.insert(name(added), Known { rank, until: None, receipt: None });
                        added += 1;
                    }
                    Step::Pass { seconds } => now += Duration::from_secs(seconds),
                    Step::Deliver { seconds } => {
                        if let Some(first) = state.first(now) {
                            receipts += 1;
                            let (receipt, until) = (receipts.to_string(), now + Duration::from_secs(seconds));
                            if let Some(known) = known.get_mut(&first.id) {
                                (known.receipt, known.until) = (Some(receipt.clone()), Some(until));
                            }
                            state.deliver(first, receipt, until);
                        }
                    }
                    Step::Wait { id, seconds } => {
                        let until = now + Duration::from_secs(seconds);
                        state.wait(&name(id), until);
                        if let Some(known) = known.get_mut(&name(id)) {
                            (known.receipt, known.until) = (None, Some(until));
                        }
                    }
                    Step::Remove { id } => {
                        state.remove(&name(id));
                        known.remove(&name(id));
                    }
                }
                let may = |known: &&Known| known.until.is_none_or(|until| until <= now);
                let first = known.iter().filter(|(_, known)| may(known)).min_by_key(|(id, known)| (known.rank, *id));
                prop_assert_eq!(state.first(now).map(|stored| stored.id), first.map(|(id, _)| id.clone()));
                let next = known.values().filter_map(|known| known.until.filter(|until| *until > now)).min();
                prop_assert_eq!(state.next_deadline(), next);
                prop_assert_eq!(state.is_settled(), known.is_empty());
                for (id, known) in &known {
                    for receipt in (1..=receipts).map(|receipt| receipt.to_string()) {
                        let held = known.receipt.as_ref() == Some(&receipt);
                        prop_assert_eq!(state.in_flight(id, &receipt).is_some(), held);
                    }
                }
            }
        }
    }
}
