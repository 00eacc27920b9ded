"""`thumbnailer up` as the AWS CLI and boto3 see it: uploads become renditions, and the S3 is one."""

import base64
import hashlib
import json
import os
import re
import shlex
import time
import urllib.error
import urllib.request

import boto3.s3.transfer
import pytest

from conftest import ROOT
from support import process, s3
from support.pictures import photograph


@pytest.fixture(scope="module")
def aws(up):
    """Runs the AWS CLI against `up`."""

    def run(*arguments, check=True):
        return process.run(["aws", "--endpoint-url", up.endpoint, *arguments], check=check)

    return run


@pytest.fixture
def bucket(up, request):
    """A bucket of the test's own, of which nothing is derived."""
    name = "test-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:16]
    up.s3.create_bucket(Bucket=name)
    return name


def http(url, data=None, method="GET", headers=None):
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.status, answer.read()


# ── Uploads become renditions ─────────────────────────────────────────────────────────────────────────────


def test_aws_s3_cp_of_an_odd_key_is_derived(up, aws, photo):
    aws("s3", "cp", photo, "s3://originals/a b+ü.jpg")
    found = s3.check_derived(up.s3, "a b+ü.jpg", photo.read_bytes())
    assert {rendition["media_type"] for rendition in found["renditions"]} >= {"image/webp", "image/jpeg"}
    folders = {key.rsplit("/", 2)[0] for key in s3.keys(up.s3, "derived", "a b+ü.jpg/")}
    assert "a b+ü.jpg" in folders


@pytest.mark.parametrize("key", ["a%2Fb.jpg", "日本/写真.jpg", "dots../x.jpg...", "q?x=1&y=#z.jpg", "plus+plus ++.jpg"])
def test_other_odd_keys_are_derived(up, key):
    source = photograph(400, 300, seed=len(key))
    up.s3.put_object(Bucket="originals", Key=key, Body=source)
    s3.check_derived(up.s3, key, source)


