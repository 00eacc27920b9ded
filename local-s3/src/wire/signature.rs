//! Rules of AWS's signatures that `s3s` does not enforce. `s3s` verifies the signature itself afterwards.

use hyper::Request;
use hyper::header::{AUTHORIZATION, DATE, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use s3s::{Body, S3Result, s3_error};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// The longest time that a presigned URL is valid: seven days, in seconds.
const LONGEST: u32 = 604_800;
/// The largest difference between a client's clock and ours.
const SKEW: time::Duration = time::Duration::minutes(15);
const AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");

/// Parameters that belong to a presigned URL's signature. Other `X-Amz-…` parameters stand for headers.
const SIGNATURE: [&str; 8] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
    "x-amz-signature",
    "x-amz-security-token",
    "x-amz-content-sha256",
];

/// Refuses a request whose signature breaks a rule, and brings dates and presigned headers into the form that `s3s`
/// reads.
pub(super) fn check(request: &mut Request<Body>) -> S3Result<()> {
    let query = Query::read(request.uri().query().unwrap_or_default());
    let presigned = query.get("x-amz-signature").is_some() || query.get("x-amz-algorithm").is_some();
    let Some(authorization) = request.headers().get(AUTHORIZATION) else {
        return if presigned { check_presigned(request, &query) } else { Ok(()) };
    };
    if presigned {
        return Err(s3_error!(
            InvalidArgument,
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
             parameter or the Authorization header should be specified"
        ));
    }
    let authorization = authorization.to_str().unwrap_or_default().trim().to_owned();
    match authorization.split_once(' ') {
        _ if authorization.is_empty() => Err(s3_error!(AccessDenied, "The Authorization header is empty.")),
        Some(("AWS4-HMAC-SHA256", fields)) => check_signed_headers(request, fields),
        Some(("AWS", fields)) if fields.contains(':') => check_date(request.headers()).map(|_| ()),
        Some(("AWS", _)) => Err(s3_error!(
            InvalidArgument,
            "AWS authorization header is invalid. Expected AwsAccessKeyId:signature"
        )),
        _ => Err(s3_error!(InvalidArgument, "Unsupported Authorization Type")),
    }
}

fn check_signed_headers(request: &mut Request<Body>, fields: &str) -> S3Result<()> {
    let mut fields = fields.split(',').map(str::trim);
    let signed = fields.find_map(|field| field.strip_prefix("SignedHeaders=")).unwrap_or_default();
    refuse_unsigned(request.headers(), signed)?;
    let date = check_date(request.headers())?;
    if !request.headers().contains_key(AMZ_DATE) {
        request.headers_mut().insert(AMZ_DATE, date);
    }
    Ok(())
}

fn check_presigned(request: &mut Request<Body>, query: &Query) -> S3Result<()> {
    let needed = ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signature"];
    let signed = query.get("x-amz-signedheaders");
    let (Some(signed), true) = (signed, needed.iter().all(|name| query.get(name).is_some())) else {
        return Err(s3_error!(
            AuthorizationQueryParametersError,
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
             X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        ));
    };
    let expires = query.get("x-amz-expires").unwrap_or_default();
    match expires.parse::<i64>() {
        Err(_) => {
            return Err(s3_error!(AuthorizationQueryParametersError, "X-Amz-Expires should be a number"));
        }
        Ok(seconds) if seconds < 0 => {
            return Err(s3_error!(AuthorizationQueryParametersError, "X-Amz-Expires must be non-negative"));
        }
        Ok(seconds) if seconds > i64::from(LONGEST) => {
            return Err(s3_error!(
                AuthorizationQueryParametersError,
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less \
                 than {} seconds",
                LONGEST
            ));
        }
        Ok(_) => {}
    }
    refuse_unsigned(request.headers(), signed)?;
    for (name, value) in &query.0 {
        let stands_for_header = name.starts_with("x-amz-")
            && !SIGNATURE.contains(&name.as_str())
            // Some SDKs put the checksum of an empty body here when they sign the URL of an upload.
            && !name.starts_with("x-amz-checksum-")
            && name != "x-amz-sdk-checksum-algorithm";
        if stands_for_header
            && let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
        {
            request.headers_mut().entry(name).or_insert(value);
        }
    }
    Ok(())
}

