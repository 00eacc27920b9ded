//! What went wrong, where, and what to do about it.

use std::error::Error;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
pub(crate) use aws_support::innermost;
use aws_support::is_refused;
use manifest::MarkupError;
use serde::Serialize;

use crate::region;
use crate::store::Store;

/// Something that a person has to know and can do something about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    /// A stable word for machines: S3's error code where there is one.
    pub(crate) code: String,
    /// The failure, as a phrase.
    pub(crate) message: String,
    /// The remedy, as a sentence.
    pub(crate) remedy: String,
    /// The next request would fail in the same way, whatever its key.
    #[serde(skip)]
    pub(crate) concerns_all: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.message.trim_end_matches('.'), self.remedy)
    }
}

/// Codes of failures that do not pass by waiting, and concern every request to the bucket.
const FINAL: [&str; 10] = [
    "NoSuchBucket",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "TokenRefreshRequired",
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "RequestTimeTooSkewed",
];

impl Failure {
    pub(crate) fn new(code: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), remedy: remedy.into(), concerns_all: false }
    }

    /// What became of a request to `bucket` of `store`.
    pub(crate) fn of_request<E>(error: &SdkError<E>, bucket: &str, store: &Store) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(context) => {
                let answered = context.err();
                let status = context.raw().status().as_u16();
                let code = answered.code().map_or_else(|| format!("HTTP {status}"), str::to_owned);
                let region = region::of_bucket(context.raw());
                Self {
                    message: message(&code, answered.message(), bucket, region.as_deref(), store),
                    remedy: remedy(&code, bucket, region.as_deref(), store),
                    concerns_all: concerns_all(&code) || status == 301,
                    code,
                }
            }
            SdkError::TimeoutError(_) => {
                unreachable_server("timeout", "the server did not answer in time", store)
            }
            SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
                let (code, what) = if is_refused(error) {
                    ("connection-refused", "the connection was refused".to_owned())
                } else {
                    ("connection", innermost(error))
                };
                unreachable_server(code, &what, store)
            }
            other if lacks_credentials(other) => Self {
                concerns_all: true,
                ..Self::new(
                    "no-credentials",
                    format!("there are no AWS credentials that are valid: {}", innermost(other)),
                    "Run `aws sso login` or `aws configure`, or choose others with --profile or AWS_PROFILE.",
                )
            },
            other => Self::new(
                "request",
                format!("the request could not be made: {}", innermost(other)),
                "Run the command again; if that fails too, check the endpoint and the AWS configuration.",
            ),
        }
    }

    /// The same, of a large file of which a part has arrived.
    pub(crate) fn resumable(self) -> Self {
        let remedy =
            format!("{} What has arrived is kept: the same command goes on from there.", self.remedy);
        Self { remedy, ..self }
    }

    /// The same, with the permissions named that the request to `bucket` needs, if it was forbidden.
    pub(crate) fn needing(self, permissions: &str, bucket: &str) -> Self {
        if !matches!(self.code.as_str(), "AccessDenied" | "HTTP 403") {
            return self;
        }
        let remedy = format!(
            "Ask the operator for {permissions} on bucket '{bucket}', or choose other credentials with --profile or AWS_PROFILE."
        );
        Self { remedy, ..self }
    }

    /// What S3 would say of `bucket` where an answer has no words.
    pub(crate) fn no_such_bucket(bucket: &str, store: &Store) -> Self {
        let code = "NoSuchBucket";
        Self {
            concerns_all: true,
            ..Self::new(code, message(code, None, bucket, None, store), remedy(code, bucket, None, store))
        }
    }

    /// Returns `true` for failures of the network, which may pass without anybody's help.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self.code.as_str(), "connection" | "connection-refused" | "timeout")
    }

    /// Returns `true` for failures that do not pass by waiting.
    pub(crate) fn is_final(&self) -> bool {
        FINAL.contains(&self.code.as_str())
    }
}

impl From<MarkupError> for Failure {
    fn from(error: MarkupError) -> Self {
        match error {
            MarkupError::NotDerived { reason, .. } => reason.into(),
            other => Self::new("markup", other.to_string(), "Upload the picture again."),
        }
    }
}

fn lacks_credentials(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(|cause| cause.is::<CredentialsError>())
}

