//! Originals and renditions in one bucket, each object of which sends events: it must come to an end.
#![allow(clippy::unwrap_used)]

mod world;

use std::time::Duration;

use manifest::{DerivedPlace, Manifest};
use serde_json::json;
use thumbnailer::{Config, Fate, Sweep, sweep};
use world::{World, config, picture};

/// Versioned, and with notifications.
const BUCKET: &str = "archive";

async fn one_bucket() -> World {
    let shared = Config {
        derived: DerivedPlace::new(BUCKET, "derived").unwrap(),
        originals_bucket: Some(BUCKET.to_owned()),
        ..config()
    };
    World::with(|server| server, shared).await
}

async fn keys(world: &World) -> Vec<String> {
    let list = world.s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    list.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
}

async fn manifest(world: &World, key: &str) -> Manifest {
    let object = world.s3.get_object().bucket(BUCKET).key(format!("derived/{key}/manifest.json"));
    let body = object.send().await.unwrap().body.collect().await.unwrap();
    Manifest::parse(&body.into_bytes()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_derived_is_not_derived_again() {
    let world = one_bucket().await;
    world.put_into(BUCKET, "2026/a.jpg", picture(1)).await;
    assert_eq!(world.settle().await, [Fate::Derived]);

    let all = keys(&world).await;
    let below = "derived/2026/a.jpg/";
    assert_eq!(all.iter().filter(|key| key.starts_with(below)).count(), 5, "{all:?}");
    assert_eq!((all.len(), all.contains(&"2026/a.jpg".to_owned())), (6, true));
    for rendition in manifest(&world, "2026/a.jpg").await.renditions {
        assert!(all.contains(&format!("{below}{}", rendition.path)), "{all:?}");
    }

    // Each of the five has sent an event, and nothing more comes of them.
    assert_eq!(world.settle().await, vec![Fate::Ignored; 5]);
    assert!(world.take_events().await.is_empty());
    assert_eq!(keys(&world).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_and_the_sweep_stay_below_the_prefix() {
    let world = one_bucket().await;
    let place = DerivedPlace::new(BUCKET, "derived/").unwrap();
    // What looks like a rendition but is an original.
    let original = "other.jpg/0123456789abcdef/40-01234567.webp";
    for key in ["a.jpg", "b.jpg", original] {
        world.put_into(BUCKET, key, picture(2)).await;
    }
    assert_eq!(world.settle().await, vec![Fate::Derived; 3]);
    assert_eq!(world.settle().await, vec![Fate::Ignored; 15]);
    world.s3.delete_object().bucket(BUCKET).key("a.jpg").send().await.unwrap();
    assert_eq!(world.settle().await, [Fate::Removed]);
    let told_of_ours = world.settle().await;
    assert!(
        told_of_ours.len() > 4 && told_of_ours.iter().all(|fate| *fate == Fate::Ignored),
        "{told_of_ours:?}"
    );
    assert!(world.take_events().await.is_empty());
    let left = keys(&world).await;
    let of_a: Vec<_> = left.iter().filter(|key| key.starts_with("derived/a.jpg/")).collect();
    assert_eq!(of_a, ["derived/a.jpg/manifest.json"]);

    // Renditions that nothing names.
    let stray = "derived/b.jpg/0123456789abcdef/1-01234567.webp";
    world.put_into(BUCKET, stray, vec![1]).await;
    let swept = sweep(&world.s3, &place, &Sweep::new(Duration::ZERO), |_| {}).await.unwrap();
    assert_eq!((swept.deleted, swept.next), (1, None));
    assert_eq!(keys(&world).await, left);

    world.put_into(BUCKET, "derived/sweep.json", br#"{"after":"a"}"#.to_vec()).await;
    let answer = world.thumbnailer.handle(json!({ "sweep": {} }), None).await.unwrap();
    assert_eq!((&answer["deleted"], &answer["next"]), (&json!(0), &json!(null)));
    let bookmark = world.s3.get_object().bucket(BUCKET).key("derived/sweep.json").send().await.unwrap();
    let bookmark = bookmark.body.collect().await.unwrap().into_bytes();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&bookmark).unwrap(), json!({ "after": null }));
}
