//! Trying again: what passes is waited for, what doesn't is told at once.

use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use tokio::time::Instant;

use super::Pace;

/// The first pause is at most this long, each further one at most twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// So often at least, however long each attempt took.
const LEAST_ATTEMPTS: u32 = 6;

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Ask again, after a while.
    Again,
    /// Ask again, after a while, and less at once.
    Slower,
    /// It would be the same again.
    Final,
}

/// Runs `attempt` until it succeeds, fails for good, or has been failing for longer than `patience`. It is told how
/// often it was run before.
pub(super) async fn again<T, E, F>(pace: &Pace, patience: Duration, mut attempt: F) -> Result<T, SdkError<E>>
where
    E: ProvideErrorMetadata,
    F: AsyncFnMut(u32) -> Result<T, SdkError<E>>,
{
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut failed = 0;
    loop {
        let error = match attempt(failed).await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        failed += 1;
        match verdict(&error) {
            Verdict::Final => return Err(error),
            Verdict::Slower => pace.throttle(),
            Verdict::Again => {}
        }
        if failed >= LEAST_ATTEMPTS && begun.elapsed() >= patience {
            return Err(error);
        }
        // Those who fail together don't come back together.
        tokio::time::sleep(pause.mul_f64(0.25 + 0.75 * fastrand::f64())).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Source: Amazon S3 API Reference, "List of error codes"; AWS SDKs and Tools Reference Guide, "Retry behavior".
fn verdict<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Verdict {
    match error {
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => Verdict::Again,
        SdkError::DispatchFailure(failure) if failure.is_user() => Verdict::Final,
        SdkError::DispatchFailure(_) => Verdict::Again,
        SdkError::ServiceError(context) => {
            of_answer(context.raw().status().as_u16(), context.err().code().unwrap_or_default())
        }
        _ => Verdict::Final,
    }
}

fn of_answer(status: u16, code: &str) -> Verdict {
    match (status, code) {
        (_, "SlowDown" | "Throttling" | "ThrottlingException" | "RequestLimitExceeded") => Verdict::Slower,
        (429 | 503, _) => Verdict::Slower,
        (501 | 505, _) => Verdict::Final,
        (500.., _) => Verdict::Again,
        // What was damaged or cut short on its way.
        (
            _,
            "BadDigest"
            | "InvalidDigest"
            | "XAmzContentChecksumMismatch"
            | "XAmzContentSHA256Mismatch"
            | "IncompleteBody"
            | "RequestTimeout",
        ) => Verdict::Again,
        // Another write to the same key was under way.
        (_, "OperationAborted" | "ConditionalRequestConflict") => Verdict::Again,
        _ => Verdict::Final,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again() {
        assert_eq!(of_answer(503, ""), Verdict::Slower);
        assert_eq!(of_answer(400, "SlowDown"), Verdict::Slower);
        assert_eq!(of_answer(500, "InternalError"), Verdict::Again);
        assert_eq!(of_answer(400, "BadDigest"), Verdict::Again);
        assert_eq!(of_answer(409, "ConditionalRequestConflict"), Verdict::Again);
        for (status, code) in [
            (403, "AccessDenied"),
            (404, "NoSuchBucket"),
            (412, "PreconditionFailed"),
            (501, "NotImplemented"),
        ] {
            assert_eq!(of_answer(status, code), Verdict::Final, "{code}");
        }
    }
}
