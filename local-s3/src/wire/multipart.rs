use std::collections::BTreeMap;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart as NamedPart,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, Initiator, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, MultipartUpload, StorageClass,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::attributes::{attributes_of, etag};
use super::bucket::owner;
use super::digest::{checksums_of, set_checksums};
use super::list::{Encoder, limit, said};
use super::put::{check_key, version_header};
use super::{Api, origin, timestamp};
use crate::checksum::{Algorithm, Kind};
use crate::storage::{
    Bucket, CompletedPart, Fault, Listing, Marker, Object, Upload, WholeChecksum, WriteCondition,
};

pub(super) async fn create_multipart_upload(
    api: &Api,
    mut request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let input = &mut request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    check_key(&input.key)?;
    let checksum = asked_checksum(input.checksum_algorithm.as_ref(), input.checksum_type.as_ref())?;
    let attributes = attributes_of!(input)?;
    let upload = api.store.create_upload(&bucket, input.key.clone(), attributes, checksum).await?;
    let (checksum_algorithm, checksum_type) = checksum_fields(&upload);
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(upload.id.clone()),
        checksum_algorithm,
        checksum_type,
        ..CreateMultipartUploadOutput::default()
    }))
}

fn asked_checksum(
    algorithm: Option<&ChecksumAlgorithm>,
    kind: Option<&ChecksumType>,
) -> S3Result<Option<(Algorithm, Kind)>> {
    let Some(name) = algorithm.map(ChecksumAlgorithm::as_str) else {
        return match kind {
            None => Ok(None),
            Some(_) => Err(s3_error!(InvalidRequest, "x-amz-checksum-type needs x-amz-checksum-algorithm.")),
        };
    };
    let Some(algorithm) = Algorithm::from_name(name) else {
        return Err(s3_error!(InvalidRequest, "Checksum algorithm provided is unsupported: {}", name));
    };
    let kind = asked_kind(kind)?.unwrap_or(algorithm.default_kind());
    if !algorithm.allows(kind) {
        return Err(s3_error!(
            InvalidRequest,
            "The {} checksum type cannot be used with the {} checksum algorithm.",
            kind.name(),
            algorithm.name()
        ));
    }
    Ok(Some((algorithm, kind)))
}

fn asked_kind(kind: Option<&ChecksumType>) -> S3Result<Option<Kind>> {
    match kind.map(ChecksumType::as_str) {
        None => Ok(None),
        Some(ChecksumType::FULL_OBJECT) => Ok(Some(Kind::FullObject)),
        Some(ChecksumType::COMPOSITE) => Ok(Some(Kind::Composite)),
        Some(other) => Err(s3_error!(InvalidRequest, "Value for x-amz-checksum-type is invalid: {}", other)),
    }
}

/// An upload's checksum as answers name it.
pub(super) fn checksum_fields(upload: &Upload) -> (Option<ChecksumAlgorithm>, Option<ChecksumType>) {
    let (algorithm, kind) = upload.checksum().unzip();
    (
        algorithm.map(|algorithm| ChecksumAlgorithm::from(algorithm.name().to_owned())),
        kind.map(|kind| ChecksumType::from(kind.name().to_owned())),
    )
}

pub(super) async fn complete_multipart_upload(
    api: &Api,
    mut request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let origin = origin(&request);
    let input = &mut request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    let upload = match api.store.upload(&input.bucket, &input.key, &input.upload_id) {
        Ok(upload) => upload,
        // Asked again, because the first answer was lost.
        Err(gone) => match bucket.completed(&input.key, &input.upload_id) {
            Some(object) => return Ok(S3Response::new(completed(&bucket, &object))),
            None => return Err(gone.into()),
        },
    };
    let parts = input.multipart_upload.take().and_then(|named| named.parts).unwrap_or_default();
    let parts = parts.into_iter().map(named_part).collect::<S3Result<Vec<_>>>()?;
    let whole = WholeChecksum {
        checksums: checksums_of!(input),
        kind: asked_kind(input.checksum_type.as_ref())?,
        size: input.mpu_object_size.and_then(|size| u64::try_from(size).ok()),
    };
    let condition = WriteCondition::of_etags(input.if_match.take(), input.if_none_match.take());
    let object = api.store.complete_upload(&bucket, &upload, parts, whole, condition, origin).await?;
    Ok(S3Response::new(completed(&bucket, &object)))
}

