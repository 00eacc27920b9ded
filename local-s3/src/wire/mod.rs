//! S3's protocol: `s3s` reads and writes it, the files here say what each operation means for the storage.

mod access;
mod attributes;
mod broken;
mod bucket;
mod chunks;
mod condition;
mod copy;
mod cors;
mod delete;
mod digest;
mod explain;
mod fault;
mod front;
mod get;
mod guard;
mod host;
mod inflict;
mod list;
mod multipart;
mod part;
mod patience;
mod post;
mod put;
mod range;
mod relay;
mod signature;
mod summary;
mod tagging;
mod unsupported;
mod versions;
mod web_origin;
mod xml;

use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result};

pub(crate) use front::Wire;
pub use web_origin::{InvalidOrigin, WebOrigin};

use access::Admitted;

use crate::event::Origin;
use crate::storage::Store;

/// The S3 operations over a [`Store`].
#[derive(Debug, Clone)]
struct Api {
    store: Arc<Store>,
    hide_missing_keys: bool,
}

/// What the front knows of a request and the operations want to know.
#[derive(Debug, Clone, Default)]
struct Call {
    request_id: String,
    source_ip: String,
}

/// Who asks, for the event.
fn origin<T>(request: &S3Request<T>) -> Origin {
    let call = request.extensions.get::<Call>().cloned().unwrap_or_default();
    let signer = request.credentials.as_ref().map(|keys| keys.access_key.as_str());
    let signer = signer.or_else(|| Some(request.extensions.get::<Admitted>()?.access_key.as_str()));
    Origin {
        request_id: call.request_id,
        source_ip: call.source_ip,
        principal: format!("AWS:{}", signer.unwrap_or_default()),
    }
}

fn timestamp(unix_ms: u64) -> Timestamp {
    // HTTP dates have whole seconds; every other place says the same.
    std::time::SystemTime::UNIX_EPOCH
        .checked_add(std::time::Duration::from_secs(unix_ms / 1000))
        .unwrap_or(std::time::SystemTime::UNIX_EPOCH)
        .into()
}

/// A size as the protocol's signed numbers have it.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

macro_rules! operations {
    ($($name:ident($input:ident) -> $output:ident = $function:path;)*) => {
        #[async_trait::async_trait]
        impl S3 for Api {
            $(
                async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                    $function(self, request).await
                }
            )*
        }
    };
}

operations! {
    list_buckets(ListBucketsInput) -> ListBucketsOutput = bucket::list_buckets;
    create_bucket(CreateBucketInput) -> CreateBucketOutput = bucket::create_bucket;
    head_bucket(HeadBucketInput) -> HeadBucketOutput = bucket::head_bucket;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = bucket::delete_bucket;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = bucket::get_bucket_location;
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput = bucket::get_bucket_versioning;
    put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput = bucket::put_bucket_versioning;
    get_bucket_accelerate_configuration(GetBucketAccelerateConfigurationInput)
        -> GetBucketAccelerateConfigurationOutput = bucket::get_bucket_accelerate_configuration;
    get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput = cors::get_bucket_cors;
    put_bucket_cors(PutBucketCorsInput) -> PutBucketCorsOutput = cors::put_bucket_cors;
    delete_bucket_cors(DeleteBucketCorsInput) -> DeleteBucketCorsOutput = cors::delete_bucket_cors;
    get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput = tagging::get_bucket_tagging;
    put_bucket_tagging(PutBucketTaggingInput) -> PutBucketTaggingOutput = tagging::put_bucket_tagging;
    delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput = tagging::delete_bucket_tagging;

    get_object_attributes(GetObjectAttributesInput)
        -> GetObjectAttributesOutput = summary::get_object_attributes;
    get_object(GetObjectInput) -> GetObjectOutput = get::get_object;
    put_object(PutObjectInput) -> PutObjectOutput = put::put_object;
    head_object(HeadObjectInput) -> HeadObjectOutput = get::head_object;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput = delete::delete_object;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = delete::delete_objects;
    copy_object(CopyObjectInput) -> CopyObjectOutput = copy::copy_object;
    get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput = tagging::get_object_tagging;
    put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput = tagging::put_object_tagging;
    delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput = tagging::delete_object_tagging;

    list_objects(ListObjectsInput) -> ListObjectsOutput = list::list_objects;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = list::list_objects_v2;
    list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput = versions::list_object_versions;

    create_multipart_upload(CreateMultipartUploadInput)
        -> CreateMultipartUploadOutput = multipart::create_multipart_upload;
    complete_multipart_upload(CompleteMultipartUploadInput)
        -> CompleteMultipartUploadOutput = multipart::complete_multipart_upload;
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput = multipart::abort_multipart_upload;
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput = multipart::list_multipart_uploads;
    upload_part(UploadPartInput) -> UploadPartOutput = part::upload_part;
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput = part::upload_part_copy;
    list_parts(ListPartsInput) -> ListPartsOutput = part::list_parts;
}
