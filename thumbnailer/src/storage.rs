//! S3's refusals, told apart by what they mean here.

use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::error::Retryable;

/// How often what S3 failed at is begun anew, each time with the SDK's own retries.
const ATTEMPTS: u32 = 3;

/// Does `work` again when S3 failed at it: a body that broke off and a 409 are not the SDK's to repeat, and coming
/// again by the queue takes minutes. `work` has to be such that doing it twice is doing it once.
pub(crate) async fn persist<T, F>(mut work: impl FnMut() -> F) -> Result<T, Retryable>
where
    F: Future<Output = Result<T, Retryable>>,
{
    let mut attempt = 1;
    loop {
        match work().await {
            Err(Retryable::Storage { .. }) if attempt < ATTEMPTS => pause(attempt).await,
            result => return result,
        }
        attempt += 1;
    }
}

/// Waits before another attempt, each time longer and never twice the same, so that racing workers part.
pub(crate) async fn pause(attempt: u32) {
    if attempt > 0 {
        let most = 25_u64 << attempt;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(most / 2..=most))).await;
    }
}

/// What a failed request to S3 means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 404 for the key, in S3's own word. A 404 of anything else, such as a proxy in between, is [`Self::Other`].
    NoSuchKey,
    /// 404 for the bucket.
    NoSuchBucket,
    /// 412: a condition on the object's etag or absence does not hold.
    Precondition,
    /// 409: another write is under way; nothing was done, and which of them wins is not decided.
    Conflict,
    /// 403 for want of a permission, with S3's message if there is one.
    Denied(String),
    /// Anything else, in words: a throttle, a fault of S3, no connection.
    Other(String),
}

impl Refusal {
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        match (status, error.code()) {
            (_, Some("NoSuchBucket")) => Self::NoSuchBucket,
            (Some(404), Some("NoSuchKey")) => Self::NoSuchKey,
            // The SDK says `NotFound` where there is no body.
            (Some(404), None | Some("NotFound")) => Self::Other(
                "404, but not S3's own NoSuchKey. Check the endpoint and any proxy before it".to_owned(),
            ),
            (Some(412), _) => Self::Precondition,
            (Some(409), _) => Self::Conflict,
            (Some(403), None | Some("AccessDenied")) => {
                Self::Denied(error.message().unwrap_or("no further message").to_owned())
            }
            (Some(status), Some(code)) => {
                Self::Other(format!("{status} {code}: {}", error.message().unwrap_or("no message")))
            }
            _ => Self::Other(DisplayErrorContext(error).to_string()),
        }
    }

    /// Of a HEAD, whose answers have no body and so no code: any 404, perhaps for want of the bucket, is
    /// [`Self::NoSuchKey`].
    pub(crate) fn of_head<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        match (status, error.code()) {
            (Some(404), None | Some("NotFound")) => Self::NoSuchKey,
            _ => Self::of(error),
        }
    }

    /// The refusal as a reason to try again, when it has no better meaning where it happened.
    pub(crate) fn retryable(self, doing: String, needs: &'static str) -> Retryable {
        match self {
            Self::Denied(said) => Retryable::Denied { doing, said, needs },
            Self::NoSuchBucket => Retryable::NoSuchBucket { doing },
            Self::NoSuchKey => Retryable::Storage { doing, cause: "404 NoSuchKey".to_owned() },
            Self::Precondition => Retryable::Storage { doing, cause: "412 PreconditionFailed".to_owned() },
            Self::Conflict => Retryable::Storage { doing, cause: "409 conflict".to_owned() },
            Self::Other(cause) => Retryable::Storage { doing, cause },
        }
    }
}
