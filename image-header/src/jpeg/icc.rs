//! An ICC profile in APP2 segments (ICC.1, annex B.4).

use std::ops::Range;

use crate::Profile;

const NAME: &[u8] = b"ICC_PROFILE\0";
/// Name, sequence number, count.
const HEADER: usize = NAME.len() + 2;

/// The segments found so far: sequence number, announced count, bytes of the file.
#[derive(Debug, Default)]
pub(super) struct Segments(Vec<(u8, u8, Range<usize>)>);

impl Segments {
    /// Takes an APP2 segment, whose `data` begin at `start` of the file, if it holds part of a profile.
    pub(super) fn take(&mut self, data: &[u8], start: usize) {
        // Numbers are bytes that start at 1, so that one more than 255 cannot be right and is enough to know it.
        if !data.starts_with(NAME) || self.0.len() > 255 {
            return;
        }
        if let Some(&[number, count]) = data.get(NAME.len()..HEADER) {
            self.0.push((number, count, start + HEADER..start + data.len()));
        }
    }

    /// The whole profile; if a part is missing, doubled or misnumbered, none, and a note says so.
    pub(super) fn profile(mut self, notes: &mut Vec<String>) -> Profile {
        let Some(&(_, count, _)) = self.0.first() else {
            return Profile::None;
        };
        self.0.sort_by_key(|&(number, ..)| number);
        let whole = self.0.len() == usize::from(count)
            && (1..=count).zip(&self.0).all(|(expected, &(number, of, _))| number == expected && of == count);
        let ranges: Vec<_> =
            self.0.into_iter().map(|(.., range)| range).filter(|range| !range.is_empty()).collect();
        if !whole || ranges.is_empty() {
            notes.push("The colour profile is incomplete and is ignored.".into());
            return Profile::None;
        }
        Profile::Ranges(ranges)
    }
}
