//! The rest of an error document: which request failed, at what.

use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use quick_xml::escape::escape;
use s3s::{Body, HttpResponse};

const END: &[u8] = b"</Error>";

/// Adds the resource and the ids of a request to an error document that lacks them.
pub(super) fn complete(answer: &mut HttpResponse, resource: &str, request_id: &str, host_id: &str) {
    let status = answer.status();
    let is_xml = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().ends_with(b"/xml"));
    if !(status.is_client_error() || status.is_server_error()) || !is_xml {
        return;
    }
    let Some(document) = answer.body().bytes() else { return };
    let Some(start) = document.strip_suffix(END) else { return };
    let has_id = start.windows(b"<RequestId>".len()).any(|bytes| bytes == b"<RequestId>");
    let id = if has_id { String::new() } else { format!("<RequestId>{request_id}</RequestId>") };
    let resource = escape(resource);
    let rest = format!("<Resource>{resource}</Resource>{id}<HostId>{host_id}</HostId></Error>");
    let document = Bytes::from([start, rest.as_bytes()].concat());
    if answer.headers().contains_key(CONTENT_LENGTH) {
        answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(document.len()));
    }
    *answer.body_mut() = Body::from(document);
}
