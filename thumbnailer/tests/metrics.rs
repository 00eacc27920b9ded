//! One line an invocation, as CloudWatch reads it.

#![allow(clippy::unwrap_used)]

mod world;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use manifest::Reason;
use proptest::prelude::*;
use serde_json::{Value, json};
use thumbnailer::{Fate, Invocation, Outcome, Report, Retryable, Stages, embedded_metrics};
use world::World;

const AT: Invocation<'static> = Invocation {
    function: "thumbs",
    version: "7",
    request_id: "11112222-3333-4444-5555-666677778888",
    unix_ms: 1_770_000_000_123,
    memory_high_water: Some(300 << 20),
};

/// The units of the schema that are used here.
const UNITS: [&str; 3] = ["Count", "Bytes", "Milliseconds"];

fn outcome(fate: Fate, report: Report) -> Outcome {
    let elapsed = Duration::from_millis(90);
    Outcome { bucket: "originals".into(), key: "a.jpg".into(), fate, receive_count: 1, report, elapsed }
}

fn worked() -> Report {
    let ms = Duration::from_millis;
    let stages =
        Stages { fetch: ms(10), decode: ms(20), resize: ms(30), encode: ms(40), put: ms(50), commit: ms(60) };
    Report { source_bytes: 1000, bytes_out: 300, stages, ..Report::default() }
}

fn rejected(code: &str) -> Outcome {
    let reason = Reason { code: code.into(), message: "m".into(), remedy: "r".into() };
    outcome(Fate::Rejected, Report { reason: Some(reason), ..Report::default() })
}

/// Holds a document against the schema and the limits of "Specification: Embedded metric format".
fn check(document: &Value) -> Result<(), String> {
    let need = |ok: bool, what: &str| if ok { Ok(()) } else { Err(format!("{what}: {document}")) };
    let sized =
        |text: &Value, most: usize| text.as_str().is_some_and(|text| (1..=most).contains(&text.len()));
    let root = document.as_object().ok_or("no object")?;
    need(serde_json::to_vec(document).unwrap().len() < 256 << 10, "at most 256 KB")?;
    let aws = root["_aws"].as_object().ok_or("_aws is no object")?;
    need(aws.keys().eq(["CloudWatchMetrics", "Timestamp"]), "members of _aws")?;
    need(aws["Timestamp"].is_u64(), "the timestamp is an integer")?;
    let directives = aws["CloudWatchMetrics"].as_array().ok_or("no directives")?;
    need(directives.len() == 1, "one directive")?;
    for directive in directives {
        let keys = directive.as_object().ok_or("a directive is an object")?.keys();
        need(keys.eq(["Dimensions", "Metrics", "Namespace"]), "members of a directive")?;
        need(sized(&directive["Namespace"], 1024), "the namespace's length")?;
        let sets = directive["Dimensions"].as_array().ok_or("no dimensions")?;
        need(!sets.is_empty(), "at least one dimension set")?;
        for dimension in sets.iter().map(|set| set.as_array().ok_or("a set is an array")) {
            let set = dimension?;
            need(set.len() <= 30, "at most 30 dimensions in a set")?;
            for name in set {
                need(sized(name, 250), "a dimension's name")?;
                need(sized(&root[name.as_str().unwrap()], 1024), "a dimension's target is a text")?;
            }
        }
        let metrics = directive["Metrics"].as_array().ok_or("no metrics")?;
        need(metrics.len() <= 100, "at most 100 metrics")?;
        for metric in metrics {
            let keys = metric.as_object().ok_or("a metric is an object")?.keys();
            need(keys.eq(["Name", "Unit"]), "members of a metric")?;
            need(sized(&metric["Name"], 255), "a metric's name")?;
            let name = metric["Name"].as_str().unwrap();
            need(name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':'), "a metric's characters")?;
            need(UNITS.contains(&metric["Unit"].as_str().unwrap_or_default()), "a known unit")?;
            let fits = match &root[name] {
                Value::Array(values) => {
                    (1..=100).contains(&values.len()) && values.iter().all(Value::is_number)
                }
                value => value.is_number(),
            };
            need(fits, &format!("the value of {name}"))?;
        }
        let mut names: Vec<&str> = metrics.iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
        names.sort_unstable();
        names.dedup();
        need(names.len() == metrics.len(), "no metric twice")?;
    }
    Ok(())
}

