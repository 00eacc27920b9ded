use s3s::dto::{ChecksumType, PutObjectInput, PutObjectOutput};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::attributes::{attributes_of, etag};
use super::digest::{Promise, set_checksums};
use super::{Api, origin};
use crate::checksum::Algorithm;
use crate::event::Happening;
use crate::key;
use crate::storage::{Bucket, NewObject, Object, Versioning, WriteCondition};

pub(super) async fn put_object(
    api: &Api,
    mut request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let origin = origin(&request);
    let bucket = api.store.bucket(&request.input.bucket)?;
    check_key(&request.input.key)?;
    let promise = Promise::read(&request.headers, request.input.content_length)?;
    let input = &mut request.input;
    let attributes = attributes_of!(input)?;
    let condition = WriteCondition::of_etags(input.if_match.take(), input.if_none_match.take());
    let default = promise.algorithm().is_none().then_some(Algorithm::Crc64Nvme);
    let body = promise
        .receive(api.store.layout(), input.body.take(), request.trailing_headers.take(), default)
        .await?;
    let new = NewObject::whole(body, attributes);
    let object = api.store.put(&bucket, &input.key, new, condition, Happening::Put, origin).await?;
    let mut output = PutObjectOutput {
        e_tag: Some(etag(&object.etag)),
        version_id: version_header(&bucket, &object),
        checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        ..PutObjectOutput::default()
    };
    set_checksums!(output, &object.checksums);
    Ok(S3Response::new(output))
}

pub(super) fn check_key(key: &str) -> S3Result<()> {
    if key.len() > key::MAX_BYTES {
        return Err(s3_error!(
            KeyTooLongError,
            "Your key has {} bytes; {} are allowed.",
            key.len(),
            key::MAX_BYTES
        ));
    }
    Ok(())
}

/// `x-amz-version-id`: none in a bucket that never had versions.
pub(super) fn version_header(bucket: &Bucket, object: &Object) -> Option<String> {
    (bucket.versioning() != Versioning::Off || object.version_id.is_some())
        .then(|| object.version_name().to_owned())
}
