use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, ObjectAttributes, Tag, Tagging,
};

use crate::support::{is, raw, refused, site};

#[tokio::test]
async fn buckets_have_tags() {
    let site = site().await;
    let get = site.client.get_bucket_tagging().bucket("plain");
    assert_eq!(refused(get.send()).await, is(404, "NoSuchTagSet"));
    let tag = |key: &str| Tag::builder().key(key).value("\u{1f600} <&>").build().unwrap();
    let tags = Tagging::builder().tag_set(tag("b")).tag_set(tag("a")).build().unwrap();
    site.client.put_bucket_tagging().bucket("plain").tagging(tags.clone()).send().await.unwrap();
    let twice = Tagging::builder().tag_set(tag("b")).tag_set(tag("b")).build().unwrap();
    let put = site.client.put_bucket_tagging().bucket("plain").tagging(twice);
    assert_eq!(refused(put.send()).await, is(400, "InvalidTag"));
    let site = site.restart().await;
    let got = site.client.get_bucket_tagging().bucket("plain").send().await.unwrap();
    assert_eq!(got.tag_set(), tags.tag_set());
    site.client.delete_bucket_tagging().bucket("plain").send().await.unwrap();
    let get = site.client.get_bucket_tagging().bucket("plain");
    assert_eq!(refused(get.send()).await, is(404, "NoSuchTagSet"));
}

#[tokio::test]
async fn buckets_are_listed_in_pages() {
    let site = site().await;
    for at in 0..5 {
        site.client.create_bucket().bucket(format!("page-{at}")).send().await.unwrap();
    }
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let page = site.client.list_buckets().prefix("page-").max_buckets(2).set_continuation_token(token);
        let page = page.send().await.unwrap();
        assert!(page.buckets().len() <= 2 && page.prefix() == Some("page-"));
        found.extend(page.buckets().iter().map(|bucket| bucket.name().unwrap().to_owned()));
        token = page.continuation_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(found, ["page-0", "page-1", "page-2", "page-3", "page-4"]);
    let exact = site.client.list_buckets().prefix("page-").max_buckets(5).send().await.unwrap();
    assert_eq!((exact.buckets().len(), exact.continuation_token()), (5, None));
    for wrong in [0, -1, 10_001] {
        assert_eq!(
            refused(site.client.list_buckets().max_buckets(wrong).send()).await,
            is(400, "InvalidArgument")
        );
    }
    let wrong = site.client.list_buckets().continuation_token("!");
    assert_eq!(refused(wrong.send()).await, is(400, "InvalidArgument"));
}

#[tokio::test]
async fn tags_are_counted_in_head_and_get() {
    let site = site().await;
    let put = site.client.put_object().bucket("plain").key("a").tagging("a=1&b=2");
    put.send().await.unwrap();
    let get = site.client.get_object().bucket("plain").key("a").send().await.unwrap();
    assert_eq!(get.tag_count(), Some(2));
    let head = site.client.head_object().bucket("plain").key("a").send().await.unwrap();
    assert_eq!(head.tag_count(), Some(2));
    site.put("plain", "b", "x").await;
    assert_eq!(site.client.head_object().bucket("plain").key("b").send().await.unwrap().tag_count(), None);
}

