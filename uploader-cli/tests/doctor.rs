//! `uploader doctor`, the real program: against the embedded S3, and against servers that are not well.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use manifest::SourceRecord;
use serde_json::Value;
use support::{Ran, Site, derived, photo, put_manifest, run, uploader};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;

async fn quiet_site() -> Site {
    Site::new(|_| Vec::new()).await
}

/// Runs it with `--json`; its status, and each check with its verdict and all its words.
async fn checks(command: &mut Command) -> (i32, Vec<(String, String, String)>) {
    let Ran { status, stdout, .. } = run(command.arg("--json")).await;
    let lines = stdout.lines().map(|line| {
        let check: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
        (text("check"), text("verdict"), format!("{} → {}", text("detail"), text("remedy")))
    });
    (status, lines.collect())
}

/// The verdict and the words of one check.
fn of<'a>(checks: &'a [(String, String, String)], name: &str) -> (&'a str, &'a str) {
    let (_, verdict, words) = checks.iter().find(|(check, ..)| check == name).unwrap();
    (verdict, words)
}

#[tokio::test]
async fn where_all_is_well_it_says_so_and_leaves_nothing_behind() {
    let site = quiet_site().await;
    let ran = run(&mut site.uploader("doctor")).await;
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let signs: Vec<String> = ran.stdout.lines().map(|line| line.chars().take(16).collect()).collect();
    let expected = [
        "– configuration ",
        "✓ credentials   ",
        "✓ originals     ",
        "✓ clock         ",
        "✓ upload        ",
        "– acceleration  ",
        "✓ renditions    ",
        "✓ cdn           ",
        "✓ state         ",
    ];
    assert_eq!(signs, expected, "{}", ran.stdout);
    assert!(site.keys("originals").await.is_empty());
    let uploads = site.client.list_multipart_uploads().bucket("originals").send().await.unwrap();
    assert!(uploads.uploads().is_empty());
    assert!(site.seen().is_empty());
    assert!(!site.home().join(".local").exists());
    site.stop().await;
}

#[tokio::test]
async fn a_profile_is_named_and_its_mistakes_are_found() {
    let site = quiet_site().await;
    let profile = format!("default = 'blog'\n[profiles.blog]\nendpoint_url = '{}'\n", site.endpoint());
    let more = "accelerate = true\nbase_url = 'http://127.0.0.1:1'\n";
    let file = site.file("config.toml", format!("{profile}{more}").as_bytes());
    let mut command = site.uploader("doctor");
    let command = command.env("UPLOADER_CONFIG", &file).env("UPLOADER_STATE", file.join("state"));
    let (status, told) = checks(command).await;
    assert_eq!(status, 1);
    let (verdict, words) = of(&told, "configuration");
    assert!(verdict == "ok" && words.contains("profile 'blog'"), "{words}");
    for (name, expected) in
        [("acceleration", "accelerate = true"), ("cdn", "refused"), ("state", "UPLOADER_STATE")]
    {
        let (verdict, words) = of(&told, name);
        assert!(verdict == "error" && words.contains(expected), "{name}: {words}");
    }
    assert_eq!(of(&told, "upload").0, "ok");

    site.file("config.toml", b"[profiles.blog]\nbukcet = 'x'\n");
    let (status, told) = checks(site.uploader("doctor").env("UPLOADER_CONFIG", &file)).await;
    assert_eq!((status, told.len()), (1, 1));
    assert!(of(&told, "configuration").1.contains("line 2: unknown field 'bukcet'"), "{told:?}");
    site.stop().await;
}

#[tokio::test]
async fn a_missing_bucket_is_found() {
    let site = quiet_site().await;
    let (status, told) = checks(site.uploader("doctor").args(["--bucket", "nowhere"])).await;
    assert_eq!(status, 1);
    let (verdict, words) = of(&told, "originals");
    assert!(verdict == "error" && words.contains("NoSuchBucket") && words.contains("--bucket"), "{words}");
    assert_eq!((of(&told, "upload").0, of(&told, "renditions").0), ("skipped", "ok"));
    let (status, told) = checks(site.uploader("doctor").args(["--derived-bucket", "nowhere"])).await;
    assert_eq!(status, 1);
    let (verdict, words) = of(&told, "renditions");
    assert!(verdict == "error" && words.contains("NoSuchBucket"), "{words}");
    assert_eq!((of(&told, "originals").0, of(&told, "upload").0), ("ok", "ok"));
    site.stop().await;
}

