//! Rules of signatures beyond the signature itself.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;

use crate::signing::{Hand, chunked, minutes};
use crate::support::{raw, site, target};

fn is_refused(answer: &str, status: u16, code: &str) -> bool {
    answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(&format!("<Code>{code}</Code>"))
}

#[tokio::test]
async fn a_request_may_carry_its_time_in_date() {
    let site = site().await;
    let mut put = Hand::new("PUT", "/plain/a").body("x");
    put.plain_date = true;
    let answer = put.send(&site.server).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(site.get("plain", "a").await, b"x");
}

#[tokio::test]
async fn clocks_may_differ_by_a_quarter_of_an_hour() {
    let site = site().await;
    for (time, accepted) in [
        (SystemTime::now() - minutes(14), true),
        (SystemTime::now() + minutes(14), true),
        (SystemTime::now() - minutes(16), false),
        (SystemTime::now() + minutes(16), false),
        (SystemTime::now() - Duration::from_secs(86_400 * 400), false),
    ] {
        for plain_date in [false, true] {
            let mut list = Hand::new("GET", "/plain").query("list-type=2");
            (list.time, list.plain_date) = (time, plain_date);
            let answer = list.send(&site.server).await;
            assert_eq!(answer.starts_with("HTTP/1.1 200"), accepted, "{answer}");
            assert_eq!(is_refused(&answer, 403, "RequestTimeTooSkewed"), !accepted, "{answer}");
        }
    }
    let mut undated = Hand::new("GET", "/plain");
    undated.sign(&site.server);
    let text = "authorization: AWS4-HMAC-SHA256 Credential=local/20261201/us-east-1/s3/aws4_request, \
                SignedHeaders=host, Signature=00\r\n";
    for date in ["", "date: yesterday\r\n", "date: Mon, 01 Jan 1900 00:00:00 GMT\r\n"] {
        let answer = raw(&site.server, "GET", "/plain", &format!("{text}{date}"), b"").await;
        assert!(is_refused(&answer, 403, "AccessDenied"), "{answer}");
    }
}

