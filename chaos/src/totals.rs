//! What is counted over a run, and how it is printed.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use local_s3::{FaultCounts, Faults};

use crate::crew::Ledger;
use crate::verdict::{Difference, Kind};

/// Sums over all that was run.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) histories: u64,
    pub(crate) operations: u64,
    /// That S3 sent, repetitions not counted.
    pub(crate) events: u64,
    pub(crate) duplicated_events: u64,
    pub(crate) delayed_events: u64,
    pub(crate) deliveries: u64,
    pub(crate) killed: u64,
    pub(crate) dozed: u64,
    pub(crate) fates: BTreeMap<&'static str, u64>,
    pub(crate) faults: Requests,
    pub(crate) replayed: u64,
    pub(crate) swept: u64,
    pub(crate) differences: Vec<Difference>,
}

/// What S3 was asked, and what it did to it.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    first: u64,
    attempts: u64,
    by_kind: Vec<(&'static str, u64)>,
}

impl Requests {
    pub(crate) fn of(faults: &Faults) -> Self {
        let counts: FaultCounts = faults.counts();
        Self { first: counts.requests, attempts: counts.attempts, by_kind: counts.iter().collect() }
    }

    fn add(&mut self, other: Self) {
        self.first += other.first;
        self.attempts += other.attempts;
        for (kind, count) in other.by_kind {
            match self.by_kind.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, sum)) => *sum += count,
                None => self.by_kind.push((kind, count)),
            }
        }
    }

    /// Faults of all kinds.
    pub(crate) fn injected(&self) -> u64 {
        self.by_kind.iter().map(|(_, count)| count).sum()
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mean = self.attempts as f64 / self.first.max(1) as f64;
        writeln!(f, "requests     {} ({} attempts, {mean:.3} a request)", self.first, self.attempts)?;
        let kinds = self.by_kind.iter().filter(|(_, count)| *count > 0);
        let kinds: Vec<String> = kinds.map(|(kind, count)| format!("{kind} {count}")).collect();
        write!(f, "faults       {} ({})", self.injected(), kinds.join(", "))
    }
}

impl Totals {
    pub(crate) fn add(&mut self, other: Self) {
        self.histories += other.histories;
        self.operations += other.operations;
        self.events += other.events;
        self.duplicated_events += other.duplicated_events;
        self.delayed_events += other.delayed_events;
        self.deliveries += other.deliveries;
        self.killed += other.killed;
        self.dozed += other.dozed;
        for (fate, count) in other.fates {
            *self.fates.entry(fate).or_default() += count;
        }
        self.faults.add(other.faults);
        self.replayed += other.replayed;
        self.swept += other.swept;
        self.differences.extend(other.differences);
    }

    /// Takes a crew's ledger in.
    pub(crate) fn note(&mut self, ledger: &Ledger) {
        self.deliveries += ledger.deliveries;
        self.killed += ledger.killed;
        self.dozed += ledger.dozed;
        for (fate, count) in &ledger.fates {
            *self.fates.entry(fate).or_default() += count;
        }
    }

    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.differences.iter().filter(|difference| difference.kind == kind).count()
    }

    /// One line, for whoever watches.
    pub(crate) fn brief(&self) -> String {
        format!(
            "{} histories, {} events, {} faults, {} workers killed, {} differences",
            self.histories,
            self.events,
            self.faults.injected(),
            self.killed,
            self.differences.len()
        )
    }

    /// All of it.
    pub(crate) fn table(&self, elapsed: Duration) -> String {
        let fates: Vec<String> = self.fates.iter().map(|(fate, count)| format!("{fate} {count}")).collect();
        format!(
            "histories    {}\n\
             operations   {}\n\
             events       {} ({} duplicated, {} delayed)\n\
             invocations  {} ({} workers killed, {} dozed off)\n\
             records      {}\n\
             {}\n\
             replayed     {} events\n\
             swept        {} versions\n\
             lost         {}\n\
             wrong        {}\n\
             duplicated   {}\n\
             elapsed      {:.1} s",
            self.histories,
            self.operations,
            self.events,
            self.duplicated_events,
            self.delayed_events,
            self.deliveries,
            self.killed,
            self.dozed,
            fates.join(", "),
            self.faults,
            self.replayed,
            self.swept,
            self.count(Kind::Lost),
            self.count(Kind::Wrong),
            self.count(Kind::Duplicated),
            elapsed.as_secs_f64(),
        )
    }
}