#[tokio::test]
async fn wrong_and_missing_credentials_are_found() {
    let site = quiet_site().await;
    let (status, told) = checks(site.uploader("doctor").env("AWS_SECRET_ACCESS_KEY", "wrongwrong")).await;
    assert_eq!(status, 1);
    let (verdict, words) = of(&told, "originals");
    assert!(verdict == "error" && words.contains("SignatureDoesNotMatch"), "{words}");
    let mut command = site.uploader("doctor");
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let (status, told) = checks(&mut command).await;
    assert_eq!(status, 1);
    let (verdict, words) = of(&told, "credentials");
    assert!(verdict == "error" && words.contains("aws configure"), "{words}");
    assert_eq!((of(&told, "buckets").0, of(&told, "state").0), ("skipped", "ok"));
    site.stop().await;

    // Nothing of ours names a server, so that Amazon is asked whose the credentials are.
    let home = tempfile::tempdir().unwrap();
    let doctor = || {
        let mut command = uploader(home.path());
        command.arg("doctor").env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b");
        command.env("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1").env("AWS_MAX_ATTEMPTS", "1");
        command
    };
    let (status, told) = checks(&mut doctor()).await;
    assert_eq!((status, told.len()), (1, 1), "{told:?}");
    let (verdict, words) = of(&told, "configuration");
    assert!(verdict == "error" && words.contains("Run `uploader init` or use `--local`."), "{words}");
    let mut command = doctor();
    command.env("UPLOADER_BUCKET", "named").env("UPLOADER_DERIVED_BUCKET", "named-derived");
    let (status, told) = checks(&mut command).await;
    assert_eq!(status, 1);
    let (verdict, words) = of(&told, "credentials");
    assert!(verdict == "error" && words.contains("refused"), "{words}");
    assert_eq!(of(&told, "cdn").0, "warning");
}

#[tokio::test]
async fn hidden_keys_are_an_error_unless_some_manifest_can_be_read() {
    let site = Site::with(true, true, Arc::new(|_: &SourceRecord| Vec::new())).await;
    let (status, told) = checks(&mut site.uploader("doctor")).await;
    assert_eq!(status, 1);
    let (verdict, words) = of(&told, "renditions");
    assert!(verdict == "error" && words.contains("s3:ListBucket on 'derived'"), "{words}");

    let put = site.client.put_object().bucket("originals").key("x.jpg").body(photo(0).into()).send();
    put.await.unwrap();
    let source = SourceRecord { bucket: "originals".into(), key: "x.jpg".into(), ..SourceRecord::default() };
    put_manifest(&site.client, &derived(&source)).await;
    let (status, told) = checks(&mut site.uploader("doctor")).await;
    assert_eq!(status, 0, "{told:?}");
    let (verdict, words) = of(&told, "renditions");
    assert!(verdict == "warning" && words.contains("s3:ListBucket on 'derived'"), "{words}");
    site.stop().await;
}

#[tokio::test]
async fn a_cdn_without_name_or_certificate_is_found() {
    let site = quiet_site().await;
    let no_tls = site.endpoint().replace("http://", "https://");
    for base in [no_tls.as_str(), "https://cdn.invalid"] {
        let mut command = site.uploader("doctor");
        let file =
            site.file("config.toml", format!("default = 'a'\n[profiles.a]\nbase_url = '{base}'").as_bytes());
        let (status, told) = checks(command.env("UPLOADER_CONFIG", file)).await;
        assert_eq!(status, 1);
        let (verdict, words) = of(&told, "cdn");
        assert!(verdict == "error" && words.contains(base) && words.contains("base_url"), "{words}");
    }
    site.stop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_asked_once() {
    let home = tempfile::tempdir().unwrap();
    let mut command = uploader(home.path());
    command.args(["doctor", "--endpoint-url", "http://127.0.0.1:1"]).env("AWS_MAX_ATTEMPTS", "1");
    command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "locallocal");
    let (status, told) = checks(&mut command).await;
    assert_eq!(status, 1);
    let (verdict, words) = of(&told, "originals");
    assert!(verdict == "error" && words.contains("refused") && words.contains("thumbnailer up"), "{words}");
    assert_eq!(of(&told, "buckets").0, "skipped");
}

/// Forbids everything, years ago.
async fn answer_from_the_past(listener: TcpListener) {
    let answer = "HTTP/1.1 403 Forbidden\r\nDate: Sun, 22 Nov 2020 08:00:00 GMT\r\nContent-Length: 0\r\n\
                  Connection: close\r\n\r\n";
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            match stream.read_buf(&mut asked).await {
                Ok(1..) => {}
                _ => break,
            }
        }
        // Whether it is still listened to is not ours to judge.
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

#[tokio::test]
async fn a_clock_that_is_years_off_is_found() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(answer_from_the_past(listener));
    let home = tempfile::tempdir().unwrap();
    let mut command = uploader(home.path());
    command.args(["doctor", "--endpoint-url", &endpoint]).env("AWS_MAX_ATTEMPTS", "1");
    command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "locallocal");
    let (status, told) = checks(&mut command).await;
    assert_eq!(status, 1);
    let (verdict, words) = of(&told, "clock");
    assert!(verdict == "error" && words.contains("ahead of the server's"), "{words}");
    assert_eq!(of(&told, "originals").0, "warning");
    let (verdict, words) = of(&told, "upload");
    assert!(verdict == "error" && words.contains("s3:PutObject on bucket 'originals'"), "{words}");
    server.abort();
}
