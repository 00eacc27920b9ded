//! `uploader status`, `snippet`, `ls` and `rm`, the real program, against the embedded S3.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use manifest::{Manifest, SourceRecord, State};
use serde_json::{Value, json};
use support::{Ran, Site, derived, put_manifest, run, uploader, without};

/// A site on which only the tests write manifests.
async fn quiet_site() -> Site {
    Site::new(|_| Vec::new()).await
}

/// Puts an original; what its manifest would say of it.
async fn original(site: &Site, key: &str, bytes: usize) -> SourceRecord {
    let body = ByteStream::from(vec![7_u8; bytes]);
    let put = site.client.put_object().bucket("originals").key(key).body(body).send().await.unwrap();
    SourceRecord {
        bucket: "originals".into(),
        key: key.into(),
        etag: put.e_tag().unwrap().trim_matches('"').to_owned(),
        version_id: put.version_id().map(str::to_owned),
        bytes: bytes as u64,
        media_type: Some("image/jpeg".into()),
        width: Some(48),
        height: Some(32),
        ..SourceRecord::default()
    }
}

/// One original of every state: derived (with a warning), rejected, failed, uploaded, replaced since, removed.
async fn every_state(site: &Site) {
    let source = original(site, "a/derived.jpg", 2048).await;
    put_manifest(
        &site.client,
        &Manifest { warnings: vec!["the file ends early".into()], ..derived(&source) },
    )
    .await;
    let source = original(site, "a/rejected.jpg", 10).await;
    put_manifest(&site.client, &without(&source, State::Rejected, "it is a PDF", "Export it as JPEG.")).await;
    let source = original(site, "b/failed.jpg", 10).await;
    put_manifest(&site.client, &without(&source, State::Failed, "out of memory", "Upload it again.")).await;
    original(site, "b/uploaded.jpg", 10).await;
    let source = original(site, "b/replaced.jpg", 10).await;
    put_manifest(&site.client, &derived(&source)).await;
    original(site, "b/replaced.jpg", 20).await;
    let source = original(site, "b/removed.jpg", 10).await;
    site.client.delete_object().bucket("originals").key("b/removed.jpg").send().await.unwrap();
    put_manifest(&site.client, &removed(&source)).await;
}

fn removed(source: &SourceRecord) -> Manifest {
    let written = "2026-11-22T09:00:00Z".to_owned();
    Manifest { state: State::Removed, renditions: Vec::new(), written, ..derived(source) }
}

fn lines(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn assert_contains(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "'{word}' is missing in: {text}");
    }
}

#[tokio::test]
async fn status_tells_what_has_become_of_each_key() {
    let site = quiet_site().await;
    every_state(&site).await;
    let ran = run(site.uploader("status").args(["a/derived.jpg", "b/uploaded.jpg", "b/removed.jpg"])).await;
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert_contains(
        &ran.stdout,
        &[
            "a/derived.jpg: derived\n",
            "48 × 32, image/jpeg, 2.00 KiB",
            "written 2026-11-22T08:00:00Z",
            "4, 24 to 48 px wide, webp, jpeg, 1.27 KiB in all",
            "warning     the file ends early",
            "b/uploaded.jpg: uploaded\n",
            "manifest    none yet",
            "b/removed.jpg: removed",
        ],
    );

    let ran = run(site.uploader("status").args(["s3://originals/b/replaced.jpg", "a/rejected.jpg"])).await;
    assert_eq!((ran.status, ran.stderr.as_str()), (1, ""));
    assert_contains(
        &ran.stdout,
        &[
            "b/replaced.jpg: uploaded\n",
            "still that of an earlier upload",
            "a/rejected.jpg: rejected\n",
            "reason      it is a PDF",
            "remedy      Export it as JPEG.",
        ],
    );
    site.stop().await;
}

