use aws_sdk_s3::types::{Delete, EncodingType, ObjectIdentifier};

use crate::support::{is, refused, site};

#[tokio::test]
async fn pages_follow_each_other() {
    let site = site().await;
    let keys: Vec<String> = (0..25).map(|at| format!("k{at:02}")).collect();
    for key in &keys {
        site.put("plain", key, "x").await;
    }
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let page =
            site.client.list_objects_v2().bucket("plain").max_keys(10).set_continuation_token(token.clone());
        let page = page.send().await.unwrap();
        assert!(page.key_count().unwrap() <= 10);
        found.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        token = page.next_continuation_token().map(str::to_owned);
        assert_eq!(page.is_truncated(), Some(token.is_some()));
        if token.is_none() {
            break;
        }
    }
    assert_eq!(found, keys);
    let rest = site.client.list_objects_v2().bucket("plain").start_after("k22").send().await.unwrap();
    assert_eq!(rest.contents().len(), 2);
    let wrong = site.client.list_objects_v2().bucket("plain").continuation_token("!");
    assert_eq!(refused(wrong.send()).await, is(400, "InvalidArgument"));
}

#[tokio::test]
async fn version_one_lists_by_marker() {
    let site = site().await;
    for key in ["a/1", "a/2", "b", "c/1", "d"] {
        site.put("plain", key, "x").await;
    }
    let (mut found, mut marker) = (Vec::new(), None);
    loop {
        let page = site.client.list_objects().bucket("plain").delimiter("/").max_keys(2).set_marker(marker);
        let page = page.send().await.unwrap();
        found.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        found.extend(page.common_prefixes().iter().map(|prefix| prefix.prefix().unwrap().to_owned()));
        marker = page.next_marker().map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(found, ["b", "a/", "d", "c/"]);
}

#[tokio::test]
async fn a_delimiter_makes_folders() {
    let site = site().await;
    for key in ["2024/a", "2024/b/c", "2025/a", "top"] {
        site.put("plain", key, "xyz").await;
    }
    let top = site.client.list_objects_v2().bucket("plain").delimiter("/").send().await.unwrap();
    let prefixes: Vec<_> = top.common_prefixes().iter().filter_map(|prefix| prefix.prefix()).collect();
    assert_eq!(prefixes, ["2024/", "2025/"]);
    assert_eq!(top.contents().len(), 1);
    assert_eq!(top.contents()[0].size(), Some(3));
    assert_eq!(top.contents()[0].e_tag(), Some("\"d16fb36f0911f878998c136191af705e\""));
    assert_eq!(top.key_count(), Some(3));
    let below =
        site.client.list_objects_v2().bucket("plain").prefix("2024/").delimiter("/").send().await.unwrap();
    assert_eq!(below.contents()[0].key(), Some("2024/a"));
    assert_eq!(below.common_prefixes()[0].prefix(), Some("2024/b/"));
}

#[tokio::test]
async fn keys_can_be_listed_encoded() {
    let site = site().await;
    site.put("plain", "a b+ü/c&d", "x").await;
    let page =
        site.client.list_objects_v2().bucket("plain").encoding_type(EncodingType::Url).send().await.unwrap();
    assert_eq!(page.encoding_type(), Some(&EncodingType::Url));
    assert_eq!(page.contents()[0].key(), Some("a%20b%2B%C3%BC/c%26d"));
}

#[tokio::test]
async fn many_keys_are_deleted_at_once() {
    let site = site().await;
    for at in 0..5 {
        site.put("plain", &format!("k{at}"), "x").await;
    }
    let objects =
        ["k0", "k1", "k2", "missing"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.to_vec())).build().unwrap();
    let done = site.client.delete_objects().bucket("plain").delete(delete).send().await.unwrap();
    assert_eq!(done.deleted().len(), 4);
    assert!(done.errors().is_empty());
    assert_eq!(site.keys("plain").await, ["k3", "k4"]);
    let object = ObjectIdentifier::builder().key("k3").build().unwrap();
    let delete = Delete::builder().objects(object).quiet(true).build().unwrap();
    let done = site.client.delete_objects().bucket("plain").delete(delete).send().await.unwrap();
    assert!(done.deleted().is_empty());
    assert_eq!(site.keys("plain").await, ["k4"]);
}
