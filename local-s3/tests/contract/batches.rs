//! DeleteObjects: the body as clients write it, and many keys at once.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use s3s::crypto::{Checksum, Md5};

use crate::signing::Hand;
use crate::support::{Site, builder, site};

async fn delete(site: &Site, bucket: &str, body: &str) -> String {
    let path = format!("/{bucket}");
    let request = Hand::new("POST", &path).query("delete").body(body);
    request.header("content-md5", BASE64.encode(Md5::checksum(body.as_bytes()))).send(&site.server).await
}

async fn delete_keys(site: &Site, bucket: &str, keys: impl IntoIterator<Item = String>) -> Vec<String> {
    let objects = keys.into_iter().map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.collect())).build().unwrap();
    let done = site.client.delete_objects().bucket(bucket).delete(delete).send().await.unwrap();
    assert!(done.errors().is_empty(), "{done:?}");
    done.deleted().iter().map(|deleted| deleted.key().unwrap().to_owned()).collect()
}

/// The keys that an answer names as deleted, as text of XML.
fn deleted(answer: &str) -> Vec<&str> {
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    assert!(answer.starts_with("HTTP/1.1 200") && !body.contains("<Error>"), "{answer}");
    body.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap()).collect()
}

#[tokio::test]
async fn keys_are_read_as_xml_says() {
    let site = site().await;
    for (written, key, answered) in [
        ("a&#x1F600;b", "a\u{1f600}b", "a\u{1f600}b"),
        ("a&#128512;b", "a\u{1f600}b", "a\u{1f600}b"),
        ("&#x10000;&#x10FFFD;", "\u{10000}\u{10fffd}", "\u{10000}\u{10fffd}"),
        ("\u{1f4f7}.jpg", "\u{1f4f7}.jpg", "\u{1f4f7}.jpg"),
        ("<![CDATA[a&b<c>]]>", "a&b<c>", "a&amp;b&lt;c&gt;"),
        ("x<![CDATA[y]]>z", "xyz", "xyz"),
        ("a<!-- no part of it -->b", "ab", "ab"),
        ("&amp;&lt;&gt;&quot;&apos;", "&<>\"'", "&amp;&lt;&gt;\"'"),
        ("e&#x301;", "e\u{301}", "e\u{301}"),
    ] {
        site.put("plain", key, "x").await;
        site.put("plain", "other", "x").await;
        let answer =
            delete(&site, "plain", &format!("<Delete><Object><Key>{written}</Key></Object></Delete>")).await;
        let unescaped = deleted(&answer).concat().replace("&quot;", "\"").replace("&apos;", "'");
        assert_eq!(unescaped, answered, "{written}");
        assert_eq!(site.keys("plain").await, ["other"], "{written}");
    }
    let prefixed = "<?xml version='1.0' encoding='UTF-8'?><s3:Delete xmlns:s3='http://s3.amazonaws.com/doc/2006-03-01/'>\
                    <!-- all --><s3:Quiet>true</s3:Quiet><s3:Object><s3:Key>other</s3:Key></s3:Object></s3:Delete>";
    assert!(deleted(&delete(&site, "plain", prefixed).await).is_empty());
    assert!(site.keys("plain").await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_deletes_nothing() {
    let site = site().await;
    site.put("plain", "a", "x").await;
    let object = |key: &str| format!("<Object><Key>a</Key></Object><Object><Key>{key}</Key></Object>");
    let many: String = (0..1001).map(|at| format!("<Object><Key>{at}</Key></Object>")).collect();
    for body in [
        format!("<Delete>{}</Delete>", object("&#xD83D;&#xDE00;")),
        format!("<Delete>{}</Delete>", object("&#xD83D;")),
        format!("<Delete>{}</Delete>", object("&unknown;")),
        format!("<Delete>{}</Delete>", object("&#0;")),
        format!("<Delete>{}</Delete>", object("")),
        format!("<Delete>{}", object("b")),
        format!("<!DOCTYPE Delete [<!ENTITY k 'a'>]><Delete>{}</Delete>", object("&k;")),
        format!("<Delete>{many}</Delete>"),
        "<Delete></Delete>".into(),
        "<Delete><Object><Name>a</Name></Object></Delete>".into(),
        "<Other><Object><Key>a</Key></Object></Other>".into(),
        "a".into(),
    ] {
        let answer = delete(&site, "plain", &body).await;
        let is_malformed = answer.starts_with("HTTP/1.1 400") && answer.contains("<Code>MalformedXML</Code>");
        assert!(is_malformed, "{body:.90}: {answer}");
    }
    let body = "<Delete><Object><Key>a</Key></Object></Delete>";
    let unchecked = Hand::new("POST", "/plain").query("delete").body(body).send(&site.server).await;
    assert!(
        unchecked.contains("<Code>InvalidRequest</Code>") && unchecked.contains("Content-MD5"),
        "{unchecked}"
    );
    for (name, value, code) in [
        ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==", "BadDigest"),
        ("content-md5", "short", "InvalidDigest"),
        ("x-amz-checksum-crc32", "AAAAAA==", "BadDigest"),
    ] {
        let wrong = Hand::new("POST", "/plain").query("delete").body(body).header(name, value);
        let answer = wrong.send(&site.server).await;
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains(code), "{name}: {answer}");
    }
    let mut other_hash = Hand::new("POST", "/plain").query("delete").body(body);
    let hash = "0".repeat(64);
    other_hash.payload = Some(&hash);
    let answer = other_hash
        .header("content-md5", BASE64.encode(Md5::checksum(body.as_bytes())))
        .send(&site.server)
        .await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("XAmzContentSHA256Mismatch"), "{answer}");
    assert_eq!(site.keys("plain").await, ["a"]);
}

