//! Whose stacks and buckets, in which region, and the clients that reach them.

use std::net::IpAddr;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, Region};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, Connector, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::cli::ReachArgs;
use crate::failure::Failure;

/// The one way to speak TLS, for which nothing but a C compiler is needed.
const TLS: tls::Provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);

/// An account in a region.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) stacks: aws_sdk_cloudformation::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    /// Twelve digits.
    pub(crate) id: String,
    pub(crate) region: String,
    /// The server, if it isn't Amazon's.
    pub(crate) endpoint: Option<String>,
}

impl Account {
    /// The account of the credentials that are found where the AWS CLI finds them.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when no region is named, or the credentials aren't there or won't do.
    pub(crate) async fn of(reach: &ReachArgs) -> Result<Self, Failure> {
        let mut of_profile = ProfileFileRegionProvider::builder();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client(reach));
        if let Some(profile) = &reach.profile {
            of_profile = of_profile.profile_name(profile);
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &reach.endpoint_url {
            loader = loader.endpoint_url(endpoint);
        }
        // An operator's machine is asked for no instance metadata: where there is none, that takes seconds.
        let region = RegionProviderChain::first_try(reach.region.clone().map(Region::new))
            .or_else(EnvironmentVariableRegionProvider::new())
            .or_else(of_profile.build());
        let region = region.region().await.ok_or_else(|| {
            Failure::usage("no region is named", "Give one with --region, or set AWS_REGION.")
        })?;
        let shared = loader.region(region.clone()).load().await;
        let endpoint = shared.endpoint_url().map(|url| url.trim_end_matches('/').to_owned());
        // Servers other than Amazon's rarely have a DNS name for each bucket.
        let s3 = aws_sdk_s3::config::Builder::from(&shared).force_path_style(endpoint.is_some()).build();

        let whose = aws_sdk_sts::Client::new(&shared).get_caller_identity().send().await;
        let whose =
            whose.map_err(|error| Failure::of_request("STS", "say whose credentials these are", &error))?;
        Ok(Self {
            stacks: aws_sdk_cloudformation::Client::new(&shared),
            s3: aws_sdk_s3::Client::from_conf(s3),
            id: whose.account().unwrap_or_default().to_owned(),
            region: region.to_string(),
            endpoint,
        })
    }
}

/// How requests travel: by TLS, and through the proxy that the environment names, but for a server on this machine.
fn http_client(reach: &ReachArgs) -> SharedHttpClient {
    let local = reach.endpoint_url.as_deref().is_some_and(is_on_this_machine);
    let proxy = if local { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().tls_provider(TLS).proxy_config(proxy.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    })
}

/// Whether what is sent to the server at `endpoint` leaves this machine.
fn is_on_this_machine(endpoint: &str) -> bool {
    let authority = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
    let host = port.map_or(authority, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_addresses() {
        for local in ["http://localhost:4566", "http://127.0.0.1", "https://[::1]:4566/x"] {
            assert!(is_on_this_machine(local), "{local}");
        }
        for elsewhere in ["http://localhost.example.org:4566", "http://192.168.0.7", "http://[2001:db8::1]"] {
            assert!(!is_on_this_machine(elsewhere), "{elsewhere}");
        }
    }
}
