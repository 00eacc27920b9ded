//! How an invocation's verdicts are said in the way of its envelope. Pure.

use serde_json::{Value, json};

use crate::error::{Error, Retryable};
use crate::event::Envelope;
use crate::outcome::{Fate, Outcome};

/// A message's id, and what became of each of its events.
pub(crate) type Verdict = (String, Vec<Outcome>);

/// What a result of S3 Batch Operations may say, in bytes; the guide allows as many characters.
const RESULT_STRING: usize = 1024;

/// The function's answer to an invocation.
///
/// # Errors
///
/// [`Error::Unsettled`] where something is not settled and only the invocation's failure can say so.
pub(crate) fn answer(envelope: &Envelope, verdicts: Vec<Verdict>) -> Result<Value, Error> {
    match envelope {
        Envelope::Sqs => batch_item_failures(verdicts),
        Envelope::Batch { schema, invocation_id } => Ok(results(schema, invocation_id, &verdicts)),
        Envelope::Direct | Envelope::EventBridge | Envelope::Sweep => all_or_error(verdicts),
    }
}

/// The ids of the messages that are to come again (AWS Lambda Developer Guide, "Handling errors for an SQS event
/// source in Lambda"). What has no id cannot be among them, so that the whole batch has to come again.
fn batch_item_failures(verdicts: Vec<Verdict>) -> Result<Value, Error> {
    let failed = |(_, outcomes): &&Verdict| outcomes.iter().any(|outcome| !outcome.fate.is_success());
    let ids: Vec<&str> = verdicts.iter().filter(failed).map(|(id, _)| id.as_str()).collect();
    if ids.contains(&"") {
        return all_or_error(verdicts);
    }
    let failures: Vec<Value> = ids.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
    Ok(json!({ "batchItemFailures": failures }))
}

/// A result a task (Amazon S3 User Guide, "Invoke AWS Lambda function"). A task without an id is left out, and taken
/// for a failure by `treatMissingKeysAs`.
fn results(schema: &str, invocation_id: &str, verdicts: &[Verdict]) -> Value {
    let results: Vec<Value> = verdicts
        .iter()
        .filter(|(id, _)| !id.is_empty())
        .map(|(id, outcomes)| {
            let (code, text) = result(outcomes);
            let end = text.floor_char_boundary(RESULT_STRING);
            json!({ "taskId": id, "resultCode": code, "resultString": text[..end] })
        })
        .collect();
    json!({
        "invocationSchemaVersion": schema,
        "treatMissingKeysAs": "PermanentFailure",
        "invocationId": invocation_id,
        "results": results,
    })
}

/// A task's result: its code, and its words in the job's report.
fn result(outcomes: &[Outcome]) -> (&'static str, String) {
    let failure = outcomes.iter().find_map(|outcome| match &outcome.fate {
        Fate::Retryable(cause) => Some(cause),
        _ => None,
    });
    match failure {
        // It would read the same the next time.
        Some(Retryable::Event(cause)) => ("PermanentFailure", cause.to_string()),
        Some(cause) => ("TemporaryFailure", cause.to_string()),
        None => {
            let words: Vec<String> = outcomes.iter().map(word).collect();
            ("Succeeded", words.join("; "))
        }
    }
}

fn word(outcome: &Outcome) -> String {
    match (&outcome.fate, &outcome.report.reason) {
        (Fate::Rejected, Some(reason)) => format!("rejected: {}", reason.message),
        (fate, _) => fate.word().to_owned(),
    }
}

