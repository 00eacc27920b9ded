//! Sequencers of whatever characters are in a total order that zeros on the right do not change.
//!
//! The input is three sequencers, a line each; an empty line is none.

#![no_main]

use std::cmp::Ordering;

use libfuzzer_sys::{Corpus, fuzz_target};
use manifest::sequencer::compare;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = str::from_utf8(bytes) else { return Corpus::Reject };
    let mut lines = text.splitn(3, '\n').map(|line| Some(line).filter(|line| !line.is_empty()));
    let [a, b, c] = [(); 3].map(|()| lines.next().flatten());
    assert_eq!(compare(a, a), Ordering::Equal);
    assert_eq!(compare(a, b), compare(b, a).reverse());
    for [a, b, c] in [[a, b, c], [a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]] {
        if compare(a, b).is_le() && compare(b, c).is_le() {
            assert!(compare(a, c).is_le());
        }
        if compare(a, b).is_eq() {
            assert_eq!(compare(a, c), compare(b, c));
        }
    }
    assert!(compare(None, a).is_le());
    if let Some(a) = a {
        let padded = format!("{a}00");
        assert_eq!(compare(Some(a), Some(&padded)), Ordering::Equal);
        assert_eq!(compare(Some(&padded), b), compare(Some(a), b));
    }
    Corpus::Keep
});
