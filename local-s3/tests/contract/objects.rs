use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{Tag, Tagging};
use local_s3::Bucket;

use crate::support::{client, is, raw, refused, site, site_with, target};

#[tokio::test]
async fn what_was_put_is_got_with_all_that_was_attached() {
    let site = site().await;
    let expires = DateTime::from_secs(2_000_000_000);
    site.client
        .put_object()
        .bucket("plain")
        .key("photo.jpg")
        .body(ByteStream::from_static(b"hello world"))
        .content_type("image/jpeg")
        .cache_control("public, max-age=60")
        .content_disposition("inline; filename=\"x.jpg\"")
        .content_encoding("gzip")
        .content_language("en")
        .expires(expires)
        .metadata("alt", "A cat")
        .metadata("caption", "Ümlaut")
        .send()
        .await
        .unwrap();
    let got = site.client.get_object().bucket("plain").key("photo.jpg").send().await.unwrap();
    assert_eq!(got.e_tag(), Some("\"5eb63bbbe01eeed093cb22bb8f5acdc3\""));
    assert_eq!(got.content_length(), Some(11));
    assert_eq!(got.content_type(), Some("image/jpeg"));
    assert_eq!(got.cache_control(), Some("public, max-age=60"));
    assert_eq!(got.content_disposition(), Some("inline; filename=\"x.jpg\""));
    assert_eq!(got.content_encoding(), Some("gzip"));
    assert_eq!(got.content_language(), Some("en"));
    assert_eq!(got.accept_ranges(), Some("bytes"));
    assert_eq!(got.version_id(), None);
    let metadata = got.metadata().unwrap();
    assert_eq!(metadata["alt"], "A cat");
    // As S3 does: what is not ASCII comes back as RFC 2047 has it.
    assert_eq!(metadata["caption"], "=?UTF-8?B?w5xtbGF1dA==?=");
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello world");

    let head = site.client.head_object().bucket("plain").key("photo.jpg").send().await.unwrap();
    assert_eq!(head.content_length(), Some(11));
    assert_eq!(head.content_type(), Some("image/jpeg"));
    assert_eq!(head.metadata().unwrap()["alt"], "A cat");
    assert!(head.last_modified().unwrap().secs() > 1_600_000_000);

    let requests = site.server.requests();
    assert_eq!((requests.get("PutObject"), requests.get("GetObject"), requests.get("HeadObject")), (1, 1, 1));
    assert_eq!(requests.get("ListObjectsV2"), 0);
    assert_eq!(requests.total(), 3);
}

#[tokio::test]
async fn an_overwritten_object_is_the_new_one() {
    let site = site().await;
    site.put("plain", "a", "one").await;
    site.put("plain", "a", "two!").await;
    assert_eq!(site.get("plain", "a").await, b"two!");
    assert_eq!(site.keys("plain").await, ["a"]);
}

#[tokio::test]
async fn an_object_may_be_empty() {
    let site = site().await;
    site.put("plain", "empty", "").await;
    assert_eq!(site.get("plain", "empty").await, b"");
}

#[tokio::test]
async fn a_large_object_survives_the_way() {
    let site = site().await;
    let body: Vec<u8> = (0..9_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    site.put("plain", "large", body.clone()).await;
    assert!(site.get("plain", "large").await == body);
}

#[tokio::test]
async fn missing_things_have_their_own_errors() {
    let site = site().await;
    let client = &site.client;
    assert_eq!(refused(client.get_object().bucket("plain").key("x").send()).await, is(404, "NoSuchKey"));
    assert_eq!(refused(client.get_object().bucket("nobody").key("x").send()).await, is(404, "NoSuchBucket"));
    assert_eq!(refused(client.head_object().bucket("plain").key("x").send()).await.0, 404);
    let put = client.put_object().bucket("nobody").key("x").body(ByteStream::from_static(b"x"));
    assert_eq!(refused(put.send()).await, is(404, "NoSuchBucket"));
    client.delete_object().bucket("plain").key("x").send().await.unwrap();
}

#[tokio::test]
async fn ranges_are_parts_of_the_object() {
    let site = site().await;
    site.put("plain", "a", "0123456789").await;
    for (range, expected, said) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=8-100", "89", "bytes 8-9/10"),
    ] {
        let got = site.client.get_object().bucket("plain").key("a").range(range).send().await.unwrap();
        assert_eq!(got.content_range(), Some(said));
        assert_eq!(got.content_length(), Some(expected.len() as i64));
        assert_eq!(got.body.collect().await.unwrap().to_vec(), expected.as_bytes());
    }
    let beyond = site.client.get_object().bucket("plain").key("a").range("bytes=10-");
    assert_eq!(refused(beyond.send()).await, is(416, "InvalidRange"));
    let head = site.client.head_object().bucket("plain").key("a").range("bytes=2-4").send().await.unwrap();
    assert_eq!(head.content_length(), Some(3));
}

