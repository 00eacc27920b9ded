use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart,
};

use crate::support::{Site, is, refused, site};

const MIB: usize = 1024 * 1024;

fn bytes(seed: u32, count: usize) -> Vec<u8> {
    (0..count as u32).map(|at| ((at ^ seed).wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

async fn create(site: &Site, key: &str) -> String {
    let upload = site.client.create_multipart_upload().bucket("plain").key(key).content_type("image/jpeg");
    upload.metadata("m", "1").send().await.unwrap().upload_id.unwrap()
}

async fn part(site: &Site, key: &str, id: &str, number: i32, body: Vec<u8>) -> CompletedPart {
    let part = site.client.upload_part().bucket("plain").key(key).upload_id(id).part_number(number);
    let part = part.body(ByteStream::from(body)).send().await.unwrap();
    CompletedPart::builder().part_number(number).set_e_tag(part.e_tag).build()
}

fn parts(parts: &[&CompletedPart]) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder()
        .set_parts(Some(parts.iter().map(|part| (*part).clone()).collect()))
        .build()
}

fn complete(
    site: &Site,
    key: &str,
    id: &str,
    named: &[&CompletedPart],
) -> aws_sdk_s3::operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder {
    site.client
        .complete_multipart_upload()
        .bucket("plain")
        .key(key)
        .upload_id(id)
        .multipart_upload(parts(named))
}

#[tokio::test]
async fn parts_become_an_object() {
    let site = site().await;
    let id = create(&site, "a/b").await;
    let (one, two) = (bytes(1, 5 * MIB), bytes(2, 1000));
    let second = part(&site, "a/b", &id, 7, two.clone()).await;
    let first = part(&site, "a/b", &id, 2, one.clone()).await;
    assert!(site.keys("plain").await.is_empty(), "nothing is visible before completion");

    let listed = site.client.list_parts().bucket("plain").key("a/b").upload_id(&id).send().await.unwrap();
    let sizes: Vec<_> =
        listed.parts().iter().map(|part| (part.part_number().unwrap(), part.size().unwrap())).collect();
    assert_eq!(sizes, [(2, 5 * MIB as i64), (7, 1000)]);
    let page =
        site.client.list_parts().bucket("plain").key("a/b").upload_id(&id).max_parts(1).send().await.unwrap();
    assert_eq!((page.is_truncated(), page.next_part_number_marker()), (Some(true), Some("2")));

    let done = complete(&site, "a/b", &id, &[&first, &second]).send().await.unwrap();
    assert!(done.e_tag().unwrap().ends_with("-2\""));
    let got = site.client.get_object().bucket("plain").key("a/b").send().await.unwrap();
    assert_eq!(got.e_tag(), done.e_tag());
    assert_eq!(got.content_type(), Some("image/jpeg"));
    assert_eq!(got.metadata().unwrap()["m"], "1");
    assert!(got.body.collect().await.unwrap().to_vec() == [one, two.clone()].concat());

    let got = site.client.get_object().bucket("plain").key("a/b").part_number(2).send().await.unwrap();
    assert_eq!(got.parts_count(), Some(2));
    assert!(got.body.collect().await.unwrap().to_vec() == two);

    let uploads = std::fs::read_dir(site.dir.path().join(".s3/uploads")).unwrap();
    assert_eq!(uploads.count(), 0, "nothing is left behind");
}

#[tokio::test]
async fn completing_again_answers_the_same_while_its_object_is_there() {
    let site = site().await;
    let id = create(&site, "a").await;
    let only = part(&site, "a", &id, 1, b"x".to_vec()).await;
    let finish = || complete(&site, "a", &id, &[&only]).if_none_match("*");
    let (one, two) = tokio::join!(finish().send(), finish().send());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.e_tag(), one.key(), one.bucket()), (two.e_tag(), Some("a"), Some("plain")));
    let site = site.restart().await;
    let finish = || complete(&site, "a", &id, &[&only]);
    assert_eq!(finish().send().await.unwrap().e_tag(), one.e_tag());
    site.put("plain", "a", "another").await;
    assert_eq!(refused(finish().send()).await, is(404, "NoSuchUpload"));
    assert_eq!(site.get("plain", "a").await, b"another");
}