def test_30_mb_by_multipart_upload_are_derived(up, aws, tmp_path):
    source = photograph(4600, 3800, seed=30, quality=96, noise=25)
    assert len(source) > 30_000_000
    file = tmp_path / "large.jpg"
    file.write_bytes(source)
    aws("s3", "cp", "--no-progress", file, "s3://originals/multipart/large a+ü.jpg")
    head = up.s3.head_object(Bucket="originals", Key="multipart/large a+ü.jpg")
    # aws s3 cp sends what is larger than 8 MB in parts of that size.
    parts = int(head["ETag"].strip('"').rsplit("-", 1)[1])
    assert parts == -(-len(source) // (8 << 20)), "the etag of a multipart upload counts its parts"
    s3.check_derived(up.s3, "multipart/large a+ü.jpg", source, seconds=240)


def test_a_copy_is_derived(up, aws, photo):
    aws("s3", "cp", photo, "s3://originals/copy/from.jpg")
    aws("s3", "cp", "s3://originals/copy/from.jpg", "s3://originals/copy/to.jpg")
    s3.check_derived(up.s3, "copy/to.jpg", photo.read_bytes())


def test_what_is_said_of_a_picture_is_changed_as_the_manual_says(up, aws, photo):
    key = "2026/harbour.jpg"
    up.s3.put_object(Bucket="originals", Key=key, Body=photo.read_bytes(), Metadata={"alt": "Boats", "focal-point": "x"})
    before = s3.check_derived(up.s3, key, photo.read_bytes())
    assert before["alt"] == "Boats" and "focal_point" not in before
    assert "focal-point" in before["warnings"][0]

    (command,) = re.findall(r"```sh\n(aws .*?)```", (ROOT / "docs/MARKUP.md").read_text(), re.S)
    words = shlex.split(command.replace("\\\n", " "))
    assert key in words
    for text in ("Boats at dawn", "Boats at dusk"):
        aws(*[word.replace("Boats%20at%20dawn", text.replace(" ", "%20")) for word in words[1:]])
        after = s3.wait_until(lambda: found if (found := s3.manifest(up.s3, key))["alt"] == text else None, 30, text)
        assert after["focal_point"] == {"x": 0.375, "y": 0.2} and "warnings" not in after
        assert after["renditions"] == before["renditions"]
    # The warning had to go by deriving anew; the second time there was nothing to derive.
    versions = up.s3.list_object_versions(Bucket="derived", Prefix=f"{key}/")["Versions"]
    counts = [sum(version["Key"] == f"{key}/{rendition['path']}" for version in versions)
              for rendition in after["renditions"]]
    assert counts == [2] * len(counts)


def test_an_overwritten_photograph_is_derived_anew(up):
    first, second = photograph(500, 300, seed=1), photograph(300, 500, seed=2)
    up.s3.put_object(Bucket="originals", Key="again.jpg", Body=first)
    old = s3.check_derived(up.s3, "again.jpg", first)
    up.s3.put_object(Bucket="originals", Key="again.jpg", Body=second)
    new = s3.check_derived(up.s3, "again.jpg", second)
    assert {entry["path"] for entry in new["retired"]} == {entry["path"] for entry in old["renditions"]}


def test_what_is_no_picture_is_rejected_with_a_reason_and_a_remedy(up):
    source = b"<html>not a picture</html>"
    up.s3.put_object(Bucket="originals", Key="page.jpg", Body=source)
    found = s3.wait_until(lambda: s3.manifest(up.s3, "page.jpg"), 60, "a manifest")
    assert found["state"] == "rejected"
    assert found["reason"]["message"] and found["reason"]["remedy"] and found["reason"]["code"]
    assert found["renditions"] == []


def test_a_removed_photograph_is_recorded_as_removed(up, aws):
    source = photograph(320, 200, seed=9)
    up.s3.put_object(Bucket="originals", Key="gone.jpg", Body=source)
    s3.check_derived(up.s3, "gone.jpg", source)
    aws("s3", "rm", "s3://originals/gone.jpg")
    s3.wait_until(lambda: s3.manifest(up.s3, "gone.jpg")["state"] == "removed" or None, 60, "removed")


# ── The AWS CLI's other commands ──────────────────────────────────────────────────────────────────────────


def test_aws_s3_ls_rm_and_sync(aws, bucket, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "sub").mkdir(parents=True)
    files = {"a.txt": b"a", "sub/b ü+.txt": b"bb", "sub/c.bin": bytes(range(256)) * 50_000}
    for name, content in files.items():
        (here / name).write_bytes(content)
        # S3 tells times in whole seconds, so that a file of this very second looks newer than its copy there.
        os.utime(here / name, (1_700_000_000, 1_700_000_000))
    aws("s3", "sync", "--no-progress", here, f"s3://{bucket}/tree")
    listed = aws("s3", "ls", "--recursive", f"s3://{bucket}/").stdout
    for name, content in files.items():
        assert any(line.endswith(f" {len(content)} tree/{name}") for line in listed.splitlines()), listed
    assert "PRE tree/" in aws("s3", "ls", f"s3://{bucket}").stdout

    again = aws("s3", "sync", "--no-progress", here, f"s3://{bucket}/tree").stdout
    assert "upload:" not in again, "nothing has changed"
    aws("s3", "sync", "--no-progress", f"s3://{bucket}/tree", there)
    assert {name: (there / name).read_bytes() for name in files} == files

    (here / "a.txt").unlink()
    aws("s3", "sync", "--no-progress", "--delete", here, f"s3://{bucket}/tree")
    aws("s3", "rm", f"s3://{bucket}/tree/sub/c.bin")
    assert aws("s3", "ls", "--recursive", f"s3://{bucket}/").stdout.split(None, 3)[3:] == ["tree/sub/b ü+.txt\n"]
    aws("s3", "rm", "--recursive", f"s3://{bucket}")
    aws("s3", "rb", f"s3://{bucket}")
    assert bucket not in aws("s3", "ls").stdout


def test_aws_s3_presign_gives_a_url_that_anyone_can_get(aws, bucket, up):
    up.s3.put_object(Bucket=bucket, Key="a b+ü.txt", Body=b"for you")
    url = aws("s3", "presign", f"s3://{bucket}/a b+ü.txt", "--expires-in", "60").stdout.strip()
    assert http(url) == (200, b"for you")
    with pytest.raises(urllib.error.HTTPError) as tampered:
        http(url.replace("Signature=", "Signature=0"))
    assert tampered.value.code == 403
    with pytest.raises(urllib.error.HTTPError) as unsigned:
        http(url.split("?")[0])
    assert unsigned.value.code == 403


def test_aws_with_a_wrong_secret_is_refused(up):
    done = process.run(
        ["aws", "--endpoint-url", up.endpoint, "s3", "ls"], env={"AWS_SECRET_ACCESS_KEY": "wrong"}, check=False
    )
    assert done.returncode != 0
    assert "SignatureDoesNotMatch" in done.stderr


# ── boto3 ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_put_head_get_keep_what_was_said_of_an_object(up, bucket):
    said = dict(
        ContentType="text/plain; charset=utf-8",
        CacheControl="max-age=5",
        ContentDisposition='attachment; filename="x.txt"',
        ContentEncoding="identity",
        ContentLanguage="de",
        Metadata={"alt": "Boote%20im%20Hafen", "caption": "x"},
    )
    put = up.s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789", **said)
    assert put["ETag"] == '"%s"' % hashlib.md5(b"0123456789").hexdigest()
    for answer in (up.s3.head_object(Bucket=bucket, Key="k"), up.s3.get_object(Bucket=bucket, Key="k")):
        assert {name: answer.get(name) for name in said} == said
        assert answer["ContentLength"] == 10 and answer["ETag"] == put["ETag"]


@pytest.mark.parametrize(
    "asked, part, told",
    [("bytes=0-0", b"0", "bytes 0-0/10"), ("bytes=3-", b"3456789", "bytes 3-9/10"), ("bytes=-4", b"6789", "bytes 6-9/10"),
     ("bytes=8-99", b"89", "bytes 8-9/10")],
)
def test_ranges(up, bucket, asked, part, told):
    up.s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    answer = up.s3.get_object(Bucket=bucket, Key="k", Range=asked)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (answer["Body"].read(), answer["ContentRange"]) == (part, told)


def test_a_range_beyond_the_end_is_416(up, bucket):
    up.s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    assert s3.error_of(up.s3.get_object, Bucket=bucket, Key="k", Range="bytes=10-")[0] == 416


def test_conditional_reads(up, bucket):
    etag = up.s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    when = up.s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    for call in (up.s3.get_object, up.s3.head_object):
        of = dict(Bucket=bucket, Key="k")
        assert s3.error_of(call, **of, IfNoneMatch=etag)[0] == 304
        assert s3.error_of(call, **of, IfModifiedSince=when)[0] == 304
        assert s3.error_of(call, **of, IfMatch='"other"')[0] == 412
        assert call(**of, IfMatch=etag)["ETag"] == etag
        assert call(**of, IfNoneMatch='"other"')["ETag"] == etag


def test_conditional_writes(up, bucket):
    of = dict(Bucket=bucket, Key="k")
    assert s3.error_of(up.s3.put_object, **of, Body=b"0", IfMatch='"x"') == (404, "NoSuchKey")
    etag = up.s3.put_object(**of, Body=b"1", IfNoneMatch="*")["ETag"]
    assert s3.error_of(up.s3.put_object, **of, Body=b"2", IfNoneMatch="*") == (412, "PreconditionFailed")
    assert s3.error_of(up.s3.put_object, **of, Body=b"2", IfMatch='"x"') == (412, "PreconditionFailed")
    up.s3.put_object(**of, Body=b"3", IfMatch=etag)
    assert up.s3.get_object(**of)["Body"].read() == b"3"


def test_missing_things_have_their_codes(up, bucket):
    assert s3.error_of(up.s3.get_object, Bucket=bucket, Key="none") == (404, "NoSuchKey")
    assert s3.error_of(up.s3.head_object, Bucket=bucket, Key="none")[0] == 404
    assert s3.error_of(up.s3.get_object, Bucket="no-such-bucket", Key="k") == (404, "NoSuchBucket")
    assert s3.error_of(up.s3.put_object, Bucket=bucket, Key="ü" * 513, Body=b"") == (400, "KeyTooLongError")


def test_lists_are_paged_in_the_keys_order_and_folded_by_a_delimiter(up, bucket):
    names = sorted([f"d{n % 3}/{n:03}" for n in range(25)] + ["a b+ü", "z&<>"], key=str.encode)
    for name in names:
        up.s3.put_object(Bucket=bucket, Key=name, Body=b"")
    for operation in ("list_objects_v2", "list_objects"):
        paginator = up.s3.get_paginator(operation)
        pages = list(paginator.paginate(Bucket=bucket, PaginationConfig={"PageSize": 4}))
        assert [entry["Key"] for page in pages for entry in page["Contents"]] == names
        assert len(pages) == -(-len(names) // 4)
        folded = list(paginator.paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2}))
        prefixes = [entry["Prefix"] for page in folded for entry in page.get("CommonPrefixes", [])]
        assert prefixes == ["d0/", "d1/", "d2/"]
        assert [entry["Key"] for page in folded for entry in page.get("Contents", [])] == ["a b+ü", "z&<>"]
        below = paginator.paginate(Bucket=bucket, Prefix="d1/")
        assert [entry["Key"] for page in below for entry in page["Contents"]] == [n for n in names if n[:3] == "d1/"]


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_checksums_are_kept_and_wrong_ones_refused(up, bucket, algorithm):
    up.s3.put_object(Bucket=bucket, Key="k", Body=b"photograph", ChecksumAlgorithm=algorithm)
    answer = up.s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    told = answer[f"Checksum{algorithm}"]
    wrong = base64.b64encode(bytes(len(base64.b64decode(told)))).decode()
    status, _ = s3.error_of(
        up.s3.put_object, Bucket=bucket, Key="k2", Body=b"photograph", **{f"Checksum{algorithm}": wrong}
    )
    assert status == 400
    assert s3.error_of(up.s3.get_object, Bucket=bucket, Key="k2") == (404, "NoSuchKey")
    up.s3.put_object(Bucket=bucket, Key="k2", Body=b"photograph", **{f"Checksum{algorithm}": told})


