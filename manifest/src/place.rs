//! Where derived objects lie: a bucket, or the part of one below a prefix.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Longest prefix, in bytes. With it, the longest key of an original and what renditions append stay within S3's
/// 1,024.
pub const MAX_PREFIX_BYTES: usize = 24;

/// The place of renditions and manifests: keys such as [`crate::manifest_key`]'s are relative to it.
///
/// Written as `bucket` or `bucket/prefix`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct DerivedPlace {
    bucket: String,
    /// Empty, or with a slash at its end.
    prefix: String,
}

/// Why a prefix is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the prefix is {prefix:?}; it may have up to {MAX_PREFIX_BYTES} letters, digits, -, _, . and / (such as `derived/`), \
     no folder of which is empty, . or .."
)]
pub struct PrefixError {
    prefix: String,
}

impl DerivedPlace {
    /// The whole of `bucket`.
    pub fn of_bucket(bucket: impl Into<String>) -> Self {
        Self { bucket: bucket.into(), prefix: String::new() }
    }

    /// The part of `bucket` below `prefix`, with or without a slash at its end; all of it if that is empty.
    ///
    /// # Errors
    ///
    /// [`PrefixError`] if it is too long, or has other characters than URLs and listings leave as they are.
    pub fn new(bucket: impl Into<String>, prefix: &str) -> Result<Self, PrefixError> {
        if prefix.is_empty() {
            return Ok(Self::of_bucket(bucket));
        }
        let folder = prefix.strip_suffix('/').unwrap_or(prefix);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
        let addressable = folder.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
        if folder.len() < MAX_PREFIX_BYTES && folder.bytes().all(plain) && addressable {
            return Ok(Self { bucket: bucket.into(), prefix: format!("{folder}/") });
        }
        Err(PrefixError { prefix: prefix.to_owned() })
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What all keys begin with: empty, or with a slash at its end.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The bucket's key of what is called `relative` here.
    pub fn key(&self, relative: &str) -> String {
        format!("{}{relative}", self.prefix)
    }

    /// What the bucket's `key` is called here; `None` if it lies elsewhere in the bucket.
    pub fn relative<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(self.prefix.as_str())
    }

    /// Whether the object `key` of `bucket` lies here.
    pub fn holds(&self, bucket: &str, key: &str) -> bool {
        self.bucket == bucket && self.relative(key).is_some()
    }
}

impl FromStr for DerivedPlace {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((bucket, prefix)) => Self::new(bucket, prefix),
            None => Ok(Self::of_bucket(text)),
        }
    }
}

impl fmt::Display for DerivedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bucket)?;
        match self.prefix.strip_suffix('/') {
            Some(folder) => write!(f, "/{folder}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{MAX_SOURCE_KEY_BYTES, rendition_key, rendition_path};

    #[test]
    fn a_prefix_is_put_before_keys_and_taken_off_again() {
        let place: DerivedPlace = "site/derived/".parse().unwrap();
        assert_eq!(place, DerivedPlace::new("site", "derived").unwrap());
        assert_eq!(
            (place.bucket(), place.prefix(), place.to_string().as_str()),
            ("site", "derived/", "site/derived")
        );
        assert_eq!(place.key("a.jpg/manifest.json"), "derived/a.jpg/manifest.json");
        assert_eq!(place.relative("derived/a.jpg/manifest.json"), Some("a.jpg/manifest.json"));
        assert_eq!(place.relative("derived.jpg"), None);
        assert!(
            place.holds("site", "derived/a")
                && !place.holds("site", "a")
                && !place.holds("other", "derived/a")
        );
    }

    #[test]
    fn without_a_prefix_it_is_the_whole_bucket() {
        let place: DerivedPlace = "derived".parse().unwrap();
        assert_eq!(place, DerivedPlace::of_bucket("derived"));
        assert_eq!(
            (place.key("a").as_str(), place.relative("a"), place.to_string().as_str()),
            ("a", Some("a"), "derived")
        );
        assert_eq!("derived/".parse(), Ok(place));
    }

    #[test]
    fn prefixes_that_would_not_come_back_are_refused() {
        for prefix in
            ["/", "//", "/a", "a//b", "a/../b", ".", "a b", "ü", "a?b", "%41", &"a".repeat(MAX_PREFIX_BYTES)]
        {
            let refused = DerivedPlace::new("b", prefix).unwrap_err();
            assert!(refused.to_string().contains(&format!("{prefix:?}")), "{refused}");
        }
    }

    #[test]
    fn the_longest_key_below_the_longest_prefix_is_one_that_s3_takes() {
        let place = DerivedPlace::new("b", &"p".repeat(MAX_PREFIX_BYTES - 1)).unwrap();
        let path = rendition_path("0123456789abcdef", 65_535, "01234567", "webp");
        let key = place.key(&rendition_key(&"k".repeat(MAX_SOURCE_KEY_BYTES), &path));
        assert!(key.len() <= 1024, "{}", key.len());
    }
}
