//! An ICC profile in APP2 segments (ICC.1, annex B.4).

use std::ops::Range;

use crate::Profile;

const NAME: &[u8] = b"ICC_PROFILE\0";
/// Name, sequence number, count.
const HEADER: usize = NAME.len() + 2;
/// Room for a few profiles of 255 parts.
const MOST: usize = 1 << 10;

/// The segments found so far: sequence number, announced count, bytes of the file.
#[derive(Debug, Default)]
pub(super) struct Segments(Vec<(u8, u8, Range<usize>)>);

impl Segments {
    /// Takes an APP2 segment, whose `data` begin at `start` of the file, if it holds part of a profile.
    pub(super) fn take(&mut self, data: &[u8], start: usize) {
        if !data.starts_with(NAME) || self.0.len() >= MOST {
            return;
        }
        if let Some(&[number, count]) = data.get(NAME.len()..HEADER) {
            self.0.push((number, count, start + HEADER..start + data.len()));
        }
    }

    /// Returns the first complete profile, as Chromium does. Repeated parts are left out. If no profile is complete,
    /// adds a note and returns none.
    pub(super) fn profile(self, notes: &mut Vec<String>) -> Profile {
        if self.0.is_empty() {
            return Profile::None;
        }
        let mut tried = [false; 256];
        for &(_, count, _) in &self.0 {
            if !std::mem::replace(&mut tried[usize::from(count)], true)
                && let Some(ranges) = self.complete(count)
            {
                return Profile::Ranges(ranges);
            }
        }
        notes.push("The colour profile is incomplete and is ignored.".into());
        Profile::None
    }

    /// Returns the bytes of the profile that has `count` parts, if all of them exist and are not empty together.
    fn complete(&self, count: u8) -> Option<Vec<Range<usize>>> {
        let part = |wanted: u8| self.0.iter().find(|&&(number, of, _)| (number, of) == (wanted, count));
        let parts = (1..=count).map(|wanted| Some(part(wanted)?.2.clone()));
        let mut ranges = parts.collect::<Option<Vec<_>>>()?;
        ranges.retain(|range| !range.is_empty());
        (!ranges.is_empty()).then_some(ranges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(parts: &[(u8, u8)]) -> (Profile, usize) {
        let mut segments = Segments::default();
        for (at, &(number, count)) in parts.iter().enumerate() {
            segments.take(&[NAME, &[number, count, 7, 7]].concat(), at * 100);
        }
        let mut notes = Vec::new();
        (segments.profile(&mut notes), notes.len())
    }

    fn at(places: &[usize]) -> (Profile, usize) {
        let range = |&place: &usize| place * 100 + HEADER..place * 100 + HEADER + 2;
        (Profile::Ranges(places.iter().map(range).collect()), 0)
    }

    #[test]
    fn parts_are_joined_in_order() {
        assert_eq!(profile(&[(1, 1)]), at(&[0]));
        assert_eq!(profile(&[(2, 3), (3, 3), (1, 3)]), at(&[2, 0, 1]));
    }

    #[test]
    fn the_first_complete_profile_counts() {
        assert_eq!(profile(&[(1, 1), (1, 1)]), at(&[0]));
        assert_eq!(profile(&[(1, 2), (2, 2), (1, 2), (2, 2)]), at(&[0, 1]));
        assert_eq!(profile(&[(1, 2), (1, 2), (2, 2), (2, 2)]), at(&[0, 2]));
        assert_eq!(profile(&[(1, 2), (1, 1)]), at(&[1]));
        assert_eq!(profile(&[(1, 1), (1, 2)]), at(&[0]));
        assert_eq!(profile(&[(0, 0), (1, 1)]), at(&[1]));
    }

    #[test]
    fn an_incomplete_profile_is_noted() {
        for parts in [&[(1, 2)][..], &[(2, 2)], &[(0, 1)], &[(1, 0)], &[(2, 1)], &[(1, 2), (2, 3)]] {
            assert_eq!(profile(parts), (Profile::None, 1), "{parts:?}");
        }
        assert_eq!(profile(&[]), (Profile::None, 0));
    }
}
