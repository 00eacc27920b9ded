//! Whether pages will find renditions where their URLs say.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use manifest::public_url;

use super::check::Check;
use crate::aws::TLS;
use crate::failure::innermost;
use crate::store::Store;

/// A key that no author chooses: the question is who answers, not what.
const PROBE: &str = ".uploader-doctor/probe";

/// A CDN is near.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the CDN for a manifest that isn't there. Any answer will do.
pub(super) async fn check(store: &Store) -> Check {
    let name = "cdn";
    let base = store.default_base_url();
    if base.is_empty() {
        return Check::warning(
            name,
            "nobody says what URLs begin with, so that they will be relative",
            "Write the CDN's address down with `uploader init --base-url https://your-cdn`.",
        );
    }
    if !base.starts_with("https://") && !base.starts_with("http://") {
        return Check::skipped(name, format!("URLs begin with '{base}', which is relative to your page"));
    }
    match status(&public_url(&base, PROBE, "manifest.json")).await {
        Ok(status) if status >= 500 => {
            Check::warning(name, format!("{base} answered {status}"), "Ask the operator whether it is well.")
        }
        Ok(status) => Check::ok(name, format!("{base} answers ({status} for what isn't there)")),
        Err(why) => Check::error(
            name,
            format!("{base} could not be asked: {why}"),
            "Check base_url in the profile; if it is right, ask the operator about its DNS name and certificate.",
        ),
    }
}

/// The status that HEAD of `url` is answered with.
async fn status(url: &str) -> Result<u16, String> {
    let settings = HttpConnectorSettings::builder().connect_timeout(PATIENCE).read_timeout(PATIENCE).build();
    let connector = Connector::builder().tls_provider(TLS).connector_settings(settings).build();
    let mut request = HttpRequest::get(url).map_err(|error| innermost(&error))?;
    request.set_method("HEAD").map_err(|error| innermost(&error))?;
    let answer = tokio::time::timeout(PATIENCE * 2, connector.call(request)).await;
    let answer = answer.map_err(|_| format!("no answer within {} s", PATIENCE.as_secs() * 2))?;
    answer.map(|answer| answer.status().as_u16()).map_err(|error| innermost(&error))
}
