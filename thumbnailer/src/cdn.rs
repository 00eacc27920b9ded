//! The CDN is told to forget what was removed: CloudFront's `CreateInvalidation` (Amazon CloudFront API Reference).
//!
//! One request, signed by the SDK's own signer and sent by its own HTTP client. `aws-sdk-cloudfront` would do the
//! same, but add minutes to every first build.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::error::Retryable;

/// CloudFront has one endpoint for the whole world, and its requests are signed for this region.
const ENDPOINT: &str = "https://cloudfront.amazonaws.com";
const REGION: &str = "us-east-1";
const ATTEMPTS: u32 = 4;
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What has to be encoded in an invalidation's path: RFC 1738's unsafe characters ("Specify the files to
/// invalidate", Amazon CloudFront Developer Guide), and those that would mean something else there.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'*')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'~');

/// A CloudFront distribution before the derived bucket.
#[derive(Debug, Clone)]
pub struct Cdn {
    distribution: String,
    endpoint: String,
    credentials: SharedCredentialsProvider,
    http: SharedHttpConnector,
}

/// Why an attempt came to nothing.
enum Refusal {
    /// Another attempt may do better at once.
    Passing(String),
    /// It won't for a while, or not until something is changed.
    Lasting(String),
}

impl Cdn {
    /// `distribution` by its id, such as `E2QWRUHAPOMQZL`, at `endpoint`: Amazon's unless told otherwise.
    pub fn new(
        distribution: impl Into<String>,
        endpoint: Option<&str>,
        credentials: SharedCredentialsProvider,
    ) -> Self {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(ANSWER_WITHIN)
            .build();
        let https = Connector::builder()
            .connector_settings(settings)
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build();
        Self {
            distribution: distribution.into(),
            endpoint: endpoint.unwrap_or(ENDPOINT).trim_end_matches('/').to_owned(),
            credentials,
            http: SharedHttpConnector::new(https),
        }
    }

    /// `distribution` as the AWS chain has it: `AWS_ENDPOINT_URL_CLOUDFRONT`, else the endpoint of `shared`, and its
    /// credentials; `None` when there are none.
    pub fn from_chain(distribution: &str, shared: &SdkConfig) -> Option<Self> {
        let own = std::env::var("AWS_ENDPOINT_URL_CLOUDFRONT").ok().filter(|url| !url.trim().is_empty());
        let endpoint = own.as_deref().or(shared.endpoint_url());
        Some(Self::new(distribution, endpoint, shared.credentials_provider()?))
    }

    /// Has everything under `/<key>/` forgotten.
    ///
    /// `reference` tells one removal of `key` from another, as its event's sequencer does: asked again with the same,
    /// CloudFront takes it for the request that it has served already, and bills it once.
    ///
    /// # Errors
    ///
    /// [`Retryable::Cdn`] with CloudFront's words and what to do.
    pub async fn forget(&self, key: &str, reference: &str) -> Result<(), Retryable> {
        let body = batch(key, reference);
        let mut attempt = 0;
        let cause = loop {
            match self.create_invalidation(&body).await {
                Ok(()) => return Ok(()),
                Err(Refusal::Passing(_)) if attempt + 1 < ATTEMPTS => {}
                Err(Refusal::Passing(cause) | Refusal::Lasting(cause)) => break cause,
            }
            attempt += 1;
            let most = 100_u64 << attempt;
            tokio::time::sleep(Duration::from_millis(fastrand::u64(most / 2..=most))).await;
        };
        Err(Retryable::Cdn { key: key.to_owned(), distribution: self.distribution.clone(), cause })
    }

    async fn create_invalidation(&self, body: &str) -> Result<(), Refusal> {
        let request = self.signed(body).await?;
        let answer = self
            .http
            .call(request)
            .await
            .map_err(|error| Refusal::Passing(format!("{} did not answer: {error}", self.endpoint)))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let bytes = aws_smithy_types::byte_stream::ByteStream::new(answer.into_body()).collect().await;
        // An answer that breaks off is as good as none; its status says enough.
        let text =
            bytes.map(|bytes| String::from_utf8_lossy(&bytes.into_bytes()).into_owned()).unwrap_or_default();
        Err(refusal(status.as_u16(), &text))
    }

    /// The request, signed anew for each attempt.
    async fn signed(&self, body: &str) -> Result<HttpRequest, Refusal> {
        let unusable = |error: &dyn std::fmt::Display| Refusal::Lasting(format!("cannot be asked: {error}"));
        let credentials = self
            .credentials
            .provide_credentials()
            .await
            .map_err(|error| Refusal::Passing(error.to_string()))?;
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name("cloudfront")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unusable(&error))?;

        let url = format!("{}/2020-05-31/distribution/{}/invalidation", self.endpoint, self.distribution);
        let headers = [("content-type", "application/xml")];
        let signable =
            SignableRequest::new("POST", &url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))
                .map_err(|error| unusable(&error))?;
        let (signature, _) =
            sign(signable, &parameters.into()).map_err(|error| unusable(&error))?.into_parts();

        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST").map_err(|error| unusable(&error))?;
        request.set_uri(url).map_err(|error| unusable(&error))?;
        for (name, value) in headers {
            request.headers_mut().insert(name, value);
        }
        for (name, value) in signature.headers() {
            request.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        Ok(request)
    }
}

