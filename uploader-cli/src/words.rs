//! Words for failed HEAD requests. Their answers have no body, so S3 cannot say what is wrong.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::head_object::HeadObjectError;

use crate::failure::Failure;
use crate::store::Store;

/// Returns why the HEAD request for `key` failed with `error`. Asks for the first byte of the object, which needs the same
/// permission, because a failed GET has words: expired credentials, for example, are a bare 400 for HEAD.
pub(crate) async fn of_head(
    store: &Store,
    bucket: &str,
    key: &str,
    error: &SdkError<HeadObjectError>,
) -> Failure {
    let without_words = Failure::of_request(error, bucket, store);
    if !matches!(error, SdkError::ServiceError(_)) || error.code().is_some_and(|code| code != "NotFound") {
        return without_words;
    }
    let again = store.client.get_object().bucket(bucket).key(key).range("bytes=0-0").send().await;
    match again {
        // A redirect may name the region for HEAD only.
        Err(error) if error.code().is_some() => Failure::of_request(&error, bucket, store),
        _ => without_words,
    }
}
