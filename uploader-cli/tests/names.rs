//! Names: Unicode spellings, files that are no pictures, and folders.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Stdio;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;
use support::{Ran, Site, derived, photo, run};
use tokio::io::AsyncReadExt;

const NFC: &str = "Caf\u{e9} \u{d55c}.jpg";
const NFD: &str = "Cafe\u{301} \u{1112}\u{1161}\u{11ab}.jpg";

async fn site() -> Site {
    Site::new(|source| vec![derived(source)]).await
}

async fn store(site: &Site, key: &str, bytes: Vec<u8>) {
    let body = ByteStream::from(bytes);
    site.client.put_object().bucket("originals").key(key).body(body).send().await.unwrap();
}

fn alt_file(site: &Site, text: &str) -> std::path::PathBuf {
    let path = site.home().join("alt.toml");
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn keys_are_nfc_and_texts_match_in_either_spelling() {
    for (on_disk, in_file) in [(NFD, NFC), (NFC, NFD), (NFD, NFD)] {
        let site = site().await;
        site.file(on_disk, &photo(0));
        let alt = alt_file(&site, &format!("\"{in_file}\" = \"Kaffee\"\n"));
        let to = format!("{}/", &NFD[..6]);
        let ran = run(site.put().arg(site.files()).args(["--to", &to, "--alt-file"]).arg(&alt)).await;
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains("alt=\"Kaffee\""), "{}", ran.stdout);
        assert!(!ran.stderr.contains("not among the files"), "{}", ran.stderr);
        assert_eq!(site.keys("originals").await, [format!("{}/{NFC}", &NFC[..5])]);
        site.stop().await;
    }
}

#[tokio::test]
async fn raw_names_stay_as_they_are() {
    let site = site().await;
    site.file(NFD, &photo(0));
    site.file(NFC, &photo(1));
    let ran = run(site.put().arg(site.files()).arg("--raw-names")).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(site.keys("originals").await, [NFD, NFC]);
    site.stop().await;
}

#[tokio::test]
async fn two_spellings_of_one_name_are_refused_before_anything_is_sent() {
    let site = site().await;
    let (first, second) =
        (site.file(&format!("a/{NFD}"), &photo(0)), site.file(&format!("a/{NFC}"), &photo(1)));
    site.file("a/other.jpg", &photo(2));
    let ran = run(site.put().arg(site.files())).await;
    assert_eq!(ran.status, 2);
    for words in [first.to_str().unwrap(), second.to_str().unwrap(), "NFC and NFD", "--raw-names"] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    assert!(site.keys("originals").await.is_empty());
    site.stop().await;
}

#[tokio::test]
async fn existing_originals_are_found_in_either_spelling() {
    let site = site().await;
    for stored in [NFC, NFD] {
        let key = format!("x/{stored}");
        store(&site, &key, photo(0)).await;
        while site.keys("derived").await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for given in [NFC, NFD].map(|name| format!("x/{name}")) {
            for command in ["status", "snippet"] {
                let ran = run(site.uploader(command).args([&given, "--json"])).await;
                assert_eq!(ran.status, 0, "{command}: {}", ran.stderr);
                let line: Value = serde_json::from_str(&ran.stdout).unwrap();
                assert_eq!((&line["key"], &line["state"]), (&Value::from(&*key), &Value::from("derived")));
            }
            let ran = run(site.uploader("ls").args([&given[..given.len() - 4], "--json"])).await;
            assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
        }
        let other = if stored == NFC { NFD } else { NFC };
        let ran = run(site.uploader("rm").args(["--yes", &format!("x/{other}")])).await;
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(site.keys("originals").await.is_empty());
        for manifest in site.keys("derived").await {
            site.client.delete_object().bucket("derived").key(manifest).send().await.unwrap();
        }
    }
    // As given comes first where both exist.
    store(&site, NFC, photo(0)).await;
    store(&site, NFD, photo(1)).await;
    let ran = run(site.uploader("rm").args(["--yes", NFD])).await;
    assert_eq!((ran.status, site.keys("originals").await), (0, vec![NFC.to_owned()]));
    site.stop().await;
}

#[tokio::test]
async fn a_picture_that_has_a_key_in_nfd_keeps_it() {
    let site = site().await;
    store(&site, NFD, photo(0)).await;
    // Its manifest must not come after that of the next upload.
    while site.keys("derived").await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for bytes in [photo(0), photo(1)] {
        site.file(NFD, &bytes);
        site.file("b.jpg", &photo(2));
        let ran = run(site.put().arg(site.files()).arg("--overwrite")).await;
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert_eq!(site.keys("originals").await, [NFD, "b.jpg"]);
        let got = site.client.get_object().bucket("originals").key(NFD).send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().into_bytes(), bytes);
    }
    site.stop().await;
}

