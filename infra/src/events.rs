//! What happens to a stack, line by line, until nothing does any more.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use aws_sdk_cloudformation::primitives::DateTimeFormat;
use aws_sdk_cloudformation::types::{EventFilter, OperationEvent, StackEvent, StackStatus};
use cli_support::escape;
use serde::Serialize;

use crate::account::Account;
use crate::console::{Console, Paint};
use crate::failure::Failure;
use crate::stack::Stack;

/// Between two looks: quick at first, as much is over soon.
const FIRST_PAUSE: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// How long the stack may show what was before, or what is only passed through: what was asked for begins a little later,
/// and a stack whose creation failed is deleted a little after it was rolled back.
const PATIENCE: Duration = Duration::from_secs(60);
const PASSING: Duration = Duration::from_secs(6);

/// The type of the stack's own events.
const OF_STACK: &str = "AWS::CloudFormation::Stack";

/// What says that something is done to the stack because somebody asked for it.
const BEGINS: [&str; 3] = ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"];

/// Something that happened to a part of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Event {
    #[serde(skip)]
    pub(crate) id: String,
    /// In UTC, by RFC 3339.
    pub(crate) at: String,
    /// Its name in the template, or the stack's.
    pub(crate) part: String,
    pub(crate) resource_type: String,
    /// Its name in the account, once it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    pub(crate) status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) reason: String,
}

impl From<&StackEvent> for Event {
    fn from(event: &StackEvent) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let at = event.timestamp().and_then(|at| at.fmt(DateTimeFormat::DateTime).ok());
        Self {
            id: text(event.event_id()),
            at: at.unwrap_or_default(),
            part: text(event.logical_resource_id()),
            resource_type: text(event.resource_type()),
            name: text(event.physical_resource_id()),
            status: text(event.resource_status().map(|status| status.as_str())),
            reason: text(event.resource_status_reason()),
        }
    }
}

impl From<&OperationEvent> for Event {
    fn from(event: &OperationEvent) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let at = event.timestamp().and_then(|at| at.fmt(DateTimeFormat::DateTime).ok());
        Self {
            id: text(event.event_id()),
            at: at.unwrap_or_default(),
            part: text(event.logical_resource_id()),
            resource_type: text(event.resource_type()),
            name: text(event.physical_resource_id()),
            status: text(event.validation_status().map(|status| status.as_str())),
            reason: text(event.validation_status_reason().or(event.resource_status_reason())),
        }
    }
}

impl Event {
    /// Whether it is the event with which all of an operation's events begin.
    fn begins(&self) -> bool {
        self.resource_type == OF_STACK && BEGINS.contains(&self.status.as_str())
    }

    fn failed(&self) -> bool {
        self.status.ends_with("_FAILED")
    }

    /// Whether it failed only because something else did.
    fn follows_another(&self) -> bool {
        ["cancelled", "canceled"].iter().any(|word| self.reason.to_lowercase().contains(word))
            || self.resource_type == OF_STACK
    }

    fn line(&self, paint: Paint) -> String {
        // The time of the day, by its place in `2026-11-22T21:40:03.123Z`.
        let time = self.at.get(11..19).unwrap_or("--:--:--");
        let status = format!("{:27}", self.status);
        let status = if self.failed() || self.status.contains("ROLLBACK") {
            paint.red(&status)
        } else if self.status.ends_with("_COMPLETE") {
            paint.green(&status)
        } else {
            paint.dim(&status)
        };
        let reason =
            if self.reason.is_empty() { String::new() } else { format!("  {}", escape(&self.reason)) };
        format!("{}  {status} {}{reason}", paint.dim(time), escape(&self.part))
    }
}

/// How far the events of a stack have been read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bookmark {
    seen: HashSet<String>,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ending {
    /// `None` for a stack that is nowhere to be found any more.
    pub(crate) stack: Option<Stack>,
    /// What failed first.
    pub(crate) failure: Option<Event>,
}

/// Of `newest_first`, what is newer than all that was seen, the oldest first.
fn fresh(newest_first: &[Event], seen: &HashSet<String>) -> Vec<Event> {
    let mut fresh: Vec<Event> =
        newest_first.iter().take_while(|event| !seen.contains(&event.id)).cloned().collect();
    fresh.reverse();
    fresh
}

