//! What went wrong, and what to do about it.

use std::error::Error;
use std::fmt;

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

/// Something that a person has to know and can do something about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What happened.
    pub(crate) message: String,
    /// What to do, as a sentence.
    pub(crate) remedy: String,
    /// Whether what was asked for makes no sense.
    pub(crate) usage: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.message.trim_end_matches('.'), self.remedy)
    }
}

impl Error for Failure {}

impl Failure {
    pub(crate) fn new(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { message: message.into(), remedy: remedy.into(), usage: false }
    }

    pub(crate) fn usage(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { usage: true, ..Self::new(message, remedy) }
    }

    /// What became of a request to `service`, made for `purpose` ("make the change set").
    pub(crate) fn of_request<E>(service: &str, purpose: &str, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(context) => {
                let status = context.raw().status().as_u16();
                let code = context.err().code().map_or_else(|| format!("HTTP {status}"), str::to_owned);
                let said = context.err().message().unwrap_or("it gave no further words");
                let message = format!("{service} answered {code} when asked to {purpose}: {said}");
                Self::new(message, remedy(&code, said))
            }
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Self::new(
                format!("{service} could not be reached to {purpose}: {}", innermost(error)),
                "Check the network, the region and the endpoint, and run the command again.",
            ),
            other => Self::new(
                format!("could not {purpose}: {}", innermost(other)),
                "Check the credentials (`aws sts get-caller-identity`) and run the command again.",
            ),
        }
    }
}

/// The next step after what a service said, be it an answer or the reason of an event.
pub(crate) fn remedy(code: &str, said: &str) -> String {
    let has = |word: &str| code.contains(word) || said.contains(word);
    let step = if has("AccessDenied") || has("not authorized") || has("UnauthorizedOperation") {
        "Allow it to the credentials in use, or choose others with --profile; then run the same command again."
    } else if has("ExpiredToken") || has("RequestExpired") {
        "Sign in again, for example with `aws sso login`."
    } else if has("InvalidClientTokenId") || has("SignatureDoesNotMatch") || has("InvalidAccessKeyId") {
        "Check the credentials (`aws sts get-caller-identity`), or choose others with --profile."
    } else if has("TerminationProtection") {
        "Take the protection off: `aws cloudformation update-termination-protection \
         --no-enable-termination-protection --stack-name NAME`."
    } else if has("already exists") || has("AlreadyExists") || has("AlreadyOwnedByYou") {
        "Choose another name; a bucket that is to be used as it is goes in by ExistingOriginals or ExistingDerived."
    } else if has("LimitExceeded") || has("quota") || has("Quota") || has("TooMany") {
        "Have the quota raised (Service Quotas), or free some of it, and run the same command again."
    } else if has("attached to entities") || has("DeleteConflict") {
        "Detach the policy from the users, groups and roles that have it, and run the same command again."
    } else {
        "Mend what it names and run the same command again."
    };
    step.to_owned()
}

/// The cause at the chain's end: the SDK's outer words name only its own layers.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    let last = std::iter::successors(Some(error), |&error| error.source()).last();
    last.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_two_sentences() {
        assert_eq!(Failure::new("It broke.", "Mend it.").to_string(), "It broke. Mend it.");
    }

    #[test]
    fn what_was_said_leads_to_the_next_step() {
        assert!(remedy("AccessDenied", "").contains("--profile"));
        assert!(remedy("", "User: arn is not authorized to perform: sqs:CreateQueue").contains("Allow it"));
        assert!(remedy("", "blog-originals already exists").contains("ExistingOriginals"));
        assert!(remedy("", "Cannot delete a policy attached to entities").starts_with("Detach"));
        assert!(remedy("ValidationError", "MemorySize").starts_with("Mend"));
    }
}
