//! One upload's way: what arrives, under which keys, and what the manifest says of it.

#![allow(clippy::unwrap_used)]

mod world;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use fixtures::Expectation;
use manifest::{State, rendition_key, source_digest};
use sha2::{Digest, Sha256};
use thumbnailer::{Config, Fate};
use world::{World, config, picture};

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_becomes_renditions_and_a_manifest() {
    let world = World::with(|server| server, Config::new("derived").unwrap()).await;
    let photo = fixtures::photo("coffee.jpg");
    world
        .s3
        .put_object()
        .bucket("originals")
        .key("2026/coffee.jpg")
        .metadata("alt", "A%20cup%20of%20caf%C3%A9")
        .metadata("caption", "Morning")
        .body(ByteStream::from(photo.clone()))
        .send()
        .await
        .unwrap();
    let outcome = world.deliver_one(&world.take_event().await).await;
    assert_eq!(outcome.fate, Fate::Derived);

    let (object, body) = world.derived("2026/coffee.jpg/manifest.json").await.unwrap();
    assert_eq!(object.content_type(), Some("application/json"));
    assert_eq!(object.cache_control(), Some("no-cache"));
    let manifest = manifest::Manifest::parse(&body).unwrap();
    assert_eq!((manifest.schema, manifest.state), (1, State::Derived));
    assert_eq!(
        (manifest.source.bucket.as_str(), manifest.source.key.as_str()),
        ("originals", "2026/coffee.jpg")
    );
    assert_eq!(manifest.source.sha256.as_deref(), Some(sha256(&photo).as_str()));
    assert_eq!(manifest.source.bytes, photo.len() as u64);
    assert_eq!(manifest.source.media_type.as_deref(), Some("image/jpeg"));
    assert_eq!((manifest.source.width, manifest.source.height), (Some(600), Some(400)));
    assert_eq!(manifest.alt.as_deref(), Some("A cup of café"));
    assert_eq!(manifest.caption.as_deref(), Some("Morning"));
    let placeholder = manifest.placeholder.unwrap();
    assert!(placeholder.color.len() == 7 && placeholder.color.starts_with('#'));
    assert!(!placeholder.thumbhash.is_empty());

    // 600 pixels stand for all widths above them, once; largest first; WebP before its fallback.
    let what: Vec<_> = manifest.renditions.iter().map(|r| (r.width, r.media_type.as_str())).collect();
    assert_eq!(what, [(600, "image/webp"), (600, "image/jpeg"), (320, "image/webp"), (320, "image/jpeg")]);
    let digest = source_digest(manifest.source.sha256.as_deref().unwrap()).to_owned();
    for rendition in &manifest.renditions {
        let (folder, name) = rendition.path.split_once('/').unwrap();
        let (width, spec) = name.split_once('-').unwrap();
        assert_eq!((folder, width), (digest.as_str(), rendition.width.to_string().as_str()));
        let (spec, ending) = spec.split_once('.').unwrap();
        assert!(spec.len() == 8 && spec.bytes().all(|byte| byte.is_ascii_hexdigit()), "{spec}");
        assert_eq!(ending, if rendition.media_type == "image/webp" { "webp" } else { "jpg" });

        let (object, bytes) =
            world.derived(&rendition_key("2026/coffee.jpg", &rendition.path)).await.unwrap();
        assert_eq!(object.content_type(), Some(rendition.media_type.as_str()));
        assert_eq!(object.cache_control(), Some("public, max-age=31536000, immutable"));
        assert_eq!((bytes.len() as u64, sha256(&bytes)), (rendition.bytes, rendition.sha256.clone()));
        let limits = imaging::Limits::default();
        let info = imaging::probe(&bytes, &limits).unwrap();
        assert_eq!(info.displayed(), (rendition.width, rendition.height));
        assert_eq!(info.format.media_type(), rendition.media_type);
    }
    assert_eq!(world.derived_keys().await.len(), 1 + manifest.renditions.len());

    let report = outcome.report;
    assert_eq!((report.source_bytes, report.width, report.height), (photo.len() as u64, 600, 400));
    assert_eq!((report.renditions, report.bytes_out), (4, manifest.renditions.iter().map(|r| r.bytes).sum()));
}