@pytest.mark.parametrize("algorithm, kind", [("CRC64NVME", "FULL_OBJECT"), ("SHA256", "COMPOSITE")])
def test_multipart_uploads_with_checksums(up, bucket, algorithm, kind):
    first, second = bytes(range(256)) * (20 << 10), b"the end"
    of = dict(Bucket=bucket, Key="parts")
    upload = up.s3.create_multipart_upload(**of, ChecksumAlgorithm=algorithm, ContentType="image/x")["UploadId"]
    name = f"Checksum{algorithm}"
    parts = []
    for number, body in enumerate((first, second), start=1):
        part = up.s3.upload_part(**of, UploadId=upload, PartNumber=number, Body=body, ChecksumAlgorithm=algorithm)
        parts.append({"PartNumber": number, "ETag": part["ETag"], name: part[name]})
    listed = up.s3.list_parts(**of, UploadId=upload)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, len(first)), (2, len(second))]
    uploads = up.s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [(entry["Key"], entry["UploadId"]) for entry in uploads] == [("parts", upload)]
    assert s3.error_of(up.s3.get_object, **of) == (404, "NoSuchKey"), "nothing is to be seen before it is complete"

    done = up.s3.complete_multipart_upload(**of, UploadId=upload, MultipartUpload={"Parts": parts})
    digest = hashlib.md5(b"".join(hashlib.md5(body).digest() for body in (first, second))).hexdigest()
    assert done["ETag"] == f'"{digest}-2"'
    got = up.s3.get_object(**of, ChecksumMode="ENABLED")
    assert got["ChecksumType"] == kind and got["ContentType"] == "image/x"
    assert got["Body"].read() == first + second
    if algorithm == "SHA256":
        each = b"".join(hashlib.sha256(body).digest() for body in (first, second))
        assert got[name] == s3.sha256_base64(each) + "-2"
    else:
        # The same bytes in one PUT have the same checksum.
        up.s3.put_object(Bucket=bucket, Key="whole", Body=first + second, ChecksumAlgorithm=algorithm)
        assert got[name] == up.s3.head_object(Bucket=bucket, Key="whole", ChecksumMode="ENABLED")[name]


