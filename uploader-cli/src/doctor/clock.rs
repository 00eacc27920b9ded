//! This machine's clock, beside the server's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_smithy_runtime_api::box_error::BoxError;

use super::check::Check;

/// More than answers take on their way.
const NOTICEABLE: Duration = Duration::from_secs(60);

/// More than Amazon's servers accept.
///
/// Source: Amazon S3 API Reference, "List of error codes", `RequestTimeTooSkewed`.
const TOO_MUCH: Duration = Duration::from_secs(15 * 60);

/// Remembers when the first answer was written, by the server's clock and by ours.
#[derive(Debug, Default, Clone)]
pub(super) struct Watch(Arc<Mutex<Option<(DateTime, SystemTime)>>>);

impl Watch {
    /// What the difference amounts to; `None` if no server has said its time.
    pub(super) fn check(&self) -> Option<Check> {
        let (theirs, ours) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let theirs = SystemTime::try_from(theirs).ok()?;
        Some(verdict(ours, theirs))
    }
}

impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "Watch"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        if let Some(date) = date {
            let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            seen.get_or_insert((date, SystemTime::now()));
        }
        Ok(())
    }
}

fn verdict(ours: SystemTime, theirs: SystemTime) -> Check {
    let name = "clock";
    let (difference, direction) = match ours.duration_since(theirs) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    if difference <= NOTICEABLE {
        return Check::ok(name, "this machine's is right to the minute");
    }
    let minutes = difference.as_secs().div_ceil(60);
    let detail = format!("this machine's is {minutes} minutes {direction} the server's");
    if difference <= TOO_MUCH {
        Check::warning(name, detail, "Set it: at 15 minutes, S3 refuses every request.")
    } else {
        Check::error(name, detail, "Set it: S3 refuses requests that are more than 15 minutes off.")
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Verdict;
    use super::*;

    #[test]
    fn a_minute_is_noticed_and_a_quarter_of_an_hour_is_too_much() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_334_400);
        let at = |seconds: i64| {
            let offset = Duration::from_secs(seconds.unsigned_abs());
            verdict(if seconds < 0 { now - offset } else { now + offset }, now)
        };
        for (seconds, expected) in [
            (0, Verdict::Ok),
            (60, Verdict::Ok),
            (-60, Verdict::Ok),
            (61, Verdict::Warning),
            (-900, Verdict::Warning),
            (901, Verdict::Error),
            (-86_400, Verdict::Error),
        ] {
            assert_eq!(at(seconds).verdict, expected, "{seconds}");
        }
        assert!(at(-1200).detail.contains("20 minutes behind"));
        assert!(at(61).detail.contains("2 minutes ahead of"));
    }
}
