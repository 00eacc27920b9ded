//! What an invocation came to, in CloudWatch's embedded metric format: one JSON document on one line of the log,
//! of which CloudWatch makes metrics (Amazon CloudWatch User Guide, "Specification: Embedded metric format").
//! `docs/METRICS.md` says what each metric is for.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::outcome::{Fate, Outcome, Stages};

const NAMESPACE: &str = "Thumbnailer";
/// The format's limit to the metrics of a directive.
const MOST_METRICS: usize = 100;
/// The format's limit to the values of a metric.
const MOST_VALUES: usize = 100;
/// CloudWatch's limit to a metric's name, in characters ("MetricDatum", CloudWatch API Reference).
const LONGEST_NAME: usize = 255;

/// What is known of an invocation besides its records.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    /// The function's name; where it is empty, the metrics have no dimension.
    pub function: &'a str,
    /// The function's version.
    pub version: &'a str,
    /// The request's id, as in every line of its log.
    pub request_id: &'a str,
    /// When it ended: milliseconds since 1970.
    pub unix_ms: u64,
    /// [`memory_high_water`], where it is known.
    pub memory_high_water: Option<u64>,
}

/// The document of an invocation whose records ended as `outcomes` say.
///
/// Counts are always there, so that alarms see zeros and not gaps. Stages have a value for each record whose source
/// was read and that came to the stage; of more than 100, every second, third or so.
pub fn embedded_metrics(outcomes: &[Outcome], invocation: &Invocation<'_>) -> Value {
    let mut document = Document::default();
    let count = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| wanted(outcome)).count();
    document.metric("Derived", "Count", count(|outcome| outcome.fate == Fate::Derived));
    document.metric("AlreadyDerived", "Count", count(|outcome| outcome.fate == Fate::AlreadyDerived));
    document.metric("Superseded", "Count", count(|outcome| outcome.fate == Fate::Superseded));
    document.metric("Rejected", "Count", count(|outcome| outcome.fate == Fate::Rejected));
    document.metric("Removed", "Count", count(|outcome| outcome.fate == Fate::Removed));
    document.metric("Retried", "Count", count(|outcome| !outcome.fate.is_success()));
    document.metric("Failed", "Count", count(|outcome| outcome.report.failed));
    let sum = |bytes: fn(&Outcome) -> u64| outcomes.iter().map(bytes).fold(0, u64::saturating_add);
    document.metric("BytesIn", "Bytes", sum(|outcome| outcome.report.source_bytes));
    document.metric("BytesOut", "Bytes", sum(|outcome| outcome.report.bytes_out));
    if let Some(bytes) = invocation.memory_high_water {
        document.metric("MemoryHighWater", "Bytes", bytes);
    }
    // Where originals and renditions have two buckets, there never are any.
    let ignored = count(|outcome| outcome.fate == Fate::Ignored);
    if ignored > 0 {
        document.metric("Ignored", "Count", ignored);
    }
    for (name, values) in stages(outcomes) {
        if !values.is_empty() {
            document.metric(name, "Milliseconds", values);
        }
    }
    for (name, count) in rejections(outcomes) {
        // Those beyond the limit are counted by `Rejected`.
        if document.definitions.len() < MOST_METRICS {
            document.metric(name, "Count", count);
        }
    }
    document.finish(invocation, outcomes.len())
}

/// The most memory that this process has held since it started, in bytes; `None` where the system doesn't say.
///
/// Pictures that are derived in a process of their own are not in it.
pub fn memory_high_water() -> Option<u64> {
    high_water_of(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// `VmHWM` of a `/proc/<pid>/status` (proc(5)), which is in kB of 1,024 bytes.
fn high_water_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Each stage's name and what it took, for the records that came to it.
fn stages(outcomes: &[Outcome]) -> [(&'static str, Vec<f64>); 7] {
    let worked: Vec<&Outcome> =
        outcomes.iter().filter(|outcome| !outcome.report.stages.fetch.is_zero()).collect();
    let of =
        |took: fn(&Stages) -> Duration| values(worked.iter().map(|outcome| took(&outcome.report.stages)));
    [
        ("FetchMs", of(|stages| stages.fetch)),
        ("DecodeMs", of(|stages| stages.decode)),
        ("ResizeMs", of(|stages| stages.resize)),
        ("EncodeMs", of(|stages| stages.encode)),
        ("PutMs", of(|stages| stages.put)),
        ("CommitMs", of(|stages| stages.commit)),
        ("TotalMs", values(worked.iter().map(|outcome| outcome.elapsed))),
    ]
}

/// Milliseconds, as many as a metric may have.
fn values(durations: impl Iterator<Item = Duration>) -> Vec<f64> {
    let all: Vec<f64> = durations
        .filter(|duration| !duration.is_zero())
        .map(|duration| duration.as_micros() as f64 / 1000.0)
        .collect();
    let step = all.len().div_ceil(MOST_VALUES).max(1);
    all.into_iter().step_by(step).collect()
}

/// `Rejected_<code>` and how many, for each reason that was given.
fn rejections(outcomes: &[Outcome]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.fate == Fate::Rejected) {
        if let Some(reason) = &outcome.report.reason {
            let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
            let name: String =
                "Rejected_".chars().chain(reason.code.chars().map(plain)).take(LONGEST_NAME).collect();
            *counts.entry(name).or_default() += 1;
        }
    }
    counts
}

/// Metrics are defined in one place of the document and have their values in another.
#[derive(Default)]
struct Document {
    definitions: Vec<Value>,
    members: Map<String, Value>,
}

impl Document {
    fn metric(&mut self, name: impl Into<String>, unit: &str, value: impl Into<Value>) {
        let name = name.into();
        self.definitions.push(json!({ "Name": name, "Unit": unit }));
        self.members.insert(name, value.into());
    }

    fn finish(self, invocation: &Invocation<'_>, records: usize) -> Value {
        // By function, and over all functions.
        let dimensions =
            if invocation.function.is_empty() { json!([[]]) } else { json!([["FunctionName"], []]) };
        let mut members = self.members;
        members.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": invocation.unix_ms,
                "CloudWatchMetrics": [
                    { "Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": self.definitions }
                ],
            }),
        );
        for (name, value) in [
            ("FunctionName", invocation.function),
            ("version", invocation.version),
            ("requestId", invocation.request_id),
        ] {
            members.insert(name.to_owned(), value.into());
        }
        members.insert("records".to_owned(), records.into());
        Value::Object(members)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_high_water_mark_is_read_in_bytes() {
        let status = "Name:\tbootstrap\nVmPeak:\t  999 kB\nVmHWM:\t   12345 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(high_water_of(status), Some(12_345 * 1024));
        for other in ["", "VmHWM:\n", "VmHWM:\t12 MB\n", "VmHWM:\t18446744073709551615 kB\n"] {
            assert_eq!(high_water_of(other), None, "{other:?}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_held_memory() {
        assert!(memory_high_water().unwrap() > 1 << 20);
    }

    #[test]
    fn many_values_are_thinned_evenly_and_none_is_zero() {
        let count = |n: u64| values((0..n).map(Duration::from_millis));
        assert_eq!(count(3), [1.0, 2.0]);
        assert_eq!(count(101).len(), 100);
        assert_eq!(count(102), (1..102).step_by(2).map(f64::from).collect::<Vec<_>>());
        assert_eq!(count(1000).len(), 100);
        assert_eq!(values([Duration::from_micros(1_234)].into_iter()), [1.234]);
    }
}
