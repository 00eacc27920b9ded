//! What is said beside a picture: read from the object's metadata, and changed without another picture.

#![allow(clippy::unwrap_used)]

mod world;

use std::time::Duration;

use aws_sdk_s3::types::MetadataDirective;
use manifest::{DerivedPlace, Manifest, State, rendition_key};
use serde_json::Value;
use thumbnailer::{Fate, Sweep, Thumbnailer, sweep};
use world::held::held;
use world::{World, config, picture, sequencer};

const COMMIT: &str = "PUT /derived/a.jpg/manifest.json";

async fn put_with(world: &World, metadata: &[(&str, &str)]) {
    let put = world.s3.put_object().bucket("originals").key("a.jpg").body(picture(1).into());
    let put = metadata.iter().fold(put, |put, (name, value)| put.metadata(*name, *value));
    put.send().await.unwrap();
}

/// Says `alt` of the picture that is there; the event of it.
async fn say(world: &World, alt: &str) -> Value {
    let copy = world.s3.copy_object().bucket("originals").key("a.jpg").copy_source("originals/a.jpg");
    let copy = copy.metadata_directive(MetadataDirective::Replace);
    copy.metadata("alt", alt).metadata("focal-point", "0.375,0.2").send().await.unwrap();
    let event = world.take_event().await;
    assert!(event["Records"][0]["eventName"].as_str().unwrap().ends_with("ObjectCreated:Copy"), "{event}");
    event
}

/// The manifest of `a.jpg`, which names nothing that is not there.
async fn whole(world: &World) -> Manifest {
    let manifest = world.manifest("a.jpg").await.unwrap();
    for rendition in &manifest.renditions {
        let there = world.derived(&rendition_key("a.jpg", &rendition.path)).await;
        assert_eq!(there.unwrap().1.len() as u64, rendition.bytes);
    }
    manifest
}