def test_multipart_rules_and_abort(up, bucket):
    of = dict(Bucket=bucket, Key="parts")
    upload = up.s3.create_multipart_upload(**of)["UploadId"]
    parts = [
        {"PartNumber": n, "ETag": up.s3.upload_part(**of, UploadId=upload, PartNumber=n, Body=b"small")["ETag"]}
        for n in (1, 2)
    ]
    complete = up.s3.complete_multipart_upload
    told = s3.error_of(complete, **of, UploadId=upload, MultipartUpload={"Parts": parts})
    assert told == (400, "EntityTooSmall")
    told = s3.error_of(complete, **of, UploadId=upload, MultipartUpload={"Parts": parts[::-1]})
    assert told == (400, "InvalidPartOrder")
    bad = [{"PartNumber": 1, "ETag": '"00000000000000000000000000000000"'}]
    assert s3.error_of(complete, **of, UploadId=upload, MultipartUpload={"Parts": bad}) == (400, "InvalidPart")
    up.s3.abort_multipart_upload(**of, UploadId=upload)
    assert s3.error_of(complete, **of, UploadId=upload, MultipartUpload={"Parts": parts}) == (404, "NoSuchUpload")


def test_the_transfer_manager_round_trips(up, bucket, tmp_path):
    content = bytes(range(251)) * 100_000
    (tmp_path / "out").write_bytes(content)
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=5 << 20)
    up.s3.upload_file(str(tmp_path / "out"), bucket, "k", Config=config)
    up.s3.download_file(bucket, "k", str(tmp_path / "in"), Config=config)
    assert (tmp_path / "in").read_bytes() == content


