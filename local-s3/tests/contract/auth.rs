use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use local_s3::Bucket;

use crate::support::{client, is, raw, refused, site, site_with, target};

fn minute() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_secs(60)).unwrap()
}

#[tokio::test]
async fn wrong_keys_are_refused() {
    let site = site().await;
    let wrong_secret = client(&site.server, "local", "wrong");
    assert_eq!(
        refused(wrong_secret.get_object().bucket("plain").key("a").send()).await,
        is(403, "SignatureDoesNotMatch")
    );
    let wrong_key = client(&site.server, "somebody", "locallocal");
    assert_eq!(
        refused(wrong_key.list_objects_v2().bucket("plain").send()).await,
        is(403, "InvalidAccessKeyId")
    );
    let put = wrong_secret.put_object().bucket("plain").key("a").body(ByteStream::from_static(b"x"));
    assert_eq!(refused(put.send()).await, is(403, "SignatureDoesNotMatch"));
    assert!(site.keys("plain").await.is_empty());
    assert_eq!(site.server.requests().total(), 1, "refused signatures are not counted");
}

#[tokio::test]
async fn credentials_can_be_chosen() {
    let site = site_with(|builder| builder.credentials("me", "mine")).await;
    let mine = client(&site.server, "me", "mine");
    mine.put_object().bucket("plain").key("a").send().await.unwrap();
    assert_eq!(refused(site.client.get_object().bucket("plain").key("a").send()).await.0, 403);
}

#[tokio::test]
async fn unsigned_requests_are_refused() {
    let site = site().await;
    site.put("plain", "a", "secret").await;
    let answer = raw(&site.server, "GET", "/plain/a", "", b"").await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(answer.contains("AccessDenied") && !answer.contains("secret"), "{answer}");
}

#[tokio::test]
async fn a_public_bucket_is_readable_and_nothing_more() {
    let site = site_with(|builder| builder.bucket(Bucket::new("shown").public_read(true))).await;
    site.put("shown", "a", "for all").await;
    let answer = raw(&site.server, "GET", "/shown/a", "", b"").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("for all"), "{answer}");
    for (method, target) in
        [("GET", "/shown"), ("PUT", "/shown/a"), ("DELETE", "/shown/a"), ("GET", "/shown/a?tagging")]
    {
        let answer = raw(&site.server, method, target, "", b"").await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{method} {target}: {answer}");
    }
    assert_eq!(site.get("shown", "a").await, b"for all");
}

#[tokio::test]
async fn the_public_gets_no_older_versions_and_chooses_no_headers() {
    let shown = Bucket::new("shown").public_read(true).versioned(true);
    let site = site_with(|builder| builder.bucket(shown)).await;
    let put = site.client.put_object().bucket("shown").key("a").body(ByteStream::from_static(b"old"));
    let version = put.send().await.unwrap().version_id.unwrap();
    site.put("shown", "a", "new").await;
    for query in [
        format!("versionId={version}"),
        format!("x=1&version%49d={version}"),
        "response-content-type=text/html".into(),
        "response%2Dcache-control=no-store".into(),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = raw(&site.server, method, &format!("/shown/a?{query}"), "", b"").await;
            assert!(answer.starts_with("HTTP/1.1 403"), "{method} {query}: {answer}");
        }
    }
    let get = site.client.get_object().bucket("shown").key("a").version_id(version);
    let get = get.response_content_type("text/html").presigned(minute()).await.unwrap();
    let answer = raw(&site.server, "GET", target(get.uri()), "", b"").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("old"), "{answer}");
}

#[tokio::test]
async fn presigned_urls_work_without_credentials() {
    let site = site().await;
    let key = "some/ü +%&.txt";
    let put = site.client.put_object().bucket("plain").key(key).presigned(minute()).await.unwrap();
    let answer =
        raw(&site.server, "PUT", target(put.uri()), "content-type: text/plain\r\n", b"by hand").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(site.get("plain", key).await, b"by hand");

    let get = site.client.get_object().bucket("plain").key(key).presigned(minute()).await.unwrap();
    let answer = raw(&site.server, "GET", target(get.uri()), "", b"").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("by hand"), "{answer}");
    assert!(answer.to_lowercase().contains("content-type: text/plain"), "{answer}");

    let changed = target(get.uri()).replace("plain", "noted");
    let answer = raw(&site.server, "GET", &changed, "", b"").await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("SignatureDoesNotMatch"), "{answer}");
}

#[tokio::test]
async fn an_expired_url_is_refused() {
    let site = site().await;
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    let config =
        PresigningConfig::builder().start_time(long_ago).expires_in(Duration::from_secs(60)).build().unwrap();
    let get = site.client.get_object().bucket("plain").key("a").presigned(config).await.unwrap();
    let answer = raw(&site.server, "GET", target(get.uri()), "", b"").await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("expired"), "{answer}");
}

#[tokio::test]
async fn missing_keys_can_be_hidden() {
    let site = site_with(|builder| builder.hide_missing_keys(true)).await;
    let client = &site.client;
    assert_eq!(refused(client.get_object().bucket("plain").key("a").send()).await, is(403, "AccessDenied"));
    assert_eq!(refused(client.head_object().bucket("plain").key("a").send()).await.0, 403);
    assert_eq!(refused(client.get_object().bucket("nobody").key("a").send()).await, is(404, "NoSuchBucket"));
    site.put("kept", "a", "there").await;
    assert_eq!(site.get("kept", "a").await, b"there");
    client.delete_object().bucket("kept").key("a").send().await.unwrap();
    assert_eq!(refused(client.get_object().bucket("kept").key("a").send()).await, is(403, "AccessDenied"));
    client.put_object().bucket("plain").key("a").if_none_match("*").send().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_said_with_its_remedy() {
    let site = site().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let second = crate::support::builder(elsewhere.path()).listen(site.server.address()).start().await;
    let message = second.unwrap_err().to_string();
    assert!(message.contains(&site.server.address().port().to_string()), "{message}");
    assert!(message.contains("--s3-port"), "{message}");
}
