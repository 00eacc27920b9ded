//! The region of a bucket, out of an answer that another region gives.

use aws_sdk_s3::config::http::HttpResponse;

/// Longest name of a region that is believed.
const LONGEST: usize = 32;

/// Returns the region that S3 names for the bucket, in a header or in the words of the error.
///
/// Source: Amazon S3 API Reference, "HeadBucket" (`x-amz-bucket-region`); "Error responses" (`Region`).
pub(crate) fn of_bucket(answer: &HttpResponse) -> Option<String> {
    let header = answer.headers().get("x-amz-bucket-region");
    let body = answer.body().bytes().and_then(|body| std::str::from_utf8(body).ok());
    header.or_else(|| body.and_then(element)).filter(|name| is_name(name)).map(str::to_owned)
}

/// Returns the text of the first `Region` element.
fn element(xml: &str) -> Option<&str> {
    let (_, rest) = xml.split_once("<Region>")?;
    Some(rest.split_once("</Region>")?.0.trim())
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_read_from_the_error() {
        let xml = "<Error><Code>AuthorizationHeaderMalformed</Code><Region> eu-central-1 </Region></Error>";
        assert_eq!(element(xml), Some("eu-central-1"));
        assert_eq!(element("<Error><Region>x"), None);
    }

    #[test]
    fn only_names_are_believed() {
        assert!(is_name("eu-central-1") && is_name("us-gov-west-1"));
        for wrong in ["", "eu central", "EU", "a;rm", "\u{1b}[31m", &"a".repeat(33)] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
