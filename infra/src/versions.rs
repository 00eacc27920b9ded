//! What lies in a bucket, version by version.

use aws_sdk_s3::types::EncodingType;
use percent_encoding::percent_decode_str;

use crate::account::Account;
use crate::failure::Failure;

/// One version of an object, or a mark that it was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) key: String,
    pub(crate) id: Option<String>,
    /// Whether one sees it without asking for versions.
    pub(crate) is_object: bool,
}

/// Up to a thousand of them.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) versions: Vec<Version>,
    /// Where the next one begins.
    pub(crate) next: Option<Marker>,
}

/// A place between two versions.
#[derive(Debug, Clone)]
pub(crate) struct Marker {
    key: Option<String>,
    id: Option<String>,
}

/// What lies in `bucket` from `marker` on.
///
/// # Errors
///
/// A [`Failure`] when S3 refuses.
pub(crate) async fn page(account: &Account, bucket: &str, marker: Option<Marker>) -> Result<Page, Failure> {
    let (key, id) = marker.map(|marker| (marker.key, marker.id)).unwrap_or_default();
    // Keys may hold what XML cannot.
    let request = account.s3.list_object_versions().bucket(bucket).encoding_type(EncodingType::Url);
    let page = request.set_key_marker(key).set_version_id_marker(id).send().await;
    let page =
        page.map_err(|error| Failure::of_request("S3", &format!("list what is in '{bucket}'"), &error))?;
    let is_encoded = page.encoding_type() == Some(&EncodingType::Url);
    let plain = |key: Option<&str>| {
        let key = key.unwrap_or_default();
        if is_encoded { decoded(key) } else { key.to_owned() }
    };
    let objects = page.versions().iter().map(|version| Version {
        key: plain(version.key()),
        id: version.version_id().map(str::to_owned),
        is_object: version.is_latest() == Some(true),
    });
    let marks = page.delete_markers().iter().map(|mark| Version {
        key: plain(mark.key()),
        id: mark.version_id().map(str::to_owned),
        is_object: false,
    });
    let versions = objects.chain(marks).collect();
    let next = (page.is_truncated() == Some(true)).then(|| Marker {
        key: page.next_key_marker().map(|key| plain(Some(key))),
        id: page.next_version_id_marker().map(str::to_owned),
    });
    Ok(Page { versions, next })
}

/// A key as a listing with `encoding-type=url` has it: a plus is a space.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_once() {
        assert_eq!(decoded("a+b%2Bc%07%2525.jpg"), "a b+c\u{7}%25.jpg");
    }
}
