//! Failed requests in words.

use std::error::Error;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// A failed request in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// S3's error code, or a word of ours where S3 gave none.
    pub code: String,
    /// The failure, as a phrase.
    pub message: String,
    /// The remedy, as a sentence.
    pub remedy: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.message.trim_end_matches('.'), self.remedy)
    }
}

/// The request that failed.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The bucket that it addressed.
    pub bucket: &'a str,
    /// The server, if it is not Amazon's.
    pub endpoint: Option<&'a str>,
    /// Permissions that it needs.
    pub permissions: &'a str,
    /// The flag or variable that names the bucket.
    pub named_by: &'a str,
}

/// Explains why `request` failed with `error`.
///
/// Source: Amazon S3 API Reference, "List of error codes".
pub fn explain<E>(error: &SdkError<E>, request: &Request<'_>) -> Explanation
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let Some(why) = chain(error).find_map(|cause| cause.downcast_ref::<CredentialsError>()) {
        return no_credentials(why);
    }
    match error {
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            let region = context.raw().headers().get("x-amz-bucket-region");
            let code = context.err().code().map_or_else(|| format!("HTTP {status}"), str::to_owned);
            let words = context.err().message().unwrap_or("S3 gave no reason");
            answered(code, words, region, request)
        }
        SdkError::TimeoutError(_) => unreachable("timeout", "it did not answer in time", request),
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
            if is_refused(error) {
                unreachable("connection-refused", "the connection was refused", request)
            } else {
                unreachable("connection", &innermost(error), request)
            }
        }
        other => Explanation {
            code: "request".to_owned(),
            message: format!("the request to bucket '{}' failed: {}", request.bucket, innermost(other)),
            remedy: "Check the endpoint and the AWS configuration.".to_owned(),
        },
    }
}

fn answered(code: String, words: &str, region: Option<&str>, request: &Request<'_>) -> Explanation {
    let Request { bucket, permissions, named_by, .. } = request;
    let message = match code.as_str() {
        "NoSuchBucket" => format!("there is no bucket {bucket}"),
        "AccessDenied" | "HTTP 403" => format!("access to s3://{bucket} is denied"),
        _ => format!("S3 answered {code} for bucket {bucket}: {words}"),
    };
    let remedy = match code.as_str() {
        "NoSuchBucket" => format!("Name the bucket with {named_by}."),
        "AccessDenied" | "HTTP 403" => format!("The credentials need {permissions}."),
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" => {
            "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile that AWS_PROFILE names."
                .to_owned()
        }
        "ExpiredToken" | "InvalidToken" => "Sign in again, for example with `aws sso login`.".to_owned(),
        "PermanentRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException"
        | "HTTP 301" => match region {
            Some(region) => format!("Set AWS_REGION={region}."),
            None => "Set AWS_REGION to the bucket's region.".to_owned(),
        },
        "RequestTimeTooSkewed" => "Set this machine's clock.".to_owned(),
        "SlowDown" | "ServiceUnavailable" | "InternalError" | "RequestTimeout" | "HTTP 503" | "HTTP 500" => {
            "Wait a little and run the command again.".to_owned()
        }
        _ => "Run the command again; if that fails too, check the endpoint and the AWS configuration."
            .to_owned(),
    };
    Explanation { code, message, remedy }
}

fn no_credentials(why: &CredentialsError) -> Explanation {
    let why = innermost(why);
    // The further lines name each place that was searched.
    let why = why.lines().next().unwrap_or_default().trim_end_matches(". Attempted:");
    Explanation {
        code: "no-credentials".to_owned(),
        message: format!("there are no AWS credentials: {why}"),
        remedy: "Run `aws configure` or `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY."
            .to_owned(),
    }
}

fn unreachable(code: &str, what: &str, request: &Request<'_>) -> Explanation {
    let server = request.endpoint.unwrap_or("S3");
    let remedy = match request.endpoint {
        Some(_) => "Check that a server runs there, or give another address with --endpoint-url.",
        None => "Check the network, HTTPS_PROXY and AWS_CA_BUNDLE.",
    };
    Explanation {
        code: code.to_owned(),
        message: format!("{server} could not be reached: {what}"),
        remedy: remedy.to_owned(),
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Returns `true` if nothing listens at the server's address.
pub fn is_refused(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused)
    })
}

/// Returns the cause at the chain's end: the SDK's outer words name only its own layers.
pub fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_a_remedy() {
        let request = Request {
            bucket: "derived",
            endpoint: None,
            permissions: "s3:GetObject",
            named_by: "--bucket or DERIVED_BUCKET",
        };
        let told =
            |code: &str, region: Option<&str>| answered(code.into(), "words", region, &request).to_string();
        assert_eq!(
            told("NoSuchBucket", None),
            "there is no bucket derived. Name the bucket with --bucket or DERIVED_BUCKET."
        );
        assert_eq!(
            told("AccessDenied", None),
            "access to s3://derived is denied. The credentials need s3:GetObject."
        );
        assert!(told("ExpiredToken", None).ends_with("Sign in again, for example with `aws sso login`."));
        assert!(told("PermanentRedirect", Some("eu-central-1")).ends_with("Set AWS_REGION=eu-central-1."));
        assert!(told("HTTP 301", None).ends_with("Set AWS_REGION to the bucket's region."));
        assert!(told("Odd", None).starts_with("S3 answered Odd for bucket derived: words. "));
    }
}
