//! What fails for good is visible: the manifest says so before the work that may kill the process, and after it.

#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use manifest::{DerivedPlace, State};
use thumbnailer::{Fate, Retryable, Sweep, sweep};
use world::faults::Fault;
use world::{World, picture};

const LAST: u32 = 5;
const BROKEN: Fault =
    Fault::s3(500, "<Error><Code>InternalError</Code><Message>Try again.</Message></Error>");

/// A world whose renditions cannot be put until the flag is lowered.
async fn world_that_fails() -> (World, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(true));
    let flag = broken.clone();
    let world = World::with_faults(move |request| {
        let rendition = request.starts_with("PUT /derived/") && !request.ends_with("/manifest.json");
        (rendition && flag.load(Ordering::SeqCst)).then_some(BROKEN)
    })
    .await;
    (world, broken)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_attempt_is_recorded_and_success_replaces_it() {
    let (world, broken) = world_that_fails().await;
    world.put("a.jpg", picture(1)).await;
    let event = world.take_event().await;
    let outcome = world.deliver_again(&event, LAST - 1).await;
    assert!(matches!(outcome.fate, Fate::Retryable(_)) && !outcome.report.failed);
    assert_eq!(world.manifest("a.jpg").await, None);

    let outcome = world.deliver_again(&event, LAST).await;
    let Fate::Retryable(cause @ Retryable::Storage { .. }) = outcome.fate else { panic!("{outcome:?}") };
    assert!(outcome.report.failed);
    let failed = world.manifest("a.jpg").await.unwrap();
    assert_eq!(failed.state, State::Failed);
    let reason = failed.reason.unwrap();
    assert_eq!((reason.code.as_str(), reason.message), ("failed", cause.to_string()));
    assert!(reason.remedy.contains("dead-letter queue"));

    // From the dead-letter queue it comes back as a new message.
    broken.store(false, Ordering::SeqCst);
    let outcome = world.deliver_one(&event).await;
    assert_eq!((outcome.fate, outcome.report.failed), (Fate::Derived, false));
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!((manifest.state, manifest.reason), (State::Derived, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_is_written_before_the_picture_is_decoded() {
    // The picture's first rendition is the first sign of its decoding: by then the manifest has to be there.
    let (seen, sees) = std::sync::mpsc::channel();
    let order = std::sync::Mutex::new(seen);
    let world = World::with_faults(move |request| {
        if request.starts_with("PUT /derived/") {
            order.lock().unwrap().send(request.ends_with("/manifest.json")).unwrap();
        }
        None
    })
    .await;
    world.put("a.jpg", picture(1)).await;
    let event = world.take_event().await;
    assert_eq!(world.deliver_again(&event, LAST).await.fate, Fate::Derived);
    let order: Vec<bool> = sees.try_iter().collect();
    assert_eq!(order, [true, false, false, false, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_replacement_takes_nothing_off_pages() {
    let (world, broken) = world_that_fails().await;
    broken.store(false, Ordering::SeqCst);
    world.put("a.jpg", picture(1)).await;
    world.settle().await;
    let first = world.manifest("a.jpg").await.unwrap();
    broken.store(true, Ordering::SeqCst);
    world.put("a.jpg", picture(2)).await;
    let event = world.take_event().await;
    assert!(matches!(world.deliver_again(&event, LAST).await.fate, Fate::Retryable(_)));
    let failed = world.manifest("a.jpg").await.unwrap();
    assert_eq!((failed.state, failed.retired.len()), (State::Failed, first.renditions.len()));
    let swept = sweep(&world.s3, &DerivedPlace::of_bucket("derived"), &Sweep::new(Duration::ZERO), |_| {})
        .await
        .unwrap();
    assert_eq!(swept.deleted, 0);
    for rendition in &first.renditions {
        assert!(world.derived(&format!("a.jpg/{}", rendition.path)).await.is_some());
    }
    // An older event changes nothing.
    assert_eq!(world.manifest("a.jpg").await.unwrap(), failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_on_the_last_attempt_is_a_rejection() {
    let world = World::start().await;
    world.put("page.jpg", b"<html>".to_vec()).await;
    let event = world.take_event().await;
    let outcome = world.deliver_again(&event, LAST).await;
    assert_eq!((outcome.fate, outcome.report.failed), (Fate::Rejected, false));
    assert_eq!(world.manifest("page.jpg").await.unwrap().state, State::Rejected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_even_be_read_is_recorded_too() {
    let world = World::with_faults(|request| (request == "GET /originals/a.jpg").then_some(BROKEN)).await;
    world.put("a.jpg", picture(1)).await;
    let event = world.take_event().await;
    assert!(world.deliver_again(&event, LAST).await.report.failed);
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!((manifest.state, manifest.source.sha256), (State::Failed, None));
    assert!(manifest.reason.unwrap().message.contains("reading s3://originals/a.jpg"));
}
