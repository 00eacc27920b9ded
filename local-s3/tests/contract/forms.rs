//! Uploads by a browser's form.

use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use local_s3::Server;
use serde_json::{Value, json};
use sha2::Sha256;
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Site, raw, site_with};

const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW";

fn mac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A form as a signer prepares it: its fields, and conditions that name each of them.
struct Form {
    bucket: String,
    fields: Vec<(String, String)>,
    conditions: Vec<Value>,
    secret: String,
    days: i64,
    filename: String,
}

impl Form {
    fn new(bucket: &str, key: &str) -> Self {
        let form = Self {
            bucket: bucket.into(),
            fields: Vec::new(),
            conditions: vec![json!({ "bucket": bucket })],
            secret: "locallocal".into(),
            days: 1,
            filename: "photo.jpg".into(),
        };
        form.with("key", key, json!(["starts-with", "$key", ""]))
    }

    /// Adds a field and the condition that allows it.
    fn with(mut self, name: &str, value: &str, condition: Value) -> Self {
        self.fields.push((name.into(), value.into()));
        self.conditions.push(condition);
        self
    }

    fn field(self, name: &str, value: &str) -> Self {
        let condition = json!(["eq", format!("${name}"), value]);
        self.with(name, value, condition)
    }

    fn condition(mut self, condition: Value) -> Self {
        self.conditions.push(condition);
        self
    }

    fn signed_fields(&self) -> Vec<(String, String)> {
        let now = OffsetDateTime::now_utc();
        let date = now.format(format_description!("[year][month][day]T[hour][minute][second]Z")).unwrap();
        let day = &date[..8];
        let credential = format!("local/{day}/eu-central-1/s3/aws4_request");
        let mut fields = self.fields.clone();
        let mut conditions = self.conditions.clone();
        for (name, value) in [
            ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
            ("x-amz-credential", credential.as_str()),
            ("x-amz-date", date.as_str()),
        ] {
            fields.push((name.into(), value.into()));
            conditions.push(json!({ name: value }));
        }
        let expiration = (now + time::Duration::days(self.days))
            .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].000Z"))
            .unwrap();
        let policy = json!({ "expiration": expiration, "conditions": conditions }).to_string();
        let policy = BASE64.encode(policy);
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in [day, "eu-central-1", "s3", "aws4_request"] {
            key = mac(&key, part);
        }
        fields.push(("x-amz-signature".into(), hex::encode(mac(&key, &policy))));
        fields.push(("policy".into(), policy));
        fields
    }

    fn body(&self, content: &[u8]) -> Vec<u8> {
        encode(&self.signed_fields(), &self.filename, content)
    }

    async fn send(&self, server: &Server, content: &[u8]) -> Answer {
        post(server, &format!("/{}", self.bucket), &self.body(content), usize::MAX).await
    }
}

fn encode(fields: &[(String, String)], filename: &str, content: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n\
         Content-Type: image/jpeg\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(
        format!("\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"submit\"\r\n\r\nSend\r\n--{BOUNDARY}--\r\n")
            .as_bytes(),
    );
    body
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn code(&self) -> &str {
        let after = self.body.split("<Code>").nth(1).unwrap_or_default();
        after.split("</Code>").next().unwrap_or_default()
    }
}

