use std::ops::Range as Bytes;

use hyper::header::{CACHE_CONTROL, ETAG, EXPIRES, HeaderMap, HeaderValue, LAST_MODIFIED};
use s3s::dto::{
    ChecksumMode, ChecksumType, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, Range,
    StreamingBlob,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::attributes::{etag, expires};
use super::condition::{ReadCondition, Verdict};
use super::digest::set_checksums;
use super::fault::http_date;
use super::put::version_header;
use super::{Api, signed, timestamp};
use crate::checksum::Checksums;
use crate::storage::{Bucket, Fault, Object};

impl Api {
    /// A missing key's error, or what S3 says instead to those who may not list the bucket.
    pub(super) fn missing(&self, fault: Fault) -> S3Error {
        match fault {
            Fault::NoSuchKey | Fault::DeleteMarker { asked_for: false, .. } if self.hide_missing_keys => {
                s3_error!(AccessDenied, "Access Denied")
            }
            other => other.into(),
        }
    }
}

pub(super) async fn get_object(
    api: &Api,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let input = request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    let opened = api.store.open_object(&bucket, &input.key, input.version_id.as_deref()).await;
    let opened = opened.map_err(|fault| api.missing(fault))?;
    let object = opened.object.clone();
    let condition = ReadCondition {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    heed(&condition, &bucket, &object)?;
    let slice = Slice::of(&object, input.range, input.part_number)?;
    let head = describe(&bucket, &object, &slice, input.checksum_mode.as_ref());
    let body = StreamingBlob::wrap(opened.stream(slice.bytes).await?);
    let output = GetObjectOutput {
        body: Some(body),
        accept_ranges: head.accept_ranges,
        cache_control: head.cache_control,
        checksum_crc32: head.checksum_crc32,
        checksum_crc32c: head.checksum_crc32c,
        checksum_crc64nvme: head.checksum_crc64nvme,
        checksum_sha1: head.checksum_sha1,
        checksum_sha256: head.checksum_sha256,
        checksum_type: head.checksum_type,
        content_disposition: head.content_disposition,
        content_encoding: head.content_encoding,
        content_language: head.content_language,
        content_length: head.content_length,
        content_range: head.content_range,
        content_type: head.content_type,
        e_tag: head.e_tag,
        expires: head.expires,
        last_modified: head.last_modified,
        metadata: head.metadata,
        parts_count: head.parts_count,
        tag_count: (!object.attributes.tags.is_empty())
            .then(|| i32::try_from(object.attributes.tags.len()).unwrap_or(i32::MAX)),
        version_id: head.version_id,
        website_redirect_location: head.website_redirect_location,
        ..GetObjectOutput::default()
    };
    Ok(S3Response::new(output))
}

pub(super) async fn head_object(
    api: &Api,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    let object = bucket.find(&input.key, input.version_id.as_deref()).map_err(|fault| api.missing(fault))?;
    let condition = ReadCondition {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    heed(&condition, &bucket, &object)?;
    let slice = Slice::of(&object, input.range, input.part_number)?;
    let partial = slice.header.is_some();
    let mut response = S3Response::new(describe(&bucket, &object, &slice, input.checksum_mode.as_ref()));
    if partial {
        response.status = Some(hyper::StatusCode::PARTIAL_CONTENT);
    }
    // s3s has this one for GET only.
    if !object.attributes.tags.is_empty() {
        response.headers.insert("x-amz-tagging-count", HeaderValue::from(object.attributes.tags.len()));
    }
    Ok(response)
}

/// 304 carries what a cache needs to keep using what it has (RFC 9110 section 15.4.5).
fn heed(condition: &ReadCondition, bucket: &Bucket, object: &Object) -> S3Result<()> {
    match condition.check(object) {
        Verdict::Proceed => Ok(()),
        Verdict::Failed => Err(Fault::PreconditionFailed.into()),
        Verdict::NotModified => {
            let mut headers = HeaderMap::new();
            let mut add = |name, value: Option<HeaderValue>| value.map(|value| headers.insert(name, value));
            let text = |value: &str| HeaderValue::from_bytes(value.as_bytes()).ok();
            add(ETAG, text(&format!("\"{}\"", object.etag)));
            add(LAST_MODIFIED, http_date(object.last_modified_ms));
            let stored = &object.attributes.headers;
            add(CACHE_CONTROL, stored.cache_control.as_deref().and_then(text));
            let expires = stored.expires.and_then(|seconds| u64::try_from(seconds).ok());
            add(EXPIRES, expires.and_then(|seconds| http_date(seconds.saturating_mul(1000))));
            if let Some(version) = version_header(bucket, object).as_deref().and_then(text) {
                headers.insert("x-amz-version-id", version);
            }
            let mut error = S3Error::new(S3ErrorCode::NotModified);
            error.set_headers(headers);
            Err(error)
        }
    }
}

/// Which bytes are asked for.
struct Slice {
    bytes: Bytes<u64>,
    /// `Content-Range`, unless it is all of them.
    header: Option<String>,
    parts: Option<i32>,
}

impl Slice {
    fn of(object: &Object, range: Option<Range>, part: Option<i32>) -> S3Result<Self> {
        let size = object.size;
        let whole = Slice { bytes: 0..size, header: None, parts: None };
        let (bytes, parts) = match (range, part) {
            (None, None) => return Ok(whole),
            (Some(_), Some(_)) => {
                return Err(s3_error!(
                    InvalidRequest,
                    "Cannot specify both Range header and partNumber query parameter"
                ));
            }
            (Some(range), None) => match range.check(size) {
                Ok(bytes) => (bytes, None),
                Err(_) => return Err(unsatisfiable(size)),
            },
            (None, Some(number)) => {
                let sizes =
                    if object.parts.is_empty() { std::slice::from_ref(&object.size) } else { &object.parts };
                let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
                let Some(at) = at.filter(|at| *at < sizes.len()) else {
                    return Err(unsatisfiable(size));
                };
                let start: u64 = sizes[..at].iter().sum();
                let parts =
                    (!object.parts.is_empty()).then(|| i32::try_from(object.parts.len()).unwrap_or(i32::MAX));
                if size == 0 {
                    return Ok(whole);
                }
                (start..start + sizes[at], parts)
            }
        };
        let header = format!("bytes {}-{}/{size}", bytes.start, bytes.end.saturating_sub(1));
        Ok(Slice { bytes, header: Some(header), parts })
    }
}

fn unsatisfiable(size: u64) -> S3Error {
    let mut error = s3_error!(InvalidRange, "The requested range is not satisfiable");
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
        headers.insert(hyper::header::CONTENT_RANGE, value);
    }
    error.set_headers(headers);
    error
}

fn describe(
    bucket: &Bucket,
    object: &Object,
    slice: &Slice,
    mode: Option<&ChecksumMode>,
) -> HeadObjectOutput {
    let stored = &object.attributes.headers;
    let metadata = &object.attributes.metadata;
    let mut output = HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: stored.cache_control.clone(),
        content_disposition: stored.content_disposition.clone(),
        content_encoding: stored.content_encoding.clone(),
        content_language: stored.content_language.clone(),
        content_length: Some(signed(slice.bytes.end - slice.bytes.start)),
        content_range: slice.header.clone(),
        content_type: stored.content_type.clone(),
        e_tag: Some(etag(&object.etag)),
        expires: expires(stored.expires),
        last_modified: Some(timestamp(object.last_modified_ms)),
        metadata: (!metadata.is_empty()).then(|| metadata.clone().into_iter().collect()),
        parts_count: slice.parts,
        version_id: version_header(bucket, object),
        website_redirect_location: stored.website_redirect_location.clone(),
        ..HeadObjectOutput::default()
    };
    // The checksum is one of the whole, so it does not go with a part of it.
    if mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED) && slice.header.is_none() {
        let checksums: &Checksums = &object.checksums;
        set_checksums!(output, checksums);
        output.checksum_type = object.checksum_kind.map(|kind| ChecksumType::from(kind.name().to_owned()));
    }
    output
}
