//! A history: what somebody does to one key, in order.

use std::fmt;
use std::time::Duration;

use crate::pictures::Content;
use crate::world::{ARCHIVE, ORIGINALS};

/// Something done to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Put(Content),
    /// Without a version: the object is gone, or hidden behind a delete marker.
    Delete,
    /// The newest version is removed by its id if it is a delete marker.
    Lift,
    /// The newest version is removed by its id.
    DeleteNewest,
    /// A noncurrent version is removed by its id, as a lifecycle rule does: which of them, the oldest first, modulo
    /// how many there are.
    Expire(u8),
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(content) => write!(f, "put {content}"),
            Self::Delete => f.write_str("delete"),
            Self::Lift => f.write_str("lift the delete marker"),
            Self::DeleteNewest => f.write_str("delete the newest version"),
            Self::Expire(n) => write!(f, "delete noncurrent version {n}"),
        }
    }
}

/// Two to eight operations on a key of its own.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// Which of a seed's histories.
    pub(crate) index: u64,
    /// Whether its bucket keeps versions.
    pub(crate) versioned: bool,
    pub(crate) key: String,
    pub(crate) operations: Vec<Operation>,
    /// How long is waited before each operation.
    pub(crate) pauses: Vec<Duration>,
}

impl History {
    /// The history `index` of `seed`, always the same.
    pub(crate) fn new(seed: u64, index: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(mix(seed ^ mix(index)));
        let versioned = index % 2 == 1;
        let length = random.usize(2..=8);
        Self {
            index,
            versioned,
            // What needs encoding in events and in URLs: spaces, plus and percent signs, letters beyond ASCII.
            key: format!("album {}/größe+100%25 {index}.jpg", index % 7),
            operations: (0..length).map(|_| operation(&mut random, versioned)).collect(),
            pauses: (0..length).map(|_| pause(&mut random)).collect(),
        }
    }

    pub(crate) fn bucket(&self) -> &'static str {
        if self.versioned { ARCHIVE } else { ORIGINALS }
    }
}

fn operation(random: &mut fastrand::Rng, versioned: bool) -> Operation {
    match (random.u8(..100), versioned) {
        (..75, false) | (..50, true) => Operation::Put(Content::random(random)),
        (75.., false) | (50..65, true) => Operation::Delete,
        (65..75, true) => Operation::Lift,
        (75..90, true) => Operation::DeleteNewest,
        (90.., true) => Operation::Expire(random.u8(..8)),
    }
}

/// From at once to long enough for what came before to be settled.
fn pause(random: &mut fastrand::Rng) -> Duration {
    let most = [0, 5, 40, 250][random.usize(..4)];
    Duration::from_millis(random.u64(..=most))
}

/// Spreads neighbouring numbers over all of `u64` (SplitMix64's finaliser).
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_s_history_is_always_the_same() {
        let (one, again, other) = (History::new(7, 3), History::new(7, 3), History::new(8, 3));
        assert_eq!(one.operations, again.operations);
        assert_eq!(one.pauses, again.pauses);
        assert_ne!((one.operations, one.pauses), (other.operations, other.pauses));
    }

    #[test]
    fn a_hundred_histories_have_every_operation_in_both_kinds_of_bucket() {
        for versioned in [0, 1] {
            let all: Vec<Operation> =
                (0..100).flat_map(|n| History::new(1, 2 * n + versioned).operations).collect();
            assert!(all.iter().any(|operation| matches!(operation, Operation::Put(Content::Picture(_)))));
            assert!(all.iter().any(|operation| matches!(operation, Operation::Put(Content::Rejected(_)))));
            assert!(all.contains(&Operation::Delete));
            for operation in [Operation::Lift, Operation::DeleteNewest] {
                assert_eq!(all.contains(&operation), versioned == 1, "{operation}");
            }
            assert_eq!(all.iter().any(|operation| matches!(operation, Operation::Expire(_))), versioned == 1);
        }
    }
}
