//! The two buckets, and the way to them.

use aws_config::BehaviorVersion;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_smithy_http_client::tls;

use crate::cli::{ENDPOINT_VARIABLES, StoreArgs};
use crate::failure::{Failure, innermost};

/// S3's oldest region, which every S3 server of other makers answers to.
const DEFAULT_REGION: &str = "us-east-1";

/// Originals and renditions, through one client.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) client: Client,
    /// Bucket of the originals.
    pub(crate) originals: String,
    /// Bucket of the renditions.
    pub(crate) derived: String,
    /// The server, if it isn't Amazon's.
    pub(crate) endpoint: Option<String>,
}

impl Store {
    /// Finds the configuration and the credentials where the AWS CLI does.
    ///
    /// The region comes from the environment or the profile. An author's machine is asked for no instance
    /// metadata about it: where there is none, that takes seconds.
    ///
    /// `endpoint` is the server to speak to; if `None`, the profile's, else Amazon's.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when there are no credentials, before anything is sent.
    pub(crate) async fn open(args: &StoreArgs, endpoint: Option<String>) -> Result<Self, Failure> {
        let https = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new())
            .or_else(Region::new(DEFAULT_REGION));
        let shared =
            aws_config::defaults(BehaviorVersion::latest()).http_client(https).region(region).load().await;

        let provider = shared.credentials_provider().ok_or_else(|| no_credentials("none are configured"))?;
        provider.provide_credentials().await.map_err(|error| no_credentials(&innermost(&error)))?;

        let of_profile = || shared.endpoint_url().filter(|url| !url.trim().is_empty());
        let endpoint = endpoint.or_else(|| of_profile().map(|url| url.trim_end_matches('/').to_owned()));
        let mut config = aws_sdk_s3::config::Builder::from(&shared);
        match &endpoint {
            // Servers other than Amazon's rarely have a DNS name for each bucket.
            Some(endpoint) => config = config.endpoint_url(endpoint).force_path_style(true),
            // The SDK takes an empty variable for a server without a name.
            None if is_any_empty(&ENDPOINT_VARIABLES) => _ = config.set_endpoint_url(None),
            None => {}
        }
        Ok(Self {
            client: Client::from_conf(config.build()),
            originals: args.bucket.clone(),
            derived: args.derived_bucket.clone(),
            endpoint,
        })
    }

    /// What URLs of renditions begin with if nobody says: the bucket at the endpoint, else nothing.
    pub(crate) fn default_base_url(&self) -> String {
        let endpoint = self.endpoint.as_ref();
        endpoint.map(|endpoint| format!("{endpoint}/{}", self.derived)).unwrap_or_default()
    }
}

fn is_any_empty(variables: &[&str]) -> bool {
    variables.iter().any(|name| std::env::var(name).is_ok_and(|value| value.trim().is_empty()))
}

fn no_credentials(why: &str) -> Failure {
    // The further lines name each place that was looked at.
    let why = why.lines().next().unwrap_or_default();
    Failure::new(
        "no-credentials",
        format!("there are no AWS credentials: {why}"),
        "Run `aws configure` or `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY ('local' and 'locallocal' for `thumbnailer up`).",
    )
}
