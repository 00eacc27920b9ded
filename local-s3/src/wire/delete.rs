use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETagCondition, Error,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::{Api, origin};
use crate::storage::WriteCondition;

/// S3's limit for one `DeleteObjects`.
const MOST: usize = 1000;

pub(super) async fn delete_object(
    api: &Api,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let origin = origin(&request);
    let input = request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    let condition = WriteCondition { if_match: input.if_match, if_none_match: None };
    let deleted =
        api.store.delete(&bucket, &input.key, input.version_id.as_deref(), condition, origin).await?;
    let output = match deleted {
        Some(deleted) => DeleteObjectOutput {
            delete_marker: deleted.delete_marker.then_some(true),
            version_id: deleted.version_id,
            ..DeleteObjectOutput::default()
        },
        None => DeleteObjectOutput { version_id: input.version_id, ..DeleteObjectOutput::default() },
    };
    Ok(S3Response::new(output))
}

pub(super) async fn delete_objects(
    api: &Api,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let origin = origin(&request);
    let input = request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    if input.delete.objects.is_empty() || input.delete.objects.len() > MOST {
        return Err(s3_error!(MalformedXML, "DeleteObjects takes 1 to {} keys", MOST));
    }
    let (mut gone, mut errors) = (Vec::new(), Vec::new());
    for wanted in input.delete.objects {
        let condition =
            WriteCondition { if_match: wanted.e_tag.map(ETagCondition::ETag), if_none_match: None };
        let version = wanted.version_id.as_deref();
        match api.store.delete(&bucket, &wanted.key, version, condition, origin.clone()).await {
            Ok(deleted) => {
                let deleted = deleted.unwrap_or_default();
                gone.push(DeletedObject {
                    delete_marker: deleted.delete_marker.then_some(true),
                    delete_marker_version_id: deleted.version_id.filter(|_| deleted.delete_marker),
                    key: Some(wanted.key),
                    version_id: wanted.version_id,
                });
            }
            Err(fault) => {
                let error = S3Error::from(fault);
                errors.push(Error {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(wanted.key),
                    message: error.message().map(str::to_owned),
                    version_id: wanted.version_id,
                });
            }
        }
    }
    let quiet = input.delete.quiet.unwrap_or(false);
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: (!quiet).then_some(gone),
        errors: (!errors.is_empty()).then_some(errors),
        ..DeleteObjectsOutput::default()
    }))
}