#[tokio::test]
async fn patterns_and_paths_match_in_either_spelling() {
    let site = site().await;
    site.file(&format!("a/{NFD}"), &photo(0));
    site.file("a/b.jpg", &photo(1));
    let planned = async |args: &[&str]| -> Vec<String> {
        let ran = run(site.put().args(args).args(["--dry-run", "--json"]).current_dir(site.files())).await;
        let lines = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|line| line["key"].as_str().map(str::to_owned)).collect()
    };
    let pattern = format!("{}*", &NFC[..5]);
    let in_a = |name: &str| format!("a/{name}");
    assert_eq!(planned(&[".", "--include", &pattern]).await, [in_a(NFC)]);
    assert_eq!(planned(&[".", "--exclude", &pattern]).await, ["a/b.jpg"]);
    assert_eq!(planned(&[&in_a(&pattern)]).await, [NFC]);
    assert_eq!(planned(&[&in_a(NFC)]).await, [NFC]);
    site.stop().await;
}

/// Presses Ctrl-C.
fn interrupt(child: &tokio::process::Child) {
    let id = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
}

fn mentions(ran: &Ran, count: usize) -> bool {
    ran.stderr.lines().filter(|line| line.starts_with(&format!("{count} other files skipped: "))).count() == 1
}

const OTHERS: [&str; 14] = [
    "Thumbs.db",
    "sub/THUMBS.DB",
    "ehthumbs.db",
    "desktop.ini",
    "Desktop.INI",
    "Icon\r",
    ".DS_Store",
    "._a.jpg",
    "a.xmp",
    "sub/b.AAE",
    "c.thm",
    "notes.txt",
    "movie.mov",
    "empty",
];

#[tokio::test]
async fn other_files_in_folders_are_skipped_with_one_line() {
    let site = site().await;
    for name in OTHERS {
        site.file(name, if name == "empty" { b"" } else { b"not a picture" });
    }
    site.file(".git/x.jpg", &photo(1));
    site.file("a.JPG", &photo(0));
    site.file("without ending", &photo(1));
    for args in [&["--dry-run"][..], &[]] {
        let ran = run(site.put().arg(site.files()).args(args)).await;
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(mentions(&ran, OTHERS.len()), "{}", ran.stderr);
    }
    assert_eq!(site.keys("originals").await, ["a.JPG", "without ending"]);
    let ran = run(site.put().arg(site.files()).args(["--include", "*.txt", "--include", "*.xmp"])).await;
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("there are no pictures") && ran.stderr.contains("2 other files"), "{ran:?}");
    // A file that is named is never skipped.
    let ran = run(site.put().arg(site.files().join("notes.txt"))).await;
    assert!(ran.status == 1 && ran.stderr.contains("notes.txt was not sent"), "{ran:?}");
    site.stop().await;
}

#[tokio::test]
async fn watch_skips_other_files_and_says_so_once() {
    let site = site().await;
    for name in OTHERS {
        site.file(name, b"not a picture");
    }
    site.file("a.jpg", &photo(0));
    let mut command = site.uploader("watch");
    command.arg(site.files()).args(["--settle", "0", "--markup", "none"]);
    command.stderr(Stdio::piped()).stdout(Stdio::null());
    let child = command.spawn().unwrap();
    while site.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    interrupt(&child);
    let output = child.wait_with_output().await.unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.matches("other files skipped").count(), 1, "{stderr}");
    assert_eq!(site.keys("originals").await, ["a.jpg"]);
    site.stop().await;
}

#[tokio::test]
async fn folders_are_no_originals() {
    let site = Site::new(|_| Vec::new()).await;
    store(&site, "2026/", Vec::new()).await;
    store(&site, "2026/a.jpg", photo(0)).await;
    let ran = run(site.uploader("ls").arg("--no-states")).await;
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    let ran = run(site.uploader("status").arg("2026/")).await;
    assert!(
        ran.status == 1 && ran.stderr.contains("is a folder") && ran.stderr.contains("uploader ls 2026/")
    );
    site.stop().await;
}

