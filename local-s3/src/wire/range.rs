use hyper::header::{AUTHORIZATION, HeaderMap, RANGE};
use hyper::http::{Extensions, uri::PathAndQuery};
use hyper::{Method, Request, Uri};
use s3s::dto::Range;
use s3s::route::S3Route;
use s3s::service::S3Service;
use s3s::{Body, S3Request, S3Response, S3Result, s3_error};

use super::access::Admitted;

/// Answers reads whose `Range` is no range as if there were none (RFC 9110 section 14.2); `s3s` would refuse them.
///
/// The header may be signed, so it is taken away only after the signature was verified. What is left goes to a
/// service without this route.
pub(super) struct Unranged {
    pub(super) service: S3Service,
}

#[async_trait::async_trait]
impl S3Route for Unranged {
    fn is_match(&self, method: &Method, _: &Uri, headers: &HeaderMap, _: &mut Extensions) -> bool {
        let mut ranges = headers.get_all(RANGE).iter();
        matches!(*method, Method::GET | Method::HEAD)
            && ranges.any(|range| !range.to_str().is_ok_and(|range| Range::parse(range).is_ok()))
    }

    /// The other service's gate decides.
    async fn check_access(&self, _: &mut S3Request<Body>) -> S3Result<()> {
        Ok(())
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let mut plain = Request::new(request.input);
        *plain.method_mut() = request.method;
        *plain.uri_mut() = unsigned(request.uri)?;
        *plain.headers_mut() = request.headers;
        plain.headers_mut().remove(RANGE);
        plain.headers_mut().remove(AUTHORIZATION);
        *plain.extensions_mut() = request.extensions;
        if request.credentials.is_some() {
            plain.extensions_mut().insert(Admitted);
        }
        let answer = self.service.call(plain).await;
        let (head, body) =
            answer.map_err(|error| s3_error!(InternalError, "internal fault: {:?}", error))?.into_parts();
        let mut response = S3Response::new(body);
        (response.status, response.headers) = (Some(head.status), head.headers);
        Ok(response)
    }
}

/// The address without a presigned URL's signature.
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