/// The request's document, `InvalidationBatch`.
fn batch(key: &str, reference: &str) -> String {
    let paths = paths(key);
    let items: String = paths.iter().map(|path| format!("<Path>{}</Path>", xml(path))).collect();
    // Keys are longer than a reference may be, and not all of their characters are allowed in one.
    let reference = hex::encode(&Sha256::digest(format!("{key}\0{reference}"))[..16]);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
         <Paths><Quantity>{}</Quantity><Items>{items}</Items></Paths>\
         <CallerReference>{reference}</CallerReference></InvalidationBatch>",
        paths.len()
    )
}

/// Everything under `/<key>/`, as our own markup asks for it, and, where that differs, as CloudFront's guide spells
/// it: a page may have been written by hand.
fn paths(key: &str) -> Vec<String> {
    // Of a whole URL, whose host is no part of the path.
    let url = manifest::public_url("h", key, "");
    let ours = format!("{}*", url.trim_start_matches('h'));
    let guide = format!("/{}/*", utf8_percent_encode(key, UNSAFE));
    if ours == guide { vec![ours] } else { vec![ours, guide] }
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What an answer other than success means.
fn refusal(status: u16, body: &str) -> Refusal {
    let code = element(body, "Code").unwrap_or("no code");
    let message = element(body, "Message").unwrap_or("no message");
    let said = format!("{status} {code}: {message}");
    match (status, code) {
        (_, "TooManyInvalidationsInProgress") => Refusal::Lasting(format!(
            "{said}. CloudFront works on 15 folders at a time; this one is asked for again when its event comes again"
        )),
        (_, "NoSuchDistribution") => Refusal::Lasting(format!("{said}. Correct DISTRIBUTION_ID")),
        (_, "AccessDenied") | (403, _) => Refusal::Lasting(format!(
            "{said}. The function needs cloudfront:CreateInvalidation on the distribution"
        )),
        (429 | 500.., _) | (_, "Throttling" | "ThrottlingException" | "TooManyRequestsException") => {
            Refusal::Passing(said)
        }
        _ => Refusal::Lasting(said),
    }
}

/// The text of the first element `name`. Good enough for CloudFront's errors, which are only shown to people.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once("</")?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_markup_and_those_of_the_guide() {
        assert_eq!(paths("2026/lisbon/boat_1.jpg"), ["/2026/lisbon/boat_1.jpg/*"]);
        assert_eq!(paths("a b/ü.jpg"), ["/a%20b/%C3%BC.jpg/*"]);
        assert_eq!(paths("a+b&(c).jpg"), ["/a%2Bb%26%28c%29.jpg/*", "/a+b&(c).jpg/*"]);
        assert_eq!(paths("100%*?.jpg"), ["/100%25%2A%3F.jpg/*"]);
        assert_eq!(paths("/a"), ["//a/*"]);
    }

    #[test]
    fn a_batch_names_the_folder_and_the_removal() {
        let of = |key, reference| batch(key, reference);
        let text = of("a&b.jpg", "01");
        assert!(text.contains("<Quantity>2</Quantity>"), "{text}");
        assert!(text.contains("<Path>/a%26b.jpg/*</Path><Path>/a&amp;b.jpg/*</Path>"), "{text}");
        assert_eq!(text, of("a&b.jpg", "01"));
        let reference = |text: &str| element(text, "CallerReference").map(str::to_owned);
        assert_eq!(reference(&text).map(|text| text.len()), Some(32));
        assert_ne!(reference(&text), reference(&of("a&b.jpg", "02")));
        assert_ne!(reference(&of("a1", "2")), reference(&of("a", "12")));
    }

    #[test]
    fn refusals_say_what_to_do() {
        let answer = |code: &str| {
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"
            )
        };
        let words = |status, code| match refusal(status, &answer(code)) {
            Refusal::Passing(words) => format!("again: {words}"),
            Refusal::Lasting(words) => words,
        };
        assert!(words(400, "TooManyInvalidationsInProgress").contains("15 folders at a time"));
        assert!(words(404, "NoSuchDistribution").ends_with("Correct DISTRIBUTION_ID"));
        assert!(words(403, "AccessDenied").contains("cloudfront:CreateInvalidation"));
        assert_eq!(words(503, "ServiceUnavailable"), "again: 503 ServiceUnavailable: m");
        assert_eq!(words(400, "Throttling"), "again: 400 Throttling: m");
        assert_eq!(words(400, "InvalidArgument"), "400 InvalidArgument: m");
        assert!(matches!(refusal(502, "<html>"), Refusal::Passing(_)));
    }
}