async fn sweep_all(world: &World) -> u64 {
    sweep(&world.s3, &DerivedPlace::of_bucket("derived"), &Sweep::new(Duration::ZERO), |_| {})
        .await
        .unwrap()
        .deleted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_focal_point_comes_into_the_manifest() {
    let world = World::start().await;
    put_with(&world, &[("focal-point", "0.375,0.2"), ("alt", "Boats")]).await;
    assert_eq!(world.settle().await, [Fate::Derived]);
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!(manifest.focal_point, Some("0.375,0.2".parse().unwrap()));
    assert_eq!(manifest.alt.as_deref(), Some("Boats"));
    assert!(manifest.warnings.is_empty());
    // An empty alt text says that the picture is decoration; an empty caption says nothing.
    put_with(&world, &[("alt", ""), ("caption", "")]).await;
    assert_eq!(world.settle().await, [Fate::Derived]);
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!((manifest.alt.as_deref(), manifest.caption, manifest.focal_point), (Some(""), None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_beside_a_picture_is_a_warning() {
    let world = World::start().await;
    put_with(&world, &[("focal-point", "1.5,0"), ("alt", "%FF"), ("caption", "fine")]).await;
    let outcome = world.deliver_one(&world.take_event().await).await;
    assert_eq!((outcome.fate, outcome.report.warnings.len()), (Fate::Derived, 2));
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!((manifest.focal_point, manifest.alt), (None, None));
    assert_eq!(manifest.caption.as_deref(), Some("fine"));
    assert!(manifest.warnings[0].contains("`alt`"), "{:?}", manifest.warnings);
    assert!(manifest.warnings[1].contains("`focal-point`") && manifest.warnings[1].contains("0.375,0.2"));
    // Said well, the warnings go.
    let said = say(&world, "Boats").await;
    assert_eq!(world.deliver_one(&said).await.fate, Fate::Derived);
    let manifest = whole(&world).await;
    assert_eq!((manifest.alt.as_deref(), manifest.warnings.len()), (Some("Boats"), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_text_beside_the_same_picture_makes_nothing_anew() {
    let world = World::start().await;
    put_with(&world, &[("alt", "first")]).await;
    assert_eq!(world.settle().await, [Fate::Derived]);
    let before = world.manifest("a.jpg").await.unwrap();
    let versions = world.versions().await;
    let said = say(&world, "second").await;
    let requests = world.server.requests();
    let outcome = world.deliver_one(&said).await;
    assert_eq!((outcome.fate, outcome.report.renditions), (Fate::Derived, 0));
    let cost = world.server.requests();
    let spent = |name: &str| cost.get(name) - requests.get(name);
    // The manifest, the source; a look at each rendition; the manifest.
    assert_eq!((spent("GetObject"), spent("HeadObject"), spent("PutObject")), (2, 4, 1));
    assert_eq!(cost.total() - requests.total(), 7);

    let after = whole(&world).await;
    assert_eq!(world.versions().await, versions);
    assert_eq!((after.alt.as_deref(), after.focal_point), (Some("second"), "0.375,0.2".parse().ok()));
    assert_eq!(after.source.sequencer.as_deref(), Some(sequencer(&said)));
    // All else is as it was.
    let mut same = after.clone();
    (same.alt, same.focal_point, same.written) = (before.alt.clone(), None, before.written.clone());
    same.source.sequencer.clone_from(&before.source.sequencer);
    assert_eq!(same, before);
    assert_eq!(world.deliver_one(&said).await.fate, Fate::AlreadyDerived);
}

#[tokio::test(flavor = "multi_thread")]
async fn renditions_that_are_gone_or_others_are_made_anew() {
    let world = World::start().await;
    put_with(&world, &[]).await;
    world.settle().await;
    let path = |manifest: &Manifest| rendition_key("a.jpg", &manifest.renditions[1].path);
    let manifest = world.manifest("a.jpg").await.unwrap();
    world.s3.delete_object().bucket("derived").key(path(&manifest)).send().await.unwrap();
    let said = say(&world, "gone").await;
    assert_eq!(world.deliver_one(&said).await.report.renditions, 4);
    whole(&world).await;

    // As long, but not what was put.
    let length = usize::try_from(manifest.renditions[1].bytes).unwrap();
    world.put_into("derived", &path(&manifest), vec![0; length]).await;
    let said = say(&world, "damaged").await;
    assert_eq!(world.deliver_one(&said).await.report.renditions, 4);
    let (_, bytes) = world.derived(&path(&manifest)).await.unwrap();
    assert!(bytes.iter().any(|byte| *byte != 0));
    assert_eq!(world.manifest("a.jpg").await.unwrap().alt.as_deref(), Some("damaged"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_preset_makes_everything_anew() {
    let world = World::start().await;
    put_with(&world, &[]).await;
    world.settle().await;
    let mut other = config();
    other.preset = imaging::Preset::from_toml("widths = [60]").unwrap();
    let other = Thumbnailer::new(world.s3.clone(), other);
    other.handle(say(&world, "another").await, None).await.unwrap();
    let manifest = whole(&world).await;
    assert_eq!(manifest.renditions.iter().map(|r| r.width).collect::<Vec<_>>(), [60, 60]);
    assert_eq!(manifest.retired.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_or_damaged_picture_is_derived_again() {
    let world = World::start().await;
    put_with(&world, &[]).await;
    world.settle().await;
    let manifest = world.manifest("a.jpg").await.unwrap();
    let failed = Manifest { state: State::Failed, ..manifest.clone() };
    let warned = Manifest { warnings: vec!["the file ends early".into()], ..manifest };
    for (alt, before) in [("failed", failed), ("warned", warned)] {
        world.put_into("derived", "a.jpg/manifest.json", before.to_json()).await;
        assert_eq!(world.deliver_one(&say(&world, alt).await).await.report.renditions, 4, "{alt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_takes_nothing_that_is_about_to_be_named_again() {
    let (world, mut held) = held(COMMIT).await;
    put_with(&world, &[]).await;
    world.settle().await;
    let work = held.begin(say(&world, "second").await).await;
    assert_eq!(sweep_all(&world).await, 0);
    held.end(work).await;
    assert_eq!(sweep_all(&world).await, 0);
    assert_eq!(whole(&world).await.alt.as_deref(), Some("second"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_names_again_too_late_names_nothing_that_was_swept() {
    let (world, mut held) = held(COMMIT).await;
    put_with(&world, &[]).await;
    world.settle().await;
    let work = held.begin(say(&world, "second").await).await;
    // Meanwhile another picture takes the place, and what the worker has looked at is swept.
    world.put("a.jpg", picture(2)).await;
    assert_eq!(world.settle().await, [Fate::Derived]);
    assert_eq!(sweep_all(&world).await, 4);
    held.end(work).await;
    let manifest = whole(&world).await;
    assert_eq!((manifest.renditions.len(), manifest.alt), (4, None));
    assert_eq!(world.derived_keys().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_and_back_while_a_worker_is_about_to_name_again() {
    let (world, mut held) = held(COMMIT).await;
    put_with(&world, &[]).await;
    world.settle().await;
    // The latest event is the slow worker's: it has to win, and to find its renditions swept.
    world.put("a.jpg", picture(2)).await;
    let between = world.take_event().await;
    put_with(&world, &[]).await;
    let back = world.take_event().await;
    let work = held.begin(back.clone()).await;
    let hidden = world.s3.put_object().bucket("originals").key("a.jpg").body(picture(2).into());
    hidden.send().await.unwrap();
    world.take_events().await;
    assert_eq!(world.deliver_one(&between).await.fate, Fate::Derived);
    assert_eq!(sweep_all(&world).await, 4);
    put_with(&world, &[]).await;
    let last = world.take_event().await;
    held.end(work).await;
    let manifest = whole(&world).await;
    assert_eq!(manifest.source.sequencer.as_deref(), Some(sequencer(&back)));
    // What it made anew then stands for the last one, too.
    assert_eq!(world.deliver_one(&last).await.report.renditions, 0);
    assert_eq!(whole(&world).await.source.sequencer.as_deref(), Some(sequencer(&last)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_comes_before_who_is_about_to_name_again() {
    let (world, mut held) = held(COMMIT).await;
    put_with(&world, &[]).await;
    world.settle().await;
    let work = held.begin(say(&world, "second").await).await;
    world.delete("a.jpg").await;
    assert_eq!(world.settle().await, [Fate::Removed]);
    held.end(work).await;
    let manifest = world.manifest("a.jpg").await.unwrap();
    assert_eq!((manifest.state, manifest.alt), (State::Removed, None));
    assert_eq!(world.derived_keys().await, ["a.jpg/manifest.json"]);
}