/// Refuses a request whose signature does not cover its `Host` and every `x-amz-` header.
fn refuse_unsigned(headers: &HeaderMap, signed: &str) -> S3Result<()> {
    let is_signed = |name: &str| signed.split(';').any(|signed| signed == name);
    let names = headers.keys().map(HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
    let missing: Vec<&str> = std::iter::once("host").chain(names).filter(|name| !is_signed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(s3_error!(
        AccessDenied,
        "There were headers present in the request which were not signed: {}",
        missing.join(", ")
    ))
}

/// Checks the time that a request was signed at, and returns it in the form of `x-amz-date`.
fn check_date(headers: &HeaderMap) -> S3Result<HeaderValue> {
    let text = headers.get(AMZ_DATE).or_else(|| headers.get(DATE)).and_then(|value| value.to_str().ok());
    let time = text.and_then(|text| {
        let named = || OffsetDateTime::parse(&text.replace("GMT", "+0000"), &Rfc2822).ok();
        basic_date(text).or_else(named).filter(|time| time.unix_timestamp() >= 0)
    });
    let Some(time) = time else {
        return Err(s3_error!(AccessDenied, "AWS authentication requires a valid Date or x-amz-date header"));
    };
    if (OffsetDateTime::now_utc() - time).abs() > SKEW {
        return Err(s3_error!(
            RequestTimeTooSkewed,
            "The difference between the request time and the current time is too large."
        ));
    }
    HeaderValue::from_str(&basic_text(time))
        .map_err(|_| s3_error!(AccessDenied, "The date of the request is not valid."))
}

/// Parses `20130524T000000Z`.
fn basic_date(text: &str) -> Option<OffsetDateTime> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if date.len() != 8 || clock.len() != 6 || !digits(date) || !digits(clock) {
        return None;
    }
    let month = time::Month::try_from(date[4..6].parse::<u8>().ok()?).ok()?;
    let date =
        time::Date::from_calendar_date(date[..4].parse().ok()?, month, date[6..].parse().ok()?).ok()?;
    let [hour, minute, second] =
        [&clock[..2], &clock[2..4], &clock[4..]].map(|text| text.parse().unwrap_or(99));
    Some(date.with_hms(hour, minute, second).ok()?.assume_utc())
}

fn basic_text(time: OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    let (date, month) = (time.date(), u8::from(time.month()));
    let (hour, minute, second) = time.to_hms();
    format!("{:04}{month:02}{:02}T{hour:02}{minute:02}{second:02}Z", date.year(), date.day())
}

/// Decoded parameters, names in lower case.
struct Query(Vec<(String, String)>);

impl Query {
    fn read(query: &str) -> Self {
        let decode =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(pairs.map(|(name, value)| (decode(name).to_ascii_lowercase(), decode(value))).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn dates_are_read_in_both_forms() {
        let now = OffsetDateTime::now_utc();
        let amz = basic_text(now);
        let named = now.format(&Rfc2822).unwrap().replace("+0000", "GMT");
        for date in
            [headers(&[("x-amz-date", &amz)]), headers(&[("date", &named)]), headers(&[("date", &amz)])]
        {
            assert_eq!(check_date(&date).unwrap().to_str().unwrap(), amz);
        }
        for date in [headers(&[]), headers(&[("date", "yesterday")]), headers(&[("x-amz-date", "")])] {
            assert_eq!(check_date(&date).unwrap_err().code().as_str(), "AccessDenied");
        }
        let old = headers(&[("x-amz-date", "20130524T000000Z")]);
        assert_eq!(check_date(&old).unwrap_err().code().as_str(), "RequestTimeTooSkewed");
    }

    #[test]
    fn every_amz_header_must_be_signed() {
        let sent = headers(&[("host", "a"), ("x-amz-date", "b"), ("x-amz-acl", "private"), ("range", "c")]);
        assert!(refuse_unsigned(&sent, "host;x-amz-acl;x-amz-date").is_ok());
        let error = refuse_unsigned(&sent, "x-amz-date").unwrap_err();
        assert!(error.message().unwrap().ends_with("host, x-amz-acl"), "{error:?}");
    }
}