fn completed(bucket: &Bucket, object: &Object) -> CompleteMultipartUploadOutput {
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", bucket.name(), crate::key::listed(&object.key))),
        bucket: Some(bucket.name().to_owned()),
        key: Some(object.key.clone()),
        e_tag: Some(etag(&object.etag)),
        version_id: version_header(bucket, object),
        checksum_type: object.checksum_kind.map(|kind| ChecksumType::from(kind.name().to_owned())),
        ..CompleteMultipartUploadOutput::default()
    };
    set_checksums!(output, &object.checksums);
    output
}

fn named_part(mut part: NamedPart) -> S3Result<CompletedPart> {
    let number = part.part_number.and_then(|number| u32::try_from(number).ok());
    let number = number.ok_or_else(|| s3_error!(MalformedXML, "A part has no number."))?;
    let etag = part.e_tag.take().ok_or_else(|| s3_error!(MalformedXML, "Part {} has no ETag.", number))?;
    Ok(CompletedPart { number, etag: etag.into_value(), checksums: checksums_of!(part) })
}

pub(super) async fn abort_multipart_upload(
    api: &Api,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let input = request.input;
    api.store.bucket(&input.bucket)?;
    let upload = api.store.upload(&input.bucket, &input.key, &input.upload_id)?;
    match api.store.abort_upload(&upload).await {
        Ok(()) => Ok(S3Response::new(AbortMultipartUploadOutput::default())),
        // Somebody else ended it meanwhile.
        Err(_) if api.store.upload(&input.bucket, &input.key, &input.upload_id).is_err() => {
            Err(Fault::NoSuchUpload.into())
        }
        Err(fault) => Err(fault.into()),
    }
}

pub(super) async fn list_multipart_uploads(
    api: &Api,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    api.store.bucket(&input.bucket)?;
    let encoder = Encoder::new(input.encoding_type.as_ref())?;
    let key_marker = input.key_marker.clone().unwrap_or_default();
    let limit = limit(input.max_uploads)?;
    let mut uploads = api.store.uploads_in(&input.bucket);
    // Within the marker's key, go on behind the marker's upload.
    let id_marker = input.upload_id_marker.as_deref().filter(|id| !id.is_empty()).map(Marker::read);
    let of_key = uploads.iter().filter(|upload| upload.key() == key_marker);
    let behind = id_marker.map(|marker| {
        marker.place(of_key.map(|upload| (upload.id.as_str(), upload.sequence()))).unwrap_or_default()
    });
    uploads.retain(|upload| match behind {
        Some(sequence) => (upload.key(), upload.sequence()) > (key_marker.as_str(), sequence),
        None => upload.key() > key_marker.as_str(),
    });
    // One entry an upload: the name under which the roll-up sorts it keeps equal keys apart, by age.
    let map: BTreeMap<String, _> = uploads
        .iter()
        .enumerate()
        .map(|(at, upload)| (format!("{}\0{at:012}", upload.key()), upload))
        .collect();
    let listing = Listing {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        // A common prefix as marker has been listed with all below it.
        after: key_marker.clone(),
        limit,
    };
    let listing = if behind.is_some() { Listing { after: String::new(), ..listing } } else { listing };
    let page = listing.roll(&map, |_, upload| Some((*upload).clone()));
    let truncated = page.next.is_some();
    let last = page.next.as_deref().map(|next| next.split('\0').next().unwrap_or_default().to_owned());
    let last_id = page
        .entries
        .last()
        .filter(|upload| last.as_deref() == Some(upload.key()))
        .map(|upload| Marker::write(&upload.id, upload.sequence()));
    let shown = page.entries.iter().map(|upload| {
        let (checksum_algorithm, checksum_type) = checksum_fields(upload);
        MultipartUpload {
            checksum_algorithm,
            checksum_type,
            initiated: Some(timestamp(upload.initiated_ms())),
            initiator: Some(Initiator { display_name: Some("local".into()), id: Some("local".into()) }),
            key: Some(encoder.text(upload.key())),
            owner: Some(owner()),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            upload_id: Some(upload.id.clone()),
        }
    });
    Ok(S3Response::new(ListMultipartUploadsOutput {
        uploads: Some(shown.collect()),
        bucket: Some(input.bucket),
        common_prefixes: encoder.prefixes(&page.prefixes),
        delimiter: encoder.optional(input.delimiter.as_deref()),
        encoding_type: input.encoding_type,
        is_truncated: Some(truncated),
        key_marker: Some(encoder.text(&key_marker)),
        max_uploads: said(limit),
        next_key_marker: encoder.optional(last.as_deref()),
        next_upload_id_marker: last_id,
        prefix: encoder.optional(input.prefix.as_deref()),
        upload_id_marker: input.upload_id_marker,
        ..ListMultipartUploadsOutput::default()
    }))
}
