//! The order of S3's event sequencers, which says which of two events of one key came later.

use std::cmp::Ordering;

/// Compares two sequencers of the same bucket and key: the shorter is padded on its right with `0`, then
/// they compare as hex digits from the left, in either case; none at all sorts lowest.
///
/// Source: Amazon S3 User Guide, "Event message structure", on `sequencer`.
pub fn compare(a: Option<&str>, b: Option<&str>) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else {
        return a.is_some().cmp(&b.is_some());
    };
    let length = a.len().max(b.len());
    digits(a, length).cmp(digits(b, length))
}

fn digits(sequencer: &str, length: usize) -> impl Iterator<Item = u8> {
    let padded = sequencer.bytes().chain(std::iter::repeat(b'0'));
    padded.take(length).map(|digit| digit.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn none_sorts_below_everything() {
        assert_eq!(compare(None, None), Ordering::Equal);
        assert_eq!(compare(None, Some("")), Ordering::Less);
        assert_eq!(compare(Some("00"), None), Ordering::Greater);
    }

    #[test]
    fn the_shorter_is_padded_on_its_right() {
        assert_eq!(compare(Some("0055AED6DCD90281E5"), Some("0055AED6DCD90281E500")), Ordering::Equal);
        assert_eq!(compare(Some("0055AED6DCD90281E5"), Some("0055AED6DCD90281E501")), Ordering::Less);
        assert_eq!(compare(Some("1"), Some("0FFFFFFFFF")), Ordering::Greater);
    }

    #[test]
    fn case_does_not_matter() {
        assert_eq!(compare(Some("0055aed6"), Some("0055AED6")), Ordering::Equal);
        assert_eq!(compare(Some("a"), Some("9")), Ordering::Greater);
    }

    fn sequencer() -> impl Strategy<Value = Option<String>> {
        // Few digits, so that equal ones and equal beginnings are common.
        proptest::option::weighted(0.9, "[01aAfF]{0,5}")
    }

    proptest! {
        #[test]
        fn is_a_total_order(a in sequencer(), b in sequencer(), c in sequencer()) {
            let (a, b, c) = (a.as_deref(), b.as_deref(), c.as_deref());
            prop_assert_eq!(compare(a, a), Ordering::Equal);
            prop_assert_eq!(compare(a, b), compare(b, a).reverse());
            if compare(a, b).is_le() && compare(b, c).is_le() {
                prop_assert!(compare(a, c).is_le());
            }
            if compare(a, b).is_eq() {
                prop_assert_eq!(compare(a, c), compare(b, c));
            }
        }

        #[test]
        fn zeros_on_the_right_change_nothing(a in "[0-9A-F]{0,20}", zeros in 0usize..8, b in sequencer()) {
            let padded = format!("{a}{}", "0".repeat(zeros));
            prop_assert_eq!(compare(Some(&a), Some(&padded)), Ordering::Equal);
            prop_assert_eq!(compare(Some(&a), b.as_deref()), compare(Some(&padded), b.as_deref()));
        }

        #[test]
        fn agrees_with_the_numbers(a in any::<u64>(), b in any::<u64>()) {
            prop_assert_eq!(compare(Some(&format!("{a:016X}")), Some(&format!("{b:016x}"))), a.cmp(&b));
        }
    }
}
