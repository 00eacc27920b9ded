//! What a history has to lead to. Short enough to be checked by eye.

use std::fmt;

use crate::history::Operation;
use crate::pictures::Content;

/// What the derived bucket says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// No manifest, nothing.
    Nothing,
    Derived(Content),
    Rejected(Content),
    Removed,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Derived(content) => write!(f, "derived from {content}"),
            Self::Rejected(content) => write!(f, "rejected {content}"),
            Self::Removed => f.write_str("removed"),
        }
    }
}

/// What S3 holds under the key, the newest version last; `None` is a delete marker.
fn versions(operations: &[Operation], versioned: bool) -> Vec<Option<Content>> {
    let mut versions = Vec::new();
    for operation in operations {
        match *operation {
            Operation::Put(content) if versioned => versions.push(Some(content)),
            Operation::Put(content) => versions = vec![Some(content)],
            Operation::Delete if versioned => versions.push(None),
            Operation::Delete => versions.clear(),
            Operation::Lift if versions.last() != Some(&None) => {}
            Operation::Lift | Operation::DeleteNewest => _ = versions.pop(),
            Operation::Expire(_) if versions.len() < 2 => {}
            Operation::Expire(n) => _ = versions.remove(usize::from(n) % (versions.len() - 1)),
        }
    }
    versions
}

/// What the operations have to lead to.
pub(crate) fn state(operations: &[Operation], versioned: bool) -> State {
    match versions(operations, versioned).last() {
        Some(Some(content @ Content::Picture(_))) => State::Derived(*content),
        Some(Some(content @ Content::Rejected(_))) => State::Rejected(*content),
        Some(None) => State::Removed,
        None if operations.iter().any(|operation| is_told(operation, versioned)) => State::Removed,
        None => State::Nothing,
    }
}

/// Whether S3 tells of `operation` on a key that has nothing yet.
fn is_told(operation: &Operation, versioned: bool) -> bool {
    matches!(operation, Operation::Put(_)) || (versioned && *operation == Operation::Delete)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Operation::{Delete, DeleteNewest, Expire, Lift, Put};

    const A: Content = Content::Picture(0);
    const B: Content = Content::Picture(1);
    const X: Content = Content::Rejected(0);

    #[test]
    fn what_lies_there_last_counts() {
        for versioned in [false, true] {
            assert_eq!(state(&[], versioned), State::Nothing);
            assert_eq!(state(&[Put(A), Put(B)], versioned), State::Derived(B));
            assert_eq!(state(&[Put(A), Put(X)], versioned), State::Rejected(X));
            assert_eq!(state(&[Put(A), Delete], versioned), State::Removed);
            assert_eq!(state(&[Put(A), Delete, Put(A)], versioned), State::Derived(A));
        }
        assert_eq!(state(&[Delete, Delete], false), State::Nothing);
        assert_eq!(state(&[Delete], true), State::Removed);
    }

    #[test]
    fn versions_come_to_light_again() {
        assert_eq!(state(&[Put(A), Put(B), DeleteNewest], true), State::Derived(A));
        assert_eq!(state(&[Put(A), Delete, Lift], true), State::Derived(A));
        assert_eq!(state(&[Put(A), Lift], true), State::Derived(A));
        assert_eq!(state(&[Put(A), DeleteNewest], true), State::Removed);
        assert_eq!(state(&[Put(A), Put(B), Expire(5)], true), State::Derived(B));
        assert_eq!(state(&[Put(A), Put(B), Expire(0), DeleteNewest], true), State::Removed);
        assert_eq!(state(&[Put(A), Put(X), Put(B), Expire(1), DeleteNewest], true), State::Derived(A));
    }
}