#[tokio::test]
async fn attributes_are_told_without_a_body() {
    let site = site().await;
    let client = &site.client;
    let all = [
        ObjectAttributes::Etag,
        ObjectAttributes::Checksum,
        ObjectAttributes::ObjectParts,
        ObjectAttributes::StorageClass,
        ObjectAttributes::ObjectSize,
    ];
    let ask = |key: &str| {
        client.get_object_attributes().bucket("kept").key(key).set_object_attributes(Some(all.to_vec()))
    };
    let etag = site.put("kept", "a", "hello world").await;
    let whole = ask("a").send().await.unwrap();
    assert_eq!((whole.object_size(), whole.e_tag()), (Some(11), Some(etag.trim_matches('"'))));
    assert_eq!(whole.storage_class().map(|class| class.as_str()), Some("STANDARD"));
    assert!(whole.checksum().is_some() && whole.object_parts().is_none() && whole.version_id().is_some());
    let one = client
        .get_object_attributes()
        .bucket("kept")
        .key("a")
        .object_attributes(ObjectAttributes::ObjectSize);
    let one = one.send().await.unwrap();
    assert_eq!((one.object_size(), one.e_tag(), one.checksum()), (Some(11), None, None));
    assert_eq!(refused(ask("missing").send()).await, is(404, "NoSuchKey"));

    let upload = client.create_multipart_upload().bucket("kept").key("m");
    let upload = upload.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await.unwrap();
    let id = upload.upload_id().unwrap();
    let mut parts = Vec::new();
    for (number, size) in [(1, 5 << 20), (2, 5 << 20), (3, 7)] {
        let part = client.upload_part().bucket("kept").key("m").upload_id(id).part_number(number);
        let part =
            part.checksum_algorithm(ChecksumAlgorithm::Sha256).body(ByteStream::from(vec![b'x'; size]));
        let part = part.send().await.unwrap();
        let named = CompletedPart::builder().part_number(number).e_tag(part.e_tag().unwrap());
        parts.push(named.checksum_sha256(part.checksum_sha256().unwrap()).build());
    }
    let named = CompletedMultipartUpload::builder().set_parts(Some(parts.clone())).build();
    let complete = client.complete_multipart_upload().bucket("kept").key("m").upload_id(id);
    complete.multipart_upload(named).send().await.unwrap();
    let page = ask("m").max_parts(2).send().await.unwrap();
    let shown = page.object_parts().unwrap();
    assert_eq!((shown.total_parts_count(), shown.is_truncated()), (Some(3), Some(true)));
    assert_eq!(shown.parts()[1].checksum_sha256(), parts[1].checksum_sha256());
    let rest = ask("m").part_number_marker(shown.next_part_number_marker().unwrap()).send().await.unwrap();
    let rest = rest.object_parts().unwrap();
    assert_eq!((rest.parts().len(), rest.parts()[0].size(), rest.is_truncated()), (1, Some(7), Some(false)));
}

#[tokio::test]
async fn errors_say_which_request_failed() {
    let site = site().await;
    let answer = raw(&site.server, "GET", "/plain/a%20b%26c", "", b"").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let id = head.lines().find_map(|line| line.strip_prefix("x-amz-request-id: ")).unwrap();
    assert!(body.contains(&format!("<RequestId>{id}</RequestId>")), "{answer}");
    assert!(body.contains("<Resource>/plain/a b&amp;c</Resource>") && body.contains("<HostId>"), "{answer}");
    assert!(body.ends_with("</Error>"), "{answer}");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{answer}");
}

#[tokio::test]
async fn a_bucket_with_only_unfinished_uploads_can_be_deleted() {
    let site = site().await;
    let client = &site.client;
    client.create_bucket().bucket("short-lived").send().await.unwrap();
    let upload = client.create_multipart_upload().bucket("short-lived").key("a").send().await.unwrap();
    let id = upload.upload_id().unwrap();
    let part = client.upload_part().bucket("short-lived").key("a").upload_id(id).part_number(1);
    part.body(ByteStream::from_static(b"x")).send().await.unwrap();
    client.delete_bucket().bucket("short-lived").send().await.unwrap();
    client.create_bucket().bucket("short-lived").send().await.unwrap();
    let uploads = client.list_multipart_uploads().bucket("short-lived").send().await.unwrap();
    assert!(uploads.uploads().is_empty());
    let left = std::fs::read_dir(site.dir.path().join(".s3/uploads")).unwrap().count();
    assert_eq!(left, 0, "the parts are gone");
    client.put_object().bucket("short-lived").key("a").send().await.unwrap();
    assert_eq!(refused(client.delete_bucket().bucket("short-lived").send()).await, is(409, "BucketNotEmpty"));
}
