use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How often each S3 operation was asked for since the server started, by its name (`GetObject`, `PutObject`, …).
///
/// A request counts once its signature has been accepted, whatever its answer was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestCounts(BTreeMap<String, u64>);

impl RequestCounts {
    /// How often `operation` was asked for.
    pub fn get(&self, operation: &str) -> u64 {
        self.0.get(operation).copied().unwrap_or(0)
    }

    /// All operations together.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Every operation asked for, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, count)| (name.as_str(), *count))
    }
}

/// The running counts, shared with the wire.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counter(Arc<Mutex<BTreeMap<String, u64>>>);

impl Counter {
    pub(crate) fn count(&self, operation: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(operation.to_owned()).or_default() += 1;
    }

    pub(crate) fn snapshot(&self) -> RequestCounts {
        RequestCounts(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
