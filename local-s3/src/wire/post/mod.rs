//! Uploads by a browser's form (POST Object). `s3s` would collect the file in memory and loses some files, so these
//! requests are answered before it sees them.

mod answer;
mod attributes;
mod receive;
mod signature;

use futures::StreamExt;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::{Method, Request};
use percent_encoding::percent_decode_str;
use s3s::auth::SecretKey;
use s3s::{Body, HttpError, HttpResponse, S3Error, S3Result, s3_error};
use time::OffsetDateTime;

use super::digest::BODY_LIMIT;
use super::put::check_key;
use super::{Api, Call};
use crate::checksum::Algorithm;
use crate::event::{Happening, Origin};
use crate::form::{self, Fields, Policy, PolicyError};
use crate::requests::Counter;
use crate::storage::{Fault, Incoming, NewObject, WriteCondition};
use receive::Form;

/// The part of a server that takes forms.
#[derive(Clone)]
pub(super) struct Post {
    pub(super) api: Api,
    pub(super) access_key: String,
    pub(super) secret_key: SecretKey,
    pub(super) counter: Counter,
}

impl std::fmt::Debug for Post {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Post").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// Returns whether a request is a form.
pub(super) fn is_form(request: &Request<Body>) -> bool {
    request.method() == Method::POST && content_type(request.headers()).is_some()
}

fn content_type(headers: &hyper::HeaderMap) -> Option<&str> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = value.split(';').next()?.trim();
    kind.eq_ignore_ascii_case("multipart/form-data").then_some(value)
}

/// Returns the bucket of `/bucket` or `/bucket/` without a query.
fn bucket(uri: &hyper::Uri) -> Option<String> {
    let name = uri.path().strip_prefix('/')?;
    let name = name.strip_suffix('/').unwrap_or(name);
    let plain = !name.is_empty() && !name.contains('/') && uri.query().is_none_or(str::is_empty);
    plain.then(|| percent_decode_str(name).decode_utf8_lossy().into_owned())
}

impl Post {
    /// Answers a form. Everything that the client sends is read, also if the form is refused: a browser that still sends
    /// does not see the answer.
    pub(super) async fn serve(&self, request: Request<Body>) -> Result<HttpResponse, HttpError> {
        let (head, mut body) = request.into_parts();
        match self.post(&head, &mut body).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                let mut drained = 0;
                while let Some(Ok(bytes)) = body.next().await {
                    drained += bytes.len() as u64;
                    if drained > BODY_LIMIT {
                        break;
                    }
                }
                error.to_http_response().map_err(|error| HttpError::new(Box::new(error)))
            }
        }
    }

    async fn post(&self, head: &Parts, body: &mut Body) -> S3Result<HttpResponse> {
        let boundary = content_type(&head.headers).and_then(form::boundary);
        let boundary = boundary.ok_or_else(|| {
            s3_error!(MalformedPOSTRequest, "The Content-Type of the form has no valid boundary.")
        })?;
        let bucket_name = bucket(&head.uri).ok_or_else(|| {
            s3_error!(MethodNotAllowed, "A form must be sent to the address of a bucket, without a query.")
        })?;
        attributes::refuse_headers(&head.headers)?;
        let mut form = Form::new(&boundary, body);
        let (mut fields, filename) = form.fields().await?;
        fields.insert_filename(filename.as_deref());
        let (least, most) = self.admit(&fields, &bucket_name)?;
        self.counter.count("PostObject");

        let bucket = self.api.store.bucket(&bucket_name)?;
        let key = fields.get("key").filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| {
            s3_error!(InvalidArgument, "Bucket POST must contain a field named 'key'. Give it a value.")
        })?;
        check_key(key)?;
        let attributes = attributes::of(&fields)?;
        let promise = attributes::promise(&fields)?;
        let default = promise.algorithm().is_none().then_some(Algorithm::Crc64Nvme);
        let algorithms = promise.algorithm().into_iter().chain(default);
        let body =
            Incoming::receive(self.api.store.layout(), &mut form, algorithms, most.min(BODY_LIMIT)).await;
        let body = body.map_err(|fault| form.failure(fault))?;
        if body.size < least {
            return Err(s3_error!(
                EntityTooSmall,
                "Your proposed upload has {} bytes; the policy allows no fewer than {}.",
                body.size,
                least
            ));
        }
        let body = promise.verify(body)?;
        let origin = self.origin(head);
        let new = NewObject::whole(body, attributes);
        let store = &self.api.store;
        let object = store.put(&bucket, key, new, WriteCondition::default(), Happening::Post, origin).await?;
        answer::uploaded(head, &fields, &bucket, &object)
    }

    /// Verifies the signature and the policy of a form. Returns the smallest and largest size that the policy allows.
    fn admit(&self, fields: &Fields, bucket: &str) -> S3Result<(u64, u64)> {
        let Some(document) = fields.get("policy") else {
            return Err(s3_error!(AccessDenied, "Forms must have a policy and its signature."));
        };
        let now = OffsetDateTime::now_utc();
        signature::verify(fields, document, &self.access_key, &self.secret_key, now)?;
        let policy = Policy::parse(document).map_err(refusal)?;
        policy.check(fields, bucket, now).map_err(refusal)?;
        if fields.get("bucket").is_some_and(|named| named != bucket) {
            return Err(s3_error!(
                AccessDenied,
                "The form's field bucket names another bucket than its address."
            ));
        }
        Ok(policy.size())
    }

    fn origin(&self, head: &Parts) -> Origin {
        let call = head.extensions.get::<Call>().cloned().unwrap_or_default();
        Origin {
            request_id: call.request_id,
            source_ip: call.source_ip,
            principal: format!("AWS:{}", self.access_key),
        }
    }
}

fn refusal(error: PolicyError) -> S3Error {
    match &error {
        PolicyError::Invalid(_) => s3_error!(InvalidPolicyDocument, "{}", error),
        PolicyError::Expired | PolicyError::Failed(_) | PolicyError::Extra(_) => {
            s3_error!(AccessDenied, "{}", error)
        }
    }
}
