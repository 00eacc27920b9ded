use std::collections::BTreeMap;

use crate::support::{is, refused, site};

/// Keys that would meet on a naive file system, or leave it.
fn awkward() -> Vec<String> {
    let long = "ü".repeat(512);
    assert_eq!(long.len(), 1024);
    let mut keys: Vec<String> = [
        "a",
        "a/b",
        "a/b/c",
        "a/",
        "a//b",
        "/a",
        "A",
        "a/B",
        "..",
        "../escaped-by-no_two_keys_meet",
        "a/../b",
        ".",
        "./a",
        "a/.",
        "..%2fx",
        "a b+ü.jpg",
        "a%20b",
        "quo\"te'<&>",
        "back\\slash",
        "colon:semi;",
        "\u{1F4F7}.jpg",
        ".s3",
        ".s3/lock",
        "trailing.",
        "CON",
        "%00",
        "?query=1",
        "#fragment",
        "\u{e9}",
        "e\u{301}",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    keys.push(long);
    keys.push("x".repeat(300));
    keys
}

#[tokio::test]
async fn no_two_keys_meet() {
    let site = site().await;
    let keys = awkward();
    for (at, key) in keys.iter().enumerate() {
        site.put("plain", key, format!("body {at}")).await;
    }
    let check = async |site: &crate::support::Site| {
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(site.get("plain", key).await, format!("body {at}").into_bytes(), "{key:?}");
        }
        let mut sorted = keys.clone();
        sorted.sort();
        assert_eq!(site.keys("plain").await, sorted);
    };
    check(&site).await;
    let site = site.restart().await;
    check(&site).await;
    for key in &keys {
        site.client.delete_object().bucket("plain").key(key).send().await.unwrap();
    }
    assert!(site.keys("plain").await.is_empty());
    let outside: Vec<_> = std::fs::read_dir(site.dir.path().parent().unwrap()).unwrap().flatten().collect();
    assert!(
        outside.iter().all(|entry| entry.file_name() != "escaped-by-no_two_keys_meet"),
        "nothing left the data directory"
    );
}

#[tokio::test]
async fn longer_keys_are_refused() {
    let site = site().await;
    let key = format!("{}x", "ü".repeat(512));
    let put = site.client.put_object().bucket("plain").key(key);
    assert_eq!(refused(put.send()).await, is(400, "KeyTooLongError"));
}

