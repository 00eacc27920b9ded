//! The way to S3.

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// A client by the AWS chain: credentials, region and endpoint from the environment, profiles and roles.
///
/// With an endpoint of one's own (`AWS_ENDPOINT_URL` or `AWS_ENDPOINT_URL_S3`), buckets are addressed by path,
/// since such servers seldom have a host name per bucket.
pub async fn client_from_env() -> Client {
    let https =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let shared = aws_config::defaults(BehaviorVersion::latest()).http_client(https).load().await;
    let own_endpoint = shared.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
    let config = aws_sdk_s3::config::Builder::from(&shared).force_path_style(own_endpoint).build();
    Client::from_conf(config)
}
