//! Time, and the numbers that grow with it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Error;
use crate::storage::files;

/// How far the persisted bound runs ahead of what was handed out: ten seconds, in nanoseconds.
const RESERVE: u64 = 10_000_000_000;

/// Milliseconds since 1970.
pub(crate) fn unix_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
}

fn unix_ns() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX))
}

/// Hands out numbers that only ever grow, also across restarts and clocks set back: nanoseconds since 1970, or one
/// more than the last. In 16 hex digits they are S3's sequencers.
#[derive(Debug)]
pub(crate) struct Sequence {
    file: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    last: u64,
    /// Nothing at or above this was handed out before it was written down.
    bound: u64,
}

impl Sequence {
    /// Continues after both the number in `file` and `seen`.
    pub(crate) fn open(file: PathBuf, seen: u64) -> Result<Self, Error> {
        let written = match std::fs::read_to_string(&file) {
            Ok(text) => u64::from_str_radix(text.trim(), 16).unwrap_or(0),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(Error::io("read", &file)(error)),
        };
        let last = written.max(seen);
        Ok(Self { file, state: Mutex::new(State { last, bound: last }) })
    }

    /// The next number.
    pub(crate) fn next(&self) -> Result<u64, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let next = unix_ns().max(state.last + 1);
        if next >= state.bound {
            let bound = next + RESERVE;
            files::replace(&self.file, format!("{bound:016X}\n").as_bytes())?;
            state.bound = bound;
        }
        state.last = next;
        Ok(next)
    }

    /// Writes down the exact end, so that a clean restart does not run ahead of the clock.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        files::replace(&self.file, format!("{:016X}\n", state.last).as_bytes())?;
        state.bound = state.last;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn numbers_grow_across_restarts_and_crashes() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sequence");
        let first = Sequence::open(file.clone(), 0).unwrap();
        let mut last = first.next().unwrap();
        for _ in 0..1000 {
            let next = first.next().unwrap();
            assert!(next > last);
            last = next;
        }
        drop(first); // no flush: a crash
        let second = Sequence::open(file.clone(), 0).unwrap();
        let next = second.next().unwrap();
        assert!(next > last);
        second.flush().unwrap();
        assert!(Sequence::open(file, 0).unwrap().next().unwrap() > next);
    }

    #[test]
    fn a_number_from_the_future_is_continued() {
        let dir = tempfile::tempdir().unwrap();
        let seen = u64::MAX - 2 * RESERVE;
        let sequence = Sequence::open(dir.path().join("sequence"), seen).unwrap();
        assert_eq!(sequence.next().unwrap(), seen + 1);
    }
}
