//! `uploader put`, the real program, against the embedded S3.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_s3::types::ChecksumMode;
use manifest::markup::Format;
use manifest::{Manifest, Markup, State};
use serde_json::Value;
use support::{Site, derived, photo, put_manifest, run, without};

fn json_lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_photograph_goes_up_and_its_markup_comes_back() {
    let site = Site::new(|source| vec![derived(source)]).await;
    let bytes = photo(0);
    let file = site.file("a b+ü.jpg", &bytes);
    let ran = run(site.put().arg(&file).args(["--to", "2026/lisbon", "--alt", "Boats"])).await;

    let source = site.seen().remove(0);
    assert_eq!(source.key, "2026/lisbon/a b+ü.jpg");
    let expected = Markup {
        base_url: format!("{}/derived", site.endpoint()),
        alt: Some("Boats".into()),
        ..Markup::default()
    };
    let snippet = expected.render(&derived(&source)).unwrap().text;
    assert_eq!((ran.status, ran.stdout.as_str()), (0, format!("{snippet}\n").as_str()), "{}", ran.stderr);
    assert!(ran.stderr.contains("originals/2026/lisbon/a b+ü.jpg"), "{}", ran.stderr);
    assert!(snippet.contains("/derived/2026/lisbon/a%20b%2B%C3%BC.jpg/9f86d081884c7d65/"), "{snippet}");

    let get = site.client.get_object().bucket("originals").key(&source.key);
    let object = get.checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
    assert_eq!(object.content_type(), Some("image/jpeg"));
    assert!(object.checksum_crc64_nvme().is_some());
    assert_eq!(object.body.collect().await.unwrap().into_bytes(), bytes);
    site.stop().await;
}

#[tokio::test]
async fn endpoints_have_the_aws_cli_s_order() {
    let site = Site::new(|source| vec![derived(source)]).await;
    let file = site.file("x.jpg", &photo(0));
    let nowhere = "http://127.0.0.1:1";
    let profile = site.file("config", format!("[default]\nendpoint_url = {}\n", site.endpoint()).as_bytes());
    for (specific, general, flag) in
        [(site.endpoint(), nowhere, None), ("", site.endpoint(), None), (nowhere, "", Some(site.endpoint()))]
    {
        let mut command = site.put();
        command.arg(&file).env("AWS_ENDPOINT_URL_S3", specific).env("AWS_ENDPOINT_URL", general);
        command.args(flag.map(|url| format!("--endpoint-url={url}")));
        let ran = run(command.args(["--markup", "url"])).await;
        assert_eq!(ran.status, 0, "{specific}, {general}, {flag:?}: {}", ran.stderr);
        assert!(ran.stdout.starts_with(&format!("{}/derived/", site.endpoint())), "{}", ran.stdout);
    }
    let mut command = site.put();
    command.arg(&file).env_remove("AWS_ENDPOINT_URL").env("AWS_CONFIG_FILE", &profile);
    assert_eq!(run(&mut command).await.status, 2);
    command.args(["--bucket", "originals", "--derived-bucket", "derived"]);
    let ran = run(command.args(["--markup", "url"])).await;
    assert!(ran.stdout.starts_with(&format!("{}/derived/", site.endpoint())), "{}", ran.stderr);
    site.stop().await;
}

