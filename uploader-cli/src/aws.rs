//! The AWS configuration and its credentials, found where the AWS CLI finds them.

use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::failure::{Failure, innermost};
use crate::settings::Settings;

/// S3's oldest region, which every S3 server of other makers answers to.
const DEFAULT_REGION: &str = "us-east-1";

/// The one way to speak TLS, for which nothing but a C compiler is needed.
pub(crate) const TLS: tls::Provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);

/// The AWS configuration that `settings` leave open, read from the AWS CLI's files and the environment.
///
/// The region comes from `settings` or the AWS profile. An author's machine is asked for no instance metadata
/// about it: where there is none, that takes seconds.
pub(crate) async fn configured(settings: &Settings) -> SdkConfig {
    let https = aws_smithy_http_client::Builder::new().tls_provider(TLS).build_https();
    let mut of_profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &settings.aws_profile {
        of_profile = of_profile.profile_name(name);
    }
    let region = RegionProviderChain::first_try(settings.region.clone().map(Region::new))
        .or_else(of_profile.build())
        .or_else(Region::new(DEFAULT_REGION));
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(https.clone());
    if let Some(name) = &settings.aws_profile {
        loader = loader.profile_name(name);
        if settings.aws_profile_asked_for {
            let region = region.region().await;
            loader = loader.credentials_provider(credentials_of(name, https, region));
        }
    }
    loader.region(region).load().await
}

/// The credentials of one profile, whatever the environment has.
fn credentials_of(
    name: &str,
    https: SharedHttpClient,
    region: Option<Region>,
) -> ProfileFileCredentialsProvider {
    let config = ProviderConfig::default().with_http_client(https).with_region(region);
    ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name).build()
}

/// The credentials that requests are signed with.
///
/// # Errors
///
/// A [`Failure`] when there are none.
pub(crate) async fn credentials(shared: &SdkConfig, settings: &Settings) -> Result<Credentials, Failure> {
    let Some(provider) = shared.credentials_provider() else {
        return Err(no_credentials("none are configured", settings));
    };
    provider.provide_credentials().await.map_err(|error| no_credentials(&innermost(&error), settings))
}

fn no_credentials(why: &str, settings: &Settings) -> Failure {
    // The further lines name each place that was looked at.
    let why = why.lines().next().unwrap_or_default();
    let whose = match (&settings.aws_profile, &settings.config_path) {
        (Some(name), Some(path)) if settings.aws_profile_asked_for => {
            format!(" of a profile '{name}', neither in {} nor in the AWS CLI's files", path.display())
        }
        (Some(name), _) => format!(" of the AWS profile '{name}'"),
        (None, _) => String::new(),
    };
    Failure::new(
        "no-credentials",
        format!("there are no AWS credentials{whose}: {why}"),
        "Run `aws configure` or `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY ('local' and 'locallocal' for `thumbnailer up`).",
    )
}
