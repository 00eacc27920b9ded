use hyper::Method;
use hyper::header::{HeaderMap, RANGE};
use s3s::dto::Range;

/// Returns whether a read has a `Range` that is no range. It is answered as if there were none (RFC 9110 section
/// 14.2); `s3s` would refuse it.
pub(super) fn is_to_be_ignored(method: &Method, headers: &HeaderMap) -> bool {
    let mut ranges = headers.get_all(RANGE).iter();
    matches!(*method, Method::GET | Method::HEAD)
        && ranges.any(|range| !range.to_str().is_ok_and(|range| Range::parse(range).is_ok()))
}
