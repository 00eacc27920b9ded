use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::{
    ChecksumAlgorithm, ChecksumType, CommonPrefix, EncodingType, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, Object, ObjectStorageClass,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::attributes::etag;
use super::bucket::owner;
use super::{Api, signed, timestamp};
use crate::key;
use crate::storage::{self, Listing};

/// The most entries of a page.
const MOST: usize = 1000;

/// How keys are written into a listing.
#[derive(Clone, Copy)]
pub(super) struct Encoder(bool);

impl Encoder {
    pub(super) fn new(asked: Option<&EncodingType>) -> S3Result<Self> {
        match asked.map(EncodingType::as_str) {
            None => Ok(Self(false)),
            Some(EncodingType::URL) => Ok(Self(true)),
            Some(_) => Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request")),
        }
    }

    pub(super) fn text(self, text: &str) -> String {
        if self.0 { key::listed(text) } else { text.to_owned() }
    }

    pub(super) fn optional(self, text: Option<&str>) -> Option<String> {
        text.map(|text| self.text(text))
    }

    pub(super) fn prefixes(self, prefixes: &[String]) -> Option<Vec<CommonPrefix>> {
        let prefixes: Vec<CommonPrefix> =
            prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(self.text(prefix)) }).collect();
        (!prefixes.is_empty()).then_some(prefixes)
    }
}

/// A page's size: 1,000 unless fewer are asked for.
pub(super) fn limit(asked: Option<i32>) -> S3Result<usize> {
    match asked {
        None => Ok(MOST),
        Some(asked) => match usize::try_from(asked) {
            Ok(asked) => Ok(asked.min(MOST)),
            Err(_) => Err(s3_error!(
                InvalidArgument,
                "Argument maxKeys must be an integer between 0 and 2147483647"
            )),
        },
    }
}

/// A page's size as the answer repeats it.
pub(super) fn said(limit: usize) -> Option<i32> {
    i32::try_from(limit).ok()
}

pub(super) async fn list_objects_v2(
    api: &Api,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    let encoder = Encoder::new(input.encoding_type.as_ref())?;
    let after = match &input.continuation_token {
        Some(token) => decode_token(token)?,
        None => input.start_after.clone().unwrap_or_default(),
    };
    let listing = Listing {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().filter(|delimiter| !delimiter.is_empty()),
        after,
        limit: limit(input.max_keys)?,
    };
    let page = bucket.list(&listing);
    let with_owner = input.fetch_owner.unwrap_or(false);
    let contents: Vec<Object> =
        page.entries.iter().map(|object| entry(object, encoder, with_owner)).collect();
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encoder.text(&listing.prefix)),
        max_keys: said(listing.limit),
        key_count: said(contents.len() + page.prefixes.len()),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_deref().map(encode_token),
        contents: Some(contents),
        common_prefixes: encoder.prefixes(&page.prefixes),
        delimiter: encoder.optional(listing.delimiter.as_deref()),
        encoding_type: input.encoding_type,
        start_after: encoder.optional(input.start_after.as_deref()),
        ..ListObjectsV2Output::default()
    }))
}

/// Makes a continuation token of the last name of a page.
pub(super) fn encode_token(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

pub(super) fn decode_token(token: &str) -> S3Result<String> {
    let decoded = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}

pub(super) async fn list_objects(
    api: &Api,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    let encoder = Encoder::new(input.encoding_type.as_ref())?;
    let listing = Listing {
        prefix: input.prefix.unwrap_or_default(),
        delimiter: input.delimiter.clone().filter(|delimiter| !delimiter.is_empty()),
        after: input.marker.clone().unwrap_or_default(),
        limit: limit(input.max_keys)?,
    };
    let page = bucket.list(&listing);
    let contents: Vec<Object> = page.entries.iter().map(|object| entry(object, encoder, true)).collect();
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoder.text(&listing.prefix)),
        marker: Some(encoder.text(&listing.after)),
        max_keys: said(listing.limit),
        is_truncated: Some(page.next.is_some()),
        contents: Some(contents),
        common_prefixes: encoder.prefixes(&page.prefixes),
        // S3 names the next marker only with a delimiter; without one the last key serves.
        next_marker: page.next.filter(|_| listing.delimiter.is_some()).map(|next| encoder.text(&next)),
        delimiter: encoder.optional(listing.delimiter.as_deref()),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    }))
}

fn entry(object: &storage::Object, encoder: Encoder, with_owner: bool) -> Object {
    Object {
        checksum_algorithm: algorithms(object),
        checksum_type: object.checksum_kind.map(|kind| ChecksumType::from(kind.name().to_owned())),
        e_tag: Some(etag(&object.etag)),
        key: Some(encoder.text(&object.key)),
        last_modified: Some(timestamp(object.last_modified_ms)),
        owner: with_owner.then(owner),
        size: Some(signed(object.size)),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..Object::default()
    }
}

pub(super) fn algorithms(object: &storage::Object) -> Option<Vec<ChecksumAlgorithm>> {
    let names: Vec<ChecksumAlgorithm> = object
        .checksums
        .keys()
        .map(|algorithm| ChecksumAlgorithm::from(algorithm.name().to_owned()))
        .collect();
    (!names.is_empty()).then_some(names)
}
