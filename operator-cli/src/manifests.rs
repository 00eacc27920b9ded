//! Manifests as they lie in the derived bucket.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use manifest::{DerivedPlace, Manifest, manifest_key};
use thiserror::Error;

/// Why a manifest could not be read.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    #[error(
        "access to s3://{bucket} is denied. It needs s3:GetObject on the bucket's objects, and s3:ListBucket: without \
         that, S3 says the same of a manifest that isn't there"
    )]
    Denied { bucket: String },
    #[error("there is no bucket {bucket}. Name the derived bucket with --bucket or DERIVED_BUCKET")]
    NoSuchBucket { bucket: String },
    #[error("its manifest cannot be read: {0}")]
    Other(String),
}

/// The manifest of `key` in `derived`; `None` when there is none.
pub(crate) async fn read(
    s3: &Client,
    derived: &DerivedPlace,
    key: &str,
) -> Result<Option<Manifest>, ReadError> {
    let object =
        match s3.get_object().bucket(derived.bucket()).key(derived.key(&manifest_key(key))).send().await {
            Ok(object) => object,
            Err(error) => {
                let status = error.raw_response().map(|response| response.status().as_u16());
                return match (status, error.code()) {
                    (Some(404), Some("NoSuchKey")) => Ok(None),
                    (_, Some("NoSuchBucket")) => {
                        Err(ReadError::NoSuchBucket { bucket: derived.bucket().to_owned() })
                    }
                    (_, Some("AccessDenied")) => {
                        Err(ReadError::Denied { bucket: derived.bucket().to_owned() })
                    }
                    _ => Err(ReadError::Other(DisplayErrorContext(&error).to_string())),
                };
            }
        };
    let other = |error: &dyn std::error::Error| ReadError::Other(error.to_string());
    let body = object.body.collect().await.map_err(|error| other(&error))?;
    Manifest::parse(&body.into_bytes()).map(Some).map_err(|error| other(&error))
}
