use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::chance::Chance;

/// Of the events sent more than once, the share that is sent three times.
const THRICE: f64 = 0.125;

/// What happens to events on their way into the queue. S3 promises that an event comes at least once, and no order.
///
/// What an event meets depends only on the seed, on its bucket and key, and on how many events of theirs there were
/// before. Messages sent by [`Queue::send`](crate::Queue::send) are no events: they are shuffled, if at all.
#[derive(Debug, Clone, Copy)]
pub struct EventFaults {
    /// Decides which events.
    pub seed: u64,
    /// The share of events, 0 to 1, that is sent twice; of these one in eight is sent three times.
    pub duplicate: f64,
    /// The share of messages, 0 to 1, that cannot be received at once.
    pub delay: f64,
    /// The longest such delay; each takes a random part of it. After a restart of the server nothing is delayed.
    pub longest_delay: Duration,
    /// Whether the messages that can be received are delivered in random order instead of that of their sending.
    pub shuffle: bool,
}

/// What was done to events so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventFaultCounts {
    /// Messages beyond the first of each event.
    pub duplicated: u64,
    /// Messages that could not be received at once.
    pub delayed: u64,
}

/// The faults with what they need to remember.
#[derive(Debug)]
pub(crate) struct EventLayer {
    faults: EventFaults,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    counts: EventFaultCounts,
    /// How many events of a bucket and key there were.
    told: HashMap<u128, u64>,
}

/// How one message goes into the queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sending {
    /// How long it stays hidden.
    pub(crate) delay: Duration,
    /// Lower ones are delivered first; equals in order of sending.
    pub(crate) rank: u64,
}

impl EventLayer {
    pub(crate) fn new(faults: EventFaults) -> Self {
        Self { faults, state: Mutex::default() }
    }

    pub(crate) fn counts(&self) -> EventFaultCounts {
        self.state().counts
    }

    /// The messages that become of the next event of `bucket` and `key`: one at least.
    pub(crate) fn event(&self, bucket: &str, key: &str) -> Vec<Sending> {
        let name = Chance::of(self.faults.seed, [bucket.as_bytes(), key.as_bytes()]);
        let mut state = self.state();
        let told = state.told.entry(name.id()).or_default();
        let event = name.again(*told);
        *told += 1;
        let copies = match event.share() < self.faults.duplicate {
            true if event.other_share() < THRICE => 3,
            true => 2,
            false => 1,
        };
        let sendings: Vec<Sending> = (0..copies).map(|copy| self.sending(&event.again(copy))).collect();
        state.counts.duplicated += copies - 1;
        state.counts.delayed += sendings.iter().filter(|sending| !sending.delay.is_zero()).count() as u64;
        sendings
    }

    /// How a message goes into the queue that is there for another reason.
    pub(crate) fn message(&self, id: &str) -> Sending {
        let chance = Chance::of(self.faults.seed, [id.as_bytes()]);
        Sending { delay: Duration::ZERO, ..self.sending(&chance) }
    }

    fn sending(&self, chance: &Chance) -> Sending {
        let late = chance.share() < self.faults.delay;
        Sending {
            delay: if late {
                self.faults.longest_delay.mul_f64(chance.other_share())
            } else {
                Duration::ZERO
            },
            rank: if self.faults.shuffle { chance.number() } else { 0 },
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAULTS: EventFaults = EventFaults {
        seed: 5,
        duplicate: 0.5,
        delay: 0.25,
        longest_delay: Duration::from_secs(10),
        shuffle: true,
    };

    fn all(layer: &EventLayer) -> Vec<Vec<Sending>> {
        (0..20_000).map(|event| layer.event("b", &(event % 500).to_string())).collect()
    }

    #[test]
    fn shares_are_met_and_counted() {
        let layer = EventLayer::new(FAULTS);
        let events = all(&layer);
        let of = |copies: usize| events.iter().filter(|sendings| sendings.len() == copies).count();
        assert_eq!(of(1) + of(2) + of(3), events.len());
        assert!((9_600..10_400).contains(&(of(2) + of(3))) && (1_050..1_450).contains(&of(3)));
        let sendings: Vec<&Sending> = events.iter().flatten().collect();
        let delayed = sendings.iter().filter(|sending| !sending.delay.is_zero()).count();
        assert!((0.24..0.26).contains(&(delayed as f64 / sendings.len() as f64)));
        assert!(sendings.iter().all(|sending| sending.delay < FAULTS.longest_delay));
        let duplicated = (sendings.len() - events.len()) as u64;
        assert_eq!(layer.counts(), EventFaultCounts { duplicated, delayed: delayed as u64 });
    }

    #[test]
    fn the_seed_decides() {
        let events = all(&EventLayer::new(FAULTS));
        assert_eq!(events, all(&EventLayer::new(FAULTS)));
        assert_ne!(events, all(&EventLayer::new(EventFaults { seed: 6, ..FAULTS })));
    }

    #[test]
    fn without_shuffling_all_rank_alike() {
        let layer = EventLayer::new(EventFaults { shuffle: false, delay: 0.0, ..FAULTS });
        assert!(all(&layer).iter().flatten().all(|sending| *sending == Sending::default()));
        assert_eq!(layer.message("1"), Sending::default());
    }
}
