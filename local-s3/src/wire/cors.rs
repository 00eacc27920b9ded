//! Cross-origin requests: the rules of a bucket, preflights, and the headers that let a page read an answer.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue,
    ORIGIN, VARY,
};
use hyper::{Method, Request, StatusCode};
use s3s::dto::{
    CORSRule, DeleteBucketCorsInput, DeleteBucketCorsOutput, GetBucketCorsInput, GetBucketCorsOutput,
    PutBucketCorsInput, PutBucketCorsOutput,
};
use s3s::{Body, HttpResponse, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::Api;
use crate::storage::{CorsRule, Store};

const MOST_RULES: usize = 100;
const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "HEAD"];
const VARIES: HeaderValue =
    HeaderValue::from_static("Origin, Access-Control-Request-Headers, Access-Control-Request-Method");

/// A cross-origin request as a browser describes it, and the rules it is compared with.
pub(super) struct Crossing {
    rules: Vec<CorsRule>,
    origin: Option<String>,
    method: Option<String>,
    /// In lower case.
    headers: Vec<String>,
}

impl Crossing {
    /// Reads a request; `None` if it is neither a preflight nor for a bucket that has rules.
    pub(super) fn of(store: &Store, request: &Request<Body>) -> Option<Self> {
        let bucket = request.uri().path().trim_start_matches('/').split('/').next().unwrap_or_default();
        let rules = store.bucket(bucket).ok().and_then(|bucket| bucket.cors()).unwrap_or_default();
        let preflight = request.method() == Method::OPTIONS;
        if rules.is_empty() && !preflight {
            return None;
        }
        let text = |name: HeaderName| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let headers = text(ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default().to_ascii_lowercase();
        let headers = headers.split(',').map(str::trim).filter(|header| !header.is_empty());
        let asked = text(ACCESS_CONTROL_REQUEST_METHOD);
        let method = if preflight { asked } else { asked.or(Some(request.method().to_string())) };
        Some(Self { rules, origin: text(ORIGIN), method, headers: headers.map(str::to_owned).collect() })
    }

    /// Answers a preflight.
    pub(super) fn preflight(&self) -> S3Result<HttpResponse> {
        if self.origin.is_none() {
            return Err(bad_request("Insufficient information. Origin request header needed."));
        }
        if self.method.as_deref().is_none_or(|method| !METHODS.contains(&method)) {
            return Err(bad_request("Invalid Access-Control-Request-Method."));
        }
        if self.rules.is_empty() {
            return Err(forbidden("CORSResponse: CORS is not enabled for this bucket."));
        }
        let Some(headers) = self.allowed() else {
            return Err(forbidden(
                "CORSResponse: This CORS request is not allowed. No rule of the bucket allows this Origin with this \
                 Access-Control-Request-Method and these Access-Control-Request-Headers.",
            ));
        };
        let mut answer = HttpResponse::new(Body::empty());
        *answer.status_mut() = StatusCode::OK;
        *answer.headers_mut() = headers;
        Ok(answer)
    }

    /// Adds the headers that let the page read an answer.
    pub(super) fn allow(&self, answer: &mut HttpResponse) {
        match self.allowed() {
            Some(headers) => answer.headers_mut().extend(headers),
            None => {
                answer.headers_mut().append(VARY, VARIES);
            }
        }
    }

    fn allowed(&self) -> Option<HeaderMap> {
        let (origin, method) = (self.origin.as_deref()?, self.method.as_deref()?);
        let rule = self.rules.iter().find(|rule| rule.allows(origin, method, &self.headers))?;
        let mut headers = HeaderMap::new();
        let mut add = |name: HeaderName, text: &str| {
            if let (Ok(value), false) = (HeaderValue::from_str(text), text.is_empty()) {
                headers.insert(name, value);
            }
        };
        if rule.is_for_all() {
            add(ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        } else {
            add(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            add(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
        add(ACCESS_CONTROL_ALLOW_METHODS, &rule.methods.join(", "));
        add(ACCESS_CONTROL_ALLOW_HEADERS, &self.headers.join(", "));
        add(ACCESS_CONTROL_EXPOSE_HEADERS, &rule.exposed.join(", "));
        if let Some(seconds) = rule.max_age {
            add(ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
        }
        headers.insert(VARY, VARIES);
        Some(headers)
    }
}

fn bad_request(message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom("BadRequest".into()), message);
    error.set_status_code(StatusCode::BAD_REQUEST);
    error
}

fn forbidden(message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom("AccessForbidden".into()), message);
    error.set_status_code(StatusCode::FORBIDDEN);
    error
}

pub(super) async fn get_bucket_cors(
    api: &Api,
    request: S3Request<GetBucketCorsInput>,
) -> S3Result<S3Response<GetBucketCorsOutput>> {
    let rules = api.store.bucket(&request.input.bucket)?.cors();
    let rules =
        rules.ok_or_else(|| s3_error!(NoSuchCORSConfiguration, "The CORS configuration does not exist"))?;
    let rules = rules.into_iter().map(|rule| CORSRule {
        allowed_headers: (!rule.headers.is_empty()).then_some(rule.headers),
        allowed_methods: rule.methods,
        allowed_origins: rule.origins,
        expose_headers: (!rule.exposed.is_empty()).then_some(rule.exposed),
        id: rule.id,
        max_age_seconds: rule.max_age,
    });
    Ok(S3Response::new(GetBucketCorsOutput { cors_rules: Some(rules.collect()) }))
}

pub(super) async fn put_bucket_cors(
    api: &Api,
    request: S3Request<PutBucketCorsInput>,
) -> S3Result<S3Response<PutBucketCorsOutput>> {
    let rules = request.input.cors_configuration.cors_rules;
    if rules.is_empty() || rules.len() > MOST_RULES {
        return Err(s3_error!(MalformedXML, "A CORS configuration has 1 to {} rules.", MOST_RULES));
    }
    let rules = rules.into_iter().map(checked).collect::<S3Result<Vec<_>>>()?;
    api.store.change_bucket(&request.input.bucket, |record| record.cors = Some(rules)).await?;
    Ok(S3Response::new(PutBucketCorsOutput::default()))
}

pub(super) async fn delete_bucket_cors(
    api: &Api,
    request: S3Request<DeleteBucketCorsInput>,
) -> S3Result<S3Response<DeleteBucketCorsOutput>> {
    api.store.change_bucket(&request.input.bucket, |record| record.cors = None).await?;
    Ok(S3Response::new(DeleteBucketCorsOutput::default()))
}

fn checked(rule: CORSRule) -> S3Result<CorsRule> {
    if rule.allowed_methods.is_empty() || rule.allowed_origins.is_empty() {
        return Err(s3_error!(MalformedXML, "A CORS rule needs an AllowedOrigin and an AllowedMethod."));
    }
    if let Some(method) = rule.allowed_methods.iter().find(|method| !METHODS.contains(&method.as_str())) {
        return Err(s3_error!(
            InvalidRequest,
            "Found unsupported HTTP method in CORS config. Unsupported method is {}",
            method
        ));
    }
    let headers = rule.allowed_headers.unwrap_or_default();
    for pattern in rule.allowed_origins.iter().chain(&headers) {
        if pattern.matches('*').count() > 1 {
            return Err(s3_error!(InvalidRequest, "{:?} can not have more than one wildcard.", pattern));
        }
    }
    let exposed = rule.expose_headers.unwrap_or_default();
    if let Some(header) = exposed.iter().find(|header| HeaderName::from_bytes(header.as_bytes()).is_err()) {
        return Err(s3_error!(InvalidRequest, "ExposeHeader {:?} is not the name of a header.", header));
    }
    Ok(CorsRule {
        id: rule.id,
        origins: rule.allowed_origins,
        methods: rule.allowed_methods,
        headers,
        exposed,
        max_age: rule.max_age_seconds,
    })
}