#[tokio::test]
async fn the_signature_covers_the_host_and_every_amz_header() {
    let site = site().await;
    let mut no_host = Hand::new("PUT", "/plain/a").body("x");
    no_host.signs_host = false;
    let answer = no_host.send(&site.server).await;
    assert!(is_refused(&answer, 403, "AccessDenied") && answer.contains("not signed: host"), "{answer}");

    let mut added = Hand::new("PUT", "/plain/a").body("x");
    added.unsigned.push(("x-amz-meta-owner", "somebody else".into()));
    let answer = added.send(&site.server).await;
    assert!(is_refused(&answer, 403, "AccessDenied") && answer.contains("x-amz-meta-owner"), "{answer}");

    let put = site.client.put_object().bucket("plain").key("a");
    let put = put.presigned(PresigningConfig::expires_in(minutes(1)).unwrap()).await.unwrap();
    let answer = raw(&site.server, "PUT", target(put.uri()), "x-amz-tagging: a=b\r\n", b"x").await;
    assert!(is_refused(&answer, 403, "AccessDenied") && answer.contains("x-amz-tagging"), "{answer}");
    assert!(site.keys("plain").await.is_empty());

    let mut signed = Hand::new("PUT", "/plain/a").body("x").header("x-amz-meta-owner", "me");
    signed.unsigned.push(("cache-control", "no-store".into()));
    let answer = signed.send(&site.server).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn presigned_urls_are_valid_for_seven_days_at_most() {
    let site = site().await;
    site.put("plain", "a", "x").await;
    let get = site.client.get_object().bucket("plain").key("a");
    let week = get.clone().presigned(PresigningConfig::expires_in(Duration::from_secs(604_800)).unwrap());
    let url = week.await.unwrap();
    let answer = raw(&site.server, "GET", target(url.uri()), "", b"").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for expires in ["604801", "-1", "soon", "99999999999999999999", ""] {
        let longer = target(url.uri()).replace("X-Amz-Expires=604800", &format!("X-Amz-Expires={expires}"));
        let answer = raw(&site.server, "GET", &longer, "", b"").await;
        assert!(is_refused(&answer, 400, "AuthorizationQueryParametersError"), "{expires}: {answer}");
    }
    for name in ["X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Credential", "X-Amz-Signature"]
    {
        let incomplete = target(url.uri()).replace(&format!("{name}="), "other=");
        let answer = raw(&site.server, "GET", &incomplete, "", b"").await;
        assert!(is_refused(&answer, 400, "AuthorizationQueryParametersError"), "{name}: {answer}");
    }
    let both = raw(&site.server, "GET", target(url.uri()), "authorization: AWS local:x\r\n", b"").await;
    assert!(is_refused(&both, 400, "InvalidArgument"), "{both}");

    let past = PresigningConfig::builder().start_time(SystemTime::now() - minutes(3)).expires_in(minutes(2));
    let expired = get.presigned(past.build().unwrap()).await.unwrap();
    let answer = raw(&site.server, "GET", target(expired.uri()), "", b"").await;
    assert!(is_refused(&answer, 403, "AccessDenied") && answer.contains("Request has expired"), "{answer}");
}

#[tokio::test]
async fn authorizations_of_other_kinds_are_refused() {
    let site = site().await;
    for (value, status, code) in [
        ("", 403, "AccessDenied"),
        ("Basic bG9jYWw6bG9jYWxsb2NhbA==", 400, "InvalidArgument"),
        ("AWS nonsense", 400, "InvalidArgument"),
        ("AWS5-HMAC-SHA256 Credential=a", 400, "InvalidArgument"),
    ] {
        let answer = raw(&site.server, "GET", "/plain", &format!("authorization: {value}\r\n"), b"").await;
        assert!(is_refused(&answer, status, code), "{value}: {answer}");
    }
}

#[tokio::test]
async fn bodies_in_chunks_must_be_whole_and_signed() {
    let site = site().await;
    let chunks: [&[u8]; 2] = [&[b'a'; 70_000], b"the rest"];
    let length = chunks.concat().len().to_string();
    let send = async |change: &dyn Fn(Vec<u8>) -> Vec<u8>, last: bool| {
        let mut put = Hand::new("PUT", "/plain/a")
            .header("x-amz-decoded-content-length", length.clone())
            .header("content-encoding", "aws-chunked");
        put.payload = Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
        let time = put.time;
        let (signature, scope, names) = put.sign(&site.server);
        let body = change(chunked(&signature, &scope, time, &chunks, last));
        let mut text: String =
            put.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        text += &format!(
            "authorization: AWS4-HMAC-SHA256 Credential=local/{scope}, SignedHeaders={names}, Signature={signature}\r\n"
        );
        raw(&site.server, "PUT", "/plain/a", &text, &body).await
    };
    let unchanged = |body: Vec<u8>| body;
    let answer = send(&unchanged, false).await;
    assert!(is_refused(&answer, 400, "IncompleteBody"), "no last chunk: {answer}");
    for cut in [1, 4, 90, 100, 70_000] {
        let answer = send(
            &|mut body| {
                body.truncate(body.len() - 90 - cut);
                body
            },
            true,
        )
        .await;
        assert!(is_refused(&answer, 400, "IncompleteBody"), "cut by {cut}: {answer}");
    }
    let answer = send(
        &|mut body| {
            let at = body.len() - 100;
            body[at] ^= 1;
            body
        },
        true,
    )
    .await;
    assert!(is_refused(&answer, 403, "SignatureDoesNotMatch"), "a changed byte: {answer}");
    let unsigned = |body: Vec<u8>| {
        let text = String::from_utf8(body).unwrap();
        let lines = text.split("\r\n").map(|line| line.split(";chunk-signature").next().unwrap());
        lines.collect::<Vec<_>>().join("\r\n").into_bytes()
    };
    let answer = send(&unsigned, true).await;
    assert!(answer.starts_with("HTTP/1.1 4"), "chunks without signatures: {answer}");
    assert!(site.keys("plain").await.is_empty());
    let answer = send(&unchanged, true).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(site.get("plain", "a").await, chunks.concat());
}
