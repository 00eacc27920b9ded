//! Keys: how they are encoded on the wire, hashed for the disk, and shown as readable paths.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::crypto::{Checksum, Sha256};

/// S3's limit for a key, in bytes of UTF-8.
pub(crate) const MAX_BYTES: usize = 1024;

/// What `encoding-type=url` leaves as it is.
const LISTED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// What the form encoding of event keys leaves as it is, besides the space that becomes `+`.
const FORM: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

/// A key, prefix or delimiter as `encoding-type=url` sends it.
pub(crate) fn listed(text: &str) -> String {
    utf8_percent_encode(text, LISTED).to_string()
}

/// A key as it stands in an event notification: form-encoded, slashes kept.
pub(crate) fn form_encoded(key: &str) -> String {
    utf8_percent_encode(key, FORM).to_string().replace(' ', "+")
}

/// The folder's name for a key: its SHA-256 in hex, so that no two keys meet on any file system.
pub(crate) fn digest(key: &str) -> String {
    hex::encode(Sha256::checksum(key.as_bytes()))
}

/// Returns the folders of a key in the readable view, below its bucket's, and its file. `None` if it is not a plain path.
pub(crate) fn view_segments(key: &str) -> Option<Vec<&str>> {
    let plain = |segment: &str| {
        !segment.is_empty()
            && segment != "."
            && segment != ".."
            && segment.len() <= 255
            && !segment.contains('\0')
            && !(cfg!(windows) && segment.contains(['\\', ':']))
    };
    key.split('/').all(plain).then(|| key.split('/').collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn event_keys_are_form_encoded() {
        assert_eq!(form_encoded("a b+ü.jpg"), "a+b%2B%C3%BC.jpg");
        assert_eq!(form_encoded("2024/07 (1)/x~y*.png"), "2024/07+%281%29/x%7Ey*.png");
    }

    #[test]
    fn listed_keys_are_percent_encoded() {
        assert_eq!(listed("a b+ü.jpg"), "a%20b%2B%C3%BC.jpg");
    }

    #[test]
    fn only_plain_paths_are_shown() {
        for key in ["/a", "a/", "a//b", ".", "a/../b", "./a", "a\0b", ""] {
            assert_eq!(view_segments(key), None, "{key:?}");
        }
        assert_eq!(view_segments(&"x".repeat(256)), None);
        assert_eq!(view_segments("a b/ü.jpg").unwrap(), ["a b", "ü.jpg"]);
    }

    proptest! {
        #[test]
        fn a_shown_path_never_leaves_its_bucket(key in "\\PC{0,40}") {
            if let Some(segments) = view_segments(&key) {
                let path: std::path::PathBuf = segments.iter().collect();
                prop_assert!(path.components().all(|part| matches!(part, std::path::Component::Normal(_))));
                prop_assert_eq!(path.to_str().unwrap(), key);
            }
        }

        #[test]
        fn form_encoding_can_be_undone(key in "\\PC{0,40}") {
            let spaced = form_encoded(&key).replace('+', " ");
            let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8().unwrap().into_owned();
            prop_assert_eq!(decoded, key);
        }
    }
}
