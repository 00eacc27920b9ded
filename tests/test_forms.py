"""Uploads by a browser's form to `thumbnailer up`: signed by boto3, sent in random pieces, in constant memory."""

import hashlib
import random

import pytest

from conftest import Up, start_up
from support import forms, s3


@pytest.fixture
def fresh(thumbnailer, tmp_path):
    """A server of the test's own, whose memory no other test has used, with a bucket that derives nothing."""
    with start_up(thumbnailer, tmp_path) as running:
        up = Up(running)
        up.s3.create_bucket(Bucket="forms")
        yield up


def test_random_files_arrive_whole(fresh):
    generator = random.Random(8)
    for number in range(12):
        content = generator.randbytes(8_000_000)
        status, headers, body = forms.post(
            fresh.s3, fresh.endpoint, "forms", f"{number}/${{filename}}", [content], "a b.jpg", seed=number
        )
        assert status == 204, body
        assert headers["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
        assert headers["Location"] == f"{fresh.endpoint}/forms/{number}/a%20b.jpg"
        stored = fresh.s3.get_object(Bucket="forms", Key=f"{number}/a b.jpg")
        assert stored["ContentType"] == "image/jpeg" and stored["Body"].read() == content


def test_a_large_file_does_not_stay_in_memory(fresh):
    piece = random.Random(9).randbytes(1 << 20)
    status, headers, body = forms.post(fresh.s3, fresh.endpoint, "forms", "large", [piece] * 300, seed=1)
    assert status == 204, body
    assert headers["ETag"] == f'"{hashlib.md5(piece * 300).hexdigest()}"'
    assert forms.peak_memory(fresh.process.popen.pid) < 100_000_000


def test_a_form_to_originals_is_derived(up, photo):
    source = photo.read_bytes()
    status, _, body = forms.post(up.s3, up.endpoint, "originals", "forms/${filename}", [source], "coffee.jpg")
    assert status == 204, body
    s3.check_derived(up.s3, "forms/coffee.jpg", source)
