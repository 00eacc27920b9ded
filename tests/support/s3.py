"""The buckets as a client sees them, and what the contract says of what lies in them."""

import base64
import hashlib
import io
import json
import re
import time

import boto3
import botocore.config
import botocore.exceptions
from PIL import Image

REGION = "us-east-1"
IMMUTABLE = "public, max-age=31536000, immutable"
MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
_PATH = re.compile(r"([0-9a-f]{16})/(\d+)-[0-9a-f]{8}\.(jpg|png|webp)")


def client(service, endpoint, key="local", secret="locallocal", **config):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=botocore.config.Config(
            s3={"addressing_style": "path"},
            retries={"max_attempts": 1, "mode": "standard"},
            connect_timeout=5,
            read_timeout=60,
            **config,
        ),
    )


def error_of(call, **arguments):
    """The (status, code) of a call that has to fail."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    raise AssertionError("the call went well, but should have failed")


def wait_until(ask, seconds, what):
    """What `ask` answers once it isn't None. Bounded."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer is not None:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def manifest(s3, key, bucket="derived"):
    """The manifest of `key`, or None."""
    try:
        answer = s3.get_object(Bucket=bucket, Key=f"{key}/manifest.json")
    except s3.exceptions.NoSuchKey:
        return None
    assert answer["ContentType"] == "application/json"
    assert answer["CacheControl"] == "no-cache"
    return json.loads(answer["Body"].read())


def wait_for_manifest(s3, key, source, bucket="derived", seconds=120):
    """The manifest of `key` once it tells of the bytes `source`."""
    digest = hashlib.sha256(source).hexdigest()

    def ask():
        found = manifest(s3, key, bucket)
        return found if found and found["source"].get("sha256") == digest else None

    return wait_until(ask, seconds, f"a manifest of {key!r}")


def keys(s3, bucket, prefix=""):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def check_derived(s3, key, source, bucket="derived", originals="originals", seconds=120):
    """Waits until `key` is derived from `source`, and holds everything in the bucket against the contract."""
    found = wait_for_manifest(s3, key, source, bucket, seconds)
    assert found["schema"] == 1
    assert found["state"] == "derived", found.get("reason")
    told = found["source"]
    assert (told["bucket"], told["key"], told["bytes"]) == (originals, key, len(source))
    assert found["renditions"], "a derived picture has renditions"
    for rendition in found["renditions"]:
        check_rendition(s3, bucket, key, told, rendition)
    return found


def check_rendition(s3, bucket, key, source, rendition):
    """One rendition of a manifest: its key, headers, bytes and pixels are what the manifest says."""
    parts = _PATH.fullmatch(rendition["path"])
    assert parts, rendition["path"]
    digest, width, extension = parts.groups()
    assert digest == source["sha256"][:16]
    assert int(width) == rendition["width"] <= source["width"]

    answer = s3.get_object(Bucket=bucket, Key=f"{key}/{rendition['path']}")
    body = answer["Body"].read()
    assert answer["CacheControl"] == IMMUTABLE
    assert answer["ContentType"] == rendition["media_type"] == MEDIA_TYPES[extension]
    assert len(body) == rendition["bytes"]
    assert hashlib.sha256(body).hexdigest() == rendition["sha256"], f"{rendition['path']} is torn"
    with Image.open(io.BytesIO(body)) as picture:
        picture.load()
        assert picture.size == (rendition["width"], rendition["height"])


def sha256_base64(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()
