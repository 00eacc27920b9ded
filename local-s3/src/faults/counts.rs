use super::Fault;

/// How many requests reached the fault layer, and how many met which fault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultCounts {
    /// First attempts.
    pub requests: u64,
    /// All attempts, retries included.
    pub attempts: u64,
    /// Met [`Fault::SlowDown`].
    pub slow_down: u64,
    /// Met [`Fault::InternalError`].
    pub internal_error: u64,
    /// Met [`Fault::Conflict`].
    pub conflict: u64,
    /// Met [`Fault::Reset`].
    pub reset: u64,
    /// Met [`Fault::Truncated`].
    pub truncated: u64,
    /// Met [`Fault::Slow`].
    pub slow: u64,
    /// Met [`Fault::Lost`].
    pub lost: u64,
    /// Met [`Fault::Stall`].
    pub stalled: u64,
}

impl FaultCounts {
    /// Every kind of fault with how often it was met, always in the same order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        [
            ("slow_down", self.slow_down),
            ("internal_error", self.internal_error),
            ("conflict", self.conflict),
            ("reset", self.reset),
            ("truncated", self.truncated),
            ("slow", self.slow),
            ("lost", self.lost),
            ("stalled", self.stalled),
        ]
        .into_iter()
    }

    pub(super) fn add(&mut self, fault: &Fault) {
        let count = match fault {
            Fault::SlowDown => &mut self.slow_down,
            Fault::InternalError => &mut self.internal_error,
            Fault::Conflict => &mut self.conflict,
            Fault::Reset => &mut self.reset,
            Fault::Truncated => &mut self.truncated,
            Fault::Slow(_) => &mut self.slow,
            Fault::Lost => &mut self.lost,
            Fault::Stall { .. } => &mut self.stalled,
        };
        *count += 1;
    }
}
