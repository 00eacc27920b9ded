//! Unicode spellings of file names and keys.
//!
//! "é" can be one code point (NFC) or "e" and an accent (NFD). Keyboards write the first, some file systems store the
//! second, and S3 compares bytes.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Returns `text` in Normalization Form C, borrowed if it is in that form already.
///
/// Source: Unicode Standard Annex #15.
pub fn nfc(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfc().collect()),
    }
}

/// Returns the spellings under which an object or a file called `text` may exist, without repetitions: as given, in NFC,
/// in NFD.
pub fn spellings(text: &str) -> Vec<String> {
    let mut spellings = vec![text.to_owned()];
    if text.is_ascii() {
        return spellings;
    }
    for other in [text.nfc().collect::<String>(), text.nfd().collect()] {
        if !spellings.contains(&other) {
            spellings.push(other);
        }
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPOSED: &str = "Caf\u{e9}.jpg";
    const DECOMPOSED: &str = "Cafe\u{301}.jpg";

    #[test]
    fn nfc_composes_accents_and_hangul() {
        assert!(matches!(nfc(COMPOSED), Cow::Borrowed(COMPOSED)));
        assert_eq!(nfc(DECOMPOSED), COMPOSED);
        assert_eq!(nfc("\u{1112}\u{1161}\u{11ab}.png"), "\u{d55c}.png");
        assert_eq!(nfc("\u{212b}"), "\u{c5}");
        // Compatibility characters stay: "ﬁ" is another name than "fi".
        assert_eq!(nfc("\u{fb01}.jpg"), "\u{fb01}.jpg");
    }

    #[test]
    fn spellings_are_distinct_and_begin_with_the_given_one() {
        assert_eq!(spellings("a.jpg"), ["a.jpg"]);
        assert_eq!(spellings("写真.jpg"), ["写真.jpg"]);
        assert_eq!(spellings(COMPOSED), [COMPOSED, DECOMPOSED]);
        assert_eq!(spellings(DECOMPOSED), [DECOMPOSED, COMPOSED]);
        let mixed = "\u{e9}e\u{301}";
        assert_eq!(spellings(mixed), [mixed, "\u{e9}\u{e9}", "e\u{301}e\u{301}"]);
    }
}
