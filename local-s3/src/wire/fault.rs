use hyper::header::{HeaderMap, HeaderValue, LAST_MODIFIED};
use s3s::dto::TimestampFormat;
use s3s::{S3Error, S3ErrorCode};

use super::timestamp;
use crate::storage::Fault;

impl From<Fault> for S3Error {
    fn from(fault: Fault) -> Self {
        let code = match &fault {
            Fault::NoSuchBucket => S3ErrorCode::NoSuchBucket,
            Fault::BucketExists => S3ErrorCode::BucketAlreadyOwnedByYou,
            Fault::BucketNotEmpty => S3ErrorCode::BucketNotEmpty,
            Fault::NoSuchKey => S3ErrorCode::NoSuchKey,
            Fault::DeleteMarker { asked_for: false, .. } => S3ErrorCode::NoSuchKey,
            Fault::DeleteMarker { asked_for: true, .. } => S3ErrorCode::MethodNotAllowed,
            Fault::NoSuchVersion => S3ErrorCode::NoSuchVersion,
            Fault::NoSuchUpload => S3ErrorCode::NoSuchUpload,
            Fault::PreconditionFailed => S3ErrorCode::PreconditionFailed,
            Fault::InvalidPart(_) => S3ErrorCode::InvalidPart,
            Fault::InvalidPartOrder => S3ErrorCode::InvalidPartOrder,
            Fault::PartTooSmall(_) => S3ErrorCode::EntityTooSmall,
            Fault::TooLarge(_) => S3ErrorCode::EntityTooLarge,
            Fault::BadDigest(_) => S3ErrorCode::BadDigest,
            Fault::IncompleteBody => S3ErrorCode::IncompleteBody,
            Fault::PayloadHash => S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()),
            Fault::ChunkSignature => S3ErrorCode::SignatureDoesNotMatch,
            Fault::InvalidRequest(_) => S3ErrorCode::InvalidRequest,
            Fault::Disk(crate::Error::BucketName(_)) => S3ErrorCode::InvalidBucketName,
            Fault::Disk(crate::Error::FolderTaken { .. }) => S3ErrorCode::BucketAlreadyExists,
            Fault::Internal(_) | Fault::Disk(_) => S3ErrorCode::InternalError,
        };
        let mut error = S3Error::with_message(code, fault.to_string());
        if matches!(fault, Fault::PayloadHash) {
            error.set_status_code(hyper::StatusCode::BAD_REQUEST);
        }
        if let Fault::DeleteMarker { version_id, asked_for, last_modified_ms } = fault {
            error.set_headers(marker_headers(&version_id, asked_for.then_some(last_modified_ms)));
        }
        error
    }
}

fn marker_headers(version_id: &str, last_modified_ms: Option<u64>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
    if let Ok(value) = HeaderValue::from_str(version_id) {
        headers.insert("x-amz-version-id", value);
    }
    if let Some(value) = last_modified_ms.and_then(http_date) {
        headers.insert(LAST_MODIFIED, value);
    }
    headers
}

/// A time as HTTP headers have it.
pub(super) fn http_date(unix_ms: u64) -> Option<HeaderValue> {
    let mut text = Vec::new();
    timestamp(unix_ms).format(TimestampFormat::HttpDate, &mut text).ok()?;
    HeaderValue::from_bytes(&text).ok()
}
