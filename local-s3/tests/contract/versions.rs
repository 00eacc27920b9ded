use aws_sdk_s3::types::{BucketVersioningStatus, Delete, ObjectIdentifier, VersioningConfiguration};

use crate::support::{Site, is, refused, site};

async fn put(site: &Site, key: &str, body: &str) -> String {
    let put = site.client.put_object().bucket("kept").key(key).body(body.as_bytes().to_vec().into());
    put.send().await.unwrap().version_id.unwrap()
}

async fn get(site: &Site, key: &str, version: &str) -> Vec<u8> {
    let got = site.client.get_object().bucket("kept").key(key).version_id(version).send().await.unwrap();
    assert_eq!(got.version_id(), Some(version));
    got.body.collect().await.unwrap().to_vec()
}

/// All versions and markers of `kept` as `(key, version, newest, marker)`.
async fn all(site: &Site) -> Vec<(String, String, bool, bool)> {
    let listed = site.client.list_object_versions().bucket("kept").send().await.unwrap();
    let versions = listed.versions().iter().map(|version| {
        (version.key().unwrap(), version.version_id().unwrap(), version.is_latest().unwrap(), false)
    });
    let markers = listed.delete_markers().iter().map(|marker| {
        (marker.key().unwrap(), marker.version_id().unwrap(), marker.is_latest().unwrap(), true)
    });
    versions
        .chain(markers)
        .map(|(key, version, newest, marker)| (key.into(), version.into(), newest, marker))
        .collect()
}

#[tokio::test]
async fn every_version_stays_readable() {
    let site = site().await;
    let one = put(&site, "a", "1").await;
    let two = put(&site, "a", "2").await;
    assert_ne!(one, two);
    assert_eq!(site.get("kept", "a").await, b"2");
    assert_eq!((get(&site, "a", &one).await, get(&site, "a", &two).await), (b"1".to_vec(), b"2".to_vec()));
    let site = site.restart().await;
    assert_eq!(get(&site, "a", &one).await, b"1");
    let versions = all(&site).await;
    let expected = [("a".to_owned(), two, true, false), ("a".to_owned(), one, false, false)];
    assert_eq!(versions, expected, "newest first");
    let unknown = site.client.get_object().bucket("kept").key("a").version_id("nonsense");
    assert_eq!(refused(unknown.send()).await, is(404, "NoSuchVersion"));
}

#[tokio::test]
async fn a_delete_marker_hides_and_lifting_it_shows_again() {
    let site = site().await;
    let one = put(&site, "a", "1").await;
    let deleted = site.client.delete_object().bucket("kept").key("a").send().await.unwrap();
    assert_eq!(deleted.delete_marker(), Some(true));
    let marker = deleted.version_id().unwrap();
    let error = site.client.get_object().bucket("kept").key("a").send().await.unwrap_err();
    let headers = error.raw_response().unwrap().headers();
    assert_eq!(headers.get("x-amz-delete-marker"), Some("true"));
    assert_eq!(headers.get("x-amz-version-id"), Some(marker));
    assert_eq!(refused(site.client.get_object().bucket("kept").key("a").send()).await, is(404, "NoSuchKey"));
    let named = site.client.get_object().bucket("kept").key("a").version_id(marker);
    assert_eq!(refused(named.send()).await, is(405, "MethodNotAllowed"));
    assert!(site.keys("kept").await.is_empty());
    assert_eq!(get(&site, "a", &one).await, b"1");
    assert_eq!(all(&site).await.iter().filter(|version| version.3).count(), 1);

    let site = site.restart().await;
    assert!(site.keys("kept").await.is_empty());
    let lifted = site.client.delete_object().bucket("kept").key("a").version_id(marker).send().await.unwrap();
    assert_eq!((lifted.delete_marker(), lifted.version_id()), (Some(true), Some(marker)));
    assert_eq!(site.get("kept", "a").await, b"1");
}

#[tokio::test]
async fn versions_are_deleted_by_name() {
    let site = site().await;
    let one = put(&site, "a", "1").await;
    let two = put(&site, "a", "2").await;
    let delete = |version: &str| site.client.delete_object().bucket("kept").key("a").version_id(version);
    delete(&two).send().await.unwrap();
    assert_eq!(site.get("kept", "a").await, b"1");
    delete(&one).send().await.unwrap();
    delete(&one).send().await.unwrap();
    assert!(all(&site).await.is_empty());
    assert_eq!(refused(site.client.get_object().bucket("kept").key("a").send()).await, is(404, "NoSuchKey"));
    let store = site.dir.path().join(".s3/store/kept");
    for folder in std::fs::read_dir(store).unwrap().flatten() {
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no folder of a key is left");
    }
}