#[tokio::test]
async fn a_completion_is_finished_though_the_client_hangs_up() {
    let site = site().await;
    let id = create(&site, "a").await;
    let body = bytes(1, 5 * MIB);
    let named = [part(&site, "a", &id, 1, body.clone()).await, part(&site, "a", &id, 2, body).await];
    let finish = complete(&site, "a", &id, &[&named[0], &named[1]]);
    let [bodies, uploads] = [".s3/tmp", ".s3/uploads"].map(|name| site.dir.path().join(name));
    let is_empty = |dir: &std::path::Path| std::fs::read_dir(dir).unwrap().next().is_none();
    tokio::select! {
        biased;
        _ = finish.send() => {}
        () = async { while is_empty(&bodies) && !is_empty(&uploads) { tokio::task::yield_now().await } } => {}
    }
    let finished = async {
        while !is_empty(&uploads) {
            tokio::task::yield_now().await
        }
    };
    let patience = std::time::Duration::from_secs(60); // it is over at once, or never
    tokio::time::timeout(patience, finished).await.expect("the upload was left half done");
    assert_eq!(site.get("plain", "a").await.len(), 10 * MIB);
}

#[tokio::test]
async fn a_listing_of_uploads_goes_on_though_they_are_aborted() {
    let site = site().await;
    for key in ["a", "a", "a", "b"] {
        create(&site, key).await;
    }
    let (mut found, mut key, mut id) = (0, None, None);
    loop {
        let page = site.client.list_multipart_uploads().bucket("plain").max_uploads(2);
        let page = page.set_key_marker(key).set_upload_id_marker(id).send().await.unwrap();
        for upload in page.uploads() {
            let abort = site.client.abort_multipart_upload().bucket("plain").set_key(upload.key.clone());
            abort.set_upload_id(upload.upload_id.clone()).send().await.unwrap();
            found += 1;
        }
        if page.is_truncated() != Some(true) {
            break;
        }
        (key, id) = (page.next_key_marker, page.next_upload_id_marker);
    }
    assert_eq!(found, 4);
}

#[tokio::test]
async fn the_rules_of_completion() {
    let site = site().await;
    let id = create(&site, "a").await;
    let first = part(&site, "a", &id, 1, bytes(1, 1000)).await;
    let second = part(&site, "a", &id, 2, bytes(2, 1000)).await;
    let wrong = CompletedPart::builder().part_number(1).e_tag("\"5eb63bbbe01eeed093cb22bb8f5acdc3\"").build();
    let absent = CompletedPart::builder().part_number(3).set_e_tag(first.e_tag().map(str::to_owned)).build();
    let finish = |named: &[&CompletedPart]| complete(&site, "a", &id, named);
    assert_eq!(refused(finish(&[&second, &first]).send()).await, is(400, "InvalidPartOrder"));
    assert_eq!(refused(finish(&[&wrong]).send()).await, is(400, "InvalidPart"));
    assert_eq!(refused(finish(&[&first, &absent]).send()).await, is(400, "InvalidPart"));
    assert_eq!(refused(finish(&[&first, &second]).send()).await, is(400, "EntityTooSmall"));
    assert_eq!(refused(finish(&[&second]).mpu_object_size(1).send()).await, is(400, "InvalidRequest"));
    assert!(site.keys("plain").await.is_empty());
    finish(&[&second]).mpu_object_size(1000).send().await.unwrap();
    assert!(site.get("plain", "a").await == bytes(2, 1000), "parts not named are left out");
    let late = site.client.upload_part().bucket("plain").key("a").upload_id(&id).part_number(1);
    assert_eq!(refused(late.send()).await, is(404, "NoSuchUpload"));
}

#[tokio::test]
async fn a_part_uploaded_again_is_replaced() {
    let site = site().await;
    let id = create(&site, "a").await;
    let old = part(&site, "a", &id, 1, b"old".to_vec()).await;
    let new = part(&site, "a", &id, 1, b"new".to_vec()).await;
    assert_eq!(refused(complete(&site, "a", &id, &[&old]).send()).await, is(400, "InvalidPart"));
    complete(&site, "a", &id, &[&new]).send().await.unwrap();
    assert_eq!(site.get("plain", "a").await, b"new");
}

#[tokio::test]
async fn part_numbers_go_from_1_to_10000() {
    let site = site().await;
    let id = create(&site, "a").await;
    for number in [0, 10_001] {
        let part = site.client.upload_part().bucket("plain").key("a").upload_id(&id).part_number(number);
        assert_eq!(refused(part.send()).await, is(400, "InvalidArgument"));
    }
    part(&site, "a", &id, 10_000, b"x".to_vec()).await;
}

