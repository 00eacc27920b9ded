//! Every envelope's document, from `fixtures/events`, through the public surface: what is read of it, and what the
//! handler does and answers.

#![allow(clippy::unwrap_used)]

mod world;

use fixtures::events::{self, Asks, Document, Object};
use proptest::prelude::*;
use serde_json::{Value, json};
use thumbnailer::{Change, Envelope, Error, ObjectEvent, parse};
use world::{World, picture, sequencer};

/// A key with everything that decoding once too often or too seldom would change.
const SPACED: &str = "a+b c.jpg";
const LITERAL: &str = "a+b%20c.jpg";

fn deriving() -> impl Iterator<Item = &'static Document> {
    events::all().iter().filter(|document| document.asks == Asks::Derivation)
}

/// The only event of a payload.
fn only(payload: &Value) -> ObjectEvent {
    let mut messages = parse(payload).unwrap().messages;
    assert_eq!(messages.len(), 1, "{payload}");
    let mut events = messages.remove(0).events;
    assert_eq!(events.len(), 1, "{payload}");
    events.remove(0).unwrap()
}

/// Whether an envelope says when something happened, and not only that there is something.
fn says_when(document: &Document) -> bool {
    !document.name.starts_with("batch")
}

#[test]
fn every_document_is_read_for_what_it_asks() {
    let object = Object { version_id: Some("3sL4kqtJlcpXroDTDmJ"), ..Object::default() };
    for document in events::all() {
        let payload = document.fill(&object);
        let delivery = parse(&payload).unwrap_or_else(|error| panic!("{}: {error}", document.name));
        let change = match document.asks {
            Asks::Derivation => Change::Created,
            Asks::Removal => Change::Removed,
            Asks::Nothing => {
                assert_eq!(delivery.messages.len(), 1, "{}", document.name);
                assert_eq!(delivery.messages[0].events, [], "{}", document.name);
                continue;
            }
            Asks::Sweep => {
                assert_eq!(delivery.envelope, Envelope::Sweep, "{}", document.name);
                continue;
            }
        };
        let event = only(&payload);
        assert_eq!((event.change, &event.bucket[..]), (change, "originals"), "{}", document.name);
        assert_eq!(event.version_id.as_deref(), object.version_id, "{}", document.name);
        let sequencer = says_when(document).then_some(object.sequencer);
        assert_eq!(event.sequencer.as_deref(), sequencer, "{}", document.name);
        if change == Change::Created && says_when(document) {
            assert_eq!((event.etag.as_deref(), event.size), (Some(object.etag), Some(object.size)));
        }
        let unversioned = only(&document.fill(&Object { version_id: None, ..object }));
        assert_eq!(unversioned, ObjectEvent { version_id: None, ..event }, "{}", document.name);
    }
}

#[test]
fn each_way_is_an_envelope() {
    let envelope = |name| parse(&events::document(name).fill(&Object::default())).unwrap().envelope;
    for (name, expected) in [
        ("s3", Envelope::Direct),
        ("s3-test", Envelope::Direct),
        ("sns", Envelope::Direct),
        ("sns-eventbridge", Envelope::Direct),
        ("sqs-s3", Envelope::Sqs),
        ("sqs-sns-s3", Envelope::Sqs),
        ("sqs-sns-raw", Envelope::Sqs),
        ("sqs-eventbridge", Envelope::Sqs),
        ("eventbridge", Envelope::EventBridge),
        ("eventbridge-restored", Envelope::EventBridge),
    ] {
        assert_eq!(envelope(name), expected, "{name}");
    }
    for (name, version) in [("batch-1", "1.0"), ("batch-2", "2.0")] {
        assert!(matches!(envelope(name), Envelope::Batch { schema, .. } if schema == version), "{name}");
    }
}

