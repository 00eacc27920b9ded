//! Conditions on reads: what GET, HEAD and the sources of copies may ask.

use s3s::dto::{ETagCondition, Timestamp};

use super::timestamp;
use crate::storage::Object;

/// Conditions as RFC 9110 section 13 has them.
#[derive(Debug, Default)]
pub(super) struct ReadCondition {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

/// What a condition says of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Proceed,
    NotModified,
    Failed,
}

impl ReadCondition {
    /// RFC 9110 section 13.2.2: ETags take precedence over times.
    pub(super) fn check(&self, object: &Object) -> Verdict {
        let equals = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == object.etag,
        };
        let modified = timestamp(object.last_modified_ms);
        match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) if !equals(condition) => return Verdict::Failed,
            (None, Some(since)) if modified > *since => return Verdict::Failed,
            _ => {}
        }
        match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) if equals(condition) => Verdict::NotModified,
            (None, Some(since)) if modified <= *since => Verdict::NotModified,
            _ => Verdict::Proceed,
        }
    }
}
