use s3s::dto::{
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
    PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
};
use s3s::{S3Request, S3Response, S3Result};

use super::Api;
use super::attributes::check_tags;
use super::put::version_header;
use crate::storage;

pub(super) async fn get_object_tagging(
    api: &Api,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let input = request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    let object = bucket.find(&input.key, input.version_id.as_deref()).map_err(|fault| api.missing(fault))?;
    let tags = object.attributes.tags.iter();
    let tag_set =
        tags.map(|tag| Tag { key: Some(tag.key.clone()), value: Some(tag.value.clone()) }).collect();
    Ok(S3Response::new(GetObjectTaggingOutput { tag_set, version_id: version_header(&bucket, &object) }))
}

pub(super) async fn put_object_tagging(
    api: &Api,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let input = request.input;
    let tags = input.tagging.tag_set.into_iter();
    let tags = tags
        .map(|tag| storage::Tag { key: tag.key.unwrap_or_default(), value: tag.value.unwrap_or_default() });
    let tags = check_tags(tags.collect())?;
    let version_id = set(api, &input.bucket, &input.key, input.version_id.as_deref(), tags).await?;
    Ok(S3Response::new(PutObjectTaggingOutput { version_id }))
}

pub(super) async fn delete_object_tagging(
    api: &Api,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let input = request.input;
    let version_id = set(api, &input.bucket, &input.key, input.version_id.as_deref(), Vec::new()).await?;
    Ok(S3Response::new(DeleteObjectTaggingOutput { version_id }))
}

async fn set(
    api: &Api,
    bucket: &str,
    key: &str,
    version: Option<&str>,
    tags: Vec<storage::Tag>,
) -> S3Result<Option<String>> {
    let bucket = api.store.bucket(bucket)?;
    let object = api.store.set_tags(&bucket, key, version, tags).await.map_err(|fault| api.missing(fault))?;
    Ok(version_header(&bucket, &object))
}