#[test]
fn each_envelope_s_keys_are_read_as_it_writes_them() {
    assert_eq!(events::form_encoded(SPACED), "a%2Bb+c.jpg");
    assert_eq!(events::form_encoded(LITERAL), "a%2Bb%2520c.jpg");
    for document in deriving() {
        for key in [SPACED, LITERAL] {
            let payload = document.fill(&Object { key, ..Object::default() });
            // The document itself says which way it carries keys; no envelope carries both.
            let raw = payload.to_string().contains(key);
            assert_eq!(raw, document.name.contains("eventbridge"), "{payload}");
            assert_eq!(only(&payload).key, key, "{}", document.name);
        }
    }
}

proptest! {
    #[test]
    fn any_key_is_read_back_from_every_envelope(key in "[ -~]{1,40}|\\PC{1,40}|[+% 0-9A-F]{1,20}") {
        for document in deriving() {
            let payload = document.fill(&Object { key: &key, ..Object::default() });
            prop_assert_eq!(only(&payload).key, &key[..], "{}", document.name);
        }
    }
}

/// What a good answer looks like in the envelope of `document`.
fn assert_all_well(document: &Document, answer: &Value) {
    match document.name.split('-').next().unwrap() {
        "sqs" => assert_eq!(*answer, json!({ "batchItemFailures": [] }), "{}", document.name),
        "batch" => {
            let sent = document.fill(&Object::default());
            let task = &sent["tasks"][0]["taskId"];
            let expected = json!({
                "invocationSchemaVersion": sent["invocationSchemaVersion"],
                "treatMissingKeysAs": "PermanentFailure",
                "invocationId": sent["invocationId"],
                "results": [{ "taskId": task, "resultCode": "Succeeded", "resultString": "derived" }],
            });
            assert_eq!(*answer, expected, "{}", document.name);
        }
        _ => assert_eq!(*answer, Value::Null, "{}", document.name),
    }
}

/// Puts an original; its ETag and its creation's sequencer.
async fn put(world: &World, key: &str, seed: u64) -> (String, String) {
    world.put(key, picture(seed)).await;
    let event = world.take_event().await;
    let etag = event["Records"][0]["s3"]["object"]["eTag"].as_str().unwrap().to_owned();
    (etag, sequencer(&event).to_owned())
}