#[tokio::test]
async fn status_in_json_has_a_line_a_key_in_the_order_given() {
    let site = quiet_site().await;
    every_state(&site).await;
    let keys = ["b/failed.jpg", "nowhere.jpg", "a/derived.jpg", "b/replaced.jpg", "s3://derived/x.jpg"];
    let ran = run(site.uploader("status").arg("--json").args(keys)).await;
    assert_eq!(ran.status, 1);
    let told = lines(&ran);
    let states: Vec<_> = told.iter().map(|line| (line["key"].as_str(), line["state"].as_str())).collect();
    assert_eq!(
        states,
        [
            (Some("b/failed.jpg"), Some("failed")),
            (Some("nowhere.jpg"), Some("missing")),
            (Some("a/derived.jpg"), Some("derived")),
            (Some("b/replaced.jpg"), Some("uploaded")),
            (Some("s3://derived/x.jpg"), Some("unknown")),
        ]
    );
    assert_eq!(told[0]["reason"]["message"], "out of memory");
    assert_eq!(told[1]["error"]["code"], "NoSuchKey");
    assert_eq!(told[2]["renditions"].as_array().unwrap().len(), 4);
    assert_eq!(told[2]["warnings"], json!(["the file ends early"]));
    assert_eq!((&told[2]["bytes"], &told[2]["width"]), (&json!(2048), &json!(48)));
    // What is told of the replaced one is the new upload's.
    assert_eq!((&told[3]["bytes"], &told[3]["renditions"]), (&json!(20), &json!([])));
    assert_contains(
        &ran.stderr,
        &["error: nowhere.jpg: there is no such key in bucket 'originals'", "where the renditions lie"],
    );
    site.stop().await;
}

#[tokio::test]
async fn a_missing_bucket_is_not_taken_for_a_missing_key() {
    let site = quiet_site().await;
    for sub in ["status", "rm"] {
        let mut command = site.uploader(sub);
        let ran =
            run(command.args(["x.jpg", "--bucket", "nowhere"]).args((sub == "rm").then_some("-y"))).await;
        assert_eq!(ran.status, 1);
        assert_contains(&ran.stderr, &["x.jpg", "the bucket 'nowhere' does not exist", "--bucket"]);
    }
    let ran = run(site.uploader("ls").args(["--bucket", "nowhere"])).await;
    assert_eq!(ran.status, 1);
    assert_contains(&ran.stderr, &["NoSuchBucket", "'nowhere'", "--bucket"]);
    site.stop().await;
}

#[tokio::test]
async fn forbidden_keys_are_told_with_the_permission_that_is_missing() {
    let site = Site::with(true, true, Arc::new(|_: &SourceRecord| Vec::new())).await;
    original(&site, "x.jpg", 10).await;
    let ran = run(site.uploader("status").args(["x.jpg", "y.jpg", "--json"])).await;
    assert_eq!(ran.status, 1);
    assert_contains(&ran.stderr, &["x.jpg", "s3:GetObject and s3:ListBucket on bucket 'derived'"]);
    assert_eq!(lines(&ran)[0]["state"], "unknown");
    let ran = run(&mut site.uploader("ls")).await;
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.starts_with("unknown "), "{}", ran.stdout);
    assert_contains(&ran.stderr, &["s3:ListBucket on bucket 'derived'"]);
    site.stop().await;
}

#[tokio::test]
async fn snippet_prints_the_markup_of_what_is_there() {
    let site = quiet_site().await;
    every_state(&site).await;
    let ran =
        run(site.uploader("snippet").args(["a/derived.jpg", "--alt", "Boats", "--sizes", "50vw"])).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let base = format!("{}/derived/a/derived.jpg/", site.endpoint());
    assert_contains(&ran.stdout, &["<picture", "alt=\"Boats\"", "sizes=\"50vw\"", &base]);
    assert_contains(&ran.stderr, &["a/derived.jpg: the file ends early"]);

    let mut command = site.uploader("snippet");
    command.args(["a/derived.jpg", "b/uploaded.jpg", "b/failed.jpg", "b/removed.jpg", "nowhere.jpg"]);
    let ran = run(command.args(["--json", "--markup", "url", "--base-url", "https://img.example.org"])).await;
    assert_eq!(ran.status, 1);
    let told = lines(&ran);
    let url = told[0]["markup"].as_str().unwrap();
    assert!(url.starts_with("https://img.example.org/a/derived.jpg/"), "{url}");
    let codes: Vec<_> = told.iter().map(|line| line["error"]["code"].as_str().unwrap_or_default()).collect();
    assert_eq!(codes, ["", "uploaded", "unsupported", "removed", "NoSuchKey"]);

    let ran = run(site.uploader("snippet").args(["a/derived.jpg"])).await;
    assert_contains(&ran.stderr, &["a/derived.jpg: the markup doesn't say what the picture shows", "--alt"]);
    for wrong in [&["x", "y", "--alt", "Boats"][..], &["x", "--markup", "none"]] {
        let ran = run(site.uploader("snippet").args(wrong)).await;
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{wrong:?}: {}", ran.stderr);
    }
    site.stop().await;
}