#[tokio::test]
async fn completion_heeds_conditions_and_can_be_tried_again() {
    let site = site().await;
    let id = create(&site, "a").await;
    let only = part(&site, "a", &id, 1, b"by parts".to_vec()).await;
    let etag = site.put("plain", "a", "first").await;
    let finish = || complete(&site, "a", &id, &[&only]);
    assert_eq!(refused(finish().if_none_match("*").send()).await, is(412, "PreconditionFailed"));
    assert_eq!(refused(finish().if_match("\"x\"").send()).await, is(412, "PreconditionFailed"));
    assert_eq!(site.get("plain", "a").await, b"first");
    finish().if_match(etag).send().await.unwrap();
    assert_eq!(site.get("plain", "a").await, b"by parts");
}

#[tokio::test]
async fn uploads_are_listed_and_aborted_and_outlive_the_server() {
    let site = site().await;
    let ids = [create(&site, "a").await, create(&site, "a").await, create(&site, "b/c").await];
    part(&site, "a", &ids[0], 1, b"x".to_vec()).await;
    let site = site.restart().await;
    let list = || site.client.list_multipart_uploads().bucket("plain");
    let listed = list().send().await.unwrap();
    let found: Vec<_> =
        listed.uploads().iter().map(|upload| (upload.key().unwrap(), upload.upload_id().unwrap())).collect();
    assert_eq!(found, [("a", ids[0].as_str()), ("a", ids[1].as_str()), ("b/c", ids[2].as_str())]);
    let rolled = list().delimiter("/").send().await.unwrap();
    assert_eq!(rolled.uploads().len(), 2);
    assert_eq!(rolled.common_prefixes()[0].prefix(), Some("b/"));
    let (mut paged, mut key, mut id) = (Vec::new(), None, None);
    loop {
        let page = list().max_uploads(1).set_key_marker(key).set_upload_id_marker(id).send().await.unwrap();
        paged.extend(page.uploads().iter().map(|upload| upload.upload_id().unwrap().to_owned()));
        if page.is_truncated() != Some(true) {
            break;
        }
        (key, id) = (page.next_key_marker, page.next_upload_id_marker);
    }
    assert_eq!(paged, ids);

    let parts = site.client.list_parts().bucket("plain").key("a").upload_id(&ids[0]).send().await.unwrap();
    assert_eq!(parts.parts().len(), 1);
    for (key, id) in [("a", &ids[0]), ("a", &ids[1]), ("b/c", &ids[2])] {
        site.client.abort_multipart_upload().bucket("plain").key(key).upload_id(id).send().await.unwrap();
    }
    assert!(list().send().await.unwrap().uploads().is_empty());
    let again = site.client.abort_multipart_upload().bucket("plain").key("a").upload_id(&ids[0]);
    assert_eq!(refused(again.send()).await, is(404, "NoSuchUpload"));
}

#[tokio::test]
async fn parts_can_be_copied() {
    let site = site().await;
    site.put("plain", "source", bytes(3, 6 * MIB)).await;
    let id = create(&site, "a").await;
    let copy = |number: i32| {
        let copy = site.client.upload_part_copy().bucket("plain").key("a").upload_id(&id);
        copy.part_number(number).copy_source("plain/source")
    };
    let first = copy(1).send().await.unwrap();
    let second = copy(2).copy_source_range("bytes=10-19").send().await.unwrap();
    assert_eq!(refused(copy(3).copy_source_range("bytes=0-99999999").send()).await, is(416, "InvalidRange"));
    let named = |number: i32, part: &aws_sdk_s3::operation::upload_part_copy::UploadPartCopyOutput| {
        let etag = part.copy_part_result().unwrap().e_tag().map(str::to_owned);
        CompletedPart::builder().part_number(number).set_e_tag(etag).build()
    };
    complete(&site, "a", &id, &[&named(1, &first), &named(2, &second)]).send().await.unwrap();
    let source = bytes(3, 6 * MIB);
    assert!(site.get("plain", "a").await == [&source[..], &source[10..20]].concat());
}