#[tokio::test]
async fn what_is_no_range_is_ignored() {
    let site = site_with(|builder| builder.bucket(Bucket::new("shown").public_read(true))).await;
    for bucket in ["plain", "shown"] {
        site.put(bucket, "a", "0123456789").await;
    }
    let minute = PresigningConfig::expires_in(std::time::Duration::from_secs(60)).unwrap();
    for range in ["bytes=5-2", "bites=1", "bytes=", "bytes=0-1,4-5", "5"] {
        let get = || site.client.get_object().bucket("plain").key("a").range(range);
        let got = get().send().await.unwrap();
        assert_eq!((got.content_range(), got.content_length()), (None, Some(10)), "{range}");
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"0123456789");
        let head = site.client.head_object().bucket("plain").key("a").range(range).send().await.unwrap();
        assert_eq!((head.content_range(), head.content_length()), (None, Some(10)), "{range}");
        assert_eq!(refused(get().key("b").send()).await, is(404, "NoSuchKey"));
        let wrong = client(&site.server, "local", "wrong").get_object().bucket("plain").key("a").range(range);
        assert_eq!(refused(wrong.send()).await, is(403, "SignatureDoesNotMatch"));

        let header = format!("range: {range}\r\n");
        let url = get().presigned(minute.clone()).await.unwrap();
        for (target, status) in [(target(url.uri()), 200), ("/shown/a", 200), ("/plain/a", 403)] {
            let answer = raw(&site.server, "GET", target, &header, b"").await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{range} {target}: {answer}");
            assert_eq!(answer.ends_with("0123456789"), status == 200, "{range} {target}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_get_may_ask_for_other_headers() {
    let site = site().await;
    site.put("plain", "a", "x").await;
    let got = site
        .client
        .get_object()
        .bucket("plain")
        .key("a")
        .response_content_type("text/plain")
        .response_content_disposition("attachment")
        .response_cache_control("no-store")
        .send()
        .await
        .unwrap();
    assert_eq!(got.content_type(), Some("text/plain"));
    assert_eq!(got.content_disposition(), Some("attachment"));
    assert_eq!(got.cache_control(), Some("no-store"));
}

#[tokio::test]
async fn too_much_metadata_is_refused() {
    let site = site().await;
    let put = site.client.put_object().bucket("plain").key("a").metadata("m", "x".repeat(2048));
    assert_eq!(refused(put.send()).await, is(400, "MetadataTooLarge"));
    assert!(site.keys("plain").await.is_empty());
}

#[tokio::test]
async fn tags_come_with_a_put_and_can_be_changed() {
    let site = site().await;
    let client = &site.client;
    client.put_object().bucket("plain").key("a").tagging("kind=photo&who=me+too").send().await.unwrap();
    let tags = client.get_object_tagging().bucket("plain").key("a").send().await.unwrap();
    let pairs: Vec<_> = tags.tag_set().iter().map(|tag| (tag.key(), tag.value())).collect();
    assert_eq!(pairs, [("kind", "photo"), ("who", "me too")]);
    assert_eq!(client.get_object().bucket("plain").key("a").send().await.unwrap().tag_count(), Some(2));

    let tag = Tag::builder().key("only").value("one").build().unwrap();
    let tagging = Tagging::builder().tag_set(tag).build().unwrap();
    client.put_object_tagging().bucket("plain").key("a").tagging(tagging).send().await.unwrap();
    let site = site.restart().await;
    let tags = site.client.get_object_tagging().bucket("plain").key("a").send().await.unwrap();
    assert_eq!(tags.tag_set().len(), 1);
    assert_eq!(tags.tag_set()[0].value(), "one");
    site.client.delete_object_tagging().bucket("plain").key("a").send().await.unwrap();
    let tags = site.client.get_object_tagging().bucket("plain").key("a").send().await.unwrap();
    assert!(tags.tag_set().is_empty());
    let missing = site.client.get_object_tagging().bucket("plain").key("b");
    assert_eq!(refused(missing.send()).await, is(404, "NoSuchKey"));
}

#[tokio::test]
async fn a_body_shorter_than_its_length_leaves_nothing() {
    let site = site().await;
    let url = site
        .client
        .put_object()
        .bucket("plain")
        .key("cut")
        .presigned(
            aws_sdk_s3::presigning::PresigningConfig::expires_in(std::time::Duration::from_secs(60)).unwrap(),
        )
        .await
        .unwrap();
    {
        use tokio::io::AsyncWriteExt;
        let mut stream = tokio::net::TcpStream::connect(site.server.address()).await.unwrap();
        let head = format!(
            "PUT {} HTTP/1.1\r\nhost: {}\r\ncontent-length: 1000\r\n\r\nonly this",
            target(url.uri()),
            site.server.address()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
    assert_eq!(
        refused(site.client.get_object().bucket("plain").key("cut").send()).await,
        is(404, "NoSuchKey")
    );
    let whole = raw(&site.server, "PUT", target(url.uri()), "", b"all of it").await;
    assert!(whole.starts_with("HTTP/1.1 200"), "{whole}");
    assert_eq!(site.get("plain", "cut").await, b"all of it");
}