#[tokio::test]
async fn rm_deletes_folders_only_when_asked_to() {
    let site = Site::new(|_| Vec::new()).await;
    for key in ["2026/", "2026/a.jpg", "2026/b/c+d ü.jpg", "2026-old.jpg", "x.jpg"] {
        store(&site, key, if key.ends_with('/') { Vec::new() } else { photo(0) }).await;
    }
    let rm = async |args: &[&str]| run(site.uploader("rm").args(args)).await;
    let ran = rm(&["--yes", "2026/"]).await;
    assert!(ran.status == 2 && ran.stderr.contains("--recursive"), "{ran:?}");
    let ran = rm(&["--recursive", "2026/"]).await;
    assert!(ran.status == 2 && ran.stderr.contains("--yes"), "{ran:?}");
    let ran = rm(&["--recursive", "--dry-run", "2026/", "2026/a.jpg", "x.jpg"]).await;
    assert_eq!(ran.stdout, "originals/2026/a.jpg\noriginals/2026/b/c+d ü.jpg\noriginals/x.jpg\n", "{ran:?}");
    assert!(ran.status == 0 && ran.stderr.contains("3 originals would be deleted"), "{ran:?}");
    let ran = rm(&["--recursive", "--dry-run", "--json", "2026/"]).await;
    assert!(ran.stdout.lines().all(|line| line.contains("\"state\":\"planned\"")), "{ran:?}");
    assert_eq!(site.keys("originals").await.len(), 5);

    let ran = rm(&["--recursive", "--yes", "2026/"]).await;
    assert!(ran.status == 0 && ran.stderr.contains("2 originals deleted"), "{ran:?}");
    assert_eq!(site.keys("originals").await, ["2026-old.jpg", "x.jpg"]);
    let ran = rm(&["--recursive", "--yes", "2026/"]).await;
    assert!(ran.stderr.contains("no originals below"), "{ran:?}");
    assert_eq!(ran.status, 1);
    site.stop().await;
}

#[tokio::test]
async fn rm_of_a_large_folder_takes_all_pages_and_can_be_interrupted() {
    let site = Site::new(|_| Vec::new()).await;
    for hundred in 0..11 {
        let keys: Vec<String> = (0..100).map(|i| format!("x/{hundred}-{i}.jpg")).collect();
        futures::future::join_all(keys.iter().map(|key| store(&site, key, vec![1]))).await;
    }
    let mut command = site.uploader("rm");
    command.args(["--recursive", "--yes", "x/"]).stderr(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let mut said = vec![0; 64];
    stderr.read_exact(&mut said).await.unwrap();
    interrupt(&child);
    let (ended, rest) = tokio::join!(child.wait(), async {
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).await.unwrap();
        rest
    });
    assert_eq!(ended.unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("of 1100 originals are deleted. Run the command again for the rest."), "{rest}");
    let left = run(site.uploader("ls").arg("--no-states")).await.stdout.lines().count();
    assert!((1..1100).contains(&left), "{left}");

    let ran = run(site.uploader("rm").args(["--recursive", "--yes", "x/"])).await;
    assert!(ran.status == 0 && ran.stderr.contains("originals deleted"), "{}", ran.stderr);
    assert!(site.keys("originals").await.is_empty());
    site.stop().await;
}

#[tokio::test]
async fn flags_shape_the_markup() {
    let site = site().await;
    for (seed, name) in (0..).zip(["a.jpg", "b.jpg", "c.jpg"]) {
        site.file(name, &photo(seed));
    }
    let ran =
        run(site.put().arg(site.files()).args(["--eager", "--class", "wide \"hero\"", "--no-inline-style"]))
            .await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    // Only the first picture is loaded at once.
    let pictures: Vec<&str> = ran.stdout.split("</picture>").filter(|text| text.contains("<img")).collect();
    assert_eq!(pictures.len(), 3);
    for (index, picture) in pictures.iter().enumerate() {
        assert!(
            picture.contains("class=\"wide &quot;hero&quot;\"") && !picture.contains("style="),
            "{picture}"
        );
        assert_eq!(picture.contains("fetchpriority=\"high\""), index == 0, "{picture}");
        assert_eq!(picture.contains("loading=\"lazy\""), index != 0, "{picture}");
    }
    let ran = run(site.uploader("snippet").args(["a.jpg", "b.jpg", "--eager", "--markdown-image"])).await;
    assert!(ran.stdout.lines().all(|line| line.starts_with("![](http")), "{}", ran.stdout);
    let ran = run(site.uploader("snippet").args(["a.jpg", "b.jpg", "--eager"])).await;
    assert_eq!(ran.stdout.matches("fetchpriority=\"high\"").count(), 1, "{}", ran.stdout);
    let ran = run(site.uploader("snippet").args(["a.jpg", "--markup", "jsx", "--markdown-image"])).await;
    assert_eq!(ran.status, 2, "{ran:?}");
    site.stop().await;
}
