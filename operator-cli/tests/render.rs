//! `thumbnailer render`, run as a person would.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use fixtures::Expectation;
use serde_json::Value;

fn thumbnailer(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_thumbnailer")).args(args).env_remove("RUST_LOG").output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json_lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn files_below(folder: &Path) -> usize {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| if entry.file_type().unwrap().is_dir() { files_below(&entry.path()) } else { 1 })
        .sum()
}

#[test]
fn every_kind_is_derived_and_every_broken_file_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let (inputs, out) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir(&inputs).unwrap();
    let kinds = fixtures::every_kind();
    for kind in &kinds {
        fs::write(inputs.join(&kind.name), &kind.bytes).unwrap();
    }
    let broken = fixtures::broken();
    assert!(broken.len() >= 20);
    for file in &broken {
        fs::write(inputs.join(file.name), &file.bytes).unwrap();
    }
    let mut args = vec!["render", "--json", "--out", path(&out)];
    let paths: Vec<String> = kinds
        .iter()
        .map(|kind| kind.name.as_str())
        .chain(broken.iter().map(|file| file.name))
        .map(|name| inputs.join(name).display().to_string())
        .collect();
    args.extend(paths.iter().map(String::as_str));
    let output = thumbnailer(&args);
    assert_eq!(output.status.code(), Some(1));
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    let lines = json_lines(&output);
    let sources: Vec<&str> = lines.iter().map(|line| line["source"].as_str().unwrap()).collect();
    assert_eq!(sources, paths);

    let mut written = 0;
    for (line, kind) in lines.iter().zip(&kinds) {
        assert_eq!(line["state"], "derived", "{line}");
        assert_eq!(
            (line["width"].as_u64(), line["height"].as_u64()),
            (Some(kind.width.into()), Some(kind.height.into()))
        );
        assert_eq!(line["reason"], Value::Null);
        let renditions = line["renditions"].as_array().unwrap();
        assert!(!renditions.is_empty());
        for rendition in renditions {
            let bytes = fs::read(rendition["path"].as_str().unwrap()).unwrap();
            let info = imaging::probe(&bytes, &imaging::Limits::default()).unwrap();
            assert_eq!(rendition["bytes"], bytes.len());
            assert_eq!(rendition["media_type"], info.format.media_type());
            assert_eq!(rendition["width"], info.displayed().0);
            assert_eq!(rendition["height"], info.displayed().1);
        }
        written += renditions.len();
    }
    for (line, file) in lines[kinds.len()..].iter().zip(&broken) {
        let allowed: &[&str] = match file.expectation {
            Expectation::Rejected => &["rejected"],
            Expectation::DerivedWithWarning => &["derived"],
            Expectation::Either => &["rejected", "derived"],
        };
        let state = line["state"].as_str().unwrap();
        assert!(allowed.contains(&state), "{}: {line}", file.name);
        let words = |said: &Value| said.as_str().is_some_and(|words| words.len() > 10);
        match state {
            "rejected" => assert!(words(&line["reason"]), "{line}"),
            _ if file.expectation == Expectation::DerivedWithWarning => {
                assert!(words(&line["warnings"][0]), "{line}")
            }
            _ => {}
        }
        written += line["renditions"].as_array().unwrap().len();
    }
    // Nothing half-written and nothing unnamed lies beside what was reported, but what a rejected file left.
    assert!(files_below(&out) >= written);
}

