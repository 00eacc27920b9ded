use aws_sdk_s3::types::{ChecksumMode, MetadataDirective, TaggingDirective};

use crate::support::{is, refused, site};

#[tokio::test]
async fn a_copy_has_the_bytes_and_what_was_attached() {
    let site = site().await;
    let put =
        site.client.put_object().bucket("plain").key("from ü").metadata("m", "1").content_type("image/png");
    let put = put.tagging("t=1").body(b"bytes".to_vec().into()).send().await.unwrap();
    let copy = site.client.copy_object().copy_source("plain/from%20%C3%BC").bucket("kept").key("to");
    let copied = copy.send().await.unwrap();
    assert!(copied.version_id().is_some());
    assert_eq!(copied.copy_object_result().unwrap().e_tag(), put.e_tag());
    let got = site.client.get_object().bucket("kept").key("to").checksum_mode(ChecksumMode::Enabled);
    let got = got.send().await.unwrap();
    assert_eq!(got.content_type(), Some("image/png"));
    assert_eq!(got.metadata().unwrap()["m"], "1");
    assert_eq!(got.tag_count(), Some(1));
    assert_eq!(got.checksum_crc32(), put.checksum_crc32());
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"bytes");
}

#[tokio::test]
async fn what_is_attached_can_be_replaced() {
    let site = site().await;
    let put = site.client.put_object().bucket("plain").key("a").metadata("m", "1").tagging("t=1");
    put.body(b"bytes".to_vec().into()).send().await.unwrap();
    let onto_itself = || site.client.copy_object().copy_source("plain/a").bucket("plain").key("a");
    assert_eq!(refused(onto_itself().send()).await, is(400, "InvalidRequest"));
    let replace = onto_itself().metadata_directive(MetadataDirective::Replace).metadata("n", "2");
    replace.content_type("text/plain").send().await.unwrap();
    let head = site.client.head_object().bucket("plain").key("a").send().await.unwrap();
    assert_eq!(head.content_type(), Some("text/plain"));
    assert_eq!(head.metadata().unwrap().len(), 1);
    assert_eq!(head.metadata().unwrap()["n"], "2");
    assert_eq!(site.get("plain", "a").await, b"bytes");

    let copy = site.client.copy_object().copy_source("plain/a").bucket("plain").key("b");
    copy.tagging_directive(TaggingDirective::Replace).tagging("u=2&v=3").send().await.unwrap();
    let tags = site.client.get_object_tagging().bucket("plain").key("b").send().await.unwrap();
    assert_eq!(tags.tag_set().len(), 2);
}

#[tokio::test]
async fn conditions_on_the_source_are_heeded() {
    let site = site().await;
    let etag = site.put("plain", "a", "x").await;
    let copy = || site.client.copy_object().copy_source("plain/a").bucket("plain").key("b");
    assert_eq!(refused(copy().copy_source_if_match("\"y\"").send()).await, is(412, "PreconditionFailed"));
    assert_eq!(refused(copy().copy_source_if_none_match(&etag).send()).await, is(412, "PreconditionFailed"));
    copy().copy_source_if_match(&etag).send().await.unwrap();
    let missing = site.client.copy_object().copy_source("plain/nothing").bucket("plain").key("b");
    assert_eq!(refused(missing.send()).await, is(404, "NoSuchKey"));
}

#[tokio::test]
async fn an_old_version_can_be_copied_back() {
    let site = site().await;
    let first =
        site.client.put_object().bucket("kept").key("a").body(b"1".to_vec().into()).send().await.unwrap();
    site.put("kept", "a", "2").await;
    let source = format!("kept/a?versionId={}", first.version_id().unwrap());
    let copied = site.client.copy_object().copy_source(source).bucket("kept").key("a").send().await.unwrap();
    assert_eq!(copied.copy_source_version_id(), first.version_id());
    assert_eq!(site.get("kept", "a").await, b"1");
}
