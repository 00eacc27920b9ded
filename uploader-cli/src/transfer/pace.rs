//! How many requests are under way at once: as many as make it faster, fewer when the server asks for it.
//!
//! Starts at two, doubles as long as that raises the throughput, falls back by one step when it no longer does, and
//! looks again from time to time, because networks change. A server that throttles halves it.
//!
//! Whoever breaks off sends again what was under way: half a request each on average. That is little where requests
//! are small, and there any gain is taken. Large ones have to gain more the more of them are added, and where they fill
//! a gigabit, they go one by one to begin with, and more are tried only after a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const START: usize = 2;

/// What a wider pace must bring to be kept where requests are small.
const GAIN: f64 = 1.1;

/// The share of what a wider pace brings at best (twice the rate for twice the width) that it must bring to be kept
/// where requests are large.
const SHARE: f64 = 0.4;

/// Bytes from which a request is large: what is sent again of it is worth sparing.
const LARGE: u64 = 1 << 20;

/// Bytes a second that are enough to begin with: a gigabit.
const ENOUGH: f64 = 125e6;

/// Windows at one width before a wider one is tried again.
const REST: u32 = 8;

/// The shortest time over which a throughput is measured.
const SHORTEST_WINDOW: Duration = Duration::from_millis(100);

/// Throttling answers come in bursts; one burst halves once.
const BURST: Duration = Duration::from_secs(1);

/// The pace that all requests of one run share.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    turns: Arc<Semaphore>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    most: usize,
    width: usize,
    /// Turns that have to vanish when they come back.
    excess: usize,
    window: Window,
    phase: Phase,
    throttled: Option<Instant>,
}

#[derive(Debug)]
struct Window {
    begun: Instant,
    bytes: u64,
    turns: usize,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Nothing is known yet.
    First,
    /// Wider than before, on trial.
    Trial {
        /// The width to fall back to.
        before: usize,
        /// Bytes a second with it.
        rate: f64,
    },
    /// At a width that is known to be good.
    Resting { windows: u32 },
}

/// The right to have one request under way.
#[derive(Debug)]
pub(crate) struct Turn {
    permit: Option<OwnedSemaphorePermit>,
    pace: Pace,
}

impl Pace {
    /// A pace of at most `most` requests at once.
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1);
        let width = START.min(most);
        let state =
            State { most, width, excess: 0, window: Window::new(), phase: Phase::First, throttled: None };
        Self { turns: Arc::new(Semaphore::new(width)), state: Arc::new(Mutex::new(state)) }
    }

    /// Waits for a turn; they are given in the order in which they were asked for.
    pub(crate) async fn turn(&self) -> Turn {
        // The semaphore is never closed; if it were, nothing would be held back.
        let permit = Arc::clone(&self.turns).acquire_owned().await.ok();
        Turn { permit, pace: self.clone() }
    }

    /// The server asked for less.
    pub(crate) fn throttle(&self) {
        let mut state = self.lock();
        if state.throttled.is_some_and(|last| last.elapsed() < BURST) {
            return;
        }
        state.throttled = Some(Instant::now());
        let width = (state.width / 2).max(1);
        self.set(&mut state, width, Phase::Resting { windows: 0 });
    }

    fn sent(&self, bytes: u64) {
        let mut state = self.lock();
        state.window.bytes += bytes;
        state.window.turns += 1;
        let elapsed = state.window.begun.elapsed();
        if elapsed < SHORTEST_WINDOW || state.window.turns < 2 * state.width {
            return;
        }
        let rate = state.window.bytes as f64 / elapsed.as_secs_f64();
        let large = state.window.bytes / state.window.turns as u64 >= LARGE;
        let (width, phase) = state.next(rate, large);
        self.set(&mut state, width, phase);
    }

    fn set(&self, state: &mut State, width: usize, phase: Phase) {
        if width > state.width {
            let more = width - state.width;
            let kept = state.excess.min(more);
            state.excess -= kept;
            self.turns.add_permits(more - kept);
        } else {
            let fewer = state.width - width;
            state.excess += fewer - self.turns.forget_permits(fewer);
        }
        state.width = width;
        state.phase = phase;
        state.window = Window::new();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What follows a window of `rate` bytes a second, made of `large` requests or small ones.
    fn next(&self, rate: f64, large: bool) -> (usize, Phase) {
        let wider = |by: usize| (self.width + by.max(1)).min(self.most);
        let gain = |before: usize| match large {
            true => 1.0 + SHARE * (self.width as f64 / before as f64 - 1.0),
            false => GAIN,
        };
        match self.phase {
            Phase::First if large && rate >= ENOUGH => (1, Phase::Resting { windows: 0 }),
            Phase::Trial { before, rate: narrower } if rate < narrower * gain(before) => {
                (before, Phase::Resting { windows: 0 })
            }
            Phase::First | Phase::Trial { .. }
                if wider(self.width) > self.width && !(large && rate >= ENOUGH) =>
            {
                (wider(self.width), Phase::Trial { before: self.width, rate })
            }
            Phase::Resting { windows } if windows >= REST && wider(self.width / 4) > self.width => {
                (wider(self.width / 4), Phase::Trial { before: self.width, rate })
            }
            Phase::First | Phase::Trial { .. } => (self.width, Phase::Resting { windows: 0 }),
            Phase::Resting { windows } => (self.width, Phase::Resting { windows: windows + 1 }),
        }
    }
}

