//! How to end work that is no longer wanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Asks running work to end: by hand from any thread, or at a deadline. Clones share their state.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

/// The work was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopped;

impl Stop {
    /// One that stops only when [`Stop::stop`] is called.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that also stops at `deadline`.
    pub fn at(deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..Self::default() }
    }

    /// Asks the work to end.
    pub fn stop(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether the work was asked to end, or its deadline has passed.
    pub fn is_stopped(&self) -> bool {
        self.asked.load(Ordering::Relaxed) || self.deadline.is_some_and(|at| Instant::now() >= at)
    }

    pub(crate) fn check(&self) -> Result<(), Stopped> {
        if self.is_stopped() { Err(Stopped) } else { Ok(()) }
    }
}

impl webpx::Stop for Stop {
    fn check(&self) -> Result<(), webpx::StopReason> {
        if self.is_stopped() { Err(webpx::StopReason::Cancelled) } else { Ok(()) }
    }
}
