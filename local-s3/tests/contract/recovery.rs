use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{builder, is, refused, site};

/// All files below the private part of a data directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.join(".s3")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    found.sort();
    found
}

fn file_with(dir: &Path, ending: &str) -> PathBuf {
    let is_wanted =
        |path: &PathBuf| path.starts_with(dir.join(".s3/store")) && path.to_str().unwrap().ends_with(ending);
    files(dir).into_iter().find(is_wanted).unwrap()
}

#[tokio::test]
async fn leftovers_of_unfinished_writes_are_removed() {
    let site = site().await;
    site.put("plain", "a", "whole").await;
    let dir = site.dir.path().to_path_buf();
    let data = file_with(&dir, ".data");
    let folder = data.parent().unwrap().to_path_buf();
    let id = site
        .client
        .create_multipart_upload()
        .bucket("plain")
        .key("m")
        .send()
        .await
        .unwrap()
        .upload_id
        .unwrap();
    let crate::support::Site { server, dir: guard, .. } = site;
    server.stop().await;
    let before = files(&dir);

    fs::write(dir.join(".s3/tmp/123-4"), b"half a body").unwrap();
    fs::write(folder.join("FFFFFFFFFFFFFFF0.data"), b"bytes whose version was never committed").unwrap();
    fs::write(folder.join("FFFFFFFFFFFFFFF0.7.unfinished"), b"{\"key\":\"a\",\"seq").unwrap();
    let other = folder.parent().unwrap().join("0".repeat(64));
    fs::create_dir(&other).unwrap();
    fs::write(other.join("FFFFFFFFFFFFFFF1.data"), b"bytes of a first version").unwrap();
    let orphan = dir.join(".s3/uploads/orphan");
    fs::create_dir(&orphan).unwrap();
    fs::write(orphan.join("00001-0000000000000001.data"), b"part of nothing").unwrap();
    fs::write(dir.join(".s3/uploads").join(&id).join("00001-0000000000000001.data"), b"no record").unwrap();
    fs::write(dir.join(".s3/queue/ready/x.9.unfinished"), b"{").unwrap();

    let server = builder(&dir).start().await.unwrap();
    let site = crate::support::Site {
        client: crate::support::client(&server, "local", "locallocal"),
        server,
        dir: guard,
    };
    assert_eq!(site.get("plain", "a").await, b"whole");
    assert_eq!(site.keys("plain").await, ["a"]);
    let uploads = site.client.list_multipart_uploads().bucket("plain").send().await.unwrap();
    assert_eq!(uploads.uploads().len(), 1);
    assert_eq!(files(&dir), before);
}

#[tokio::test]
async fn of_two_null_versions_the_newer_one_counts() {
    let site = site().await;
    site.put("plain", "a", "old").await;
    let (json, data) = (file_with(site.dir.path(), ".json"), file_with(site.dir.path(), ".data"));
    let (old_json, old_data) = (fs::read(&json).unwrap(), fs::read(&data).unwrap());
    site.put("plain", "a", "new").await;
    // As if the process had ended between the commit of the new version and the removal of the old one.
    fs::write(&json, old_json).unwrap();
    fs::write(&data, old_data).unwrap();
    let site = site.restart().await;
    assert_eq!(site.get("plain", "a").await, b"new");
    assert!(!json.exists() && !data.exists());
}

#[tokio::test]
async fn a_version_without_its_bytes_does_not_oust_one_that_is_whole() {
    let site = site().await;
    site.put("plain", "a", "old").await;
    let (json, data) = (file_with(site.dir.path(), ".json"), file_with(site.dir.path(), ".data"));
    let (old_json, old_data) = (fs::read(&json).unwrap(), fs::read(&data).unwrap());
    site.put("plain", "a", "new").await;
    fs::remove_file(file_with(site.dir.path(), ".data")).unwrap();
    fs::write(&json, old_json).unwrap();
    fs::write(&data, old_data).unwrap();
    let site = site.restart().await;
    assert_eq!(site.get("plain", "a").await, b"old");
    site.put("plain", "b", "lost").await;
    fs::remove_file(&data).unwrap();
    let site = site.restart().await;
    assert_eq!(site.keys("plain").await, ["b"]);
}

