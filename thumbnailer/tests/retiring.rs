//! What goes, and when: replaced and removed renditions, what lost a race, versions of originals, the sweep.

#![allow(clippy::unwrap_used)]

mod world;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use manifest::{DerivedPlace, Manifest, State, rendition_key};
use serde_json::Value;
use thumbnailer::{Fate, Retryable, Sweep, Swept, Thumbnailer, sweep};
use world::faults::Fault;
use world::held::held;
use world::{World, config, picture, sequencer, with};

const NO_GRACE: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(3600);

async fn swept(world: &World, grace: Duration) -> Swept {
    sweep(&world.s3, &DerivedPlace::of_bucket("derived"), &Sweep::new(grace), |_| {}).await.unwrap()
}

/// The derived bucket's keys that `manifest` calls for, with its own.
fn keys_of(manifest: &Manifest) -> BTreeSet<String> {
    let key = &manifest.source.key;
    let renditions = manifest.renditions.iter().map(|rendition| rendition_key(key, &rendition.path));
    renditions.chain([manifest::manifest_key(key)]).collect()
}

async fn keys(world: &World) -> BTreeSet<String> {
    world.derived_keys().await.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_replaced_is_swept_after_its_grace() {
    let world = World::start().await;
    world.put("a.jpg", picture(1)).await;
    world.settle().await;
    world.put("a.jpg", picture(2)).await;
    world.settle().await;
    let manifest = world.manifest("a.jpg").await.unwrap();
    let (named, retired) = (manifest.renditions.len(), manifest.retired.len());
    assert_eq!((named, retired), (4, 4));

    assert_eq!(swept(&world, LONG).await, Swept { seen: 8, ..Swept::default() });
    let dry = Sweep { dry_run: true, ..Sweep::new(NO_GRACE) };
    let would = sweep(&world.s3, &DerivedPlace::of_bucket("derived"), &dry, |_| {}).await.unwrap();
    assert_eq!((would.deleted, world.versions().await.len()), (4, 8));
    let did = swept(&world, NO_GRACE).await;
    assert_eq!((did.deleted, did.bytes), (would.deleted, would.bytes));
    assert!(did.bytes > 0);

    let after = world.manifest("a.jpg").await.unwrap();
    assert_eq!(keys(&world).await, keys_of(&after));
    assert_eq!(world.versions().await.len(), named);
    assert_eq!((after.renditions, after.retired.len()), (manifest.renditions, 0));
    assert_eq!(swept(&world, NO_GRACE).await.deleted, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_keeps_what_it_does_not_know() {
    let world = World::start().await;
    let odd = "a \u{1}+ü%20.jpg";
    for key in ["b.jpg", "b.jpg/inner.jpg", odd] {
        world.put(key, picture(1)).await;
    }
    world.settle().await;
    let before = keys(&world).await;
    for key in ["loose.txt", "b.jpg/notes.txt", "b.jpg/0123456789abcdef/readme.webp"] {
        world.put_into("derived", key, b"somebody's".to_vec()).await;
    }
    // Renditions without any manifest: a worker that died before its commit. One of them below a strange key.
    for key in ["dead.jpg", odd] {
        world
            .put_into("derived", &format!("{key}/0123456789abcdef/40-01234567.webp"), b"lost".to_vec())
            .await;
    }
    // A manifest from the future, and what it may name.
    world.put_into("derived", "new.jpg/manifest.json", br#"{"schema":2}"#.to_vec()).await;
    world.put_into("derived", "new.jpg/0123456789abcdef/40-01234567.webp", b"kept".to_vec()).await;

    let swept = swept(&world, NO_GRACE).await;
    assert_eq!(swept.deleted, 2);
    assert_eq!(swept.troubles.keys().collect::<Vec<_>>(), ["new.jpg"]);
    let added: BTreeSet<String> = keys(&world).await.difference(&before).cloned().collect();
    let left = [
        "loose.txt",
        "b.jpg/notes.txt",
        "b.jpg/0123456789abcdef/readme.webp",
        "new.jpg/manifest.json",
        "new.jpg/0123456789abcdef/40-01234567.webp",
    ];
    assert_eq!(added, left.map(str::to_owned).into());
    assert!(before.is_subset(&keys(&world).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_goes_on_where_another_ended() {
    let world = World::start().await;
    for key in ["a", "b", "c"] {
        world
            .put_into("derived", &format!("{key}/0123456789abcdef/40-01234567.webp"), b"lost".to_vec())
            .await;
    }
    let mut pages = 0;
    let rest = Sweep { after: Some("b".into()), ..Sweep::new(NO_GRACE) };
    assert_eq!(
        sweep(&world.s3, &DerivedPlace::of_bucket("derived"), &rest, |_| pages += 1).await.unwrap().deleted,
        2
    );
    assert_eq!(pages, 1);
    assert_eq!(world.derived_keys().await, ["a/0123456789abcdef/40-01234567.webp"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_sweeps_in_turns() {
    let mut config = config();
    config.grace = NO_GRACE;
    let world = World::with(|server| server, config).await;
    let lost = |key: &str| format!("{key}/0123456789abcdef/40-01234567.webp");
    world.put_into("derived", &lost("a"), b"lost".to_vec()).await;
    let scheduled =
        serde_json::json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
    // However little time there is, a page is swept.
    let soon = std::time::Instant::now() + Duration::from_secs(1);
    let answer = world.thumbnailer.handle(scheduled.clone(), Some(soon)).await.unwrap();
    assert_eq!((&answer["deleted"], &answer["bytes"]), (&1.into(), &4.into()));
    assert_eq!(answer["next"], Value::Null);
    let answer = world.thumbnailer.handle(scheduled, None).await.unwrap();
    assert_eq!((&answer["seen"], &answer["next"]), (&0.into(), &Value::Null));

    // Where one ended, the next one begins.
    world.put_into("derived", &lost("a"), b"lost".to_vec()).await;
    world.put_into("derived", &lost("c"), b"lost".to_vec()).await;
    world.put_into("derived", "sweep.json", br#"{"after":"b"}"#.to_vec()).await;
    let by_hand = serde_json::json!({ "sweep": {} });
    world.thumbnailer.handle(by_hand.clone(), None).await.unwrap();
    assert_eq!(world.derived_keys().await, [&lost("a"), "sweep.json"]);
    world.thumbnailer.handle(by_hand, None).await.unwrap();
    assert_eq!(world.derived_keys().await, ["sweep.json"]);
}

const COMMIT: &str = "PUT /derived/a.jpg/manifest.json";

/// Whether the manifest of `a.jpg` is there and names nothing that is not.
async fn is_whole(world: &World) -> Manifest {
    let manifest = world.manifest("a.jpg").await.unwrap();
    for key in keys_of(&manifest) {
        assert!(world.derived(&key).await.is_some(), "{key} is named and missing");
    }
    manifest
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loser_of_a_race_cleans_up_after_itself() {
    let (world, mut held) = held(COMMIT).await;
    world.put("a.jpg", picture(1)).await;
    let work = held.begin(world.take_event().await).await;
    assert_eq!(world.versions().await.len(), 4);

    world.put("a.jpg", picture(2)).await;
    let second = world.take_event().await;
    assert_eq!(world.deliver_one(&second).await.fate, Fate::Derived);
    held.end(work).await;

    let manifest = is_whole(&world).await;
    assert_eq!(manifest.source.sequencer.as_deref(), Some(sequencer(&second)));
    assert!(manifest.retired.is_empty());
    assert_eq!(keys(&world).await, keys_of(&manifest));
    assert_eq!(world.versions().await.len(), manifest.renditions.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_takes_nothing_from_a_worker_that_is_about_to_commit() {
    // Two buckets share a key: one's picture is removed while the other's is on its way.
    let (world, mut held) = held(COMMIT).await;
    world.put_into("others", "a.jpg", picture(1)).await;
    let theirs = world.take_event().await;
    world.put("a.jpg", picture(2)).await;
    assert_eq!(world.settle().await, [Fate::Derived]);
    let work = held.begin(theirs).await;
    world.delete("a.jpg").await;
    assert_eq!(world.settle().await, [Fate::Removed]);
    held.end(work).await;
    let manifest = is_whole(&world).await;
    assert_eq!((manifest.state, manifest.source.bucket.as_str()), (State::Derived, "others"));
    assert_eq!(keys(&world).await, keys_of(&manifest));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_is_finished_late_takes_nothing_either() {
    let (world, mut held) = held(COMMIT).await;
    world.put("a.jpg", picture(1)).await;
    world.settle().await;
    world.delete("a.jpg").await;
    let removed = world.take_event().await;
    world.deliver_one(&removed).await;
    // As if the worker had died before it deleted anything.
    let mut unfinished = world.manifest("a.jpg").await.unwrap();
    unfinished.pending = Some("once".to_owned());
    world.put_into("derived", "a.jpg/manifest.json", unfinished.to_json()).await;

    world.put_into("others", "a.jpg", picture(2)).await;
    let work = held.begin(world.take_event().await).await;
    assert_eq!(world.versions().await.len(), 4);
    assert_eq!(world.deliver_one(&removed).await.fate, Fate::AlreadyDerived);
    assert!(world.versions().await.is_empty());
    held.end(work).await;
    let manifest = is_whole(&world).await;
    assert_eq!((manifest.state, manifest.source.bucket.as_str()), (State::Derived, "others"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_worker_does_not_bring_another_bucket_s_picture_down_for_one_that_is_gone() {
    let (world, mut held) = held(COMMIT).await;
    world.put("a.jpg", picture(1)).await;
    assert_eq!(world.settle().await, [Fate::Derived]);
    world.put_into("others", "a.jpg", picture(2)).await;
    let work = held.begin(world.take_event().await).await;
    world.s3.delete_object().bucket("others").key("a.jpg").send().await.unwrap();
    assert_eq!(world.settle().await, [Fate::AlreadyDerived]);
    held.end(work).await;
    let manifest = is_whole(&world).await;
    assert_eq!((manifest.state, manifest.source.bucket.as_str()), (State::Derived, "originals"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_worker_does_not_bring_back_a_version_that_is_gone() {
    let (world, mut held) = held(COMMIT).await;
    let (events, versions) = archived(&world).await;
    delete_version(&world, Some(&versions[1])).await;
    // The first is current again, and derived; what the second was is on its way still.
    world.s3.put_object().bucket("archive").key("a.jpg").body(picture(2).into()).send().await.unwrap();
    let third = world.take_event().await;
    let work = held.begin(third.clone()).await;
    let newest = third["Records"][0]["s3"]["object"]["versionId"].as_str().unwrap().to_owned();
    let (_, gone) = delete_version(&world, Some(&newest)).await;
    assert_eq!(world.deliver_one(&gone).await.fate, Fate::Derived);
    held.end(work).await;
    let manifest = is_whole(&world).await;
    assert_eq!(manifest.source.version_id.as_deref(), Some(versions[0].as_str()));
    for event in &events {
        assert_eq!(world.deliver_one(event).await.fate, Fate::Superseded);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_was_cut_off_is_finished_by_its_replay() {
    let denied = Arc::new(AtomicBool::new(true));
    let denying = denied.clone();
    let world = World::with_faults(move |request| {
        // DeleteObjects
        (request.starts_with("POST /derived") && denying.load(Ordering::SeqCst))
            .then_some(Fault::s3(403, "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>"))
    })
    .await;
    world.put("a.jpg", picture(1)).await;
    world.settle().await;
    world.delete("a.jpg").await;
    let removed = world.take_event().await;
    let Fate::Retryable(cause @ Retryable::Denied { .. }) = world.deliver_one(&removed).await.fate else {
        panic!()
    };
    assert!(cause.to_string().contains("s3:DeleteObjectVersion"), "{cause}");
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!((manifest.state, manifest.retired.len()), (State::Removed, 4));

    denied.store(false, Ordering::SeqCst);
    assert_eq!(world.deliver_one(&removed).await.fate, Fate::AlreadyDerived);
    assert_eq!(world.derived_keys().await, ["a.jpg/manifest.json"]);
    assert!(world.versions().await.is_empty());
    assert!(world.manifest("a.jpg").await.unwrap().retired.is_empty());
    let before = world.server.requests();
    assert_eq!(world.deliver_one(&removed).await.fate, Fate::AlreadyDerived);
    assert_eq!(world.server.requests().total() - before.total(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_leaves_no_earlier_manifest_behind() {
    let world = World::start().await;
    for seed in [1, 2] {
        let put = world.s3.put_object().bucket("originals").key("a.jpg").metadata("alt", "private");
        put.body(picture(seed).into()).send().await.unwrap();
        world.settle().await;
    }
    // Others lie below the same key.
    world.put("a.jpg/b.jpg", picture(3)).await;
    world.settle().await;
    world.delete("a.jpg").await;
    assert_eq!(world.settle().await, [Fate::Removed]);
    let listed = world.s3.list_object_versions().bucket("derived").prefix("a.jpg/manifest.json");
    for version in listed.send().await.unwrap().versions() {
        let version = world
            .s3
            .get_object()
            .bucket("derived")
            .key("a.jpg/manifest.json")
            .version_id(version.version_id().unwrap());
        let body = version.send().await.unwrap().body.collect().await.unwrap().to_vec();
        let manifest = Manifest::parse(&body).unwrap();
        assert_eq!((manifest.state, manifest.alt), (State::Removed, None));
    }
    let below = world.manifest("a.jpg/b.jpg").await.unwrap();
    let mut left = keys_of(&below);
    left.insert("a.jpg/manifest.json".to_owned());
    assert_eq!(keys(&world).await, left);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_makes_nothing_anew_for_another_preset() {
    let world = World::start().await;
    let (events, versions) = archived(&world).await;
    world.deliver(&events).await;
    let before = world.manifest("a.jpg").await.unwrap();
    let mut other = config();
    other.preset = imaging::Preset::from_toml("widths = [60]").unwrap();
    let other = Thumbnailer::new(world.s3.clone(), other);
    let (_, expired) = delete_version(&world, Some(&versions[0])).await;
    other.handle(expired, None).await.unwrap();
    assert_eq!(world.manifest("a.jpg").await.unwrap().renditions, before.renditions);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_with_another_text_are_another_upload() {
    let world = World::start().await;
    let mut versions = Vec::new();
    for alt in ["first", "second"] {
        let put = world.s3.put_object().bucket("archive").key("a.jpg").metadata("alt", alt);
        versions.push(put.body(picture(1).into()).send().await.unwrap().version_id().unwrap().to_owned());
    }
    let events = world.take_events().await;
    world.deliver(&events).await;
    assert_eq!(world.manifest("a.jpg").await.unwrap().alt.as_deref(), Some("second"));
    let (_, gone) = delete_version(&world, Some(&versions[1])).await;
    assert_eq!(world.deliver_one(&gone).await.fate, Fate::Derived);
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!(
        (manifest.alt.as_deref(), manifest.source.version_id),
        (Some("first"), Some(versions.remove(0)))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_without_versions_is_not_deleted_from() {
    let world = World::start().await;
    world.s3.create_bucket().bucket("plain").send().await.unwrap();
    let mut config = config();
    config.derived = DerivedPlace::of_bucket("plain");
    let thumbnailer = thumbnailer::Thumbnailer::new(world.s3.clone(), config);
    world.put("a.jpg", picture(1)).await;
    let created = world.take_event().await;
    thumbnailer.handle(created, None).await.unwrap();
    world.delete("a.jpg").await;
    let error = thumbnailer.handle(world.take_event().await, None).await.unwrap_err().to_string();
    assert!(error.contains("plain keeps no versions") && error.contains("versioning on"), "{error}");
    let list = world.s3.list_objects_v2().bucket("plain").send().await.unwrap();
    assert_eq!(list.contents().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_and_back_again() {
    let world = World::start().await;
    let mut events = Vec::new();
    for seed in [1, 2, 1] {
        world.put("a.jpg", picture(seed)).await;
        events.push(world.take_event().await);
    }
    // The first event's etag is the third object's: whichever comes first, the latest is what stays.
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [0, 2, 1]] {
        for at in order {
            assert!(world.deliver_one(&events[at]).await.fate.is_success());
        }
        let manifest = world.manifest("a.jpg").await.unwrap();
        assert_eq!(manifest.source.sequencer.as_deref(), Some(sequencer(&events[2])));
        swept(&world, NO_GRACE).await;
        assert_eq!(keys(&world).await, keys_of(&manifest));
    }
}

/// A bucket with versions: the events of `PUT 1`, `PUT 2`, and the versions' ids.
async fn archived(world: &World) -> (Vec<Value>, Vec<String>) {
    let (mut events, mut versions) = (Vec::new(), Vec::new());
    for seed in [1, 2] {
        let put = world.s3.put_object().bucket("archive").key("a.jpg").body(picture(seed).into());
        versions.push(put.send().await.unwrap().version_id().unwrap().to_owned());
        events.push(world.take_event().await);
    }
    (events, versions)
}

async fn delete_version(world: &World, version: Option<&str>) -> (Option<String>, Value) {
    let delete = world.s3.delete_object().bucket("archive").key("a.jpg");
    let deleted = delete.set_version_id(version.map(str::to_owned)).send().await.unwrap();
    (deleted.version_id().map(str::to_owned), world.take_event().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_marker_removes_and_lifting_it_brings_back() {
    let world = World::start().await;
    let (events, versions) = archived(&world).await;
    world.deliver(&events).await;
    let (marker, hidden) = delete_version(&world, None).await;
    assert_eq!(world.deliver_one(&hidden).await.fate, Fate::Removed);
    assert!(world.versions().await.is_empty());
    let (_, lifted) = delete_version(&world, marker.as_deref()).await;
    assert_eq!(world.deliver_one(&lifted).await.fate, Fate::Derived);
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!(manifest.source.version_id.as_deref(), Some(versions[1].as_str()));
    assert_eq!(keys(&world).await, keys_of(&manifest));
    // Late and again, in any order: nothing changes any more.
    for event in [&hidden, &events[1], &lifted, &events[0]] {
        assert!(world.deliver_one(event).await.fate.is_success());
        assert_eq!(world.manifest("a.jpg").await.as_ref(), Some(&manifest));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_noncurrent_version_takes_no_page_down() {
    let world = World::start().await;
    let (events, versions) = archived(&world).await;
    world.deliver(&events).await;
    let before = world.manifest("a.jpg").await.unwrap();
    let (_, expired) = delete_version(&world, Some(&versions[0])).await;
    let expired = with(&expired, "eventName", "LifecycleExpiration:Delete");
    assert_eq!(world.deliver_one(&expired).await.fate, Fate::AlreadyDerived);
    let after = world.manifest("a.jpg").await.unwrap();
    assert_eq!((after.state, &after.renditions), (State::Derived, &before.renditions));
    assert_eq!(keys(&world).await.len(), before.renditions.len() + before.retired.len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_before_comes_back_when_the_newest_goes() {
    let world = World::start().await;
    let (events, versions) = archived(&world).await;
    let (_, gone) = delete_version(&world, Some(&versions[1])).await;
    // The removal comes before both creations.
    assert_eq!(world.deliver_one(&gone).await.fate, Fate::Derived);
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!(manifest.source.version_id.as_deref(), Some(versions[0].as_str()));
    for event in &events {
        assert_eq!(world.deliver_one(event).await.fate, Fate::Superseded);
    }
    assert_eq!(world.manifest("a.jpg").await.unwrap(), manifest);
}