#[tokio::test]
async fn a_thousand_keys_are_removed_at_once_and_each_has_its_event() {
    let site = site().await;
    let keys: Vec<String> = (0..1000).map(|at| format!("dir/{at:04}")).collect();
    for bucket in ["plain", "noted", "kept"] {
        let puts = keys.iter().map(|key| site.put(bucket, key, "x"));
        futures::future::join_all(puts).await;
    }
    assert_eq!(site.events().await.len(), 2000);
    for bucket in ["plain", "noted", "kept"] {
        assert_eq!(delete_keys(&site, bucket, keys.clone()).await, keys);
        assert!(site.keys(bucket).await.is_empty());
    }
    let events = site.events().await;
    let count = |name: &str| events.iter().filter(|event| event.contains(name)).count();
    assert_eq!((count("ObjectRemoved:Delete\""), count("ObjectRemoved:DeleteMarkerCreated")), (1000, 1000));
    let site = site.restart().await;
    for bucket in ["plain", "noted", "kept"] {
        assert!(site.keys(bucket).await.is_empty());
    }
    assert_eq!(site.server.queue().depth().visible, 0, "everything was dealt with before");
    let versions = site.client.list_object_versions().bucket("kept").send().await.unwrap();
    assert_eq!(versions.versions().len() + versions.delete_markers().len(), 1000);
    assert!(versions.is_truncated().unwrap());
}

#[tokio::test]
async fn a_key_may_come_twice_and_conditions_fail_alone() {
    let site = site().await;
    site.put("kept", "a", "1").await;
    let etag = site.put("kept", "b", "22").await;
    let body = format!(
        "<Delete><Object><Key>a</Key></Object><Object><Key>a</Key></Object>\
         <Object><Key>b</Key><ETag>&quot;0&quot;</ETag></Object><Object><Key>b</Key><Size>3</Size></Object>\
         <Object><Key>b</Key><ETag>{}</ETag><Size>2</Size></Object></Delete>",
        etag.replace('"', "&quot;")
    );
    let answer = delete(&site, "kept", &body).await;
    assert_eq!(answer.matches("<Deleted>").count(), 3, "{answer}");
    assert_eq!(answer.matches("<Code>PreconditionFailed</Code>").count(), 2, "{answer}");
    let versions = site.client.list_object_versions().bucket("kept").send().await.unwrap();
    assert_eq!(versions.delete_markers().iter().filter(|marker| marker.key() == Some("a")).count(), 2);
    assert_eq!(versions.delete_markers().iter().filter(|marker| marker.key() == Some("b")).count(), 1);
}

#[tokio::test]
async fn a_committed_batch_survives_a_power_cut() {
    let site = site().await;
    // Many, so that their record lies there for a while.
    let gone: Vec<String> = (0..200).map(|at| format!("gone/{at:03}")).collect();
    futures::future::join_all(gone.iter().map(|key| site.put("noted", key, "x"))).await;
    site.put("noted", "stays", "x").await;
    assert_eq!(site.events().await.len(), 201);
    let before = tempfile::tempdir().unwrap();
    copy(site.dir.path(), before.path());
    // The server is stopped before its record is settled: only the record has reached the disk.
    let record = tokio::task::spawn_blocking({
        let folder = site.dir.path().join(".s3/batches");
        move || loop {
            for entry in std::fs::read_dir(&folder).unwrap().flatten() {
                if entry.path().extension().is_some_and(|extension| extension == "json")
                    && let Ok(bytes) = std::fs::read(entry.path())
                {
                    return (entry.file_name(), bytes);
                }
            }
        }
    });
    delete_keys(&site, "noted", gone).await;
    let (name, bytes) = record.await.unwrap();
    std::fs::write(before.path().join(".s3/batches").join(name), bytes).unwrap();

    let server = builder(before.path()).start().await.unwrap();
    let client = crate::support::client(&server, "local", "locallocal");
    let site = Site { server, client, dir: before };
    assert_eq!(site.keys("noted").await, ["stays"]);
    let events = site.events().await;
    assert_eq!(events.iter().filter(|event| event.contains("ObjectRemoved:Delete")).count(), 200);
    assert_eq!(std::fs::read_dir(site.dir.path().join(".s3/batches")).unwrap().count(), 0);
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_marker_of_a_batch_can_be_removed_at_once() {
    let site = site().await;
    site.put("kept", "a", "x").await;
    delete_keys(&site, "kept", ["a".to_owned()]).await;
    let versions = site.client.list_object_versions().bucket("kept").send().await.unwrap();
    let marker = versions.delete_markers()[0].version_id().unwrap();
    site.client.delete_object().bucket("kept").key("a").version_id(marker).send().await.unwrap();
    let site = site.restart().await;
    assert_eq!(site.get("kept", "a").await, b"x");
}