#[tokio::test]
async fn many_versions_are_deleted_at_once() {
    let site = site().await;
    let one = put(&site, "a", "1").await;
    let two = put(&site, "b", "2").await;
    let objects = [("a", Some(one)), ("b", None)];
    let objects = objects
        .map(|(key, version)| ObjectIdentifier::builder().key(key).set_version_id(version).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.to_vec())).build().unwrap();
    let done = site.client.delete_objects().bucket("kept").delete(delete).send().await.unwrap();
    let marker = done.deleted().iter().find(|deleted| deleted.key() == Some("b")).unwrap();
    assert_eq!(marker.delete_marker(), Some(true));
    assert!(marker.delete_marker_version_id().is_some());
    assert_eq!(get(&site, "b", &two).await, b"2");
    assert_eq!(all(&site).await.len(), 2);
}

#[tokio::test]
async fn pages_of_versions_follow_each_other() {
    let site = site().await;
    for key in ["a", "b", "c/1", "d"] {
        for body in ["1", "2", "3"] {
            put(&site, key, body).await;
        }
    }
    for limit in [1, 2, 5, 100] {
        let (mut found, mut key, mut version) = (Vec::new(), None, None);
        loop {
            let page = site.client.list_object_versions().bucket("kept").max_keys(limit);
            let page = page.set_key_marker(key).set_version_id_marker(version).send().await.unwrap();
            assert!(page.versions().len() <= limit as usize);
            found.extend(page.versions().iter().map(|version| version.version_id().unwrap().to_owned()));
            if page.is_truncated() != Some(true) {
                break;
            }
            (key, version) = (page.next_key_marker, page.next_version_id_marker);
        }
        let expected: Vec<String> = all(&site).await.into_iter().map(|version| version.1).collect();
        assert_eq!(found, expected, "pages of {limit}");
    }
    let rolled = site.client.list_object_versions().bucket("kept").delimiter("/").send().await.unwrap();
    assert_eq!((rolled.versions().len(), rolled.common_prefixes().len()), (9, 1));
}

/// As `bucket.object_versions.delete()` of boto3 does: each page is deleted before the next one is asked for.
#[tokio::test]
async fn a_listing_goes_on_though_its_versions_are_deleted() {
    let site = site().await;
    for key in ["a", "b", "c"] {
        for body in ["1", "2", "3"] {
            put(&site, key, body).await;
        }
    }
    let (mut found, mut key, mut version) = (0, None, None);
    loop {
        let page = site.client.list_object_versions().bucket("kept").max_keys(2);
        let page = page.set_key_marker(key).set_version_id_marker(version).send().await.unwrap();
        for version in page.versions() {
            let delete = site.client.delete_object().bucket("kept").set_key(version.key.clone());
            delete.set_version_id(version.version_id.clone()).send().await.unwrap();
            found += 1;
        }
        if page.is_truncated() != Some(true) {
            break;
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
    assert_eq!(found, 9);
    assert!(all(&site).await.is_empty());
}

#[tokio::test]
async fn a_version_id_serves_as_marker() {
    let site = site().await;
    let one = put(&site, "a", "1").await;
    let two = put(&site, "a", "2").await;
    let list = |marker: &str| {
        let list = site.client.list_object_versions().bucket("kept").key_marker("a");
        list.version_id_marker(marker).send()
    };
    let rest = list(&two).await.unwrap();
    assert_eq!(rest.versions().iter().map(|version| version.version_id()).collect::<Vec<_>>(), [Some(&*one)]);
    assert_eq!(list("unknown").await.unwrap().versions().len(), 2, "rather twice than never");
}

#[tokio::test]
async fn suspending_keeps_versions_and_writes_the_null_version() {
    let site = site().await;
    let one = put(&site, "a", "1").await;
    let status = |status| {
        let configuration = VersioningConfiguration::builder().status(status).build();
        site.client.put_bucket_versioning().bucket("kept").versioning_configuration(configuration).send()
    };
    status(BucketVersioningStatus::Suspended).await.unwrap();
    assert_eq!(put(&site, "a", "2").await, "null");
    assert_eq!(put(&site, "a", "3").await, "null");
    assert_eq!(all(&site).await.len(), 2);
    assert_eq!((get(&site, "a", "null").await, get(&site, "a", &one).await), (b"3".to_vec(), b"1".to_vec()));
    let deleted = site.client.delete_object().bucket("kept").key("a").send().await.unwrap();
    assert_eq!((deleted.delete_marker(), deleted.version_id()), (Some(true), Some("null")));
    assert_eq!(all(&site).await.len(), 2, "the null version gave way to a null marker");
    status(BucketVersioningStatus::Enabled).await.unwrap();
    let four = put(&site, "a", "4").await;
    assert_eq!(all(&site).await.len(), 3);
    assert_eq!(get(&site, "a", &four).await, b"4");
}
