use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETagCondition, Error, Timestamp,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::digest::Promise;
use super::put::check_key;
use super::{Api, origin};
use crate::storage::{Removal, WriteCondition};

/// S3's limit for one `DeleteObjects`.
const MOST: usize = 1000;

pub(super) async fn delete_object(
    api: &Api,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let origin = origin(&request);
    let input = request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    let condition = condition(input.if_match, input.if_match_size, input.if_match_last_modified_time)?;
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

/// The condition of a removal.
fn condition(
    if_match: Option<ETagCondition>,
    size: Option<i64>,
    modified: Option<Timestamp>,
) -> S3Result<WriteCondition> {
    let invalid =
        |what: &str| s3_error!(InvalidArgument, "The {} of a conditional removal is not valid.", what);
    let if_size = size.map(u64::try_from).transpose().map_err(|_| invalid("size"))?;
    let modified = modified.map(|at| u64::try_from(time::OffsetDateTime::from(at).unix_timestamp()));
    let if_modified_at = modified.transpose().map_err(|_| invalid("last modified time"))?;
    Ok(WriteCondition { if_match, if_none_match: None, if_size, if_modified_at })
}

/// Removes up to 1,000 objects. The relay has compared the body with the checksum that S3 demands here.
pub(super) async fn delete_objects(
    api: &Api,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let origin = origin(&request);
    if !Promise::read(&request.headers, None)?.has_checksum() {
        return Err(s3_error!(InvalidRequest, "Missing required header for this request: Content-MD5"));
    }
    let input = request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    let wanted = input.delete.objects;
    if wanted.is_empty() || wanted.len() > MOST || wanted.iter().any(|object| object.key.is_empty()) {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate: DeleteObjects takes 1 to {} keys, none empty.",
            MOST
        ));
    }
    let (mut gone, mut errors) = (Vec::new(), Vec::new());
    let mut removals = Vec::with_capacity(wanted.len());
    for object in wanted {
        let if_match = object.e_tag.map(ETagCondition::ETag);
        let condition = condition(if_match, object.size, object.last_modified_time)?;
        match check_key(&object.key) {
            Ok(()) => removals.push(Removal { key: object.key, version: object.version_id, condition }),
            Err(error) => errors.push(refused(object.key, object.version_id, error)),
        }
    }
    let names: Vec<_> =
        removals.iter().map(|removal| (removal.key.clone(), removal.version.clone())).collect();
    let outcomes = api.store.delete_batch(&bucket, removals, origin).await?;
    for ((key, version), outcome) in names.into_iter().zip(outcomes) {
        match outcome {
            Ok(deleted) => {
                let deleted = deleted.unwrap_or_default();
                gone.push(DeletedObject {
                    delete_marker: deleted.delete_marker.then_some(true),
                    delete_marker_version_id: deleted.version_id.filter(|_| deleted.delete_marker),
                    key: Some(key),
                    version_id: version,
                });
            }
            Err(fault) => errors.push(refused(key, version, fault.into())),
        }
    }
    let quiet = input.delete.quiet.unwrap_or(false);
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: (!quiet).then_some(gone),
        errors: (!errors.is_empty()).then_some(errors),
        ..DeleteObjectsOutput::default()
    }))
}

fn refused(key: String, version_id: Option<String>, error: S3Error) -> Error {
    Error {
        code: Some(error.code().as_str().to_owned()),
        key: Some(key),
        message: error.message().map(str::to_owned),
        version_id,
    }
}
