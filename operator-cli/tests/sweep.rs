//! `thumbnailer sweep`, run as a person would, against a real S3 server in this process.

#![allow(clippy::unwrap_used)]

mod world;

use serde_json::Value;
use world::{World, stdout};

/// A picture that was replaced by another: four renditions are named, four are not any more.
async fn replaced() -> World {
    let world = World::start().await;
    for photo in ["coffee.jpg", "cameraman-grey.jpg"] {
        world.put("originals", "a.jpg", fixtures::photo(photo)).await;
        world.settle().await;
    }
    world
}

async fn renditions(world: &World) -> usize {
    let listed = world.s3.list_object_versions().bucket("derived").prefix("a.jpg/").send().await.unwrap();
    listed.versions().iter().filter(|one| !one.key().unwrap().ends_with("manifest.json")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_past_its_grace_goes() {
    let world = replaced().await;
    let before = renditions(&world).await;
    let output = world.run(&["sweep"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(stdout(&output), format!("{before} versions of renditions looked at, 0 deleted, 0 B\n"));

    let output = world.run(&["sweep", "--grace", "0s", "--dry-run"]).await;
    assert!(stdout(&output).contains("looked at, 4 would be deleted, "), "{output:?}");
    assert_eq!(renditions(&world).await, before);

    let output = world.run(&["sweep", "--grace", "0s", "--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("only while nothing is derived"), "{output:?}");
    let told: Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!((&told["deleted"], &told["finished"]), (&4.into(), &true.into()), "{told}");
    assert_eq!(renditions(&world).await, before - 4);
    assert_eq!(world.run(&["status", "a.jpg"]).await.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_cannot_be_read_is_named_and_nothing_of_it_goes() {
    let world = replaced().await;
    world.put("derived", "a.jpg/manifest.json", br#"{"schema":9}"#.to_vec()).await;
    let before = renditions(&world).await;
    let output = world.run(&["sweep", "--grace", "0s"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stdout(&output).contains("kept what belongs to a.jpg: "), "{output:?}");
    assert_eq!(renditions(&world).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_use_and_missing_buckets_are_told_apart() {
    let world = World::start().await;
    let output = world.run(&["sweep", "--grace", "soon"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = world.run(&["sweep", "--bucket", "nowhere"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("there is no bucket nowhere. Name the bucket with --bucket"), "{said}");
}