/// What failed by itself before anything else did; failing that, what the stack says of itself.
fn first_failure(events: &[Event]) -> Option<&Event> {
    let own = events.iter().find(|event| event.failed() && !event.follows_another());
    let of_stack = || {
        events.iter().find(|event| {
            event.resource_type == OF_STACK
                && (event.failed() || event.status.contains("ROLLBACK_IN_PROGRESS"))
                && !event.reason.is_empty()
        })
    };
    own.or_else(of_stack)
}

impl Bookmark {
    /// After all that has happened so far.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when CloudFormation doesn't answer.
    pub(crate) async fn now(account: &Account, stack: &str) -> Result<Self, Failure> {
        let newest = read(account, stack, &HashSet::new(), |_| true).await?;
        Ok(Self { seen: newest.into_iter().map(|event| event.id).collect() })
    }

    /// Before the last thing that was begun, so that its events are all to be read.
    ///
    /// # Errors
    ///
    /// As [`Bookmark::now`].
    pub(crate) async fn at_last_beginning(account: &Account, stack: &str) -> Result<Self, Failure> {
        let newest_first =
            read(account, stack, &HashSet::new(), |page| page.iter().any(Event::begins)).await?;
        let begins = newest_first.iter().position(Event::begins).map_or(newest_first.len(), |at| at + 1);
        Ok(Self { seen: newest_first.into_iter().skip(begins).map(|event| event.id).collect() })
    }

    /// Tells of all that happens from here, until nothing is under way any more. `doing` is shown meanwhile.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when CloudFormation doesn't answer.
    pub(crate) async fn follow(
        mut self,
        account: &Account,
        console: &Console,
        stack: &str,
        doing: &str,
    ) -> anyhow::Result<Ending> {
        let spinner = console.spinner(doing);
        let mut told: Vec<Event> = Vec::new();
        let mut pause = FIRST_PAUSE;
        let mut since = Instant::now();
        loop {
            // First how it stands, so that the events of what is over are all there.
            let now = Stack::find(account, stack).await?;
            let over = now.as_ref().is_none_or(|stack| {
                let patience = match told.iter().rfind(|event| event.resource_type == OF_STACK) {
                    None => PATIENCE,
                    Some(_) if stack.status == StackStatus::RollbackComplete => PASSING,
                    Some(_) => Duration::ZERO,
                };
                is_over(&stack.status) && since.elapsed() >= patience
            });
            let newest_first = match &now {
                Some(_) => read(account, stack, &self.seen, |_| false).await?,
                None => Vec::new(),
            };
            for event in fresh(&newest_first, &self.seen) {
                spinner.suspend(|| console.say(event.line(console.paint)))?;
                console.object(&serde_json::json!({ "event": event }))?;
                self.seen.insert(event.id.clone());
                told.push(event);
                since = Instant::now();
            }
            if over {
                spinner.finish_and_clear();
                return Ok(Ending { stack: now, failure: first_failure(&told).cloned() });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 5 / 4).min(LONGEST_PAUSE);
        }
    }
}

fn is_over(status: &StackStatus) -> bool {
    !status.as_str().ends_with("_IN_PROGRESS") || *status == StackStatus::ReviewInProgress
}

/// Whether the details of what was said are elsewhere: CloudFormation checks some things before it begins.
pub(crate) fn refers_to_validation(said: &str) -> bool {
    said.contains("DescribeEvents")
}

/// What CloudFormation found when it checked a stack or, if given, a change set before beginning.
///
/// # Errors
///
/// A [`Failure`] when CloudFormation doesn't answer.
pub(crate) async fn of_validation(
    account: &Account,
    stack: &str,
    change_set: Option<&str>,
) -> Result<Vec<Event>, Failure> {
    let request =
        account.stacks.describe_events().filters(EventFilter::builder().failed_events(true).build());
    let request = match change_set {
        Some(change_set) => request.change_set_name(change_set),
        None => request.stack_name(stack),
    };
    let answer = request.send().await;
    let answer =
        answer.map_err(|error| Failure::of_request("CloudFormation", "say what is wrong", &error))?;
    let found = answer.operation_events().iter().map(Event::from);
    Ok(found.filter(|event| !event.part.is_empty() && !event.reason.is_empty()).collect())
}