#[tokio::test]
async fn ls_shows_sizes_dates_and_states_under_a_prefix() {
    let site = quiet_site().await;
    every_state(&site).await;
    original(&site, "c/a b+ü%20.jpg", 1).await;
    let ran = run(&mut site.uploader("ls")).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let rows: Vec<Vec<&str>> = ran.stdout.lines().map(|row| row.splitn(2, "Z  ").collect()).collect();
    let keys: Vec<&str> = rows.iter().map(|row| row[1]).collect();
    let expected = [
        ("derived  ", "2.00 KiB", "a/derived.jpg"),
        ("rejected ", "10 B", "a/rejected.jpg"),
        ("failed   ", "10 B", "b/failed.jpg"),
        ("uploaded ", "20 B", "b/replaced.jpg"),
        ("uploaded ", "10 B", "b/uploaded.jpg"),
        ("uploaded ", "1 B", "c/a b+ü%20.jpg"),
    ];
    assert_eq!(keys, expected.map(|(_, _, key)| key));
    for (row, (state, size, _)) in rows.iter().zip(expected) {
        assert!(row[0].starts_with(&format!("{state} {size:>10}  20")), "{row:?}");
    }
    assert_contains(&ran.stderr, &["6 originals, 2.05 KiB: 1 derived, 3 uploaded, 1 rejected, 1 failed"]);

    let ran = run(site.uploader("ls").args(["s3://originals/a/", "--json", "--no-states"])).await;
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let told = lines(&ran);
    assert_eq!(told.len(), 2);
    assert_eq!((&told[0]["key"], &told[0]["bytes"]), (&json!("a/derived.jpg"), &json!(2048)));
    assert!(told[0].get("state").is_none() && told[0]["modified"].as_str().unwrap().ends_with('Z'));

    let ran = run(site.uploader("ls").arg("nowhere/")).await;
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""));
    assert_contains(&ran.stderr, &["no originals in originals/nowhere/"]);
    site.stop().await;
}

#[tokio::test]
async fn ls_goes_on_after_the_first_page() {
    let site = quiet_site().await;
    let client = &site.client;
    let put = async |i: u32| {
        let key = format!("{i:04}.jpg");
        client.put_object().bucket("originals").key(key).send().await.unwrap();
    };
    for hundred in 0..11 {
        futures::future::join_all((0..100).map(|i| put(hundred * 100 + i))).await;
    }
    let ran = run(site.uploader("ls").arg("--no-states")).await;
    assert_eq!((ran.status, ran.stdout.lines().count()), (0, 1100), "{}", ran.stderr);
    assert!(ran.stdout.ends_with("  1099.jpg\n"));
    assert_contains(&ran.stderr, &["1,100 originals, 0 B"]);
    site.stop().await;
}

#[tokio::test]
async fn ls_minds_no_reader_who_has_seen_enough() {
    let site = quiet_site().await;
    original(&site, "x.jpg", 10).await;
    let mut child = site.uploader("ls").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().await.unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]));
    site.stop().await;
}

