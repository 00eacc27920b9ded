//! Which requests S3 fails at.

use std::time::Duration;

use local_s3::{Fault, FaultRates, FaultRequest, Faults};

use crate::history::mix;
use crate::world::DERIVED;

/// What happens to requests while histories run: about one in six meets a fault.
pub(crate) const ROUGH: FaultRates = FaultRates {
    slow_down: 0.04,
    internal_error: 0.03,
    conflict: 0.02,
    reset: 0.02,
    truncated: 0.02,
    slow: 0.01,
    lost: 0.04,
};

/// What a bucket in trouble does: the shares that the uploads are tried under.
pub(crate) const TROUBLED: FaultRates = FaultRates {
    slow_down: 0.10,
    internal_error: 0.05,
    conflict: 0.01,
    reset: 0.02,
    truncated: 0.02,
    slow: 0.0,
    lost: 0.02,
};

/// The longest that a slow body takes.
const SLOW_MS: u64 = 60;

/// Faults for the function's requests alone. What authors write to originals goes through, since a repeated PUT
/// would be a version more than the model knows of.
pub(crate) fn for_the_function(seed: u64, rates: FaultRates) -> Faults {
    Faults::scripted(move |request: &FaultRequest<'_>| -> Option<Fault> {
        let by_author = request.bucket != DERIVED && !matches!(request.method, "GET" | "HEAD");
        if by_author { None } else { choose(chance(seed, request), &rates) }
    })
}

/// A number that follows from the seed, the request and how often it was made before, and from nothing else: not
/// from what goes on beside it.
fn chance(seed: u64, request: &FaultRequest<'_>) -> u64 {
    let name = [request.method, request.bucket, request.key, request.query];
    // FNV-1a, with a byte that is in no name between the parts.
    let bytes = name.iter().flat_map(|part| part.bytes().chain([0xFF]));
    let hash = bytes.fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    mix(mix(hash ^ mix(seed)) ^ request.occurrence)
}

fn choose(chance: u64, rates: &FaultRates) -> Option<Fault> {
    let slow = Fault::Slow(Duration::from_millis(1 + mix(chance) % SLOW_MS));
    let mut left = (chance >> 11) as f64 / (1_u64 << 53) as f64;
    let kinds = [
        (rates.slow_down, Fault::SlowDown),
        (rates.internal_error, Fault::InternalError),
        (rates.conflict, Fault::Conflict),
        (rates.reset, Fault::Reset),
        (rates.truncated, Fault::Truncated),
        (rates.slow, slow),
        (rates.lost, Fault::Lost),
    ];
    for (rate, fault) in kinds {
        if left < rate {
            return Some(fault);
        }
        left -= rate;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &'static str, key: &'static str, occurrence: u64) -> FaultRequest<'static> {
        FaultRequest { method, bucket: DERIVED, key, query: "", occurrence, attempt: 1, number: 0 }
    }

    #[test]
    fn a_retry_meets_another_fortune_and_a_seed_the_same_one() {
        let one = chance(1, &request("GET", "a", 0));
        assert_eq!(one, chance(1, &request("GET", "a", 0)));
        for other in [
            chance(2, &request("GET", "a", 0)),
            chance(1, &request("GET", "a", 1)),
            chance(1, &request("GET", "b", 0)),
            chance(1, &request("PUT", "a", 0)),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn rates_are_met() {
        let mut slow_downs = 0;
        let mut lost = 0;
        for occurrence in 0..20_000 {
            match choose(chance(3, &request("PUT", "a", occurrence)), &TROUBLED) {
                Some(Fault::SlowDown) => slow_downs += 1,
                Some(Fault::Lost) => lost += 1,
                _ => {}
            }
        }
        assert!((1_850..2_150).contains(&slow_downs), "{slow_downs}");
        assert!((320..480).contains(&lost), "{lost}");
    }
}
