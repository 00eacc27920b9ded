//! The HTTP client: TLS, certificates, proxies.

use std::net::IpAddr;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// The one way to speak TLS, for which nothing but a C compiler is needed.
pub const TLS: tls::Provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);

/// Returns a client that trusts the system's certificates, or those of `ca_bundle` (PEM) instead, and goes through the
/// proxy that the environment names (`HTTPS_PROXY`, `NO_PROXY` and so on), unless `endpoint` is a server on this machine.
///
/// Source: AWS SDKs and Tools Reference Guide, "HTTP proxies" and "General configuration settings".
pub fn http_client(endpoint: Option<&str>, ca_bundle: Option<&[u8]>) -> SharedHttpClient {
    let local = endpoint.is_some_and(is_on_this_machine);
    let proxy = if local { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
    let trust = ca_bundle.map(|pem| tls::TrustStore::empty().with_pem_certificate(pem));
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

/// Returns `true` if data sent to the server at `endpoint` stays within this machine.
pub fn is_on_this_machine(endpoint: &str) -> bool {
    let authority =
        endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
    let host = port.map_or(authority, |(host, _)| host);
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
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
