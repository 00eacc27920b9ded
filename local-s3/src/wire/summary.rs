use hyper::header::{CONTENT_LENGTH, HeaderValue};
use s3s::dto::{
    Checksum, ChecksumType, GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectAttributesParts,
    ObjectAttributes, ObjectPart, StorageClass,
};
use s3s::{Body, HttpResponse, S3Request, S3Response, S3Result, s3_error};

use super::attributes::etag;
use super::digest::set_checksums;
use super::list::{limit, said};
use super::put::version_header;
use super::{Api, signed, timestamp};
use crate::checksum::Checksums;
use crate::storage::Object;

const KNOWN: [&str; 5] = [
    ObjectAttributes::CHECKSUM,
    ObjectAttributes::ETAG,
    ObjectAttributes::OBJECT_PARTS,
    ObjectAttributes::OBJECT_SIZE,
    ObjectAttributes::STORAGE_CLASS,
];

/// Answers with the attributes that are asked for by name.
pub(super) async fn get_object_attributes(
    api: &Api,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<S3Response<GetObjectAttributesOutput>> {
    let input = request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    let names = input.object_attributes.iter().flat_map(|names| names.as_str().split(',').map(str::trim));
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    if names.is_empty() || names.iter().any(|name| !KNOWN.contains(name)) {
        return Err(s3_error!(InvalidArgument, "Invalid attribute name specified."));
    }
    let asks = |name: &str| names.contains(&name);
    let object = bucket.find(&input.key, input.version_id.as_deref()).map_err(|fault| api.missing(fault))?;
    let mut output = GetObjectAttributesOutput {
        last_modified: Some(timestamp(object.last_modified_ms)),
        version_id: version_header(&bucket, &object),
        ..GetObjectAttributesOutput::default()
    };
    if asks(ObjectAttributes::ETAG) {
        output.e_tag = Some(etag(&object.etag));
    }
    if asks(ObjectAttributes::OBJECT_SIZE) {
        output.object_size = Some(signed(object.size));
    }
    if asks(ObjectAttributes::STORAGE_CLASS) {
        output.storage_class = Some(StorageClass::from_static(StorageClass::STANDARD));
    }
    if asks(ObjectAttributes::CHECKSUM) && !object.checksums.is_empty() {
        let mut checksum = Checksum::default();
        set_checksums!(checksum, &object.checksums);
        checksum.checksum_type = object.checksum_kind.map(|kind| ChecksumType::from(kind.name().to_owned()));
        output.checksum = Some(checksum);
    }
    if asks(ObjectAttributes::OBJECT_PARTS) && !object.parts.is_empty() {
        let marker = input.part_number_marker.map(usize::try_from).transpose();
        let marker =
            marker.map_err(|_| s3_error!(InvalidArgument, "The part number marker is not valid."))?;
        output.object_parts = Some(parts(&object, limit(input.max_parts)?, marker.unwrap_or(0)));
    }
    Ok(S3Response::new(output))
}

/// Takes the quotes off the ETag in an answer of GetObjectAttributes, the one operation that has none there.
pub(super) fn unquote(answer: &mut HttpResponse) {
    let Some(bytes) = answer.body().bytes() else { return };
    let text = String::from_utf8_lossy(&bytes);
    let Some((before, (tag, after))) =
        text.split_once("<ETag>").and_then(|(before, rest)| Some((before, rest.split_once("</ETag>")?)))
    else {
        return;
    };
    let tag = tag.replace("&quot;", "").replace('"', "");
    let text = format!("{before}<ETag>{tag}</ETag>{after}");
    if answer.headers().contains_key(CONTENT_LENGTH) {
        answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    }
    *answer.body_mut() = Body::from(text);
}

/// Describes up to `limit` parts behind the part `marker`.
fn parts(object: &Object, limit: usize, marker: usize) -> GetObjectAttributesParts {
    let all = object.parts.iter().enumerate().skip(marker).take(limit);
    let algorithm = object.checksums.keys().next().copied();
    let shown: Vec<ObjectPart> = all
        .map(|(at, size)| {
            let mut part =
                ObjectPart { part_number: said(at + 1), size: Some(signed(*size)), ..ObjectPart::default() };
            if let (Some(algorithm), Some(digest)) = (algorithm, object.part_checksums.get(at)) {
                set_checksums!(part, &Checksums::from([(algorithm, digest.clone())]));
            }
            part
        })
        .collect();
    let last = marker + shown.len();
    GetObjectAttributesParts {
        is_truncated: Some(last < object.parts.len()),
        max_parts: said(limit),
        next_part_number_marker: said(last),
        part_number_marker: said(marker),
        parts: Some(shown),
        total_parts_count: said(object.parts.len()),
    }
}