#[tokio::test(flavor = "multi_thread")]
async fn multipart_uploads_and_copies_count_as_created() {
    let world = World::start().await;
    let part = 5 << 20;
    // What follows a JPEG's end is not the picture's.
    let mut bytes = picture(1);
    bytes.resize(part + 1000, 0);
    let parts = world.s3.create_multipart_upload().bucket("originals").key("parts.jpg").send().await.unwrap();
    let id = parts.upload_id().unwrap();
    let mut done = CompletedMultipartUpload::builder();
    for (number, chunk) in (1..).zip(bytes.chunks(part)) {
        let body = ByteStream::from(chunk.to_vec());
        let put = world.s3.upload_part().bucket("originals").key("parts.jpg").upload_id(id);
        let put = put.part_number(number).body(body).send().await.unwrap();
        done = done.parts(CompletedPart::builder().part_number(number).e_tag(put.e_tag().unwrap()).build());
    }
    let complete = world.s3.complete_multipart_upload().bucket("originals").key("parts.jpg").upload_id(id);
    complete.multipart_upload(done.build()).send().await.unwrap();
    assert_eq!(world.settle().await, [Fate::Derived]);
    let manifest = world.manifest("parts.jpg").await.unwrap();
    assert_eq!(manifest.source.bytes, bytes.len() as u64);
    assert!(manifest.source.etag.ends_with("-2"), "{}", manifest.source.etag);

    let copy = world.s3.copy_object().bucket("originals").key("copy.jpg").copy_source("originals/parts.jpg");
    copy.send().await.unwrap();
    assert_eq!(world.settle().await, [Fate::Derived]);
    assert_eq!(world.manifest("copy.jpg").await.unwrap().source.sha256, manifest.source.sha256);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_what_the_author_chose() {
    let world = World::start().await;
    let longest = "ä".repeat(480);
    let keys = [
        "a b+ü.jpg",
        "a%2Fb.jpg",
        "日本.jpg",
        "dots..",
        "dir//double.jpg",
        "a/../b.jpg",
        "/leading.jpg",
        "quotes\"'<&>.jpg",
        "100%.jpg",
        "tail/",
        &longest,
    ];
    for key in keys {
        world.put(key, picture(1)).await;
    }
    assert_eq!(world.settle().await, vec![Fate::Derived; keys.len()]);
    for key in keys {
        let manifest = world.manifest(key).await.unwrap_or_else(|| panic!("{key}"));
        assert_eq!(manifest.source.key, key);
        for rendition in &manifest.renditions {
            assert!(world.derived(&rendition_key(key, &rendition.path)).await.is_some(), "{key}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_room_for_its_renditions_is_rejected_once() {
    let world = World::start().await;
    let key = "k".repeat(961);
    world.put(&key, picture(1)).await;
    let outcome = world.deliver_one(&world.take_event().await).await;
    assert_eq!(outcome.fate, Fate::Rejected);
    let reason = outcome.report.reason.unwrap();
    assert!(reason.message.contains("961") && reason.message.contains("960"), "{}", reason.message);
    assert!(world.derived_keys().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_image_is_rejected_with_a_reason() {
    let world = World::start().await;
    world.put("page.jpg", b"<html>not found</html>".to_vec()).await;
    let event = world.take_event().await;
    let outcome = world.deliver_one(&event).await;
    assert_eq!(outcome.fate, Fate::Rejected);
    let manifest = world.manifest("page.jpg").await.unwrap();
    assert_eq!(manifest.state, State::Rejected);
    assert!(manifest.source.sha256.is_some() && manifest.renditions.is_empty());
    let reason = manifest.reason.unwrap();
    assert_eq!(Some(&reason), outcome.report.reason.as_ref());
    assert_eq!(reason.code, "not-an-image");
    assert!(!reason.message.is_empty() && reason.remedy.contains("JPEG"));
    assert_eq!(world.deliver_one(&event).await.fate, Fate::AlreadyDerived);

    world.put("page.jpg", picture(1)).await;
    assert_eq!(world.settle().await, [Fate::Derived]);
    assert_eq!(world.manifest("page.jpg").await.unwrap().reason, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_file_is_settled() {
    let world = World::start().await;
    let files = fixtures::broken();
    for file in &files {
        world.put(file.name, file.bytes.clone()).await;
    }
    for fate in world.settle().await {
        assert!(matches!(fate, Fate::Rejected | Fate::Derived), "{fate:?}");
    }
    for file in &files {
        let manifest = world.manifest(file.name).await.unwrap();
        let rejected = manifest.state == State::Rejected;
        match file.expectation {
            Expectation::Rejected => assert!(rejected, "{}", file.name),
            Expectation::DerivedWithWarning => {
                assert!(!rejected, "{}: {:?}", file.name, manifest.reason)
            }
            Expectation::Either => {}
        }
        assert_eq!(rejected, manifest.reason.is_some(), "{}", file.name);
        if file.expectation == Expectation::DerivedWithWarning {
            assert!(!manifest.warnings.is_empty(), "{}", file.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_above_the_limit_is_refused_by_its_length() {
    let mut config = config();
    config.limits.source_bytes = 1000;
    let world = World::with(|server| server, config).await;
    world.put("large.jpg", picture(1)).await;
    assert_eq!(world.settle().await, [Fate::Rejected]);
    let manifest = world.manifest("large.jpg").await.unwrap();
    assert_eq!(manifest.reason.unwrap().code, "too-large");
    assert_eq!((manifest.source.sha256, manifest.source.bytes), (None, picture(1).len() as u64));
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_objects_that_stand_for_folders_are_ignored() {
    let world = World::start().await;
    let put = async |key: &str, kind: &str, bytes: &[u8]| {
        let put = world.s3.put_object().bucket("originals").key(key).content_type(kind);
        put.body(ByteStream::from(bytes.to_vec())).send().await.unwrap();
        world.deliver_one(&world.take_event().await).await.fate
    };
    for (key, kind) in [
        ("2026/", "application/octet-stream"),
        ("2026/lisbon/", "application/x-directory; charset=UTF-8"),
        ("2026", "application/x-directory"),
    ] {
        assert_eq!(put(key, kind, b"").await, Fate::Ignored, "{key}");
        assert!(world.manifest(key).await.is_none(), "{key}");
    }
    world.delete("2026/").await;
    assert_eq!(world.deliver_one(&world.take_event().await).await.fate, Fate::Ignored);
    assert!(world.manifest("2026/").await.is_none());

    // Neither an empty file nor a picture with such a key is a folder.
    assert_eq!(put("empty.jpg", "image/jpeg", b"").await, Fate::Rejected);
    assert_eq!(put("odd/", "application/x-directory", &picture(1)).await, Fate::Derived);
    // Its renditions must not outlive it.
    assert_eq!(put("odd/", "application/x-directory", b"").await, Fate::Rejected);
}
