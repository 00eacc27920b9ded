//! The way to AWS.

use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::cdn::Cdn;
use crate::config::Config;
use crate::handler::Thumbnailer;

/// S3's oldest region, which every S3 server of other makers answers to. In Lambda the region is always set.
const DEFAULT_REGION: &str = "us-east-1";

/// A client by the AWS chain: credentials from the environment, profiles and roles, region and endpoint from the
/// environment and profiles.
///
/// With an endpoint of one's own (`AWS_ENDPOINT_URL` or `AWS_ENDPOINT_URL_S3`), buckets are addressed by path,
/// since such servers seldom have a host name per bucket.
pub async fn client_from_env() -> Client {
    s3(&chain().await)
}

impl Thumbnailer {
    /// One that finds S3, and the CDN if `config` names a distribution, by the AWS chain; see [`client_from_env`].
    pub async fn from_env(config: Config) -> Self {
        let shared = chain().await;
        let cdn = config.distribution_id.as_deref().and_then(|id| Cdn::from_chain(id, &shared));
        let thumbnailer = Self::new(s3(&shared), config);
        match cdn {
            Some(cdn) => thumbnailer.invalidating(cdn),
            None => thumbnailer,
        }
    }
}

async fn chain() -> SdkConfig {
    let https =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    // No instance metadata is asked for it, which takes seconds where there is none.
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .or_else(Region::new(DEFAULT_REGION));
    aws_config::defaults(BehaviorVersion::latest()).http_client(https).region(region).load().await
}

fn s3(shared: &SdkConfig) -> Client {
    let of_chain = || shared.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
    let mut config = aws_sdk_s3::config::Builder::from(shared);
    config = config.force_path_style(of_chain());
    Client::from_conf(config.build())
}
