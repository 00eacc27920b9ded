//! Cross-origin rules of a bucket, and how a browser's request is compared with them.

use serde::{Deserialize, Serialize};

/// A rule of a bucket's CORS configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CorsRule {
    pub(crate) id: Option<String>,
    /// Origins, each with at most one `*`.
    pub(crate) origins: Vec<String>,
    pub(crate) methods: Vec<String>,
    /// Request headers, each with at most one `*`.
    pub(crate) headers: Vec<String>,
    pub(crate) exposed: Vec<String>,
    /// Seconds that a browser may keep the answer of a preflight.
    pub(crate) max_age: Option<i32>,
}

impl CorsRule {
    /// Returns whether the rule allows a method, and headers if any are asked for, to pages of an origin.
    pub(crate) fn allows(&self, origin: &str, method: &str, headers: &[String]) -> bool {
        self.origins.iter().any(|pattern| is_like(pattern, origin))
            && self.methods.iter().any(|allowed| allowed == method)
            && headers.iter().all(|header| {
                self.headers.iter().any(|pattern| is_like(&pattern.to_ascii_lowercase(), header))
            })
    }

    /// Returns whether every origin may use what the rule allows.
    pub(crate) fn is_for_all(&self) -> bool {
        self.origins.iter().any(|origin| origin == "*")
    }
}

/// Compares a text with a pattern whose first `*` stands for anything.
fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> CorsRule {
        CorsRule {
            origins: vec!["https://*.example.org".into(), "http://localhost:8080".into()],
            methods: vec!["GET".into(), "PUT".into()],
            headers: vec!["Content-*".into(), "x-amz-date".into()],
            ..CorsRule::default()
        }
    }

    #[test]
    fn patterns_have_one_star() {
        for (pattern, text, is) in [
            ("*", "anything", true),
            ("*suffix", "suffix", true),
            ("start*end", "startend", true),
            ("start*end", "start1end", true),
            ("start*end", "0start1end", false),
            ("aba*aba", "aba", false),
            ("prefix*", "prefix.x", true),
            ("plain", "plain.x", false),
        ] {
            assert_eq!(is_like(pattern, text), is, "{pattern} {text}");
        }
    }

    #[test]
    fn origin_method_and_every_header_must_be_allowed() {
        let asked = |headers: &[&str]| headers.iter().map(|header| (*header).to_owned()).collect::<Vec<_>>();
        assert!(rule().allows("https://a.example.org", "PUT", &asked(&["content-type", "x-amz-date"])));
        assert!(rule().allows("http://localhost:8080", "GET", &[]));
        assert!(!rule().allows("http://localhost:8081", "GET", &[]));
        assert!(!rule().allows("https://a.example.org", "DELETE", &[]));
        assert!(!rule().allows("https://a.example.org", "PUT", &asked(&["content-type", "x-amz-acl"])));
    }
}