#[test]
fn a_document_has_counts_sums_and_the_stages_of_those_that_worked() {
    let fault = || Retryable::Fault { what: "a bug".into() };
    let failed = Report { failed: true, ..Report::default() };
    let document = embedded_metrics(
        &[
            outcome(Fate::Derived, worked()),
            outcome(Fate::Derived, worked()),
            outcome(Fate::AlreadyDerived, Report::default()),
            outcome(Fate::Superseded, Report::default()),
            outcome(Fate::Removed, Report::default()),
            outcome(Fate::Retryable(fault()), failed),
            outcome(Fate::Retryable(fault()), Report::default()),
            rejected("not-an-image"),
            rejected("not-an-image"),
            rejected("too-large"),
        ],
        &AT,
    );
    check(&document).unwrap();
    let expected = json!({
        "Derived": 2, "AlreadyDerived": 1, "Superseded": 1, "Rejected": 3, "Removed": 1, "Retried": 2, "Failed": 1,
        "BytesIn": 2000, "BytesOut": 600, "MemoryHighWater": 314_572_800,
        "FetchMs": [10.0, 10.0], "DecodeMs": [20.0, 20.0], "ResizeMs": [30.0, 30.0], "EncodeMs": [40.0, 40.0],
        "PutMs": [50.0, 50.0], "CommitMs": [60.0, 60.0], "TotalMs": [90.0, 90.0],
        "Rejected_not-an-image": 2, "Rejected_too-large": 1,
        "FunctionName": "thumbs", "version": "7", "requestId": AT.request_id, "records": 10,
        "_aws": document["_aws"],
    });
    assert_eq!(document, expected);
    let directive = &document["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Namespace"], "Thumbnailer");
    assert_eq!(directive["Dimensions"], json!([["FunctionName"], []]));
    assert_eq!(document["_aws"]["Timestamp"], AT.unix_ms);
}

#[test]
fn nothing_done_is_said_with_zeros() {
    let nowhere = Invocation { function: "", memory_high_water: None, ..AT };
    let document = embedded_metrics(&[], &nowhere);
    check(&document).unwrap();
    let names: Vec<&str> = document["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|metric| metric["Name"].as_str().unwrap())
        .collect();
    let always = [
        "Derived",
        "AlreadyDerived",
        "Superseded",
        "Rejected",
        "Removed",
        "Retried",
        "Failed",
        "BytesIn",
        "BytesOut",
    ];
    assert_eq!(names, always);
    assert!(always.iter().all(|name| document[name] == 0), "{document}");
    assert_eq!(document["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
}

#[test]
fn what_is_too_much_for_the_format_is_left_out() {
    let mut outcomes: Vec<Outcome> =
        (0..200).map(|n| rejected(&format!("code-{n}: ä{}", "x".repeat(n * 2)))).collect();
    outcomes.extend((0..250).map(|_| outcome(Fate::Derived, worked())));
    let document = embedded_metrics(&outcomes, &AT);
    check(&document).unwrap();
    assert_eq!((&document["Rejected"], &document["Derived"]), (&json!(200), &json!(250)));
    assert_eq!(document["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap().len(), 100);
    assert_eq!(document["TotalMs"].as_array().unwrap().len(), 84);
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let fate = prop_oneof![
        Just(Fate::Derived),
        Just(Fate::AlreadyDerived),
        Just(Fate::Superseded),
        Just(Fate::Rejected),
        Just(Fate::Removed),
        Just(Fate::Ignored),
        any::<String>().prop_map(|what| Fate::Retryable(Retryable::Fault { what })),
    ];
    (fate, any::<(u64, u64, bool)>(), any::<[u32; 3]>(), proptest::option::of("\\PC{0,300}")).prop_map(
        |(fate, (source_bytes, bytes_out, failed), [fetch, decode, commit], code)| {
            let us = |us: u32| Duration::from_micros(us.into());
            let reason = code.map(|code| Reason { code, message: String::new(), remedy: String::new() });
            let stages =
                Stages { fetch: us(fetch), decode: us(decode), commit: us(commit), ..Stages::default() };
            outcome(fate, Report { source_bytes, bytes_out, failed, reason, stages, ..Report::default() })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_became_of_the_records_the_format_is_kept(outcomes in proptest::collection::vec(any_outcome(), 0..220)) {
        check(&embedded_metrics(&outcomes, &AT)).map_err(TestCaseError::fail)?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hook_is_told_of_every_invocation_once() {
    let mut world = World::start().await;
    let told: Arc<Mutex<Vec<Vec<Outcome>>>> = Arc::default();
    world.thumbnailer = world.thumbnailer.on_invocation({
        let told = told.clone();
        move |outcomes| told.lock().unwrap().push(outcomes.to_vec())
    });
    world.put("a.jpg", world::picture(1)).await;
    world.put("b.jpg", b"no picture".to_vec()).await;
    world.settle().await;
    let unreadable = world.thumbnailer.handle(json!({ "hello": "world" }), None).await;
    assert!(unreadable.is_err());

    let told = told.lock().unwrap();
    let fates: Vec<Vec<&Fate>> =
        told.iter().map(|outcomes| outcomes.iter().map(|outcome| &outcome.fate).collect()).collect();
    assert_eq!(fates, [vec![&Fate::Derived, &Fate::Rejected], vec![]]);
    let document = embedded_metrics(&told[0], &AT);
    check(&document).unwrap();
    assert_eq!((&document["Derived"], &document["Rejected_not-an-image"]), (&json!(1), &json!(1)));
    assert_eq!(document["FetchMs"].as_array().unwrap().len(), 2);
    assert_eq!(document["EncodeMs"].as_array().unwrap().len(), 1);
}