#[tokio::test]
async fn a_folder_is_walked_in_order_and_told_in_order() {
    let site = Site::new(|source| vec![derived(source)]).await;
    let names = ["b/2.jpg", "a.jpg", "b/1.jpg", "c/d/e.jpg"];
    for (seed, name) in (0..).zip(names) {
        site.file(name, &photo(seed));
    }
    site.file(".DS_Store", b"litter");
    site.file(".git/x.jpg", &photo(9));
    let ran = run(site.put().arg(site.files()).args(["--json", "--to", "blog/"])).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);

    let lines = json_lines(&ran.stdout);
    let keys: Vec<&str> = lines.iter().map(|line| line["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["blog/a.jpg", "blog/b/1.jpg", "blog/b/2.jpg", "blog/c/d/e.jpg"]);
    assert_eq!(site.keys("originals").await, keys);
    for line in &lines {
        assert_eq!((&line["state"], &line["missing_alt"]), (&"derived".into(), &true.into()), "{line}");
        assert!(line["markup"].as_str().unwrap().starts_with("<picture>"), "{line}");
        assert!(line["version_id"].is_string() && line["etag"].is_string(), "{line}");
    }
    assert_eq!(ran.stderr.matches("give --alt").count(), 4, "{}", ran.stderr);
    site.stop().await;
}

#[tokio::test]
async fn markup_is_as_asked() {
    let site = Site::new(|source| vec![derived(source)]).await;
    let file = site.file("x.jpg", &photo(0));
    for (kind, format) in
        [("html", Format::Html), ("markdown", Format::Markdown), ("jsx", Format::Jsx), ("url", Format::Url)]
    {
        let options =
            ["--markup", kind, "--sizes", "50vw", "--base-url", "https://img.example.org", "--alt", ""];
        let ran = run(site.put().arg(&file).args(options).arg("--quiet")).await;
        let source = site.seen().pop().unwrap();
        let expected = Markup {
            format,
            sizes: "50vw".into(),
            base_url: "https://img.example.org".into(),
            alt: Some(String::new()),
            ..Markup::default()
        };
        let text = expected.render(&derived(&source)).unwrap().text;
        assert_eq!((ran.status, ran.stdout, ran.stderr), (0, format!("{text}\n"), String::new()));
    }
    let ran = run(site.put().arg(&file).args(["--markup", "none"])).await;
    assert_eq!((ran.status, ran.stdout), (0, String::new()), "{}", ran.stderr);
    site.stop().await;
}

#[tokio::test]
async fn what_is_no_picture_is_not_sent_unless_forced() {
    let site = Site::new(|source| {
        vec![without(source, State::Rejected, "this is not an image file", "Upload a JPEG.")]
    })
    .await;
    let text = site.file("notes.txt", b"Buy film.");
    let good = site.file("good.jpg", &photo(0));
    let ran = run(site.put().arg(&text).arg(&good).arg("--no-wait")).await;
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("notes.txt was not sent") && ran.stderr.contains("--force"),
        "{}",
        ran.stderr
    );
    assert_eq!(site.keys("originals").await, ["good.jpg"]);

    let ran = run(site.put().arg(&text).arg("--force")).await;
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    let said = "originals/notes.txt was rejected: this is not an image file. Upload a JPEG.";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert_eq!(site.keys("originals").await, ["good.jpg", "notes.txt"]);
    site.stop().await;
}

#[tokio::test]
async fn a_rejection_is_told_in_json_too() {
    let site =
        Site::new(|source| vec![without(source, State::Rejected, "too odd", "Export it again.")]).await;
    let ran = run(site.put().arg(site.file("odd.jpg", &photo(0))).arg("--json")).await;
    let line = json_lines(&ran.stdout).remove(0);
    assert_eq!((ran.status, &line["state"]), (1, &"rejected".into()));
    let error =
        serde_json::json!({"code": "unsupported", "message": "too odd", "remedy": "Export it again."});
    assert_eq!(line["error"], error);
    assert!(line.get("markup").is_none(), "{line}");
    site.stop().await;
}

#[tokio::test]
async fn gps_is_warned_of() {
    let site = Site::new(|source| vec![derived(source)]).await;
    let exif = fixtures::exif::Exif::new().gps(38.7, -9.1);
    let raster = fixtures::pixels::color_ramp(48, 32);
    let file = site.file("here.jpg", &fixtures::jpeg::Jpeg::new(&raster).exif(&exif).encode());
    let ran = run(site.put().arg(&file).arg("--no-wait")).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("warning:") && ran.stderr.contains("GPS"), "{}", ran.stderr);

    for copy in 0..5 {
        site.file(&format!("many/{copy}.jpg"), &std::fs::read(&file).unwrap());
    }
    let ran = run(site.put().arg(site.files().join("many")).args(["--no-wait", "--json"])).await;
    assert_eq!(ran.stderr.matches("GPS").count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("warning: of 5 files: the photograph says"), "{}", ran.stderr);
    assert!(json_lines(&ran.stdout).iter().all(|line| line["warnings"].as_array().unwrap().len() == 1));
    site.stop().await;
}

#[tokio::test]
async fn the_manifest_of_an_earlier_upload_is_not_taken_for_ours() {
    // Only the first upload is answered, so that its manifest lies there when the second one, of the very
    // same bytes with another text, is waited for.
    let answered = AtomicUsize::new(0);
    let site = Site::new(move |source| {
        if answered.fetch_add(1, Ordering::SeqCst) == 0 { vec![derived(source)] } else { Vec::new() }
    })
    .await;
    let file = site.file("x.jpg", &photo(0));
    assert_eq!(run(site.put().arg(&file)).await.status, 0);
    let ran = run(site.put().arg(&file).args(["--timeout", "1", "--alt", "Boats"])).await;
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("another upload") && ran.stderr.contains("--timeout"), "{}", ran.stderr);
    site.stop().await;
}

