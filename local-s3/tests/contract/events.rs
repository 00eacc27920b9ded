use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use local_s3::Error;
use serde_json::Value;

use crate::support::{Site, site};

/// `(bucket, key, name)` and the whole record of each event.
async fn events(site: &Site) -> Vec<(String, Value)> {
    let bodies = site.events().await;
    bodies
        .iter()
        .map(|body| {
            let document: Value = serde_json::from_str(body).unwrap();
            let records = document["Records"].as_array().unwrap();
            assert_eq!(records.len(), 1);
            (records[0]["eventName"].as_str().unwrap().to_owned(), records[0].clone())
        })
        .collect()
}

async fn names(site: &Site) -> Vec<String> {
    events(site).await.into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn a_put_is_told_as_s3_tells_it() {
    let site = site().await;
    let put = site.client.put_object().bucket("kept").key("a b+ü/c.jpg").body(b"hello world".to_vec().into());
    let put = put.send().await.unwrap();
    let events = events(&site).await;
    let (name, record) = &events[0];
    assert_eq!(events.len(), 1);
    assert_eq!(name, "ObjectCreated:Put");
    assert_eq!(record["eventVersion"], "2.1");
    assert_eq!(record["eventSource"], "aws:s3");
    assert_eq!(record["awsRegion"], "us-east-1");
    assert_eq!(record["userIdentity"]["principalId"], "AWS:local");
    assert_eq!(record["requestParameters"]["sourceIPAddress"], "127.0.0.1");
    assert_eq!(record["responseElements"]["x-amz-request-id"].as_str().unwrap().len(), 16);
    assert!(record["eventTime"].as_str().unwrap().ends_with('Z'));
    let s3 = &record["s3"];
    assert_eq!(s3["s3SchemaVersion"], "1.0");
    assert!(s3["configurationId"].is_string());
    assert_eq!(s3["bucket"]["name"], "kept");
    assert_eq!(s3["bucket"]["arn"], "arn:aws:s3:::kept");
    assert_eq!(s3["object"]["key"], "a+b%2B%C3%BC/c.jpg");
    assert_eq!(s3["object"]["size"], 11);
    assert_eq!(s3["object"]["eTag"], "5eb63bbbe01eeed093cb22bb8f5acdc3");
    assert_eq!(s3["object"]["versionId"].as_str(), put.version_id());
    let sequencer = s3["object"]["sequencer"].as_str().unwrap();
    assert!(sequencer.len() >= 16 && sequencer.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')));
}

#[tokio::test]
async fn every_kind_of_change_has_its_name() {
    let site = site().await;
    let client = &site.client;
    site.put("noted", "a", "1").await;
    client.copy_object().copy_source("noted/a").bucket("noted").key("b").send().await.unwrap();
    let id =
        client.create_multipart_upload().bucket("noted").key("c").send().await.unwrap().upload_id.unwrap();
    let part = client.upload_part().bucket("noted").key("c").upload_id(&id).part_number(1);
    let part = part.body(b"x".to_vec().into()).send().await.unwrap();
    let part = CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let complete = client.complete_multipart_upload().bucket("noted").key("c").upload_id(&id);
    complete.multipart_upload(parts).send().await.unwrap();
    client.delete_object().bucket("noted").key("a").send().await.unwrap();
    let objects = ["b", "c"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.to_vec())).build().unwrap();
    client.delete_objects().bucket("noted").delete(delete).send().await.unwrap();

    let version = client.put_object().bucket("kept").key("a").send().await.unwrap().version_id.unwrap();
    client.delete_object().bucket("kept").key("a").send().await.unwrap();
    client.delete_object().bucket("kept").key("a").version_id(version).send().await.unwrap();
    assert_eq!(
        names(&site).await,
        [
            "ObjectCreated:Put",
            "ObjectCreated:Copy",
            "ObjectCreated:CompleteMultipartUpload",
            "ObjectRemoved:Delete",
            "ObjectRemoved:Delete",
            "ObjectRemoved:Delete",
            "ObjectCreated:Put",
            "ObjectRemoved:DeleteMarkerCreated",
            "ObjectRemoved:Delete",
        ]
    );
}

#[tokio::test]
async fn only_buckets_that_notify_do_and_only_of_what_happened() {
    let site = site().await;
    site.put("plain", "a", "1").await;
    site.client.delete_object().bucket("noted").key("nothing").send().await.unwrap();
    let refused = site.client.put_object().bucket("noted").key("a").checksum_crc32("AAAAAA==");
    refused.body(b"x".to_vec().into()).send().await.unwrap_err();
    assert!(names(&site).await.is_empty());
    site.put("noted", "a", "1").await;
    site.client.put_object().bucket("noted").key("a").if_none_match("*").send().await.unwrap_err();
    assert_eq!(names(&site).await, ["ObjectCreated:Put"]);
}

#[tokio::test]
async fn sequencers_grow_also_over_a_restart() {
    let mut site = site().await;
    let mut sequencers = Vec::new();
    for round in 0..3 {
        for at in 0..4 {
            site.put("noted", "a", format!("{round} {at}")).await;
        }
        let events = events(&site).await;
        sequencers.extend(
            events.iter().map(|(_, record)| record["s3"]["object"]["sequencer"].as_str().unwrap().to_owned()),
        );
        site = site.restart().await;
    }
    assert_eq!(sequencers.len(), 12);
    assert!(sequencers.is_sorted_by(|one, next| one < next), "{sequencers:?}");
}

#[tokio::test]
async fn an_event_is_in_the_queue_when_the_answer_is_there_and_outlives_the_server() {
    let site = site().await;
    site.put("noted", "a", "1").await;
    assert_eq!(site.server.queue().depth().visible, 1);
    let site = site.restart().await;
    assert_eq!(site.server.queue().depth().visible, 1);
    assert_eq!(names(&site).await, ["ObjectCreated:Put"]);
    let site = site.restart().await;
    assert!(names(&site).await.is_empty());
}

#[tokio::test]
async fn noncurrent_versions_expire_and_each_is_told_of() {
    let site = site().await;
    for (key, body) in [("a", "1"), ("a", "2"), ("b", "1"), ("a", "3")] {
        site.put("kept", key, body).await;
    }
    site.client.delete_object().bucket("kept").key("b").send().await.unwrap();
    site.client.delete_object().bucket("kept").key("c").send().await.unwrap();
    site.events().await; // told of already
    assert_eq!(site.server.expire_noncurrent("kept").await.unwrap(), 3);
    assert_eq!(site.get("kept", "a").await, b"3");
    let listed = site.client.list_object_versions().bucket("kept").send().await.unwrap();
    assert_eq!((listed.versions().len(), listed.delete_markers().len()), (1, 2));

    let mut told = Vec::new();
    for (name, record) in events(&site).await {
        assert_eq!(name, "LifecycleExpiration:Delete");
        assert_eq!(record["eventVersion"], "2.3");
        assert_eq!(record["userIdentity"]["principalId"], "s3.amazonaws.com");
        let object = &record["s3"]["object"];
        assert!(
            object["versionId"].is_string() && object["sequencer"].is_string() && object["eTag"].is_null()
        );
        told.push(object["key"].as_str().unwrap().to_owned());
    }
    told.sort();
    assert_eq!(told, ["a", "a", "b"]);
    assert_eq!(site.server.expire_noncurrent("kept").await.unwrap(), 0);
    assert_eq!(site.server.expire_noncurrent("plain").await.unwrap(), 0);
    let missing = site.server.expire_noncurrent("nowhere").await.unwrap_err();
    assert!(matches!(missing, Error::NoSuchBucket(name) if name == "nowhere"));
}