def test_versions_delete_markers_and_delete_by_version(up, bucket):
    up.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert up.s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    one = up.s3.put_object(Bucket=bucket, Key="k", Body=b"one")["VersionId"]
    two = up.s3.put_object(Bucket=bucket, Key="k", Body=b"two")["VersionId"]
    marker = up.s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    assert s3.error_of(up.s3.get_object, Bucket=bucket, Key="k") == (404, "NoSuchKey")
    assert up.s3.get_object(Bucket=bucket, Key="k", VersionId=one)["Body"].read() == b"one"
    listed = up.s3.list_object_versions(Bucket=bucket)
    assert [version["VersionId"] for version in listed["Versions"]] == [two, one], "the newest first"
    assert [entry["VersionId"] for entry in listed["DeleteMarkers"]] == [marker["VersionId"]]
    up.s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert up.s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"two"
    up.s3.delete_object(Bucket=bucket, Key="k", VersionId=two)
    assert up.s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"one"


def test_tags(up, bucket):
    up.s3.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="a=1&b=x%20y")
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "x y"}]
    assert up.s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tags
    up.s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags[:1]})
    assert up.s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tags[:1]
    up.s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert up.s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []


def test_many_are_deleted_at_once(up, bucket):
    names = ["a b+ü", "<&>", "x/y", "x"]
    for name in names:
        up.s3.put_object(Bucket=bucket, Key=name, Body=b"")
    gone = up.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": name} for name in names + ["never was"]]})
    assert sorted(entry["Key"] for entry in gone["Deleted"]) == sorted(names + ["never was"])
    assert s3.keys(up.s3, bucket) == []


def test_no_two_keys_collide(up, bucket):
    names = ["a", "a/b", "A", "a/", "../x", "..", ".", "a//b", "ü", "u\u0308", "x" * 1024]
    for name in names:
        up.s3.put_object(Bucket=bucket, Key=name, Body=name.encode())
    assert sorted(s3.keys(up.s3, bucket)) == sorted(names)
    for name in names:
        assert up.s3.get_object(Bucket=bucket, Key=name)["Body"].read() == name.encode()


@pytest.mark.parametrize("signature", ["s3", "s3v4"])
def test_presigned_urls(up, bucket, signature):
    """Both kinds of signature that boto3 gives; the older one is its default."""
    signer = s3.client("s3", up.endpoint, signature_version=signature)
    of = dict(Bucket=bucket, Key="from a browser+ü")
    said = {"ContentType": "text/plain"}
    url = signer.generate_presigned_url("put_object", Params={**of, **said}, ExpiresIn=60)
    assert http(url, data=b"hello", method="PUT", headers={"content-type": "text/plain"})[0] == 200
    got = up.s3.get_object(**of)
    assert (got["Body"].read(), got["ContentType"]) == (b"hello", "text/plain")
    short = signer.generate_presigned_url("get_object", Params=of, ExpiresIn=1)
    time.sleep(2.1)
    with pytest.raises(urllib.error.HTTPError) as expired:
        http(short)
    assert expired.value.code == 403


def test_buckets_answer_what_clients_ask(up, bucket):
    up.s3.head_bucket(Bucket=bucket)
    assert s3.error_of(up.s3.head_bucket, Bucket="no-such-bucket")[0] == 404
    assert up.s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] in (None, "us-east-1")
    assert up.s3.get_bucket_accelerate_configuration(Bucket=bucket).get("Status") in (None, "Suspended")
    assert {"originals", "derived"} <= {entry["Name"] for entry in up.s3.list_buckets()["Buckets"]}
    up.s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert s3.error_of(up.s3.delete_bucket, Bucket=bucket) == (409, "BucketNotEmpty")


def test_the_data_folder_shows_renditions_under_their_keys(up, photo):
    up.s3.put_object(Bucket="originals", Key="views/plain.jpg", Body=photo.read_bytes())
    found = s3.check_derived(up.s3, "views/plain.jpg", photo.read_bytes())
    folder = up.process.log.parent / "data/derived/views/plain.jpg"
    assert json.loads((folder / "manifest.json").read_text()) == found
    for rendition in found["renditions"]:
        assert hashlib.sha256((folder / rendition["path"]).read_bytes()).hexdigest() == rendition["sha256"]
