use std::ops::Range as Bytes;

use s3s::dto::{
    CopyPartResult, ListPartsInput, ListPartsOutput, Part, Range, StorageClass, UploadPartCopyInput,
    UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::attributes::etag;
use super::bucket::owner;
use super::condition::ReadCondition;
use super::copy::Source;
use super::digest::{BODY_LIMIT, Promise, set_checksums};
use super::list::{limit, said};
use super::multipart::checksum_fields;
use super::{Api, signed, timestamp};
use crate::storage::{Incoming, Upload};

fn part_number(number: i32) -> S3Result<u32> {
    match u32::try_from(number) {
        Ok(number @ 1..=10_000) => Ok(number),
        _ => Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive")),
    }
}

pub(super) async fn upload_part(
    api: &Api,
    mut request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let input = &mut request.input;
    api.store.bucket(&input.bucket)?;
    let upload = api.store.upload(&input.bucket, &input.key, &input.upload_id)?;
    let number = part_number(input.part_number)?;
    let promise = Promise::read(&request.headers, input.content_length)?;
    refuse_other_checksum(&upload, &promise)?;
    let trailers = request.trailing_headers.take();
    let body = promise.receive(api.store.layout(), input.body.take(), trailers, [upload.algorithm()]).await?;
    let part = api.store.put_part(&upload, number, body).await?;
    let mut output = UploadPartOutput { e_tag: Some(etag(&part.etag())), ..UploadPartOutput::default() };
    set_checksums!(output, &part.checksums);
    Ok(S3Response::new(output))
}

/// Parts of an upload that was begun with a checksum algorithm must not come with another.
fn refuse_other_checksum(upload: &Upload, promise: &Promise) -> S3Result<()> {
    let expected = upload.checksum().map(|(algorithm, _)| algorithm);
    match (expected, promise.algorithm()) {
        (Some(expected), Some(actual)) if expected != actual => Err(s3_error!(
            InvalidRequest,
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            expected.name(),
            actual.name()
        )),
        _ => Ok(()),
    }
}

pub(super) async fn upload_part_copy(
    api: &Api,
    mut request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let input = &mut request.input;
    api.store.bucket(&input.bucket)?;
    let upload = api.store.upload(&input.bucket, &input.key, &input.upload_id)?;
    let number = part_number(input.part_number)?;
    let condition = ReadCondition {
        if_match: input.copy_source_if_match.take(),
        if_none_match: input.copy_source_if_none_match.take(),
        if_modified_since: input.copy_source_if_modified_since.take(),
        if_unmodified_since: input.copy_source_if_unmodified_since.take(),
    };
    let source = Source::open(api, &input.copy_source, &condition).await?;
    let bytes = source_range(input.copy_source_range.as_deref(), source.opened.object.size)?;
    let copied_version = source.version();
    let stream = source.opened.stream(bytes).await?;
    let body = Incoming::receive(api.store.layout(), stream, [upload.algorithm()], BODY_LIMIT).await?;
    let part = api.store.put_part(&upload, number, body).await?;
    let mut result = CopyPartResult {
        e_tag: Some(etag(&part.etag())),
        last_modified: Some(timestamp(part.last_modified_ms)),
        ..CopyPartResult::default()
    };
    set_checksums!(result, &part.checksums);
    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(result),
        copy_source_version_id: copied_version,
        ..UploadPartCopyOutput::default()
    }))
}

/// Unlike GET's range, the source's must lie within it and have both ends.
fn source_range(range: Option<&str>, size: u64) -> S3Result<Bytes<u64>> {
    let Some(text) = range else {
        return Ok(0..size);
    };
    match Range::parse(text) {
        Ok(Range::Int { first, last: Some(last) }) if last < size => Ok(first..last + 1),
        Ok(Range::Int { last: Some(_), .. }) => {
            Err(s3_error!(InvalidRange, "Range specified is not valid for source object of size: {}", size))
        }
        _ => Err(s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy"
        )),
    }
}

pub(super) async fn list_parts(
    api: &Api,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    api.store.bucket(&input.bucket)?;
    let upload = api.store.upload(&input.bucket, &input.key, &input.upload_id)?;
    let limit = limit(input.max_parts)?;
    let marker = input.part_number_marker.and_then(|marker| u32::try_from(marker).ok()).unwrap_or(0);
    let mut parts: Vec<_> = upload.parts().into_iter().filter(|part| part.number > marker).collect();
    let truncated = parts.len() > limit;
    parts.truncate(limit);
    let next = parts.last().and_then(|part| i32::try_from(part.number).ok());
    let shown = parts.iter().map(|part| {
        let mut shown = Part {
            e_tag: Some(etag(&part.etag())),
            last_modified: Some(timestamp(part.last_modified_ms)),
            part_number: i32::try_from(part.number).ok(),
            size: Some(signed(part.size)),
            ..Part::default()
        };
        if upload.checksum().is_some() {
            set_checksums!(shown, &part.checksums);
        }
        shown
    });
    let (checksum_algorithm, checksum_type) = checksum_fields(&upload);
    Ok(S3Response::new(ListPartsOutput {
        parts: Some(shown.collect()),
        bucket: Some(input.bucket),
        checksum_algorithm,
        checksum_type,
        is_truncated: Some(truncated),
        key: Some(input.key),
        max_parts: said(limit),
        next_part_number_marker: next.filter(|_| truncated),
        owner: Some(owner()),
        part_number_marker: input.part_number_marker,
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        upload_id: Some(input.upload_id),
        ..ListPartsOutput::default()
    }))
}