#[tokio::test]
async fn without_versions_the_etag_names_our_upload() {
    let answer = |source: &manifest::SourceRecord| -> Vec<Manifest> {
        let mut stale = derived(source);
        stale.source.etag = "d41d8cd98f00b204e9800998ecf8427e".into();
        vec![stale, derived(source)]
    };
    let site = Site::with(false, false, Arc::new(answer)).await;
    let ran = run(site.put().arg(site.file("x.jpg", &photo(0))).arg("--json")).await;
    let line = json_lines(&ran.stdout).remove(0);
    assert_eq!((ran.status, &line["state"]), (0, &"derived".into()), "{}", ran.stderr);
    assert!(line.get("version_id").is_none(), "{line}");
    site.stop().await;
}

#[tokio::test]
async fn the_removal_of_an_earlier_upload_is_not_the_end_of_ours() {
    // Of the same bytes, the first upload is derived and removed; the second finds that, and then succeeds.
    let answered = AtomicUsize::new(0);
    let answer = move |source: &manifest::SourceRecord| {
        if answered.fetch_add(1, Ordering::SeqCst) == 0 { vec![derived(source)] } else { Vec::new() }
    };
    let site = Site::with(false, false, Arc::new(answer)).await;
    let file = site.file("x.jpg", &photo(0));
    assert_eq!(run(site.put().arg(&file)).await.status, 0);
    let first = site.seen().remove(0);
    put_manifest(&site.client, &without(&first, State::Removed, "it is gone", "Upload it again.")).await;

    let ran = run(site.put().arg(&file).args(["--timeout", "1", "--json"])).await;
    assert_eq!(json_lines(&ran.stdout)[0]["error"]["code"], "timeout", "{}", ran.stderr);

    let mut command = site.put();
    command.arg(&file);
    let running = tokio::spawn(async move { run(&mut command).await });
    while site.seen().len() < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    put_manifest(&site.client, &derived(&site.seen()[2])).await;
    let ran = running.await.unwrap();
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    site.stop().await;
}

#[tokio::test]
async fn a_missing_manifest_may_be_hidden_behind_access_denied() {
    let site = Site::with(true, true, Arc::new(|source: &_| vec![derived(source)])).await;
    let ran = run(site.put().arg(site.file("x.jpg", &photo(0)))).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    site.stop().await;
}

#[tokio::test]
async fn a_failure_may_still_turn_out_well() {
    // The event is answered by `failed`, and once that lies there, the test puts success in its place.
    let site = Site::new(|source| vec![without(source, State::Failed, "a crash", "Wait.")]).await;
    let file = site.file("x.jpg", &photo(0));
    let mut command = site.put();
    command.arg(&file);
    let running = tokio::spawn(async move { run(&mut command).await });
    while site.keys("derived").await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let source = site.seen().remove(0);
    put_manifest(&site.client, &derived(&source)).await;
    let ran = running.await.unwrap();
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    site.stop().await;
}

#[tokio::test]
async fn patience_ends() {
    let site = Site::new(|_| Vec::new()).await;
    let ran = run(site.put().arg(site.file("x.jpg", &photo(0))).args(["--timeout", "1", "--json"])).await;
    let line = json_lines(&ran.stdout).remove(0);
    assert_eq!((ran.status, &line["error"]["code"]), (1, &"timeout".into()));
    assert!(ran.stderr.contains("derived/x.jpg/manifest.json"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`thumbnailer up`"), "{}", ran.stderr);
    site.stop().await;
}

#[tokio::test]
async fn a_newer_manifest_is_said_to_be_newer() {
    let site = Site::new(|source| vec![Manifest { schema: 2, ..derived(source) }]).await;
    let ran = run(site.put().arg(site.file("x.jpg", &photo(0)))).await;
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("newer version"), "{}", ran.stderr);
    site.stop().await;
}

#[tokio::test]
async fn many_files_arrive_whole() {
    let site = Site::new(|source| vec![derived(source)]).await;
    for seed in 0..20 {
        site.file(&format!("{seed:02}.jpg"), &photo(seed));
    }
    let ran = run(site.put().arg(site.files()).args(["--markup", "url"])).await;
    assert_eq!((ran.status, ran.stdout.lines().count()), (0, 20), "{}", ran.stderr);
    for (seed, line) in (0..20).zip(ran.stdout.lines()) {
        let key = format!("{seed:02}.jpg");
        assert!(line.contains(&format!("/derived/{key}/")), "{line}");
        let object = site.client.get_object().bucket("originals").key(&key).send().await.unwrap();
        assert_eq!(object.body.collect().await.unwrap().into_bytes(), photo(seed), "{key}");
    }
    site.stop().await;
}
