//! Lists the originals below a prefix.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::list_objects_v2::{ListObjectsV2Error, ListObjectsV2Output};
use aws_sdk_s3::types::EncodingType;
use futures::stream::{self, Stream, StreamExt};
use percent_encoding::percent_decode_str;

use crate::failure::Failure;
use crate::original::Original;
use crate::place::Place;
use crate::store::Store;

/// Returns the pages of `bucket` with keys that begin with `prefix`, in whichever Unicode spelling. A key is listed once,
/// since no spelling of a text begins with another spelling of it.
pub(crate) fn pages(
    store: &Store,
    bucket: &str,
    prefix: &str,
) -> impl Stream<Item = Result<ListObjectsV2Output, SdkError<ListObjectsV2Error>>> + Unpin + use<> {
    let requests: Vec<_> = cli_support::spellings(prefix)
        .into_iter()
        // Without encoding, XML cannot hold every key.
        .map(|prefix| {
            let request = store.client.list_objects_v2().bucket(bucket).prefix(prefix);
            request.encoding_type(EncodingType::Url)
        })
        .collect();
    let pages = stream::iter(requests).flat_map(|request| {
        let pages = request.into_paginator().send();
        stream::unfold(pages, |mut pages| async move { Some((pages.next().await?, pages)) })
    });
    Box::pin(pages)
}

/// Returns the failure of a listing.
pub(crate) fn failure(error: &SdkError<ListObjectsV2Error>, bucket: &str, store: &Store) -> Failure {
    Failure::of_request(error, bucket, store).needing("s3:ListBucket", bucket)
}

/// Returns the objects of a page.
pub(crate) fn objects(page: &ListObjectsV2Output) -> impl Iterator<Item = (String, Original)> {
    let is_encoded = page.encoding_type() == Some(&EncodingType::Url);
    page.contents().iter().filter_map(move |object| {
        let key = object.key()?;
        let key = if is_encoded { decode(key) } else { key.to_owned() };
        Some((key, Original::new(object.e_tag(), None, object.size(), object.last_modified())))
    })
}

/// Returns `true` for an empty object that stands for a folder, as S3's console makes them.
pub(crate) fn is_folder(key: &str, original: &Original) -> bool {
    key.ends_with('/') && original.bytes == 0
}

/// Originals below a prefix.
#[derive(Debug, Default)]
pub(crate) struct Below {
    pub(crate) originals: Vec<Place>,
    /// Empty objects that stand for folders.
    pub(crate) folders: Vec<Place>,
    /// The bucket has more than were asked for.
    pub(crate) more: bool,
}

/// Returns at most `most` originals of `bucket` below `prefix`.
///
/// # Errors
///
/// A [`Failure`] if they cannot be listed.
pub(crate) async fn below(store: &Store, bucket: &str, prefix: &str, most: usize) -> Result<Below, Failure> {
    let mut below = Below::default();
    let mut pages = pages(store, bucket, prefix);
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failure(&error, bucket, store))?;
        for (key, original) in objects(&page).filter(|(key, _)| !store.derived.holds(bucket, key)) {
            let is_folder = is_folder(&key, &original);
            let place = Place { bucket: bucket.to_owned(), key };
            if is_folder {
                below.folders.push(place);
            } else if below.originals.len() < most {
                below.originals.push(place);
            } else {
                return Ok(Below { more: true, ..below });
            }
        }
    }
    Ok(below)
}

/// Decodes a key of a listing with `encoding-type=url`, in which a plus is a space.
fn decode(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_keys_are_decoded_once() {
        assert_eq!(decode("a%2Bb+c%C3%BC%2520.jpg"), "a+b cü%20.jpg");
    }
}
