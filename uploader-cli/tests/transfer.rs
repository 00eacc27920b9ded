//! Large files in parts, interrupted and resumed; what is there already; networks that fail.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::types::ChecksumMode;
use local_s3::{Fault, FaultRates, FaultRequest, Faults};
use serde_json::Value;
use support::proxy::Proxy;
use support::{Ran, Site, derived, photo, run};

const PART: usize = 5 << 20;

/// Bytes that tell their places apart; no picture.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

async fn site(faults: Faults) -> Site {
    Site::built(true, Arc::new(|source: &_| vec![derived(source)]), |builder| builder.faults(faults)).await
}

fn healthy() -> Faults {
    Faults::scripted(|_| None)
}

/// Puts a large file that is no picture, in the smallest parts.
async fn put_large(site: &Site, file: &Path, more: &[&str]) -> Ran {
    let mut command = site.put();
    command
        .arg(file)
        .args(["--force", "--no-wait", "--part-size", "5", "--json", "--retry-for", "0"])
        .args(more);
    run(&mut command).await
}

fn lines(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn object(site: &Site, key: &str) -> Vec<u8> {
    let object = site.client.get_object().bucket("originals").key(key).send().await.unwrap();
    object.body.collect().await.unwrap().into_bytes().to_vec()
}

/// Uploads that were begun and are neither completed nor aborted.
async fn unfinished(site: &Site) -> usize {
    site.client.list_multipart_uploads().bucket("originals").send().await.unwrap().uploads().len()
}

fn is_part(request: &FaultRequest<'_>, number: u32) -> bool {
    request.method == "PUT" && request.query.contains(&format!("partNumber={number}&"))
}

fn completes(request: &FaultRequest<'_>) -> bool {
    request.method == "POST" && request.query.contains("uploadId=")
}

#[tokio::test]
async fn a_large_file_arrives_in_parts_with_its_checksum() {
    let site = site(healthy()).await;
    let bytes = noise(3 * PART + 1, 1);
    let ran = put_large(&site, &site.file("x.bin", &bytes), &[]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(site.requests().get("UploadPart"), 4);
    assert_eq!(object(&site, "x.bin").await, bytes);
    let head =
        site.client.head_object().bucket("originals").key("x.bin").checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await.unwrap();
    assert_eq!(head.checksum_crc64_nvme(), lines(&ran)[0]["checksum_crc64nvme"].as_str());
    assert_eq!(head.checksum_type().unwrap().as_str(), "FULL_OBJECT");
    assert_eq!((unfinished(&site).await, site.left_behind()), (0, 0));
    site.stop().await;
}

#[tokio::test]
async fn parts_too_large_for_memory_are_read_while_they_are_sent() {
    let site = site(healthy()).await;
    let bytes = noise(37 << 20, 2);
    let ran = put_large(&site, &site.file("x.bin", &bytes), &["--part-size", "17"]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(site.requests().get("UploadPart"), 3);
    assert!(object(&site, "x.bin").await == bytes);
    site.stop().await;
}

#[tokio::test]
async fn what_was_interrupted_goes_on_with_the_missing_parts_only() {
    let faults = Faults::scripted(|request| is_part(request, 3).then_some(Fault::InternalError));
    let site = site(faults.clone()).await;
    let file = site.file("x.bin", &noise(4 * PART, 3));
    let ran = put_large(&site, &file, &[]).await;
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("InternalError") && ran.stderr.contains("goes on"), "{}", ran.stderr);
    assert_eq!((unfinished(&site).await, site.left_behind()), (1, 1));
    let before = site.requests().get("UploadPart");

    faults.pause();
    let ran = put_large(&site, &file, &[]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("are there already"), "{}", ran.stderr);
    let sent = site.requests().get("UploadPart") - before;
    assert!((1..=2).contains(&sent), "{sent} parts");
    assert!(object(&site, "x.bin").await == noise(4 * PART, 3));
    assert_eq!((unfinished(&site).await, site.left_behind()), (0, 0));
    site.stop().await;
}

#[tokio::test]
async fn a_file_that_changed_meanwhile_begins_anew_and_leaves_nothing_of_the_old() {
    let faults = Faults::scripted(|request| is_part(request, 2).then_some(Fault::InternalError));
    let site = site(faults.clone()).await;
    let file = site.file("x.bin", &noise(3 * PART, 4));
    assert_eq!(put_large(&site, &file, &[]).await.status, 1);
    faults.pause();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let file = site.file("x.bin", &noise(3 * PART, 5));
    let ran = put_large(&site, &file, &[]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(object(&site, "x.bin").await == noise(3 * PART, 5));
    assert_eq!((unfinished(&site).await, site.left_behind()), (0, 0));
    site.stop().await;
}

#[tokio::test]
async fn an_upload_that_the_server_lost_is_begun_anew() {
    let faults = Faults::scripted(|request| is_part(request, 2).then_some(Fault::InternalError));
    let site = site(faults.clone()).await;
    let file = site.file("x.bin", &noise(3 * PART, 6));
    assert_eq!(put_large(&site, &file, &[]).await.status, 1);
    faults.pause();
    let uploads = site.client.list_multipart_uploads().bucket("originals").send().await.unwrap();
    let id = uploads.uploads()[0].upload_id().unwrap();
    site.client.abort_multipart_upload().bucket("originals").key("x.bin").upload_id(id).send().await.unwrap();
    let ran = put_large(&site, &file, &[]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(object(&site, "x.bin").await == noise(3 * PART, 6));
    site.stop().await;
}

#[tokio::test]
async fn abort_leaves_nothing_here_or_there() {
    let faults = Faults::scripted(|request| is_part(request, 2).then_some(Fault::InternalError));
    let site = site(faults.clone()).await;
    let file = site.file("x.bin", &noise(3 * PART, 7));
    assert_eq!(put_large(&site, &file, &[]).await.status, 1);
    faults.pause();
    let other = run(site.uploader("abort").arg("other.bin")).await;
    assert_eq!((other.status, unfinished(&site).await), (1, 1), "{}", other.stderr);
    let ran = run(&mut site.uploader("abort")).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("x.bin: thrown away"), "{}", ran.stderr);
    assert_eq!((unfinished(&site).await, site.left_behind()), (0, 0));
    site.stop().await;
}

#[tokio::test]
async fn a_lost_answer_to_the_completion_is_no_failure() {
    let faults =
        Faults::scripted(|request| (completes(request) && request.occurrence == 0).then_some(Fault::Lost));
    let site = site(faults).await;
    let ran = put_large(&site, &site.file("x.bin", &noise(2 * PART + 9, 8)), &[]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(object(&site, "x.bin").await == noise(2 * PART + 9, 8));
    assert_eq!(site.versions("originals").await, 1);
    site.stop().await;
}

#[tokio::test]
async fn a_conflict_at_the_completion_passes() {
    let faults = Faults::scripted(|request| {
        (completes(request) && request.occurrence == 0).then_some(Fault::Conflict)
    });
    let site = site(faults).await;
    let ran = put_large(&site, &site.file("x.bin", &noise(2 * PART, 9)), &[]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(unfinished(&site).await, 0);
    site.stop().await;
}

#[tokio::test]
async fn a_lost_answer_to_a_put_is_no_failure() {
    let faults = Faults::scripted(|request| {
        (request.method == "PUT" && request.key == "x.jpg" && request.occurrence == 0).then_some(Fault::Lost)
    });
    let site = site(faults).await;
    let ran = run(site.put().arg(site.file("x.jpg", &photo(0))).args(["--markup", "url"])).await;
    assert_eq!((ran.status, ran.stdout.lines().count()), (0, 1), "{}", ran.stderr);
    assert_eq!(site.seen().len(), 1);
    site.stop().await;
}

#[tokio::test]
async fn what_is_there_is_not_sent_again() {
    let site = site(healthy()).await;
    for seed in 0..5 {
        site.file(&format!("{seed}.jpg"), &photo(seed));
    }
    assert_eq!(run(site.put().arg(site.files())).await.status, 0);
    let before = site.requests();
    let ran = run(site.put().arg(site.files()).args(["--json", "--markup", "url"])).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for line in lines(&ran) {
        assert_eq!((&line["action"], &line["state"]), (&"unchanged".into(), &"derived".into()), "{line}");
        assert!(line["markup"].is_string(), "{line}");
    }
    assert_eq!(
        (site.requests().get("PutObject"), site.versions("originals").await),
        (before.get("PutObject"), 5)
    );
    site.stop().await;
}

#[tokio::test]
async fn other_bytes_are_replaced_only_on_demand() {
    let site = site(healthy()).await;
    assert_eq!(run(site.put().arg(site.file("x.jpg", &photo(0)))).await.status, 0);
    let file = site.file("x.jpg", &photo(1));
    let ran = run(site.put().arg(&file).arg("--json")).await;
    assert_eq!((ran.status, &lines(&ran)[0]["error"]["code"]), (1, &"exists".into()), "{}", ran.stderr);
    assert!(ran.stderr.contains("--overwrite") && ran.stderr.contains("x.jpg"), "{}", ran.stderr);
    assert_eq!(object(&site, "x.jpg").await, photo(0));
    let ran = run(site.put().arg(&file).args(["--overwrite", "--json"])).await;
    assert_eq!((ran.status, &lines(&ran)[0]["action"]), (0, &"replaced".into()), "{}", ran.stderr);
    assert_eq!(object(&site, "x.jpg").await, photo(1));
    site.stop().await;
}

#[tokio::test]
async fn what_is_said_of_a_picture_travels_with_it() {
    let site = site(healthy()).await;
    let file = site.file("a b.jpg", &photo(0));
    let ran = run(site.put().arg(&file).args(["--alt", "Bäume, 50 %", "--focal-point", "0.25,0.5"])).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let head = async || site.client.head_object().bucket("originals").key("a b.jpg").send().await.unwrap();
    let metadata = head().await.metadata().unwrap().clone();
    assert_eq!(
        (metadata["alt"].as_str(), metadata["focal-point"].as_str()),
        ("B%C3%A4ume,%2050%20%25", "0.25,0.5")
    );
    let before = site.requests();

    let ran = run(site.put().arg(&file).args(["--caption", "1923", "--json"])).await;
    assert_eq!((ran.status, &lines(&ran)[0]["action"]), (0, &"described".into()), "{}", ran.stderr);
    let after = head().await;
    let metadata = after.metadata().unwrap();
    assert_eq!((metadata["alt"].as_str(), metadata["caption"].as_str()), ("B%C3%A4ume,%2050%20%25", "1923"));
    assert_eq!(after.content_type(), Some("image/jpeg"));
    let asked = |name| site.requests().get(name) - before.get(name);
    assert_eq!((asked("CopyObject"), site.versions("originals").await), (1, 2));
    site.stop().await;
}

#[tokio::test]
async fn texts_for_many_come_from_a_file() {
    let site = site(healthy()).await;
    let folder = site.file("pictures/a.jpg", &photo(0)).parent().unwrap().to_owned();
    site.file("pictures/b.jpg", &photo(1));
    let texts = site.file("alt.toml", b"\"a.jpg\" = \"Boats\"\n\"lost.jpg\" = 5\n");
    let wrong = run(site.put().arg(&folder).arg("--alt-file").arg(&texts)).await;
    assert_eq!(wrong.status, 2, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("alt.toml") && wrong.stderr.contains("lost.jpg"), "{}", wrong.stderr);
    let texts = site.file(
        "alt.toml",
        b"\"a.jpg\" = \"Boats\"\n\"lost.jpg\" = \"Nothing\"\n[\"sub/b.jpg\"]\nalt = \"Trams\"\n",
    );
    let ran = run(site.put().arg(&folder).args(["--to", "sub", "--alt-file"]).arg(&texts)).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("'lost.jpg', which is not among the files"), "{}", ran.stderr);
    assert!(ran.stdout.contains("alt=\"Boats\"") && ran.stdout.contains("alt=\"Trams\""), "{}", ran.stdout);
    site.stop().await;
}

#[tokio::test]
async fn a_dry_run_sends_nothing() {
    let site = site(healthy()).await;
    site.file("a.jpg", &photo(0));
    site.file("drafts/b.jpg", &photo(1));
    site.file("notes.txt", b"no picture");
    let mut command = site.put();
    command.arg(site.files()).args(["--dry-run", "--exclude", "drafts/", "--to", "2026"]);
    let ran = run(&mut command).await;
    assert!(ran.stdout.contains("a.jpg → originals/2026/a.jpg (image/jpeg 48×32, "), "{ran:?}");
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(!ran.stdout.contains("b.jpg") && !ran.stderr.contains("b.jpg"), "{ran:?}");
    assert!(ran.stderr.contains("1 of 1 file would be sent; "), "{ran:?}");
    assert!(ran.stderr.contains("1 other file skipped: notes.txt"), "{ran:?}");
    let ran = run(command.args(["--include", "*.jpg", "--json"])).await;
    assert_eq!((ran.status, &lines(&ran)[0]["state"]), (0, &"planned".into()), "{}", ran.stderr);
    assert!(site.keys("originals").await.is_empty());
    site.stop().await;
}

#[tokio::test]
async fn standard_input_and_patterns_are_files_too() {
    let site = site(healthy()).await;
    let file = site.file("in", &photo(0));
    let mut command = site.put();
    command.args(["-", "--name", "2026/piped.jpg"]).stdin(std::fs::File::open(&file).unwrap());
    let ran = run(&mut command).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(object(&site, "2026/piped.jpg").await, photo(0));
    assert_eq!(run(site.put().arg("-")).await.status, 2);

    site.file("many/a.jpg", &photo(1));
    site.file("many/b.jpg", &photo(2));
    let ran = run(site.put().arg(site.files().join("many/*.jpg"))).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(site.keys("originals").await, ["2026/piped.jpg", "a.jpg", "b.jpg"]);
    let none = run(site.put().arg(site.files().join("many/*.gif"))).await;
    assert_eq!(none.status, 2, "{}", none.stderr);
    site.stop().await;
}

#[tokio::test]
async fn events_tell_what_happens_meanwhile() {
    let site = site(healthy()).await;
    let ran = run(site.put().arg(site.file("x.jpg", &photo(0))).args(["--json", "--events"])).await;
    let lines = lines(&ran);
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!((events[0], *events.last().unwrap()), ("planned", "settled"), "{events:?}");
    assert_eq!(lines[0]["bytes"], photo(0).len());
    site.stop().await;
}

#[tokio::test]
async fn two_hundred_files_arrive_whole_by_a_bad_line() {
    let rates = FaultRates {
        slow_down: 0.05,
        internal_error: 0.05,
        reset: 0.03,
        truncated: 0.02,
        lost: 0.03,
        ..FaultRates::default()
    };
    let faults = Faults::seeded(5, rates);
    let site =
        Site::built(true, Arc::new(|_: &_| Vec::new()), |builder| builder.faults(faults.clone())).await;
    let mut expected = Vec::new();
    for seed in 0..200_u64 {
        // Photographs with something behind them, up to 190 KB.
        let mut bytes = photo(u32::try_from(seed % 40).unwrap());
        bytes.extend(noise(usize::try_from(seed * 950).unwrap(), seed));
        site.file(&format!("{seed:03}.jpg"), &bytes);
        expected.push(bytes);
    }
    let large = noise(4 * PART + 77, 99);
    site.file("large.bin", &large);
    let proxy = Proxy::start(site.server().address(), 20_000_000).await;
    let mut command = site.put();
    command.env("AWS_ENDPOINT_URL", &proxy.endpoint);
    command.arg(site.files()).args([
        "--no-wait",
        "--json",
        "--force",
        "--part-size",
        "5",
        "--retry-for",
        "20",
    ]);
    let ran = run(&mut command).await;
    faults.pause();
    let failed = lines(&ran).into_iter().filter(|line| line["state"] != "uploaded").collect::<Vec<_>>();
    assert_eq!((ran.status, lines(&ran).len()), (0, 201), "{failed:?}");
    for (seed, bytes) in expected.iter().enumerate() {
        assert!(object(&site, &format!("{seed:03}.jpg")).await == *bytes, "{seed}");
    }
    assert!(object(&site, "large.bin").await == large);
    assert!(proxy.flipped() > 0, "no bit was flipped");
    println!("{} bits flipped, {:?}", proxy.flipped(), faults.counts());
    site.stop().await;
}

#[tokio::test]
async fn a_watched_folder_is_followed_and_a_restart_goes_on() {
    let site = site(healthy()).await;
    let folder = site.file("album/a.jpg", &photo(0)).parent().unwrap().to_owned();
    let start = || {
        let mut command = site.uploader("watch");
        command.arg(&folder).args(["--settle", "0", "--no-wait", "--quiet"]);
        command.spawn().unwrap()
    };
    let has = async |keys: &[&str]| {
        for _ in 0..600 {
            if site.keys("originals").await == keys {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{keys:?}, not {:?}", site.keys("originals").await);
    };
    let mut watching = start();
    has(&["a.jpg"]).await;
    site.file("album/new/b.jpg", &photo(1));
    has(&["a.jpg", "new/b.jpg"]).await;
    // The log names it soon after the bucket does.
    tokio::time::sleep(Duration::from_millis(500)).await;
    watching.kill().await.unwrap();

    site.file("album/a.jpg", &photo(2));
    site.file("album/c.jpg", &photo(3));
    let mut watching = start();
    has(&["a.jpg", "c.jpg", "new/b.jpg"]).await;
    for _ in 0..600 {
        if object(&site, "a.jpg").await == photo(2) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(object(&site, "a.jpg").await, photo(2));
    assert_eq!(site.versions("originals").await, 4);
    watching.kill().await.unwrap();
    site.stop().await;
}