fn unreachable_server(code: &str, what: &str, store: &Store) -> Failure {
    let failure = match &store.endpoint {
        Some(endpoint) => Failure::new(
            code,
            format!("{endpoint} could not be reached: {what}"),
            "Is `thumbnailer up` running there? If it is elsewhere, give its address with --endpoint-url.",
        ),
        None => Failure::new(
            code,
            format!("S3 could not be reached: {what}"),
            "Check the network; for `thumbnailer up` on this computer, add --local.",
        ),
    };
    Failure { concerns_all: true, ..failure }
}

/// Returns `true` for errors of S3 that have nothing to do with the key: the credentials, the bucket, its region, or the
/// clock are wrong.
///
/// Source: Amazon S3 API Reference, "List of error codes".
fn concerns_all(code: &str) -> bool {
    FINAL.contains(&code)
        || matches!(
            code,
            "InvalidBucketName"
                | "AccessDenied"
                | "AllAccessDisabled"
                | "AccountProblem"
                | "NotSignedUp"
                | "InvalidPayer"
                | "TemporaryRedirect"
        )
}

/// Returns what an error code of S3 means for `bucket`; without an own text, S3's words.
fn message(code: &str, said: Option<&str>, bucket: &str, region: Option<&str>, store: &Store) -> String {
    let what = match code {
        "NoSuchBucket" => format!("the bucket '{bucket}' does not exist"),
        "ExpiredToken" | "TokenRefreshRequired" => "the credentials have expired".to_owned(),
        "InvalidToken" => "S3 does not accept the session token".to_owned(),
        "InvalidAccessKeyId" => "S3 does not know the access key".to_owned(),
        "SignatureDoesNotMatch" => "the secret access key does not belong to the access key".to_owned(),
        "RequestTimeTooSkewed" => "this computer's clock is wrong by more than 15 minutes".to_owned(),
        code if is_elsewhere(code) => {
            let asked = store.client.config().region().map(ToString::to_string).unwrap_or_default();
            match region.filter(|region| *region != asked) {
                Some(region) => format!("the bucket '{bucket}' is in {region}, not in {asked}"),
                None => format!("the bucket '{bucket}' is not in {asked}"),
            }
        }
        _ => {
            let said = said.unwrap_or("S3 gave no further words");
            return format!("S3 answered {code} for bucket '{bucket}': {said}");
        }
    };
    format!("{what} ({code})")
}

/// Returns `true` for answers of a region that does not have the bucket.
fn is_elsewhere(code: &str) -> bool {
    matches!(
        code,
        "PermanentRedirect"
            | "TemporaryRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException"
            | "HTTP 301"
    )
}

/// The next step for an error code of S3.
///
/// Source: Amazon S3 API Reference, "List of error codes".
fn remedy(code: &str, bucket: &str, region: Option<&str>, store: &Store) -> String {
    match code {
        "NoSuchBucket" if bucket == store.originals => {
            "Check its name: `--bucket` or UPLOADER_BUCKET names the bucket of the originals.".to_owned()
        }
        "NoSuchBucket" if bucket == store.derived.bucket() => {
            "Check its name: `--derived-bucket` or UPLOADER_DERIVED_BUCKET names the bucket of the renditions."
                .to_owned()
        }
        "NoSuchBucket" => "Check its name.".to_owned(),
        "AccessDenied" => format!(
            "Ask the operator for {} on bucket '{bucket}', or choose other credentials with --profile or AWS_PROFILE.",
            if bucket == store.derived.bucket() { "s3:GetObject" } else { "s3:PutObject" }
        ),
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" => {
            "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile named by AWS_PROFILE; \
             `thumbnailer up` takes 'local' and 'locallocal'."
                .to_owned()
        }
        "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" => {
            "Sign in again: run `aws sso login`, or set new credentials.".to_owned()
        }
        code if is_elsewhere(code) => match region {
            Some(region) => format!("Set `--region {region}` (or AWS_REGION={region})."),
            None => "Set the bucket's region with `--region` (or AWS_REGION).".to_owned(),
        },
        "RequestTimeTooSkewed" => "Set this computer's clock.".to_owned(),
        "BadDigest" | "XAmzContentChecksumMismatch" | "InvalidDigest" => {
            "The bytes changed on their way, or the file changed while it was read: run the command again."
                .to_owned()
        }
        "EntityTooLarge" => "Export the picture smaller.".to_owned(),
        "NoSuchUpload" => "Somebody ended the upload: run the command again.".to_owned(),
        "SlowDown" | "ServiceUnavailable" | "InternalError" | "RequestTimeout" | "HTTP 503" | "HTTP 500" => {
            "Wait a little and run the command again.".to_owned()
        }
        _ => "Run the command again; if that fails too, show this message to the operator.".to_owned(),
    }
}
