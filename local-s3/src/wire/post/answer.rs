use hyper::header::{CONTENT_TYPE, ETAG, HOST, HeaderValue, LOCATION};
use hyper::http::request::Parts;
use hyper::{StatusCode, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{Body, HttpResponse, S3Result, s3_error};

use super::Fields;
use crate::key;
use crate::storage::{Bucket, Object};
use crate::wire::put::version_header;

/// Characters that stay as they are in a query.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Answers a form whose file is stored, as its `success_action_redirect` or `success_action_status` says.
pub(super) fn uploaded(
    head: &Parts,
    fields: &Fields,
    bucket: &Bucket,
    object: &Object,
) -> S3Result<HttpResponse> {
    let etag = format!("\"{}\"", object.etag);
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let mut location = format!("http://{host}/{}/{}", bucket.name(), key::listed(&object.key));
    let mut answer = HttpResponse::new(Body::empty());
    let target = fields.get("success_action_redirect").or_else(|| fields.get("redirect"));
    if let Some(target) = target.and_then(|target| redirect(target, bucket.name(), &object.key, &etag)) {
        *answer.status_mut() = StatusCode::SEE_OTHER;
        location = target;
    } else {
        match fields.get("success_action_status") {
            Some("200") => {}
            Some("201") => {
                *answer.status_mut() = StatusCode::CREATED;
                answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
                *answer.body_mut() = Body::from(document(&location, bucket.name(), &object.key, &etag));
            }
            _ => *answer.status_mut() = StatusCode::NO_CONTENT,
        }
    }
    let headers = answer.headers_mut();
    headers.insert(ETAG, value(&etag)?);
    headers.insert(LOCATION, value(&location)?);
    if let Some(version) = version_header(bucket, object) {
        headers.insert("x-amz-version-id", value(&version)?);
    }
    for (algorithm, checksum) in &object.checksums {
        headers.insert(algorithm.header(), value(checksum)?);
    }
    Ok(answer)
}

fn value(text: &str) -> S3Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|error| s3_error!(InternalError, "internal fault: {}", error))
}

/// Returns the address to send the browser to, or `None` if it is no web address; S3 then answers as without it.
fn redirect(target: &str, bucket: &str, key: &str, etag: &str) -> Option<String> {
    let (target, fragment) = target.split_once('#').map_or((target, None), |(url, rest)| (url, Some(rest)));
    let uri: Uri = target.parse().ok()?;
    let web = matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some();
    let fragment = fragment.filter(|rest| rest.bytes().all(|byte| byte.is_ascii_graphic()));
    web.then(|| {
        let encode = |text| utf8_percent_encode(text, QUERY);
        let sign = if target.contains('?') { '&' } else { '?' };
        let query = format!("bucket={}&key={}&etag={}", encode(bucket), encode(key), encode(etag));
        let fragment = fragment.map(|rest| format!("#{rest}")).unwrap_or_default();
        format!("{target}{sign}{query}{fragment}")
    })
}

/// Writes S3's `PostResponse`.
fn document(location: &str, bucket: &str, key: &str, etag: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>{}</Location><Bucket>{}</Bucket>\
         <Key>{}</Key><ETag>{}</ETag></PostResponse>",
        escape(location),
        escape(bucket),
        escape(key),
        escape(etag)
    )
}

/// Escapes text for XML. Characters that XML 1.0 cannot hold become U+FFFD.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\0'..=' ' if character != ' ' => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_names_the_object() {
        for (target, expected) in [
            ("http://x.org/done", Some("http://x.org/done?bucket=b&key=a%20b%2Fc%26&etag=%22e%22")),
            ("https://x.org/?a=1#top", Some("https://x.org/?a=1&bucket=b&key=a%20b%2Fc%26&etag=%22e%22#top")),
            ("http://x.org/a\r\nset-cookie: a", None),
            ("javascript:alert(1)", None),
            ("/relative", None),
            ("not an address", None),
            ("", None),
        ] {
            assert_eq!(redirect(target, "b", "a b/c&", "\"e\"").as_deref(), expected, "{target}");
        }
    }

    #[test]
    fn documents_are_well_formed_whatever_the_key() {
        let document = document("http://h/b/k", "b", "<&\">\u{1}\r", "\"e\"");
        assert!(document.contains("<Key>&lt;&amp;&quot;&gt;\u{fffd}&#13;</Key>"), "{document}");
    }
}
