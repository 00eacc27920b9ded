//! Text from outside cannot control a terminal, whichever command prints it.

#![allow(clippy::unwrap_used)]

mod world;

use std::process::{Command, Output};

use manifest::{Manifest, Reason, manifest_key};
use world::World;

/// Pieces of text, each with another kind of control in it.
const HOSTILE: [&str; 8] = [
    "\u{1b}[31mred\u{1b}]0;owned\u{7}",
    "two\nforged: line",
    "return\rforged: line",
    "tab\tulator\u{8}\u{7f}",
    "c1\u{9b}31m\u{85}forged: line",
    "bidi\u{202e}gpj.exe\u{202c}",
    "isolate\u{2066}x\u{2069}\u{200f}",
    "separator\u{2028}forged: line\u{2029}",
];

/// Fails if a program printed anything else than text and its own line breaks.
fn assert_harmless(output: &Output, what: &str) {
    for bytes in [&output.stdout, &output.stderr] {
        let text = std::str::from_utf8(bytes).unwrap();
        for line in text.split('\n') {
            let control = line.chars().find(|c| {
                matches!(u32::from(*c), 0..0x20 | 0x7f..0xa0 | 0x61c | 0x200e..=0x200f | 0x2028..=0x202e | 0x2066..=0x2069)
            });
            assert_eq!(control, None, "{what}: {line:?}");
            assert!(!line.trim_start().starts_with("forged"), "{what}: {text}");
        }
    }
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (seed, hostile) in (48..).zip(HOSTILE) {
        let picture = fixtures::jpeg::Jpeg::new(&fixtures::pixels::color_ramp(seed, 32)).encode();
        std::fs::write(folder.path().join(format!("{hostile}.jpg")), picture).unwrap();
        std::fs::write(folder.path().join(format!("broken {hostile}.jpg")), b"words").unwrap();
        std::fs::write(folder.path().join(format!("{hostile}.txt")), b"words").unwrap();
    }
    folder
}

fn thumbnailer(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thumbnailer"));
    command.args(args).env("RUST_LOG", "debug").env("AWS_EC2_METADATA_DISABLED", "true").output().unwrap()
}

#[test]
fn file_names_cannot_control_it() {
    let (folder, out) = (folder(), tempfile::tempdir().unwrap());
    let (pictures, out) = (folder.path().to_str().unwrap(), out.path().to_str().unwrap());
    let rendered = thumbnailer(&["render", pictures, "--out", out, "--widths", "16"]);
    assert!(String::from_utf8_lossy(&rendered.stdout).contains("\\x1b[31mred"), "{rendered:?}");
    assert!(String::from_utf8_lossy(&rendered.stderr).contains("8 other files skipped: "), "{rendered:?}");
    assert_harmless(&rendered, "render");

    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("d\u{1b}[2J\nforged");
    let up = thumbnailer(&["up", pictures, "--once", "--s3-port", "0", "--data", data.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&up.stdout).contains("8 of 16 derived"), "{up:?}");
    assert_harmless(&up, "up");
}

#[test]
fn command_lines_cannot_control_it() {
    for hostile in HOSTILE {
        for args in [
            &["render", hostile, "--out", hostile][..],
            &["render", "x", "--out", "y", "--formats", hostile],
            &["render", "x", "--out", "y", "--preset", hostile],
            &["up", "--listen", hostile],
            &["up", "--once", hostile, hostile],
            &["sweep", "--grace", hostile],
            &["status", "--bucket", &format!("a/{hostile}/"), "x"],
            &[hostile],
            &[&format!("--{hostile}")],
        ] {
            let output = thumbnailer(args);
            assert!(matches!(output.status.code(), Some(1 | 2)), "{args:?}: {output:?}");
            assert_harmless(&output, &format!("{args:?}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_cannot_control_it() {
    let world = World::start().await;
    for hostile in HOSTILE {
        let key = format!("{hostile}.jpg");
        world.put("originals", &key, fixtures::photo("coffee.jpg")).await;
        world.settle().await;
        let got = world.s3.get_object().bucket("derived").key(manifest_key(&key)).send().await.unwrap();
        let mut manifest = Manifest::parse(&got.body.collect().await.unwrap().into_bytes()).unwrap();
        let words = Some(hostile.to_owned());
        (manifest.alt, manifest.caption) = (words.clone(), words.clone());
        manifest.warnings = vec![hostile.into()];
        manifest.source.etag = hostile.into();
        manifest.source.media_type = words;
        manifest.renditions[0].path = hostile.into();
        manifest.renditions[0].media_type = hostile.into();
        manifest.reason =
            Some(Reason { code: hostile.into(), message: hostile.into(), remedy: hostile.into() });
        world.put("derived", &manifest_key(&key), manifest.to_json()).await;
        for args in [
            &["status", &key][..],
            &["status", &format!("absent {key}")],
            &["status", "x", "--bucket", "absent"],
        ] {
            assert_harmless(&world.run(args).await, &format!("{args:?}"));
        }
    }
    let swept = world.run(&["sweep", "--grace", "1s", "--dry-run"]).await;
    assert_eq!(swept.status.code(), Some(0), "{swept:?}");
    assert_harmless(&swept, "sweep");
}
