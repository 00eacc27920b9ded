//! `thumbnailer up`, run as a person would: the real process, its disk and its S3.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::primitives::ByteStream;
use manifest::{Manifest, State};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn command(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thumbnailer"));
    command.arg("up").arg("--data").arg(data).args(["--s3-port", "0"]).args(args).env_remove("RUST_LOG");
    command.env("THUMBNAILER_STATE", data.with_extension("state"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn up(data: &Path, args: &[&str]) -> Output {
    command(data, args).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Reads the manifest of `key` from the readable view, and checks that what it names lies there whole.
fn whole(data: &Path, key: &str) -> Manifest {
    let folder = data.join("derived").join(key);
    let manifest = Manifest::parse(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    for rendition in &manifest.renditions {
        let bytes = fs::read(folder.join(&rendition.path)).unwrap();
        assert_eq!(
            (bytes.len() as u64, hex::encode(Sha256::digest(&bytes))),
            (rendition.bytes, rendition.sha256.clone())
        );
    }
    manifest
}

/// A folder with `count` different photographs `00.jpg`, `01.jpg`, ….
fn photographs(count: u8) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..count {
        let mut bytes = fixtures::photo("coffee.jpg");
        // After its end, where no decoder looks.
        bytes.push(n);
        fs::write(folder.path().join(format!("{n:02}.jpg")), bytes).unwrap();
    }
    folder
}

#[test]
fn a_folder_is_derived_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let (photos, data) = (folder.path().join("photos"), folder.path().join("data"));
    fs::create_dir(&photos).unwrap();
    for name in ["coffee.jpg", "cat-progressive.jpg", "cameraman-grey.jpg"] {
        fs::copy(fixtures::photos::path(name), photos.join(name)).unwrap();
    }
    fs::write(photos.join("README.md"), "# Not a picture").unwrap();

    let first = up(&data, &[path(&photos), "--once"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    assert!(text(&first.stderr).contains("1 other file skipped: README.md"));
    let table = text(&first.stdout);
    assert!(table.starts_with("SOURCE") && table.contains("3 of 3 derived"), "{table}");
    assert!(
        table.contains("600×400") && table.contains("coffee.jpg") && table.contains("BYTES SAVED"),
        "{table}"
    );
    assert_eq!(whole(&data, "coffee.jpg").state, State::Derived);

    let before = fs::read(data.join("derived/coffee.jpg/manifest.json")).unwrap();
    let second = up(&data, &[path(&photos), "--once", "--json"]);
    assert_eq!(second.status.code(), Some(0), "{}", text(&second.stderr));
    let lines: Vec<Value> =
        text(&second.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    for line in &lines {
        assert_eq!(
            (line["state"].as_str(), &line["ms"], &line["reason"]),
            (Some("derived"), &Value::Null, &Value::Null)
        );
        for rendition in line["renditions"].as_array().unwrap() {
            let file = data.join("derived").join(rendition["path"].as_str().unwrap());
            assert_eq!(fs::metadata(file).unwrap().len(), rendition["bytes"].as_u64().unwrap());
        }
    }
    // Nothing was done again.
    assert_eq!(fs::read(data.join("derived/coffee.jpg/manifest.json")).unwrap(), before);

    // Another preset is.
    let preset = folder.path().join("preset.toml");
    fs::write(&preset, "widths = [60]\nformats = [\"jpeg\"]").unwrap();
    let third = up(&data, &[path(&photos), "--once", "--preset", path(&preset)]);
    assert_eq!(third.status.code(), Some(0), "{}", text(&third.stderr));
    let manifest = whole(&data, "coffee.jpg");
    assert_eq!((manifest.renditions.len(), manifest.renditions[0].width), (1, 60));
    assert!(!manifest.retired.is_empty());
}

#[test]
fn what_cannot_be_derived_is_said_and_counted() {
    let folder = photographs(1);
    fs::write(folder.path().join("page.jpg"), "<html>").unwrap();
    let data = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.jpg");
    let output = up(data.path(), &[path(folder.path()), path(&absent), "--once", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let states: Vec<_> = lines.iter().map(|line| line["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["derived", "rejected", "failed"]);
    assert!(lines[1]["reason"].as_str().unwrap().contains("not an image"));
    assert!(lines[2]["reason"].as_str().unwrap().contains("cannot be opened"));
    assert_eq!(whole(data.path(), "page.jpg").state, State::Rejected);
}

#[test]
fn a_port_in_use_is_named_with_its_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let data = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_thumbnailer"))
        .args(["up", "--data", path(data.path()), "--s3-port", &port])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains(&port) && said.contains("--s3-port"), "{said}");
}

#[test]
fn wrong_usage_is_told_apart() {
    let data = tempfile::tempdir().unwrap();
    for (args, word) in [
        (&["--once"][..], "--once needs files"),
        (&["--listen", "0.0.0.0"], "--secret-key"),
        (&["--preset", "/no/such.toml"], "/no/such.toml"),
        (&["--s3-port", "many"], "--s3-port"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thumbnailer"));
        let output = command.args(["up", "--data", path(data.path())]).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains(word), "{args:?}: {}", text(&output.stderr));
    }
}

/// Signals a process that this test started.
fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn it_stays_up_for_others_until_it_is_asked_to_stop() {
    let data = tempfile::tempdir().unwrap();
    let mut child = command(data.path(), &[]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    let endpoint = first.strip_prefix("S3 at ").unwrap().split(',').next().unwrap().to_owned();
    let introduction: Vec<String> = lines.by_ref().take_while(|line| !line.contains("Ctrl-C")).collect();
    let examples = introduction.join("\n");
    assert!(examples.contains("aws --endpoint-url") && examples.contains("uploader put"), "{examples}");

    let upload = async {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .force_path_style(true)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("local", "locallocal", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let s3 = Client::from_conf(config);
        let body = ByteStream::from(fixtures::photo("coffee.jpg"));
        s3.put_object().bucket("originals").key("a b+ü.jpg").body(body).send().await.unwrap();
    };
    tokio::runtime::Runtime::new().unwrap().block_on(upload);
    let outcome = lines.next().unwrap();
    assert!(outcome.starts_with("derived   a b+ü.jpg  600×400"), "{outcome}");
    assert_eq!(whole(data.path(), "a b+ü.jpg").state, State::Derived);

    signal(&child, "-TERM");
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
}

#[test]
fn a_rejected_file_is_still_counted_after_ctrl_c() {
    let folder = photographs(1);
    fs::write(folder.path().join("page.jpg"), "<html>").unwrap();
    for (broken, status) in [(true, 1), (false, 0)] {
        if !broken {
            fs::remove_file(folder.path().join("page.jpg")).unwrap();
        }
        let data = tempfile::tempdir().unwrap();
        let mut child = command(data.path(), &[path(folder.path())]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.contains("1 of") && line.contains("derived")));
        signal(&child, "-INT");
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(status), "{said}");
    }
}

#[test]
fn a_kill_in_the_middle_of_twenty_uploads_loses_nothing() {
    let folder = photographs(20);
    let data = tempfile::tempdir().unwrap();
    let mut child = command(data.path(), &[path(folder.path()), "--once"]).spawn().unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let derived = said.filter(|line| line.starts_with("derived ")).take(3).count();
    signal(&child, "-KILL");
    child.wait().unwrap();
    assert_eq!(derived, 3);

    let output = up(data.path(), &[path(folder.path()), "--once", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 20);
    for n in 0..20 {
        let manifest = whole(data.path(), &format!("{n:02}.jpg"));
        assert_eq!(manifest.state, State::Derived);
        let file = fs::read(folder.path().join(format!("{n:02}.jpg"))).unwrap();
        assert_eq!(manifest.source.sha256, Some(hex::encode(Sha256::digest(&file))));
    }
}
