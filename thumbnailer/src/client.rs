//! The way to AWS.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::Client;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::cdn::Cdn;
use crate::config::Config;
use crate::handler::Thumbnailer;

/// A client by the AWS chain: credentials, region and endpoint from the environment, profiles and roles.
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
    aws_config::defaults(BehaviorVersion::latest()).http_client(https).load().await
}

fn s3(shared: &SdkConfig) -> Client {
    let own_endpoint = shared.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
    Client::from_conf(aws_sdk_s3::config::Builder::from(shared).force_path_style(own_endpoint).build())
}