/// Sends a form in pieces of `piece` bytes.
async fn post(server: &Server, target: &str, body: &[u8], piece: usize) -> Answer {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let head = format!(
        "POST {target} HTTP/1.1\r\nhost: example.org:1234\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in body.chunks(piece.min(body.len())) {
        stream.write_all(piece).await.unwrap();
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer { status: head[9..12].parse().unwrap(), head: head.into(), body: body.into() }
}

/// No file of an upload that failed is left.
fn is_clean(site: &Site) -> bool {
    std::fs::read_dir(site.dir.path().join(".s3/tmp")).unwrap().next().is_none()
}

#[tokio::test]
async fn a_form_becomes_an_object_with_its_event() {
    let site = site_with(|builder| builder.allow_host("example.org")).await;
    let form = Form::new("noted", "photos/${filename}")
        .field("Content-Type", "image/jpeg")
        .field("Cache-Control", "no-cache")
        .with("x-amz-meta-alt", "from ${filename}", json!(["eq", "$x-amz-meta-alt", "from photo.jpg"]))
        .with(
            "tagging",
            "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
            json!(["starts-with", "$tagging", "<Tagging>"]),
        );
    let content = b"any\r\n--content\r\n";
    let answer = form.send(&site.server, content).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    let etag = answer.header("etag").unwrap();
    assert_eq!(answer.header("location"), Some("http://example.org:1234/noted/photos/photo.jpg"));

    let get = site.client.get_object().bucket("noted").key("photos/photo.jpg").send().await.unwrap();
    assert_eq!(get.e_tag(), Some(etag));
    assert_eq!((get.content_type(), get.cache_control()), (Some("image/jpeg"), Some("no-cache")));
    assert_eq!(get.metadata().unwrap()["alt"], "from photo.jpg");
    assert_eq!(get.body.collect().await.unwrap().to_vec(), content);
    let tags = site.client.get_object_tagging().bucket("noted").key("photos/photo.jpg").send().await.unwrap();
    assert_eq!((tags.tag_set()[0].key(), tags.tag_set()[0].value()), ("a", "b"));

    let events = site.events().await;
    let event: Value = serde_json::from_str(&events[0]).unwrap();
    assert_eq!(event["Records"][0]["eventName"], "ObjectCreated:Post");
    assert_eq!(event["Records"][0]["s3"]["object"]["size"], content.len());
    assert_eq!(event["Records"][0]["userIdentity"]["principalId"], "AWS:local");
    assert_eq!(site.server.requests().get("PostObject"), 1);
}

#[tokio::test]
async fn the_answer_is_the_one_that_the_form_asks_for() {
    let site = site_with(|builder| builder.allow_host("example.org")).await;
    for (field, value, status) in [
        ("success_action_status", "200", 200),
        ("success_action_status", "201", 201),
        ("success_action_status", "204", 204),
        ("success_action_status", "999", 204),
        ("success_action_redirect", "http://x.org/done?a=1", 303),
        ("success_action_redirect", "javascript:alert(1)", 204),
        ("redirect", "http://x.org/done", 303),
    ] {
        let answer = Form::new("kept", "ü & 1.jpg").field(field, value).send(&site.server, b"x").await;
        assert_eq!(answer.status, status, "{field} {value}: {}", answer.body);
        let etag = "\"9dd4e461268c8034f5c8564e155c67a6\"";
        assert_eq!(answer.header("etag"), Some(etag));
        assert!(answer.header("x-amz-version-id").is_some() && answer.header("x-amz-request-id").is_some());
        let location = answer.header("location").unwrap();
        let object = "http://example.org:1234/kept/%C3%BC%20%26%201.jpg";
        match status {
            303 => {
                let sign = if value.contains('?') { '&' } else { '?' };
                let query =
                    "bucket=kept&key=%C3%BC%20%26%201.jpg&etag=%229dd4e461268c8034f5c8564e155c67a6%22";
                assert_eq!(location, format!("{value}{sign}{query}"));
            }
            201 => {
                assert_eq!(location, object);
                let xml = format!(
                    "<PostResponse><Location>{object}</Location><Bucket>kept</Bucket><Key>ü &amp; 1.jpg</Key>\
                     <ETag>&quot;9dd4e461268c8034f5c8564e155c67a6&quot;</ETag></PostResponse>"
                );
                assert!(answer.body.ends_with(&xml), "{}", answer.body);
            }
            _ => assert_eq!((location, answer.body.as_str()), (object, "")),
        }
    }
}

#[tokio::test]
async fn files_of_any_bytes_arrive_whole_however_they_are_sent() {
    let site = site_with(|builder| builder.allow_host("example.org")).await;
    let mut content: Vec<u8> = (0..300_000).map(|_| [b'\r', b'\n', b'-', b'x'][fastrand(4)]).collect();
    content.extend_from_slice(format!("\r\n--{}", &BOUNDARY[..20]).as_bytes());
    content.push(b'\r');
    for piece in [usize::MAX, 65_536, 1_000, 97] {
        let form = Form::new("plain", "any.bin");
        let body = form.body(&content);
        let answer = post(&site.server, "/plain/", &body, piece).await;
        assert_eq!(answer.status, 204, "{}", answer.body);
        assert_eq!(site.get("plain", "any.bin").await, content, "in pieces of {piece}");
    }
    let empty = Form::new("plain", "empty").send(&site.server, b"").await;
    assert_eq!((empty.status, site.get("plain", "empty").await.len()), (204, 0));
}

/// Small random numbers that are the same in every run.
fn fastrand(below: usize) -> usize {
    use std::cell::Cell;
    thread_local!(static STATE: Cell<u64> = const { Cell::new(88_172_645_463_325_252) });
    STATE.with(|state| {
        let mut value = state.get();
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
        state.set(value);
        (value % below as u64) as usize
    })
}

#[tokio::test]
async fn nothing_is_stored_without_a_valid_signature_and_policy() {
    let site = site_with(|builder| builder.allow_host("example.org")).await;
    let form = || Form::new("plain", "user/a.jpg");
    let anonymous = encode(&[("key".into(), "a".into())], "a.jpg", b"x");
    let answer = post(&site.server, "/plain", &anonymous, usize::MAX).await;
    assert_eq!((answer.status, answer.code()), (403, "AccessDenied"), "{}", answer.body);

    let mut wrong = form();
    wrong.secret = "wrong".into();
    let mut expired = form();
    expired.days = -1;
    let mut uncovered = form();
    uncovered.fields.push(("x-amz-meta-more".into(), "1".into()));
    let mut elsewhere = form();
    elsewhere.bucket = "noted".into();
    for (form, status, code, words) in [
        (wrong, 403, "SignatureDoesNotMatch", "policy does not match"),
        (expired, 403, "AccessDenied", "Policy expired"),
        (uncovered, 403, "AccessDenied", "Extra input fields: x-amz-meta-more"),
        (elsewhere, 403, "AccessDenied", "&quot;$bucket&quot;"),
        (
            form().condition(json!(["starts-with", "$key", "other/"])),
            403,
            "AccessDenied",
            "Policy Condition failed",
        ),
        (form().condition(json!({ "acl": "private" })), 403, "AccessDenied", "&quot;$acl&quot;"),
        (form().condition(json!(["content-length-range", 0, 2])), 400, "EntityTooLarge", "2"),
        (form().condition(json!(["content-length-range", 4, 9])), 400, "EntityTooSmall", "4"),
        (
            form().condition(json!(["content-length-range", 4])),
            400,
            "InvalidPolicyDocument",
            "content-length-range",
        ),
        (form().field("x-amz-checksum-sha256", &BASE64.encode([0; 32])), 400, "BadDigest", "SHA256"),
        (form().field("x-amz-checksum-crc32", "no"), 400, "InvalidRequest", "crc32"),
        (
            form().field("x-amz-server-side-encryption", "AES256"),
            501,
            "NotImplemented",
            "server-side-encryption",
        ),
        (form().field("acl", "public-read"), 501, "NotImplemented", "acl"),
        (Form::new("plain", ""), 400, "InvalidArgument", "key"),
        (Form::new("plain", &"k".repeat(1025)), 400, "KeyTooLongError", "1024"),
    ] {
        let answer = form.send(&site.server, b"abc").await;
        assert_eq!((answer.status, answer.code()), (status, code), "{}", answer.body);
        assert!(answer.body.contains(words), "{words}: {}", answer.body);
    }
    let answer = Form::new("absent", "a").send(&site.server, b"abc").await;
    assert_eq!((answer.status, answer.code()), (404, "NoSuchBucket"));
    assert!(site.keys("plain").await.is_empty() && site.keys("noted").await.is_empty());
    assert!(is_clean(&site));
}

#[tokio::test]
async fn a_checksum_of_the_form_is_verified_and_kept() {
    let site = site_with(|builder| builder.allow_host("example.org")).await;
    // SHA-256 of "abc" (FIPS 180-4).
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let digest = BASE64.encode(hex::decode(digest).unwrap());
    let form = Form::new("plain", "a").field("x-amz-checksum-sha256", &digest);
    let answer = form.field("x-amz-checksum-algorithm", "SHA256").send(&site.server, b"abc").await;
    assert_eq!((answer.status, answer.header("x-amz-checksum-sha256")), (204, Some(digest.as_str())));
    let head = site.client.head_object().bucket("plain").key("a");
    let head = head.checksum_mode(aws_sdk_s3::types::ChecksumMode::Enabled).send().await.unwrap();
    assert_eq!(head.checksum_sha256(), Some(digest.as_str()));
}

#[tokio::test]
async fn a_broken_form_leaves_nothing() {
    let site = site_with(|builder| builder.allow_host("example.org")).await;
    let form = Form::new("plain", "a");
    let body = form.body(b"content");
    let text = String::from_utf8(body.clone()).unwrap();
    let file = text.find("content").unwrap();
    let mut doubled = encode(&[("key".into(), "a".into()), ("KEY".into(), "b".into())], "f", b"x");
    doubled.truncate(doubled.len());
    for (target, body, status, code) in [
        ("/plain", &body[..file + 3], 400, "MalformedPOSTRequest"),
        ("/plain", &body[..file - 80], 400, "MalformedPOSTRequest"),
        ("/plain", b"no form at all", 400, "MalformedPOSTRequest"),
        ("/plain", &doubled, 400, "InvalidArgument"),
        (
            "/plain",
            &encode(&[("key".into(), "k".repeat(30_000))], "f", b"x"),
            400,
            "MaxPostPreDataLengthExceededError",
        ),
        ("/plain/a", &body, 405, "MethodNotAllowed"),
        ("/plain?a=b", &body, 405, "MethodNotAllowed"),
        ("/", &body, 405, "MethodNotAllowed"),
    ] {
        let answer = post(&site.server, target, body, usize::MAX).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{target}: {}", answer.body);
    }
    let headers = format!("content-type: multipart/form-data; boundary={BOUNDARY}\r\nif-none-match: *\r\n");
    let answer = raw(&site.server, "POST", "/plain", &headers, &body).await;
    assert!(answer.starts_with("HTTP/1.1 501"), "{answer}");
    let answer = raw(&site.server, "POST", "/plain", "content-type: multipart/form-data\r\n", &body).await;
    assert!(answer.contains("MalformedPOSTRequest"), "{answer}");
    assert!(site.keys("plain").await.is_empty() && is_clean(&site));
}

#[tokio::test]
async fn a_form_replaces_an_object_like_any_upload() {
    let site = site_with(|builder| builder.allow_host("example.org")).await;
    site.client
        .put_object()
        .bucket("kept")
        .key("a")
        .body(ByteStream::from_static(b"old"))
        .send()
        .await
        .unwrap();
    assert_eq!(Form::new("kept", "a").send(&site.server, b"new").await.status, 204);
    assert_eq!(site.get("kept", "a").await, b"new");
    let versions = site.client.list_object_versions().bucket("kept").send().await.unwrap();
    assert_eq!(versions.versions().len(), 2);
}

#[tokio::test]
async fn a_refused_form_is_read_to_its_end() {
    let site = site_with(|builder| builder.allow_host("example.org")).await;
    let mut form = Form::new("plain", "a");
    form.secret = "wrong".into();
    let answer = form.send(&site.server, &vec![b'x'; 32 << 20]).await;
    assert_eq!((answer.status, answer.code()), (403, "SignatureDoesNotMatch"));
}
