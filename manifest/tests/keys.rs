//! Keys: what is made can be read back, and nothing collides.
#![allow(clippy::unwrap_used)]

use manifest::{
    KeyError, MAX_SOURCE_KEY_BYTES, Parsed, check_source_key, is_addressable, manifest_key, public_url,
    rendition_key, rendition_path, source_digest,
};
use proptest::prelude::*;

const SHA256: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

#[test]
fn names_are_those_of_the_contract() {
    let path = rendition_path(source_digest(SHA256), 960, "1a2b3c4d", "webp");
    assert_eq!(path, "9f86d081884c7d65/960-1a2b3c4d.webp");
    assert_eq!(rendition_key("2026/a b+ü.jpg", &path), "2026/a b+ü.jpg/9f86d081884c7d65/960-1a2b3c4d.webp");
    assert_eq!(manifest_key("2026/a b+ü.jpg"), "2026/a b+ü.jpg/manifest.json");
}

#[test]
fn the_longest_key_leaves_room_for_its_renditions() {
    let key = "k".repeat(MAX_SOURCE_KEY_BYTES);
    check_source_key(&key).unwrap();
    let path = rendition_path(source_digest(SHA256), u32::MAX, "1a2b3c4d", "jpeg");
    assert!(rendition_key(&key, &path).len() <= 1024);
    assert!(manifest_key(&key).len() <= 1024);
}

#[test]
fn refusals_say_length_and_bound() {
    assert_eq!(check_source_key(""), Err(KeyError::Empty));
    let refused = check_source_key(&"ü".repeat(481)).unwrap_err();
    assert_eq!(refused, KeyError::TooLong { bytes: 962 });
    let words = refused.to_string();
    assert!(words.contains("962") && words.contains("960"), "{words}");
}

#[test]
fn other_keys_are_not_ours() {
    for key in [
        "",
        "manifest.json",
        "/manifest.json",
        "photo.jpg",
        "photo.jpg/Manifest.json",
        "9f86d081884c7d65/960-1a2b3c4d.webp",
        "/9f86d081884c7d65/960-1a2b3c4d.webp",
        "a/9f86d081884c7d65/0960-1a2b3c4d.webp",
        "a/9f86d081884c7d65/-1a2b3c4d.webp",
        "a/9f86d081884c7d65/+960-1a2b3c4d.webp",
        "a/9f86d081884c7d65/99999999999-1a2b3c4d.webp",
        "a/9F86D081884C7D65/960-1a2b3c4d.webp",
        "a/9f86d081884c7d65/960-1a2b3c4d.",
        "a/9f86d081884c7d65/960-1a2b3c4d.tar.gz",
        "a/9f86d081884c7d65/960-1a2b3c4d",
    ] {
        assert_eq!(Parsed::from_derived_key(key), None, "{key}");
    }
}

#[test]
fn urls_encode_segments_and_keep_slashes() {
    let url = |base, key| public_url(base, key, "9f86d081884c7d65/960-1a2b3c4d.webp");
    let tail = "/9f86d081884c7d65/960-1a2b3c4d.webp";
    assert_eq!(
        url("https://img.example.org", "a b+ü.jpg"),
        format!("https://img.example.org/a%20b%2B%C3%BC.jpg{tail}")
    );
    assert_eq!(
        url("https://img.example.org/d/", "2026/x.jpg"),
        format!("https://img.example.org/d/2026/x.jpg{tail}")
    );
    assert_eq!(url("", "2026/x.jpg"), format!("2026/x.jpg{tail}"));
    assert_eq!(url("/", "x.jpg"), format!("/x.jpg{tail}"));
    assert_eq!(url("/img", "x%2F?#.jpg"), format!("/img/x%252F%3F%23.jpg{tail}"));
    assert_eq!(url("https://e.org/a (1)", "x"), format!("https://e.org/a%20%281%29/x{tail}"));
}

#[test]
fn relative_urls_never_name_a_scheme_or_a_host() {
    assert_eq!(public_url("", "javascript:x", "p"), "javascript%3Ax/p");
    assert_eq!(public_url("", "//evil.example/x", "p"), ".///evil.example/x/p");
    assert_eq!(public_url("/", "/evil.example/x", "p"), "/.//evil.example/x/p");
}

#[test]
fn browsers_cannot_ask_for_dot_segments() {
    assert!(is_addressable("a..b/.c/d."));
    assert!(!is_addressable("a/../b") && !is_addressable(".") && !is_addressable("x/.."));
}

/// Keys with slashes, dots and our own names in them, beside arbitrary Unicode.
fn source_key() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{1,40}",
        "[ab/.+% ü\"<]{1,12}",
        "(a/|manifest\\.json/?|9f86d081884c7d65/|960-1a2b3c4d\\.webp/?){1,4}",
        any::<String>().prop_filter("not empty", |key| !key.is_empty()),
    ]
}

fn path_parts() -> impl Strategy<Value = (String, u32, String, String)> {
    ("[0-9a-f]{16}", 1u32.., "[0-9a-f]{8}", "(jpg|webp|png|avif)")
}

proptest! {
    #[test]
    fn manifest_keys_read_back(key in source_key()) {
        let derived = manifest_key(&key);
        prop_assert_eq!(Parsed::from_derived_key(&derived), Some(Parsed::Manifest { key: &key }));
    }

    #[test]
    fn rendition_keys_read_back(key in source_key(), (source, width, spec, ext) in path_parts()) {
        let derived = rendition_key(&key, &rendition_path(&source, width, &spec, &ext));
        let expected = Parsed::Rendition { key: &key, source: &source, width, spec: &spec, ext: &ext };
        prop_assert_eq!(Parsed::from_derived_key(&derived), Some(expected));
        prop_assert_eq!(expected.source_key(), key.as_str());
    }

    #[test]
    fn distinct_inputs_have_distinct_keys(
        a in source_key(), b in source_key(), x in path_parts(), y in path_parts(),
    ) {
        let path = |(source, width, spec, ext): &(String, u32, String, String)| {
            rendition_path(source, *width, spec, ext)
        };
        let (first, second) = (rendition_key(&a, &path(&x)), rendition_key(&b, &path(&y)));
        prop_assert_eq!(first == second, a == b && x == y);
        prop_assert_eq!(manifest_key(&a) == manifest_key(&b), a == b);
        prop_assert_ne!(manifest_key(&a), second);
    }

    #[test]
    fn urls_decode_to_the_key(key in source_key()) {
        let url = public_url("https://img.example.org/d", &key, "p.jpg");
        let encoded = url.strip_prefix("https://img.example.org/d/").unwrap().strip_suffix("/p.jpg").unwrap();
        let safe = |b: u8| b.is_ascii_alphanumeric() || b"-._~%/".contains(&b);
        prop_assert!(encoded.bytes().all(safe), "{}", encoded);
        let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().unwrap();
        prop_assert_eq!(decoded, key.as_str());
        prop_assert_eq!(encoded.matches('/').count(), key.matches('/').count());
    }

    #[test]
    fn reading_any_key_never_panics(key in any::<String>()) {
        let _ = Parsed::from_derived_key(&key);
        let _ = source_digest(&key);
    }
}
