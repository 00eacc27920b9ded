//! The AWS configuration and its credentials, found where the AWS CLI finds them.

use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::http::http_client;

/// S3's oldest region, which every S3 server of other makers answers to.
const DEFAULT_REGION: &str = "us-east-1";

/// The settings that a program has of its own. Everything else comes from the AWS CLI's files and the environment.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The region; if `None`, the profile's.
    pub region: Option<String>,
    /// The server, if it is not Amazon's.
    pub endpoint: Option<String>,
    /// Certificates to trust instead of the system's, as PEM.
    pub ca_bundle: Option<Vec<u8>>,
    /// The AWS CLI's profile; if `None`, its default.
    pub profile: Option<String>,
    /// Uses the profile's credentials even if the environment has others.
    pub profile_first: bool,
    /// Credentials to use instead of every configured one.
    pub keys: Option<Credentials>,
}

impl Access {
    /// Reads the AWS configuration. The region comes from these settings or the profile; instance metadata is not asked,
    /// because that takes seconds where there is none.
    pub async fn load(&self) -> SdkConfig {
        let https = http_client(self.endpoint.as_deref(), self.ca_bundle.as_deref());
        let mut of_profile = ProfileFileRegionProvider::builder();
        if let Some(name) = &self.profile {
            of_profile = of_profile.profile_name(name);
        }
        let region = RegionProviderChain::first_try(self.region.clone().map(Region::new))
            .or_else(of_profile.build())
            .or_else(Region::new(DEFAULT_REGION));
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(https.clone());
        if let Some(keys) = &self.keys {
            return loader.region(region).credentials_provider(keys.clone()).load().await;
        }
        if let Some(name) = &self.profile {
            loader = loader.profile_name(name);
            if self.profile_first {
                let region = region.region().await;
                loader = loader.credentials_provider(credentials_of(name, https, region));
            }
        }
        loader.region(region).load().await
    }
}

/// Returns the credentials of one profile, whatever the environment has.
fn credentials_of(
    name: &str,
    https: SharedHttpClient,
    region: Option<Region>,
) -> ProfileFileCredentialsProvider {
    let config = ProviderConfig::default().with_http_client(https).with_region(region);
    ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name).build()
}

/// Reads the certificates that `AWS_CA_BUNDLE` names, if it does.
///
/// # Errors
///
/// A sentence if the file cannot be read.
pub fn ca_bundle(env: impl Fn(&str) -> Option<String>) -> Result<Option<Vec<u8>>, String> {
    let path = env("AWS_CA_BUNDLE").filter(|path| !path.trim().is_empty());
    path.map(|path| {
        std::fs::read(&path)
            .map_err(|error| format!("AWS_CA_BUNDLE is '{path}', which cannot be read: {error}"))
    })
    .transpose()
}