/// The files of a bucket's view, by path.
fn view(site: &crate::support::Site, bucket: &str) -> BTreeMap<String, Vec<u8>> {
    fn walk(dir: &std::path::Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{name}/"), found);
            } else {
                found.insert(name, std::fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&site.dir.path().join(bucket), "", &mut found);
    found
}

#[tokio::test]
async fn plain_keys_can_be_read_as_files() {
    let site = site().await;
    site.put("plain", "2024/07/ü b.jpg", "one").await;
    site.put("plain", "../escape", "hidden").await;
    site.put("plain", "a", "file").await;
    site.put("plain", "a/b", "cannot be shown beside a").await;
    let shown = view(&site, "plain");
    assert_eq!(shown.keys().collect::<Vec<_>>(), ["2024/07/ü b.jpg", "a"]);
    assert_eq!(shown["2024/07/ü b.jpg"], b"one");

    site.put("plain", "2024/07/ü b.jpg", "two").await;
    assert_eq!(view(&site, "plain")["2024/07/ü b.jpg"], b"two");
    site.client.delete_object().bucket("plain").key("2024/07/ü b.jpg").send().await.unwrap();
    assert_eq!(view(&site, "plain").keys().collect::<Vec<_>>(), ["a"]);
    assert!(!site.dir.path().join("plain/2024").exists(), "empty folders go too");
    assert_eq!(site.get("plain", "a/b").await, b"cannot be shown beside a");
}

#[tokio::test]
async fn the_view_follows_versions_and_is_mended_at_start() {
    let site = site().await;
    let first =
        site.client.put_object().bucket("kept").key("a").body(b"1".to_vec().into()).send().await.unwrap();
    let second =
        site.client.put_object().bucket("kept").key("a").body(b"2".to_vec().into()).send().await.unwrap();
    assert_eq!(view(&site, "kept")["a"], b"2");
    let delete = || site.client.delete_object().bucket("kept").key("a");
    delete().version_id(second.version_id().unwrap()).send().await.unwrap();
    assert_eq!(view(&site, "kept")["a"], b"1");
    let marker = delete().send().await.unwrap();
    assert!(view(&site, "kept").is_empty());
    delete().version_id(marker.version_id().unwrap()).send().await.unwrap();
    assert_eq!(view(&site, "kept")["a"], b"1");
    assert!(first.version_id().is_some());
    std::fs::remove_dir_all(site.dir.path().join("kept")).unwrap();
    let site = site.restart().await;
    assert_eq!(view(&site, "kept")["a"], b"1");
}

#[tokio::test]
async fn letter_case_keeps_keys_apart_in_store_and_view() {
    let site = site().await;
    site.put("plain", "Photo.JPG", "upper").await;
    site.put("plain", "photo.jpg", "lower").await;
    assert_eq!(site.get("plain", "Photo.JPG").await, b"upper");
    assert_eq!(site.get("plain", "photo.jpg").await, b"lower");
    let shown = view(&site, "plain");
    assert_eq!(shown.len(), 1, "one of two names that some file systems cannot tell apart");
    assert_eq!(shown["Photo.JPG"], b"upper");
    site.client.delete_object().bucket("plain").key("photo.jpg").send().await.unwrap();
    assert_eq!(view(&site, "plain")["Photo.JPG"], b"upper");
}

#[tokio::test]
async fn a_folder_that_is_not_ours_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("plain")).unwrap();
    std::fs::write(dir.path().join("plain/a.jpg"), "the author's").unwrap();
    let error = crate::support::builder(dir.path()).start().await.unwrap_err().to_string();
    assert!(error.contains("`plain`") && error.contains("--data"), "{error}");
    assert_eq!(std::fs::read(dir.path().join("plain/a.jpg")).unwrap(), b"the author's");

    std::fs::remove_file(dir.path().join("plain/a.jpg")).unwrap();
    let server = crate::support::builder(dir.path()).start().await.unwrap(); // an empty folder does no harm
    std::fs::create_dir_all(dir.path().join("other/deep")).unwrap();
    let client = crate::support::client(&server, "local", "locallocal");
    let create = client.create_bucket().bucket("other");
    assert_eq!(refused(create.send()).await, is(409, "BucketAlreadyExists"));
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_neither_replaced_nor_removed() {
    let site = site().await;
    let path = site.dir.path().join("plain/a.jpg");
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "the author's").unwrap();
    let check = |when: &str| assert_eq!(std::fs::read(&path).unwrap(), b"the author's", "{when}");
    site.put("plain", "a.jpg", "stored").await;
    check("after a put");
    assert_eq!(site.get("plain", "a.jpg").await, b"stored");
    let site = site.restart().await;
    check("after a start");
    site.client.delete_object().bucket("plain").key("a.jpg").send().await.unwrap();
    check("after a removal");
    // Saved by an editor that writes a new file.
    site.put("plain", "b.jpg", "stored").await;
    let edited = site.dir.path().join("plain/b.jpg");
    std::fs::remove_file(&edited).unwrap();
    std::fs::write(&edited, "edited").unwrap();
    site.put("plain", "b.jpg", "stored again").await;
    assert_eq!(std::fs::read(&edited).unwrap(), b"edited");
}

#[tokio::test]
async fn what_is_shown_is_read_only() {
    let site = site().await;
    site.put("plain", "a.jpg", "stored").await;
    let shown = std::fs::metadata(site.dir.path().join("plain/a.jpg")).unwrap();
    assert!(shown.permissions().readonly());
}

#[tokio::test]
async fn a_start_replaces_and_removes_what_an_earlier_run_left_in_the_view() {
    let site = site().await;
    let path = |name: &str| site.dir.path().join("kept").join(name);
    for name in ["gone", "changed"] {
        site.put("kept", name, "old").await;
        std::fs::hard_link(path(name), path(name).with_extension("link")).unwrap();
    }
    site.client.delete_object().bucket("kept").key("gone").send().await.unwrap();
    site.put("kept", "changed", "new").await;
    // As if the process had ended between the commit and the view's change.
    for name in ["gone", "changed"] {
        std::fs::rename(path(name).with_extension("link"), path(name)).unwrap();
    }
    let site = site.restart().await;
    let shown = view(&site, "kept");
    assert_eq!(shown.into_iter().collect::<Vec<_>>(), [("changed".to_owned(), b"new".to_vec())]);
}
