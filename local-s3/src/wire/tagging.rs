use s3s::dto::{
    DeleteBucketTaggingInput, DeleteBucketTaggingOutput, DeleteObjectTaggingInput, DeleteObjectTaggingOutput,
    GetBucketTaggingInput, GetBucketTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
    PutBucketTaggingInput, PutBucketTaggingOutput, PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
    Tagging,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::Api;
use super::attributes::{BUCKET_TAGS, OBJECT_TAGS, check_tags};
use super::put::version_header;
use crate::storage;

pub(super) async fn get_object_tagging(
    api: &Api,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let input = request.input;
    let bucket = api.store.bucket(&input.bucket)?;
    let object = bucket.find(&input.key, input.version_id.as_deref()).map_err(|fault| api.missing(fault))?;
    let tag_set = object.attributes.tags.iter().cloned().map(shown).collect();
    Ok(S3Response::new(GetObjectTaggingOutput { tag_set, version_id: version_header(&bucket, &object) }))
}

pub(super) async fn put_object_tagging(
    api: &Api,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let input = request.input;
    let tags = check_tags(stored(input.tagging), OBJECT_TAGS)?;
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

pub(super) async fn get_bucket_tagging(
    api: &Api,
    request: S3Request<GetBucketTaggingInput>,
) -> S3Result<S3Response<GetBucketTaggingOutput>> {
    let tags = api.store.bucket(&request.input.bucket)?.tags();
    let tags = tags.ok_or_else(|| s3_error!(NoSuchTagSet, "The TagSet does not exist"))?;
    Ok(S3Response::new(GetBucketTaggingOutput { tag_set: tags.into_iter().map(shown).collect() }))
}

pub(super) async fn put_bucket_tagging(
    api: &Api,
    request: S3Request<PutBucketTaggingInput>,
) -> S3Result<S3Response<PutBucketTaggingOutput>> {
    let tags = check_tags(stored(request.input.tagging), BUCKET_TAGS)?;
    api.store.change_bucket(&request.input.bucket, |record| record.tags = Some(tags)).await?;
    Ok(S3Response::new(PutBucketTaggingOutput::default()))
}

pub(super) async fn delete_bucket_tagging(
    api: &Api,
    request: S3Request<DeleteBucketTaggingInput>,
) -> S3Result<S3Response<DeleteBucketTaggingOutput>> {
    api.store.change_bucket(&request.input.bucket, |record| record.tags = None).await?;
    Ok(S3Response::new(DeleteBucketTaggingOutput::default()))
}

fn shown(tag: storage::Tag) -> Tag {
    Tag { key: Some(tag.key), value: Some(tag.value) }
}

fn stored(tagging: Tagging) -> Vec<storage::Tag> {
    let tags = tagging.tag_set.into_iter();
    tags.map(|tag| storage::Tag { key: tag.key.unwrap_or_default(), value: tag.value.unwrap_or_default() })
        .collect()
}