#[tokio::test]
async fn completions_and_pages_know_every_command() {
    let home = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run(uploader(home.path()).args(["completions", shell])).await;
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        assert_contains(&ran.stdout, &["snippet", "derived-bucket"]);
    }
    let ran = run(uploader(home.path()).args(["completions", "dos"])).await;
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));

    let pages = home.path().join("share/man1");
    let ran = run(uploader(home.path()).args(["man", "--out"]).arg(&pages)).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for page in ["uploader", "uploader-put", "uploader-rm", "uploader-doctor"] {
        let text = std::fs::read_to_string(pages.join(format!("{page}.1"))).unwrap();
        assert!(text.contains(&format!(".TH {page} 1")), "{text}");
    }
    assert!(!pages.join("uploader-man.1").exists());
    let ran = run(uploader(home.path()).args(["man", "--out", "/dev/null/x"])).await;
    assert_eq!(ran.status, 1);
    assert_contains(&ran.stderr, &["/dev/null/x cannot be written"]);
}

#[tokio::test]
async fn rm_without_anybody_to_ask_refuses() {
    let site = quiet_site().await;
    original(&site, "x.jpg", 10).await;
    let ran = run(site.uploader("rm").arg("x.jpg")).await;
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert_contains(&ran.stderr, &["--yes"]);
    assert_eq!(site.keys("originals").await, ["x.jpg"]);
    site.stop().await;
}

#[tokio::test]
async fn rm_deletes_what_is_there_and_names_what_is_not() {
    let site = quiet_site().await;
    for key in ["x.jpg", "y.jpg", "z.jpg"] {
        original(&site, key, 10).await;
    }
    let mut command = site.uploader("rm");
    let ran = run(command.args(["--yes", "x.jpg", "nowhere.jpg", "s3://originals/y.jpg"])).await;
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert_contains(
        &ran.stderr,
        &[
            "x.jpg: deleted (the bucket keeps its versions); its renditions follow",
            "error: nowhere.jpg: there is no such key in bucket 'originals'",
            "s3://originals/y.jpg: deleted",
        ],
    );
    assert_eq!(site.keys("originals").await, ["z.jpg"]);
    let versions = site.client.list_object_versions().bucket("originals").send().await.unwrap();
    let marked: Vec<_> = versions.delete_markers().iter().filter_map(|marker| marker.key()).collect();
    assert_eq!(marked, ["x.jpg", "y.jpg"]);

    let ran = run(site.uploader("rm").args(["--yes", "--json", "z.jpg", "x.jpg"])).await;
    let told = lines(&ran);
    assert_eq!((&told[0]["key"], &told[0]["state"]), (&json!("z.jpg"), &json!("deleted")));
    assert!(told[0]["delete_marker"].is_string());
    assert_eq!((&told[1]["state"], &told[1]["error"]["code"]), (&json!("failed"), &json!("NoSuchKey")));
    site.stop().await;
}

#[tokio::test]
async fn rm_waits_for_the_removal_of_this_upload() {
    let site = quiet_site().await;
    let source = original(&site, "x.jpg", 10).await;
    // Of an earlier removal under the same key.
    put_manifest(&site.client, &removed(&source)).await;
    let ran = run(site.uploader("rm").args(["--yes", "--wait", "--timeout", "1", "x.jpg"])).await;
    assert_eq!(ran.status, 1);
    assert_contains(&ran.stderr, &["x.jpg", "the original is deleted, but after 1 s", "uploader status"]);

    let source = original(&site, "x.jpg", 10).await;
    put_manifest(&site.client, &derived(&source)).await;
    let mut waiting = site.uploader("rm");
    waiting.args(["--yes", "--wait", "--timeout", "30", "--json", "x.jpg"]);
    let follow = async {
        while !site.keys("originals").await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let pending = Some("2026-11-22T10:00:00Z".to_owned());
        put_manifest(&site.client, &Manifest { pending, ..removed(&source) }).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let written = "2026-11-22T10:00:01Z".to_owned();
        put_manifest(&site.client, &Manifest { written, ..removed(&source) }).await;
    };
    let (ran, ()) = tokio::join!(run(&mut waiting), follow);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(lines(&ran)[0]["state"], "removed");
    site.stop().await;
}

