//! What a key on the command line means.

use manifest::check_source_key;

use crate::failure::Failure;
use crate::store::Store;

/// One original.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl Place {
    /// `text` as a key of the originals bucket, or as `s3://bucket/key`.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when there can be no original of this name.
    pub(crate) fn parse(text: &str, store: &Store) -> Result<Self, Failure> {
        let (bucket, key) = split(text).unwrap_or((&store.originals, text));
        if store.derived.holds(bucket, key) {
            return Err(Failure::new(
                "bucket",
                format!("'{}' is where the renditions lie", store.derived),
                format!("Give the key of the original, which is in '{}'.", store.originals),
            ));
        }
        check_source_key(key).map_err(|error| {
            Failure::new("key", error.to_string(), "`uploader ls` shows the keys there are.")
        })?;
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

impl Place {
    /// Returns the places at which an original of this name may be: as given, with its key in NFC, in NFD.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = Self> + use<> {
        let bucket = self.bucket.clone();
        cli_support::spellings(&self.key).into_iter().map(move |key| Self { bucket: bucket.clone(), key })
    }
}

/// The bucket and the rest of `s3://bucket/rest`; `None` if `text` is no such URL.
pub(crate) fn split(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("s3://")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_bucket_and_key() {
        assert_eq!(split("s3://b/k/x.jpg"), Some(("b", "k/x.jpg")));
        assert_eq!(split("s3://b"), Some(("b", "")));
        assert_eq!(split("b/k.jpg"), None);
    }
}
