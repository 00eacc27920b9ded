//! Nothing that is asked for is ignored: it is done, or refused by name.

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{ObjectCannedAcl, ServerSideEncryption, StorageClass};

use crate::signing::Hand;
use crate::support::{is, refused, site};

#[tokio::test]
async fn what_is_not_supported_is_refused() {
    let site = site().await;
    let put = || site.client.put_object().bucket("plain").key("a");
    let later = DateTime::from_secs(4_000_000_000);
    for put in [
        put().acl(ObjectCannedAcl::PublicRead),
        put().server_side_encryption(ServerSideEncryption::Aes256),
        put().server_side_encryption(ServerSideEncryption::AwsKms),
        put().sse_customer_algorithm("AES256").sse_customer_key("a").sse_customer_key_md5("b"),
        put()
            .object_lock_mode(aws_sdk_s3::types::ObjectLockMode::Governance)
            .object_lock_retain_until_date(later),
        put().object_lock_legal_hold_status(aws_sdk_s3::types::ObjectLockLegalHoldStatus::On),
        put().storage_class(StorageClass::Glacier),
        put().write_offset_bytes(1),
        put().grant_read("id=\"somebody\""),
    ] {
        assert_eq!(refused(put.send()).await, is(501, "NotImplemented"));
    }
    assert_eq!(refused(put().expected_bucket_owner("123456789012").send()).await, is(403, "AccessDenied"));
    assert!(site.keys("plain").await.is_empty());
    let answer = Hand::new("PUT", "/plain/a")
        .header("x-amz-write-offset-bytes", "5")
        .body("x")
        .send(&site.server)
        .await;
    assert!(answer.starts_with("HTTP/1.1 501") && answer.contains("x-amz-write-offset-bytes"), "{answer}");
    put().acl(ObjectCannedAcl::Private).storage_class(StorageClass::Standard).send().await.unwrap();
    put().expected_bucket_owner("local").send().await.unwrap();
}

#[tokio::test]
async fn presigned_parameters_count_as_headers() {
    let site = site().await;
    let get = site.client.put_object().bucket("plain").key("a");
    let minute = aws_sdk_s3::presigning::PresigningConfig::expires_in(crate::signing::minutes(1)).unwrap();
    let put = get.customize().mutate_request(|request| {
        let sign = if request.uri().contains('?') { '&' } else { '?' };
        let uri = format!("{}{sign}x-amz-meta-note=seen&x-amz-acl=private", request.uri());
        request.set_uri(uri).unwrap();
    });
    let url = put.presigned(minute.clone()).await.unwrap();
    let answer = crate::support::raw(&site.server, "PUT", crate::support::target(url.uri()), "", b"x").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let head = site.client.head_object().bucket("plain").key("a").send().await.unwrap();
    assert_eq!(head.metadata().unwrap()["note"], "seen");
}

#[tokio::test]
async fn removals_obey_size_and_time() {
    let site = site().await;
    site.put("plain", "a", "four").await;
    let modified =
        *site.client.head_object().bucket("plain").key("a").send().await.unwrap().last_modified().unwrap();
    let delete = || site.client.delete_object().bucket("plain").key("a");
    let other = DateTime::from_secs(modified.secs() - 1);
    for wrong in [
        delete().if_match_size(5),
        delete().if_match_last_modified_time(other),
        delete().if_match_size(4).if_match_last_modified_time(other),
    ] {
        assert_eq!(refused(wrong.send()).await, is(412, "PreconditionFailed"));
    }
    assert_eq!(site.keys("plain").await, ["a"]);
    delete().if_match_size(4).if_match_last_modified_time(modified).send().await.unwrap();
    assert!(site.keys("plain").await.is_empty());
    delete().if_match_size(4).send().await.unwrap();
}

#[tokio::test]
async fn a_condition_on_a_version_is_about_that_version() {
    let site = site().await;
    let first =
        site.client.put_object().bucket("kept").key("a").body(b"1".to_vec().into()).send().await.unwrap();
    let newest = site.put("kept", "a", "2").await;
    let delete =
        || site.client.delete_object().bucket("kept").key("a").version_id(first.version_id().unwrap());
    assert_eq!(refused(delete().if_match(newest).send()).await, is(412, "PreconditionFailed"));
    delete().if_match(first.e_tag().unwrap()).send().await.unwrap();
    assert_eq!(site.get("kept", "a").await, b"2");
}