#[test]
fn flags_say_what_to_make() {
    let out = tempfile::tempdir().unwrap();
    let photo = fixtures::photos::path("coffee.jpg");
    let args = ["render", path(&photo), "--out", path(out.path()), "--json"];
    let flags = ["--widths", "100,50", "--formats", "jpeg,webp", "--quality", "30"];
    let output = thumbnailer(&[&args[..], &flags].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines = json_lines(&output);
    let what: Vec<_> = lines[0]["renditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["width"].as_u64().unwrap(), r["media_type"].as_str().unwrap()))
        .collect();
    assert_eq!(what, [(100, "image/jpeg"), (100, "image/webp"), (50, "image/jpeg"), (50, "image/webp")]);
    assert_eq!(files_below(out.path()), 4);
    assert!(out.path().join("coffee.jpg").is_dir());

    let preset = out.path().join("preset.toml");
    fs::write(&preset, "widths = [70]\nformats = [\"png\"]").unwrap();
    let output = thumbnailer(&[&args[..], &["--preset", path(&preset), "--widths", "60"]].concat());
    let rendition = &json_lines(&output)[0]["renditions"][0];
    assert_eq!(
        (rendition["width"].as_u64(), rendition["media_type"].as_str()),
        (Some(60), Some("image/png"))
    );
}

#[test]
fn the_same_input_gives_the_same_files() {
    let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let photo = fixtures::photos::path("astronaut.png");
    let renditions = [&one, &other].map(|out| {
        let output =
            thumbnailer(&["render", path(&photo), "--out", path(out.path()), "--json", "--widths", "200"]);
        let line = json_lines(&output).remove(0);
        let paths = line["renditions"].as_array().unwrap().clone();
        paths
            .iter()
            .map(|r| Path::new(r["path"].as_str().unwrap()))
            .map(|file| (file.strip_prefix(out.path()).unwrap().to_owned(), fs::read(file).unwrap()))
            .collect::<Vec<_>>()
    });
    assert_eq!(renditions[0], renditions[1]);
}

#[test]
fn one_file_s_trouble_is_not_another_s() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    fs::copy(fixtures::photos::path("coffee.jpg"), folder.path().join("good.jpg")).unwrap();
    fs::write(folder.path().join("page.jpg"), "<html>").unwrap();
    fs::write(folder.path().join("notes.md"), "# Notes").unwrap();
    let absent = folder.path().join("absent.jpg");
    let output =
        thumbnailer(&["render", path(&absent), path(folder.path()), "--out", path(&out), "--widths", "50"]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<&str> = text(&output.stdout).lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].starts_with("failed ")
            && lines[0].contains("absent.jpg")
            && lines[0].contains("cannot be opened")
    );
    assert!(
        lines[1].starts_with("derived ") && lines[1].contains("good.jpg") && lines[1].contains("600×400")
    );
    assert!(
        lines[2].starts_with("rejected ") && lines[2].contains("page.jpg: this is not an image file. Upload")
    );
    assert!(text(&output.stderr).contains("1 other file skipped: notes.md"));
    // Without the broken one all is well; what was written before is not taken for pictures.
    fs::remove_file(folder.path().join("page.jpg")).unwrap();
    let output = thumbnailer(&["render", path(folder.path()), "--out", path(&out), "--widths", "50"]);
    assert_eq!((output.status.code(), text(&output.stdout).lines().count()), (Some(0), 1));
}

#[test]
fn wrong_usage_is_told_apart() {
    let photo = fixtures::photos::path("coffee.jpg");
    let out = tempfile::tempdir().unwrap();
    let with =
        |flags: &[&str]| thumbnailer(&[&["render", path(&photo), "--out", path(out.path())], flags].concat());
    for (flags, word) in [
        (&["--widths", "0"][..], "width 0"),
        (&["--formats", "avif"], "webp, webp-lossless"),
        (&["--quality", "101"], "101"),
        (&["--preset", "/no/such.toml"], "/no/such.toml"),
        (&[path(&photo)], "both be called coffee.jpg"),
    ] {
        let output = with(flags);
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(text(&output.stderr).contains(word), "{flags:?}: {}", text(&output.stderr));
    }
    assert_eq!(files_below(out.path()), 0);
}

#[test]
fn a_file_in_a_folder_s_place_is_named_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixtures::photos::path("coffee.jpg"), folder.path().join("a.jpg")).unwrap();
    fs::copy(fixtures::photos::path("coffee.jpg"), folder.path().join("b.jpg")).unwrap();
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/b.jpg"), "").unwrap();
    let render = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thumbnailer"));
        command.arg("render").args(args).args(["--widths", "50"]).current_dir(folder.path()).output().unwrap()
    };
    for (args, file) in [
        (["a.jpg", "--out", "."], "./a.jpg"),
        ([path(folder.path()), "--out", path(folder.path())], "a.jpg"),
        ([".", "--out", "out"], "out/b.jpg"),
        (["a.jpg", "--out", "b.jpg"], "b.jpg"),
    ] {
        let output = render(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = text(&output.stderr);
        assert!(said.contains(&format!("{file} is a file")) && said.contains("another --out"), "{said}");
        assert_eq!(files_below(folder.path()), 3);
    }
    // As the help's example says it.
    assert_eq!(render(&["a.jpg", "--out", "out"]).status.code(), Some(0));
}

#[test]
fn help_fits_a_screen() {
    for args in [&["--help"][..], &["up", "--help"], &["render", "--help"]] {
        let output = thumbnailer(args);
        assert_eq!(output.status.code(), Some(0));
        let help = text(&output.stdout);
        assert!(help.contains("Examples:") && help.lines().count() <= 50, "{help}");
    }
}
