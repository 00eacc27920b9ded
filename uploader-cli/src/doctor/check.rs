//! What one check came to.

use cli_support::escape;
use serde::Serialize;

use crate::failure::Failure;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Ok,
    /// It works, but not as well as it might.
    Warning,
    Error,
    /// It could not be made, or there is nothing to check.
    Skipped,
}

/// One check, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// A stable word for machines.
    pub(super) check: &'static str,
    pub(super) verdict: Verdict,
    /// What was found, as a phrase.
    pub(super) detail: String,
    /// What to do about it, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
}

impl Check {
    pub(super) fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, detail: detail.into(), remedy: None }
    }

    pub(super) fn skipped(check: &'static str, detail: impl Into<String>) -> Self {
        Self { verdict: Verdict::Skipped, ..Self::ok(check, detail) }
    }

    pub(super) fn warning(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, remedy: Some(remedy.into()), ..Self::ok(check, detail) }
    }

    pub(super) fn error(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Error, remedy: Some(remedy.into()), ..Self::ok(check, detail) }
    }

    pub(super) fn failed(check: &'static str, failure: Failure) -> Self {
        Self::error(check, failure.message, failure.remedy)
    }

    /// A line for people, and one below it with what to do.
    pub(super) fn text(&self) -> String {
        let sign = match self.verdict {
            Verdict::Ok => '✓',
            Verdict::Warning => '!',
            Verdict::Error => '✗',
            Verdict::Skipped => '–',
        };
        let mut text = format!("{sign} {:<14} {}", self.check, escape(&self.detail));
        if let Some(remedy) = &self.remedy {
            text.push_str(&format!("\n  {:<14} → {}", "", escape(remedy)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_says_what_to_do() {
        assert_eq!(Check::ok("clock", "right").text(), "✓ clock          right");
        assert_eq!(
            Check::error("clock", "wrong", "Set it.").text(),
            "✗ clock          wrong\n                 → Set it."
        );
    }
}
