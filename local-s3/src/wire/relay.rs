//! Requests that are changed after their signature was verified, and then served without it.

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderValue, RANGE};
use hyper::http::{Extensions, uri::PathAndQuery};
use hyper::{Method, Request, Uri};
use s3s::route::S3Route;
use s3s::service::S3Service;
use s3s::{Body, S3Error, S3Request, S3Response, S3Result, TrailingHeaders, s3_error};

use super::access::Admitted;
use super::digest::Promise;
use super::{range, xml};
use crate::storage;

/// The most bytes of an XML body. S3 takes 2 MB; 10,000 parts with checksums need a little more.
const XML_LIMIT: usize = 8 << 20;

/// Queries whose PUT or POST has an XML body.
const DOCUMENTS: [&str; 12] = [
    "accelerate",
    "acl",
    "cors",
    "delete",
    "legal-hold",
    "lifecycle",
    "notification",
    "retention",
    "tagging",
    "uploadId",
    "versioning",
    "website",
];

/// Hands requests that `s3s` would misread to a second service, which has no route and asks for no signature.
///
/// Headers and bodies are signed, so they are changed only after `s3s` has verified the signature.
pub(super) struct Relay {
    pub(super) service: S3Service,
}

#[async_trait::async_trait]
impl S3Route for Relay {
    fn is_match(&self, method: &Method, uri: &Uri, headers: &HeaderMap, _: &mut Extensions) -> bool {
        range::is_to_be_ignored(method, headers) || has_document(method, uri)
    }

    /// The other service's gate decides.
    async fn check_access(&self, _: &mut S3Request<Body>) -> S3Result<()> {
        Ok(())
    }

    async fn call(&self, mut request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let ignore_range = range::is_to_be_ignored(&request.method, &request.headers);
        let mut body = std::mem::take(&mut request.input);
        // Bodies are read for those who may send them; the other service refuses everyone else.
        if request.credentials.is_some() && has_document(&request.method, &request.uri) {
            let completes = request.uri.query().unwrap_or_default().contains("uploadId=");
            let trailers = request.trailing_headers.take();
            let bytes = verified(body, &request.headers, trailers, completes).await?;
            request.headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            body = Body::from(bytes);
        }
        let mut plain = Request::new(body);
        *plain.method_mut() = request.method;
        *plain.uri_mut() = unsigned(request.uri)?;
        *plain.headers_mut() = request.headers;
        if ignore_range {
            plain.headers_mut().remove(RANGE);
        }
        plain.headers_mut().remove(AUTHORIZATION);
        *plain.extensions_mut() = request.extensions;
        if let Some(credentials) = request.credentials {
            plain.extensions_mut().insert(Admitted { access_key: credentials.access_key });
        }
        let answer = self.service.call(plain).await;
        let (head, body) =
            answer.map_err(|error| s3_error!(InternalError, "internal fault: {:?}", error))?.into_parts();
        let mut response = S3Response::new(body);
        (response.status, response.headers) = (Some(head.status), head.headers);
        Ok(response)
    }
}

/// Returns whether a request may have an XML body.
fn has_document(method: &Method, uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    let names = || query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    match *method {
        Method::POST => names().any(|name| DOCUMENTS.contains(&name)),
        // The part of an upload has an id too.
        Method::PUT => names().any(|name| name != "uploadId" && DOCUMENTS.contains(&name)),
        _ => false,
    }
}

/// Reads an XML body, compares it with the checksums that came with it, and returns it in plain form.
async fn verified(
    mut body: Body,
    headers: &HeaderMap,
    trailers: Option<TrailingHeaders>,
    completes: bool,
) -> S3Result<Bytes> {
    // The checksums of a completion are those of the object.
    let promise = if completes { Promise::read_md5(headers)? } else { Promise::read(headers, None)? };
    let bytes = body.store_all_limited(XML_LIMIT).await.map_err(|error| {
        if error.to_string().contains("limit") {
            return s3_error!(
                MaxMessageLengthExceeded,
                "Your request was too big: {} bytes are allowed.",
                XML_LIMIT
            );
        }
        S3Error::from(storage::broken_body(&*error))
    })?;
    promise.check(&bytes, trailers)?;
    if bytes.is_empty() {
        return Ok(bytes);
    }
    let plain = xml::plain(&bytes).map_err(|reason| {
        s3_error!(MalformedXML, "The XML you provided was not well-formed or did not validate: {}.", reason)
    })?;
    Ok(Bytes::from(plain))
}

/// Returns the address without a presigned URL's signature.
fn unsigned(uri: Uri) -> S3Result<Uri> {
    let Some(query) = uri.query() else { return Ok(uri) };
    let is_signature = |pair: &&str| pair.to_ascii_lowercase().starts_with("x-amz-");
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_signature(pair)).collect();
    let path = format!("{}?{}", uri.path(), kept.join("&"));
    let path = PathAndQuery::try_from(path).map_err(|error| s3_error!(InvalidURI, "{}", error))?;
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).map_err(|error| s3_error!(InvalidURI, "{}", error))
}