/// Runs `uploader rm` on a terminal of its own, types `answer`; its status and the screen.
async fn rm_on_a_terminal(site: &Site, keys: &[&str], answer: &str) -> (i32, String) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let terminal = OpenOptions::new().read(true).write(true).open(name).unwrap();
    let mut command = site.uploader("rm");
    command.args(keys).stdin(Stdio::from(terminal.try_clone().unwrap()));
    command.stderr(Stdio::from(terminal)).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(command);

    let mut ours = std::fs::File::from(ours);
    // The terminal keeps what is typed until somebody reads it.
    ours.write_all(answer.as_bytes()).unwrap();
    let screen = tokio::task::spawn_blocking(move || {
        let (mut screen, mut piece) = (Vec::new(), [0; 1024]);
        // Once nobody has the other end, Linux says so with an error.
        while let Ok(read @ 1..) = ours.read(&mut piece) {
            screen.extend_from_slice(&piece[..read]);
        }
        String::from_utf8_lossy(&screen).into_owned()
    });
    let status = child.wait().await.unwrap().code().unwrap();
    (status, screen.await.unwrap())
}

#[tokio::test]
async fn rm_asks_on_a_terminal() {
    let site = quiet_site().await;
    for key in ["x.jpg", "y.jpg"] {
        original(&site, key, 10).await;
    }
    let (status, screen) = rm_on_a_terminal(&site, &["x.jpg", "y.jpg"], "n\n").await;
    assert_eq!(status, 1, "{screen}");
    assert_contains(
        &screen,
        &["originals/x.jpg", "Delete these 2 originals and their renditions? [y/N]", "nothing was deleted"],
    );
    assert_eq!(site.keys("originals").await, ["x.jpg", "y.jpg"]);
    let (status, screen) = rm_on_a_terminal(&site, &["x.jpg"], "y\n").await;
    assert_eq!(status, 0, "{screen}");
    assert_eq!(site.keys("originals").await, ["y.jpg"]);

    for number in 0..12 {
        original(&site, &format!("2026/{number:02}\u{1b}[2J.jpg"), 10).await;
    }
    let (status, screen) = rm_on_a_terminal(&site, &["--recursive", "2026/"], "n\n").await;
    assert_eq!(status, 1, "{screen}");
    assert_contains(
        &screen,
        &["2026/00\\x1b[2J.jpg", "and 2 more", "Delete these 12 originals and their renditions?"],
    );
    assert!(!screen.contains('\u{1b}'), "{screen:?}");
    let (status, _) = rm_on_a_terminal(&site, &["--recursive", "2026/"], "y\n").await;
    assert_eq!((status, site.keys("originals").await), (0, vec!["y.jpg".to_owned()]));
    site.stop().await;
}

#[tokio::test]
async fn renditions_may_share_the_bucket_of_the_originals() {
    let site = quiet_site().await;
    let source = original(&site, "a.jpg", 2048).await;
    let json = ByteStream::from(derived(&source).to_json());
    let manifest = site.client.put_object().bucket("originals").key("small/a.jpg/manifest.json").body(json);
    manifest.send().await.unwrap();
    let shared = ["--derived-bucket", "originals/small/"];

    let ran = run(site.uploader("ls").arg("--json").args(shared)).await;
    let states: Vec<_> =
        lines(&ran).iter().map(|line| (line["key"].clone(), line["state"].clone())).collect();
    assert_eq!(states, [(json!("a.jpg"), json!("derived"))], "{ran:?}");
    let ran = run(site.uploader("snippet").arg("a.jpg").args(shared)).await;
    assert!(ran.status == 0 && ran.stdout.contains("<picture>"), "{ran:?}");
    let ran = run(site.uploader("status").arg("small/a.jpg/manifest.json").args(shared)).await;
    assert!(
        ran.status != 0 && ran.stderr.contains("'originals/small' is where the renditions lie"),
        "{ran:?}"
    );

    let photo = site.file("b.jpg", &fixtures::photo("coffee.jpg"));
    let ran = run(site.put().args(["--to", "small"]).args(shared).arg(photo)).await;
    assert!(ran.status == 1 && ran.stderr.contains("where the renditions lie"), "{ran:?}");
    let listed = site.client.list_objects_v2().bucket("originals").prefix("small/b").send().await.unwrap();
    assert_eq!(listed.key_count(), Some(0));

    let ran = run(site.uploader("ls").args(["--derived-bucket", "originals//"])).await;
    assert!(ran.status == 2 && ran.stderr.contains("'originals//'"), "{ran:?}");
}
