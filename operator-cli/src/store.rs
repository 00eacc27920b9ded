//! The derived bucket, wherever it is, and failures of requests to it.

use std::env;
use std::error::Error;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::EncodingType;
use aws_support::{Access, Explanation, Request, ca_bundle, explain};
use manifest::DerivedPlace;

use crate::cli::{Derived, UsageError};

/// Permissions to read manifests.
const TO_READ: &str = "s3:GetObject on the bucket's objects, and s3:ListBucket, without which S3 denies access to absent \
                       objects too";

/// Permissions to sweep.
const TO_SWEEP: &str =
    "s3:ListBucket, s3:ListBucketVersions, s3:GetObject, s3:PutObject and s3:DeleteObjectVersion";

/// A derived bucket and the way to it.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) s3: Client,
    pub(crate) place: DerivedPlace,
    /// The server, if it is not Amazon's.
    endpoint: Option<String>,
}

impl Store {
    /// Opens the store that flags and environment name.
    ///
    /// # Errors
    ///
    /// [`UsageError`] if `AWS_CA_BUNDLE` cannot be read.
    pub(crate) async fn open(args: &Derived) -> Result<Self, UsageError> {
        let set = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
        let first = |names: [&str; 2]| names.into_iter().find_map(set);
        let ignored = set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let of_environment = || first(["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]).filter(|_| !ignored);
        let access = Access {
            region: first(["AWS_REGION", "AWS_DEFAULT_REGION"]),
            endpoint: args.endpoint_url.clone().or_else(of_environment),
            ca_bundle: ca_bundle(set).map_err(UsageError)?,
            profile: set("AWS_PROFILE"),
            profile_first: false,
            keys: None,
        };
        let shared = access.load().await;
        let of_profile = || shared.endpoint_url().filter(|url| !url.trim().is_empty()).map(str::to_owned);
        let endpoint = access.endpoint.or_else(of_profile);
        let mut config = aws_sdk_s3::config::Builder::from(&shared);
        if let Some(endpoint) = &endpoint {
            // Servers other than Amazon's rarely have a DNS name for each bucket.
            config = config.endpoint_url(endpoint).force_path_style(true);
        }
        Ok(Self { s3: Client::from_conf(config.build()), place: args.place.clone(), endpoint })
    }

    /// Explains the failure of a request that reads a manifest.
    pub(crate) fn explain<E>(&self, error: &SdkError<E>) -> Explanation
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.explained(error, TO_READ)
    }

    fn explained<E>(&self, error: &SdkError<E>, permissions: &str) -> Explanation
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let request = Request {
            bucket: self.place.bucket(),
            endpoint: self.endpoint.as_deref(),
            permissions,
            named_by: "--bucket or DERIVED_BUCKET",
        };
        explain(error, &request)
    }

    /// Asks for a single version in the bucket, so that `sweep` reports a cause that concerns every request before it begins.
    ///
    /// # Errors
    ///
    /// An [`Explanation`] if the bucket cannot be listed.
    pub(crate) async fn check(&self) -> Result<(), Explanation> {
        let request = self.s3.list_object_versions().bucket(self.place.bucket()).max_keys(1);
        // Without encoding, XML cannot hold every key.
        let listed = request.encoding_type(EncodingType::Url).send().await;
        listed.map(drop).map_err(|error| self.explained(&error, TO_SWEEP))
    }
}