fn object<'a>(key: &'a str, (etag, sequencer): &'a (String, String)) -> Object<'a> {
    Object { key, etag, sequencer, ..Object::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_envelope_derives_and_is_answered() {
    let world = World::start().await;
    for (seed, document) in deriving().enumerate() {
        for key in [format!("{}/{SPACED}", document.name), format!("{}/{LITERAL}", document.name)] {
            let told = put(&world, &key, seed as u64).await;
            let payload = document.fill(&object(&key, &told));
            let answer = world.thumbnailer.handle(payload, None).await.unwrap();
            assert_all_well(document, &answer);
            let manifest = world.manifest(&key).await.unwrap_or_else(|| panic!("no manifest of {key}"));
            assert_eq!((manifest.source.key, manifest.source.etag), (key, told.0));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn removals_of_every_kind_are_looked_into() {
    let world = World::start().await;
    for document in events::all().iter().filter(|document| document.asks == Asks::Removal) {
        let told = put(&world, document.name, 1).await;
        let object = object(document.name, &told);
        world.thumbnailer.handle(events::document("s3").fill(&object), None).await.unwrap();
        world.delete(document.name).await;
        let removal = world.take_event().await;
        let later = Object { sequencer: sequencer(&removal), ..object };
        assert_eq!(world.thumbnailer.handle(document.fill(&later), None).await.unwrap(), Value::Null);
        let manifest = world.manifest(document.name).await.unwrap();
        assert_eq!(manifest.state, manifest::State::Removed, "{}", document.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_asks_for_no_work_is_acknowledged_and_leaves_nothing() {
    let world = World::start().await;
    for document in events::all().iter().filter(|document| document.asks == Asks::Nothing) {
        let answer = world.thumbnailer.handle(document.fill(&Object::default()), None).await.unwrap();
        assert_all_well(document, &answer);
    }
    assert!(world.outcomes().is_empty());
    assert_eq!(world.derived_keys().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_record_fails_in_its_envelope_s_way_and_its_neighbour_is_derived() {
    let world = World::start().await;
    for document in deriving().filter(|document| !document.name.starts_with("eventbridge")) {
        let told = put(&world, document.name, 1).await;
        let object = object(document.name, &told);
        let mut payload = document.fill(&object);
        let bad = document.fill(&Object { bucket: "nowhere", ..object });
        match document.name.split('-').next().unwrap() {
            "batch" => {
                let (mut missing, mut unreadable) = (bad["tasks"][0].clone(), bad["tasks"][0].clone());
                missing["taskId"] = json!("missing");
                unreadable["taskId"] = json!("unreadable");
                unreadable["s3Key"] = json!("100%");
                payload["tasks"].as_array_mut().unwrap().splice(0..0, [missing, unreadable]);
                let answer = world.thumbnailer.handle(payload, None).await.unwrap();
                let results = answer["results"].as_array().unwrap();
                let codes: Vec<_> = results.iter().map(|one| one["resultCode"].as_str().unwrap()).collect();
                assert_eq!(codes, ["TemporaryFailure", "PermanentFailure", "Succeeded"], "{answer}");
                assert!(results[0]["resultString"].as_str().unwrap().contains("nowhere"), "{answer}");
                assert!(results[1]["resultString"].as_str().unwrap().contains("100%"), "{answer}");
            }
            "sqs" => {
                let mut poison = bad["Records"][0].clone();
                poison["messageId"] = json!("poison");
                payload["Records"].as_array_mut().unwrap().insert(0, poison);
                let answer = world.thumbnailer.handle(payload, None).await.unwrap();
                let failed = json!({ "batchItemFailures": [{ "itemIdentifier": "poison" }] });
                assert_eq!(answer, failed, "{}", document.name);
            }
            _ => {
                payload["Records"].as_array_mut().unwrap().insert(0, bad["Records"][0].clone());
                let error = world.thumbnailer.handle(payload, None).await.unwrap_err();
                assert!(matches!(error, Error::Unsettled { failed: 1, of: 2, .. }), "{error}");
                assert!(error.to_string().contains("nowhere"), "{error}");
            }
        }
        let manifest = world.manifest(document.name).await.unwrap_or_else(|| panic!("{}", document.name));
        assert_eq!(manifest.source.etag, told.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_named_fails_its_batch_after_its_neighbour_is_derived() {
    let world = World::start().await;
    let told = put(&world, "a.jpg", 1).await;
    let mut payload = events::document("sqs-s3").fill(&object("a.jpg", &told));
    payload["Records"].as_array_mut().unwrap().insert(0, json!({ "eventSource": "aws:sqs", "body": "{}" }));
    let error = world.thumbnailer.handle(payload, None).await.unwrap_err();
    assert!(error.to_string().contains("messageId"), "{error}");
    assert!(world.manifest("a.jpg").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_hears_of_rejections_and_of_settled_work() {
    let world = World::start().await;
    world.put("text.jpg", b"no picture".to_vec()).await;
    let object = Object { key: "text.jpg", ..Object::default() };
    let payload = events::document("batch-2").fill(&object);
    let answer = world.thumbnailer.handle(payload.clone(), None).await.unwrap();
    let reason = world.manifest("text.jpg").await.unwrap().reason.unwrap();
    assert_eq!(answer["results"][0]["resultCode"], "Succeeded");
    assert_eq!(answer["results"][0]["resultString"], format!("rejected: {}", reason.message));
    let answer = world.thumbnailer.handle(payload, None).await.unwrap();
    assert_eq!(answer["results"][0]["resultString"], "already-derived");
}
