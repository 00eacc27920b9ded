use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};

use crate::support::{config, is, refused, site};

const BODY: &[u8] = b"hello world";

/// Checksums of [`BODY`], from other tools.
const CRC32: &str = "DUoRhQ==";
const CRC32C: &str = "yZRlqg==";
const SHA1: &str = "Kq5sNclPz7QV2+lfQIuc6R7oRu0=";
const SHA256: &str = "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=";

#[tokio::test]
async fn every_algorithm_is_verified_stored_and_returned() {
    let site = site().await;
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let put = site.client.put_object().bucket("plain").key("a").body(ByteStream::from_static(BODY));
        let put = put.checksum_algorithm(algorithm.clone()).send().await.unwrap();
        let head = site.client.head_object().bucket("plain").key("a").checksum_mode(ChecksumMode::Enabled);
        let head = head.send().await.unwrap();
        let all = [
            (head.checksum_crc32(), put.checksum_crc32(), Some(CRC32)),
            (head.checksum_crc32_c(), put.checksum_crc32_c(), Some(CRC32C)),
            (head.checksum_crc64_nvme(), put.checksum_crc64_nvme(), None),
            (head.checksum_sha1(), put.checksum_sha1(), Some(SHA1)),
            (head.checksum_sha256(), put.checksum_sha256(), Some(SHA256)),
        ];
        let present: Vec<_> = all.iter().filter(|(head, ..)| head.is_some()).collect();
        assert_eq!(present.len(), 1, "{algorithm}");
        let (head, put, known) = present[0];
        assert_eq!(head, put, "{algorithm}");
        assert!(known.is_none() || *head == *known, "{algorithm}");
        // The SDK verifies what it gets.
        let get = site.client.get_object().bucket("plain").key("a").checksum_mode(ChecksumMode::Enabled);
        assert_eq!(get.send().await.unwrap().body.collect().await.unwrap().to_vec(), BODY);
    }
}

#[tokio::test]
async fn without_a_wish_there_is_a_crc64nvme_and_without_asking_it_is_not_sent() {
    let site = site().await;
    let put = site.client.put_object().bucket("plain").key("a").body(ByteStream::from_static(BODY));
    let when_required = aws_sdk_s3::config::RequestChecksumCalculation::WhenRequired;
    let change = aws_sdk_s3::Config::builder().request_checksum_calculation(when_required);
    let put = put.customize().config_override(change).send().await.unwrap();
    assert!(put.checksum_crc64_nvme().is_some());
    let head = site.client.head_object().bucket("plain").key("a").send().await.unwrap();
    assert_eq!(head.checksum_crc64_nvme(), None);
}

#[tokio::test]
async fn a_wrong_checksum_leaves_nothing_readable() {
    let site = site().await;
    let put = || site.client.put_object().bucket("plain").key("a").body(ByteStream::from_static(BODY));
    assert_eq!(refused(put().checksum_crc32("AAAAAA==").send()).await, is(400, "BadDigest"));
    assert_eq!(refused(put().checksum_sha256(SHA256.replace('u', "v")).send()).await, is(400, "BadDigest"));
    assert_eq!(refused(put().checksum_crc64_nvme("AAAAAAAAAAA=").send()).await, is(400, "BadDigest"));
    assert_eq!(refused(put().content_md5("1B2M2Y8AsgTpgAmY7PhCfg==").send()).await, is(400, "BadDigest"));
    assert_eq!(refused(put().content_md5("nonsense").send()).await, is(400, "InvalidDigest"));
    assert_eq!(refused(put().checksum_sha1("nonsense").send()).await, is(400, "InvalidRequest"));
    assert!(site.keys("plain").await.is_empty());
    assert_eq!(refused(site.client.get_object().bucket("plain").key("a").send()).await, is(404, "NoSuchKey"));
    put().content_md5("XrY7u+Ae7tCTyyK7j1rNww==").send().await.unwrap();

    // A refused overwrite leaves what was there.
    assert_eq!(refused(put().checksum_crc32("AAAAAA==").send()).await, is(400, "BadDigest"));
    assert_eq!(site.get("plain", "a").await, BODY);
    let tmp = site.dir.path().join(".s3/tmp");
    assert_eq!(std::fs::read_dir(tmp).unwrap().count(), 0);
}

/// Flips a bit of the body after everything has been computed and signed, as a bad wire would.
#[derive(Debug)]
struct BadWire;

impl Intercept for BadWire {
    fn name(&self) -> &'static str {
        "BadWire"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let trailing = request.headers().get("x-amz-trailer").is_some();
        let body = if trailing {
            format!("B\r\nhello worle\r\n0\r\nx-amz-checksum-crc32:{CRC32}\r\n\r\n")
        } else {
            "hello worle".to_owned()
        };
        *request.body_mut() = SdkBody::from(body);
        Ok(())
    }
}

#[tokio::test]
async fn a_bit_flipped_on_the_way_is_caught_by_header_and_by_trailer() {
    let site = site().await;
    let config = config(&site.server, "local", "locallocal").interceptor(BadWire).build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let by_header = client.put_object().bucket("plain").key("a").body(ByteStream::from_static(BODY));
    let (status, code) = refused(by_header.send()).await;
    assert_eq!(status, 400, "{code}");

    let file = site.dir.path().join("body");
    std::fs::write(&file, BODY).unwrap();
    let by_trailer =
        client.put_object().bucket("plain").key("a").body(ByteStream::from_path(&file).await.unwrap());
    let (status, code) = refused(by_trailer.send()).await;
    assert_eq!(status, 400, "{code}");
    assert!(site.keys("plain").await.is_empty());
}

#[tokio::test]
async fn a_streamed_body_with_a_trailing_checksum_is_stored() {
    let site = site().await;
    let file = site.dir.path().join("body");
    let bytes: Vec<u8> = (0..700_001_u32).map(|at| (at % 251) as u8).collect();
    std::fs::write(&file, &bytes).unwrap();
    for algorithm in [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc64Nvme, ChecksumAlgorithm::Sha256] {
        let put = site.client.put_object().bucket("plain").key("a").checksum_algorithm(algorithm.clone());
        put.body(ByteStream::from_path(&file).await.unwrap()).send().await.unwrap();
        let got = site.client.get_object().bucket("plain").key("a").checksum_mode(ChecksumMode::Enabled);
        let got = got.send().await.unwrap();
        assert_eq!(got.content_encoding(), None, "the transfer's coding is not the object's");
        assert!(got.body.collect().await.unwrap().to_vec() == bytes, "{algorithm}");
    }
}

#[tokio::test]
async fn only_one_checksum_may_be_given() {
    let site = site().await;
    let put = site.client.put_object().bucket("plain").key("a").body(ByteStream::from_static(BODY));
    let put = put.checksum_crc32(CRC32).checksum_sha1(SHA1);
    let (status, _) = refused(put.send()).await;
    assert_eq!(status, 400);
}
