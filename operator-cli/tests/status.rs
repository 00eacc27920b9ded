//! `thumbnailer status`, run as a person would, against a real S3 server in this process.

#![allow(clippy::unwrap_used)]

mod world;

use manifest::{Manifest, Reason, Retired, SCHEMA, SourceRecord, State, manifest_key};
use serde_json::{Value, json};
use world::{World, stdout};

#[tokio::test(flavor = "multi_thread")]
async fn a_derived_picture_is_told_with_its_source_and_renditions() {
    let world = World::start().await;
    world.put("originals", "2026/a b+ü.jpg", fixtures::photo("coffee.jpg")).await;
    world.settle().await;
    let output = world.run(&["status", "2026/a b+ü.jpg"]).await;
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{:?}", output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    let since = lines[0].strip_prefix("2026/a b+ü.jpg: derived since ").unwrap();
    assert_eq!(since.len(), "2026-01-31T12:00:00Z".len(), "{text}");
    assert_eq!(lines[1], "  source    s3://originals/2026/a b+ü.jpg, 86 kB, image/jpeg, 600×400");
    assert!(lines[2].starts_with("  version   ") && lines[3].starts_with("  etag      "), "{text}");
    assert!(lines[5].starts_with("  RENDITION ") && lines[5].ends_with(" TYPE   PIXELS   SIZE"), "{text}");
    assert_eq!(lines.len(), 6 + 4);
    assert!(lines[6..].iter().all(|line| line.contains(" image/") && line.ends_with("kB")), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_derived_is_told_with_its_reason_and_remedy() {
    let world = World::start().await;
    world.put("originals", "page.jpg", b"<html>".to_vec()).await;
    world.put("originals", "gone.jpg", fixtures::photo("coffee.jpg")).await;
    world.settle().await;
    world.s3.delete_object().bucket("originals").key("gone.jpg").send().await.unwrap();
    world.settle().await;
    let failed = Manifest {
        schema: SCHEMA,
        state: State::Failed,
        written: "2026-11-22T10:00:00Z".into(),
        source: SourceRecord { bucket: "originals".into(), key: "f.jpg".into(), ..SourceRecord::default() },
        preset: None,
        renditions: Vec::new(),
        placeholder: None,
        alt: Some(String::new()),
        caption: Some("Boats\u{1b}[31m".into()),
        focal_point: Some("0.375,0.2".parse().unwrap()),
        warnings: vec!["its profile was odd".into()],
        reason: Some(Reason {
            code: "failed".into(),
            message: "the process died".into(),
            remedy: "Upload it again.".into(),
        }),
        pending: None,
        retired: vec![Retired { path: "x/1-y.jpg".into(), since: "2026-11-21T10:00:00Z".into() }],
    };
    world.put("derived", &manifest_key("f.jpg"), failed.to_json()).await;

    let output = world.run(&["status", "page.jpg", "f.jpg", "gone.jpg"]).await;
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let parts: Vec<&str> = text.split("\n\n").collect();
    assert!(
        parts[0].starts_with("page.jpg: rejected since 20") && parts[0].contains("(not-an-image)"),
        "{text}"
    );
    assert!(parts[0].contains("\n  remedy    ") && parts[0].contains("JPEG"), "{text}");
    assert!(
        parts[1]
            .contains("f.jpg: failed since 2026-11-22T10:00:00Z\n  reason    the process died (failed)\n")
    );
    assert!(
        parts[1].contains("  remedy    Upload it again.\n")
            && parts[1].contains("  warning   its profile was odd")
            && parts[1].contains("  alt       empty: the picture is decoration\n  caption   Boats\\x1b[31m\n  focus     0.375,0.2\n")
    );
    assert!(
        parts[1]
            .ends_with("  retired   1 rendition of earlier manifests, the oldest since 2026-11-21T10:00:00Z")
    );
    assert!(parts[2].starts_with("gone.jpg: removed since 20"), "{text}");
    assert!(parts[2].contains("  source    s3://originals/gone.jpg\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_a_manifest_gets_what_that_may_mean() {
    let world = World::start().await;
    let output = world.run(&["status", "nowhere.jpg"]).await;
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.starts_with("nowhere.jpg: missing\n  There is no nowhere.jpg/manifest.json in s3://derived.")
    );
    for word in ["not uploaded", "being worked on", "dead-letter queue", "does not notify"] {
        assert!(text.contains(word), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_an_object_a_key_with_the_whole_manifest() {
    let world = World::start().await;
    world.put("originals", "a.jpg", fixtures::photo("coffee.jpg")).await;
    world.settle().await;
    let endpoint = world.server.endpoint_url();
    let output = world.run(&["status", "a.jpg", "b.jpg", "--json", "--endpoint-url", &endpoint]).await;
    assert_eq!(output.status.code(), Some(1));
    let told: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let object = world.s3.get_object().bucket("derived").key("a.jpg/manifest.json").send().await.unwrap();
    let manifest: Value = serde_json::from_slice(&object.body.collect().await.unwrap().into_bytes()).unwrap();
    assert_eq!(told[0], json!({ "key": "a.jpg", "state": "derived", "manifest": manifest }));
    assert_eq!(told[1], json!({ "key": "b.jpg", "state": "missing" }));
    assert_eq!(told.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_told_in_words() {
    let world = World::start().await;
    let output = world.run(&["status", "a.jpg", "--bucket", "no-such-bucket"]).await;
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.starts_with("a.jpg: unknown\n  there is no bucket no-such-bucket."), "{text}");
    assert!(text.contains("DERIVED_BUCKET"), "{text}");

    world.put("derived", &manifest_key("odd.jpg"), b"{\"schema\":9}".to_vec()).await;
    let output = world.run(&["status", "odd.jpg"]).await;
    let text = stdout(&output);
    assert!(text.contains("its manifest cannot be read") && text.contains("newer version"), "{text}");

    assert_eq!(world.run(&["status",]).await.status.code(), Some(2));
}