impl Window {
    fn new() -> Self {
        Self { begun: Instant::now(), bytes: 0, turns: 0 }
    }
}

impl Turn {
    /// The request has brought `bytes` to the server.
    pub(crate) fn sent(self, bytes: u64) {
        self.pace.sent(bytes);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.pace.lock();
        if state.excess > 0
            && let Some(permit) = self.permit.take()
        {
            state.excess -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(width: usize, phase: Phase) -> State {
        State { most: 12, width, excess: 0, window: Window::new(), phase, throttled: None }
    }

    fn width_after(state: &State, rate: f64) -> usize {
        state.next(rate, false).0
    }

    #[test]
    fn it_widens_while_that_pays_and_falls_back_when_it_does_not() {
        let trial = state(4, Phase::Trial { before: 2, rate: 100.0 });
        assert_eq!(width_after(&trial, 150.0), 8);
        assert_eq!(width_after(&trial, 105.0), 2);
        let wide = state(8, Phase::Trial { before: 4, rate: 100.0 });
        assert_eq!(width_after(&wide, 190.0), 12);
        let widest = state(12, Phase::Trial { before: 8, rate: 100.0 });
        assert_eq!(width_after(&widest, 190.0), 12);
        assert_eq!(width_after(&state(4, Phase::Resting { windows: 0 }), 500.0), 4);
        assert_eq!(width_after(&state(4, Phase::Resting { windows: REST }), 100.0), 5);
    }

    #[test]
    fn large_requests_have_to_gain_in_proportion_and_a_full_gigabit_is_enough_to_begin_with() {
        let width_after = |state: &State, rate| state.next(rate, true).0;
        let doubled = state(4, Phase::Trial { before: 2, rate: 10e6 });
        assert_eq!(width_after(&doubled, 13.9e6), 2);
        assert_eq!(width_after(&doubled, 14.1e6), 8);
        let one_more = state(5, Phase::Trial { before: 4, rate: 10e6 });
        assert_eq!(width_after(&one_more, 10.9e6), 4);
        assert_eq!(width_after(&one_more, 11.1e6), 10);
        let first = state(2, Phase::First);
        assert_eq!((width_after(&first, 124e6), width_after(&first, 126e6)), (4, 1));
        assert_eq!(width_after(&state(1, Phase::Resting { windows: REST }), 126e6), 2);
        let second = state(2, Phase::Trial { before: 1, rate: 126e6 });
        assert_eq!((width_after(&second, 170e6), width_after(&second, 180e6)), (1, 2));
    }

    #[tokio::test]
    async fn throttling_halves_it_once_a_burst_even_while_all_turns_are_out() {
        let pace = Pace::new(12);
        pace.set(&mut pace.lock(), 8, Phase::Resting { windows: 0 });
        let mut turns = Vec::new();
        for _ in 0..8 {
            turns.push(pace.turn().await);
        }
        pace.throttle();
        pace.throttle();
        assert_eq!(pace.lock().width, 4);
        drop(turns);
        assert_eq!(pace.turns.available_permits(), 4);
    }

    #[tokio::test]
    async fn widening_while_turns_are_in_excess_gives_no_more_than_the_width() {
        let pace = Pace::new(12);
        pace.set(&mut pace.lock(), 8, Phase::Resting { windows: 0 });
        let mut turns = Vec::new();
        for _ in 0..8 {
            turns.push(pace.turn().await);
        }
        pace.set(&mut pace.lock(), 2, Phase::Resting { windows: 0 });
        pace.set(&mut pace.lock(), 6, Phase::Resting { windows: 0 });
        drop(turns);
        assert_eq!(pace.turns.available_permits(), 6);
    }
}