/// What happened in the last thing that was done to a stack, the newest first.
///
/// # Errors
///
/// A [`Failure`] when CloudFormation doesn't answer.
pub(crate) async fn of_last_operation(account: &Account, stack: &str) -> Result<Vec<Event>, Failure> {
    let mut newest_first =
        read(account, stack, &HashSet::new(), |page| page.iter().any(Event::begins)).await?;
    if let Some(begins) = newest_first.iter().position(Event::begins) {
        newest_first.truncate(begins + 1);
    }
    Ok(newest_first)
}

/// Reads events, the newest first, page by page until one was seen, or a page is `enough`.
async fn read(
    account: &Account,
    stack: &str,
    seen: &HashSet<String>,
    enough: impl Fn(&[Event]) -> bool,
) -> Result<Vec<Event>, Failure> {
    let mut pages = account.stacks.describe_stack_events().stack_name(stack).into_paginator().send();
    let mut events = Vec::new();
    while let Some(page) = pages.next().await {
        let page =
            page.map_err(|error| Failure::of_request("CloudFormation", "tell what happens", &error))?;
        let page: Vec<Event> = page.stack_events().iter().map(Event::from).collect();
        let done = page.iter().any(|event| seen.contains(&event.id)) || enough(&page);
        events.extend(page);
        if done {
            break;
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, part: &str, status: &str, reason: &str) -> Event {
        let resource_type = if part == "blog" { OF_STACK } else { "AWS::SQS::Queue" };
        Event {
            id: id.to_owned(),
            at: "2026-11-22T21:40:03.123Z".to_owned(),
            part: part.to_owned(),
            resource_type: resource_type.to_owned(),
            name: String::new(),
            status: status.to_owned(),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn only_what_was_not_seen_is_told_in_the_order_it_happened() {
        let newest_first = ["4", "3", "2", "1"].map(|id| event(id, "Queue", "CREATE_IN_PROGRESS", ""));
        let ids = |seen: &[&str]| -> String {
            let seen = seen.iter().map(|id| (*id).to_owned()).collect();
            fresh(&newest_first, &seen).into_iter().map(|event| event.id).collect()
        };
        assert_eq!(ids(&[]), "1234");
        assert_eq!(ids(&["2", "1"]), "34");
        assert_eq!(ids(&["4"]), "");
    }

    #[test]
    fn the_cause_is_told_and_not_what_followed_from_it() {
        let events = [
            event("1", "blog", "CREATE_IN_PROGRESS", "User Initiated"),
            event("2", "Derived", "CREATE_FAILED", "Resource creation cancelled"),
            event("3", "Queue", "CREATE_FAILED", "no such key"),
            event("4", "blog", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Queue]"),
        ];
        assert_eq!(first_failure(&events).unwrap().part, "Queue");
        assert_eq!(first_failure(&events[..1]), None);
        let alarm = [event("1", "blog", "UPDATE_ROLLBACK_IN_PROGRESS", "alarm rang")];
        assert_eq!(first_failure(&alarm).unwrap().reason, "alarm rang");
    }

    #[test]
    fn a_line_has_the_time_the_status_the_part_and_the_reason() {
        assert_eq!(
            event("1", "Queue", "CREATE_FAILED", "no such key").line(Paint(false)),
            "21:40:03  CREATE_FAILED               Queue  no such key"
        );
        assert_eq!(
            event("1", "blog", "UPDATE_COMPLETE", "").line(Paint(false)),
            "21:40:03  UPDATE_COMPLETE             blog"
        );
    }

    #[test]
    fn an_operation_begins_with_the_stack_s_own_event() {
        assert!(event("1", "blog", "UPDATE_IN_PROGRESS", "User Initiated").begins());
        assert!(!event("1", "Queue", "UPDATE_IN_PROGRESS", "").begins());
        assert!(!event("1", "blog", "UPDATE_ROLLBACK_IN_PROGRESS", "").begins());
    }

    #[test]
    fn cleaning_up_is_part_of_it() {
        assert!(is_over(&StackStatus::UpdateComplete) && is_over(&StackStatus::DeleteFailed));
        assert!(is_over(&StackStatus::ReviewInProgress));
        assert!(!is_over(&StackStatus::UpdateCompleteCleanupInProgress));
    }
}
