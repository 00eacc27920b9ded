//! What S3, queues and time do to events: repeats, shuffles, strangers, removals, deadlines.

#![allow(clippy::unwrap_used)]

mod world;

use std::time::{Duration, Instant};

use manifest::State;
use serde_json::{Value, json};
use thumbnailer::{Error, Fate, Retryable};
use world::{World, config, picture, sequencer, with};

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_costs_one_get() {
    let world = World::start().await;
    world.put("a.jpg", picture(1)).await;
    let event = world.take_event().await;
    assert_eq!(world.deliver_one(&event).await.fate, Fate::Derived);
    let before = world.server.requests();
    assert_eq!(world.deliver_one(&event).await.fate, Fate::AlreadyDerived);
    let after = world.server.requests();
    assert_eq!(after.get("GetObject") - before.get("GetObject"), 1);
    assert_eq!(after.total() - before.total(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_an_overwritten_source_is_superseded() {
    let world = World::start().await;
    world.put("a.jpg", picture(1)).await;
    let first = world.take_event().await;
    world.put("a.jpg", picture(2)).await;
    let second = world.take_event().await;
    assert_eq!(world.deliver_one(&first).await.fate, Fate::Superseded);
    assert_eq!(world.manifest("a.jpg").await, None);
    assert_eq!(world.deliver_one(&second).await.fate, Fate::Derived);
    assert_eq!(world.deliver_one(&first).await.fate, Fate::Superseded);
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!(manifest.source.sequencer.as_deref(), Some(sequencer(&second)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_event_never_replaces_newer_work() {
    let world = World::start().await;
    // The same bytes twice: both events' etags are the source's, so that only sequencers tell.
    world.put("a.jpg", picture(1)).await;
    let first = world.take_event().await;
    world.put("a.jpg", picture(1)).await;
    let second = world.take_event().await;
    assert_eq!(world.deliver_one(&second).await.fate, Fate::Derived);
    let before = world.manifest("a.jpg").await;
    assert_eq!(world.deliver_one(&first).await.fate, Fate::Superseded);
    assert_eq!(world.manifest("a.jpg").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_replaced_is_recorded_as_retired() {
    let world = World::start().await;
    world.put("a.jpg", picture(1)).await;
    world.settle().await;
    let first = world.manifest("a.jpg").await.unwrap();
    world.put("a.jpg", picture(2)).await;
    world.settle().await;
    let second = world.manifest("a.jpg").await.unwrap();
    let paths = |manifest: &manifest::Manifest| -> Vec<String> {
        manifest.renditions.iter().map(|rendition| rendition.path.clone()).collect()
    };
    let retired = |manifest: &manifest::Manifest| -> Vec<String> {
        manifest.retired.iter().map(|entry| entry.path.clone()).collect()
    };
    assert_eq!(retired(&second), paths(&first));
    assert!(paths(&first).iter().all(|path| !paths(&second).contains(path)));
    world.put("a.jpg", picture(1)).await;
    world.settle().await;
    let back = world.manifest("a.jpg").await.unwrap();
    assert_eq!((paths(&back), retired(&back)), (paths(&first), paths(&second)));
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_workers_agree_on_the_latest() {
    let mut config = config();
    config.record_concurrency = 8;
    let world = World::with(|server| server, config).await;
    let mut events = Vec::new();
    for seed in 0..4 {
        world.put("a.jpg", picture(seed % 2)).await;
        events.push(world.take_event().await);
    }
    let latest = sequencer(&events[3]).to_owned();
    events.extend_from_within(..);
    let (failed, outcomes) = world.deliver(&events).await;
    assert!(failed.is_empty(), "{outcomes:?}");
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!((manifest.state, manifest.source.sequencer), (State::Derived, Some(latest)));
    for rendition in &manifest.renditions {
        assert!(world.derived(&format!("a.jpg/{}", rendition.path)).await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_is_recorded_and_outlived() {
    let world = World::start().await;
    world.put("a.jpg", picture(1)).await;
    let created = world.take_event().await;
    world.deliver_one(&created).await;
    let derived = world.manifest("a.jpg").await.unwrap();
    assert_eq!(world.derived_keys().await.len(), 1 + derived.renditions.len());

    world.delete("a.jpg").await;
    let removed = world.take_event().await;
    assert_eq!(world.deliver_one(&removed).await.fate, Fate::Removed);
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!((manifest.state, manifest.renditions.len()), (State::Removed, 0));
    assert_eq!(manifest.source.sha256, derived.source.sha256);
    // They are gone at once, and nothing is left to finish.
    assert_eq!(world.derived_keys().await, ["a.jpg/manifest.json"]);
    assert!(manifest.retired.is_empty());
    assert_eq!(world.deliver_one(&removed).await.fate, Fate::AlreadyDerived);
    assert_eq!(world.deliver_one(&created).await.fate, Fate::Superseded);

    world.put("a.jpg", picture(1)).await;
    assert_eq!(world.settle().await, [Fate::Derived]);
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!((manifest.state, manifest.retired.len()), (State::Derived, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_before_any_manifest_stops_slower_workers() {
    let world = World::start().await;
    world.put("a.jpg", picture(1)).await;
    let created = world.take_event().await;
    world.delete("a.jpg").await;
    let removed = world.take_event().await;
    assert_eq!(world.deliver_one(&removed).await.fate, Fate::Removed);
    assert_eq!(world.deliver_one(&created).await.fate, Fate::Superseded);
    assert_eq!(world.manifest("a.jpg").await.unwrap().state, State::Removed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_of_something_else_takes_no_page_down() {
    let world = World::start().await;
    world.put("a.jpg", picture(1)).await;
    let created = world.take_event().await;
    let hint = with(&created, "eventName", "LifecycleExpiration:Delete");
    let later = format!("{}F", sequencer(&created));
    // Nothing has been derived yet: the hint does the creation's work.
    assert_eq!(world.deliver_one(&hint).await.fate, Fate::Derived);
    let before = world.manifest("a.jpg").await;
    let hint = with(&hint, "sequencer", &later);
    assert_eq!(world.deliver_one(&hint).await.fate, Fate::AlreadyDerived);
    // That it was heard is all that is new: a slow worker on an event in between has to find itself late.
    let mut heard = before.unwrap();
    heard.source.sequencer = Some(later);
    let after = world.manifest("a.jpg").await.unwrap();
    heard.written.clone_from(&after.written);
    assert_eq!(after, heard);
    let before = world.server.requests();
    assert_eq!(world.deliver_one(&hint).await.fate, Fate::AlreadyDerived);
    assert_eq!(world.server.requests().total() - before.total(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_bucket_takes_a_key_over_only_while_it_has_the_source() {
    let world = World::start().await;
    world.put("a.jpg", picture(1)).await;
    let ours = world.take_event().await;
    world.deliver_one(&ours).await;
    world.put_into("others", "a.jpg", picture(2)).await;
    let theirs = world.take_event().await;
    // Sequencers mean nothing across buckets.
    let theirs = with(&theirs, "sequencer", "00");
    assert_eq!(world.deliver_one(&theirs).await.fate, Fate::Derived);
    assert_eq!(world.manifest("a.jpg").await.unwrap().source.bucket, "others");
    world.delete("a.jpg").await;
    world.take_events().await;
    assert_eq!(world.deliver_one(&ours).await.fate, Fate::Superseded);
    assert_eq!(world.manifest("a.jpg").await.unwrap().source.bucket, "others");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_without_a_sequencer_looks_at_the_source() {
    let world = World::start().await;
    world.put("a.jpg", picture(1)).await;
    let event = world.take_event().await;
    world.deliver_one(&event).await;
    let bare = with(&with(&event, "sequencer", ""), "eTag", "");
    assert_eq!(world.deliver_one(&bare).await.fate, Fate::AlreadyDerived);
    world.put("a.jpg", picture(2)).await;
    world.take_events().await;
    assert_eq!(world.deliver_one(&bare).await.fate, Fate::Derived);
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!(manifest.source.sequencer.as_deref(), Some(sequencer(&event)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_reports_only_what_failed() {
    let world = World::start().await;
    world.put("good.jpg", picture(1)).await;
    let good = world.take_event().await;
    world.put("also good.jpg", picture(2)).await;
    let also_good = world.take_event().await;
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "originals" });
    let (failed, outcomes) = world
        .deliver(&[
            good.clone(),
            Value::from("not { JSON"),
            with(&good, "bucket", "nowhere"),
            test.clone(),
            with(&good, "key", "%FF"),
            with(&good, "bucket", "derived"),
            also_good,
        ])
        .await;
    assert_eq!(failed, ["m1", "m2", "m4", "m5"]);
    // The smaller ones first, so that one which takes long holds up as few as can be.
    let fates: Vec<_> = outcomes.iter().map(|outcome| &outcome.fate).collect();
    let count = |is: fn(&Fate) -> bool| fates.iter().filter(|fate| is(fate)).count();
    assert_eq!(count(|fate| *fate == Fate::Derived), 2, "{fates:?}");
    assert_eq!(count(|fate| matches!(fate, Fate::Retryable(Retryable::Event(_)))), 2, "{fates:?}");
    assert_eq!(count(|fate| matches!(fate, Fate::Retryable(Retryable::NoSuchBucket { .. }))), 1, "{fates:?}");
    assert_eq!(count(|fate| matches!(fate, Fate::Retryable(Retryable::Bucket { .. }))), 1, "{fates:?}");
    assert_eq!(world.thumbnailer.handle(test, None).await.unwrap(), Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_of_a_batch_come_last_and_the_answer_keeps_its_order() {
    let world = World::start().await;
    world.put("large.jpg", fixtures::photo("coffee.jpg")).await;
    let large = world.take_event().await;
    world.put("small.jpg", picture(1)).await;
    let small = world.take_event().await;
    let (_, outcomes) = world.deliver(&[large.clone(), small.clone()]).await;
    let keys: Vec<_> = outcomes.iter().map(|outcome| outcome.key.as_str()).collect();
    assert_eq!(keys, ["small.jpg", "large.jpg"]);
    let gone = |event| with(event, "bucket", "nowhere");
    let (failed, _) = world.deliver(&[gone(&large), gone(&small)]).await;
    assert_eq!(failed, ["m0", "m1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_invocation_fails_as_a_whole() {
    let world = World::start().await;
    world.put("a.jpg", picture(1)).await;
    let mut event = world.take_event().await;
    assert_eq!(world.thumbnailer.handle(event.clone(), None).await.unwrap(), Value::Null);
    let stranger = with(&event, "bucket", "nowhere")["Records"][0].clone();
    event["Records"].as_array_mut().unwrap().push(stranger);
    let error = world.thumbnailer.handle(event, None).await.unwrap_err();
    assert!(matches!(error, Error::Unsettled { failed: 1, of: 2, .. }), "{error}");
    assert!(error.to_string().contains("nowhere"), "{error}");
    let error = world.thumbnailer.handle(json!({ "hello": "world" }), None).await.unwrap_err();
    assert!(matches!(error, Error::Envelope(_)) && error.to_string().contains("hello"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn originals_come_from_the_bucket_that_was_named() {
    let mut config = config();
    config.originals_bucket = Some("originals".to_owned());
    let world = World::with(|server| server, config).await;
    world.put_into("others", "a.jpg", picture(1)).await;
    let outcome = world.deliver_one(&world.take_event().await).await;
    let Fate::Retryable(cause) = outcome.fate else { panic!("{outcome:?}") };
    assert!(
        cause.to_string().contains("others") && cause.to_string().contains("ORIGINALS_BUCKET"),
        "{cause}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_keys_that_look_denied_say_what_is_needed() {
    let world = World::with(|server| server.hide_missing_keys(true), config()).await;
    world.put("a.jpg", picture(1)).await;
    let outcome = world.deliver_one(&world.take_event().await).await;
    let Fate::Retryable(cause @ Retryable::Denied { .. }) = outcome.fate else { panic!("{outcome:?}") };
    assert!(cause.to_string().contains("s3:ListBucket"), "{cause}");
    assert!(cause.to_string().contains("derived/a.jpg/manifest.json"), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_stops_before_the_deadline() {
    let mut config = config();
    config.preset = imaging::Preset::default();
    let world = World::with(|server| server, config).await;
    world.put("a.jpg", fixtures::photo(fixtures::photos::TWELVE_MEGAPIXELS)).await;
    let event = world.take_event().await;
    let (failed, outcomes) = world
        .deliver_before(std::slice::from_ref(&event), Some(Instant::now() + Duration::from_millis(210)))
        .await;
    assert_eq!(failed, ["m0"]);
    assert!(matches!(outcomes[0].fate, Fate::Retryable(Retryable::Deadline { .. })), "{outcomes:?}");
    assert_eq!(world.manifest("a.jpg").await, None);
    assert_eq!(world.deliver_one(&event).await.fate, Fate::Derived);
}
