//! Causes that concern all files: each command says them in the same words, once, and stops.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use support::{Ran, Site, derived, photo, run, uploader};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;

/// Answers each request as S3 refuses one: HEAD has no body, so its answer has no words.
async fn refusing(status: &'static str, code: &'static str, more: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = Vec::new();
                while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
                    if stream.read_buf(&mut asked).await? == 0 {
                        return Ok(());
                    }
                }
                let xml = format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
                let body = if asked.starts_with(b"HEAD") { "" } else { &xml };
                let answer = format!(
                    "HTTP/1.1 {status}\r\n{more}Content-Type: application/xml\r\nContent-Length: {}\r\n\
                     Connection: close\r\n\r\n{body}",
                    xml.len()
                );
                stream.write_all(answer.as_bytes()).await
            });
        }
    });
    endpoint
}

fn command(home: &Path, endpoint: &str, args: &[&str]) -> Command {
    let mut command = uploader(home);
    command.args(args).env("AWS_ENDPOINT_URL", endpoint).env("AWS_MAX_ATTEMPTS", "1").current_dir(home);
    command.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b");
    command
}

fn words(ran: &Ran) -> String {
    format!("{}{}", ran.stdout, ran.stderr)
}

#[tokio::test]
async fn every_command_names_the_cause_and_the_remedy() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("photos")).unwrap();
    for seed in 0..3 {
        std::fs::write(home.path().join(format!("photos/{seed}.jpg")), photo(seed)).unwrap();
    }
    let region = "x-amz-bucket-region: eu-central-1\r\n";
    for (status, code, more, remedy) in [
        ("400 Bad Request", "ExpiredToken", "", "run `aws sso login`"),
        ("301 Moved Permanently", "PermanentRedirect", region, "Set `--region eu-central-1`"),
        ("400 Bad Request", "AuthorizationHeaderMalformed", region, "Set `--region eu-central-1`"),
        ("403 Forbidden", "InvalidAccessKeyId", "", "Check AWS_ACCESS_KEY_ID"),
        ("403 Forbidden", "RequestTimeTooSkewed", "", "Set this computer's clock"),
        ("404 Not Found", "NoSuchBucket", "", "--bucket"),
    ] {
        let endpoint = refusing(status, code, more).await;
        for args in [
            &["put", "photos", "--markup", "none"][..],
            &["put", "photos", "--dry-run"],
            &["put", "photos/0.jpg", "--markup", "none"],
            &["watch", "photos", "--settle", "0", "--markup", "none"],
            &["ls"],
            &["status", "0.jpg", "1.jpg"],
            &["snippet", "0.jpg", "1.jpg"],
            &["rm", "--yes", "0.jpg"],
            &["speed"],
            &["doctor"],
        ] {
            let ran = run(&mut command(home.path(), &endpoint, args)).await;
            let words = words(&ran);
            assert_eq!(ran.status, 1, "{code} {args:?}: {words}");
            assert!(words.contains(remedy) && words.contains(code), "{code} {args:?}: {words}");
            if args[0] != "doctor" {
                assert_eq!(words.matches(remedy).count(), 1, "{code} {args:?}: {words}");
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_asked_of_buckets_that_nobody_named() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("x.jpg"), photo(0)).unwrap();
    let amazon = "https://s3.eu-central-1.amazonaws.com";
    for endpoint in [None, Some(amazon)] {
        for args in [
            &["put", "x.jpg"][..],
            &["watch", "."],
            &["ls"],
            &["rm", "--yes", "x.jpg"],
            &["status", "x.jpg"],
            &["snippet", "x.jpg"],
            &["abort"],
            &["speed"],
            &["doctor"],
        ] {
            let mut command = command(home.path(), "", args);
            command.env("HTTPS_PROXY", "http://127.0.0.1:1").env_remove("AWS_ENDPOINT_URL");
            command.args(endpoint.map(|url| format!("--endpoint-url={url}")));
            let ran = run(&mut command).await;
            let words = words(&ran);
            assert_eq!(ran.status, if args[0] == "doctor" { 1 } else { 2 }, "{args:?}: {words}");
            assert!(
                words.to_lowercase().contains("run `uploader init` or use `--local`"),
                "{args:?}: {words}"
            );
        }
        let ran =
            run(command(home.path(), "", &["ls", "--bucket", "mine"]).env_remove("AWS_ENDPOINT_URL")).await;
        assert_eq!(ran.status, 2);
        assert!(
            ran.stderr.contains("'mine' is named") && ran.stderr.contains("--derived-bucket NAME"),
            "{ran:?}"
        );
    }
}

#[tokio::test]
async fn a_missing_bucket_is_told_once_with_the_count() {
    let site = Site::new(|source| vec![derived(source)]).await;
    for seed in 0..12 {
        site.file(&format!("{seed:02}.jpg"), &photo(seed));
    }
    for args in [&["--markup", "none"][..], &["--dry-run"]] {
        let ran = run(site.put().arg(site.files()).args(["--bucket", "nope"]).args(args)).await;
        assert_eq!(ran.status, 1, "{ran:?}");
        assert_eq!(ran.stderr.matches("does not exist").count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("12 files: the bucket 'nope' does not exist"), "{}", ran.stderr);
        let last = ran.stderr.lines().last().unwrap();
        assert!(last.starts_with("0 of 12 files ") && last.contains(", 12 "), "{last}");
    }
    let ran =
        run(site.put().arg(site.files()).args(["--bucket", "nope", "--json", "--markup", "none"])).await;
    assert_eq!(ran.stdout.lines().count(), 12);
    site.stop().await;
}

#[tokio::test]
async fn the_last_line_counts_what_happened() {
    let site = Site::new(|source| vec![derived(source)]).await;
    for seed in 0..3 {
        site.file(&format!("{seed}.jpg"), &photo(seed));
    }
    let put = async |args: &[&str]| {
        let ran = run(site.put().arg(site.files()).args(["--markup", "none"]).args(args)).await;
        ran.stderr.lines().last().unwrap().to_owned()
    };
    assert!(put(&[]).await.starts_with("3 of 3 files sent; "));
    site.file("1.jpg", &photo(7));
    site.file("3.jpg", b"not a picture");
    let last = put(&["--dry-run"]).await;
    assert!(last.starts_with("1 of 4 files would be sent, 2 unchanged, 1 cannot be sent"), "{last}");
    let last = put(&[]).await;
    assert!(last.starts_with("0 of 4 files sent, 2 unchanged, 2 failed"), "{last}");
    site.stop().await;
}

#[tokio::test]
async fn a_manifest_without_an_end_is_refused() {
    let site = Site::new(|_| Vec::new()).await;
    let put = async |bucket: &str, key: &str, bytes: Vec<u8>| {
        site.client.put_object().bucket(bucket).key(key).body(bytes.into()).send().await.unwrap();
    };
    put("originals", "x.jpg", photo(0)).await;
    put("derived", "x.jpg/manifest.json", vec![b' '; 2 << 20]).await;
    let ran = run(site.uploader("status").arg("x.jpg")).await;
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.stderr.contains("derived/x.jpg/manifest.json has more than 1048576 bytes"), "{}", ran.stderr);
    site.stop().await;
}
