use s3s::dto::{
    Bucket, BucketLocationConstraint, BucketVersioningStatus, CreateBucketInput, CreateBucketOutput,
    DeleteBucketInput, DeleteBucketOutput, GetBucketAccelerateConfigurationInput,
    GetBucketAccelerateConfigurationOutput, GetBucketLocationInput, GetBucketLocationOutput,
    GetBucketVersioningInput, GetBucketVersioningOutput, HeadBucketInput, HeadBucketOutput, ListBucketsInput,
    ListBucketsOutput, Owner, PutBucketVersioningInput, PutBucketVersioningOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::list::{decode_token, encode_token};
use super::{Api, timestamp};
use crate::storage::{Fault, Versioning};

const OLDEST_REGION: &str = "us-east-1";

/// The id of the owner of everything.
pub(super) const OWNER: &str = "local";

/// Describes the owner of everything.
pub(super) fn owner() -> Owner {
    Owner { display_name: Some(OWNER.to_owned()), id: Some(OWNER.to_owned()) }
}

pub(super) async fn list_buckets(
    api: &Api,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let input = request.input;
    let limit = match input.max_buckets.map(usize::try_from) {
        None => usize::MAX,
        Some(Ok(limit @ 1..=10_000)) => limit,
        Some(_) => {
            return Err(s3_error!(
                InvalidArgument,
                "Argument max-buckets must be an integer between 1 and 10000"
            ));
        }
    };
    let after = input.continuation_token.as_deref().map(decode_token).transpose()?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let is_region = input.bucket_region.as_deref().is_none_or(|region| region == api.store.region());
    let buckets = api.store.buckets();
    let mut found = buckets
        .iter()
        .filter(|bucket| is_region && bucket.name().starts_with(prefix))
        .filter(|bucket| after.as_deref().is_none_or(|after| bucket.name() > after));
    let shown: Vec<Bucket> = found
        .by_ref()
        .take(limit)
        .map(|bucket| Bucket {
            name: Some(bucket.name().to_owned()),
            creation_date: Some(timestamp(bucket.created_ms())),
            bucket_region: input.max_buckets.map(|_| api.store.region().to_owned()),
        })
        .collect();
    let last = shown.last().and_then(|bucket| bucket.name.as_deref());
    let continuation_token = found.next().and(last).map(encode_token);
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(shown),
        continuation_token,
        owner: Some(owner()),
        prefix: input.prefix,
    }))
}

pub(super) async fn create_bucket(
    api: &Api,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let name = request.input.bucket;
    match api.store.create_bucket(&name).await {
        Ok(_) => {}
        // The oldest region answers as it did before there were others.
        Err(Fault::BucketExists) if api.store.region() == OLDEST_REGION => {}
        Err(fault) => return Err(fault.into()),
    }
    Ok(S3Response::new(CreateBucketOutput { location: Some(format!("/{name}")) }))
}

pub(super) async fn head_bucket(
    api: &Api,
    request: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    api.store.bucket(&request.input.bucket)?;
    let bucket_region = Some(api.store.region().to_owned());
    Ok(S3Response::new(HeadBucketOutput { bucket_region, ..Default::default() }))
}

pub(super) async fn delete_bucket(
    api: &Api,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    api.store.delete_bucket(&request.input.bucket).await?;
    Ok(S3Response::new(DeleteBucketOutput {}))
}

pub(super) async fn get_bucket_location(
    api: &Api,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    api.store.bucket(&request.input.bucket)?;
    // The oldest region has no name here.
    let region = Some(api.store.region()).filter(|region| *region != OLDEST_REGION);
    let location_constraint = region.map(|region| BucketLocationConstraint::from(region.to_owned()));
    Ok(S3Response::new(GetBucketLocationOutput { location_constraint }))
}

pub(super) async fn get_bucket_versioning(
    api: &Api,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<S3Response<GetBucketVersioningOutput>> {
    let status = match api.store.bucket(&request.input.bucket)?.versioning() {
        Versioning::Off => None,
        Versioning::Enabled => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED)),
        Versioning::Suspended => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::SUSPENDED)),
    };
    Ok(S3Response::new(GetBucketVersioningOutput { status, ..Default::default() }))
}

pub(super) async fn put_bucket_versioning(
    api: &Api,
    request: S3Request<PutBucketVersioningInput>,
) -> S3Result<S3Response<PutBucketVersioningOutput>> {
    let status = request.input.versioning_configuration.status;
    let versioning = match status.as_ref().map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        _ => {
            let message = "The Versioning element must be specified: Enabled or Suspended";
            return Err(s3_error!(IllegalVersioningConfigurationException, "{}", message));
        }
    };
    api.store.change_bucket(&request.input.bucket, move |record| record.versioning = versioning).await?;
    Ok(S3Response::new(PutBucketVersioningOutput {}))
}

/// Acceleration is a property of AWS's network: never on here, and no status means just that.
pub(super) async fn get_bucket_accelerate_configuration(
    api: &Api,
    request: S3Request<GetBucketAccelerateConfigurationInput>,
) -> S3Result<S3Response<GetBucketAccelerateConfigurationOutput>> {
    api.store.bucket(&request.input.bucket)?;
    Ok(S3Response::new(GetBucketAccelerateConfigurationOutput::default()))
}
