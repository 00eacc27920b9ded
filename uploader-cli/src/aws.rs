//! The AWS configuration and its credentials, found where the AWS CLI finds them.

use std::net::IpAddr;

use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

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
    let https = http_client(settings);
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

/// How requests travel: by TLS with what the system trusts, or `AWS_CA_BUNDLE` names instead, and through the proxy that
/// the environment names (`HTTPS_PROXY`, `NO_PROXY` and so on), but for a server on this machine.
///
/// Source: AWS SDKs and Tools Reference Guide, "HTTP proxies" and "General configuration settings".
fn http_client(settings: &Settings) -> SharedHttpClient {
    let local = settings.endpoint.as_deref().is_some_and(is_on_this_machine);
    let proxy = if local { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
    let trust = settings.ca_bundle.clone().map(|pem| tls::TrustStore::empty().with_pem_certificate(pem));
    let context =
        tls::TlsContext::builder().with_trust_store(trust.unwrap_or_default()).build().unwrap_or_default();
    aws_smithy_http_client::Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector =
            Connector::builder().tls_provider(TLS).tls_context(context.clone()).proxy_config(proxy.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    })
}

/// Whether what is sent to the server at `endpoint` leaves this machine's memory.
pub(crate) fn is_on_this_machine(endpoint: &str) -> bool {
    let authority =
        endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
    let host = port.map_or(authority, |(host, _)| host);
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
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
    match provider.provide_credentials().await {
        Ok(credentials) => Ok(credentials),
        Err(CredentialsError::CredentialsNotLoaded(_)) if settings.aws_profile_asked_for => {
            Err(no_profile(settings))
        }
        Err(error) => Err(no_credentials(&innermost(&error), settings)),
    }
}

/// What is said of a profile that was asked for and nobody knows.
fn no_profile(settings: &Settings) -> Failure {
    let name = settings.aws_profile.as_deref().unwrap_or_default();
    let ours = settings.config_path.as_ref().map(|path| path.display().to_string());
    let message = format!(
        "there is no profile '{name}', neither in {} nor with credentials in the AWS CLI's files",
        ours.as_deref().unwrap_or("a configuration file")
    );
    let remedy = format!(
        "Check its name, or make one with `uploader init --profile {name}` or `aws configure --profile {name}`."
    );
    Failure::new("no-profile", message, remedy)
}

fn no_credentials(why: &str, settings: &Settings) -> Failure {
    // The further lines name each place that was looked at.
    let why = why.lines().next().unwrap_or_default().trim_end_matches(". Attempted:");
    let whose = settings.aws_profile.as_ref().map(|name| format!(" of the AWS profile '{name}'"));
    Failure::new(
        "no-credentials",
        format!("there are no AWS credentials{}: {why}", whose.unwrap_or_default()),
        "Run `aws configure` or `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY ('local' and 'locallocal' for `thumbnailer up`).",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_addresses() {
        for local in
            ["http://localhost:9000", "http://127.0.0.1", "https://[::1]:9000/x", "http://127.9.9.9:1/"]
        {
            assert!(is_on_this_machine(local), "{local}");
        }
        for elsewhere in [
            "http://s3.example.org",
            "http://localhost.example.org:9000",
            "http://192.168.0.7:9000",
            "http://[2001:db8::1]",
        ] {
            assert!(!is_on_this_machine(elsewhere), "{elsewhere}");
        }
    }
}