#[tokio::test]
async fn what_fails_after_the_commit_takes_nothing_back() {
    let site = site().await;
    let ready = site.dir.path().join(".s3/queue/ready");
    fs::rename(&ready, ready.with_extension("away")).unwrap(); // so that no event can be published
    site.put("noted", "a", "kept").await;
    assert_eq!(site.get("noted", "a").await, b"kept");
    fs::rename(ready.with_extension("away"), &ready).unwrap();
    assert_eq!(site.events().await.len(), 1, "the event is sent nevertheless");

    site.put("plain", "a", "old").await;
    let site = site.restart().await;
    assert_eq!(site.get("noted", "a").await, b"kept");
    for file in files(site.dir.path()) {
        if file.starts_with(site.dir.path().join(".s3/store/plain")) && file.extension().unwrap() == "json" {
            fs::remove_file(&file).unwrap();
            fs::create_dir(&file).unwrap(); // so that the replaced version cannot be removed
        }
    }
    site.put("plain", "a", "new").await;
    assert_eq!(site.get("plain", "a").await, b"new");
}

#[tokio::test]
async fn a_staged_event_is_sent_if_its_change_was_committed_and_forgotten_if_not() {
    let site = site().await;
    site.put("noted", "a", "1").await;
    let dir = site.dir.path().to_path_buf();
    let ready: Vec<_> =
        fs::read_dir(dir.join(".s3/queue/ready")).unwrap().flatten().map(|entry| entry.path()).collect();
    assert_eq!(ready.len(), 1);
    let message = fs::read_to_string(&ready[0]).unwrap();
    let crate::support::Site { server, dir: _guard, .. } = site;
    server.stop().await;
    // As if the process had ended after the commit, before the event was published …
    fs::rename(&ready[0], dir.join(".s3/queue/staged").join(ready[0].file_name().unwrap())).unwrap();
    // … and, another time, before a commit.
    let mut never: serde_json::Value = serde_json::from_str(&message).unwrap();
    never["id"] = "FFFFFFFFFFFFFF00".into();
    never["cause"]["key"] = "never".into();
    fs::write(dir.join(".s3/queue/staged/FFFFFFFFFFFFFF00.json"), never.to_string()).unwrap();

    let server = builder(&dir).start().await.unwrap();
    assert_eq!(server.queue().depth().visible, 1);
    let events = crate::support::drain(&server.queue()).await;
    assert!(events[0].contains("\"key\":\"a\""), "{events:?}");
    assert_eq!(fs::read_dir(dir.join(".s3/queue/staged")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_completed_upload_is_not_offered_again() {
    let site = site().await;
    let dir = site.dir.path().to_path_buf();
    let id = site
        .client
        .create_multipart_upload()
        .bucket("plain")
        .key("m")
        .send()
        .await
        .unwrap()
        .upload_id
        .unwrap();
    let part = site.client.upload_part().bucket("plain").key("m").upload_id(&id).part_number(1);
    let part = part.body(b"x".to_vec().into()).send().await.unwrap();
    let record = fs::read(dir.join(".s3/uploads").join(&id).join("upload.json")).unwrap();
    let part = aws_sdk_s3::types::CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).build();
    let parts = aws_sdk_s3::types::CompletedMultipartUpload::builder().parts(part).build();
    let complete = || {
        let complete = site.client.complete_multipart_upload().bucket("plain").key("m").upload_id(&id);
        complete.multipart_upload(parts.clone())
    };
    complete().send().await.unwrap();
    // As if the process had ended before the upload was cleared away.
    fs::create_dir(dir.join(".s3/uploads").join(&id)).unwrap();
    fs::write(dir.join(".s3/uploads").join(&id).join("upload.json"), record).unwrap();
    let site = site.restart().await;
    let again = site.client.list_parts().bucket("plain").key("m").upload_id(&id);
    assert_eq!(refused(again.send()).await, is(404, "NoSuchUpload"));
    assert_eq!(site.get("plain", "m").await, b"x");
}

#[tokio::test]
async fn one_server_at_a_time_uses_a_directory() {
    let site = site().await;
    let error = builder(site.dir.path()).start().await.unwrap_err();
    assert!(error.to_string().contains("in use"), "{error}");
    let site = site.restart().await;
    assert!(site.keys("plain").await.is_empty());
}

#[tokio::test]
async fn a_damaged_file_is_named() {
    let site = site().await;
    site.put("plain", "a", "x").await;
    let json = file_with(site.dir.path(), ".json");
    fs::write(&json, b"{").unwrap();
    let crate::support::Site { server, dir, .. } = site;
    server.stop().await;
    let error = builder(dir.path()).start().await.unwrap_err().to_string();
    assert!(error.contains(json.file_name().unwrap().to_str().unwrap()), "{error}");
}
