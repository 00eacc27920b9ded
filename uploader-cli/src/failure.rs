//! What went wrong, where, and what to do about it.

use std::error::Error;
use std::fmt;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
pub(crate) use aws_support::innermost;
use aws_support::is_refused;
use manifest::MarkupError;
use serde::Serialize;

use crate::store::Store;

/// Something that a person has to know and can do something about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    /// A stable word for machines: S3's error code where there is one.
    pub(crate) code: String,
    /// What happened.
    pub(crate) message: String,
    /// What to do, as a sentence.
    pub(crate) remedy: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.message.trim_end_matches('.'), self.remedy)
    }
}

impl Failure {
    pub(crate) fn new(code: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), remedy: remedy.into() }
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
                let said = answered.message().unwrap_or("S3 gave no further words");
                let message = format!("S3 answered {code} for bucket '{bucket}': {said}");
                Self { remedy: remedy(&code, bucket, store), code, message }
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
        Self::new(code, format!("there is no bucket '{bucket}'"), remedy(code, bucket, store))
    }

    /// Whether waiting cannot mend it.
    pub(crate) fn is_final(&self) -> bool {
        matches!(
            self.code.as_str(),
            "NoSuchBucket"
                | "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "ExpiredToken"
                | "InvalidToken"
                | "PermanentRedirect"
                | "AuthorizationHeaderMalformed"
                | "RequestTimeTooSkewed"
        )
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

fn unreachable_server(code: &str, what: &str, store: &Store) -> Failure {
    match &store.endpoint {
        Some(endpoint) => Failure::new(
            code,
            format!("{endpoint} could not be reached: {what}"),
            "Is `thumbnailer up` running there? If it is elsewhere, give its address with --endpoint-url.",
        ),
        None => Failure::new(
            code,
            format!("S3 could not be reached: {what}"),
            "Check the network; for `thumbnailer up` on this machine give --endpoint-url http://127.0.0.1:9000.",
        ),
    }
}

/// The next step for an error code of S3.
///
/// Source: Amazon S3 API Reference, "List of error codes".
fn remedy(code: &str, bucket: &str, store: &Store) -> String {
    match code {
        "NoSuchBucket" => format!(
            "Check the bucket's name; the originals' is given with --bucket (or UPLOADER_BUCKET) and is '{}', \
             the renditions' with --derived-bucket (or UPLOADER_DERIVED_BUCKET) and is '{}'.",
            store.originals, store.derived
        ),
        "AccessDenied" => format!(
            "Ask the operator for {} on bucket '{bucket}', or choose other credentials with --profile or AWS_PROFILE.",
            if bucket == store.derived.bucket() { "s3:GetObject" } else { "s3:PutObject" }
        ),
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" => {
            "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile named by AWS_PROFILE; \
             `thumbnailer up` takes 'local' and 'locallocal'."
                .to_owned()
        }
        "ExpiredToken" | "InvalidToken" => "Sign in again, for example with `aws sso login`.".to_owned(),
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
            "The bucket is in another region: give it with --region (or AWS_REGION).".to_owned()
        }
        "RequestTimeTooSkewed" => "Set this machine's clock.".to_owned(),
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