/// Uploads two parts with an algorithm and compares with one PUT of the same bytes.
async fn checksum_of_parts(
    site: &Site,
    algorithm: ChecksumAlgorithm,
    kind: Option<ChecksumType>,
) -> aws_sdk_s3::operation::head_object::HeadObjectOutput {
    let upload = site.client.create_multipart_upload().bucket("plain").key("a");
    let upload = upload.checksum_algorithm(algorithm.clone()).set_checksum_type(kind).send().await.unwrap();
    let id = upload.upload_id().unwrap();
    let mut named = Vec::new();
    for (number, size) in [(1, 5 * MIB), (2, 321)] {
        let part = site.client.upload_part().bucket("plain").key("a").upload_id(id).part_number(number);
        let part =
            part.checksum_algorithm(algorithm.clone()).body(ByteStream::from(bytes(number as u32, size)));
        let part = part.send().await.unwrap();
        named.push(
            CompletedPart::builder()
                .part_number(number)
                .set_e_tag(part.e_tag)
                .set_checksum_crc32(part.checksum_crc32)
                .set_checksum_crc32_c(part.checksum_crc32_c)
                .set_checksum_crc64_nvme(part.checksum_crc64_nvme)
                .set_checksum_sha1(part.checksum_sha1)
                .set_checksum_sha256(part.checksum_sha256)
                .build(),
        );
    }
    complete(site, "a", id, &named.iter().collect::<Vec<_>>()).send().await.unwrap();
    let head = site.client.head_object().bucket("plain").key("a").checksum_mode(ChecksumMode::Enabled);
    head.send().await.unwrap()
}

#[tokio::test]
async fn a_full_checksum_is_that_of_one_put_and_a_composite_counts_parts() {
    let site = site().await;
    let whole = [bytes(1, 5 * MIB), bytes(2, 321)].concat();
    let put = site
        .client
        .put_object()
        .bucket("plain")
        .key("whole")
        .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme);
    let put = put.body(ByteStream::from(whole.clone())).send().await.unwrap();
    let head = checksum_of_parts(&site, ChecksumAlgorithm::Crc64Nvme, None).await;
    assert_eq!(head.checksum_type(), Some(&ChecksumType::FullObject));
    assert_eq!(head.checksum_crc64_nvme(), put.checksum_crc64_nvme());

    let put =
        site.client.put_object().bucket("plain").key("whole").checksum_algorithm(ChecksumAlgorithm::Crc32C);
    let put = put.body(ByteStream::from(whole)).send().await.unwrap();
    let head = checksum_of_parts(&site, ChecksumAlgorithm::Crc32C, Some(ChecksumType::FullObject)).await;
    assert_eq!(head.checksum_crc32_c(), put.checksum_crc32_c());

    let head = checksum_of_parts(&site, ChecksumAlgorithm::Sha256, None).await;
    assert_eq!(head.checksum_type(), Some(&ChecksumType::Composite));
    assert!(head.checksum_sha256().unwrap().ends_with("-2"));
}

#[tokio::test]
async fn wrong_checksums_of_parts_and_whole_are_refused() {
    let site = site().await;
    let create = site.client.create_multipart_upload().bucket("plain").key("a");
    let id = create.checksum_algorithm(ChecksumAlgorithm::Crc64Nvme).send().await.unwrap().upload_id.unwrap();
    let part = || site.client.upload_part().bucket("plain").key("a").upload_id(&id).part_number(1);
    let body = || ByteStream::from_static(b"part");
    assert_eq!(
        refused(part().checksum_crc64_nvme("AAAAAAAAAAA=").body(body()).send()).await,
        is(400, "BadDigest")
    );
    let other = part().checksum_algorithm(ChecksumAlgorithm::Sha1).body(body());
    assert_eq!(refused(other.send()).await, is(400, "InvalidRequest"));
    let right = part().checksum_algorithm(ChecksumAlgorithm::Crc64Nvme).body(body()).send().await.unwrap();
    let named = CompletedPart::builder().part_number(1).set_e_tag(right.e_tag).build();
    let finish = || complete(&site, "a", &id, &[&named]);
    assert_eq!(refused(finish().checksum_crc64_nvme("AAAAAAAAAAA=").send()).await, is(400, "BadDigest"));
    let whole = right.checksum_crc64_nvme.unwrap();
    finish().checksum_crc64_nvme(whole).checksum_type(ChecksumType::FullObject).send().await.unwrap();
    let unfit = site.client.create_multipart_upload().bucket("plain").key("a");
    let unfit = unfit.checksum_algorithm(ChecksumAlgorithm::Sha256).checksum_type(ChecksumType::FullObject);
    assert_eq!(refused(unfit.send()).await, is(400, "InvalidRequest"));
}
