use std::time::Duration;

use super::Fault;
use super::chance::Chance;

/// The shortest time that a slow body takes at random, and how much longer it may take.
const SLOW: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(45));

/// What share of requests meets each fault at random, each from 0 to 1. Together they should not exceed 1: of what does,
/// the later ones never happen.
#[derive(Debug, Clone, Copy, Default)]
pub struct FaultRates {
    /// [`Fault::SlowDown`].
    pub slow_down: f64,
    /// [`Fault::InternalError`].
    pub internal_error: f64,
    /// [`Fault::Conflict`]; reads whose turn it would be are spared.
    pub conflict: f64,
    /// [`Fault::Reset`].
    pub reset: f64,
    /// [`Fault::Truncated`].
    pub truncated: f64,
    /// [`Fault::Slow`], for 5 to 50 ms.
    pub slow: f64,
    /// [`Fault::Lost`].
    pub lost: f64,
}

impl FaultRates {
    pub(super) fn pick(&self, chance: &Chance) -> Option<Fault> {
        let slow = Fault::Slow(SLOW.0 + SLOW.1.mul_f64(chance.other_share()));
        let kinds = [
            (self.slow_down, Fault::SlowDown),
            (self.internal_error, Fault::InternalError),
            (self.conflict, Fault::Conflict),
            (self.reset, Fault::Reset),
            (self.truncated, Fault::Truncated),
            (self.slow, slow),
            (self.lost, Fault::Lost),
        ];
        let mut rest = chance.share();
        for (rate, fault) in kinds {
            if rest < rate {
                return Some(fault);
            }
            rest -= rate.max(0.0);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::FaultCounts;

    #[test]
    fn rates_are_met_over_many_requests() {
        let rates = FaultRates {
            slow_down: 0.1,
            internal_error: 0.05,
            conflict: 0.01,
            reset: 0.02,
            truncated: 0.02,
            slow: 0.3,
            lost: 0.02,
        };
        let mut counts = FaultCounts::default();
        for request in 0..100_000_u64 {
            let name = Chance::of(42, [request.to_be_bytes().as_slice()]);
            if let Some(fault) = rates.pick(&name.again(0)) {
                counts.add(&fault);
            }
        }
        let expected: [f64; 8] = [0.1, 0.05, 0.01, 0.02, 0.02, 0.3, 0.02, 0.0];
        for ((kind, count), rate) in counts.iter().zip(expected) {
            // Five standard deviations of 100,000 throws.
            let (mean, spread) = (rate * 1e5, 5.0 * (1e5 * rate * (1.0 - rate)).sqrt());
            assert!((count as f64 - mean).abs() <= spread, "{kind}: {count}, not {mean} ± {spread}");
        }
    }

    #[test]
    fn no_rates_mean_no_faults_and_one_means_always() {
        for request in 0..1000_u64 {
            let chance = Chance::of(1, [request.to_be_bytes().as_slice()]);
            assert_eq!(FaultRates::default().pick(&chance), None);
            assert_eq!(FaultRates { lost: 1.0, ..FaultRates::default() }.pick(&chance), Some(Fault::Lost));
            let slow = FaultRates { slow_down: f64::NAN, slow: 1.0, ..FaultRates::default() }.pick(&chance);
            assert!(
                matches!(slow, Some(Fault::Slow(time)) if time >= SLOW.0 && time <= SLOW.0 + SLOW.1),
                "{slow:?}"
            );
        }
    }
}