/// Nothing but an error says that records are to come again.
fn all_or_error(verdicts: Vec<Verdict>) -> Result<Value, Error> {
    let outcomes: Vec<Outcome> = verdicts.into_iter().flat_map(|(_, outcomes)| outcomes).collect();
    let of = outcomes.len();
    let mut causes = outcomes.into_iter().filter_map(|outcome| match outcome.fate {
        Fate::Retryable(cause) => Some(cause),
        _ => None,
    });
    match causes.next() {
        None => Ok(Value::Null),
        Some(first) => Err(Error::Unsettled { failed: 1 + causes.count(), of, first }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;
    use crate::event::EventError;
    use crate::outcome::Report;
    use manifest::Reason;

    fn outcome(fate: Fate) -> Outcome {
        Outcome {
            bucket: "originals".into(),
            key: "a.jpg".into(),
            fate,
            receive_count: 1,
            report: Report::default(),
            elapsed: Duration::ZERO,
        }
    }

    fn rejected(message: &str) -> Outcome {
        let reason =
            Reason { code: "unknown".into(), message: message.into(), remedy: "Send a picture.".into() };
        Outcome { report: Report { reason: Some(reason), ..Report::default() }, ..outcome(Fate::Rejected) }
    }

    fn fault(what: &str) -> Outcome {
        outcome(Fate::Retryable(Retryable::Fault { what: what.into() }))
    }

    fn unreadable() -> Outcome {
        let cause = EventError::NotJson { what: "message's body", cause: "expected value".into() };
        outcome(Fate::Retryable(cause.into()))
    }

    fn verdicts(each: impl IntoIterator<Item = (&'static str, Vec<Outcome>)>) -> Vec<Verdict> {
        each.into_iter().map(|(id, outcomes)| (id.to_owned(), outcomes)).collect()
    }

    fn batch() -> Envelope {
        Envelope::Batch { schema: "2.0".into(), invocation_id: "invocation".into() }
    }

    /// The result of a batch's only task, as (code, words).
    fn only_result(outcomes: Vec<Outcome>) -> (String, String) {
        let said = answer(&batch(), verdicts([("task", outcomes)])).unwrap();
        let [result] = &said["results"].as_array().unwrap()[..] else { panic!("one result: {said}") };
        assert_eq!(result["taskId"], "task");
        let text = |field: &str| result[field].as_str().unwrap().to_owned();
        (text("resultCode"), text("resultString"))
    }

    #[test]
    fn a_queue_is_told_which_messages_failed() {
        let said = answer(
            &Envelope::Sqs,
            verdicts([
                ("good", vec![outcome(Fate::Derived), rejected("no picture")]),
                ("half", vec![outcome(Fate::Derived), fault("a bug")]),
                ("nothing to do", vec![]),
                ("unreadable", vec![unreadable()]),
            ]),
        );
        let failures = json!([{ "itemIdentifier": "half" }, { "itemIdentifier": "unreadable" }]);
        assert_eq!(said.unwrap(), json!({ "batchItemFailures": failures }));
        assert_eq!(answer(&Envelope::Sqs, vec![]).unwrap(), json!({ "batchItemFailures": [] }));
    }

    #[test]
    fn a_message_without_an_id_fails_its_batch() {
        let unnamed = || ("", vec![unreadable()]);
        let error = answer(&Envelope::Sqs, verdicts([("good", vec![outcome(Fate::Derived)]), unnamed()]));
        assert!(matches!(error.unwrap_err(), Error::Unsettled { failed: 1, of: 2, .. }));
    }

    #[test]
    fn who_only_hears_errors_hears_one_if_anything_failed() {
        for envelope in [Envelope::Direct, Envelope::EventBridge] {
            let well = verdicts([("", vec![outcome(Fate::Superseded), rejected("no picture")])]);
            assert_eq!(answer(&envelope, well).unwrap(), Value::Null);
            let ill = verdicts([("", vec![outcome(Fate::Removed), fault("one"), fault("two")])]);
            let error = answer(&envelope, ill).unwrap_err();
            assert_eq!(
                error.to_string(),
                "2 of 3 records are not settled; the first because internal fault: one"
            );
        }
    }

    #[test]
    fn a_job_is_given_a_result_a_task() {
        let said = answer(
            &batch(),
            verdicts([
                ("t1", vec![outcome(Fate::Derived)]),
                ("", vec![unreadable()]),
                ("t2", vec![fault("x")]),
            ]),
        );
        let said = said.unwrap();
        assert_eq!(said["invocationSchemaVersion"], "2.0");
        assert_eq!(said["treatMissingKeysAs"], "PermanentFailure");
        assert_eq!(said["invocationId"], "invocation");
        let ids: Vec<_> = said["results"].as_array().unwrap().iter().map(|one| &one["taskId"]).collect();
        assert_eq!(ids, ["t1", "t2"]);
    }

    #[test]
    fn results_say_what_became_of_the_task() {
        let owned = |code: &str, text: &str| (code.to_owned(), text.to_owned());
        for fate in [Fate::Derived, Fate::AlreadyDerived, Fate::Superseded, Fate::Removed] {
            let word = fate.word();
            assert_eq!(only_result(vec![outcome(fate)]), owned("Succeeded", word));
        }
        assert_eq!(only_result(vec![rejected("no picture")]), owned("Succeeded", "rejected: no picture"));
        assert_eq!(only_result(vec![fault("a bug")]), owned("TemporaryFailure", "internal fault: a bug"));
        let (code, words) = only_result(vec![unreadable()]);
        assert_eq!(code, "PermanentFailure");
        assert!(words.contains("not JSON"), "{words}");
    }

    #[test]
    fn words_end_within_what_a_result_may_say() {
        let prefix = "rejected: ".len();
        for (message, length) in [
            ("x".repeat(1024 - prefix), 1024),
            ("x".repeat(1025 - prefix), 1024),
            // Three bytes each: the last whole one ends at 1,024 or up to two bytes before.
            ("日".repeat(2000), prefix + (1024 - prefix) / 3 * 3),
        ] {
            let (_, words) = only_result(vec![rejected(&message)]);
            assert_eq!(words.len(), length);
            assert!(format!("rejected: {message}").starts_with(&words));
        }
    }
}
