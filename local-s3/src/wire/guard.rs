//! The first check of every request: whether a web page of another site sent it.
//!
//! The key pair of a server on a laptop is no secret, so that any page could sign requests. Browsers say where a request
//! comes from, and pages cannot change that. Programs other than browsers say nothing, and pass.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName,
    HeaderValue, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::uri::Authority;
use hyper::{Method, Request, StatusCode};
use s3s::{Body, HttpResponse};

use super::WebOrigin;
use super::host::{Hosts, own_origin};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const ASKS_FOR_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOWS_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Headers of answers that a page must read to upload in parts and to verify what arrived.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Content-Range, Location, x-amz-version-id, x-amz-request-id, x-amz-delete-marker, x-amz-checksum-crc32, \
     x-amz-checksum-crc32c, x-amz-checksum-crc64nvme, x-amz-checksum-sha1, x-amz-checksum-sha256, x-amz-checksum-type",
);

/// An object is shown by itself: it runs no script, loads nothing and shares no origin with anything else.
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");

/// Seconds for which a browser may keep the answer to a preflight.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("3600");

/// The policy of one server.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    hosts: Hosts,
    /// Origins whose pages may send anything; `None` allows all.
    origins: Option<Vec<WebOrigin>>,
    /// Buckets whose objects anyone may read.
    public: Vec<String>,
}

/// A request that may go on, and what its answer must tell a browser.
#[derive(Debug, Clone, Default)]
pub(super) struct Passport {
    /// The origin whose page may read the answer, or `*`.
    origin: Option<HeaderValue>,
    /// Every page may embed and read the answer.
    public: bool,
}

/// The answer to a request that does not reach S3.
#[derive(Debug)]
pub(super) enum Halt {
    /// A preflight of an allowed page, answered.
    Preflight(Box<HttpResponse>),
    /// A refusal, with its reason in words.
    Refused(String),
}

impl Guard {
    pub(super) fn new(hosts: Hosts, origins: Option<Vec<WebOrigin>>, public: Vec<String>) -> Self {
        Self { hosts, origins, public }
    }

    /// Decides whether `request` may go on.
    ///
    /// # Errors
    ///
    /// A [`Halt`] with the answer to give instead.
    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<Passport, Halt> {
        let host = self.hosts.check(request).map_err(|host| {
            Halt::Refused(format!(
                "This server is not called {host:?}. Use its address, 127.0.0.1 or localhost, with its port, or allow \
                 the name with `--allow-host`."
            ))
        })?;
        let public = self.is_public_read(request);
        let origin = request.headers().get(ORIGIN);
        let anyone = origin.filter(|_| public).map(|_| HeaderValue::from_static("*"));
        let Some(allowed) = &self.origins else {
            return Ok(Passport { origin: anyone, public });
        };
        let page = origin.and_then(|origin| origin.to_str().ok()?.parse::<WebOrigin>().ok());
        if let Some(page) = page.filter(|page| allowed.contains(page)) {
            let origin = HeaderValue::from_str(&page.to_string()).ok();
            return match is_preflight(request) {
                true => Err(Halt::Preflight(Box::new(preflight(request.headers(), origin)))),
                false => Ok(Passport { origin, public }),
            };
        }
        if !is_cross_site(request.headers(), &host) || public {
            return Ok(Passport { origin: anyone, public });
        }
        let from = origin.map(|origin| format!(" {:?}", String::from_utf8_lossy(origin.as_bytes())));
        Err(Halt::Refused(format!(
            "A web page of another origin{} sent this request. To allow it, start the server with `--allow-origin` and the \
             page's origin.",
            from.unwrap_or_default()
        )))
    }

    /// Returns `true` for what a page may embed: an unsigned GET or HEAD of an object in a public bucket.
    fn is_public_read<B>(&self, request: &Request<B>) -> bool {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let path = request.uri().path().trim_start_matches('/');
        let object = path.split_once('/').filter(|(_, key)| !key.is_empty());
        reads
            && request.uri().query().is_none()
            && !request.headers().contains_key(AUTHORIZATION)
            && object.is_some_and(|(bucket, _)| self.public.iter().any(|public| public == bucket))
    }
}

impl Passport {
    /// Adds the headers that keep an answer apart from everything else in a browser, and those that allow the page to read
    /// it.
    pub(super) fn stamp(&self, headers: &mut HeaderMap) {
        seal(headers);
        if self.public {
            headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
        }
        if let Some(origin) = &self.origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
        if self.public || self.origin.is_some() {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
    }
}

/// Adds the headers that every answer carries.
fn seal(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, SANDBOX);
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
}

/// Returns `true` if a browser says that a page of another origin caused the request.
///
/// `same-site` is another origin as well: sites are told apart without their ports, and another port of this computer is
/// another program.
///
/// Source: W3C, Fetch Metadata Request Headers, section 2.3; older browsers, and all on addresses that are not loopback,
/// send `Origin` alone.
fn is_cross_site(headers: &HeaderMap, host: &Authority) -> bool {
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter().peekable();
    if sites.peek().is_some() {
        return !sites.all(|site| site == "same-origin" || site == "none");
    }
    let own = own_origin(host);
    let is_own = |origin: &HeaderValue| {
        let origin = origin.to_str().ok().and_then(|origin| origin.parse::<WebOrigin>().ok());
        origin.is_some() && origin == own
    };
    !headers.get_all(ORIGIN).iter().all(is_own)
}

fn is_preflight<B>(request: &Request<B>) -> bool {
    *request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Answers a preflight of an allowed page: every method and header.
///
/// Source: WHATWG Fetch, "CORS protocol"; WICG, Private Network Access.
fn preflight(asked: &HeaderMap, origin: Option<HeaderValue>) -> HttpResponse {
    let mut answer = HttpResponse::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    seal(headers);
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, PUT, POST, DELETE"));
    if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    if asked.contains_key(ASKS_FOR_PRIVATE_NETWORK) {
        headers.insert(ALLOWS_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
    headers.insert(
        VARY,
        HeaderValue::from_static("Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
    );
    answer
}
