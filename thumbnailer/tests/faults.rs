//! What is wrong between the function and S3 is never taken for the image's end: the record comes again.

#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use manifest::State;
use serde_json::Value;
use thumbnailer::{Fate, Retryable};
use world::faults::Fault;
use world::{World, picture, with};

const FAULT: Fault = Fault::s3(500, "<Error><Code>InternalError</Code><Message>Try again.</Message></Error>");
const DENIED: Fault = Fault::s3(403, "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>");
const CHANGED: Fault = Fault::s3(412, "<Error><Code>PreconditionFailed</Code><Message>No.</Message></Error>");

/// Whether a request puts a rendition.
fn puts_a_rendition(request: &str) -> bool {
    request.starts_with("PUT /derived/a.jpg/") && !request.ends_with("/manifest.json")
}

/// Delivers `event`, which has to fail, and leaves no manifest; its cause in words.
async fn unsettled(world: &World, event: &Value) -> Retryable {
    let outcome = world.deliver_one(event).await;
    let Fate::Retryable(cause) = outcome.fate else { panic!("{outcome:?}") };
    assert_eq!(world.manifest("a.jpg").await, None);
    cause
}

#[tokio::test(flavor = "multi_thread")]
async fn only_s3_itself_can_say_that_a_key_is_gone() {
    for requests in ["GET /originals/a.jpg", "GET /derived/a.jpg/manifest.json", "PUT /derived/a.jpg/"] {
        let world =
            World::with_faults(move |request| request.starts_with(requests).then_some(Fault::HTML_404)).await;
        world.put("a.jpg", picture(1)).await;
        let cause = unsettled(&world, &world.take_event().await).await;
        let words = cause.to_string();
        assert!(matches!(cause, Retryable::Storage { .. }), "{requests}: {words}");
        assert!(words.contains("404") && words.contains("a.jpg") && words.contains("proxy"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_finds_nothing_anywhere_removes_nothing() {
    let world =
        World::with_faults(|request| request.starts_with("HEAD ").then_some(Fault::Answer(404, "", "")))
            .await;
    world.put("a.jpg", picture(1)).await;
    let hint = with(&world.take_event().await, "eventName", "ObjectRemoved:Delete");
    let cause = unsettled(&world, &hint).await;
    assert!(matches!(cause, Retryable::NoSuchBucket { .. }), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rendition_that_cannot_be_put_leaves_no_manifest() {
    for fault in [FAULT, DENIED] {
        let (puts, passed) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(false)));
        let faulty = passed.clone();
        let third = move |request: &str| {
            let later = puts_a_rendition(request) && puts.fetch_add(1, Ordering::SeqCst) >= 2;
            later && !faulty.load(Ordering::SeqCst)
        };
        let world = World::with_faults(move |request| third(request).then_some(fault)).await;
        world.put("a.jpg", picture(1)).await;
        let event = world.take_event().await;
        let words = unsettled(&world, &event).await.to_string();
        assert!(words.contains("writing s3://derived/a.jpg/"), "{words}");
        passed.store(true, Ordering::SeqCst);
        assert_eq!(world.deliver_one(&event).await.fate, Fate::Derived);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passing_fault_of_s3_is_outlasted() {
    for fault in [FAULT, Fault::s3(409, "<Error><Code>OperationAborted</Code></Error>"), Fault::CutShort] {
        for request in ["GET /originals/a.jpg", "GET /derived/a.jpg/manifest.json", "PUT /derived/a.jpg/0"] {
            let asked = AtomicUsize::new(0);
            let first =
                move |line: &str| line.starts_with(request) && asked.fetch_add(1, Ordering::SeqCst) == 0;
            let world = World::with_faults(move |line| first(line).then_some(fault)).await;
            world.put("a.jpg", picture(1)).await;
            let outcome = world.deliver_one(&world.take_event().await).await;
            assert_eq!(outcome.fate, Fate::Derived, "{request}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_source_is_not_derived() {
    let source = |request: &str| (request == "GET /originals/a.jpg").then_some(Fault::CutShort);
    let world = World::with_faults(source).await;
    world.put("a.jpg", picture(1)).await;
    let cause = unsettled(&world, &world.take_event().await).await;
    assert!(cause.to_string().contains("reading s3://originals/a.jpg"), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_others_keep_changing_is_given_up_for_now() {
    let world =
        World::with_faults(|request| (request == "PUT /derived/a.jpg/manifest.json").then_some(CHANGED))
            .await;
    world.put("a.jpg", picture(1)).await;
    let cause = unsettled(&world, &world.take_event().await).await;
    assert_eq!(cause, Retryable::Contended { key: "a.jpg".into(), times: 5 });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_twice_is_counted_once() {
    let (swaps, world) = (AtomicUsize::new(0), World::with_faults);
    let world = world(move |request| {
        let swap = request == "PUT /derived/a.jpg/manifest.json";
        // The first is the other bucket's own.
        (swap && swaps.fetch_add(1, Ordering::SeqCst) == 1).then_some(CHANGED)
    })
    .await;
    world.put_into("others", "a.jpg", picture(2)).await;
    assert_eq!(world.settle().await, [Fate::Derived]);
    world.put("a.jpg", picture(1)).await;
    let outcome = world.deliver_one(&world.take_event().await).await;
    assert_eq!(outcome.fate, Fate::Derived);
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!((manifest.state, manifest.source.bucket.as_str()), (State::Derived, "originals"));
    let bytes: u64 = manifest.renditions.iter().map(|rendition| rendition.bytes).sum();
    assert_eq!((outcome.report.renditions, outcome.report.bytes_out), (manifest.renditions.len(), bytes));
}
