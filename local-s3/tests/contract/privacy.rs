//! Other users of the computer read nothing, and the readable view stays in the data folder.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::support::{builder, client, site};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every file and folder below `dir`, and `dir` itself.
fn all(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![dir.to_path_buf()];
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match fs::symlink_metadata(&path).unwrap().is_dir() {
            true => found.extend(all(&path)),
            false => found.push(path),
        }
    }
    found
}

#[tokio::test]
async fn only_the_owner_can_read_what_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = builder(&data).start().await.unwrap();
    let client = client(&server, "local", "locallocal");
    client.put_object().bucket("noted").key("2026/a.jpg").body(b"a".to_vec().into()).send().await.unwrap();
    let upload = client.create_multipart_upload().bucket("noted").key("b.jpg").send().await.unwrap();
    let part = client.upload_part().bucket("noted").key("b.jpg").upload_id(upload.upload_id().unwrap());
    part.part_number(1).body(b"b".to_vec().into()).send().await.unwrap();
    let paths = all(&data);
    assert!(paths.len() > 10, "{paths:?}");
    for path in paths {
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}

#[tokio::test]
async fn a_folder_of_an_earlier_version_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    builder(&data).start().await.unwrap().stop().await;
    fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).unwrap();
    fs::set_permissions(data.join(".s3"), PermissionsExt::from_mode(0o755)).unwrap();
    builder(&data).start().await.unwrap().stop().await;
    assert_eq!((mode(&data), mode(&data.join(".s3"))), (0o700, 0o700));
}

#[tokio::test]
async fn a_folder_that_holds_other_things_keeps_its_mode() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
    fs::write(dir.path().join("index.html"), "mine").unwrap();
    builder(dir.path()).start().await.unwrap().stop().await;
    assert_eq!((mode(dir.path()), mode(&dir.path().join(".s3"))), (0o755, 0o700));
}

#[tokio::test]
async fn the_view_follows_no_symbolic_link() {
    let site = site().await;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("kept.jpg"), "mine").unwrap();
    fs::create_dir(outside.path().join("empty")).unwrap();
    let view = site.dir.path().join("plain");
    site.put("plain", "first.jpg", "first").await;
    symlink(outside.path(), view.join("folder")).unwrap();
    symlink(outside.path().join("kept.jpg"), view.join("file.jpg")).unwrap();
    symlink(outside.path().join("new.jpg"), view.join("dangling.jpg")).unwrap();

    for key in ["folder/a.jpg", "folder/kept.jpg", "folder/empty/a.jpg", "file.jpg", "dangling.jpg"] {
        site.put("plain", key, "stored").await;
        site.put("plain", key, "again").await;
        assert_eq!(site.get("plain", key).await, b"again", "{key}");
        site.client.delete_object().bucket("plain").key(key).send().await.unwrap();
    }
    let mut left: Vec<_> =
        fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["empty", "kept.jpg"]);
    assert_eq!(fs::read(outside.path().join("kept.jpg")).unwrap(), b"mine");
    assert!(fs::symlink_metadata(view.join("file.jpg")).unwrap().is_symlink());
}

#[tokio::test]
async fn a_bucket_s_folder_that_is_a_link_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), dir.path().join("plain")).unwrap();
    let error = builder(dir.path()).start().await.unwrap_err().to_string();
    assert!(error.contains("`plain`"), "{error}");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_folder_replaced_by_a_link_later_is_not_followed() {
    let site = site().await;
    site.put("plain", "2026/a.jpg", "a").await;
    let outside = tempfile::tempdir().unwrap();
    let view = site.dir.path().join("plain");
    fs::rename(view.join("2026"), outside.path().join("2026")).unwrap();
    symlink(outside.path().join("2026"), view.join("2026")).unwrap();
    site.client.delete_object().bucket("plain").key("2026/a.jpg").send().await.unwrap();
    assert_eq!(fs::read(outside.path().join("2026/a.jpg")).unwrap(), b"a");
    let site = site.restart().await;
    site.put("plain", "2026/b.jpg", "b").await;
    assert!(!outside.path().join("2026/b.jpg").exists());
}
