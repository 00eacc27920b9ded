//! Requests as points at which a process can be killed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use local_s3::{Fault, FaultRequest, Faults};

/// One request, told by what it asks for and not by its number, since some are made at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Point {
    pub(super) method: String,
    bucket: String,
    key: String,
    /// The query's names, which tell operations apart. Its values may hold version ids, which are never the same.
    query: String,
    /// Which of several requests for the same, from 0 on.
    occurrence: u64,
}

impl Point {
    fn of(request: &FaultRequest<'_>) -> Self {
        let names = request.query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
        let names: Vec<&str> = names.filter(|name| !name.is_empty() && *name != "x-id").collect();
        Self {
            method: request.method.to_owned(),
            bucket: request.bucket.to_owned(),
            key: request.key.to_owned(),
            query: names.join("&"),
            occurrence: 0,
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:6} {}", self.method, self.bucket)?;
        if !self.key.is_empty() {
            write!(f, "/{}", self.key)?;
        }
        if !self.query.is_empty() {
            write!(f, "?{}", self.query)?;
        }
        if self.occurrence > 0 {
            write!(f, " (again: {})", self.occurrence)?;
        }
        Ok(())
    }
}

/// What is done about requests: nothing, noting them, or holding one.
#[derive(Debug, Default)]
struct State {
    watching: bool,
    hold: Option<(Point, bool)>,
    asked: HashMap<Point, u64>,
    seen: Vec<Point>,
}

/// Watches requests, and holds one of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch(Arc<Mutex<State>>);

impl Watch {
    /// The faults that a server has to have for it.
    pub(super) fn faults(&self) -> Faults {
        let watch = self.clone();
        Faults::scripted(move |request| watch.see(request))
    }

    /// From now on requests are noted, and `hold` is held: with `true` after it was done, else before.
    pub(super) fn begin(&self, hold: Option<(Point, bool)>) {
        *self.state() = State { watching: true, hold, ..State::default() };
    }

    /// No longer; what was seen, in the order of arrival.
    pub(super) fn end(&self) -> Vec<Point> {
        std::mem::take(&mut *self.state()).seen
    }

    fn see(&self, request: &FaultRequest<'_>) -> Option<Fault> {
        let mut state = self.state();
        if !state.watching {
            return None;
        }
        let mut point = Point::of(request);
        let asked = state.asked.entry(point.clone()).or_default();
        point.occurrence = *asked;
        *asked += 1;
        state.seen.push(point.clone());
        let (held, done) = state.hold.as_ref()?;
        (*held == point).then_some(Fault::Stall { done: *done })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn ask<'a>(method: &'a str, key: &'a str, query: &'a str) -> FaultRequest<'a> {
        FaultRequest { method, bucket: "derived", key, query, occurrence: 7, attempt: 1, number: 9 }
    }

    #[test]
    fn a_request_is_held_by_what_it_asks_for() {
        let watch = Watch::default();
        assert_eq!(watch.see(&ask("GET", "a", "")), None);
        watch.begin(None);
        for query in ["x-id=GetObject", "x-id=GetObject", "versions&prefix=a"] {
            assert_eq!(watch.see(&ask("GET", "a", query)), None);
        }
        let points = watch.end();
        let words: Vec<String> = points.iter().map(Point::to_string).collect();
        assert_eq!(
            words,
            ["GET    derived/a", "GET    derived/a (again: 1)", "GET    derived/a?versions&prefix"]
        );

        watch.begin(Some((points[1].clone(), true)));
        assert_eq!(watch.see(&ask("GET", "a", "")), None);
        assert_eq!(watch.see(&ask("PUT", "a", "")), None);
        assert_eq!(watch.see(&ask("GET", "a", "")), Some(Fault::Stall { done: true }));
        watch.end();
        assert_eq!(watch.see(&ask("GET", "a", "")), None);
    }
}
